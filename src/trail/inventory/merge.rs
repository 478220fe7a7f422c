//! Joining what several runs know: associative, commutative and idempotent, so that it makes no
//! difference in which order CI jobs report, or how often.

use super::{Entry, Inventory, KnownBy, RepositoryLife};
use crate::facts::TokenFacts;
use crate::trail::life::{Introduction, Life, Stay};
use crate::trail::token::Token;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The two inventories were made with different fingerprint keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the fingerprints of one are of the key {one}, those of the other of the key {other}, so that no token of one \
     can be told from the other's; make both with the same key"
)]
pub struct OtherKey {
    /// The key of one.
    pub one: String,
    /// The key of the other.
    pub other: String,
}

impl Inventory {
    /// Adds all that another inventory knows.
    ///
    /// # Errors
    ///
    /// [`OtherKey`] if the fingerprints cannot be compared.
    pub fn merge(&mut self, other: Self) -> Result<(), OtherKey> {
        if self.key_id != other.key_id {
            return Err(OtherKey { one: self.key_id.clone(), other: other.key_id });
        }
        for (fingerprint, entry) in other.entries {
            match self.entries.get_mut(&fingerprint) {
                Some(known) => join_entries(known, entry),
                None => drop(self.entries.insert(fingerprint, entry)),
            }
        }
        Ok(())
    }
}

fn join_entries(into: &mut Entry, other: Entry) {
    into.token = join_tokens(into.token.clone(), other.token);
    // What was made of the secret's own bytes cannot be a reference too, but a file may say so.
    if other.known_by == KnownBy::Secret {
        into.known_by = KnownBy::Secret;
    }
    for one in other.lives {
        add_life(&mut into.lives, one);
    }
    join_sets(&mut into.stored, other.stored);
    into.registration = match (into.registration.take(), other.registration) {
        (Some(one), Some(other)) => Some(greater(one, other)),
        (one, other) => one.or(other),
    };
}

fn add_life(lives: &mut Vec<RepositoryLife>, other: RepositoryLife) {
    match lives.binary_search_by(|one| one.repository.cmp(&other.repository)) {
        Ok(at) if lives[at] == other => {}
        Ok(at) => join_lives(&mut lives[at].life, other.life),
        Err(at) => lives.insert(at, other),
    }
}

/// Two accounts of one repository: all places that either knows.
fn join_lives(into: &mut Life, other: Life) {
    into.token = join_tokens(into.token.clone(), other.token);
    into.introduced = match (into.introduced.take(), other.introduced) {
        (Some(one), Some(other)) => Some(earlier(one, other)),
        (one, other) => one.or(other),
    };
    join_by_text(&mut into.stays, other.stays);
    into.stays.sort_by_cached_key(|stay| (since(stay), text(stay)));
    join_by_text(&mut into.refs, other.refs);
    into.refs.sort_by_cached_key(|reach| (reach.name.clone(), text(reach)));
    into.in_head |= other.in_head;
    join_by_text(&mut into.replaced_by, other.replaced_by);
    into.replaced_by.sort_by_cached_key(|one| (one.commit.committed, text(one)));
    join_sets(&mut into.replaces, other.replaces);
    // Every place is allowed, or known of old, only if both accounts say so.
    into.allowed = match (into.allowed.take(), other.allowed) {
        (Some(one), Some(other)) => Some(one.max(other)),
        _ => None,
    };
    into.in_baseline &= other.in_baseline;
}

fn since(stay: &Stay) -> Option<i64> {
    stay.since.as_ref().map(|commit| commit.committed.seconds())
}

fn earlier(one: Introduction, other: Introduction) -> Introduction {
    let key = |one: &Introduction| (one.commit.committed, text(one));
    if key(&other) < key(&one) { other } else { one }
}

fn join_tokens(one: Token, other: Token) -> Token {
    if one == other {
        return one;
    }
    let facts = join_facts(&one.facts, &other.facts);
    let bare = |mut token: Token| {
        token.facts = TokenFacts::default();
        token
    };
    // The surer of the two knows better which rule it is.
    let key = |token: &Token| (token.confidence, token.severity, text(token));
    let (one, other) = (bare(one), bare(other));
    Token { facts, ..if key(&other) > key(&one) { other } else { one } }
}

/// All that either tells; where they contradict each other, the greater by its text.
fn join_facts(one: &TokenFacts, other: &TokenFacts) -> TokenFacts {
    if one == other {
        return one.clone();
    }
    let joined = match (serde_json::to_value(one), serde_json::to_value(other)) {
        (Ok(one), Ok(other)) => join_values(one, other),
        _ => return one.clone(),
    };
    serde_json::from_value(joined).unwrap_or_else(|_| greater(one.clone(), other.clone()))
}

fn join_values(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            for (key, value) in other {
                let joined = match one.remove(&key) {
                    Some(known) => join_values(known, value),
                    None => value,
                };
                one.insert(key, joined);
            }
            Value::Object(one)
        }
        (one @ Value::Object(_), _) | (_, one @ Value::Object(_)) => one,
        (one, other) => greater(one, other),
    }
}

fn join_sets<T: Ord>(into: &mut Vec<T>, other: Vec<T>) {
    into.extend(other);
    into.sort();
    into.dedup();
}

fn join_by_text<T: Serialize + PartialEq>(into: &mut Vec<T>, other: Vec<T>) {
    into.extend(other);
    into.sort_by_cached_key(text);
    into.dedup();
}

fn greater<T: Serialize + DeserializeOwned>(one: T, other: T) -> T {
    if text(&other) > text(&one) { other } else { one }
}

/// A form by which anything can be put in an order.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Expiry;
    use crate::level::Confidence;
    use crate::moment::Moment;
    use crate::secret::FingerprintKey;
    use crate::trail::inventory::{Store, Stored, sample};
    use crate::trail::registry::Registration;
    use proptest::prelude::*;

    fn moment(day: i64) -> Moment {
        Moment::from_seconds(day * crate::moment::DAY).expect("in range")
    }

    prop_compose! {
        /// Few tokens, repositories and places, so that they meet.
        fn entries()(
            secret in 0..4_u8,
            repository in proptest::option::of(0..3_u8),
            (path, in_head, line) in (0..3_u8, any::<bool>(), 1..3_u64),
            stored in proptest::collection::vec((0..8_usize, 0..2_u8), 0..3),
            (expires, issued, scope) in (
                proptest::option::of(0..3_i64), proptest::option::of(0..3_i64), proptest::option::of(0..2_u8),
            ),
            registered in proptest::option::of(0..3_u8),
            (is_reference, certain, allowed, in_baseline) in
                (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()),
        ) -> Entry {
            let mut life = sample::life(&[secret]);
            life.token.facts.expires = expires.map(|day| if day == 0 { Expiry::Never } else { Expiry::At(moment(day)) });
            life.token.facts.issued = issued.map(moment);
            life.token.facts.scopes.extend(scope.map(|scope| scope.to_string()));
            if certain {
                life.token.confidence = Confidence::Certain;
            }
            life.stays[0].path = crate::origin::RepoPath::new([b'a' + path]);
            life.stays[0].line = line;
            life.stays[0].in_head = in_head;
            life.in_head = in_head;
            life.in_baseline = in_baseline;
            life.allowed = allowed.then(|| "example".to_owned());
            let known_by = if is_reference { KnownBy::Reference } else { KnownBy::Secret };
            let mut entry = Entry::new(life.token.clone(), known_by);
            entry.stored = stored.into_iter().map(|(store, place)| Stored::new(Store::ALL[store], place.to_string())).collect();
            entry.registration = registered.map(|name| Registration::new(life.token.fingerprint, name.to_string()));
            if let Some(repository) = repository {
                entry.lives.push(RepositoryLife { repository: repository.to_string(), life });
            }
            entry
        }
    }

    fn inventories() -> impl Strategy<Value = Inventory> {
        proptest::collection::vec(entries(), 0..5).prop_map(|entries| {
            let mut inventory = Inventory::new("public");
            for entry in entries {
                inventory.insert(entry);
            }
            inventory
        })
    }

    fn joined(mut one: Inventory, other: &Inventory) -> Inventory {
        one.merge(other.clone()).expect("the same key");
        one
    }

    proptest! {
        #[test]
        fn joining_is_associative_commutative_and_idempotent(
            a in inventories(), b in inventories(), c in inventories(),
        ) {
            prop_assert_eq!(joined(a.clone(), &b), joined(b.clone(), &a));
            prop_assert_eq!(joined(joined(a.clone(), &b), &c), joined(a.clone(), &joined(b.clone(), &c)));
            prop_assert_eq!(joined(a.clone(), &a), a.clone());
            let all = joined(a.clone(), &b);
            prop_assert_eq!(joined(all.clone(), &a), all.clone());
            // Every place of either is in both.
            for entry in a.entries() {
                let known = all.get(entry.token.fingerprint).expect("nothing is lost");
                prop_assert!(entry.stored.iter().all(|place| known.stored.contains(place)));
                for one in &entry.lives {
                    let life = &known.lives.iter().find(|other| other.repository == one.repository).expect("there").life;
                    prop_assert!(one.life.stays.iter().all(|stay| life.stays.contains(stay)));
                    prop_assert!(life.in_head >= one.life.in_head);
                }
            }
        }

        #[test]
        fn what_is_written_is_read(inventory in inventories()) {
            let now = moment(20_000);
            let text = serde_json::to_vec(&super::super::form::Whole::of(&inventory, now)).expect("JSON");
            prop_assert_eq!(Inventory::read(&text, "a.json").expect("ours"), inventory.clone());
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("tokens.db");
            let mut database = super::super::Database::open_or_create(&path, "public").expect("a new one");
            database.replace("shop", &inventory, now).expect("it is written");
            drop(database);
            let database = super::super::Database::open(&path).expect("it is there");
            prop_assert_eq!(database.inventory().expect("it is read"), inventory);
        }
    }

    #[test]
    fn fingerprints_of_two_keys_do_not_meet() {
        let mut one = Inventory::new("public");
        let key = FingerprintKey::from_user(b"some key of a team");
        let error = one.merge(Inventory::new(key.id())).expect_err("another key").to_string();
        assert!(error.contains("the key public") && error.contains(key.id()), "{error}");
    }
}
