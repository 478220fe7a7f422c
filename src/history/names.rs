//! The folders that a search for places will open, each made once from the one that it is a delta
//! of, and of them only the entries that lead somewhere.

use crate::history::attribution::Root;
use crate::history::pack::walk::{From, Visitor, walk};
use crate::history::sift::elsewhere;
use crate::history::trees::Trees;
use crate::source::object::{IdMap, Kind, ObjectError, Objects, is_named, raw_entries};
use crate::source::repository::Handles;
use git2::{ObjectFormat, Oid};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Objects, of which some folders are at hand without what leads nowhere.
pub struct Names<'a> {
    handles: &'a Handles,
    folders: IdMap<Box<[u8]>>,
}

impl<'a> Names<'a> {
    /// None at hand.
    pub fn none(handles: &'a Handles) -> Self {
        Self { handles, folders: IdMap::default() }
    }

    /// Takes what a search below `roots` will ask for, as far as it is in packs.
    pub fn read(trees: &Trees<'_>, handles: &'a Handles, roots: &[Root]) -> Self {
        Self::of(trees, handles, &trees.opened(roots))
    }

    /// Takes every folder that leads to something wanted, as far as it is in packs.
    pub fn read_all(trees: &Trees<'_>, handles: &'a Handles) -> Self {
        let packed = trees.catalog().len() as u32;
        Self::of(trees, handles, &(0..packed).filter(|&number| trees.leads_on(number)).collect())
    }

    fn of(trees: &Trees<'_>, handles: &'a Handles, opened: &HashSet<u32>) -> Self {
        let folders = Mutex::default();
        let catalog = trees.catalog();
        for (pack, start) in catalog.packs() {
            let of_pack = opened.iter().filter_map(|&number| number.checked_sub(start));
            let needed = pack.with_bases(of_pack.filter(|&entry| entry < pack.len()));
            let wanted = |entry: u32| needed[entry as usize];
            let (folders, format) = (&folders, handles.format());
            let taking = Taking { trees, opened, folders, start, format };
            walk(pack, Kind::Tree, Some(&wanted), &elsewhere(handles), &taking);
        }
        let folders = folders.into_inner().unwrap_or_else(PoisonError::into_inner);
        Self { handles, folders }
    }
}

impl Objects for Names<'_> {
    fn read(&self, id: Oid, into: &mut Vec<u8>) -> Result<Kind, ObjectError> {
        match self.folders.get(&id) {
            Some(entries) => {
                into.clear();
                into.extend_from_slice(entries);
                Ok(Kind::Tree)
            }
            None => self.handles.read(id, into),
        }
    }

    fn format(&self) -> ObjectFormat {
        self.handles.format()
    }
}

struct Taking<'a> {
    trees: &'a Trees<'a>,
    opened: &'a HashSet<u32>,
    folders: &'a Mutex<IdMap<Box<[u8]>>>,
    start: u32,
    format: ObjectFormat,
}

impl Visitor for Taking<'_> {
    type State = ();

    fn object(&self, entry: u32, bytes: &[u8], _: Option<From<'_, ()>>) {
        let number = self.start + entry;
        if !self.opened.contains(&number) {
            return;
        }
        let id = self.trees.id(number);
        // One that is not what its id says is read when it is asked for, too.
        if !is_named(id, Kind::Tree, bytes) {
            return;
        }
        // Children are in the order of entries.
        let mut children = self.trees.leading_children(number).peekable();
        let (mut of_use, mut at) = (Vec::new(), 0);
        for entry in raw_entries(bytes, self.format) {
            // One that is malformed is read when it is asked for.
            let Ok(entry) = entry else { return };
            let stored = &bytes[at..at + entry.length];
            at += entry.length;
            if children.next_if(|&child| self.trees.id(child).as_bytes() == entry.id).is_some() {
                of_use.extend_from_slice(stored);
            }
        }
        if children.peek().is_none() {
            let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
            folders.insert(id, of_use.into());
        }
    }

    fn lost(&self, _: u32, _: &ObjectError) {
        // It is read, and what is wrong told, when it is asked for.
    }
}
