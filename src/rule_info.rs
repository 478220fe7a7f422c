//! What reports tell about a rule.

use crate::kind::Kind;
use crate::level::{Confidence, Severity};
use serde::{Deserialize, Serialize};

/// What reports tell about the rule that found a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleInfo {
    /// The rule's id: `github-pat-classic`.
    pub id: String,
    /// A short name for a headline: `GitHub personal access token (classic)`.
    pub name: String,
    /// The provider's id, which is also the name of its rule file: `github`.
    pub provider: String,
    /// The provider's name: `GitHub`.
    pub provider_name: String,
    /// What the secret is, in one or two sentences.
    pub description: String,
    /// What the holder of the secret may do.
    pub opens: String,
    /// How to make the secret worthless, by hand.
    pub revoke: String,
    /// How to replace it without an outage.
    pub rotate: String,
    /// The sort of secret.
    pub kind: Kind,
    /// What a leak would cost.
    pub severity: Severity,
    /// How sure a match of the rule is by itself.
    pub confidence: Confidence,
    /// Pages of the provider that the rule was written from; the first is the help page.
    pub references: Vec<String>,
}
