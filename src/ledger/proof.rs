//! Proofs that others can check without the ledger (RFC 6962, sections 2.1.1 and 2.1.2), as JSON and as
//! <https://c2sp.org/tlog-proof>.

use crate::ledger::LedgerError;
use crate::ledger::checkpoint::SignedCheckpoint;
use crate::ledger::tree::{Hash, Tree};
use data_encoding::BASE64;
use serde_json::{Value, json};
use std::fmt::Write;

/// The version of the JSON forms.
const VERSION: u32 = 1;

/// The proof that an entry is in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// The ledger's name.
    pub origin: String,
    /// The entry's number.
    pub number: u64,
    /// How many entries the tree covers.
    pub size: u64,
    /// The root of the tree.
    pub root: Hash,
    /// The entry's line: the bytes of the leaf.
    pub line: String,
    /// The hash of the leaf.
    pub leaf: Hash,
    /// The hashes from the leaf's neighbour up to the root's child.
    pub path: Vec<Hash>,
}

impl Inclusion {
    pub(super) fn new(
        origin: &str,
        lines: &[&[u8]],
        tree: &Tree,
        number: u64,
        size: u64,
    ) -> Result<Self, LedgerError> {
        let parts = tree.inclusion(number, size).zip(tree.root_at(size));
        let (Some((path, root)), Some(line)) = (parts, lines.get(number as usize)) else {
            return Err(LedgerError::Usage(format!(
                "there is no proof for entry {number} in the first {size} entries: the ledger has the entries 0 to {}",
                tree.size().saturating_sub(1)
            )));
        };
        Ok(Self {
            origin: origin.to_owned(),
            number,
            size,
            root,
            line: String::from_utf8_lossy(line).into_owned(),
            leaf: tree.leaves()[number as usize],
            path,
        })
    }

    /// The proof as JSON.
    pub fn json(&self, checkpoint: Option<&SignedCheckpoint>) -> Value {
        let mut proof = json!({
            "version": VERSION,
            "origin": self.origin,
            "index": self.number,
            "tree-size": self.size,
            "root-hash": BASE64.encode(&self.root),
            "leaf-hash": BASE64.encode(&self.leaf),
            "entry": self.line,
            "hashes": encoded(&self.path),
        });
        if let Some(checkpoint) = self.fitting(checkpoint) {
            proof["checkpoint"] = checkpoint.text().into();
        }
        proof
    }

    /// The proof as the text of `c2sp.org/tlog-proof@v1`; `None` if the checkpoint is not of this tree.
    pub fn tlog_proof(&self, checkpoint: &SignedCheckpoint) -> Option<String> {
        let checkpoint = self.fitting(Some(checkpoint))?;
        let mut text = format!("c2sp.org/tlog-proof@v1\nindex {}\n", self.number);
        for hash in &self.path {
            let _ = writeln!(text, "{}", BASE64.encode(hash));
        }
        text.push('\n');
        text.push_str(checkpoint.text());
        Some(text)
    }

    fn fitting<'a>(&self, checkpoint: Option<&'a SignedCheckpoint>) -> Option<&'a SignedCheckpoint> {
        checkpoint.filter(|one| one.checkpoint.size == self.size && one.checkpoint.root == self.root)
    }
}

/// The proof that one tree begins with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// The ledger's name.
    pub origin: String,
    /// The size of the first tree.
    pub first: u64,
    /// Its root.
    pub first_root: Hash,
    /// The size of the second tree.
    pub second: u64,
    /// Its root.
    pub second_root: Hash,
    /// The hashes.
    pub path: Vec<Hash>,
}

impl Consistency {
    pub(super) fn new(origin: &str, tree: &Tree, first: u64, second: u64) -> Result<Self, LedgerError> {
        let roots = tree.root_at(first).zip(tree.root_at(second));
        let (Some(path), Some((first_root, second_root))) = (tree.consistency(first, second), roots) else {
            return Err(LedgerError::Usage(format!(
                "there is no proof from {first} entries to {second}: write two sizes from 1 to {}, the smaller first",
                tree.size()
            )));
        };
        Ok(Self { origin: origin.to_owned(), first, first_root, second, second_root, path })
    }

    /// The proof as JSON.
    pub fn json(&self) -> Value {
        json!({
            "version": VERSION,
            "origin": self.origin,
            "first-size": self.first,
            "first-root-hash": BASE64.encode(&self.first_root),
            "second-size": self.second,
            "second-root-hash": BASE64.encode(&self.second_root),
            "hashes": encoded(&self.path),
        })
    }
}

fn encoded(path: &[Hash]) -> Vec<String> {
    path.iter().map(|hash| BASE64.encode(hash)).collect()
}
