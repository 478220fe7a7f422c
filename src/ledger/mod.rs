//! The ledger: an append-only record of what happened to tokens, in which every later change shows.
//!
//! It is a file of canonical JSON lines (or the same lines in a git ref), each with its number, the
//! hash of the line before and a sum of its own, and an RFC 6962 Merkle tree over the lines whose
//! heads are signed as C2SP checkpoints. `docs/ledger.md` describes the form and what it can and
//! cannot show.

pub mod canonical;
pub mod checkpoint;
mod disk;
pub mod entry;
mod error;
pub mod event;
pub mod exchange;
mod git;
pub mod key;
mod lock;
pub mod note;
mod place;
pub mod proof;
pub mod tree;
pub mod verify;

pub use entry::Entry;
pub use error::LedgerError;
pub use event::Event;
pub use git::REFERENCE;
pub use place::Place;

use crate::moment::Moment;
use checkpoint::{Checkpoint, SignedCheckpoint};
use disk::DiskStore;
use git::GitStore;
use key::Signer;
use note::VerifierKey;
use proof::{Consistency, Inclusion};
use tree::Tree;
use verify::{Held, Verification};

/// The version of the ledger's form.
pub const VERSION: u32 = 1;
/// The longest line, in bytes, its line feed aside: what an event may hold has a bound, so that the
/// last line is found without reading the file.
pub const LONGEST_LINE: usize = 1 << 20;

/// A ledger that is there.
#[derive(Debug)]
pub struct Ledger {
    store: Store,
    notices: Vec<String>,
}

#[derive(Debug)]
enum Store {
    Disk(DiskStore),
    Git(GitStore),
}

impl Ledger {
    /// Makes a ledger with its header entry. `origin` is its name in checkpoints: a URL without its
    /// scheme that nobody else uses, such as `example.org/acme/app/ledger`.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Usage`] if there is one already, or the origin is not a name that notes take;
    /// [`LedgerError::Unreadable`] if it cannot be written.
    pub fn create(place: &Place, origin: &str, at: Moment) -> Result<Self, LedgerError> {
        note::check_name(origin)?;
        let header = Event::Header { version: VERSION, origin: origin.to_owned() };
        let line = entry::encode(0, None, &header, at)?;
        let store = match place {
            Place::File(path) => Store::Disk(DiskStore::create(path, &line)?),
            Place::Git(folder) => Store::Git(GitStore::create(folder, &line, at)?),
        };
        Ok(Self { store, notices: Vec::new() })
    }

    /// Opens a ledger. Only its header is read.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Missing`] if there is none, [`LedgerError::Unreadable`] if it cannot be read,
    /// and [`LedgerError::Usage`] if it is of a version that this program does not know.
    pub fn open(place: &Place) -> Result<Self, LedgerError> {
        let store = match place {
            Place::File(path) => Store::Disk(DiskStore::open(path)?),
            Place::Git(folder) => Store::Git(GitStore::open(folder)?),
        };
        Ok(Self { store, notices: Vec::new() })
    }

    /// Opens a ledger without a look at its header, for who wants to be told of a wrong one as of any
    /// other entry.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Missing`] if there is none.
    pub fn at(place: &Place) -> Result<Self, LedgerError> {
        let store = match place {
            Place::File(path) => Store::Disk(DiskStore::at(path)?),
            Place::Git(folder) => Store::Git(GitStore::at(folder)?),
        };
        Ok(Self { store, notices: Vec::new() })
    }

    /// Where it is, for messages.
    pub fn shown(&self) -> String {
        match &self.store {
            Store::Disk(store) => store.path().display().to_string(),
            Store::Git(store) => store.shown(),
        }
    }

    /// Adds an event and returns the entry's number. When this returns, the entry is on the disk.
    ///
    /// # Errors
    ///
    /// See [`Ledger::append_all`].
    pub fn append(&mut self, event: &Event, at: Moment) -> Result<u64, LedgerError> {
        self.append_all(std::slice::from_ref(event), at)
    }

    /// Adds events in one write and returns the number of the first entry. Either all of them are in
    /// the ledger or, if an error is returned, none is.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unreadable`] if the disk is full or cannot be written to, or another process
    /// holds the ledger for too long; [`LedgerError::Damaged`] if the last entry is not right, since
    /// nothing may follow an entry that is not.
    pub fn append_all(&mut self, events: &[Event], at: Moment) -> Result<u64, LedgerError> {
        let encode = |last: &entry::Last| {
            let mut lines = Vec::new();
            let mut last = *last;
            for event in events {
                let line = entry::encode(last.number + 1, Some(last.hash), event, at)?;
                last = entry::Last { number: last.number + 1, hash: tree::leaf(&line) };
                lines.push(line);
            }
            Ok(lines)
        };
        match &mut self.store {
            Store::Disk(store) => store.append(&encode, &mut self.notices),
            Store::Git(store) => store.append(&encode, at),
        }
    }

    /// What the user should know of what was done: that a torn entry was moved aside, and where to.
    pub fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    /// All bytes of the ledger, as they are.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unreadable`] if they cannot be read.
    pub fn read(&self) -> Result<Vec<u8>, LedgerError> {
        match &self.store {
            Store::Disk(store) => store.read(),
            Store::Git(store) => store.read(),
        }
    }

    /// All entries, the header first. A torn end is passed over.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] at the first entry that is not right.
    pub fn entries(&self) -> Result<Vec<Entry>, LedgerError> {
        let bytes = self.read()?;
        let whole = verify::lines(&bytes).whole;
        verify::sound(&self.shown(), &whole)?;
        let decode = |(number, line): (usize, &&[u8])| {
            Entry::decode(line).map_err(|problem| LedgerError::damaged(self.shown(), number as u64, problem))
        };
        whole.iter().enumerate().map(decode).collect()
    }

    /// The tree over all entries.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] at the first entry that is not right.
    pub fn tree(&self) -> Result<Tree, LedgerError> {
        let bytes = self.read()?;
        Ok(Tree::new(verify::sound(&self.shown(), &verify::lines(&bytes).whole)?))
    }

    /// The ledger's name in checkpoints.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] if the header is not right.
    pub fn origin(&self) -> Result<String, LedgerError> {
        let first = match &self.store {
            Store::Disk(store) => store.first_line()?,
            Store::Git(store) => store.first_line()?,
        };
        entry::origin(&self.shown(), &first)
    }

    /// The newest checkpoint that is kept beside the ledger.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unreadable`] if it cannot be read, [`LedgerError::Usage`] if it is no checkpoint.
    pub fn kept_checkpoint(&self) -> Result<Option<SignedCheckpoint>, LedgerError> {
        let text = match &self.store {
            Store::Disk(store) => store.checkpoint()?,
            Store::Git(store) => store.checkpoint()?,
        };
        text.map(|text| SignedCheckpoint::parse(&text, &format!("the checkpoint of {}", self.shown())))
            .transpose()
    }

    /// Checks every entry, signs the head of the tree and keeps the checkpoint beside the ledger.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] if an entry is not right, or if the ledger no longer holds what the
    /// kept checkpoint says: a log must not sign two histories.
    pub fn checkpoint(&mut self, signer: &Signer, at: Moment) -> Result<SignedCheckpoint, LedgerError> {
        let tree = self.tree()?;
        if let Some(kept) = self.kept_checkpoint()? {
            verify::holds(&self.shown(), &tree, &kept.checkpoint)?;
        }
        let origin = self.origin()?;
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
        let fresh = SignedCheckpoint::sign(checkpoint, signer)?;
        match &mut self.store {
            Store::Disk(store) => store.keep_checkpoint(&fresh)?,
            Store::Git(store) => store.keep_checkpoint(&fresh, at)?,
        }
        Ok(fresh)
    }

    /// Looks for every change that can be seen: inside the ledger, and against the checkpoints that
    /// the caller holds. The one that is kept beside the ledger is looked at too.
    ///
    /// # Errors
    ///
    /// Only for what cannot be read; that something is wrong is in the [`Verification`].
    pub fn verify(&self, held: &[Held], verifiers: &[VerifierKey]) -> Result<Verification, LedgerError> {
        let bytes = self.read()?;
        let kept = match self.kept_checkpoint() {
            Ok(kept) => Ok(kept),
            Err(LedgerError::Usage(problem)) => Err(problem),
            Err(other) => return Err(other),
        };
        Ok(verify::verify(&bytes, &kept, held, verifiers))
    }

    /// Proves that an entry is in the tree of the first `size` entries, or of all.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Usage`] if there is no such entry or size.
    pub fn prove(&self, number: u64, size: Option<u64>) -> Result<Inclusion, LedgerError> {
        let bytes = self.read()?;
        let lines = verify::lines(&bytes).whole;
        let tree = Tree::new(verify::sound(&self.shown(), &lines)?);
        Inclusion::new(&self.origin()?, &lines, &tree, number, size.unwrap_or(tree.size()))
    }

    /// Proves that the tree of the first `second` entries begins with that of the first `first`.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Usage`] if `first` is 0 or larger than `second`, or `second` than the ledger.
    pub fn consistency(&self, first: u64, second: Option<u64>) -> Result<Consistency, LedgerError> {
        let tree = self.tree()?;
        Consistency::new(&self.origin()?, &tree, first, second.unwrap_or(tree.size()))
    }
}
