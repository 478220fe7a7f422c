//! Packfiles and their indexes, written byte by byte, so that they can be wrong in any way.

#![allow(dead_code, reason = "each of the tests that share this file uses a part of it")]

use git2::{ObjectFormat, ObjectType, Oid};
use std::fs;
use std::io::Write;
use std::path::Path;

/// The types of entries (`gitformat-pack(5)`).
pub const COMMIT: u8 = 1;
pub const TREE: u8 = 2;
pub const BLOB: u8 = 3;
pub const TAG: u8 = 4;
pub const OFS_DELTA: u8 = 6;
pub const REF_DELTA: u8 = 7;

/// An object of the index: its id, the CRC-32 of its entry, and where the entry begins.
#[derive(Debug, Clone, Copy)]
pub struct Indexed {
    pub id: Oid,
    pub sum: u32,
    pub offset: u64,
}

/// A pack that is being written.
pub struct Packed {
    pub bytes: Vec<u8>,
    pub index: Vec<Indexed>,
}

impl Default for Packed {
    fn default() -> Self {
        Self { bytes: b"PACK\0\0\0\x02\0\0\0\0".to_vec(), index: Vec::new() }
    }
}

impl Packed {
    /// Adds an object whole and returns its id.
    pub fn whole(&mut self, kind: u8, content: &[u8]) -> Oid {
        let id = id_of(kind, content);
        self.raw(id, kind, content.len() as u64, &[], &deflated(content));
        id
    }

    /// Adds a blob that is made by a delta from the entry at an offset.
    pub fn ofs_delta(&mut self, id: Oid, base: u64, delta: &[u8]) -> u64 {
        let distance = self.bytes.len() as u64 - base;
        self.raw(id, OFS_DELTA, delta.len() as u64, &distance_bytes(distance), &deflated(delta))
    }

    /// Adds an object that is made by a delta from another one, by its id.
    pub fn ref_delta(&mut self, id: Oid, base: Oid, delta: &[u8]) -> u64 {
        self.raw(id, REF_DELTA, delta.len() as u64, base.as_bytes(), &deflated(delta))
    }

    /// Adds an entry of any sort; returns where it begins.
    pub fn raw(&mut self, id: Oid, kind: u8, length: u64, base: &[u8], compressed: &[u8]) -> u64 {
        let offset = self.bytes.len() as u64;
        let mut rest = length >> 4;
        self.bytes.push(kind << 4 | (length & 15) as u8 | if rest > 0 { 0x80 } else { 0 });
        while rest > 0 {
            self.bytes.push((rest & 0x7f) as u8 | if rest > 0x7f { 0x80 } else { 0 });
            rest >>= 7;
        }
        self.bytes.extend_from_slice(base);
        self.bytes.extend_from_slice(compressed);
        let sum = crc32fast::hash(&self.bytes[offset as usize..]);
        self.index.push(Indexed { id, sum, offset });
        offset
    }

    /// Ends the pack and writes it with its index into the object store of a repository.
    pub fn write(mut self, git_dir: &Path) {
        let count = self.index.len() as u32;
        self.bytes[8..12].copy_from_slice(&count.to_be_bytes());
        let sum = sha1(&self.bytes);
        self.bytes.extend_from_slice(&sum);
        let folder = git_dir.join("objects/pack");
        fs::create_dir_all(&folder).expect("a folder");
        let name = format!("pack-{}", Oid::from_bytes(&sum).expect("twenty bytes"));
        fs::write(folder.join(format!("{name}.idx")), index(self.index, &sum)).expect("a file");
        fs::write(folder.join(format!("{name}.pack")), self.bytes).expect("a file");
    }
}

/// An index of version 2.
pub fn index(mut objects: Vec<Indexed>, pack_sum: &[u8]) -> Vec<u8> {
    objects.sort_by(|a, b| a.id.as_bytes().cmp(b.id.as_bytes()));
    let mut bytes = b"\xfftOc\0\0\0\x02".to_vec();
    for first in 0..=255_u8 {
        let count = objects.iter().filter(|object| object.id.as_bytes()[0] <= first).count() as u32;
        bytes.extend_from_slice(&count.to_be_bytes());
    }
    bytes.extend(objects.iter().flat_map(|object| object.id.as_bytes()));
    bytes.extend(objects.iter().flat_map(|object| object.sum.to_be_bytes()));
    let mut large = Vec::new();
    for object in &objects {
        let offset = match u32::try_from(object.offset) {
            Ok(offset) if offset >> 31 == 0 => offset,
            _ => {
                large.extend_from_slice(&object.offset.to_be_bytes());
                (large.len() / 8 - 1) as u32 | 1 << 31
            }
        };
        bytes.extend_from_slice(&offset.to_be_bytes());
    }
    bytes.extend_from_slice(&large);
    bytes.extend_from_slice(pack_sum);
    let sum = sha1(&bytes);
    bytes.extend_from_slice(&sum);
    bytes
}

/// An index of version 1, which has no checksums of entries.
pub fn old_index(mut objects: Vec<Indexed>, pack_sum: &[u8]) -> Vec<u8> {
    objects.sort_by(|a, b| a.id.as_bytes().cmp(b.id.as_bytes()));
    let mut bytes = Vec::new();
    for first in 0..=255_u8 {
        let count = objects.iter().filter(|object| object.id.as_bytes()[0] <= first).count() as u32;
        bytes.extend_from_slice(&count.to_be_bytes());
    }
    for object in &objects {
        bytes.extend_from_slice(&(object.offset as u32).to_be_bytes());
        bytes.extend_from_slice(object.id.as_bytes());
    }
    bytes.extend_from_slice(pack_sum);
    let sum = sha1(&bytes);
    bytes.extend_from_slice(&sum);
    bytes
}

/// A delta.
pub struct Delta(pub Vec<u8>);

impl Delta {
    /// Of a base of one length for a result of another.
    pub fn new(base: usize, result: usize) -> Self {
        let mut delta = Self(Vec::new());
        delta.length(base);
        delta.length(result);
        delta
    }

    fn length(&mut self, mut length: usize) {
        while length > 0x7f {
            self.0.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        self.0.push(length as u8);
    }

    /// Copies from the base.
    pub fn copy(mut self, from: usize, length: usize) -> Self {
        self.0.push(0xff);
        self.0.extend_from_slice(&(from as u32).to_le_bytes());
        self.0.extend_from_slice(&(length as u32).to_le_bytes()[..3]);
        self
    }

    /// Puts bytes in.
    pub fn put(mut self, bytes: &[u8]) -> Self {
        for bytes in bytes.chunks(127) {
            self.0.push(bytes.len() as u8);
            self.0.extend_from_slice(bytes);
        }
        self
    }
}

/// The entry of a tree.
pub fn tree_entry(mode: &str, name: &str, id: Oid) -> Vec<u8> {
    [mode.as_bytes(), b" ", name.as_bytes(), b"\0", id.as_bytes()].concat()
}

/// A commit.
pub fn commit(tree: Oid, parents: &[Oid], message: &str) -> Vec<u8> {
    let parents: Vec<String> = parents.iter().map(|id| format!("parent {id}\n")).collect();
    let parents = parents.concat();
    let by = "A U Thor <author@example.com> 1700000000 +0000";
    format!("tree {tree}\n{parents}author {by}\ncommitter {by}\n\n{message}\n").into_bytes()
}

/// What git calls an object.
pub fn id_of(kind: u8, content: &[u8]) -> Oid {
    let kind = match kind {
        COMMIT => ObjectType::Commit,
        TREE => ObjectType::Tree,
        TAG => ObjectType::Tag,
        _ => ObjectType::Blob,
    };
    Oid::hash_object_ext(kind, content, ObjectFormat::Sha1).expect("an id")
}

/// The distance of an ofs-delta, as it stands in the header of its entry.
pub fn distance_bytes(mut distance: u64) -> Vec<u8> {
    let mut bytes = vec![(distance & 0x7f) as u8];
    distance >>= 7;
    while distance > 0 {
        distance -= 1;
        bytes.push((distance & 0x7f) as u8 | 0x80);
        distance >>= 7;
    }
    bytes.reverse();
    bytes
}

/// Bytes as a zlib stream.
pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// The SHA-1 of some bytes.
pub fn sha1(bytes: &[u8]) -> Vec<u8> {
    let mut hasher = gix_hash::hasher(gix_hash::Kind::Sha1);
    hasher.update(bytes);
    hasher.try_finalize().expect("no collision").as_slice().to_vec()
}
