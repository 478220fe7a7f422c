//! What a history tells of the blobs in which something was found: compares the folders of each
//! commit with those of its first parent, as far as they lead to such a blob.

use crate::commit::CommitRecord;
use crate::coverage::{Coverage, Gap};
use crate::history::names::Names;
use crate::history::roots::NamedObject;
use crate::history::trees::Trees;
use crate::origin::RepoPath;
use crate::past::{Change, Past, PastCommit, PastRef, Tip};
use crate::source::filter::PathFilter;
use crate::source::graph::Commit;
use crate::source::object::{EntryKind, IdMap, Kind, Objects, entries, parse, read_as};
use crate::source::repository::Handles;
use crate::source::treeish::child;
use git2::Oid;
use rayon::prelude::*;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Asks a scan of a history for the past of what it finds.
pub struct Recall<'a> {
    /// The blobs in which something was found; asked when all is read.
    pub blobs: &'a (dyn Fn() -> Vec<Oid> + Sync),
    /// Where the answer is put.
    pub past: OnceLock<Past>,
}

/// So many changes are held: folders that hold each other many times over could make more than
/// there is memory for.
const MOST_CHANGES: usize = 1_000_000;

/// What the past is made from.
pub struct Sources<'a> {
    /// The repository.
    pub handles: &'a Handles,
    /// Its folders, as far as they lead to one of the blobs.
    pub trees: &'a Trees<'a>,
    /// All commits, each after its parents.
    pub commits: &'a [&'a Commit],
    /// What refs name.
    pub named: &'a [NamedObject],
    /// Which paths are wanted.
    pub filter: Option<PathFilter<'a>>,
}

/// Puts the past of the blobs together that `trees` leads to.
pub fn past(sources: &Sources<'_>, coverage: &Coverage) -> Past {
    let &Sources { handles, trees, commits, .. } = sources;
    let number: IdMap<u32> = (0..).zip(commits).map(|(at, commit)| (commit.id, at)).collect();
    let names = Names::read_all(trees, handles);
    let comparison =
        Comparison { trees, objects: &names, filter: sources.filter, found: AtomicUsize::new(0) };
    let found: Vec<(u32, Vec<Found>)> = commits
        .par_iter()
        .enumerate()
        .map(|(at, commit)| {
            let parent = commit.parents.iter().find_map(|parent| number.get(parent));
            let parent_tree = parent.map(|&parent| commits[parent as usize].tree);
            (at as u32, comparison.of(parent_tree, commit.tree))
        })
        .filter(|(_, found)| !found.is_empty())
        .collect();
    if comparison.is_full() {
        coverage.leave_out(
            Gap::Bomb,
            "history",
            format_args!(
                "secrets came and went more than {MOST_CHANGES} times, so that trails end early; leave folders \
                 out with `exclude`"
            ),
        );
    }
    let (mut paths, mut changes) = (HashMap::<Vec<u8>, u32>::new(), Vec::new());
    for (commit, found) in found {
        for Found { path, blob } in found {
            let next = paths.len() as u32;
            let path = *paths.entry(path).or_insert(next);
            changes.push(Change { path, commit, blob });
        }
    }
    changes.sort_unstable();
    let mut by_number = vec![RepoPath::default(); paths.len()];
    for (path, at) in paths {
        by_number[at as usize] = RepoPath::new(path);
    }
    let graph = commits.iter().map(|commit| {
        let parents: Vec<u32> = commit.parents.iter().filter_map(|id| number.get(id).copied()).collect();
        let is_cut = commit.parents.first().is_some_and(|id| !number.contains_key(id));
        PastCommit { id: commit.id, parents, is_cut }
    });
    Past { commits: graph.collect(), paths: by_number, changes, refs: refs(sources, &number) }
}

/// What each ref leads to.
fn refs(sources: &Sources<'_>, number: &IdMap<u32>) -> Vec<PastRef> {
    let &Sources { handles, trees, named, .. } = sources;
    let blobs = |id: Oid| {
        let below = trees.find(id).map(|folder| trees.below([folder])).unwrap_or_default();
        let mut blobs: Vec<Oid> = below.into_iter().map(|blob| trees.id(blob)).collect();
        blobs.sort_unstable();
        Tip::Blobs(blobs)
    };
    let follow = |NamedObject { name, id }: &NamedObject| {
        let (mut id, mut tags, mut bytes) = (*id, Vec::new(), Vec::new());
        let tip = loop {
            if let Some(&commit) = number.get(&id) {
                break Tip::Commit(commit);
            }
            match handles.read(id, &mut bytes) {
                Ok(Kind::Tag) => {
                    tags.push(id);
                    id = parse(&bytes, handles.format())?.target;
                }
                Ok(_) => break blobs(id),
                // Told when the scan began.
                Err(_) => return None,
            }
        };
        Some(PastRef { name: name.clone(), tip, tags })
    };
    let mut refs: Vec<PastRef> = named.iter().filter_map(follow).collect();
    if !refs.iter().any(|named| named.name == "HEAD")
        && let Ok(handle) = handles.take()
        && let Some(id) = handle.head().ok().and_then(|head| head.target())
        && let Some(&commit) = number.get(&id)
    {
        refs.push(PastRef { name: "HEAD".to_owned(), tip: Tip::Commit(commit), tags: Vec::new() });
    }
    refs.sort_by(|one, other| one.name.cmp(&other.name));
    refs
}

/// What was found at a path.
struct Found {
    path: Vec<u8>,
    blob: Option<Oid>,
}

/// Compares folders.
struct Comparison<'a> {
    trees: &'a Trees<'a>,
    objects: &'a Names<'a>,
    filter: Option<PathFilter<'a>>,
    found: AtomicUsize,
}

/// An entry that leads to a blob or is one.
struct Item {
    name: Vec<u8>,
    id: Oid,
    number: u32,
    is_folder: bool,
}

impl Item {
    /// Folders and files of one name are two things.
    fn key(&self) -> (&[u8], bool) {
        (&self.name, self.is_folder)
    }
}

impl Comparison<'_> {
    fn is_full(&self) -> bool {
        self.found.load(Ordering::Relaxed) > MOST_CHANGES
    }

    /// What is another thing in the folder `new` than in `old`.
    fn of(&self, old: Option<Oid>, new: Oid) -> Vec<Found> {
        let mut found = Vec::new();
        // The same folder may be in many others.
        let mut known: IdMap<Option<Rc<[Item]>>> = IdMap::default();
        let mut items = |folder: Option<Oid>| match folder {
            Some(id) => known.entry(id).or_insert_with(|| self.items(id).map(Rc::from)).clone(),
            None => Some(Rc::from([])),
        };
        let folder = |id: Oid| self.trees.find(id).filter(|&number| self.trees.leads_on(number)).map(|_| id);
        let mut waiting = vec![(old.and_then(folder), folder(new), Vec::new())];
        while let Some((old, new, path)) = waiting.pop() {
            if old == new || self.is_full() {
                continue;
            }
            let (Some(before), Some(after)) = (items(old), items(new)) else { continue };
            let (mut before, mut after) = (before.iter().peekable(), after.iter().peekable());
            loop {
                let heads = (before.peek().map(|item| item.key()), after.peek().map(|item| item.key()));
                let (one, other) = match heads {
                    (None, None) => break,
                    (Some(_), None) => (before.next(), None),
                    (None, Some(_)) => (None, after.next()),
                    (Some(one), Some(other)) => match one.cmp(&other) {
                        std::cmp::Ordering::Less => (before.next(), None),
                        std::cmp::Ordering::Greater => (None, after.next()),
                        std::cmp::Ordering::Equal => (before.next(), after.next()),
                    },
                };
                let Some(either) = one.or(other) else { break };
                let at = child(&path, &either.name);
                let ids = (one.map(|item| item.id), other.map(|item| item.id));
                let is_wanted =
                    || self.filter.is_none_or(|wants| wants(&RepoPath::new(at.as_slice()), either.is_folder));
                if ids.0 == ids.1 || !is_wanted() {
                    continue;
                }
                if either.is_folder {
                    waiting.push((ids.0, ids.1, at));
                } else {
                    self.found.fetch_add(1, Ordering::Relaxed);
                    found.push(Found { path: at, blob: ids.1 });
                }
            }
        }
        // A file that became a folder of the same name gives nothing twice, so that the order of the
        // search makes no difference once it is sorted.
        found.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        found
    }

    /// What a folder has that matters, by name; `None` if it cannot be read, which was told already.
    fn items(&self, id: Oid) -> Option<Vec<Item>> {
        let mut bytes = Vec::new();
        read_as(self.objects, id, Kind::Tree, &mut bytes).ok()?;
        let mut items = Vec::new();
        for entry in entries(&bytes, self.objects.format()).map_while(Result::ok) {
            let is_folder = entry.kind == EntryKind::Tree;
            let Some(number) = self.trees.find(entry.id) else { continue };
            let counts = if is_folder { self.trees.leads_on(number) } else { self.trees.is_wanted(number) };
            if counts && entry.kind != EntryKind::Submodule {
                items.push(Item { name: entry.name.to_vec(), id: entry.id, number, is_folder });
            }
        }
        items.sort_unstable_by(|one, other| {
            (&one.name, one.is_folder, one.number).cmp(&(&other.name, other.is_folder, other.number))
        });
        Some(items)
    }
}

/// Reads commits by their places in `past`: each with its record and its message. One that cannot be
/// read goes into the account.
pub fn records(
    handles: &Handles,
    past: &Past,
    wanted: &[u32],
    coverage: &Coverage,
) -> HashMap<u32, (CommitRecord, Vec<u8>)> {
    let read = |&at: &u32| {
        let id = past.commits.get(at as usize)?.id;
        let mut bytes = Vec::new();
        let read = read_as(handles, id, Kind::Commit, &mut bytes);
        read.inspect_err(|error| error.report(id, "a commit", coverage)).ok()?;
        let parsed = parse(&bytes, handles.format())?;
        Some((at, (parsed.record(id), parsed.message.to_vec())))
    };
    wanted.par_iter().filter_map(read).collect()
}
