//! Reading one file from disk, fast.

use crate::coverage::Gap;
use crate::origin::{Origin, RepoPath};
use crate::source::container::Reading;
use crate::source::text::{STRETCH, Subject};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// What holds for every file.
pub struct FileRules<'a> {
    /// The origin of the documents.
    pub origin: &'a Arc<Origin>,
    /// How files become documents.
    pub reading: Reading<'a>,
    /// Files with more bytes are left out.
    pub max_size: Option<u64>,
}

/// A thread's scratch space for files.
#[derive(Debug, Default)]
pub struct FileReader {
    /// For files that are read in one go. All of it is initialised, so that no file costs the
    /// clearing of memory.
    whole: Vec<u8>,
    /// For files that come in stretches.
    stretch: Vec<u8>,
}

impl FileReader {
    /// Reads a file (or a pipe or device, to its end) and hands it to the visitor. What cannot be
    /// read goes into the account.
    pub fn read(&mut self, path: &Path, shown: &RepoPath, rules: &FileRules<'_>) {
        match self.try_read(path, shown, rules) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                rules.reading.coverage.unreadable(shown, &error);
            }
            // A file that went away since it was listed holds nothing any more.
            Ok(()) | Err(_) => {}
        }
    }

    fn try_read(&mut self, path: &Path, shown: &RepoPath, rules: &FileRules<'_>) -> io::Result<()> {
        let reading = &rules.reading;
        let subject = Subject { path: shown, origin: rules.origin, added: None, known: None };
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        if let Some(limit) = rules.max_size.filter(|&limit| size > limit) {
            let why = format!("has {size} bytes, over the limit of {limit}; raise the limit to scan it");
            reading.coverage.leave_out(Gap::TooLarge, shown, why);
            return Ok(());
        }
        // Zero is also what pipes, devices and files made by the kernel say.
        if size == 0 {
            return reading.stream(&mut file, subject, &mut self.stretch);
        }
        if size > STRETCH as u64 {
            return reading.file(&mut file, size, subject, &mut self.stretch);
        }
        let size = size as usize;
        if self.whole.len() < size {
            self.whole.resize(size.next_power_of_two(), 0);
        }
        let mut filled = 0;
        while filled < size {
            match file.read(&mut self.whole[filled..size]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        reading.bytes(&self.whole[..filled], subject);
        Ok(())
    }
}
