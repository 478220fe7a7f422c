//! Finds secrets in documents.

pub mod allow;
