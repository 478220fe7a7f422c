//! Why something about a ledger could not be done.

use std::io;

/// Why something about a ledger could not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// There is no ledger at this place.
    #[error("there is no ledger at {0}; make one with `keytrail ledger init`")]
    Missing(String),
    /// What was asked for makes no sense or is not allowed.
    #[error("{0}")]
    Usage(String),
    /// Something could not be read or written.
    #[error("{0}")]
    Unreadable(String),
    /// An entry is not what was written.
    #[error(
        "{ledger}: entry {entry} is not right: {problem}; look with `keytrail ledger verify`, and go back to a \
         copy that verifies"
    )]
    Damaged {
        /// The ledger.
        ledger: String,
        /// The first entry that is wrong.
        entry: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The entries are not those that a checkpoint was signed over.
    #[error(
        "{ledger}: the first {size} entries are not those that its checkpoint was signed over: they were rewritten. \
         Nothing is signed; look with `keytrail ledger verify`, and go back to a copy that verifies"
    )]
    Rewritten {
        /// The ledger.
        ledger: String,
        /// How many entries the checkpoint covers.
        size: u64,
    },
}

impl LedgerError {
    /// An entry that is not what was written.
    pub(super) fn damaged(ledger: String, entry: u64, problem: impl Into<String>) -> Self {
        Self::Damaged { ledger, entry, problem: problem.into() }
    }

    /// An error of the operating system while something was done to a file.
    pub(super) fn io(what: &str, path: &std::path::Path, error: &io::Error) -> Self {
        Self::Unreadable(format!("{}: {what}: {error}", path.display()))
    }

    /// The same for git.
    pub(super) fn git(what: &str, error: &git2::Error) -> Self {
        Self::Unreadable(format!("{what}: {}", error.message()))
    }
}
