//! Files inside archives. Of an archive that changes, most of what it holds stays the same, and the
//! same files lie in many; each is looked at once.

use crate::detect::probe::Probe;
use crate::document::{Document, Encoding};
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use twox_hash::XxHash3_128;

/// Files of which nothing would be reported, whatever their path.
///
/// They are told by hashes of 128 bits, with a seed that nobody can foresee and make texts for.
pub struct Members<'a> {
    probe: &'a Probe<'a>,
    seed: u64,
    clean: Mutex<HashSet<u128>>,
}

impl<'a> Members<'a> {
    /// None yet.
    pub fn new(probe: &'a Probe<'a>) -> Self {
        Self { probe, seed: RandomState::new().hash_one(0), clean: Mutex::default() }
    }

    /// Whether nothing would be reported of a document. Parts of large files are not asked.
    pub fn is_clean(&self, document: &Document<'_>) -> bool {
        let text = document.text;
        if document.own != (0..text.len()) {
            return false;
        }
        let is_binary = document.encoding == Encoding::Binary;
        let hash = XxHash3_128::oneshot_with_seed(self.seed ^ u64::from(is_binary), text);
        let clean = || self.clean.lock().unwrap_or_else(PoisonError::into_inner);
        if clean().contains(&hash) {
            return true;
        }
        let is_clean = !self.probe.whole(text, is_binary).is_hot();
        if is_clean {
            clean().insert(hash);
        }
        is_clean
    }
}
