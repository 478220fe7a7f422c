//! A ledger in a git ref.
//!
//! Each append is a commit on `refs/keytrail/ledger`. Its tree has the lines in pieces,
//! `entries/000000000000.jsonl` and so on, named after the number of their first entry, and the newest
//! `checkpoint`. All pieces one after the other are the ledger. Pieces, because git stores a changed
//! file anew: with one file an append to 100,000 entries would write 30 MB.
//!
//! The ref only moves from the commit that was read to its child, so that of two writers one has to
//! read again, and no entry is lost.

use crate::ledger::checkpoint::SignedCheckpoint;
use crate::ledger::entry::{self, Encode};
use crate::ledger::exchange::INCOMING;
use crate::ledger::lock::Lock;
use crate::ledger::{LedgerError, verify};
use crate::moment::Moment;
use git2::{Commit, ErrorCode, ObjectType, Oid, Repository, Signature, Time, Tree};
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The ref.
pub const REFERENCE: &str = "refs/keytrail/ledger";
/// The folder of the pieces in the tree.
const FOLDER: &str = "entries";
/// The name of the checkpoint in the tree.
const CHECKPOINT: &str = "checkpoint";
/// How many entries a piece has.
const PIECE: u64 = 256;
/// For how long git's lock must not change before a part of our own word in it is taken for ours.
const STANDSTILL: Duration = Duration::from_secs(1);
/// For how long the ref is tried while others move it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A ledger in a git ref.
pub(super) struct GitStore {
    repository: Repository,
}

impl fmt::Debug for GitStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GitStore({})", self.shown())
    }
}

/// A commit that the ref shall move to, with what the caller wants to know of it.
type Made<T> = Result<(Oid, T), LedgerError>;

/// A piece that is to be written.
struct Piece {
    first: u64,
    bytes: Vec<u8>,
}

impl GitStore {
    pub(super) fn create(folder: &Path, header: &[u8], at: Moment) -> Result<Self, LedgerError> {
        let store = Self::repository(folder)?;
        let mut lock = store.lock()?;
        if store.tip()?.is_some() {
            return Err(LedgerError::Usage(format!(
                "{} is there already; a ledger is never overwritten",
                store.shown()
            )));
        }
        let pieces = [Piece { first: 0, bytes: [header, b"\n"].concat() }];
        let commit = store.commit(None, &pieces, None, "keytrail ledger: begin", at)?;
        store
            .move_reference(&mut lock, None, commit)
            .map_err(|error| LedgerError::git("the ledger's ref cannot be made", &error))?;
        store.sync_reference()?;
        Ok(store)
    }

    pub(super) fn open(folder: &Path) -> Result<Self, LedgerError> {
        let store = Self::repository(folder)?;
        entry::origin(&store.shown(), &store.first_line()?)?;
        Ok(store)
    }

    pub(super) fn at(folder: &Path) -> Result<Self, LedgerError> {
        let store = Self::repository(folder)?;
        store.present()?;
        Ok(store)
    }

    pub(super) fn repository(folder: &Path) -> Result<Self, LedgerError> {
        let repository = Repository::discover(folder).map_err(|error| {
            LedgerError::Usage(format!(
                "{}: no git repository to keep a ledger in: {}",
                folder.display(),
                error.message()
            ))
        })?;
        Ok(Self { repository })
    }

    pub(super) fn shown(&self) -> String {
        let folder = self.repository.workdir().unwrap_or_else(|| self.repository.path());
        format!("{REFERENCE} of {}", folder.display())
    }

    pub(super) fn lock(&self) -> Result<Lock, LedgerError> {
        let folder = self.repository.commondir().join("keytrail");
        fs::create_dir_all(&folder)
            .map_err(|error| LedgerError::io("the lock cannot be made", &folder, &error))?;
        let lock = Lock::exclusive(&folder.join("ledger.lock"))?;
        self.remove_dead_lock(&lock)?;
        Ok(lock)
    }

    /// git's own lock of the ref, which a process that is killed leaves behind.
    fn reference_lock(&self) -> PathBuf {
        self.repository.commondir().join(format!("{REFERENCE}.lock"))
    }

    /// Takes git's lock of the ref away if one of us was killed while holding it: nobody else would, and
    /// nobody could write again. It is ours if what stands in it is what the last of us was about to
    /// write there; if only a part of that does, it must have stood still for a while too.
    fn remove_dead_lock(&self, lock: &Lock) -> Result<(), LedgerError> {
        if lock.unfinished().is_empty() {
            return Ok(());
        }
        let path = self.reference_lock();
        let start = Instant::now();
        let is_ours = loop {
            let Ok(content) = fs::read_to_string(&path) else { return Ok(()) };
            if content.trim_end() == lock.unfinished() {
                break true;
            }
            if start.elapsed() > STANDSTILL {
                break lock.unfinished().starts_with(content.trim_end());
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        if is_ours {
            fs::remove_file(&path)
                .map_err(|error| LedgerError::io("a dead lock cannot be removed", &path, &error))?;
        }
        Ok(())
    }

    /// Moves the ref from one commit to another, if it is there.
    fn move_reference(&self, lock: &mut Lock, from: Option<Oid>, to: Oid) -> Result<(), git2::Error> {
        // Without this note, a kill in the next line leaves a lock that somebody has to delete by hand.
        let _ = lock.intend(&to.to_string());
        let message = "keytrail ledger";
        let moved = match from {
            Some(from) => self.repository.reference_matching(REFERENCE, to, true, from, message),
            None => self.repository.reference(REFERENCE, to, false, message),
        };
        let _ = lock.intend("");
        moved.map(drop)
    }

    fn failed(&self, error: &git2::Error) -> LedgerError {
        LedgerError::git(&format!("{}: cannot be read", self.shown()), error)
    }

    fn tip(&self) -> Result<Option<Commit<'_>>, LedgerError> {
        match self.repository.find_reference(REFERENCE) {
            Ok(reference) => {
                let commit = reference.peel_to_commit().map_err(|error| self.failed(&error))?;
                Ok(Some(commit))
            }
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn present(&self) -> Result<Commit<'_>, LedgerError> {
        self.tip()?.ok_or_else(|| LedgerError::Missing(self.shown()))
    }

    /// The pieces of a commit by name.
    fn pieces(&self, commit: &Commit<'_>) -> Result<Tree<'_>, LedgerError> {
        let tree = commit.tree().map_err(|error| self.failed(&error))?;
        let folder = tree
            .get_name(FOLDER)
            .filter(|entry| entry.kind() == Some(ObjectType::Tree))
            .ok_or_else(|| LedgerError::Unreadable(format!("{}: it has no {FOLDER}/", self.shown())))?;
        self.repository.find_tree(folder.id()).map_err(|error| self.failed(&error))
    }

    fn blob(&self, id: Oid) -> Result<Vec<u8>, LedgerError> {
        let blob = self.repository.find_blob(id).map_err(|error| self.failed(&error))?;
        Ok(blob.content().to_vec())
    }

    pub(super) fn first_line(&self) -> Result<Vec<u8>, LedgerError> {
        let pieces = self.pieces(&self.present()?)?;
        let first = pieces.get(0).map(|piece| self.blob(piece.id())).transpose()?.unwrap_or_default();
        Ok(first.split(|byte| *byte == b'\n').next().unwrap_or_default().to_vec())
    }

    pub(super) fn read(&self) -> Result<Vec<u8>, LedgerError> {
        self.read_at(&self.present()?)
    }

    fn read_at(&self, commit: &Commit<'_>) -> Result<Vec<u8>, LedgerError> {
        let mut bytes = Vec::new();
        for piece in &self.pieces(commit)? {
            bytes.extend(self.blob(piece.id())?);
        }
        Ok(bytes)
    }

    pub(super) fn append(&mut self, encode: Encode<'_>, at: Moment) -> Result<u64, LedgerError> {
        let mut lock = self.lock()?;
        self.advance(&mut lock, |tip| {
            let pieces = self.pieces(tip)?;
            let newest = pieces
                .len()
                .checked_sub(1)
                .and_then(|index| pieces.get(index))
                .ok_or_else(|| LedgerError::Unreadable(format!("{}: it has no entries", self.shown())))?;
            let mut bytes = self.blob(newest.id())?;
            let lines = verify::lines(&bytes);
            let torn = !lines.torn.is_empty();
            let line = lines.whole.last().filter(|_| !torn).ok_or_else(|| {
                LedgerError::Unreadable(format!("{}: its last piece does not end in a line", self.shown()))
            })?;
            let last = entry::last(&self.shown(), line)?;
            let mut first = (last.number + 1).saturating_sub(lines.whole.len() as u64);
            let new = encode(&last)?;
            if new.is_empty() {
                return Ok((tip.id(), last.number + 1));
            }
            let mut changed = Vec::new();
            for (offset, line) in new.iter().enumerate() {
                let number = last.number + 1 + offset as u64;
                if number - first >= PIECE {
                    changed.push(Piece { first, bytes: std::mem::take(&mut bytes) });
                    first = number;
                }
                bytes.extend_from_slice(line);
                bytes.push(b'\n');
            }
            changed.push(Piece { first, bytes });
            let end = last.number + new.len() as u64;
            let message = if new.len() == 1 {
                format!("keytrail ledger: entry {end}")
            } else {
                format!("keytrail ledger: entries {} to {end}", last.number + 1)
            };
            Ok((self.commit(Some(tip), &changed, None, &message, at)?, last.number + 1))
        })
    }

    /// Moves the ref to what is made of the commit that it is at, again if another one moved it
    /// meanwhile.
    fn advance<T>(&self, lock: &mut Lock, make: impl Fn(&Commit<'_>) -> Made<T>) -> Result<T, LedgerError> {
        let start = Instant::now();
        loop {
            let tip = self.present()?;
            let (commit, outcome) = make(&tip)?;
            if commit == tip.id() {
                return Ok(outcome);
            }
            match self.move_reference(lock, Some(tip.id()), commit) {
                Ok(()) => {
                    self.sync_reference()?;
                    return Ok(outcome);
                }
                Err(error)
                    if matches!(error.code(), ErrorCode::Modified | ErrorCode::Locked)
                        && start.elapsed() < PATIENCE =>
                {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(error) if error.code() == ErrorCode::Locked => {
                    return Err(LedgerError::Unreadable(format!(
                        "{}: git's lock is in the way; if no git runs in this repository, a killed one left it: \
                         delete {}",
                        self.shown(),
                        self.reference_lock().display()
                    )));
                }
                Err(error) => {
                    return Err(LedgerError::git(&format!("{}: cannot be moved", self.shown()), &error));
                }
            }
        }
    }

    /// Writes a commit and waits until it is on the disk.
    fn commit(
        &self,
        parent: Option<&Commit<'_>>,
        pieces: &[Piece],
        checkpoint: Option<&str>,
        message: &str,
        at: Moment,
    ) -> Result<Oid, LedgerError> {
        let failed =
            |error: git2::Error| LedgerError::git(&format!("{}: cannot be written", self.shown()), &error);
        let before = parent.map(Commit::tree).transpose().map_err(failed)?;
        let mut written = Vec::new();
        let mut top = self.repository.treebuilder(before.as_ref()).map_err(failed)?;
        if !pieces.is_empty() {
            let old = parent.map(|parent| self.pieces(parent)).transpose()?;
            let mut folder = self.repository.treebuilder(old.as_ref()).map_err(failed)?;
            for piece in pieces {
                let blob = self.repository.blob(&piece.bytes).map_err(failed)?;
                folder.insert(format!("{:012}.jsonl", piece.first), blob, 0o100_644).map_err(failed)?;
                written.push(blob);
            }
            let folder = folder.write().map_err(failed)?;
            top.insert(FOLDER, folder, 0o040_000).map_err(failed)?;
            written.push(folder);
        }
        if let Some(text) = checkpoint {
            let blob = self.repository.blob(text.as_bytes()).map_err(failed)?;
            top.insert(CHECKPOINT, blob, 0o100_644).map_err(failed)?;
            written.push(blob);
        }
        let top = top.write().map_err(failed)?;
        let tree = self.repository.find_tree(top).map_err(failed)?;
        let who = self.who(at)?;
        let parents: Vec<&Commit<'_>> = parent.into_iter().collect();
        let commit = self.repository.commit(None, &who, &who, message, &tree, &parents).map_err(failed)?;
        written.extend([top, commit]);
        for id in written {
            self.sync_object(id)?;
        }
        Ok(commit)
    }

    /// Who commits: the user that git knows, else the program.
    fn who(&self, at: Moment) -> Result<Signature<'static>, LedgerError> {
        let time = Time::new(at.seconds(), 0);
        let known = self.repository.signature().ok();
        let known = known
            .as_ref()
            .and_then(|known| Signature::new(known.name().ok()?, known.email().ok()?, &time).ok());
        match known {
            Some(known) => Ok(known),
            None => Signature::new("keytrail", "keytrail@localhost", &time)
                .map_err(|error| LedgerError::git("no commit can be made", &error)),
        }
    }

    /// Waits until a loose object is on the disk; libgit2 does not by itself.
    fn sync_object(&self, id: Oid) -> Result<(), LedgerError> {
        let name = id.to_string();
        let (folder, file) = name.split_at(2);
        sync(&self.repository.commondir().join("objects").join(folder).join(file))
    }

    fn sync_reference(&self) -> Result<(), LedgerError> {
        sync(&self.repository.commondir().join(REFERENCE))
    }

    pub(super) fn checkpoint(&self) -> Result<Option<String>, LedgerError> {
        self.checkpoint_at(&self.present()?)
    }

    fn checkpoint_at(&self, commit: &Commit<'_>) -> Result<Option<String>, LedgerError> {
        let tree = commit.tree().map_err(|error| self.failed(&error))?;
        let Some(entry) = tree.get_name(CHECKPOINT) else { return Ok(None) };
        String::from_utf8(self.blob(entry.id())?)
            .map(Some)
            .map_err(|_| LedgerError::Usage(format!("{}: its checkpoint is no UTF-8", self.shown())))
    }

    /// Keeps a checkpoint, unless a larger one was kept meanwhile.
    pub(super) fn keep_checkpoint(&mut self, new: &SignedCheckpoint, at: Moment) -> Result<(), LedgerError> {
        let mut lock = self.lock()?;
        self.advance(&mut lock, |tip| {
            if let Some(text) = self.checkpoint_at(tip)? {
                let kept = SignedCheckpoint::parse(&text, &format!("the checkpoint of {}", self.shown()))?;
                if kept.checkpoint.size > new.checkpoint.size || kept == *new {
                    return Ok((tip.id(), ()));
                }
            }
            let message = format!("keytrail ledger: checkpoint of {} entries", new.checkpoint.size);
            Ok((self.commit(Some(tip), &[], Some(new.text()), &message, at)?, ()))
        })
    }
}

/// A ledger that was fetched.
pub(super) struct Incoming {
    /// Its lines.
    pub bytes: Vec<u8>,
    checkpoint: Option<String>,
}

impl Incoming {
    /// The checkpoint in it, or why that is none.
    pub(super) fn checkpoint(&self, name: &str) -> Result<Option<SignedCheckpoint>, String> {
        let text = self.checkpoint.as_deref();
        text.map(|text| SignedCheckpoint::parse(text, name)).transpose().map_err(|error| error.to_string())
    }
}

impl GitStore {
    fn incoming_tip(&self) -> Result<Commit<'_>, LedgerError> {
        let reference = self.repository.find_reference(INCOMING).map_err(|error| self.failed(&error))?;
        reference.peel_to_commit().map_err(|error| self.failed(&error))
    }

    /// What was fetched.
    pub(super) fn incoming(&self) -> Result<Incoming, LedgerError> {
        let tip = self.incoming_tip()?;
        Ok(Incoming { bytes: self.read_at(&tip)?, checkpoint: self.checkpoint_at(&tip)? })
    }

    /// Whether what was fetched is a later commit of ours.
    pub(super) fn is_behind_incoming(&self) -> Result<bool, LedgerError> {
        let (ours, theirs) = (self.present()?.id(), self.incoming_tip()?.id());
        self.repository.graph_descendant_of(theirs, ours).map_err(|error| self.failed(&error))
    }

    /// Moves our ref to what was fetched, unless another process moved ours since it was read.
    pub(super) fn move_to_incoming(&self, lock: &mut Lock) -> Result<bool, LedgerError> {
        let (ours, theirs) = (self.tip()?.map(|commit| commit.id()), self.incoming_tip()?.id());
        self.move_reference(lock, ours, theirs)
            .map_err(|error| LedgerError::git(&format!("{}: cannot be moved", self.shown()), &error))?;
        self.sync_reference()?;
        Ok(true)
    }

    /// Takes the fetched ref away. One that stays does no harm: the next fetch overwrites it.
    pub(super) fn forget_incoming(&self) {
        if let Ok(mut reference) = self.repository.find_reference(INCOMING) {
            let _ = reference.delete();
        }
    }
}

/// Waits until a file and its name are on the disk. One that is not there was packed, or is git's in
/// another form.
fn sync(path: &Path) -> Result<(), LedgerError> {
    let synced = match File::open(path) {
        Ok(file) => file.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => Err(error),
    };
    let folder: PathBuf = path.parent().unwrap_or(Path::new(".")).to_owned();
    #[cfg(unix)]
    let synced = synced.and_then(|()| File::open(&folder)?.sync_all());
    synced.map_err(|error| LedgerError::io("cannot be brought to the disk", &folder, &error))
}
