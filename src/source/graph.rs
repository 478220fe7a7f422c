//! Which commits some tips reach that others do not, oldest first.

use crate::coverage::{Coverage, Gap};
use crate::source::object::{IdMap, IdSet, Kind, ObjectError, Objects, parse, read_as};
use git2::Oid;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A commit, as far as the order of history needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: Oid,
    /// Its tree.
    pub tree: Oid,
    /// Its parents as the object names them, whether they are there or not.
    pub parents: Vec<Oid>,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
}

/// Reads the commits that `tips` reach and `hide` does not. Every commit comes after all of its
/// parents; among those that may come next, the oldest by date and then by id does. Replacements
/// and grafts are not looked at: the objects count.
///
/// What cannot be read goes into the account, as does the end of a shallow history, which
/// `shallow` names. On the hidden side nothing is missed if a commit is not there: more counts as
/// new then.
pub fn reachable(
    objects: &dyn Objects,
    tips: &[Oid],
    hide: &[Oid],
    shallow: &IdSet,
    coverage: &Coverage,
) -> Vec<Commit> {
    reachable_by(&|id| load(objects, id), tips, hide, shallow, coverage)
}

/// The same, with commits that come from anywhere.
pub fn reachable_by(
    load: &Load<'_>,
    tips: &[Oid],
    hide: &[Oid],
    shallow: &IdSet,
    coverage: &Coverage,
) -> Vec<Commit> {
    let mut walk =
        Walk { load, slots: Vec::new(), by_id: IdMap::default(), queue: BinaryHeap::new(), wanted: 0 };
    for &id in hide {
        walk.reach(id, None, true);
    }
    for &id in tips {
        walk.reach(id, None, false);
    }
    walk.run();
    let cut = walk.report(shallow, coverage);
    if let Some(first) = cut.first() {
        let more = if cut.len() > 1 { format!(" and {} more", cut.len() - 1) } else { String::new() };
        coverage.leave_out(
            Gap::Shallow,
            "history",
            format_args!(
                "this is a shallow clone: what came before commit {first}{more} was never fetched; \
                 run: git fetch --unshallow"
            ),
        );
    }
    walk.sorted()
}

struct Slot {
    id: Oid,
    commit: Result<Commit, ObjectError>,
    /// A commit that names it as its parent.
    child: Option<Oid>,
    hidden: bool,
    queued: bool,
}

/// Gets a commit by its id.
pub type Load<'a> = dyn Fn(Oid) -> Result<Commit, ObjectError> + 'a;

/// Reads a commit.
///
/// # Errors
///
/// [`ObjectError`] if it is missing or cannot be read.
pub fn load(objects: &dyn Objects, id: Oid) -> Result<Commit, ObjectError> {
    let mut bytes = Vec::new();
    read_as(objects, id, Kind::Commit, &mut bytes)?;
    let parsed =
        parse(&bytes, objects.format()).ok_or_else(|| ObjectError::Corrupt("malformed commit".to_owned()))?;
    let time = parsed.time();
    Ok(Commit { id, tree: parsed.target, parents: parsed.parents, time })
}

struct Walk<'a> {
    load: &'a Load<'a>,
    slots: Vec<Slot>,
    by_id: IdMap<usize>,
    /// Newest first.
    queue: BinaryHeap<(i64, Oid, usize)>,
    /// How many in the queue are not hidden.
    wanted: usize,
}

impl Walk<'_> {
    /// Comes by a commit from one of its children or as a tip.
    fn reach(&mut self, id: Oid, child: Option<Oid>, hidden: bool) {
        let slot = if let Some(&slot) = self.by_id.get(&id) {
            // Only news goes on to the parents: that the commit is hidden.
            if !hidden || self.slots[slot].hidden {
                return;
            }
            self.slots[slot].hidden = true;
            if self.slots[slot].queued {
                self.wanted -= 1;
                return;
            }
            slot
        } else {
            let slot = self.slots.len();
            let commit = (self.load)(id);
            self.slots.push(Slot { id, commit, child, hidden, queued: false });
            self.by_id.insert(id, slot);
            if !hidden && self.slots[slot].commit.is_ok() {
                self.wanted += 1;
            }
            slot
        };
        if let Ok(commit) = &self.slots[slot].commit {
            self.queue.push((commit.time, id, slot));
            self.slots[slot].queued = true;
        }
    }

    /// Walks until only hidden commits are left that are older than all that are wanted. With
    /// wrong dates that can be too early; then old commits count as new, never the other way.
    fn run(&mut self) {
        let mut oldest = i64::MAX;
        while let Some((time, _, slot)) = self.queue.pop() {
            if self.wanted == 0 && time < oldest {
                break;
            }
            self.slots[slot].queued = false;
            let hidden = self.slots[slot].hidden;
            if !hidden {
                self.wanted -= 1;
                oldest = oldest.min(time);
            }
            let Ok(commit) = &self.slots[slot].commit else { continue };
            let child = commit.id;
            for parent in commit.parents.clone() {
                self.reach(parent, Some(child), hidden);
            }
        }
    }

    /// Tells what could not be read; returns the commits where a shallow history ends, sorted.
    fn report(&self, shallow: &IdSet, coverage: &Coverage) -> Vec<Oid> {
        let mut cut = Vec::new();
        for slot in self.slots.iter().filter(|slot| !slot.hidden) {
            let Err(error) = &slot.commit else { continue };
            match slot.child {
                Some(child) if shallow.contains(&child) => cut.push(child),
                Some(child) => error.report(slot.id, format_args!("the parent of commit {child}"), coverage),
                None => error.report(slot.id, "a commit that a ref points to", coverage),
            }
        }
        cut.sort_unstable();
        cut.dedup();
        cut
    }

    fn sorted(self) -> Vec<Commit> {
        let Self { slots, by_id, .. } = self;
        let wanted = |slot: &Slot| !slot.hidden && slot.commit.is_ok();
        // Edges from parent to child in one sorted list, which takes less than a list for each.
        let parents = |slot: &Slot| -> Vec<usize> {
            let commit = slot.commit.as_ref().ok().filter(|_| !slot.hidden);
            let parents = commit.into_iter().flat_map(|commit| &commit.parents);
            parents.filter_map(|id| by_id.get(id).copied()).filter(|&parent| wanted(&slots[parent])).collect()
        };
        let mut edges: Vec<(usize, usize)> = Vec::new();
        let mut missing = vec![0_usize; slots.len()];
        for (child, slot) in slots.iter().enumerate() {
            for parent in parents(slot) {
                edges.push((parent, child));
                missing[child] += 1;
            }
        }
        edges.sort_unstable();
        let key = |slot: usize| slots[slot].commit.as_ref().ok().map(|commit| (commit.time, commit.id));
        let ready = (0..slots.len()).filter(|&slot| wanted(&slots[slot]) && missing[slot] == 0);
        let mut ready: BinaryHeap<_> = ready.map(|slot| Reverse((key(slot), slot))).collect();
        let mut order = Vec::new();
        while let Some(Reverse((_, slot))) = ready.pop() {
            order.push(slot);
            let first = edges.partition_point(|&(parent, _)| parent < slot);
            for &(_, child) in edges[first..].iter().take_while(|&&(parent, _)| parent == slot) {
                missing[child] -= 1;
                if missing[child] == 0 {
                    ready.push(Reverse((key(child), child)));
                }
            }
        }
        let mut commits: Vec<_> = slots.into_iter().map(|slot| slot.commit.ok()).collect();
        order.into_iter().filter_map(|slot| commits[slot].take()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use git2::ObjectFormat;
    use std::collections::HashMap;

    /// Commits by number: the date and the parents of each.
    struct Fake(HashMap<u8, (i64, Vec<u8>)>);

    fn id(number: u8) -> Oid {
        Oid::from_bytes(&[number; 20]).expect("twenty bytes")
    }

    impl Objects for Fake {
        fn read(&self, wanted: Oid, into: &mut Vec<u8>) -> Result<Kind, ObjectError> {
            let (time, parents) = self.0.get(&wanted.as_bytes()[0]).ok_or(ObjectError::Missing)?;
            let parents: Vec<_> = parents.iter().map(|&parent| format!("parent {}\n", id(parent))).collect();
            let parents = parents.concat();
            let text = format!(
                "tree {wanted}\n{parents}author A <a> {time} +0000\ncommitter A <a> {time} +0000\n\nm"
            );
            *into = text.into_bytes();
            Ok(Kind::Commit)
        }

        fn format(&self) -> ObjectFormat {
            ObjectFormat::Sha1
        }
    }

    fn run(graph: &[(u8, i64, &[u8])], tips: &[u8], hide: &[u8], shallow: &[u8]) -> (Vec<u8>, Vec<Gap>) {
        let fake =
            Fake(graph.iter().map(|&(number, time, parents)| (number, (time, parents.to_vec()))).collect());
        let ids = |numbers: &[u8]| numbers.iter().map(|&number| id(number)).collect::<Vec<_>>();
        let coverage = Coverage::default();
        let shallow = ids(shallow).into_iter().collect();
        let commits = reachable(&fake, &ids(tips), &ids(hide), &shallow, &coverage);
        let gaps = coverage.finish().left_out.into_iter().map(|item| item.gap).collect();
        (commits.iter().map(|commit| commit.id.as_bytes()[0]).collect(), gaps)
    }

    const DIAMOND: &[(u8, i64, &[u8])] = &[(1, 10, &[]), (2, 30, &[1]), (3, 20, &[1]), (4, 40, &[2, 3])];

    #[test]
    fn parents_come_first_and_then_the_older() {
        assert_eq!(run(DIAMOND, &[4], &[], &[]).0, [1, 3, 2, 4]);
        assert_eq!(run(DIAMOND, &[4, 2, 2], &[3], &[]).0, [2, 4]);
        assert_eq!(run(DIAMOND, &[4], &[4], &[]).0, Vec::<u8>::new());
        assert_eq!(run(DIAMOND, &[1], &[4], &[]).0, Vec::<u8>::new());
    }

    #[test]
    fn dates_that_lie_do_not_break_the_order() {
        let skewed: &[(u8, i64, &[u8])] = &[(1, 99, &[]), (2, 5, &[1]), (3, 50, &[2]), (4, 1, &[3])];
        assert_eq!(run(skewed, &[4], &[], &[]).0, [1, 2, 3, 4]);
        assert_eq!(run(skewed, &[4], &[2], &[]).0, [3, 4]);
    }

    #[test]
    fn a_commit_that_is_not_there_is_told_and_the_rest_goes_on() {
        let broken: &[(u8, i64, &[u8])] = &[(2, 2, &[1]), (3, 3, &[2]), (5, 5, &[])];
        assert_eq!(run(broken, &[3, 5, 7], &[], &[]), (vec![2, 3, 5], vec![Gap::MissingObject; 2]));
        assert_eq!(run(broken, &[3], &[], &[2]), (vec![2, 3], vec![Gap::Shallow]));
        assert_eq!(run(broken, &[3], &[2], &[]), (vec![3], vec![]));
        assert_eq!(run(broken, &[3], &[9], &[2]), (vec![2, 3], vec![Gap::Shallow]));
    }
}
