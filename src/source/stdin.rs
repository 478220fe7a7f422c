//! Standard input.

use crate::coverage::Coverage;
use crate::origin::{Origin, OriginKind, RepoPath};
use crate::source::text::{Subject, deliver_stream};
use crate::source::{Source, SourceError, Visit};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

/// Standard input, or any other stream, read once to its end.
pub struct Stdin {
    name: RepoPath,
    stream: Mutex<Box<dyn Read + Send>>,
}

impl Stdin {
    /// Standard input, reported under a name.
    pub fn new(name: RepoPath) -> Self {
        Self::from_reader(name, std::io::stdin())
    }

    /// Any stream.
    pub fn from_reader(name: RepoPath, reader: impl Read + Send + 'static) -> Self {
        Self { name, stream: Mutex::new(Box::new(reader)) }
    }
}

impl Source for Stdin {
    fn read(&self, visit: &Visit<'_>, coverage: &Coverage) -> Result<(), SourceError> {
        let origin = Arc::new(Origin::plain(OriginKind::Stdin));
        let subject = Subject { path: &self.name, origin: &origin, added: None };
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffer = Vec::new();
        if let Err(error) = deliver_stream(&mut *stream, subject, &mut buffer, visit, coverage) {
            coverage.unreadable(&self.name, &error);
        }
        Ok(())
    }
}
