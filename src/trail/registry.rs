//! The registry: what a team says of its tokens, in a file that people review.

mod registration;

pub use registration::{Issue, Registration, Revocation, Status};

use crate::secret::Fingerprint;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of the file.
pub const FILE_NAME: &str = "keytrail.tokens.toml";

/// The version of the form that this program reads and writes.
pub const VERSION: u32 = 1;

/// Who may answer for tokens: a person or a team.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Owner {
    /// The name in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How to reach them: an e-mail address, a channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// All registrations under one fingerprint key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registry {
    /// The id of the fingerprint key.
    key_id: String,
    /// Who may own a token, by the name that registrations use.
    owners: BTreeMap<String, Owner>,
    /// In the order of the file. Two may name the same token, which the check complains about.
    registrations: Vec<Registration>,
    /// The line of each, from 1; empty where no file was read.
    #[serde(skip)]
    lines: Vec<usize>,
    /// The first of each token.
    #[serde(skip)]
    index: BTreeMap<Fingerprint, usize>,
}

impl Registry {
    /// Puts one together, for fingerprints of the key of this id.
    pub fn new(
        key_id: impl Into<String>,
        owners: BTreeMap<String, Owner>,
        registrations: Vec<Registration>,
    ) -> Self {
        let mut index = BTreeMap::new();
        for (at, one) in registrations.iter().enumerate() {
            index.entry(one.fingerprint).or_insert(at);
        }
        Self { key_id: key_id.into(), owners, registrations, lines: Vec::new(), index }
    }

    /// The id of the key that the fingerprints were made with: `public` or eight digits.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Who may own a token, by the name that registrations use.
    pub fn owners(&self) -> &BTreeMap<String, Owner> {
        &self.owners
    }

    /// The registrations, in the order of the file.
    pub fn registrations(&self) -> &[Registration] {
        &self.registrations
    }

    /// What is said of a token: the first, if it is named twice.
    pub fn find(&self, fingerprint: Fingerprint) -> Option<&Registration> {
        self.index.get(&fingerprint).map(|&at| &self.registrations[at])
    }

    /// The line of the file, from 1, where the n-th registration stands.
    pub fn line(&self, at: usize) -> Option<usize> {
        self.lines.get(at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Moment;
    use crate::secret::FingerprintKey;

    #[test]
    fn the_first_of_two_counts() {
        let print = FingerprintKey::public().fingerprint(b"one");
        let twice = vec![Registration::new(print, "first"), Registration::new(print, "second")];
        let registry = Registry::new("public", BTreeMap::new(), twice);
        assert_eq!(registry.find(print).map(|one| one.name.as_str()), Some("first"));
        assert_eq!(registry.find(FingerprintKey::public().fingerprint(b"two")), None);
    }

    #[test]
    fn a_revocation_without_a_date_does_not_count() {
        let mut one = Registration::new(FingerprintKey::public().fingerprint(b"one"), "one");
        one.status = Status::Revoked;
        assert_eq!(one.word(false).revoked, None);
        one.revoked.when = Moment::parse("2026-01-01").ok();
        assert_eq!(one.word(true).revoked, one.revoked.when);
        assert!(!one.may_work());
        let text = serde_json::to_string(&one).expect("JSON");
        assert_eq!(serde_json::from_str::<Registration>(&text).expect("JSON"), one);
    }
}
