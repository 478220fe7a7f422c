//! Where a ledger is.

use std::path::PathBuf;

/// Where a ledger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    File(PathBuf),
    /// In the ref `refs/keytrail/ledger` of the repository that this path is in.
    Git(PathBuf),
}
