//! What is new since the review before.

use super::{Review, TokenView};
use crate::trail::state::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is new since the review before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// What it is compared with, in words: `the review of 2026-01-31`. `None` if there is nothing to
    /// compare with.
    pub since: Option<String>,
    /// Tokens that were not known then, by fingerprint.
    pub new: Vec<String>,
    /// Tokens whose state is another one now.
    pub moved: Vec<Moved>,
    /// Tokens that were known then and are not found any more: fingerprint and what they were.
    pub gone: Vec<(String, String)>,
    /// Rules of the policy that are broken now and were not then.
    pub newly_broken: Vec<String>,
    /// Rules of the policy that were broken then and are not now.
    pub mended: Vec<String>,
}

/// A token whose state changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Its fingerprint.
    #[serde(rename = "fingerprint")]
    pub token: String,
    /// The state that it was in.
    pub from: State,
    /// The state that it is in.
    pub to: State,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty()
            && self.moved.is_empty()
            && self.gone.is_empty()
            && self.newly_broken.is_empty()
            && self.mended.is_empty()
    }

    /// What changed from one review to the next.
    pub fn between(before: &Review, after: &Review) -> Self {
        let then = before.tokens.iter().map(|token| (token.fingerprint.as_str(), token.state));
        let mut changes = since(
            then.collect(),
            &before.tokens.iter().map(|token| (token.fingerprint.as_str(), token.name())).collect(),
            &after.tokens,
            format!("the review of {}", before.made.now.date()),
        );
        let broken = |review: &Review| {
            let broken = review.rules.iter().filter(|rule| rule.outcome == super::Outcome::Violated);
            broken.map(|rule| rule.id.clone()).collect::<std::collections::BTreeSet<_>>()
        };
        let (then, now) = (broken(before), broken(after));
        changes.newly_broken = now.difference(&then).cloned().collect();
        changes.mended = then.difference(&now).cloned().collect();
        changes
    }
}

/// What changed since the states were those of `then`; `names` tells what those were that are gone.
fn since(
    mut then: BTreeMap<&str, State>,
    names: &BTreeMap<&str, &str>,
    tokens: &[TokenView],
    from: String,
) -> Changes {
    let mut changes = Changes { since: Some(from), ..Changes::default() };
    for token in tokens {
        match then.remove(token.fingerprint.as_str()) {
            None => changes.new.push(token.fingerprint.clone()),
            Some(state) if state != token.state => {
                changes.moved.push(Moved { token: token.fingerprint.clone(), from: state, to: token.state });
            }
            Some(_) => {}
        }
    }
    let name_of = |print: &str| names.get(print).copied().unwrap_or_default().to_owned();
    changes.gone = then.into_keys().map(|print| (print.to_owned(), name_of(print))).collect();
    changes
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn new_moved_and_gone_tokens_are_told() {
        let before = sample::review();
        let mut after = before.clone();
        assert!(Changes::between(&before, &after).is_empty());
        let gone = after.tokens.remove(0);
        after.tokens[0].state = State::Revoked;
        after.tokens.push(sample::token(77));
        after.rules[0].outcome = super::super::Outcome::Pass;
        let changes = Changes::between(&before, &after);
        assert_eq!(changes.gone, [(gone.fingerprint.clone(), gone.name().to_owned())]);
        assert_eq!(changes.new, [sample::token(77).fingerprint]);
        assert_eq!(changes.moved.len(), 1);
        assert_eq!((changes.moved[0].from, changes.moved[0].to), (before.tokens[1].state, State::Revoked));
        assert_eq!(changes.mended, [before.rules[0].id.clone()]);
    }
}
