//! What a user feeds into the inventory from the places where tokens belong. One file a format. A
//! value that stands in such a file is handed on as a [`Secret`] and kept nowhere.

mod aws;
mod dotenv;
mod github;
mod gitlab;
mod kubernetes;
mod rows;
mod table;
mod vault;

pub use aws::read as aws;
pub use dotenv::read as dotenv;
pub use github::read as github;
pub use gitlab::read as gitlab;
pub use kubernetes::read as kubernetes;
pub use table::{COLUMNS, read as table};
pub use vault::read as vault;

use super::Stored;
use crate::facts::TokenFacts;
use crate::kind::Kind;
use crate::level::{Confidence, Severity};
use crate::secret::{Fingerprint, FingerprintKey, Secret};
use crate::trail::token::Token;

/// One thing that was fed.
#[derive(Debug)]
pub struct Fed {
    /// Where it is stored, and what its keeper tells of it.
    pub stored: Stored,
    /// What is known of it.
    pub what: What,
}

/// What is known of a thing that was fed.
#[derive(Debug)]
pub enum What {
    /// Its value, and the name that it has there.
    Value {
        /// A variable's name, a key.
        name: String,
        /// The value.
        value: Secret,
        /// Whether its keeper says that it is a secret, whatever it looks like.
        is_secret: bool,
        /// What its keeper tells beyond its value.
        facts: Box<TokenFacts>,
    },
    /// A token without its value, known by what its keeper calls it.
    Reference(Box<Token>),
}

/// What is wrong with a file that was fed. It shows no value of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{place}: {problem}; {help}")]
pub struct FeedError {
    /// The file.
    pub file: String,
    /// Line and column (`:3:7`), or where the format has none, what stands for them.
    pub place: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub help: String,
}

impl FeedError {
    fn new(
        file: &str,
        place: impl Into<String>,
        problem: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { file: file.to_owned(), place: place.into(), problem: problem.into(), help: help.into() }
    }

    /// An error at a line and a column, both from 1.
    fn at(
        file: &str,
        line: usize,
        column: usize,
        problem: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::new(file, format!(":{line}:{column}"), problem, help)
    }
}

/// The text of a file that must be UTF-8.
fn text<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str, FeedError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |at| at + 1) + 1;
        FeedError::at(file, line, column, "not UTF-8", "save the file as UTF-8")
    })
}

/// A token that only its keeper knows: which one it is depends on the sort of keeper and on what the
/// keeper calls it.
struct Reference<'a> {
    keeper: &'a str,
    id: &'a [&'a str],
    rule: &'a str,
    name: &'a str,
    kind: Kind,
    provider: &'a str,
    severity: Severity,
    facts: TokenFacts,
}

impl Reference<'_> {
    fn token(self, key: &FingerprintKey) -> Token {
        Token {
            fingerprint: reference(self.keeper, self.id, key),
            rule: self.rule.to_owned(),
            name: self.name.to_owned(),
            kind: self.kind,
            provider: self.provider.to_owned(),
            masked: Secret::new(b"").masked(0),
            severity: self.severity,
            confidence: Confidence::Certain,
            facts: self.facts,
        }
    }
}

/// A fingerprint of what a keeper calls a token. The words before it keep it apart from fingerprints
/// of secrets.
fn reference(keeper: &str, id: &[&str], key: &FingerprintKey) -> Fingerprint {
    let mut text = format!("keytrail reference v1\0{keeper}");
    for part in id {
        text.push('\0');
        text.push_str(part);
    }
    key.fingerprint(text.as_bytes())
}

#[cfg(test)]
mod tests;
