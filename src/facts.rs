//! What a token's own bytes tell of it, without asking anybody.

use crate::moment::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a token's own bytes tell. All of it can be shown: nothing in it is the secret or helps to
/// guess it. What is not told is `None` or empty.
///
/// These are the token's claims: a signature is not checked here, and a token may have been revoked
/// long before it says that it expires.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenFacts {
    /// What it is, as its issuer calls it: `fine-grained personal access token`, `service SAS`,
    /// `JWT (RS256)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Whether it opens production or a test environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// The account, tenant, project or organisation that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Who or what it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// For whom it is meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// What it may do, in the issuer's words: `read:org`, `blob:read`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<Moment>,
    /// From when on it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Moment>,
    /// Until when it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expiry>,
    /// The key that it is, or that it was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyFacts>,
    /// How it can be made worthless where that is not plain: `only by rotating the account key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocable: Option<String>,
    /// Whatever else its form tells, by its name there: `region`, `kid`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, String>,
}

/// Until when a token is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expiry {
    /// Nothing in it ends it: it is valid until it is revoked.
    Never,
    /// It ends by itself at this time.
    At(Moment),
}

/// What a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// The real thing: production data or money.
    Live,
    /// A sandbox.
    Test,
}

impl Environment {
    /// The name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

/// A key, as far as it can be told without using it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyFacts {
    /// The algorithm: `RSA`, `Ed25519`, `ECDSA P-256`, `HMAC-SHA256`.
    pub algorithm: String,
    /// Its size in bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// Whether a passphrase protects it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
}

impl TokenFacts {
    /// Whether the bytes told nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// When it ends by itself, if it says so.
    pub fn ends(&self) -> Option<Moment> {
        match self.expires {
            Some(Expiry::At(moment)) => Some(moment),
            Some(Expiry::Never) | None => None,
        }
    }

    /// Whether it is over by itself.
    pub fn is_expired(&self, now: Moment) -> bool {
        self.ends().is_some_and(|end| end <= now)
    }

    /// For how many days it is made to be valid, if it tells both its ends.
    pub fn lifetime_days(&self) -> Option<i64> {
        Some(self.ends()?.days_since(self.issued.or(self.not_before)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_over_when_it_says_so() {
        let moment = |text| Moment::parse(text).expect("a date");
        let mut facts = TokenFacts::default();
        assert!(facts.is_empty() && !facts.is_expired(moment("9999-01-01")));
        facts.expires = Some(Expiry::Never);
        assert!(!facts.is_expired(moment("9999-01-01")));
        facts.expires = Some(Expiry::At(moment("2026-02-01")));
        facts.issued = Some(moment("2026-01-01"));
        assert!(facts.is_expired(moment("2026-02-01")) && !facts.is_expired(moment("2026-01-31")));
        assert_eq!(facts.lifetime_days(), Some(31));
        let text = serde_json::to_string(&facts).expect("JSON");
        assert_eq!(text, r#"{"issued":"2026-01-01T00:00:00Z","expires":{"at":"2026-02-01T00:00:00Z"}}"#);
        assert_eq!(serde_json::from_str::<TokenFacts>(&text).expect("JSON"), facts);
    }
}
