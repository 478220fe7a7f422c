//! Waivers: findings that are allowed, by whom, why, and until when.

use crate::moment::Moment;
use crate::origin::RepoPath;
use crate::secret::Fingerprint;
use serde::{Deserialize, Serialize};

/// A finding that is allowed for a while. It covers one secret, by its fingerprint, and never
/// another one, whatever line that stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Waiver {
    /// Which secret.
    pub fingerprint: Fingerprint,
    /// Only there; `None` for wherever the secret stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<RepoPath>,
    /// The rule that found the secret when it was waived. It tells people what the waiver covers,
    /// and whether the secret in its place was changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Where the secret stood when it was waived.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen_at: Vec<RepoPath>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it is dealt with: an issue's number or address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// When it was granted.
    pub created: Moment,
    /// When it ends: from this time on it covers nothing.
    pub expires: Moment,
}

impl Waiver {
    /// Whether it counts at this time: it was granted and has not ended.
    pub fn is_in_force(&self, now: Moment) -> bool {
        self.created <= now && now < self.expires
    }

    /// For how many whole days it was granted, a part of a day counted as one.
    pub fn days(&self) -> i64 {
        let seconds = self.expires.seconds().saturating_sub(self.created.seconds());
        seconds.max(0).saturating_add(crate::moment::DAY - 1) / crate::moment::DAY
    }

    /// Whether it speaks of this secret at this path.
    pub fn speaks_of(&self, fingerprint: Fingerprint, path: &RepoPath) -> bool {
        self.fingerprint == fingerprint && self.path.as_ref().is_none_or(|own| own == path)
    }
}
