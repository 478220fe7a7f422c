//! Git hooks: putting them in place and taking them away again, and reading what git hands over
//! when one runs. What a hook then scans is decided here; the scan itself is not.

pub mod environment;
mod global;
mod global_config;
pub mod install;
pub mod message;
mod place;
pub mod push;
pub mod receive;
pub mod scope;
mod script;
mod slot;

pub use environment::Environment;
pub use install::{Change, Done, Report, Request, install, uninstall};
pub use receive::Update;
pub use scope::Scope;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A moment at which git calls keytrail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Before a commit is made: what is staged is scanned.
    PreCommit,
    /// Before a push: the commits that the remote does not have are scanned.
    PrePush,
    /// When a commit's message is written: the message is scanned.
    CommitMsg,
    /// On a server, before a push is accepted: the new commits are scanned.
    PreReceive,
}

impl Stage {
    /// The stages that `keytrail hook install` can put in place. A server's hook is set up by hand.
    pub const INSTALLABLE: [Self; 3] = [Self::PreCommit, Self::PrePush, Self::CommitMsg];

    /// Git's name for it, which is also the name of the hook's file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PrePush => "pre-push",
            Self::CommitMsg => "commit-msg",
            Self::PreReceive => "pre-receive",
        }
    }

    /// The stage with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::PreCommit, Self::PrePush, Self::CommitMsg, Self::PreReceive]
            .into_iter()
            .find(|stage| stage.name() == name)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a hook could not be put in place, taken away, or understood.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// There is no repository here, or git2 cannot open it.
    #[error("{}: no git repository can be opened here: {error}; run this inside a repository, or use --global", path.display())]
    NotARepository {
        /// Where it was looked for.
        path: PathBuf,
        /// What git2 says.
        error: git2::Error,
    },
    /// Only some stages have a hook that can be installed.
    #[error(
        "keytrail hook install does not install {0} hooks: write one on the server, as docs/hooks.md shows"
    )]
    NotInstallable(Stage),
    /// A file or folder cannot be read, written or renamed.
    #[error("{}: cannot {action}: {error}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What was tried: `write the hook`.
        action: &'static str,
        /// The system's reason.
        error: io::Error,
    },
    /// `core.hooksPath` is set to something that no hook can be put into.
    #[error("core.hooksPath is `{value}` in the {level} git configuration: {why}")]
    HooksPath {
        /// The value.
        value: String,
        /// Which configuration: `repository's`, `global`, `system`.
        level: &'static str,
        /// What is wrong with it and what to do.
        why: String,
    },
    /// A file stands in the way.
    #[error("{}: {why}", path.display())]
    InTheWay {
        /// Which one.
        path: PathBuf,
        /// What it is and what to do.
        why: String,
    },
    /// Git's configuration cannot be read or written.
    #[error("{what}: git's configuration cannot be used: {why}")]
    Config {
        /// Which file or key.
        what: String,
        /// The reason.
        why: String,
    },
    /// Neither the home folder nor another place for settings is known.
    #[error("{0} is not set, so there is no place for global hooks: set it, or install without --global")]
    NoHome(&'static str),
    /// A line of standard input is not what git writes.
    #[error("standard input, line {line}: {why}; {stage} expects lines of the form `{form}`")]
    Line {
        /// The hook.
        stage: Stage,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        why: &'static str,
        /// The form of a right line.
        form: &'static str,
    },
    /// Standard input cannot be read.
    #[error("standard input cannot be read: {0}")]
    Input(io::Error),
    /// The references of a repository cannot be read.
    #[error("{}: the references cannot be read: {error}; check the repository with `git fsck`", path.display())]
    References {
        /// The repository.
        path: PathBuf,
        /// What git2 says.
        error: git2::Error,
    },
    /// A revision that was named is not in the repository.
    #[error("{variable}: `{revision}` is no revision of this repository: {error}; fetch it first")]
    Revision {
        /// Where the name came from: `PRE_COMMIT_TO_REF`.
        variable: &'static str,
        /// The name.
        revision: String,
        /// What git2 says.
        error: git2::Error,
    },
    /// The file with the commit message was not named and is not where git puts it.
    #[error("{}: holds neither COMMIT_EDITMSG nor MERGE_MSG: name the file of the message, as in `keytrail hook run commit-msg FILE`", git_dir.display())]
    NoMessage {
        /// The git directory.
        git_dir: PathBuf,
    },
}

impl HookError {
    /// Whether the input or the use is at fault (exit code 2) rather than what could not be read
    /// (exit code 3).
    pub const fn is_usage(&self) -> bool {
        !matches!(self, Self::Input(_) | Self::References { .. } | Self::Revision { .. })
    }

    fn file(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::File { path: path.to_path_buf(), action, error }
    }
}
