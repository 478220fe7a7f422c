//! Standard input.

use crate::coverage::Coverage;
use crate::origin::{Origin, OriginKind, RepoPath};
use crate::source::container::{Limits, Reading};
use crate::source::text::Subject;
use crate::source::{Source, SourceError, Visit};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

/// Standard input, or any other stream, read once to its end.
pub struct Stdin {
    name: RepoPath,
    stream: Mutex<Box<dyn Read + Send>>,
    containers: Limits,
}

impl Stdin {
    /// Standard input, reported under a name.
    pub fn new(name: RepoPath) -> Self {
        Self::from_reader(name, std::io::stdin())
    }

    /// Any stream.
    pub fn from_reader(name: RepoPath, reader: impl Read + Send + 'static) -> Self {
        Self { name, stream: Mutex::new(Box::new(reader)), containers: Limits::default() }
    }

    /// How far archives are opened.
    #[must_use]
    pub fn containers(self, containers: Limits) -> Self {
        Self { containers, ..self }
    }
}

impl Source for Stdin {
    fn read(&self, visit: &Visit<'_>, coverage: &Coverage) -> Result<(), SourceError> {
        let origin = Arc::new(Origin::plain(OriginKind::Stdin));
        let subject = Subject { path: &self.name, origin: &origin, added: None, known: None };
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffer = Vec::new();
        let reading = Reading { limits: self.containers, filter: None, visit, coverage };
        if let Err(error) = reading.stream(&mut *stream, subject, &mut buffer) {
            coverage.unreadable(&self.name, &error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::{CoverageReport, Gap};

    fn read(reader: impl Read + Send + 'static) -> (Vec<u8>, CoverageReport) {
        let (text, coverage) = (Mutex::new(Vec::new()), Coverage::default());
        let source = Stdin::from_reader(RepoPath::new("shown/name"), reader);
        let visit = |document: &crate::document::Document<'_>| {
            assert_eq!(document.path.as_bytes(), b"shown/name");
            assert_eq!(document.origin.kind, OriginKind::Stdin);
            text.lock().expect("one thread").extend_from_slice(&document.text[document.own.clone()]);
        };
        source.read(&visit, &coverage).expect("a stream is always begun");
        (text.into_inner().expect("one thread"), coverage.finish())
    }

    #[test]
    fn a_stream_is_read_to_its_end_under_its_name() {
        let long = "a line\n".repeat(1_000_000).into_bytes();
        let (text, report) = read(std::io::Cursor::new(long.clone()));
        assert!(text == long && report.is_complete());
        assert_eq!((report.documents, report.bytes), (1, long.len() as u64));
    }

    #[test]
    fn a_stream_that_breaks_is_told() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("the other end went away"))
            }
        }
        let (_, report) = read(Broken);
        assert_eq!(report.left_out[0].gap, Gap::Unreadable);
        assert_eq!(report.left_out[0].what, "shown/name");
    }
}
