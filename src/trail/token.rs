//! A token without its secret: what the trail, the inventory, policies and reviews tell of it.

use crate::facts::TokenFacts;
use crate::finding::Finding;
use crate::kind::Kind;
use crate::level::{Confidence, Severity};
use crate::secret::{Fingerprint, Masked};
use serde::{Deserialize, Serialize};

/// A token, told apart by its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Which secret it is.
    pub fingerprint: Fingerprint,
    /// The id of the rule that knows it: `github-pat-classic`.
    pub rule: String,
    /// The rule's name: `GitHub personal access token (classic)`.
    pub name: String,
    /// The sort of secret.
    pub kind: Kind,
    /// The provider's id: `github`.
    pub provider: String,
    /// The secret as it may be shown.
    pub masked: Masked,
    /// What a leak would cost.
    pub severity: Severity,
    /// How sure we are that it is one.
    pub confidence: Confidence,
    /// What its own bytes tell.
    #[serde(default, skip_serializing_if = "TokenFacts::is_empty")]
    pub facts: TokenFacts,
}

impl Token {
    /// The token of a finding.
    pub fn of(finding: &Finding) -> Self {
        let rule = &finding.rule;
        Self {
            fingerprint: finding.fingerprint,
            rule: rule.id.clone(),
            name: rule.name.clone(),
            kind: rule.kind,
            provider: rule.provider.clone(),
            masked: finding.masked.clone(),
            severity: finding.severity,
            confidence: finding.confidence,
            facts: finding.facts.clone(),
        }
    }
}
