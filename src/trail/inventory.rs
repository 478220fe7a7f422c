//! The inventory: every token of which anything is known, found or stored, as one table.

mod database;
mod entry;
pub mod feed;
pub mod form;
mod found;
mod merge;
#[cfg(test)]
pub(crate) mod sample;

pub use database::{Database, DatabaseError};
pub use entry::{Entry, KnownBy, RepositoryLife, Store, Stored};
pub use merge::OtherKey;

use crate::finding::Finding;
use crate::secret::Fingerprint;
use crate::trail::life::Life;
use crate::trail::registry::Registry;
use crate::trail::token::Token;
use std::collections::BTreeMap;

/// The tokens under one fingerprint key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    key_id: String,
    entries: BTreeMap<Fingerprint, Entry>,
}

impl Inventory {
    /// An empty one, for fingerprints of the key of this id.
    pub fn new(key_id: impl Into<String>) -> Self {
        Self { key_id: key_id.into(), entries: BTreeMap::new() }
    }

    /// The id of the key that the fingerprints were made with: `public` or eight digits.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries, sorted by fingerprint.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.values()
    }

    /// What is known of a token.
    pub fn get(&self, fingerprint: Fingerprint) -> Option<&Entry> {
        self.entries.get(&fingerprint)
    }

    /// The entry of a token, made if there is none.
    fn entry(&mut self, token: &Token, known_by: KnownBy) -> &mut Entry {
        self.entries.entry(token.fingerprint).or_insert_with(|| Entry::new(token.clone(), known_by))
    }

    /// Adds what a repository's history tells of a token, in place of what this repository told of it
    /// before.
    pub fn add_life(&mut self, repository: &str, life: Life) {
        let entry = self.entry(&life.token, KnownBy::Secret);
        let one = RepositoryLife { repository: repository.to_owned(), life };
        match entry.lives.binary_search_by(|old| old.repository.as_str().cmp(repository)) {
            Ok(at) => entry.lives[at] = one,
            Err(at) => entry.lives.insert(at, one),
        }
    }

    /// Adds what a scan found, where nobody followed its life through the history.
    pub fn add_finding(&mut self, repository: &str, finding: &Finding) {
        self.add_life(repository, found::life(finding));
    }

    /// Takes an entry as it is; one for the same token that is there already is joined with it.
    pub fn insert(&mut self, mut entry: Entry) {
        entry.lives.sort_by(|one, other| one.repository.cmp(&other.repository));
        entry.stored.sort();
        entry.stored.dedup();
        let mut other = Self::new(self.key_id.clone());
        other.entries.insert(entry.token.fingerprint, entry);
        // The keys are the same by construction.
        let _ = self.merge(other);
    }

    /// Adds a token that is stored where it belongs.
    pub fn add_stored(&mut self, token: &Token, known_by: KnownBy, stored: Stored) {
        let entry = self.entry(token, known_by);
        if let Err(at) = entry.stored.binary_search(&stored) {
            entry.stored.insert(at, stored);
        }
    }

    /// Gives the entries that a registry knows their registration. Others keep what another registry
    /// said of them. A registered token that is nowhere to be seen is no entry.
    pub fn register(&mut self, registry: &Registry) {
        for (fingerprint, entry) in &mut self.entries {
            if let Some(registration) = registry.find(*fingerprint) {
                entry.registration = Some(registration.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Moment;
    use crate::trail::registry::Registration;
    use crate::trail::state::State;

    #[test]
    fn a_token_is_one_entry_in_the_state_where_it_is_most_in_the_open() {
        let now = Moment::parse("2026-06-01").expect("a date");
        let mut inventory = Inventory::new("public");
        let life = sample::life(b"one");
        let gone = Life { in_head: false, ..life.clone() };
        let print = life.token.fingerprint;
        inventory.add_stored(&life.token, KnownBy::Secret, Stored::new(Store::Environment, "SHOP_KEY"));
        let state = |inventory: &Inventory| inventory.get(print).expect("there").state(false, now);
        assert_eq!(state(&inventory), State::Stored);
        inventory.add_life("b", gone.clone());
        assert_eq!(state(&inventory), State::Lingering);
        inventory.add_life("a", life);
        assert_eq!(state(&inventory), State::Exposed);
        inventory.add_life("a", gone);
        assert_eq!(state(&inventory), State::Lingering);
        let names: Vec<_> =
            inventory.get(print).expect("there").lives.iter().map(|l| &l.repository).collect();
        assert_eq!(names, ["a", "b"]);
        let mut registration = Registration::new(print, "one");
        registration.revoked.when = Moment::parse("2026-05-01").ok();
        inventory.register(&Registry::new("public", BTreeMap::new(), vec![registration]));
        assert_eq!(state(&inventory), State::Revoked);
        let entry = inventory.get(print).expect("there");
        let text = serde_json::to_string(entry).expect("JSON");
        assert_eq!(&serde_json::from_str::<Entry>(&text).expect("JSON"), entry);
    }

    #[test]
    fn what_its_keeper_says_of_its_end_counts_where_nobody_else_speaks() {
        let mut entry = Entry::new(sample::life(b"one").token, KnownBy::Reference);
        let end = Moment::parse("2026-05-01").expect("a date");
        entry.stored.push(Stored { expires: Some(end), ..Stored::new(Store::Github, "octo: 1") });
        assert_eq!(entry.state(false, end), State::Expired);
        assert_eq!(entry.state(true, Moment::parse("2026-04-01").expect("a date")), State::Waived);
    }
}
