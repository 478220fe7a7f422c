//! Which blobs a history has, and for each the first commit that has it and its path there.
//!
//! This knows trees and no packs: whatever implements [`Objects`] will do.

use crate::coverage::Coverage;
use crate::origin::RepoPath;
use crate::source::changes::submodule;
use crate::source::filter::PathFilter;
use crate::source::object::{EntryKind, IdMap, IdSet, Kind, ObjectError, Objects, entries, read_as};
use crate::source::treeish::child;
use git2::Oid;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};

/// So many roots have their trees read ahead at once.
const BATCH: usize = 256;

/// Where a search for blobs starts. The place of a root in the list is its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// A tree, most often that of a commit.
    Tree(Oid),
    /// A blob that a ref points to, with what to report as its path.
    Blob(Oid, Vec<u8>),
}

/// A blob and where it was first seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobAt {
    /// Its id.
    pub id: Oid,
    /// The first root that has it.
    pub order: u32,
    folder: u32,
    name: Box<[u8]>,
}

/// All blobs, each once.
#[derive(Debug, Default)]
pub struct Attribution {
    blobs: Vec<BlobAt>,
    folders: Vec<Vec<u8>>,
}

impl Attribution {
    /// The blobs.
    pub fn blobs(&self) -> &[BlobAt] {
        &self.blobs
    }

    /// The path at which a blob was first seen.
    pub fn path(&self, blob: &BlobAt) -> RepoPath {
        let folder = self.folders.get(blob.folder as usize).map_or(b"".as_slice(), Vec::as_slice);
        RepoPath::new(child(folder, &blob.name))
    }

    /// Sorts the blobs by their paths, and those of one path the newest first.
    pub fn sort_by_path(&mut self) {
        let Self { blobs, folders } = self;
        let folder = |blob: &BlobAt| folders.get(blob.folder as usize);
        blobs.par_sort_unstable_by(|one, other| {
            let paths = (folder(one), &one.name).cmp(&(folder(other), &other.name));
            paths.then(other.order.cmp(&one.order)).then(one.id.cmp(&other.id))
        });
    }
}

/// Finds the blobs below `roots`. Each tree is read once; within a root the first path in the
/// order of its trees counts. Trees that cannot be read and submodules go into the account.
pub fn attribute(
    objects: &dyn Objects,
    roots: &[Root],
    filter: Option<PathFilter<'_>>,
    coverage: &Coverage,
) -> Attribution {
    let mut finder = Finder {
        objects,
        filter,
        coverage,
        found: Attribution::default(),
        folder_ids: HashMap::new(),
        blobs: IdSet::default(),
        known: IdSet::default(),
        ahead: IdMap::default(),
        seen: HashSet::new(),
    };
    for (batch, roots) in roots.chunks(BATCH).enumerate() {
        finder.read_ahead(roots);
        for (n, root) in roots.iter().enumerate() {
            let order = u32::try_from(batch * BATCH + n).unwrap_or(u32::MAX);
            match root {
                Root::Tree(id) => finder.tree(*id, order),
                Root::Blob(id, path) => {
                    let folder = finder.folder(b"");
                    finder.blob(*id, order, folder, path);
                }
            }
        }
    }
    finder.found
}

struct Finder<'a> {
    objects: &'a dyn Objects,
    filter: Option<PathFilter<'a>>,
    coverage: &'a Coverage,
    found: Attribution,
    folder_ids: HashMap<Vec<u8>, u32>,
    blobs: IdSet,
    /// Every tree that was read ahead so far.
    known: IdSet,
    /// Those of the batch that were not taken yet.
    ahead: IdMap<Result<Vec<u8>, ObjectError>>,
    /// With a filter, which trees were seen in which folders: what is not wanted in one may be in
    /// another.
    seen: HashSet<(Oid, u32)>,
}

impl Finder<'_> {
    /// Reads all trees below some roots that are not known yet, level by level, on all threads.
    fn read_ahead(&mut self, roots: &[Root]) {
        self.ahead.clear();
        let mut level: Vec<Oid> = roots
            .iter()
            .filter_map(|root| match root {
                Root::Tree(id) => Some(*id),
                Root::Blob(..) => None,
            })
            .collect();
        let format = self.objects.format();
        loop {
            level.retain(|id| self.known.insert(*id));
            if level.is_empty() {
                return;
            }
            let read: Vec<_> = level
                .par_iter()
                .map(|&id| {
                    let mut bytes = Vec::new();
                    if let Err(error) = read_as(self.objects, id, Kind::Tree, &mut bytes) {
                        return (id, Vec::new(), Err(error));
                    }
                    let trees =
                        entries(&bytes, format).flatten().filter(|entry| entry.kind == EntryKind::Tree);
                    (id, trees.map(|entry| entry.id).collect(), Ok(bytes))
                })
                .collect();
            level.clear();
            for (id, below, bytes) in read {
                level.extend(below);
                self.ahead.insert(id, bytes);
            }
        }
    }

    /// A tree's bytes, if what is below it in this folder is not found yet.
    fn take(&mut self, id: Oid, folder: u32) -> Option<Result<Vec<u8>, ObjectError>> {
        if self.filter.is_none() {
            return self.ahead.remove(&id);
        }
        if !self.seen.insert((id, folder)) {
            return None;
        }
        Some(self.ahead.get(&id).cloned().unwrap_or_else(|| {
            let mut bytes = Vec::new();
            read_as(self.objects, id, Kind::Tree, &mut bytes).map(|()| bytes)
        }))
    }

    fn tree(&mut self, id: Oid, order: u32) {
        let mut waiting = vec![(id, Vec::new())];
        while let Some((id, folder)) = waiting.pop() {
            let folder_id = self.folder(&folder);
            let bytes = match self.take(id, folder_id) {
                Some(Ok(bytes)) => bytes,
                Some(Err(error)) => {
                    self.lost(id, &folder, &error);
                    continue;
                }
                None => continue,
            };
            let below = waiting.len();
            for entry in entries(&bytes, self.objects.format()) {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        self.lost(id, &folder, &error);
                        break;
                    }
                };
                let path = || RepoPath::new(child(&folder, entry.name));
                if self.filter.is_some_and(|wanted| !wanted(&path(), entry.kind == EntryKind::Tree)) {
                    continue;
                }
                match entry.kind {
                    EntryKind::Tree => {
                        if self.filter.is_some() || self.ahead.contains_key(&entry.id) {
                            waiting.push((entry.id, child(&folder, entry.name)));
                        }
                    }
                    EntryKind::Blob => self.blob(entry.id, order, folder_id, entry.name),
                    EntryKind::Submodule => self.coverage.notice(submodule(&path())),
                }
            }
            // The stack would turn the order of folders round.
            waiting[below..].reverse();
        }
    }

    fn lost(&self, id: Oid, folder: &[u8], error: &ObjectError) {
        error.report(id, format_args!("the tree of folder `{}`", RepoPath::new(folder)), self.coverage);
    }

    fn blob(&mut self, id: Oid, order: u32, folder: u32, name: &[u8]) {
        if self.blobs.insert(id) {
            self.found.blobs.push(BlobAt { id, order, folder, name: name.into() });
        }
    }

    fn folder(&mut self, path: &[u8]) -> u32 {
        if let Some(&id) = self.folder_ids.get(path) {
            return id;
        }
        let id = u32::try_from(self.found.folders.len()).unwrap_or(u32::MAX);
        self.found.folders.push(path.to_vec());
        self.folder_ids.insert(path.to_vec(), id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use git2::ObjectFormat;
    use std::collections::BTreeMap;

    /// Trees by number; an entry is a mode, a name and the number of the object.
    struct Fake(BTreeMap<u8, Vec<(&'static str, &'static str, u8)>>);

    fn id(number: u8) -> Oid {
        Oid::from_bytes(&[number; 20]).expect("twenty bytes")
    }

    impl Objects for Fake {
        fn read(&self, wanted: Oid, into: &mut Vec<u8>) -> Result<Kind, ObjectError> {
            into.clear();
            for (mode, name, number) in self.0.get(&wanted.as_bytes()[0]).ok_or(ObjectError::Missing)? {
                into.extend_from_slice(format!("{mode} {name}\0").as_bytes());
                into.extend_from_slice(&[*number; 20]);
            }
            Ok(Kind::Tree)
        }

        fn format(&self) -> ObjectFormat {
            ObjectFormat::Sha1
        }
    }

    fn found(fake: &Fake, roots: &[u8], filter: Option<PathFilter<'_>>) -> (Vec<(u8, u32, String)>, usize) {
        let roots: Vec<_> = roots.iter().map(|&number| Root::Tree(id(number))).collect();
        let coverage = Coverage::default();
        let mut attribution = attribute(fake, &roots, filter, &coverage);
        attribution.sort_by_path();
        let blobs = attribution.blobs().iter();
        let blobs = blobs.map(|blob| (blob.id.as_bytes()[0], blob.order, attribution.path(blob).to_string()));
        (blobs.collect(), coverage.finish().left_out.len())
    }

    fn fake() -> Fake {
        Fake(BTreeMap::from([
            (1, vec![("100644", "a", 101), ("40000", "x", 3)]),
            (2, vec![("100644", "a", 102), ("100644", "b", 101), ("40000", "w", 3), ("40000", "x", 4)]),
            (3, vec![("100644", "key", 103), ("160000", "sub", 110)]),
            (4, vec![("40000", "gone", 99), ("100644", "key", 104)]),
        ]))
    }

    #[test]
    fn each_blob_belongs_to_the_first_root_that_has_it() {
        let expected = |rows: &[(u8, u32, &str)]| -> Vec<_> {
            rows.iter().map(|&(number, order, path)| (number, order, path.to_owned())).collect()
        };
        let (blobs, lost) = found(&fake(), &[1, 2, 2, 1], None);
        assert_eq!(blobs, expected(&[(102, 1, "a"), (101, 0, "a"), (104, 1, "x/key"), (103, 0, "x/key")]));
        assert_eq!(lost, 1);
        // Without x the blob of x/key is still wanted for w/key, and a/b only for b.
        let filter = |path: &RepoPath, _: bool| !matches!(path.as_bytes(), b"x" | b"a");
        let (blobs, lost) = found(&fake(), &[1, 2], Some(&filter));
        assert_eq!(blobs, expected(&[(101, 1, "b"), (103, 1, "w/key")]));
        assert_eq!(lost, 0);
    }
}
