//! Opens one container after another, each with what is inside, and hands out what is none.

use super::budget::{Budget, too_large};
use super::kind::{HEAD, Kind};
use super::{ReadSeek, Reading, notebook, office, pdf, pyc, seven_zip, sqlite, stream, tar, zip};
use crate::coverage::Gap;
use crate::origin::RepoPath;
use crate::source::filter::wants;
use crate::source::text::{Subject, deliver_stream};
use std::cell::Cell;
use std::io::{Cursor, Read};
use std::ops::Range;

/// The bytes of a container.
pub enum Input<'r> {
    /// In memory.
    Slice(&'r [u8]),
    /// On disk, with the size.
    File(&'r mut dyn ReadSeek, u64),
    /// As they come.
    Stream(&'r mut dyn Read),
}

/// Reads one outermost container with all that is inside.
pub struct Unpacker<'a> {
    reading: &'a Reading<'a>,
    outermost: Subject<'a>,
    /// What it may still cost.
    pub budget: &'a Budget<'a>,
    scratch: Cell<Vec<u8>>,
}

impl<'a> Unpacker<'a> {
    /// Gets ready for a container.
    pub fn new(reading: &'a Reading<'a>, outermost: Subject<'a>, budget: &'a Budget<'a>) -> Self {
        Self { reading, outermost, budget, scratch: Cell::default() }
    }

    /// Opens a container that lies in `level - 1` others.
    pub fn open(
        &self,
        kind: Kind,
        input: Input<'_>,
        path: &RepoPath,
        added: Option<&[Range<u64>]>,
        level: u32,
    ) {
        let depth = self.reading.limits.depth;
        if kind.is_archive() && level > depth {
            let why = format_args!(
                "lies in {depth} other archives, and what is inside was not scanned; raise --max-archive-depth"
            );
            self.budget.tell(Gap::TooDeep, path, why);
            return self.as_it_stands(input, path, added);
        }
        match kind {
            Kind::Tar => tar::walk(self, &mut *reader(input), path, level),
            Kind::Gzip | Kind::Bzip2 | Kind::Xz | Kind::Zstd => {
                stream::unpack(self, kind, &mut *reader(input), path, level);
            }
            Kind::Zip => self.out_of_order(input, path, |whole, _| zip::walk(self, whole, path, level)),
            Kind::SevenZip => {
                self.out_of_order(input, path, |whole, size| seven_zip::walk(self, whole, size, path, level));
            }
            Kind::Sqlite => {
                self.out_of_order(input, path, |whole, size| sqlite::walk(self, whole, size, path));
            }
            Kind::Notebook => self.whole(input, path, |json| {
                self.plain(&mut notebook::plain(json).as_slice(), path, added);
            }),
            Kind::Pyc => self.whole(input, path, |bytes| {
                self.plain(&mut pyc::plain(bytes).as_slice(), path, added);
            }),
            Kind::Office => self.whole(input, path, |xml| {
                self.plain(&mut office::plain(xml).as_slice(), path, added);
            }),
            Kind::Pdf => self.whole(input, path, |bytes| pdf::walk(self, bytes, path, level)),
        }
    }

    /// Whether a file inside is wanted.
    pub fn wants(&self, path: &RepoPath) -> bool {
        wants(self.reading.filter, path)
    }

    /// Hands over one file of a container that lies in `level - 1` others. The caller has counted
    /// it. `size` is as the container says.
    pub fn entry(&self, reader: &mut dyn Read, path: &RepoPath, size: Option<u64>, level: u32) {
        if !self.wants(path) {
            return;
        }
        if let Some(limit) = self.reading.limits.max_file_size.filter(|&limit| size > Some(limit)) {
            return self.budget.tell(Gap::TooLarge, path, too_large(limit));
        }
        let mut head = Vec::with_capacity(HEAD);
        if let Err(error) = reader.take(HEAD as u64).read_to_end(&mut head) {
            return self.budget.tell(Gap::Unreadable, path, format_args!("cannot be read: {error}"));
        }
        let kind = Kind::of(&head, path);
        let mut whole = head.as_slice().chain(reader);
        match kind {
            Some(kind) => self.open(kind, Input::Stream(&mut whole), path, None, level + 1),
            None => self.plain(&mut whole, path, None),
        }
    }

    /// Hands over what a compressed file holds: the files of a tar, which is shown as one archive
    /// with its compression, or else one file.
    pub fn decompressed(&self, reader: &mut dyn Read, path: &RepoPath, level: u32) {
        let mut head = Vec::with_capacity(HEAD);
        if let Err(error) = reader.take(HEAD as u64).read_to_end(&mut head) {
            return self.budget.tell(Gap::Unreadable, path, format_args!("cannot be read: {error}"));
        }
        let is_tar = Kind::of(&head, path) == Some(Kind::Tar);
        let mut whole = head.as_slice().chain(reader);
        if is_tar {
            tar::walk(self, &mut whole, path, level);
        } else if self.budget.entry() {
            let inner = super::inner(path, stream::name_inside(path));
            self.entry(&mut whole, &inner, None, level);
        }
    }

    /// Hands over text under a path of its own.
    pub fn plain(&self, reader: &mut dyn Read, path: &RepoPath, added: Option<&[Range<u64>]>) {
        let limit = self.reading.limits.max_file_size;
        let mut limited = reader.take(limit.map_or(u64::MAX, |limit| limit.saturating_add(1)));
        let subject = Subject { path, origin: self.outermost.origin, added, known: None };
        let mut scratch = self.scratch.take();
        let (visit, coverage) = (self.reading.visit, self.reading.coverage);
        let read = deliver_stream(&mut limited, subject, &mut scratch, visit, coverage);
        self.scratch.set(scratch);
        if let Err(error) = read {
            self.budget.tell(Gap::Unreadable, path, format_args!("cannot be read: {error}"));
        }
        if let Some(limit) = limit.filter(|_| limited.limit() == 0) {
            self.budget.tell(Gap::TooLarge, path, too_large(limit));
        }
    }

    fn as_it_stands(&self, input: Input<'_>, path: &RepoPath, added: Option<&[Range<u64>]>) {
        self.plain(&mut *reader(input), path, added);
    }

    /// Reads what has to be read out of order. What cannot be opened is told and scanned as it
    /// stands.
    fn out_of_order(
        &self,
        input: Input<'_>,
        path: &RepoPath,
        read: impl FnOnce(&mut dyn ReadSeek, u64) -> Result<(), (Gap, String)>,
    ) {
        let whole = |whole: &mut dyn ReadSeek, size| {
            if let Err((gap, why)) = read(whole, size) {
                self.budget.tell(gap, path, format_args!("{why}; its bytes were scanned as they stand"));
                if whole.rewind().is_ok() {
                    self.plain(whole, path, None);
                }
            }
        };
        match input {
            Input::Slice(bytes) => whole(&mut Cursor::new(bytes), bytes.len() as u64),
            Input::File(file, size) => whole(file, size),
            Input::Stream(stream) => {
                if let Some(bytes) = self.hold(stream, path) {
                    whole(&mut Cursor::new(&bytes), bytes.len() as u64);
                    self.budget.release(bytes.len());
                }
            }
        }
    }

    /// Reads what is needed as a whole.
    fn whole(&self, input: Input<'_>, path: &RepoPath, read: impl FnOnce(&[u8])) {
        match input {
            Input::Slice(bytes) => read(bytes),
            other => {
                if let Some(bytes) = self.hold(&mut *reader(other), path) {
                    read(&bytes);
                    self.budget.release(bytes.len());
                }
            }
        }
    }

    /// Reads something into memory, if there is room, which the caller gives back.
    fn hold(&self, stream: &mut dyn Read, path: &RepoPath) -> Option<Vec<u8>> {
        let room = self.budget.hold(usize::MAX);
        let mut bytes = Vec::new();
        let read = stream.take(room as u64 + 1).read_to_end(&mut bytes);
        if let Err(error) = read {
            self.budget.tell(Gap::Unreadable, path, format_args!("cannot be read: {error}"));
        } else if bytes.len() <= room {
            self.budget.release(room - bytes.len());
            return Some(bytes);
        } else {
            let why = format_args!(
                "has more than the {} MiB that are held in memory; unpack what it lies in and scan the folder",
                super::budget::HELD >> 20
            );
            self.budget.tell(Gap::TooLarge, path, why);
        }
        self.budget.release(room);
        None
    }
}

fn reader(input: Input<'_>) -> Box<dyn Read + '_> {
    match input {
        Input::Slice(bytes) => Box::new(bytes),
        Input::File(file, _) => Box::new(file),
        Input::Stream(stream) => Box::new(stream),
    }
}
