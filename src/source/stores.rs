//! Object stores as folders (`gitrepository-layout(5)`): which there are, and the loose objects in
//! them.
//!
//! Loose objects are read here and not by libgit2, whose loop never ends when the file of one is cut
//! off.

use crate::coverage::{Coverage, Gap};
use crate::source::object::{Kind, ObjectError};
use flate2::bufread::ZlibDecoder;
use git2::{ObjectFormat, ObjectType, Oid};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// The object stores, each once, in the order in which git looks at them. What cannot be read goes
/// into the account.
pub fn stores(first: &[PathBuf], coverage: &Coverage) -> Vec<PathBuf> {
    let mut stores = Vec::new();
    let mut known = BTreeSet::new();
    let mut waiting: Vec<PathBuf> = first.iter().rev().cloned().collect();
    while let Some(store) = waiting.pop() {
        if !known.insert(store.canonicalize().unwrap_or_else(|_| store.clone())) {
            continue;
        }
        let file = store.join("info/alternates");
        match fs::read(&file) {
            Ok(text) => {
                let lines = text.split(|&byte| byte == b'\n').rev();
                let lines = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
                for other in lines.map(|line| store.join(alternate(line))) {
                    if !other.is_dir() {
                        let why = format!(
                            "there is no such folder, and {} names it for more objects; run: git fsck",
                            file.display()
                        );
                        coverage.leave_out(Gap::MissingObject, other.display(), why);
                    }
                    waiting.push(other);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let why =
                    format_args!("cannot be read: {error}; objects of other repositories may be missing");
                coverage.leave_out(Gap::Unreadable, file.display(), why);
            }
        }
        stores.push(store);
    }
    stores
}

/// The path on a line of `info/alternates`.
fn alternate(line: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(line))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(line).trim_end().to_owned())
    }
}

/// Reads the loose object with an id from the first store that has it and checks it against the id.
/// `None` if no store has it.
pub fn read_loose(
    stores: &[PathBuf],
    id: Oid,
    format: ObjectFormat,
    into: &mut Vec<u8>,
) -> Option<Result<Kind, ObjectError>> {
    let name = id.to_string();
    let (folder, rest) = name.split_at_checked(2)?;
    let path: PathBuf = [folder, rest].iter().collect();
    stores.iter().find_map(|store| match File::open(store.join(&path)) {
        Ok(file) => Some(read(file, id, format, into)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => None,
        Err(error) => Some(Err(corrupt(&path, &error.to_string()))),
    })
}

fn corrupt(path: &Path, why: &str) -> ObjectError {
    ObjectError::Corrupt(format!("the file of the object, {}: {why}", path.display()))
}

fn read(file: File, id: Oid, format: ObjectFormat, into: &mut Vec<u8>) -> Result<Kind, ObjectError> {
    /// `commit 18446744073709551615` and the zero after it.
    const HEADER: u64 = 32;
    let broken = |why: &str| ObjectError::Corrupt(why.to_owned());
    let failed = |error: io::Error| ObjectError::Corrupt(format!("its file cannot be inflated: {error}"));
    let mut inflated = BufReader::new(ZlibDecoder::new(BufReader::new(file)));
    let mut header = Vec::new();
    inflated.by_ref().take(HEADER).read_until(0, &mut header).map_err(failed)?;
    let (kind, of_git, length) = parse_header(&header).ok_or_else(|| broken("its file has no header"))?;
    into.clear();
    // No memory for what is only said to be there.
    inflated.take(length.saturating_add(1)).read_to_end(into).map_err(failed)?;
    if into.len() as u64 != length {
        return Err(broken("its file is not as long as its header says"));
    }
    match Oid::hash_object_ext(of_git, into, format) {
        Ok(found) if found == id => Ok(kind),
        _ => Err(broken("its file is not what its id says")),
    }
}

/// `blob 123` and a zero.
fn parse_header(header: &[u8]) -> Option<(Kind, ObjectType, u64)> {
    let text = std::str::from_utf8(header.strip_suffix(b"\0")?).ok()?;
    let (kind, length) = text.split_once(' ')?;
    let (kind, of_git) = match kind {
        "commit" => (Kind::Commit, ObjectType::Commit),
        "tree" => (Kind::Tree, ObjectType::Tree),
        "blob" => (Kind::Blob, ObjectType::Blob),
        "tag" => (Kind::Tag, ObjectType::Tag),
        _ => return None,
    };
    Some((kind, of_git, length.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn loose(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_loose_object_is_read_and_what_is_broken_is_told() {
        let store = tempfile::tempdir().unwrap();
        let id = Oid::hash_object(ObjectType::Blob, b"words").unwrap();
        let name = id.to_string();
        let path = store.path().join(&name[..2]).join(&name[2..]);
        fs::create_dir(path.parent().unwrap()).unwrap();
        let stores = [store.path().join("no such folder"), store.path().to_owned()];
        let mut into = b"old".to_vec();
        let mut read = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let kind = read_loose(&stores, id, ObjectFormat::Sha1, &mut into).unwrap();
            kind.map(|kind| (kind, into.clone()))
        };
        let whole = loose(b"blob 5\0words");
        assert_eq!(read(&whole), Ok((Kind::Blob, b"words".to_vec())));
        let others =
            ["", "blob", "blob 5", "blob 6\0words", "blob 4\0words", "tree 5\0words", "blob 5\0wordz"];
        for text in others.iter().chain(&["blob 18446744073709551615\0words", "lump 5\0words"]) {
            assert!(read(&loose(text.as_bytes())).is_err(), "{text}");
        }
        for end in 0..whole.len() {
            // The last bytes are a checksum.
            assert!(read(&whole[..end]).is_err(), "{end}");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(read_loose(&stores, id, ObjectFormat::Sha1, &mut Vec::new()), None);
    }
}
