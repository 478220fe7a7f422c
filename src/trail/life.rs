//! What a repository's history tells of one token.

pub use crate::commit::{CommitRecord, Person, Signature};
use crate::moment::Moment;
use crate::origin::RepoPath;
use crate::secret::Fingerprint;
use crate::trail::token::Token;
use serde::{Deserialize, Serialize};

/// The life of a token in one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// The token.
    pub token: Token,
    /// The first commit that had it, in the order of commits; `None` if no commit ever did, as of a
    /// file that was only staged.
    pub introduced: Option<Introduction>,
    /// Where it stood and from when until when, oldest first.
    pub stays: Vec<Stay>,
    /// The branches, tags and other refs that reach a commit that has it, sorted by name.
    pub refs: Vec<Reach>,
    /// Whether the tree of HEAD has it.
    pub in_head: bool,
    /// What took its place, oldest first.
    pub replaced_by: Vec<Replacement>,
    /// The tokens whose place it took.
    pub replaces: Vec<Fingerprint>,
    /// Whether every place of it that still stands carries an allow marker, with the first one's
    /// reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
    /// Whether it was known when keytrail was adopted.
    #[serde(default)]
    pub in_baseline: bool,
    /// Until when a waiver covers every place of it that still stands, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived_until: Option<Moment>,
}

impl Life {
    /// Whether any ref reaches it.
    pub fn is_reachable(&self) -> bool {
        !self.refs.is_empty()
    }

    /// When it went out of HEAD's line for good; `None` while HEAD has it, or if it never had.
    pub fn left_head(&self) -> Option<&CommitRecord> {
        self.refs.iter().find(|reach| reach.name == "HEAD")?.left.as_ref()
    }
}

/// How a token came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introduction {
    /// The commit.
    pub commit: CommitRecord,
    /// Where it stood there.
    pub path: RepoPath,
    /// The line, from 1.
    pub line: u64,
    /// The commit that brought it into HEAD's line, if that is another one: most often the merge of
    /// a pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_by: Option<CommitRecord>,
    /// The number of the pull or merge request, if the message of the merge, or else of the commit
    /// itself, names it in the way that hosting services write it. Where no merge is known it may be
    /// an issue's, which some projects write the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<u64>,
    /// Whether the clone is shallow and ends here, so that it may have come in earlier.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
}

/// One uninterrupted stay of a token at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// The path.
    pub path: RepoPath,
    /// The name that it stands under there, such as a variable's or a key's, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The line in the first of the versions, from 1.
    pub line: u64,
    /// What sort of place it is.
    pub sort: PlaceSort,
    /// The first commit with it; `None` if no commit has it.
    pub since: Option<CommitRecord>,
    /// The first commit without it; `None` while some ref's last commit has it there.
    pub until: Option<CommitRecord>,
    /// How many versions of the file have it.
    pub versions: u32,
    /// Where it came from within the repository, if the same commit had it there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moved>,
    /// Whether the tree of HEAD has it here.
    pub in_head: bool,
}

/// What holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceSort {
    /// A file in a commit.
    File,
    /// The message of a commit.
    CommitMessage,
    /// The message of an annotated tag.
    TagMessage,
    /// A blob that no folder has: staged once, or left over.
    Blob,
}

/// How a secret came to another path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "how", content = "path")]
pub enum Moved {
    /// The same commit took it out there.
    MovedFrom(RepoPath),
    /// It stayed there too.
    CopiedFrom(RepoPath),
}

/// A ref that reaches a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// The ref: `refs/heads/main`, `HEAD`, `refs/stash@{0}`.
    pub name: String,
    /// Whether its last commit has the token.
    pub holds: bool,
    /// The commit that took it out of this ref's line; `None` while it holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<CommitRecord>,
}

/// A token that took another one's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// The new one.
    pub fingerprint: Fingerprint,
    /// Where.
    pub path: RepoPath,
    /// The name that both stand under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The commit that put the new one there.
    pub commit: CommitRecord,
}
