//! A policy rule that is broken.

use crate::level::Severity;
use crate::origin::RepoPath;
use crate::policy::control::ControlId;
use crate::secret::{Fingerprint, Masked};
use crate::trail::token::Token;
use serde::{Deserialize, Serialize};

/// One break of a policy rule: by a token, by a waiver, or by neither where the rule speaks of the
/// whole, such as a review that was missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The id of the policy rule: `no-classic-github-tokens`. Reports write it `policy/ID` where it
    /// stands among the ids of detection rules.
    pub rule: String,
    /// The rule's title.
    pub title: String,
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong with this token, in one sentence.
    pub message: String,
    /// What the rule gives evidence for, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<ControlId>,
    /// Which token breaks it, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Fingerprint>,
    /// The token as it may be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenName>,
    /// Where to look: where the token stands, or stood last, or the line of a waiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// How reports name a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenName {
    /// The id of the rule that knows it.
    pub rule: String,
    /// The rule's name.
    pub name: String,
    /// The secret as it may be shown.
    pub masked: Masked,
}

impl From<&Token> for TokenName {
    fn from(token: &Token) -> Self {
        Self { rule: token.rule.clone(), name: token.name.clone(), masked: token.masked.clone() }
    }
}

/// A place in a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The path.
    pub path: RepoPath,
    /// The line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The commit that has it there, in hexadecimal; `None` for a file on disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

impl Violation {
    /// The rule's id as it stands among those of detection rules: `policy/ID`.
    pub fn full_rule(&self) -> String {
        format!("policy/{}", self.rule)
    }

    /// What tells this violation from every other one and survives edits: rule, token and path.
    pub fn identity(&self) -> String {
        let subject = self.subject.map(|one| one.to_string()).unwrap_or_default();
        let path = self.place.as_ref().map(|place| place.path.to_string()).unwrap_or_default();
        format!("{}:{subject}:{path}", self.full_rule())
    }
}
