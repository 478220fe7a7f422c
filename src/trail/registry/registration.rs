//! What a team says of one token.

use crate::facts::Expiry;
use crate::kind::Kind;
use crate::moment::Moment;
use crate::secret::Fingerprint;
use crate::trail::state::Word;
use serde::{Deserialize, Serialize};

/// One `[[token]]` of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Which token it is.
    pub fingerprint: Fingerprint,
    /// What the team calls it: `deploy bot of the shop`.
    pub name: String,
    /// The sort of secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The id of the rule that knows its form: `github-pat-fine-grained`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Who answers for it: a name of the `[owners]` table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// How it came to be.
    #[serde(default, skip_serializing_if = "Issue::is_empty")]
    pub issued: Issue,
    /// What it may do, in the provider's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Where it is stored: `vault: secret/shop/deploy`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stored: Vec<String>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expiry>,
    /// When another one must have taken its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate_by: Option<Moment>,
    /// The token whose place it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Fingerprint>,
    /// Whether it is in use.
    #[serde(default)]
    pub status: Status,
    /// When and how it was revoked.
    #[serde(default, skip_serializing_if = "Revocation::is_empty")]
    pub revoked: Revocation,
    /// Addresses of what proves all this: tickets, audit logs, screenshots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// How a token came to be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Issue {
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Moment>,
    /// By what means: `terraform`, `by hand in the console`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// For what reason, or by which ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl Issue {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// When and how a token was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Revocation {
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Moment>,
    /// By what means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
}

impl Revocation {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether a token is in use, by the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is in use.
    #[default]
    Active,
    /// Another one has taken its place.
    Rotated,
    /// The provider was told to refuse it.
    Revoked,
    /// It ended by itself.
    Expired,
    /// Nothing uses it any more; it may still work.
    Retired,
}

impl Status {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Active, Self::Rotated, Self::Revoked, Self::Expired, Self::Retired];

    /// The name used in the registry and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Rotated => "rotated",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Retired => "retired",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl Registration {
    /// A registration that says nothing yet but which token it is and its name.
    pub fn new(fingerprint: Fingerprint, name: impl Into<String>) -> Self {
        Self {
            fingerprint,
            name: name.into(),
            kind: None,
            rule: None,
            owner: None,
            purpose: None,
            issued: Issue::default(),
            scopes: Vec::new(),
            stored: Vec::new(),
            expires: None,
            rotate_by: None,
            replaces: None,
            status: Status::default(),
            revoked: Revocation::default(),
            evidence: Vec::new(),
        }
    }

    /// When it ends by itself, if the registry says so.
    pub fn ends(&self) -> Option<Moment> {
        match self.expires {
            Some(Expiry::At(moment)) => Some(moment),
            Some(Expiry::Never) | None => None,
        }
    }

    /// When it was revoked. A status `revoked` without a date proves nothing and does not count;
    /// `keytrail registry check` asks for the date.
    pub fn revoked_at(&self) -> Option<Moment> {
        self.revoked.when
    }

    /// Whether somebody may still use it, as the registry has it: it is active, or it is known only
    /// that another one has taken its place or that nothing uses it.
    pub fn may_work(&self) -> bool {
        match self.status {
            Status::Active | Status::Rotated | Status::Retired => self.revoked.when.is_none(),
            Status::Revoked | Status::Expired => false,
        }
    }

    /// What it says to the judge of states.
    pub fn word(&self, is_waived: bool) -> Word {
        Word { revoked: self.revoked_at(), expires: self.ends(), is_waived }
    }
}
