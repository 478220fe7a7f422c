//! What a token's own bytes tell: its kind, account, scopes, issue and expiry dates. One file a
//! format, each a pure function; nothing is asked of anybody and no signature is checked.

mod jwt;

use crate::facts::TokenFacts;

/// What is known of a secret before its bytes are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Carrier<'a> {
    /// The id of the rule that found it, which begins with the provider's: `github-pat-classic`.
    pub rule: &'a str,
    /// The secret's bytes.
    pub secret: &'a [u8],
    /// What was found beside it, by its name: `access key id`.
    pub parts: &'a [(&'a str, &'a [u8])],
}

/// Reads what a token tells of itself.
pub fn facts(carrier: &Carrier<'_>) -> TokenFacts {
    jwt::facts(carrier.secret).unwrap_or_default()
}
