//! Checkpoints: signed heads of the tree (<https://c2sp.org/tlog-checkpoint>).

use crate::ledger::LedgerError;
use crate::ledger::key::Signer;
use crate::ledger::note::{SignedNote, VerifierKey, check_name};
use crate::ledger::tree::Hash;
use data_encoding::BASE64;

/// The head of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ledger's name.
    pub origin: String,
    /// How many entries there are.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(&self.root))
    }

    /// Reads a text. Lines after the third are passed over, as the specification wants.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut lines = text.strip_suffix('\n').ok_or("its last line has no end")?.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or("its first line is no origin")?;
        let number = lines.next().unwrap_or_default();
        let size = number.parse::<u64>().ok().filter(|size| size.to_string() == number);
        let size = size.ok_or("its second line is no size")?;
        let root = BASE64.decode(lines.next().unwrap_or_default().as_bytes()).ok();
        let root = root.and_then(|root| root.try_into().ok()).ok_or("its third line is no hash")?;
        if lines.any(str::is_empty) {
            return Err("it has an empty line");
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

/// A checkpoint with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What it says. Nothing is known of it until a signature was verified.
    pub checkpoint: Checkpoint,
    note: SignedNote,
}

impl SignedCheckpoint {
    /// Signs a checkpoint.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Usage`] if the origin cannot be one.
    pub fn sign(checkpoint: Checkpoint, signer: &Signer) -> Result<Self, LedgerError> {
        check_name(&checkpoint.origin)?;
        let note = SignedNote::sign(&checkpoint.text(), signer);
        Ok(Self { checkpoint, note })
    }

    /// Reads one; `place` is where it came from, for messages. No signature is checked.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Usage`] if it is none.
    pub fn parse(text: &str, place: &str) -> Result<Self, LedgerError> {
        let wrong = |problem| {
            LedgerError::Usage(format!(
                "{place} is not a signed checkpoint (c2sp.org/tlog-checkpoint): {problem}; name a file that \
                 `keytrail ledger checkpoint` wrote"
            ))
        };
        let note = SignedNote::parse(text).map_err(wrong)?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(wrong)?;
        Ok(Self { checkpoint, note })
    }

    /// The whole note.
    pub fn text(&self) -> &str {
        self.note.whole()
    }

    /// The names of the keys that signed it, by its own word.
    pub fn signers(&self) -> Vec<String> {
        self.note.names().map(str::to_owned).collect()
    }

    /// The known keys whose signatures are right; see [`SignedNote::verify`].
    ///
    /// # Errors
    ///
    /// The name of a known key whose signature is wrong.
    pub fn verify(&self, known: &[VerifierKey]) -> Result<Vec<String>, String> {
        self.note.verify(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_read() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint = Checkpoint::parse(text).expect("it is one");
        assert_eq!((checkpoint.size, checkpoint.text().as_str()), (20_852_163, text));
        assert_eq!(Checkpoint::parse(&format!("{text}more\n")).as_ref(), Ok(&checkpoint));
        for (from, to) in [("20852163", "020852163"), ("20852163", "-1"), ("I=\n", "I\n"), ("I=\n", "I=")] {
            assert!(Checkpoint::parse(&text.replace(from, to)).is_err(), "{to}");
        }
    }
}
