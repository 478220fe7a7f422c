//! One writer at a time. The lock is the operating system's: it goes when its process goes, however
//! that ends, so that no lock is ever left behind.

use crate::ledger::LedgerError;
use fs4::FileExt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// For how long a process waits for another one. An append takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it sleeps before it asks again.
const NAP: Duration = Duration::from_millis(2);

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    /// What the last holder was about to do when it ended without having done it.
    unfinished: String,
}

impl Lock {
    /// Keeps all others out.
    pub(super) fn exclusive(path: &Path) -> Result<Self, LedgerError> {
        let file = open(path).map_err(|error| LedgerError::io("the lock cannot be made", path, &error))?;
        let mut lock = Self::wait(path, file, FileExt::try_lock)?;
        // A text that cannot be read is none: then nobody's lock is taken for a dead one.
        let _ = lock.file.read_to_string(&mut lock.unfinished);
        Ok(lock)
    }

    /// What the last holder was about to do when it was killed; mostly empty.
    pub(super) fn unfinished(&self) -> &str {
        &self.unfinished
    }

    /// Notes down what is about to be done, so that the next holder knows if this one is killed.
    /// Nothing, once it is done.
    pub(super) fn intend(&mut self, what: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(what.as_bytes())
    }

    /// Keeps writers out, if the lock file can be had: on a medium that cannot be written to nobody
    /// writes.
    pub(super) fn shared(path: &Path) -> Result<Option<Self>, LedgerError> {
        match open(path) {
            Ok(file) => Self::wait(path, file, FileExt::try_lock_shared).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn wait(
        path: &Path,
        file: File,
        attempt: impl Fn(&File) -> Result<(), fs4::TryLockError>,
    ) -> Result<Self, LedgerError> {
        let start = Instant::now();
        loop {
            match attempt(&file) {
                Ok(()) => return Ok(Self { file, unfinished: String::new() }),
                Err(fs4::TryLockError::WouldBlock) if start.elapsed() < PATIENCE => std::thread::sleep(NAP),
                Err(fs4::TryLockError::WouldBlock) => {
                    return Err(LedgerError::Unreadable(format!(
                        "{}: another process has held the ledger for {} s; try again when it is done",
                        path.display(),
                        PATIENCE.as_secs()
                    )));
                }
                Err(fs4::TryLockError::Error(error)) => {
                    return Err(LedgerError::io("the ledger cannot be locked", path, &error));
                }
            }
        }
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// The path with something after its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
