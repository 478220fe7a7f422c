//! Two ledgers of one history: which one is further, and whether they forked.
//!
//! A remote's ledger is fetched to a ref of its own and moves ours only if ours is its beginning:
//! entry by entry, whatever git thinks of the commits.

use crate::ledger::LedgerError;
use crate::ledger::git::GitStore;
use crate::ledger::note::VerifierKey;
use crate::ledger::verify;
use crate::moment::Moment;
use std::path::Path;

/// The ref that a fetch brings a remote's ledger to before it is looked at.
pub const INCOMING: &str = "refs/keytrail/incoming";

/// How our entries relate to another ledger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// There is no ledger here.
    Absent,
    /// The entries are the same; the commits may still differ, by a checkpoint.
    Same,
    /// We have so many entries that the other one lacks.
    Ahead(u64),
    /// The other one has so many entries that we lack.
    Behind(u64),
    /// Both go on differently from this entry on.
    Forked(u64),
}

/// Compares the lines of two ledgers.
pub fn relation(ours: &[&[u8]], theirs: &[&[u8]]) -> Relation {
    let same = ours.iter().zip(theirs).take_while(|(our, their)| our == their).count();
    match (ours.len() - same, theirs.len() - same) {
        (0, 0) => Relation::Same,
        (more, 0) => Relation::Ahead(more as u64),
        (0, more) => Relation::Behind(more as u64),
        _ => Relation::Forked(same as u64),
    }
}

/// The ledger of a repository beside the one that was fetched to [`INCOMING`].
#[derive(Debug)]
pub struct Exchange {
    store: GitStore,
}

impl Exchange {
    /// Opens the repository.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Usage`] if there is none.
    pub fn open(folder: &Path) -> Result<Self, LedgerError> {
        Ok(Self { store: GitStore::repository(folder)? })
    }

    /// Looks at the fetched ledger: each entry must be right, and a checkpoint in it must hold.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] or [`LedgerError::Rewritten`] if the fetched ledger is not right.
    pub fn compare(&self, verifiers: &[VerifierKey]) -> Result<Relation, LedgerError> {
        let theirs = self.store.incoming()?;
        let name = "the remote's ledger";
        let lines = verify::lines(&theirs.bytes).whole;
        verify::sound(name, &lines)?;
        let found = verify::verify(&theirs.bytes, &theirs.checkpoint(name), &[], verifiers);
        if let Some(judged) = found.checkpoints.iter().find(|one| one.problem.is_some()) {
            let problem = judged.problem.clone().unwrap_or_default();
            return Err(LedgerError::Usage(format!("{name}: its checkpoint is not right: {problem}")));
        }
        Ok(match self.store.read() {
            Ok(ours) => relation(&verify::lines(&ours).whole, &lines),
            Err(LedgerError::Missing(_)) => Relation::Absent,
            Err(error) => return Err(error),
        })
    }

    /// Moves our ledger to the fetched one, which must go on where ours ends. A checkpoint of ours that
    /// is larger than theirs is kept. Says whether anything changed.
    ///
    /// # Errors
    ///
    /// As [`Exchange::compare`]; [`LedgerError::Usage`] if the histories forked.
    pub fn adopt(&mut self, verifiers: &[VerifierKey], at: Moment) -> Result<bool, LedgerError> {
        // The lock keeps our own writers out between the look and the move.
        let mut lock = self.store.lock()?;
        let relation = self.compare(verifiers)?;
        let kept = match relation {
            Relation::Absent => None,
            _ => self.store.checkpoint()?,
        };
        let moved = match relation {
            Relation::Absent | Relation::Behind(_) => self.store.move_to_incoming(&mut lock)?,
            Relation::Same => self.store.is_behind_incoming()? && self.store.move_to_incoming(&mut lock)?,
            Relation::Ahead(_) => false,
            Relation::Forked(entry) => {
                return Err(LedgerError::Usage(format!(
                    "the histories of the two ledgers forked: entry {entry} is another one here than there, and nothing \
                     was changed"
                )));
            }
        };
        drop(lock);
        if let (true, Some(kept)) = (moved, kept) {
            let kept = crate::ledger::checkpoint::SignedCheckpoint::parse(&kept, "our checkpoint")?;
            self.store.keep_checkpoint(&kept, at)?;
        }
        Ok(moved)
    }

    /// Takes the fetched ref away.
    pub fn forget(&self) {
        self.store.forget_incoming();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ledgers_are_compared_entry_by_entry() {
        let lines: Vec<&[u8]> = vec![b"a", b"b", b"c"];
        let other: Vec<&[u8]> = vec![b"a", b"x"];
        assert_eq!(relation(&lines, &lines), Relation::Same);
        assert_eq!(relation(&lines, &lines[..1]), Relation::Ahead(2));
        assert_eq!(relation(&lines[..1], &lines), Relation::Behind(2));
        assert_eq!(relation(&lines, &other), Relation::Forked(1));
    }
}
