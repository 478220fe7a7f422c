//! Whether a ledger is what was written.
//!
//! The lines by themselves show every change that somebody made without working the rest out anew,
//! and in which entry. Whoever rewrites all that follows too, or cuts the end off, is seen only by
//! who holds a checkpoint from before: its root covers every entry up to its size.

use crate::ledger::LedgerError;
use crate::ledger::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::ledger::entry::{self, Checked};
use crate::ledger::note::VerifierKey;
use crate::ledger::tree::{self, Hash, Tree};
use rayon::prelude::*;

/// The bytes of a ledger, cut.
#[derive(Debug)]
pub struct Lines<'a> {
    /// The whole lines, line feeds aside.
    pub whole: Vec<&'a [u8]>,
    /// What follows the last line feed.
    pub torn: &'a [u8],
}

/// Cuts a ledger into lines.
pub fn lines(bytes: &[u8]) -> Lines<'_> {
    let end = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    let (whole, torn) = bytes.split_at(end);
    let whole = match whole.split_last() {
        Some((_, whole)) => whole.split(|byte| *byte == b'\n').collect(),
        None => Vec::new(),
    };
    Lines { whole, torn }
}

/// The first entry that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its number; where only a range can be told, the first of the range.
    pub entry: u64,
    /// The last entry that it may be, if only a range can be told.
    pub up_to: Option<u64>,
    /// What is wrong.
    pub problem: String,
}

/// A checkpoint that the caller holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Where it came from, for messages.
    pub place: String,
    /// The checkpoint.
    pub checkpoint: SignedCheckpoint,
}

/// What became of one checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Where it came from.
    pub place: String,
    /// Whether the caller holds it. If not, it was kept beside the ledger, where whoever can change
    /// the ledger can change it too.
    pub held: bool,
    /// The number of entries that it covers.
    pub size: u64,
    /// The known keys that signed it.
    pub signed_by: Vec<String>,
    /// What is wrong with it or with the entries that it covers.
    pub problem: Option<String>,
}

impl Judged {
    /// Whether its word counts against somebody who can write to the ledger.
    pub fn is_trusted(&self) -> bool {
        self.held || !self.signed_by.is_empty()
    }
}

/// What a look at a ledger came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The ledger's name, if its header is right.
    pub origin: Option<String>,
    /// How many whole lines there are.
    pub entries: u64,
    /// The root over all of them, if they are right by themselves.
    pub root: Option<Hash>,
    /// How many bytes of an unfinished line follow.
    pub torn: u64,
    /// The first entry that is wrong.
    pub fault: Option<Fault>,
    /// Each checkpoint.
    pub checkpoints: Vec<Judged>,
    /// Whether verifier keys were given.
    pub has_verifiers: bool,
}

/// The outcome in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is wrong, as far as [`Verification::limits`] tells.
    Verified,
    /// Something was changed.
    Tampered,
    /// Verifier keys were given, and there is no checkpoint for them to verify.
    Unproved,
}

impl Verification {
    /// The outcome.
    pub fn verdict(&self) -> Verdict {
        if self.fault.is_some() || self.checkpoints.iter().any(|one| one.problem.is_some()) {
            Verdict::Tampered
        } else if self.has_verifiers && self.checkpoints.is_empty() {
            Verdict::Unproved
        } else {
            Verdict::Verified
        }
    }

    /// How many of the first entries are proved to be what they were by a checkpoint that whoever
    /// can write to the ledger could not have made.
    pub fn proved(&self) -> u64 {
        let right = self.checkpoints.iter().filter(|one| one.problem.is_none() && one.is_trusted());
        right.map(|one| one.size).max().unwrap_or(0)
    }

    /// What this look could not establish, in sentences.
    pub fn limits(&self) -> Vec<String> {
        let mut limits = Vec::new();
        let proved = self.proved();
        if proved == 0 {
            limits.push(
                "no checkpoint from elsewhere and no signature was checked: somebody who rewrote the whole ledger, or \
                 cut its end off, would not be seen. Give a checkpoint that you kept (--checkpoint FILE) or the key of \
                 who signs (--verifier KEY)"
                    .to_owned(),
            );
        } else if proved < self.entries {
            limits.push(format!(
                "entries from {proved} on are younger than every checkpoint: that one of them was rewritten with all \
                 that follow, or taken off the end, would not be seen"
            ));
        }
        if !self.has_verifiers && !self.checkpoints.is_empty() {
            limits.push("no verifier key was given: who signed the checkpoints was not checked".to_owned());
        }
        if proved > 0 && !self.checkpoints.iter().any(|one| one.held) {
            limits.push(
                "the only checkpoint is the one beside the ledger: that both were put back to an earlier state would \
                 not be seen"
                    .to_owned(),
            );
        }
        if self.torn > 0 {
            limits.push(format!(
                "{} bytes after the last entry belong to a write that was cut short or is under way; the next append \
                 moves them aside",
                self.torn
            ));
        }
        limits
    }
}

/// The leaf hashes of lines, and the first of them that does not follow from the ones before.
fn follow(lines: &[&[u8]]) -> (Vec<Hash>, Option<Fault>) {
    let checked: Vec<(Hash, Result<Checked, String>)> =
        lines.par_iter().map(|line| (tree::leaf(line), entry::check(line))).collect();
    let mut before: Option<Hash> = None;
    let mut fault = None;
    for (index, (hash, checked)) in checked.iter().enumerate() {
        let number = index as u64;
        let problem = match checked {
            Err(problem) => Some((number, problem.clone())),
            Ok(entry) if entry.number > number => Some((
                number,
                format!("entry {} stands in its place: entries were removed or moved", entry.number),
            )),
            Ok(entry) if entry.number < number => Some((
                number,
                format!("entry {} stands in its place: entries were inserted or moved", entry.number),
            )),
            Ok(entry) if entry.is_header() != (number == 0) => Some((
                number,
                if number == 0 { "it is no header" } else { "it is a second header" }.to_owned(),
            )),
            Ok(entry) if entry.prev != before => Some((
                number.saturating_sub(1),
                format!("it is not the entry that entry {number} was written after: it was rewritten"),
            )),
            Ok(_) => None,
        };
        if let (None, Some((entry, problem))) = (&fault, problem) {
            fault = Some(Fault { entry, up_to: None, problem });
        }
        before = Some(*hash);
    }
    if lines.is_empty() {
        fault = Some(Fault { entry: 0, up_to: None, problem: "there is no header".to_owned() });
    }
    (checked.into_iter().map(|(hash, _)| hash).collect(), fault)
}

/// The leaf hashes of lines that are right by themselves.
///
/// # Errors
///
/// [`LedgerError::Damaged`] with the first entry that is not.
pub fn sound(ledger: &str, lines: &[&[u8]]) -> Result<Vec<Hash>, LedgerError> {
    match follow(lines) {
        (leaves, None) => Ok(leaves),
        (_, Some(fault)) => Err(LedgerError::damaged(ledger.to_owned(), fault.entry, fault.problem)),
    }
}

/// Whether a ledger still has what a checkpoint of it says.
pub(super) fn holds(ledger: &str, tree: &Tree, checkpoint: &Checkpoint) -> Result<(), LedgerError> {
    match tree.root_at(checkpoint.size) {
        Some(root) if root == checkpoint.root => Ok(()),
        Some(_) => Err(LedgerError::Rewritten { ledger: ledger.to_owned(), size: checkpoint.size }),
        None => Err(LedgerError::damaged(
            ledger.to_owned(),
            tree.size(),
            format!("it is missing: a checkpoint covers {} entries", checkpoint.size),
        )),
    }
}

/// Looks at a ledger's bytes. `kept` is the checkpoint that lies beside it, or why that is none.
pub(super) fn verify(
    bytes: &[u8],
    kept: &Result<Option<SignedCheckpoint>, String>,
    held: &[Held],
    verifiers: &[VerifierKey],
) -> Verification {
    let lines = lines(bytes);
    let (leaves, mut fault) = follow(&lines.whole);
    let origin = lines.whole.first().and_then(|line| entry::origin("the ledger", line).ok());
    let tree = Tree::new(leaves);
    let mut checkpoints = Vec::new();
    let mut judge = |place: String, signed: &SignedCheckpoint, held: bool| {
        let Checkpoint { size, root, origin: name } = &signed.checkpoint;
        let (signed_by, mut problem) = match signed.verify(verifiers) {
            Ok(names) if names.is_empty() && !verifiers.is_empty() => {
                (names, Some("no key that was given signed it".to_owned()))
            }
            Ok(names) => (names, None),
            Err(name) => (Vec::new(), Some(format!("its signature by {name} is wrong"))),
        };
        if problem.is_none() && origin.as_ref().is_some_and(|origin| origin != name) {
            problem = Some(format!("it is a checkpoint of another ledger, {name}"));
        }
        if problem.is_none() {
            problem = match tree.root_at(*size) {
                Some(found) if found == *root => None,
                Some(_) => Some(format!("the first {size} entries are not those that it was signed over")),
                None => Some(format!("it covers {size} entries, and {} are there", tree.size())),
            };
        }
        checkpoints.push(Judged { place, held, size: *size, signed_by, problem });
    };
    for one in held {
        judge(one.place.clone(), &one.checkpoint, true);
    }
    match kept {
        Ok(Some(signed)) => judge("the checkpoint beside the ledger".to_owned(), signed, false),
        Ok(None) => {}
        Err(problem) => checkpoints.push(Judged {
            place: "the checkpoint beside the ledger".to_owned(),
            held: false,
            size: 0,
            signed_by: Vec::new(),
            problem: Some(problem.clone()),
        }),
    }
    if fault.is_none() {
        let all = held.iter().map(|one| &one.checkpoint).chain(kept.iter().flatten());
        fault = between(&tree, all.map(|signed| &signed.checkpoint));
    }
    Verification {
        origin,
        entries: tree.size(),
        root: fault.is_none().then(|| tree.root()),
        torn: lines.torn.len() as u64,
        fault,
        checkpoints,
        has_verifiers: !verifiers.is_empty(),
    }
}

/// Which entries are wrong by the word of checkpoints, where each follows from the one before: the ones
/// after the largest checkpoint that fits and below the smallest that does not.
fn between<'a>(tree: &Tree, checkpoints: impl Iterator<Item = &'a Checkpoint>) -> Option<Fault> {
    let (mut fits, mut missing, mut differs) = (0, None::<u64>, None::<u64>);
    for checkpoint in checkpoints {
        let size = checkpoint.size;
        match tree.root_at(size) {
            Some(root) if root == checkpoint.root => fits = fits.max(size),
            Some(_) => differs = Some(differs.map_or(size, |other| other.min(size))),
            None => missing = Some(missing.map_or(size, |other| other.max(size))),
        }
    }
    if let Some(size) = differs {
        // Two checkpoints may contradict each other; then the range is all that the smaller covers.
        let first = if fits < size { fits } else { 0 };
        return Some(Fault {
            entry: first,
            up_to: Some(size.saturating_sub(1)),
            problem: "it, or one after it, was rewritten with all that follow".to_owned(),
        });
    }
    missing.map(|size| Fault {
        entry: tree.size(),
        up_to: None,
        problem: format!("it is missing: a checkpoint covers {size} entries, and the ledger ends before"),
    })
}

#[cfg(test)]
mod tests;
