//! What a repository's history tells of some blobs: the commits, what refs name, and at which
//! commits the blobs came to a path or left it.

use crate::origin::{OriginKind, RepoPath};
use crate::secret::Fingerprint;
use git2::Oid;

/// The history of some blobs. Commits and paths are told by their places in the lists.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// All commits, each after its parents; those that nothing reaches come last.
    pub commits: Vec<PastCommit>,
    /// The paths that any of the blobs ever had.
    pub paths: Vec<RepoPath>,
    /// What came and went, sorted by path and then by commit.
    pub changes: Vec<Change>,
    /// Every ref and HEAD, sorted by name.
    pub refs: Vec<PastRef>,
}

/// A secret in one document of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The secret.
    pub fingerprint: Fingerprint,
    /// What the document is.
    pub kind: OriginKind,
    /// The file's blob, in hexadecimal.
    pub blob: Option<String>,
    /// The commit or tag whose message it is, in hexadecimal.
    pub commit: Option<String>,
    /// The path that the document was read at, with the path inside if it is of an archive.
    pub path: RepoPath,
    /// The line, from 1.
    pub line: u64,
    /// The name that the secret stands under there.
    pub name: Option<String>,
    /// The reason of an allow marker.
    pub allowed: Option<String>,
}

/// A commit in the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCommit {
    /// Its id.
    pub id: Oid,
    /// Those of its parents that are there, the first one first.
    pub parents: Vec<u32>,
    /// Whether its first parent is not there, though it names one: at the end of a shallow clone
    /// everything seems to be new.
    pub is_cut: bool,
}

/// What is at a path since a commit, where that is something else than at its first parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The path.
    pub path: u32,
    /// The commit.
    pub commit: u32,
    /// Which of the blobs is there; `None` if none of them is.
    pub blob: Option<Oid>,
}

/// A ref, or HEAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRef {
    /// Its name: `refs/heads/main`, `HEAD`, `refs/stash@{2}`.
    pub name: String,
    /// What it leads to.
    pub tip: Tip,
    /// The annotated tags on the way there.
    pub tags: Vec<Oid>,
}

/// What a ref leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tip {
    /// A commit.
    Commit(u32),
    /// A folder or a file without a commit, with those of the blobs that are in it.
    Blobs(Vec<Oid>),
}

impl Past {
    /// The commit that HEAD leads to.
    pub fn head(&self) -> Option<u32> {
        self.refs.iter().find(|named| named.name == "HEAD").and_then(|named| match named.tip {
            Tip::Commit(commit) => Some(commit),
            Tip::Blobs(_) => None,
        })
    }
}
