//! The bounds on what one container may cost, and the account of what was left out because of
//! them. `docs/archives.md` says why each is what it is.

use crate::coverage::{Coverage, Gap};
use crate::origin::RepoPath;
use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};

/// Bytes that come out for each byte that went in, at most.
pub const RATIO: u64 = 200;

/// Bytes that may come out of a file whatever the ratio, and twice as many of an outermost container:
/// small files of zeros are no bombs.
pub const FREE: u64 = 8 << 20;

/// Bytes unpacked from one outermost container with all that is inside, at most.
pub const TOTAL: u64 = 4 << 30;

/// Entries of one outermost container with all that is inside, at most.
pub const ENTRIES: u64 = 200_000;

/// Bytes of containers inside containers that are in memory at one time, at most. Only those are
/// that have to be read out of order.
pub const HELD: usize = 128 << 20;

/// So many things that are wrong with one container are told one by one.
const TOLD: u64 = 100;

/// What an outermost container has used up. One thread reads it.
pub struct Budget<'a> {
    coverage: &'a Coverage,
    outermost: &'a RepoPath,
    /// Its size, where that is known before it is read.
    size: Option<u64>,
    /// The bytes of it that were read, where its size is not known.
    pub read: Cell<u64>,
    unpacked: Cell<u64>,
    entries: Cell<u64>,
    held: Cell<usize>,
    told: Cell<u64>,
    exhausted: Cell<bool>,
    /// A layer has failed and told so; those above it only see its data end.
    failing: Cell<bool>,
}

impl<'a> Budget<'a> {
    /// Opens the account of an outermost container.
    pub fn new(coverage: &'a Coverage, outermost: &'a RepoPath, size: Option<u64>) -> Self {
        Self {
            coverage,
            outermost,
            size,
            read: Cell::new(0),
            unpacked: Cell::new(0),
            entries: Cell::new(0),
            held: Cell::new(0),
            told: Cell::new(0),
            exhausted: Cell::new(false),
            failing: Cell::new(false),
        }
    }

    /// Tells that something was not read, unless that only follows from what was told before.
    pub fn tell(&self, gap: Gap, path: &RepoPath, why: impl fmt::Display) {
        if self.failing.get() {
            return;
        }
        let told = self.told.get();
        self.told.set(told + 1);
        if told < TOLD {
            self.coverage.leave_out(gap, path, why);
        }
    }

    /// Counts an entry. False if there were too many, which is told.
    pub fn entry(&self) -> bool {
        if self.exhausted.get() {
            return false;
        }
        let entries = self.entries.get() + 1;
        self.entries.set(entries);
        if entries > ENTRIES {
            self.exhaust(Gap::TooMany, format_args!("holds more than {ENTRIES} files"));
            return false;
        }
        true
    }

    /// Whether a bound on the whole was reached, so that nothing more of it is read.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted.get()
    }

    fn exhaust(&self, gap: Gap, why: impl fmt::Display) {
        if !self.exhausted.replace(true) {
            let step = "the rest was not scanned; unpack it and scan the folder, or exclude it";
            self.coverage.leave_out(gap, self.outermost, format_args!("{why}; {step}"));
        }
    }

    /// Counts bytes that came out. False if that was too much, which is told.
    fn unpacked(&self, bytes: u64) -> bool {
        let unpacked = self.unpacked.get() + bytes;
        self.unpacked.set(unpacked);
        let size = self.size.unwrap_or_else(|| self.read.get());
        if unpacked > TOTAL {
            self.exhaust(Gap::Bomb, format_args!("unpacks to more than {} GiB", TOTAL >> 30));
        } else if unpacked > 2 * FREE && unpacked / RATIO > size {
            self.exhaust(Gap::Bomb, format_args!("unpacks to more than {RATIO} times its size"));
        }
        !self.exhausted.get()
    }

    /// Takes room for bytes in memory, as far as there is any, and gives back what was granted.
    pub fn hold(&self, bytes: usize) -> usize {
        let granted = bytes.min(HELD - self.held.get());
        self.held.set(self.held.get() + granted);
        granted
    }

    /// Gives room back.
    pub fn release(&self, bytes: usize) {
        self.held.set(self.held.get().saturating_sub(bytes));
    }

    /// Closes the account.
    pub fn finish(&self) {
        let more = self.told.get().saturating_sub(TOLD);
        if more > 0 {
            let why = format_args!("{more} more places inside could not be read either");
            self.coverage.leave_out(Gap::Corrupt, self.outermost, why);
        }
    }
}

/// How many bytes went into what comes out.
#[derive(Clone, Copy)]
pub enum Packed<'a> {
    /// As the container says; it was checked that it has them.
    Known(u64),
    /// As they are counted.
    Counted(&'a Cell<u64>),
}

impl Packed<'_> {
    fn get(self) -> u64 {
        match self {
            Self::Known(bytes) => bytes,
            Self::Counted(bytes) => bytes.get(),
        }
    }
}

/// What comes out of a decoder, up to the bounds. Where a bound is reached, or the data turns out
/// to be damaged, that is told and the data ends there.
pub struct Bounded<'b, R> {
    inner: R,
    budget: &'b Budget<'b>,
    path: &'b RepoPath,
    packed: Packed<'b>,
    out: u64,
    done: bool,
    failed: bool,
}

impl<'b, R: Read> Bounded<'b, R> {
    /// Puts a decoder into bounds. `path` is what is told.
    pub fn new(inner: R, budget: &'b Budget<'b>, path: &'b RepoPath, packed: Packed<'b>) -> Self {
        Self { inner, budget, path, packed, out: 0, done: false, failed: false }
    }

    fn fail(&mut self, gap: Gap, why: impl fmt::Display) {
        self.budget.tell(gap, self.path, why);
        self.stop();
    }

    fn stop(&mut self) {
        self.failed = !self.budget.failing.replace(true);
        self.done = true;
    }
}

impl<R> Drop for Bounded<'_, R> {
    fn drop(&mut self) {
        if self.failed {
            self.budget.failing.set(false);
        }
    }
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.done || into.is_empty() {
            return Ok(0);
        }
        let count = match self.inner.read(into) {
            Ok(0) => {
                self.done = true;
                return Ok(0);
            }
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                self.fail(Gap::Corrupt, why_damaged(&error));
                return Ok(0);
            }
        };
        self.out += count as u64;
        if self.out > FREE && self.out / RATIO > self.packed.get() {
            self.fail(
                Gap::Bomb,
                format_args!(
                    "unpacks to more than {RATIO} times its size; the rest of it was not scanned: unpack it \
                     and scan the folder, or exclude it"
                ),
            );
        }
        if !self.budget.unpacked(count as u64) && !self.done {
            self.stop();
        }
        Ok(count)
    }
}

/// What is told about data that cannot be decoded.
pub fn why_damaged(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "is cut off; what comes after was not scanned".to_owned(),
        io::ErrorKind::OutOfMemory => {
            format!("needs more than {} MiB of memory to unpack; unpack it and scan the folder", HELD >> 20)
        }
        _ => format!("is damaged; what comes after was not scanned ({error})"),
    }
}

/// What is told about a file over the user's limit.
pub fn too_large(limit: u64) -> String {
    format!("is over the limit of {limit} bytes; raise the limit to scan it")
}

/// Counts the bytes that are read.
pub struct Counting<'b, R> {
    /// What they are read from.
    pub inner: R,
    /// The count.
    pub count: &'b Cell<u64>,
}

impl<R: Read> Read for Counting<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}
