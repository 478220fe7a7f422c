//! Where wanted objects lie: which folders of a history lead to them, learned in one pass over all
//! folders, of which each is made once from the one that it is a delta of.

use crate::coverage::Coverage;
use crate::history::attribution::Root;
use crate::history::folders::{Folder, Reading, Results};
use crate::history::objects::Catalog;
use crate::history::pack::walk::walk;
use crate::history::sift::{elsewhere, read_again, sort};
use crate::origin::RepoPath;
use crate::source::changes::submodule;
use crate::source::filter::PathFilter;
use crate::source::object::{EntryKind, IdMap, Kind, ObjectError, Objects, entries, read_as};
use crate::source::repository::Handles;
use crate::source::treeish::child;
use git2::Oid;
use rayon::prelude::*;
use std::collections::HashSet;

/// The folders of a history, as far as they lead to something that is wanted: blobs, whatever the
/// folders name and the stores do not have, folders that cannot be read, and submodules. What is
/// not in the stores has numbers after those of the catalog.
pub struct Trees<'a> {
    catalog: &'a Catalog,
    /// Every folder with folders or wanted objects in it, sorted by number.
    folders: Vec<Folder>,
    /// The numbers of what is in them.
    children: Vec<u32>,
    /// What is wanted, by number.
    is_wanted: Vec<bool>,
    /// Whether a folder leads to something wanted, by number.
    leads: Vec<bool>,
    absent: IdMap<u32>,
    absent_ids: Vec<Oid>,
}

/// Where a wanted object was first seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The object.
    pub number: u32,
    /// The first root that has it.
    pub order: u32,
    /// Its path there.
    pub path: RepoPath,
}

/// Where wanted objects were found.
pub struct Places {
    /// Blobs, also such as are not there, in the order in which they were found.
    pub places: Vec<Place>,
    is_done: Vec<bool>,
}

impl Places {
    /// Whether a wanted object is in some folder, be it one that the filter left out.
    pub fn knows(&self, number: u32) -> bool {
        self.is_done[number as usize]
    }
}

impl<'a> Trees<'a> {
    /// Reads all folders. `wanted` are the numbers of the objects that are looked for. Folders that
    /// cannot be read are added to `lost`, and looked for. `folders` are packed ones of which it is
    /// known that only libgit2 can read them.
    pub fn read(
        catalog: &'a Catalog,
        handles: &Handles,
        wanted: &[u32],
        folders: &[u32],
        lost: &mut Vec<(u32, ObjectError)>,
    ) -> Self {
        let mut is_wanted = vec![false; catalog.len()];
        for &number in wanted {
            is_wanted[number as usize] = true;
        }
        let reading = Reading::new(catalog, handles.format(), &is_wanted);
        for (pack, start) in catalog.packs() {
            walk(pack, Kind::Tree, None, &elsewhere(handles), &reading.of_pack(start));
        }
        let mut unread = reading.take_lost();
        sort(&mut unread);
        // What is lost already, whatever it is, was read again then.
        let is_news = |number: u32| lost.binary_search_by_key(&number, |&(other, _)| other).is_err();
        let again: Vec<(u32, Option<ObjectError>)> = catalog
            .loose()
            .map(|(_, number)| (number, None))
            .filter(|&(number, _)| catalog.kind(number) == Some(Kind::Tree) && catalog.is_first(number))
            .chain(folders.iter().map(|&number| (number, None)))
            .chain(unread.into_iter().map(|(number, why)| (number, Some(why))))
            .filter(|&(number, _)| is_news(number))
            .collect();
        again.par_iter().for_each(|(number, why)| {
            let mut bytes = Vec::new();
            let why = why.as_ref().unwrap_or(&ObjectError::Missing);
            match read_again(handles, catalog.id(*number), why, &mut bytes) {
                Ok(Kind::Tree) => {
                    reading.alone(*number, &bytes);
                }
                // It was looked at when its kind was not known yet.
                Ok(_) => {}
                Err(error) => reading.lose(*number, error),
            }
        });
        let Results { mut folders, children, absent, lost: unread, odd } = reading.finish();
        is_wanted.resize(catalog.len() + absent.len(), true);
        for number in unread.iter().map(|(number, _)| number).chain(&odd) {
            is_wanted[*number as usize] = true;
        }
        lost.extend(unread);
        folders.sort_unstable_by_key(|folder| folder.number);
        folders.dedup_by_key(|folder| folder.number);
        let mut absent_ids = vec![Oid::ZERO_SHA1; absent.len()];
        for (id, number) in &absent {
            absent_ids[*number as usize - catalog.len()] = *id;
        }
        let mut trees = Self { catalog, folders, children, is_wanted, leads: Vec::new(), absent, absent_ids };
        trees.leads = trees.leading();
        trees
    }

    fn children(&self, folder: &Folder) -> &[u32] {
        &self.children[folder.first..][..folder.count as usize]
    }

    fn children_of(&self, number: u32) -> &[u32] {
        let at = self.folders.binary_search_by_key(&number, |folder| folder.number);
        at.map_or(&[], |at| self.children(&self.folders[at]))
    }

    /// Which folders lead to something wanted: from what is wanted up to all that hold it.
    fn leading(&self) -> Vec<bool> {
        let holders = self.holders();
        let mut leads = vec![false; self.is_wanted.len()];
        let mut waiting: Vec<u32> =
            (0..).zip(&self.is_wanted).filter(|(_, wanted)| **wanted).map(|(number, _)| number).collect();
        while let Some(object) = waiting.pop() {
            for &folder in holders.of(object) {
                if !std::mem::replace(&mut leads[folder as usize], true) {
                    waiting.push(folder);
                }
            }
        }
        leads
    }

    /// Which folders hold what, sorted by counting.
    fn holders(&self) -> Holders {
        let mut first = vec![0; self.is_wanted.len() + 1];
        let all = || {
            self.folders
                .iter()
                .flat_map(|folder| self.children(folder).iter().map(|&child| (child, folder.number)))
        };
        for (child, _) in all() {
            first[child as usize] += 1;
        }
        // At first the ends of all; as they are filled in from there, where they begin.
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        let mut folders = vec![0; first.last().map_or(0, |&end| end)];
        for (child, folder) in all() {
            let place = &mut first[child as usize];
            *place -= 1;
            folders[*place] = folder;
        }
        Holders { first, folders }
    }

    /// Wants only these blobs from now on, which were wanted before.
    pub fn narrow(&mut self, wanted: &[u32]) {
        self.is_wanted.fill(false);
        for &number in wanted {
            self.is_wanted[number as usize] = true;
        }
        self.leads = self.leading();
    }

    /// Whether an object is wanted.
    pub fn is_wanted(&self, number: u32) -> bool {
        self.is_wanted[number as usize]
    }

    /// Whether a folder leads to something wanted.
    pub fn leads_on(&self, number: u32) -> bool {
        self.leads[number as usize]
    }

    /// The objects that are numbered.
    pub fn catalog(&self) -> &Catalog {
        self.catalog
    }

    /// What a folder has that is wanted or leads to it, in its order.
    pub fn leading_children(&self, folder: u32) -> impl Iterator<Item = u32> + '_ {
        self.children_of(folder).iter().copied().filter(|&child| self.is_of_use(child))
    }

    fn is_of_use(&self, number: u32) -> bool {
        self.is_wanted[number as usize] || self.leads[number as usize]
    }

    /// The folders that a search of [`places`](Self::places) without a filter opens.
    pub fn opened(&self, roots: &[Root]) -> HashSet<u32> {
        let mut is_done = vec![false; self.is_wanted.len()];
        let mut opened = HashSet::new();
        for root in roots {
            let Root::Tree(id) = root else { continue };
            let mut waiting: Vec<u32> = self.find(*id).into_iter().collect();
            while let Some(number) = waiting.pop() {
                if std::mem::replace(&mut is_done[number as usize], true) || !self.leads[number as usize] {
                    continue;
                }
                let below = waiting.len();
                waiting.extend(self.leading_children(number).filter(|&child| !is_done[child as usize]));
                if waiting.len() > below {
                    opened.insert(number);
                }
                // Not the folders, which are looked into first.
                for &child in &waiting[below..] {
                    is_done[child as usize] = !self.leads[child as usize];
                }
                waiting[below..].reverse();
            }
        }
        opened
    }

    /// The number of an object.
    pub fn find(&self, id: Oid) -> Option<u32> {
        self.catalog.find(id.as_bytes()).or_else(|| self.absent.get(&id).copied())
    }

    /// The id of an object, also of one that is not there.
    pub fn id(&self, number: u32) -> Oid {
        match self.absent_ids.get((number as usize).wrapping_sub(self.catalog.len())) {
            Some(id) => *id,
            None => self.catalog.id(number),
        }
    }

    /// Everything wanted below some folders, by number.
    pub fn below(&self, folders: impl IntoIterator<Item = u32>) -> HashSet<u32> {
        let mut waiting: Vec<u32> = folders.into_iter().collect();
        let (mut seen, mut found) = (HashSet::new(), HashSet::new());
        while let Some(number) = waiting.pop() {
            if self.is_wanted[number as usize] {
                found.insert(number);
            } else if self.leads[number as usize] && seen.insert(number) {
                waiting.extend(self.children_of(number));
            }
        }
        found
    }

    /// Finds the wanted blobs below `roots`, each at the first path of the first root that has it,
    /// in the same order as [`attribute`](crate::history::attribution::attribute) does. What is not
    /// there, folders that cannot be read and submodules go into the account.
    pub fn places(
        &self,
        objects: &dyn Objects,
        roots: &[Root],
        filter: Option<PathFilter<'_>>,
        coverage: &Coverage,
    ) -> Places {
        let mut finder = Finder {
            trees: self,
            objects,
            filter,
            coverage,
            is_done: vec![false; self.is_wanted.len()],
            left_out: Vec::new(),
            seen: HashSet::new(),
            places: Vec::new(),
        };
        for (order, root) in (0..).zip(roots) {
            match root {
                Root::Tree(id) => finder.root(*id, order),
                Root::Blob(id, path) => {
                    if let Some(number) = self.find(*id).filter(|&number| self.is_wanted[number as usize]) {
                        finder.blob(number, order, path);
                    }
                }
            }
        }
        let Finder { places, left_out, mut is_done, .. } = finder;
        for number in self.below(left_out) {
            is_done[number as usize] = true;
        }
        Places { places, is_done }
    }
}

/// The folders that hold each object.
struct Holders {
    /// Where those of each object begin; the last is the end of all.
    first: Vec<usize>,
    folders: Vec<u32>,
}

impl Holders {
    fn of(&self, object: u32) -> &[u32] {
        let object = object as usize;
        &self.folders[self.first[object]..self.first[object + 1]]
    }
}

struct Finder<'a> {
    trees: &'a Trees<'a>,
    objects: &'a dyn Objects,
    filter: Option<PathFilter<'a>>,
    coverage: &'a Coverage,
    /// What was found, and the folders of which everything was.
    is_done: Vec<bool>,
    /// What the filter left out. It may let the same through in another folder, so that no folder is
    /// done with once there is any.
    left_out: Vec<u32>,
    /// Then, which folders were looked at at which paths.
    seen: HashSet<(u32, Vec<u8>)>,
    places: Vec<Place>,
}

impl Finder<'_> {
    fn root(&mut self, id: Oid, order: u32) {
        let mut bytes = Vec::new();
        let Some(number) = self.trees.find(id) else {
            let error = read_as(self.objects, id, Kind::Tree, &mut bytes).err();
            return self.lost(id, b"", &error.unwrap_or(ObjectError::Missing));
        };
        if let Some(error) = self.is_other(number, Kind::Tree) {
            return self.lost(id, b"", &error);
        }
        let mut waiting = vec![(number, Vec::new())];
        while let Some((number, folder)) = waiting.pop() {
            if !self.is_open(number, &folder) {
                continue;
            }
            let id = self.trees.id(number);
            if let Err(error) = read_as(self.objects, id, Kind::Tree, &mut bytes) {
                self.lost(id, &folder, &error);
                continue;
            }
            let below = waiting.len();
            for entry in entries(&bytes, self.objects.format()) {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        self.lost(id, &folder, &error);
                        break;
                    }
                };
                let Some(number) = self.trees.find(entry.id) else {
                    // Only in a folder that could not be read when all were.
                    if entry.kind != EntryKind::Submodule {
                        self.lost(entry.id, &child(&folder, entry.name), &ObjectError::Missing);
                    }
                    continue;
                };
                if !self.trees.is_of_use(number) {
                    continue;
                }
                let path = child(&folder, entry.name);
                let is_folder = entry.kind == EntryKind::Tree;
                if self.filter.is_some_and(|wants| !wants(&RepoPath::new(path.as_slice()), is_folder)) {
                    self.left_out.push(number);
                    continue;
                }
                match entry.kind {
                    EntryKind::Tree => match self.is_other(number, Kind::Tree) {
                        Some(error) => self.lost(entry.id, &path, &error),
                        None => waiting.push((number, path)),
                    },
                    EntryKind::Blob => match self.is_other(number, Kind::Blob) {
                        Some(error) => {
                            let role = format_args!("the blob of {}", RepoPath::new(path));
                            error.report(entry.id, role, self.coverage);
                        }
                        None => self.blob(number, order, &path),
                    },
                    EntryKind::Submodule => {
                        self.is_done[number as usize] = true;
                        self.coverage.notice(submodule(&RepoPath::new(path)));
                    }
                }
            }
            // The stack would turn the order of folders round.
            waiting[below..].reverse();
        }
    }

    /// Whether a folder has to be looked at: it has something that was not found yet.
    fn is_open(&mut self, number: u32, path: &[u8]) -> bool {
        let trees = self.trees;
        let is_folder = trees.leads[number as usize];
        if !is_folder && !trees.is_wanted[number as usize] {
            return false;
        }
        if !self.left_out.is_empty() {
            return self.seen.insert((number, path.to_vec()));
        }
        if std::mem::replace(&mut self.is_done[number as usize], true) {
            return false;
        }
        // One that is wanted itself cannot be read.
        !is_folder || trees.leading_children(number).any(|child| !self.is_done[child as usize])
    }

    /// What is wrong with an object that has to be of one kind, if its kind is known.
    fn is_other(&self, number: u32, wanted: Kind) -> Option<ObjectError> {
        let kind = self.trees.catalog.kind(number).filter(|&kind| kind != wanted)?;
        Some(ObjectError::Corrupt(format!("it is a {kind:?}, not a {wanted:?}").to_lowercase()))
    }

    fn lost(&self, id: Oid, folder: &[u8], error: &ObjectError) {
        error.report(id, format_args!("the tree of folder `{}`", RepoPath::new(folder)), self.coverage);
    }

    fn blob(&mut self, number: u32, order: u32, path: &[u8]) {
        if !std::mem::replace(&mut self.is_done[number as usize], true) {
            self.places.push(Place { number, order, path: RepoPath::new(path) });
        }
    }
}
