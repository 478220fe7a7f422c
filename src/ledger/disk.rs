//! A ledger in a file.
//!
//! An append is one `write` of whole lines at the end, then `fdatasync`. What a crash leaves of it is
//! a prefix; if that ends within a line, the torn line was never acknowledged, and the next append
//! moves it into a file beside. The next entry needs nothing but the last line, so nothing else is
//! read and nothing is kept on the side that could go stale.

use crate::ledger::checkpoint::SignedCheckpoint;
use crate::ledger::entry::{self, Encode};
use crate::ledger::lock::{Lock, beside};
use crate::ledger::{LONGEST_LINE, LedgerError};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What the folder that we made for a ledger keeps out of git: what is of use on one machine only.
const IGNORED: &str = "# What keytrail needs on this machine only.\n*.lock\n*.torn-*\n";
/// How much of the end is read at first; most lines are far shorter.
const WINDOW: u64 = 8 << 10;

/// A ledger in a file.
#[derive(Debug)]
pub(super) struct DiskStore {
    path: PathBuf,
}

/// The end of the file.
struct Tail {
    /// The last whole line, its line feed aside.
    line: Vec<u8>,
    /// Where the whole lines end.
    end: u64,
}

impl DiskStore {
    pub(super) fn create(path: &Path, header: &[u8]) -> Result<Self, LedgerError> {
        let failed = |error: &io::Error| LedgerError::io("the ledger cannot be made", path, error);
        let folder = folder(path);
        if !folder.is_dir() {
            fs::create_dir_all(folder).map_err(|error| failed(&error))?;
            fs::write(folder.join(".gitignore"), IGNORED).map_err(|error| failed(&error))?;
        }
        let store = Self { path: path.to_owned() };
        let _lock = store.lock()?;
        if path.symlink_metadata().is_ok() {
            return Err(LedgerError::Usage(format!(
                "{} is there already; a ledger is never overwritten. Name another file with --ledger",
                path.display()
            )));
        }
        replace(path, &[header, b"\n"].concat()).map_err(|error| failed(&error))?;
        Ok(store)
    }

    pub(super) fn at(path: &Path) -> Result<Self, LedgerError> {
        let store = Self { path: path.to_owned() };
        File::open(path).map_err(|error| store.unreadable(&error))?;
        Ok(store)
    }

    pub(super) fn open(path: &Path) -> Result<Self, LedgerError> {
        let store = Self { path: path.to_owned() };
        let line = store.first_line()?;
        entry::origin(&path.display().to_string(), &line)?;
        Ok(store)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn lock(&self) -> Result<Lock, LedgerError> {
        Lock::exclusive(&beside(&self.path, ".lock"))
    }

    fn unreadable(&self, error: &io::Error) -> LedgerError {
        if error.kind() == io::ErrorKind::NotFound {
            return LedgerError::Missing(self.path.display().to_string());
        }
        LedgerError::io("the ledger cannot be read", &self.path, error)
    }

    pub(super) fn first_line(&self) -> Result<Vec<u8>, LedgerError> {
        let file = File::open(&self.path).map_err(|error| self.unreadable(&error))?;
        let mut line = Vec::new();
        let mut reader = BufReader::new(file).take(LONGEST_LINE as u64 + 1);
        reader.read_until(b'\n', &mut line).map_err(|error| self.unreadable(&error))?;
        line.pop_if(|byte| *byte == b'\n');
        Ok(line)
    }

    pub(super) fn read(&self) -> Result<Vec<u8>, LedgerError> {
        // Asked first, so that no lock is made where there is nothing to lock.
        let mut file = File::open(&self.path).map_err(|error| self.unreadable(&error))?;
        let _lock = Lock::shared(&beside(&self.path, ".lock"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| self.unreadable(&error))?;
        Ok(bytes)
    }

    pub(super) fn append(
        &mut self,
        encode: Encode<'_>,
        notices: &mut Vec<String>,
    ) -> Result<u64, LedgerError> {
        let _lock = self.lock()?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.path)
            .map_err(|error| self.unreadable(&error))?;
        let length = file.metadata().map_err(|error| self.unreadable(&error))?.len();
        let tail = self.tail(&mut file, length)?;
        // Before anything is cut off: what cannot be followed is left as it is.
        let last = entry::last(&self.path.display().to_string(), &tail.line)?;
        let lines = encode(&last)?;
        if tail.end < length {
            notices.push(self.move_torn(&mut file, &tail, length)?);
        }
        let mut bytes = lines.join(&b'\n');
        if bytes.is_empty() {
            return Ok(last.number + 1);
        }
        bytes.push(b'\n');
        if let Err(error) = write_whole(&mut file, tail.end, &bytes) {
            // Back to the last whole entry. If that fails too, a torn end is left, which the next
            // append moves aside.
            let back = file.set_len(tail.end).and_then(|()| file.sync_data());
            let rest = match back {
                Ok(()) => "the ledger is as it was before".to_owned(),
                Err(error) => format!("what was written of it could not be taken back: {error}"),
            };
            return Err(LedgerError::Unreadable(format!(
                "{}: the entry cannot be written: {error}; {rest}",
                self.path.display()
            )));
        }
        Ok(last.number + 1)
    }

    /// Finds the last whole line, reading from the end.
    fn tail(&self, file: &mut File, length: u64) -> Result<Tail, LedgerError> {
        let mut window = WINDOW;
        loop {
            let start = length.saturating_sub(window);
            let mut bytes = vec![0; (length - start) as usize];
            file.seek(SeekFrom::Start(start))
                .and_then(|_| file.read_exact(&mut bytes))
                .map_err(|error| self.unreadable(&error))?;
            if let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') {
                let before = bytes[..end].iter().rposition(|byte| *byte == b'\n');
                if before.is_some() || start == 0 {
                    let line = bytes[before.map_or(0, |at| at + 1)..end].to_vec();
                    return Ok(Tail { line, end: start + end as u64 + 1 });
                }
            }
            if start == 0 || window > 2 * LONGEST_LINE as u64 {
                return Err(LedgerError::Unreadable(format!(
                    "{}: its end is not a ledger's: there is no whole line in it; look with `keytrail ledger \
                     verify`",
                    self.path.display()
                )));
            }
            window *= 8;
        }
    }

    /// Copies a torn end into a file beside and cuts it off. Returns what to tell.
    fn move_torn(&self, file: &mut File, tail: &Tail, length: u64) -> Result<String, LedgerError> {
        let failed = |path: &Path, error: &io::Error| {
            LedgerError::io("the torn end of the ledger cannot be moved aside", path, error)
        };
        let mut torn = Vec::new();
        file.seek(SeekFrom::Start(tail.end))
            .and_then(|_| file.read_to_end(&mut torn))
            .map_err(|error| failed(&self.path, &error))?;
        let mut attempt = 1_u32;
        let aside = loop {
            let more = if attempt == 1 { String::new() } else { format!("-{attempt}") };
            let aside = beside(&self.path, &format!(".torn-{}{more}", tail.end));
            match OpenOptions::new().write(true).create_new(true).open(&aside) {
                Ok(mut out) => {
                    if let Err(error) = out.write_all(&torn).and_then(|()| out.sync_all()) {
                        // Half a copy helps nobody; the torn end itself is still where it was.
                        let _ = fs::remove_file(&aside);
                        return Err(failed(&aside, &error));
                    }
                    break aside;
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
                Err(error) => return Err(failed(&aside, &error)),
            }
        };
        sync_folder(folder(&self.path))
            .and_then(|()| file.set_len(tail.end))
            .and_then(|()| file.sync_data())
            .map_err(|error| failed(&self.path, &error))?;
        Ok(format!(
            "{}: a write was cut short here, and its entry was never acknowledged; its {} bytes were moved to {}",
            self.path.display(),
            length - tail.end,
            aside.display()
        ))
    }

    pub(super) fn checkpoint(&self) -> Result<Option<String>, LedgerError> {
        let path = beside(&self.path, ".checkpoint");
        match fs::read(&path) {
            Ok(bytes) => String::from_utf8(bytes)
                .map(Some)
                .map_err(|_| LedgerError::Usage(format!("{}: not a checkpoint: no UTF-8", path.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LedgerError::io("the checkpoint cannot be read", &path, &error)),
        }
    }

    /// Keeps a checkpoint, unless a larger one was kept meanwhile.
    pub(super) fn keep_checkpoint(&mut self, new: &SignedCheckpoint) -> Result<(), LedgerError> {
        let _lock = self.lock()?;
        let path = beside(&self.path, ".checkpoint");
        if let Some(text) = self.checkpoint()? {
            let kept = SignedCheckpoint::parse(&text, &path.display().to_string())?;
            if kept.checkpoint.size > new.checkpoint.size {
                return Ok(());
            }
        }
        replace(&path, new.text().as_bytes())
            .map_err(|error| LedgerError::io("the checkpoint cannot be written", &path, &error))
    }
}

/// Writes bytes in one go and waits for the disk.
fn write_whole(file: &mut File, at: u64, bytes: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    let written = loop {
        match file.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            written => break written?,
        }
    };
    if written < bytes.len() {
        // A second write would tell the same, or end the process where the size of files is limited.
        return Err(io::Error::new(
            io::ErrorKind::StorageFull,
            format!("only {written} of {} bytes fit", bytes.len()),
        ));
    }
    file.sync_data()
}

/// Writes a file whole or not at all.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = folder(path);
    let mut aside = tempfile::Builder::new().prefix(".keytrail-").tempfile_in(folder)?;
    aside.write_all(content)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        aside.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    aside.as_file().sync_all()?;
    aside.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Makes sure that a name is on the disk too.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    let _ = folder;
    Ok(())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
