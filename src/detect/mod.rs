//! Detection: from the bytes of a document to secrets.

pub mod checks;
