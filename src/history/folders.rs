//! Takes folders apart, each by what changed from the one that it is made from: the objects in them
//! are told by their numbers.

use crate::detect::probe::Common;
use crate::history::objects::Catalog;
use crate::history::pack::walk::{From, Visitor};
use crate::source::object::{EntryKind, IdMap, Kind, ObjectError, raw_entries};
use git2::{ObjectFormat, Oid};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An entry that is nothing to the search.
const NOTHING: u32 = u32::MAX;

/// What the pass over the folders learns.
#[derive(Default)]
pub struct Results {
    /// Folders with folders or wanted objects in them.
    pub folders: Vec<Folder>,
    /// The numbers of what they hold, in the order of entries.
    pub children: Vec<u32>,
    /// What folders name and the stores do not have, with numbers after those of the catalog.
    pub absent: IdMap<u32>,
    /// Folders that cannot be read, with the reason.
    pub lost: Vec<(u32, ObjectError)>,
    /// What is told of when it is walked to: folders that are malformed, and objects that a folder
    /// names and that are of another kind than it says.
    pub odd: Vec<u32>,
}

/// A folder and where its children stand among those of all.
#[derive(Debug, Clone, Copy)]
pub struct Folder {
    /// Its own number.
    pub number: u32,
    /// How many children it has.
    pub count: u32,
    /// Where the first one stands.
    pub first: usize,
}

/// A pass over folders.
pub struct Reading<'a> {
    catalog: &'a Catalog,
    format: ObjectFormat,
    is_wanted: &'a [bool],
    results: Mutex<Results>,
}

/// The entries of a folder.
#[derive(Debug, Default)]
pub struct Children {
    /// Where each begins, and its number if it is a folder or wanted.
    entries: Vec<(u32, u32)>,
    /// Where the last one that is well-formed ends.
    end: usize,
}

impl<'a> Reading<'a> {
    /// A pass that remembers the objects that `is_wanted` tells by their numbers.
    pub fn new(catalog: &'a Catalog, format: ObjectFormat, is_wanted: &'a [bool]) -> Self {
        Self { catalog, format, is_wanted, results: Mutex::default() }
    }

    /// For the walk through the pack whose first entry has the number `start`.
    pub fn of_pack(&self, start: u32) -> Folders<'_> {
        Folders { reading: self, start }
    }

    /// Takes a folder that stands alone.
    pub fn alone(&self, number: u32, bytes: &[u8]) {
        let children = self.children(number, bytes, None);
        self.keep(number, &children);
    }

    /// Takes note of a folder that cannot be read.
    pub fn lose(&self, number: u32, error: ObjectError) {
        self.results().lost.push((number, error));
    }

    /// What was lost up to now; it is not told again.
    pub fn take_lost(&self) -> Vec<(u32, ObjectError)> {
        std::mem::take(&mut self.results().lost)
    }

    /// Ends the pass.
    pub fn finish(self) -> Results {
        self.results.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn results(&self) -> MutexGuard<'_, Results> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a folder apart. An entry that stands in another folder as it does here is the same
    /// there and is not looked up.
    fn children(&self, folder: u32, bytes: &[u8], from: Option<&From<'_, Children>>) -> Children {
        let mut children = Children::default();
        let mut known = from.map(|from| Known { from, pieces: from.copied, at: 0 });
        let mut at = 0;
        while at < bytes.len() {
            if let Some(known) = &mut known
                && let Some(end) = known.take(at, &mut children)
            {
                at = end;
                continue;
            }
            let Some(Ok(entry)) = raw_entries(&bytes[at..], self.format).next() else {
                self.results().odd.push(folder);
                break;
            };
            children.entries.push((at as u32, self.number(entry.kind, entry.id)));
            at += entry.length;
        }
        children.end = at;
        children
    }

    fn number(&self, kind: EntryKind, id: &[u8]) -> u32 {
        let (found, wanted) = match kind {
            EntryKind::Submodule => (None, Kind::Commit),
            EntryKind::Tree => (self.catalog.find(id), Kind::Tree),
            EntryKind::Blob => (self.catalog.find(id), Kind::Blob),
        };
        match found {
            Some(number) if self.catalog.kind(number).is_some_and(|known| known != wanted) => {
                self.results().odd.push(number);
                number
            }
            Some(number) if kind == EntryKind::Tree || self.is_wanted[number as usize] => number,
            Some(_) => NOTHING,
            None => {
                let Ok(id) = Oid::from_bytes(id) else { return NOTHING };
                let absent = &mut self.results().absent;
                let next = (self.catalog.len() + absent.len()) as u32;
                *absent.entry(id).or_insert(next)
            }
        }
    }

    fn keep(&self, number: u32, children: &Children) {
        let of_use = children.entries.iter().map(|&(_, child)| child).filter(|&child| child != NOTHING);
        let mut results = self.results();
        let first = results.children.len();
        results.children.extend(of_use);
        let count = (results.children.len() - first) as u32;
        if count > 0 {
            results.folders.push(Folder { number, count, first });
        }
    }
}

/// What is known of a folder by another one that it has pieces of.
struct Known<'a> {
    from: &'a From<'a, Children>,
    /// Pieces that are not passed yet.
    pieces: &'a [Common],
    /// Where the search in the other folder's entries begins.
    at: usize,
}

impl Known<'_> {
    /// Takes over all entries from `at` on that are in one piece with the other folder's; where they
    /// end, if there are any.
    fn take(&mut self, at: usize, children: &mut Children) -> Option<usize> {
        while self.pieces.first().is_some_and(|piece| piece.to + piece.length <= at) {
            self.pieces = &self.pieces[1..];
        }
        let piece = self.pieces.first().filter(|piece| piece.to <= at)?;
        let Children { entries: others, end: others_end } = self.from.state;
        let there = at - piece.to + piece.from;
        // Mostly the pieces come in the order in which they stand in the other folder.
        if others.get(self.at).is_none_or(|&(place, _)| place as usize != there) {
            self.at = others.binary_search_by_key(&there, |&(place, _)| place as usize).ok()?;
        }
        let end = piece.from + piece.length;
        let mut taken = there;
        while let Some(&(place, number)) = others.get(self.at) {
            let next = others.get(self.at + 1).map_or(*others_end, |&(next, _)| next as usize);
            if next > end {
                break;
            }
            children.entries.push((place - piece.from as u32 + piece.to as u32, number));
            taken = next;
            self.at += 1;
        }
        (taken > there).then(|| taken - piece.from + piece.to)
    }
}

/// The folders of a pack.
pub struct Folders<'a> {
    reading: &'a Reading<'a>,
    start: u32,
}

impl Visitor for Folders<'_> {
    type State = Children;

    fn object(&self, entry: u32, bytes: &[u8], from: Option<From<'_, Children>>) -> Children {
        let number = self.start + entry;
        let children = self.reading.children(number, bytes, from.as_ref());
        if self.reading.catalog.is_first(number) {
            self.reading.keep(number, &children);
        }
        children
    }

    fn lost(&self, entry: u32, error: &ObjectError) {
        let number = self.start + entry;
        if self.reading.catalog.is_first(number) {
            self.reading.lose(number, error.clone());
        }
    }
}
