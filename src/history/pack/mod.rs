//! A packfile and its index as a forest: every object with the deltas that are made from it.
//!
//! The formats are git's (`gitformat-pack(5)`), read with `gix-pack`'s parsers on memory maps. Only
//! the headers of the entries are read here; what is in them is inflated by [`walk`].

pub mod delta;
pub mod walk;

use crate::source::object::Kind;
use git2::{ObjectFormat, Oid};
use gix_pack::data::entry::Header;
use rayon::prelude::*;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// No entry.
pub const NONE: u32 = u32::MAX;

/// What an entry is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// Nothing: it is whole.
    Whole(Kind),
    /// Another entry of this pack.
    Entry(u32),
    /// An object that is not in this pack, as in a thin pack.
    Elsewhere(Oid),
    /// Its header cannot be read, or its bytes are not those that the index tells of.
    Broken,
}

/// Why a pack cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct PackError {
    why: String,
    /// Whether libgit2 would read it all the same, and what no file has.
    pub is_harmful: bool,
}

impl PackError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self { why: error.to_string(), is_harmful: false }
    }
}

/// One packfile. Entries are numbered in the order in which they stand in the file.
pub struct Pack {
    data: gix_pack::data::File,
    index: gix_pack::index::File,
    /// Where each entry begins.
    offsets: Vec<u64>,
    /// Where each entry's id stands in the index.
    id_at: Vec<u32>,
    /// The other way round: the entry at each place of the index.
    at_index: Vec<u32>,
    /// The entry that an entry is made from, or [`NONE`].
    base: Vec<u32>,
    /// The first entry that is made from an entry, and the next one made from the same.
    first_child: Vec<u32>,
    next_sibling: Vec<u32>,
    /// The entries that are made from no other of this pack, with what they are made from.
    roots: Vec<(u32, Base)>,
}

impl Pack {
    /// Opens the pack that belongs to an index (`….idx`).
    ///
    /// # Errors
    ///
    /// [`PackError`] if one of the files cannot be read, is of an unknown version, or is damaged.
    pub fn open(index_path: &Path, format: ObjectFormat) -> Result<Self, PackError> {
        let hash = match format {
            ObjectFormat::Sha1 => gix_hash::Kind::Sha1,
            ObjectFormat::Sha256 => gix_hash::Kind::Sha256,
        };
        let index = gix_pack::index::File::at(index_path, hash).map_err(|error| PackError {
            is_harmful: has_odd_offsets(index_path, hash),
            ..PackError::of(error)
        })?;
        let data =
            gix_pack::data::File::at(index_path.with_extension("pack"), hash).map_err(PackError::of)?;
        if index.num_objects() != data.num_objects() {
            return Err(PackError::of("the pack and its index have not the same number of objects"));
        }
        let mut places: Vec<(u64, u32)> =
            (0..index.num_objects()).map(|at| (index.pack_offset_at_index(at), at)).collect();
        places.sort_unstable();
        let count = places.len();
        let mut at_index = vec![0; count];
        for (entry, &(_, at)) in (0..).zip(&places) {
            at_index[at as usize] = entry;
        }
        let mut pack = Self {
            data,
            index,
            offsets: places.iter().map(|&(offset, _)| offset).collect(),
            id_at: places.into_iter().map(|(_, at)| at).collect(),
            at_index,
            base: vec![NONE; count],
            first_child: vec![NONE; count],
            next_sibling: vec![NONE; count],
            roots: Vec::new(),
        };
        let is_sound = pack.sound();
        pack.link(&is_sound);
        Ok(pack)
    }

    /// Which entries are what the index tells of them.
    ///
    /// A delta that is put on another base, or a file that is taken for a folder, is no error that
    /// anything else would notice: objects are not checked against their ids here. The index has a
    /// checksum of every entry from its first byte to that of the next one, so that no byte of the
    /// pack is without one, and an offset that is wrong is found as well.
    fn sound(&self) -> Vec<bool> {
        if self.index.version() == gix_pack::index::Version::V1 {
            // It has no such checksums. Few are left, and what is not sound is read the plain way.
            return vec![self.is_whole(); self.offsets.len()];
        }
        let is_sound = |entry: u32| {
            let sum = self.index.crc32_at_index(self.id_at[entry as usize]);
            sum == Some(crc32fast::hash(self.stored(entry)))
        };
        (0..self.len()).into_par_iter().with_min_len(256).map(is_sound).collect()
    }

    /// Whether pack and index are what their own checksums say, and belong together.
    fn is_whole(&self) -> bool {
        let sum = |bytes: &[u8]| {
            let mut hasher = gix_hash::hasher(self.data.object_hash());
            hasher.update(bytes);
            hasher.try_finalize().ok()
        };
        let pack = self.data.entry_slice(0..self.data.pack_end() as u64);
        let Ok(index) = fs::read(self.index.path()) else { return false };
        let index_end = index.len().saturating_sub(self.data.object_hash().len_in_bytes());
        self.index.pack_checksum() == self.data.checksum()
            && pack.and_then(sum) == Some(self.data.checksum())
            && sum(&index[..index_end]) == Some(self.index.index_checksum())
    }

    /// Reads the headers and hangs every delta under its base.
    fn link(&mut self, is_sound: &[bool]) {
        let by_offset = ByOffset::new(&self.offsets, self.data.pack_end() as u64);
        // From the last to the first, so that the children of an entry come in the order of the file.
        for entry in (0..self.len()).rev() {
            let header = self.header(entry).filter(|_| is_sound[entry as usize]);
            let base = match header.map(|header| header.header) {
                Some(Header::Commit) => Base::Whole(Kind::Commit),
                Some(Header::Tree) => Base::Whole(Kind::Tree),
                Some(Header::Blob) => Base::Whole(Kind::Blob),
                Some(Header::Tag) => Base::Whole(Kind::Tag),
                Some(Header::OfsDelta { base_distance }) => {
                    let offset = self.offsets[entry as usize].checked_sub(base_distance);
                    let base = offset.and_then(|offset| by_offset.find(&self.offsets, offset));
                    base.filter(|&base| base != entry).map_or(Base::Broken, Base::Entry)
                }
                Some(Header::RefDelta { base_id }) => match self.index.lookup(base_id) {
                    Some(at) => Base::Entry(self.at_index[at as usize]),
                    None => Oid::from_bytes(base_id.as_slice()).map_or(Base::Broken, Base::Elsewhere),
                },
                None => Base::Broken,
            };
            match base {
                Base::Entry(base) => {
                    self.base[entry as usize] = base;
                    self.next_sibling[entry as usize] = self.first_child[base as usize];
                    self.first_child[base as usize] = entry;
                }
                base => self.roots.push((entry, base)),
            }
        }
        self.roots.reverse();
    }

    /// The entries whose chain of bases goes in a circle or leaves the file, among those that are asked
    /// for.
    ///
    /// libgit2 follows the headers as they stand there, sound or not. It goes round a circle for ever,
    /// and reads what no file has: the process ends. Only where an object is named by its id can there
    /// be a circle.
    pub fn stray(&self, is_asked: impl Fn(u32) -> bool) -> Vec<u32> {
        // Where ids are not in order, it is a matter of chance which object an id leads to.
        let ids = (1..self.index.num_objects())
            .all(|at| self.index.oid_at_index(at - 1) < self.index.oid_at_index(at));
        let end = self.data.pack_end() as u64;
        // By offset, whether the chain from there ends as it should.
        let mut known: HashMap<u64, bool> = HashMap::new();
        let mut path = Vec::new();
        let mut ends = |entry: u32| {
            let mut offset = self.offsets[entry as usize];
            path.clear();
            let ends = loop {
                if let Some(&ends) = known.get(&offset) {
                    break ends;
                }
                // Until more is known, whoever comes back here goes round.
                known.insert(offset, false);
                path.push(offset);
                if offset >= end {
                    break false;
                }
                let base = match self.header_at(offset) {
                    Some(Header::OfsDelta { base_distance }) => offset.checked_sub(base_distance),
                    Some(Header::RefDelta { .. }) if !ids => break false,
                    Some(Header::RefDelta { base_id }) => {
                        self.index.lookup(base_id).map(|at| self.index.pack_offset_at_index(at))
                    }
                    _ => None,
                };
                match base {
                    Some(base) if base != offset => offset = base,
                    Some(_) => break false,
                    None => break true,
                }
            };
            known.extend(path.iter().map(|&offset| (offset, ends)));
            ends
        };
        (0..self.len()).filter(|&entry| (!ids || is_asked(entry)) && !ends(entry)).collect()
    }

    fn header_at(&self, offset: u64) -> Option<Header> {
        let bytes = self.data.entry_slice(offset..(self.data.pack_end() as u64).max(offset))?;
        Some(gix_pack::data::Entry::from_bytes(bytes, offset, self.data.object_hash()).ok()?.header)
    }

    /// How many entries there are.
    pub fn len(&self) -> u32 {
        self.offsets.len() as u32
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// The packfile.
    pub fn path(&self) -> PathBuf {
        self.data.path().to_owned()
    }

    /// The bytes of the packfile.
    pub fn bytes(&self) -> u64 {
        self.data.data_len() as u64
    }

    /// The object id of an entry.
    pub fn id(&self, entry: u32) -> Oid {
        Oid::from_bytes(self.id_bytes(entry)).unwrap_or(Oid::ZERO_SHA1)
    }

    /// The bytes of an entry's object id.
    pub fn id_bytes(&self, entry: u32) -> &[u8] {
        self.index.oid_at_index(self.id_at[entry as usize]).as_bytes()
    }

    /// All entries in the order of their ids.
    pub fn by_id(&self) -> impl Iterator<Item = u32> + '_ {
        self.at_index.iter().copied()
    }

    /// The entries that are made from no other of this pack, in the order of the file.
    pub fn roots(&self) -> &[(u32, Base)] {
        &self.roots
    }

    /// Some entries with all that they are made from, directly or not.
    pub fn with_bases(&self, entries: impl IntoIterator<Item = u32>) -> Vec<bool> {
        let mut needed = vec![false; self.offsets.len()];
        for entry in entries {
            let mut entry = entry;
            while entry != NONE && !std::mem::replace(&mut needed[entry as usize], true) {
                entry = self.base[entry as usize];
            }
        }
        needed
    }

    /// The first entry that is made from an entry, or [`NONE`].
    pub fn first_child(&self, entry: u32) -> u32 {
        self.first_child[entry as usize]
    }

    /// The next entry that is made from the same one as an entry, or [`NONE`].
    pub fn next_sibling(&self, entry: u32) -> u32 {
        self.next_sibling[entry as usize]
    }

    fn header(&self, entry: u32) -> Option<gix_pack::data::Entry> {
        let offset = self.offsets[entry as usize];
        let hash = self.data.object_hash();
        gix_pack::data::Entry::from_bytes(self.stored(entry), offset, hash).ok()
    }

    /// The bytes of an entry as they stand in the file.
    fn stored(&self, entry: u32) -> &[u8] {
        let start = self.offsets[entry as usize];
        let end = self.offsets.get(entry as usize + 1).copied().unwrap_or(self.data.pack_end() as u64);
        self.data.entry_slice(start..end.max(start)).unwrap_or_default()
    }

    /// How many bytes an entry takes in the file.
    pub fn stored_len(&self, entry: u32) -> u64 {
        self.stored(entry).len() as u64
    }

    /// What an entry holds, still compressed, and how long it is said to be when inflated.
    fn compressed(&self, entry: u32) -> Option<(&[u8], u64)> {
        let header = self.header(entry)?;
        let skip = header.data_offset.checked_sub(self.offsets[entry as usize])?;
        Some((self.stored(entry).get(skip as usize..)?, header.decompressed_size))
    }
}

/// Whether an index that is refused is one that libgit2 takes: its table of large offsets may be of
/// any length then, and what offsets say that are not in it is made up.
fn has_odd_offsets(index: &Path, hash: gix_hash::Kind) -> bool {
    const HEADER: usize = 8 + 256 * 4;
    let Ok(bytes) = fs::read(index) else { return false };
    let Some(number) = bytes.get(HEADER - 4..).and_then(|rest| rest.first_chunk()) else { return false };
    let (count, id) = (u64::from(u32::from_be_bytes(*number)), hash.len_in_bytes() as u64);
    let least = HEADER as u64 + count * (id + 8) + 2 * id;
    bytes.starts_with(b"\xfftOc") && (least..=least + count * 8).contains(&(bytes.len() as u64))
}

/// Finds an entry by its offset: a table of the first entry in every so many bytes of the pack.
struct ByOffset {
    first: Vec<u32>,
    shift: u32,
}

impl ByOffset {
    fn new(offsets: &[u64], end: u64) -> Self {
        // About one entry a place.
        let shift = (end / (offsets.len() as u64).max(1)).max(1).ilog2();
        let mut first = Vec::with_capacity((end >> shift) as usize + 2);
        for (entry, &offset) in (0..).zip(offsets) {
            while first.len() as u64 <= offset.min(end) >> shift {
                first.push(entry);
            }
        }
        Self { first, shift }
    }

    fn find(&self, offsets: &[u64], offset: u64) -> Option<u32> {
        let place = (offset >> self.shift) as usize;
        let first = *self.first.get(place)? as usize;
        let end = self.first.get(place + 1).map_or(offsets.len(), |&next| next as usize);
        // Few, but in a forged index: all offsets may be near each other, or the same.
        let found = first + offsets.get(first..end)?.partition_point(|&known| known < offset);
        (offsets.get(found) == Some(&offset)).then_some(found as u32)
    }
}
