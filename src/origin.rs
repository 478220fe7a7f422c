//! Where bytes came from: paths, commits and positions.

use data_encoding::BASE64;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::{self, Write as _};
use std::sync::Arc;

/// A path as git or the file system has it: bytes with `/` between the parts, perhaps not UTF-8.
///
/// JSON and the like have it as text, or as `{"base64": "…"}` if it is no UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RepoPath(Vec<u8>);

/// The form of a path in files for people.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PathText {
    Utf8(String),
    Other { base64: String },
}

impl Serialize for RepoPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        match self.as_str() {
            Some(text) => serializer.serialize_str(text),
            None => PathText::Other { base64: BASE64.encode(&self.0) }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for RepoPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Vec::deserialize(deserializer).map(Self);
        }
        match PathText::deserialize(deserializer)? {
            PathText::Utf8(text) => Ok(Self(text.into_bytes())),
            PathText::Other { base64 } => {
                BASE64.decode(base64.as_bytes()).map(Self).map_err(D::Error::custom)
            }
        }
    }
}

impl RepoPath {
    /// Takes bytes with `/` as the separator.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Takes a path of this system, `\` turned into `/` on Windows.
    pub fn from_path(path: &std::path::Path) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            Self(path.as_os_str().as_bytes().to_vec())
        }
        #[cfg(not(unix))]
        {
            Self(path.to_string_lossy().replace('\\', "/").into_bytes())
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as text if it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The last part.
    pub fn file_name(&self) -> &[u8] {
        let start = memchr::memrchr(b'/', &self.0).map_or(0, |at| at + 1);
        &self.0[start..]
    }

    /// The path for matching against globs: on Unix its own bytes, else lossy text.
    pub fn to_match(&self) -> std::borrow::Cow<'_, std::path::Path> {
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            std::borrow::Cow::Borrowed(std::path::Path::new(std::ffi::OsStr::from_bytes(&self.0)))
        }
        #[cfg(not(unix))]
        {
            std::borrow::Cow::Owned(String::from_utf8_lossy(&self.0).into_owned().into())
        }
    }

    /// The path as a relative URI reference (RFC 3986): every byte outside the unreserved set
    /// and `/` is percent-encoded, so that any path survives.
    pub fn to_uri(&self) -> String {
        let mut uri = String::with_capacity(self.0.len());
        for &byte in &self.0 {
            if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
                uri.push(char::from(byte));
            } else {
                uri.push('%');
                for nibble in [byte >> 4, byte & 15] {
                    uri.push(char::from(b"0123456789ABCDEF"[usize::from(nibble)]));
                }
            }
        }
        uri
    }
}

/// Text for people: bytes that are no UTF-8 and control characters appear as `\xNN`, so that a
/// file name can neither break a line nor drive the terminal.
impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = String::with_capacity(self.0.len());
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                if c.is_control() {
                    let mut utf8 = [0; 4];
                    for byte in c.encode_utf8(&mut utf8).bytes() {
                        write!(shown, "\\x{byte:02x}")?;
                    }
                } else {
                    shown.push(c);
                }
            }
            for byte in chunk.invalid() {
                write!(shown, "\\x{byte:02x}")?;
            }
        }
        f.pad(&shown)
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// A commit, as far as reports show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitInfo {
    /// Object id in hexadecimal: 40 digits, or 64 in a SHA-256 repository.
    pub id: String,
    /// Author's name, lossy UTF-8.
    pub author: String,
    /// Author's e-mail address, lossy UTF-8.
    pub email: String,
    /// Author date in seconds since 1970-01-01 UTC.
    pub time: i64,
    /// Author's offset from UTC in minutes.
    pub offset_minutes: i32,
    /// First line of the message, lossy UTF-8.
    pub summary: String,
}

impl CommitInfo {
    /// The first twelve digits of the id: enough to be unique in the largest public repositories.
    pub fn short_id(&self) -> &str {
        &self.id[..self.id.len().min(12)]
    }

    /// The author date in RFC 3339, in UTC.
    pub fn date(&self) -> String {
        jiff::Timestamp::from_second(self.time).map_or_else(|_| "unknown".to_owned(), |time| time.to_string())
    }
}

/// What kind of bytes a document holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OriginKind {
    /// A file on disk.
    File,
    /// What the next commit would contain.
    Index,
    /// A version of a file in a commit.
    Blob,
    /// The message of a commit.
    CommitMessage,
    /// The message of an annotated tag.
    TagMessage,
    /// Standard input.
    Stdin,
}

impl OriginKind {
    /// The name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Index => "index",
            Self::Blob => "blob",
            Self::CommitMessage => "commit-message",
            Self::TagMessage => "tag-message",
            Self::Stdin => "stdin",
        }
    }
}

/// Where a document came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// What kind of bytes.
    pub kind: OriginKind,
    /// The commit (or tag) that brought the bytes in, where one is known.
    pub commit: Option<Arc<CommitInfo>>,
    /// The order in which commits came, oldest first, to find the first place of a secret.
    /// 0 outside history.
    pub order: u64,
    /// Whether the bytes are still in HEAD's tree at this path; `None` where nobody asked.
    pub in_head: Option<bool>,
    /// Whether a ref, a reflog of the stash or a HEAD reaches the bytes; `None` where nobody asked.
    pub reachable: Option<bool>,
    /// The blob's object id, where there is one.
    pub blob: Option<String>,
}

impl Origin {
    /// An origin without history.
    pub const fn plain(kind: OriginKind) -> Self {
        Self { kind, commit: None, order: 0, in_head: None, reachable: None, blob: None }
    }
}

/// A place in a document: byte offset from 0, line and column from 1.
///
/// A line ends at `\n`, as git counts them. A column counts Unicode code points (bytes in a line
/// that is no UTF-8), which is SARIF's `unicodeCodePoints`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Bytes before this place in the original file, in its own encoding.
    pub byte: u64,
    /// Line, from 1.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
}

impl Position {
    /// The start of a document.
    pub const START: Self = Self { byte: 0, line: 1, column: 1 };
}

/// A stretch of a document; `end` is exclusive, as SARIF wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First place inside.
    pub start: Position,
    /// First place after.
    pub end: Position,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_as_uris_and_as_text() {
        let path = RepoPath::new(b"a b/\xff%\n.env".to_vec());
        assert_eq!(path.to_uri(), "a%20b/%FF%25%0A.env");
        assert_eq!(path.to_string(), "a b/\\xff%\\x0a.env");
        assert_eq!(path.file_name(), b"\xff%\n.env");
        for path in [path, RepoPath::new(&b"a b/.env"[..])] {
            let text = serde_json::to_string(&path).expect("JSON");
            assert_eq!(serde_json::from_str::<RepoPath>(&text).expect("JSON"), path);
            let kept = postcard::to_stdvec(&path).expect("bytes");
            assert_eq!(postcard::from_bytes::<RepoPath>(&kept).expect("bytes"), path);
        }
    }
}
