//! Files that hold text in another form than their own bytes: archives, compressed files,
//! documents. Every source hands its files through [`Reading`], which opens what it knows and
//! hands the rest on as it is. Nothing is written to disk. `docs/archives.md` has the formats, the
//! bounds and what is told.

pub mod budget;
pub mod kind;
mod notebook;
mod office;
mod pdf;
mod pyc;
mod seven_zip;
mod sqlite;
mod stream;
mod tar;
mod unpack;
mod zip;

use crate::coverage::{Coverage, Gap};
use crate::origin::RepoPath;
use crate::source::Visit;
use crate::source::filter::PathFilter;
use crate::source::text::{STRETCH, Subject, deliver, deliver_stream};
use budget::{Budget, Counting};
use kind::{HEAD, Kind};
use std::io::{self, Read, Seek};
use std::panic::{self, AssertUnwindSafe};
use unpack::{Input, Unpacker};

/// How deep archives in archives are read if nobody says otherwise.
pub const DEPTH: u32 = 8;

/// What a user sets about containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many archives may lie in each other; 0 reads every file as it stands.
    pub depth: u32,
    /// Files inside with more bytes are left out, and that is told.
    pub max_file_size: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: DEPTH, max_file_size: None }
    }
}

/// Something that can be read out of order.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek + ?Sized> ReadSeek for T {}

/// How files become documents: what every source shares.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// How far containers are opened.
    pub limits: Limits,
    /// Which paths are wanted, those inside of containers too.
    pub filter: Option<PathFilter<'a>>,
    /// Whom to call.
    pub visit: &'a Visit<'a>,
    /// The account.
    pub coverage: &'a Coverage,
}

impl Reading<'_> {
    /// The kind of a file, unless containers are read as they stand.
    pub fn kind(&self, head: &[u8], path: &RepoPath) -> Option<Kind> {
        if self.limits.depth == 0 { None } else { Kind::of(head, path) }
    }

    /// Hands over a file that is in memory.
    pub fn bytes(&self, bytes: &[u8], subject: Subject<'_>) {
        match self.kind(bytes, subject.path) {
            None => self.plain(bytes, subject),
            Some(kind) => self.open(kind, Input::Slice(bytes), subject, Some(bytes.len() as u64)),
        }
    }

    /// Hands over a stream, to its end. `buffer` is scratch space.
    ///
    /// # Errors
    ///
    /// Those of the stream, if it is none that a container could be told of.
    pub fn stream(
        &self,
        reader: &mut dyn Read,
        subject: Subject<'_>,
        buffer: &mut Vec<u8>,
    ) -> io::Result<()> {
        buffer.clear();
        reader.take(HEAD as u64).read_to_end(buffer)?;
        let head = std::mem::take(buffer);
        let kind = self.kind(&head, subject.path);
        let mut whole = head.as_slice().chain(reader);
        match kind {
            None => deliver_stream(&mut whole, subject, buffer, self.visit, self.coverage)?,
            Some(kind) => self.open(kind, Input::Stream(&mut whole), subject, None),
        }
        Ok(())
    }

    /// Hands over a file on disk that is too large for memory. `buffer` is scratch space.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn file(
        &self,
        file: &mut dyn ReadSeek,
        size: u64,
        subject: Subject<'_>,
        buffer: &mut Vec<u8>,
    ) -> io::Result<()> {
        buffer.clear();
        file.take(HEAD as u64).read_to_end(buffer)?;
        file.rewind()?;
        match self.kind(buffer, subject.path) {
            None => deliver_stream(file, subject, buffer, self.visit, self.coverage),
            Some(kind) => {
                self.open(kind, Input::File(file, size), subject, Some(size));
                Ok(())
            }
        }
    }

    fn plain(&self, bytes: &[u8], subject: Subject<'_>) {
        if bytes.len() <= STRETCH {
            return deliver(bytes, subject, self.visit, self.coverage);
        }
        let (mut reader, mut buffer) = (bytes, Vec::new());
        if let Err(error) = deliver_stream(&mut reader, subject, &mut buffer, self.visit, self.coverage) {
            self.coverage.unreadable(subject.path, &error);
        }
    }

    fn open(&self, kind: Kind, input: Input<'_>, subject: Subject<'_>, size: Option<u64>) {
        let budget = Budget::new(self.coverage, subject.path, size);
        let unpacker = Unpacker::new(self, subject, &budget);
        let open = || match (input, size) {
            (Input::Stream(inner), None) => {
                let mut counted = Counting { inner, count: &budget.read };
                unpacker.open(kind, Input::Stream(&mut counted), subject.path, subject.added, 1);
            }
            (input, _) => unpacker.open(kind, input, subject.path, subject.added, 1),
        };
        // The decoders are other people's; a mistake in one must not end the scan of all the rest.
        if panic::catch_unwind(AssertUnwindSafe(open)).is_err() {
            let why = "cannot be read: its decoder failed; unpack it and scan the folder";
            self.coverage.leave_out(Gap::Corrupt, subject.path, why);
        }
        budget.finish();
    }
}

/// The path of something inside a container.
pub(super) fn inner(container: &RepoPath, name: &[u8]) -> RepoPath {
    let mut name = name;
    while let Some(shorter) = name.strip_prefix(b"./").or_else(|| name.strip_prefix(b"/")) {
        name = shorter;
    }
    let name: &[u8] = if name.is_empty() { b"unnamed" } else { name };
    RepoPath::new([container.as_bytes(), b"!/", name].concat())
}
