//! Where bytes come from: each source reads its own kind of place and hands every document to a
//! visitor, from many threads at once and with bounded memory.

pub mod changes;
pub mod commits;
pub mod container;
pub mod file;
pub mod filter;
pub mod graph;
pub mod lines;
pub mod message;
pub mod object;
pub mod repository;
pub mod revision;
pub mod staged;
pub mod stdin;
pub mod stores;
pub mod text;
pub mod tips;
pub mod tree;
pub mod treeish;
pub mod worktree;

use crate::coverage::Coverage;
use crate::document::Document;

/// What is called for each document. It is called from many threads, in any order.
pub type Visit<'a> = dyn Fn(&Document<'_>) + Sync + 'a;

/// Something that has documents.
pub trait Source {
    /// Reads all documents. What cannot be read goes into `coverage`; an error means that nothing
    /// sensible could be read at all.
    fn read(&self, visit: &Visit<'_>, coverage: &Coverage) -> Result<(), SourceError>;
}

/// Why a source could not start or had to give up.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The user asked for something that makes no sense here; exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The place exists but cannot be read; exit code 3.
    #[error("{0}")]
    Unreadable(String),
}
