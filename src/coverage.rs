//! The account of what a scan read, what it left out, and why.

use crate::origin::RepoPath;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why something was not scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Gap {
    /// An object that the repository names and does not have.
    MissingObject,
    /// An object or file of git's, or an archive, that is damaged.
    Corrupt,
    /// A file that cannot be opened or read.
    Unreadable,
    /// A file over the size limit that the user set.
    TooLarge,
    /// History that was never fetched.
    Shallow,
    /// A format that we cannot read, of a repository or of a file in an archive.
    Unsupported,
    /// An index entry that is still in conflict.
    Conflict,
    /// A file that is encrypted.
    Encrypted,
    /// An archive that lies in too many others.
    TooDeep,
    /// An archive with too many files.
    TooMany,
    /// A file that unpacks to far more than its size.
    Bomb,
}

impl Gap {
    /// The name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingObject => "missing-object",
            Self::Corrupt => "corrupt",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too-large",
            Self::Shallow => "shallow",
            Self::Unsupported => "unsupported",
            Self::Conflict => "conflict",
            Self::Encrypted => "encrypted",
            Self::TooDeep => "too-deep",
            Self::TooMany => "too-many",
            Self::Bomb => "bomb",
        }
    }
}

/// Something that should have been scanned and was not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeftOut {
    /// The sort of reason.
    pub gap: Gap,
    /// What it was: a path, an object id, a ref.
    pub what: String,
    /// The reason in words, with what to do about it.
    pub why: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// Counts what was read and keeps what was not. Shared by all threads of a scan.
#[derive(Debug, Default)]
pub struct Coverage {
    documents: AtomicU64,
    bytes: AtomicU64,
    commits: AtomicU64,
    left_out: Mutex<BTreeSet<LeftOut>>,
    notices: Mutex<BTreeSet<String>>,
}

impl Coverage {
    /// Counts one document (a file, a blob, a message).
    pub fn document(&self) {
        self.documents.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes that were searched.
    pub fn bytes(&self, count: u64) {
        self.bytes.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts commits that were walked.
    pub fn commits(&self, count: u64) {
        self.commits.fetch_add(count, Ordering::Relaxed);
    }

    /// Something could not be read: the scan is incomplete.
    pub fn leave_out(&self, gap: Gap, what: impl fmt::Display, why: impl fmt::Display) {
        let item = LeftOut { gap, what: what.to_string(), why: why.to_string() };
        self.left_out.lock().expect("no thread panics while it holds the account").insert(item);
    }

    /// Something was left out on purpose and by rule, such as a submodule: told, but not a gap.
    pub fn notice(&self, text: impl Into<String>) {
        self.notices.lock().expect("no thread panics while it holds the account").insert(text.into());
    }

    /// A path that could not be read.
    pub fn unreadable(&self, path: &RepoPath, error: &std::io::Error) {
        self.leave_out(Gap::Unreadable, path, format_args!("cannot be read: {error}"));
    }

    /// Documents and bytes until now, for a progress line.
    pub fn so_far(&self) -> (u64, u64) {
        (self.documents.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// Closes the account.
    pub fn finish(self) -> CoverageReport {
        CoverageReport {
            documents: self.documents.into_inner(),
            bytes: self.bytes.into_inner(),
            commits: self.commits.into_inner(),
            left_out: self.left_out.into_inner().unwrap_or_default().into_iter().collect(),
            notices: self.notices.into_inner().unwrap_or_default().into_iter().collect(),
        }
    }
}

/// The closed account, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageReport {
    /// Documents read.
    pub documents: u64,
    /// Bytes searched.
    pub bytes: u64,
    /// Commits walked.
    pub commits: u64,
    /// What could not be read; not empty means the scan is incomplete.
    pub left_out: Vec<LeftOut>,
    /// What was left out on purpose.
    pub notices: Vec<String>,
}

impl CoverageReport {
    /// Whether everything that was asked for was read.
    pub fn is_complete(&self) -> bool {
        self.left_out.is_empty()
    }
}
