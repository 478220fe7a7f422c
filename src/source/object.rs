//! git's objects as bytes: reading one by its id, and the formats of commits, tags and trees
//! (`gitformat-pack(5)`, `git-cat-file(1)`; the layout is in git's "Git Objects" book chapter).

use crate::commit::{self, CommitRecord, Signature};
use crate::coverage::{Coverage, Gap};
use crate::moment::Moment;
use crate::origin::CommitInfo;
use git2::{ObjectFormat, Oid};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

/// The kinds of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A commit.
    Commit,
    /// A folder.
    Tree,
    /// A file.
    Blob,
    /// An annotated tag.
    Tag,
}

/// Why an object could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// Not there, though something names it.
    #[error("missing from the repository; run `git fsck`, and fetch it again from a whole clone")]
    Missing,
    /// Not there, because this is a partial clone.
    #[error("never fetched, because this is a partial clone; scan a clone made without --filter")]
    NeverFetched,
    /// There, but damaged.
    #[error("cannot be read: {0}; run `git fsck`, and fetch it again from a whole clone")]
    Corrupt(String),
    /// A delta that would fill the memory.
    #[error("not unpacked: it stands for far more bytes than the pack has of it")]
    Bomb,
}

impl ObjectError {
    /// The sort of gap that this leaves.
    pub fn gap(&self) -> Gap {
        match self {
            Self::Missing | Self::NeverFetched => Gap::MissingObject,
            Self::Corrupt(_) => Gap::Corrupt,
            Self::Bomb => Gap::Bomb,
        }
    }

    /// Puts the loss of an object into the account. `role` says what it was: `the blob of a/b`.
    pub fn report(&self, id: Oid, role: impl fmt::Display, coverage: &Coverage) {
        coverage.leave_out(self.gap(), format_args!("object {id}"), format_args!("{role} is {self}"));
    }
}

/// A store of objects that all threads read at once.
///
/// A commit, tree or tag has to be checked against its id: only then can history and folders not
/// go in circles, which the walks over them rely on. A blob need not be.
pub trait Objects: Sync {
    /// Puts the object's bytes into `into`, whose old contents are gone, and tells its kind.
    ///
    /// # Errors
    ///
    /// [`ObjectError`] if it is missing or cannot be read.
    fn read(&self, id: Oid, into: &mut Vec<u8>) -> Result<Kind, ObjectError>;

    /// The format of object ids.
    fn format(&self) -> ObjectFormat;
}

/// Reads an object that has to be of one kind.
///
/// # Errors
///
/// [`ObjectError`], also if the object is of another kind.
pub fn read_as(objects: &dyn Objects, id: Oid, wanted: Kind, into: &mut Vec<u8>) -> Result<(), ObjectError> {
    match objects.read(id, into)? {
        kind if kind == wanted => Ok(()),
        kind => Err(ObjectError::Corrupt(format!("it is a {kind:?}, not a {wanted:?}").to_lowercase())),
    }
}

/// Whether an id is that of an object of this kind with these bytes (`gitformat-loose(5)`). SHA-1 is
/// plain here, without git's look for collisions.
pub fn is_named(id: Oid, kind: Kind, bytes: &[u8]) -> bool {
    let kind = match kind {
        Kind::Commit => "commit",
        Kind::Tree => "tree",
        Kind::Blob => "blob",
        Kind::Tag => "tag",
    };
    let header = format!("{kind} {}\0", bytes.len());
    match id.as_bytes().len() {
        32 => Sha256::new_with_prefix(header).chain_update(bytes).finalize()[..] == *id.as_bytes(),
        _ => Sha1::new_with_prefix(header).chain_update(bytes).finalize()[..] == *id.as_bytes(),
    }
}

/// Hashes an object id by its own first bytes, which are as good as random.
#[derive(Debug, Default, Clone, Copy)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // The kind of id and the length come as shorter writes and tell nothing.
        if let (true, Some(first)) = (bytes.len() >= 20, bytes.first_chunk()) {
            self.0 = u64::from_le_bytes(*first);
        }
    }
}

/// A map by object id.
pub type IdMap<V> = std::collections::HashMap<Oid, V, BuildHasherDefault<IdHasher>>;

/// A set of object ids.
pub type IdSet = std::collections::HashSet<Oid, BuildHasherDefault<IdHasher>>;

/// A commit or tag taken apart; the parts borrow from its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// The tree of a commit, the target of a tag.
    pub target: Oid,
    /// The kind of a tag's target as the tag gives it.
    pub target_type: &'a [u8],
    /// The parents of a commit.
    pub parents: Vec<Oid>,
    /// Author of a commit, tagger of a tag: `Name <mail> seconds +hhmm`.
    pub author: &'a [u8],
    /// The committer of a commit.
    pub committer: &'a [u8],
    /// The first line of a commit's signature, if it has one.
    pub signature: Option<&'a [u8]>,
    /// Everything after the header.
    pub message: &'a [u8],
}

/// Takes a commit or a tag apart. `None` if it has no tree or target, or an id that is none.
pub fn parse(bytes: &[u8], format: ObjectFormat) -> Option<Parsed<'_>> {
    let digits = match format {
        ObjectFormat::Sha256 => 64,
        ObjectFormat::Sha1 => 40,
    };
    let id = |hex: &[u8]| {
        let text = std::str::from_utf8(hex).ok().filter(|text| text.len() == digits)?;
        Oid::from_str_ext(text, format).ok()
    };
    let mut target = None;
    let mut parsed = Parsed {
        target: Oid::ZERO_SHA1,
        target_type: b"",
        parents: Vec::new(),
        author: b"",
        committer: b"",
        signature: None,
        message: b"",
    };
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.is_empty() {
            parsed.message = rest;
            break;
        }
        let space = memchr::memchr(b' ', line).unwrap_or(line.len());
        let value = line.get(space + 1..).unwrap_or_default();
        // A line that begins with a space goes on with the header before it, such as a signature.
        match &line[..space] {
            b"tree" | b"object" if target.is_none() => target = Some(id(value)?),
            b"parent" => parsed.parents.push(id(value)?),
            b"type" => parsed.target_type = value,
            b"author" | b"tagger" if parsed.author.is_empty() => parsed.author = value,
            b"committer" => parsed.committer = value,
            // `git-commit-tree(1)` has the one for repositories with SHA-1 ids, and the one for others.
            b"gpgsig" | b"gpgsig-sha256" => parsed.signature = Some(value),
            _ => {}
        }
    }
    parsed.target = target?;
    Some(parsed)
}

impl Parsed<'_> {
    /// When the commit was made, in seconds since 1970; its author's time if it names no
    /// committer.
    pub fn time(&self) -> i64 {
        let by = if self.committer.is_empty() { self.author } else { self.committer };
        Person::parse(by).time
    }

    /// What the trail shows of a commit.
    pub fn record(&self, id: Oid) -> CommitRecord {
        let author = Person::parse(self.author);
        let by = if self.committer.is_empty() { self.author } else { self.committer };
        let committer = Person::parse(by);
        CommitRecord {
            id: id.to_string(),
            author: author.shown(),
            authored: author.moment(),
            committer: committer.shown(),
            committed: committer.moment(),
            signature: self.signature.map(Signature::of),
        }
    }

    /// What reports show.
    pub fn info(&self, id: Oid) -> CommitInfo {
        let author = Person::parse(self.author);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let first = self.message.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty());
        CommitInfo {
            id: id.to_string(),
            author: text(author.name),
            email: text(author.email),
            time: author.time,
            offset_minutes: author.offset_minutes,
            summary: text(first.unwrap_or_default().trim_ascii()),
        }
    }
}

/// A line such as `Name <mail> seconds +hhmm`, taken apart.
struct Person<'a> {
    name: &'a [u8],
    email: &'a [u8],
    time: i64,
    offset_minutes: i32,
}

impl<'a> Person<'a> {
    fn shown(&self) -> commit::Person {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        commit::Person { name: text(self.name), email: text(self.email) }
    }

    /// The date; one that no calendar has counts as 1970.
    fn moment(&self) -> Moment {
        Moment::from_seconds(self.time).unwrap_or(Moment::EPOCH)
    }

    fn parse(line: &'a [u8]) -> Self {
        let open = memchr::memchr(b'<', line).unwrap_or(line.len());
        // Names with a `>` exist in old histories; the date follows the last one.
        let close = memchr::memrchr(b'>', line).unwrap_or(line.len()).max(open);
        let after = std::str::from_utf8(line.get(close + 1..).unwrap_or_default()).unwrap_or_default();
        let mut words = after.split_ascii_whitespace();
        let time = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        let zone: i32 = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        Self {
            name: line[..open].trim_ascii(),
            email: line.get(open + 1..close).unwrap_or_default(),
            time,
            offset_minutes: zone / 100 * 60 + zone % 100,
        }
    }
}

/// What a tree holds under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Tree,
    /// A file, or a symbolic link, whose blob is the path that it points to.
    Blob,
    /// A commit of another repository.
    Submodule,
}

/// One line of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What it is.
    pub kind: EntryKind,
    /// Its name, one part of a path.
    pub name: &'a [u8],
    /// Its object.
    pub id: Oid,
}

/// One line of a tree, with its id as it stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawEntry<'a> {
    /// What it is.
    pub kind: EntryKind,
    /// Its name, one part of a path.
    pub name: &'a [u8],
    /// The bytes of its object's id.
    pub id: &'a [u8],
    /// How many bytes of the tree it takes.
    pub length: usize,
}

/// Goes through a tree's entries: mode in octal digits, a space, the name, a zero byte, the raw
/// id. An error stands for a tree that is cut off or malformed, and is the last item.
pub fn entries(tree: &[u8], format: ObjectFormat) -> impl Iterator<Item = Result<Entry<'_>, ObjectError>> {
    raw_entries(tree, format).map(|entry| {
        let RawEntry { kind, name, id, .. } = entry?;
        let id = Oid::from_bytes(id).map_err(|error| ObjectError::Corrupt(error.message().to_owned()))?;
        Ok(Entry { kind, name, id })
    })
}

/// The same without making anything of the ids.
pub fn raw_entries(
    tree: &[u8],
    format: ObjectFormat,
) -> impl Iterator<Item = Result<RawEntry<'_>, ObjectError>> {
    let id_len = match format {
        ObjectFormat::Sha256 => 32,
        ObjectFormat::Sha1 => 20,
    };
    let mut rest = tree;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let entry = entry(rest, id_len);
        rest = entry.map_or(b"".as_slice(), |(_, rest)| rest);
        Some(entry.map(|(entry, _)| entry).ok_or_else(|| ObjectError::Corrupt("malformed tree".to_owned())))
    })
}

/// The entry that `bytes` begin with, and what follows it.
fn entry(bytes: &[u8], id_len: usize) -> Option<(RawEntry<'_>, &[u8])> {
    /// Longer modes are none.
    const MOST_DIGITS: usize = 10;
    let mut mode = 0_u32;
    let space = bytes.iter().take(MOST_DIGITS).position(|&byte| byte == b' ')?;
    for &digit in &bytes[..space] {
        mode = mode << 3 | u32::from(digit.checked_sub(b'0').filter(|&digit| digit < 8)?);
    }
    let zero = space + memchr::memchr(0, &bytes[space..])?;
    let (id, rest) = bytes[zero + 1..].split_at_checked(id_len)?;
    let kind = match mode & 0o170_000 {
        0o040_000 => EntryKind::Tree,
        0o160_000 => EntryKind::Submodule,
        _ => EntryKind::Blob,
    };
    let (name, length) = (&bytes[space + 1..zero], zero + 1 + id_len);
    (space > 0).then_some((RawEntry { kind, name, id, length }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn a_commit_with_a_signature_and_odd_names_is_taken_apart() {
        let text = format!(
            "tree {ID}\nparent {ID}\nauthor A <<b> <a@b> 1700000000 -0230\ncommitter C <c@d> 1700000005 +0000\n\
             gpgsig -----BEGIN\n parent x\n tree y\n\nfirst line\n\nbody\n"
        );
        let parsed = parse(text.as_bytes(), ObjectFormat::Sha1).expect("it is a commit");
        assert_eq!(parsed.parents.len(), 1);
        assert_eq!(parsed.time(), 1_700_000_005);
        let info = parsed.info(parsed.target);
        assert_eq!((info.time, info.offset_minutes), (1_700_000_000, -150));
        assert_eq!((info.summary.as_str(), info.id.as_str()), ("first line", ID));
        assert_eq!(parsed.message, b"first line\n\nbody\n");
    }

    #[test]
    fn nonsense_is_refused_and_never_panics() {
        for text in ["", "tree", "tree 12", "tree zz\n\n", "\n\nmessage", "parent x\n", "author <\n"] {
            assert!(parse(text.as_bytes(), ObjectFormat::Sha1).is_none(), "{text:?}");
        }
        for line in ["", ">", "<", "> <", "A <b> x +y", "<> 99999999999999999999 +99999999999"] {
            Person::parse(line.as_bytes());
        }
    }

    #[test]
    fn a_tree_gives_its_entries_and_then_the_error() {
        let mut tree = b"100644 a b\0".to_vec();
        tree.extend([7; 20]);
        tree.extend(b"40000 dir\0");
        tree.extend([8; 20]);
        tree.extend(b"160000 sub\0");
        tree.extend([9; 20]);
        let kinds: Vec<_> =
            entries(&tree, ObjectFormat::Sha1).map(|entry| entry.map(|entry| entry.kind)).collect();
        assert_eq!(kinds, [Ok(EntryKind::Blob), Ok(EntryKind::Tree), Ok(EntryKind::Submodule)]);
        let cut: Vec<_> = entries(&tree[..tree.len() - 1], ObjectFormat::Sha1).collect();
        assert_eq!(cut.len(), 3);
        assert!(cut[2].is_err());
    }
}
