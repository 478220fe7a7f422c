//! Deltas, packs and indexes as any bytes.

#![no_main]

use git2::{ObjectFormat, Oid};
use keytrail::history::pack::delta::apply;
use keytrail::history::pack::walk::{From, Visitor, walk};
use keytrail::history::pack::Pack;
use keytrail::source::object::{Kind, ObjectError};
use libfuzzer_sys::fuzz_target;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().expect("a temporary folder"));

fuzz_target!(|bytes: &[u8]| {
    let Some((&how, rest)) = bytes.split_first() else { return };
    let (&split, rest) = rest.split_first().unwrap_or((&0, rest));
    let (one, other) = rest.split_at(rest.len() * usize::from(split) / 256);
    match how % 4 {
        0 => delta(one, other),
        1 => pack(one, other),
        _ => entries(rest, how % 4 == 3),
    }
});

/// A delta, once as it is and once with lengths that are right as far as can be told.
fn delta(base: &[u8], delta: &[u8]) {
    let (mut made, mut copied) = (Vec::new(), Vec::new());
    let mut lengths = Vec::new();
    for mut length in [base.len(), delta.len()] {
        while length > 0x7f {
            lengths.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        lengths.push(length as u8);
    }
    for delta in [delta.to_vec(), [&lengths, delta].concat()] {
        if apply(base, &delta, &mut made, &mut copied).is_ok() {
            for piece in &copied {
                assert_eq!(made[piece.to..][..piece.length], base[piece.from..][..piece.length]);
            }
        }
    }
}

/// A pack and an index that are any bytes.
fn pack(pack: &[u8], index: &[u8]) {
    go_through(pack, index);
    go_through(&[b"PACK\0\0\0\x02", pack].concat(), &[b"\xfftOc\0\0\0\x02", index].concat());
}

/// A pack whose entries are any bytes, and an index that fits, but for offsets that may be odd.
fn entries(bytes: &[u8], is_odd: bool) {
    let mut pack = b"PACK\0\0\0\x02\0\0\0\0".to_vec();
    let mut places: Vec<(u32, u32)> = Vec::new();
    let mut rest = bytes;
    while let Some((&length, after)) = rest.split_first() {
        let (entry, after) = after.split_at(after.len().min(length.into()));
        let offset = pack.len() as u32;
        pack.extend_from_slice(entry);
        let odd = if is_odd { entry.first().map_or(0, |&first| u32::from(first) % 5) } else { 0 };
        places.push((offset.wrapping_sub(odd), crc32fast::hash(entry)));
        rest = after;
    }
    pack[8..12].copy_from_slice(&(places.len() as u32).to_be_bytes());
    pack.extend_from_slice(&[0; 20]);
    // Ids that say which entry it is, so that deltas can name their bases.
    let mut index = b"\xfftOc\0\0\0\x02".to_vec();
    (0..256).for_each(|_| index.extend_from_slice(&(places.len() as u32).to_be_bytes()));
    (0..places.len()).for_each(|n| index.extend_from_slice(&[[0; 19].as_slice(), &[n as u8]].concat()));
    places.iter().for_each(|(_, sum)| index.extend_from_slice(&sum.to_be_bytes()));
    places.iter().for_each(|(offset, _)| index.extend_from_slice(&(offset & 0x7fff_ffff).to_be_bytes()));
    index.extend_from_slice(&[0; 40]);
    go_through(&pack, &index);
}

/// Opens a pack and makes all that is in it.
fn go_through(pack: &[u8], index: &[u8]) {
    let path = |ending: &str| -> PathBuf { FOLDER.path().join(format!("pack.{ending}")) };
    fs::write(path("pack"), pack).expect("a file");
    fs::write(path("idx"), index).expect("a file");
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let Ok(pack) = Pack::open(&path("idx"), format) else { continue };
        let count = Count::default();
        for kind in [Kind::Commit, Kind::Tree, Kind::Blob, Kind::Tag] {
            let elsewhere = |_: Oid| Ok((Kind::Blob, b"base".to_vec()));
            walk(&pack, kind, None, &elsewhere, &count);
        }
        assert!(count.0.into_inner() <= pack.len(), "an entry is made or lost at most once");
        for entry in 0..pack.len() {
            let _ = (pack.id(entry), pack.stored_len(entry), pack.first_child(entry), pack.next_sibling(entry));
        }
    }
}

/// Counts what is made or lost.
#[derive(Default)]
struct Count(AtomicU32);

impl Visitor for Count {
    type State = ();

    fn object(&self, _: u32, bytes: &[u8], from: Option<From<'_, ()>>) {
        for piece in from.iter().flat_map(|from| from.copied) {
            assert!(piece.to + piece.length <= bytes.len());
        }
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn lost(&self, _: u32, _: &ObjectError) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
