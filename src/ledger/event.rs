//! What the ledger tells of.

use crate::moment::Moment;
use serde::{Deserialize, Serialize};

/// Something that happened. No field may hold a secret: tokens are named by fingerprint.
///
/// A missing text is left out of the entry. Counts are below 2^53, so that every JSON reader keeps
/// them (RFC 7493).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Event {
    /// The first entry, and only that.
    Header {
        /// The version of the ledger's form.
        version: u32,
        /// The ledger's name in checkpoints.
        origin: String,
    },
    /// A scan came to its end.
    Scan(Scan),
    /// A finding is there that the recorded scan before did not have.
    FindingOpened(Finding),
    /// A finding of the recorded scan before is no longer there or no longer counts.
    FindingClosed(Finding),
    /// A waiver was added, changed or taken away.
    Waiver {
        /// What happened to it.
        action: Action,
        /// The token that it covers.
        fingerprint: String,
        /// The path, if it covers only that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// Who answers for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The ticket.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<String>,
        /// Until when it holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Moment>,
    },
    /// A token was registered, or what the registry says of it was changed or taken away.
    Registration {
        /// What happened.
        action: Action,
        /// The token.
        fingerprint: String,
        /// Its name in the registry.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// What sort of token it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
        /// Who answers for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
    },
    /// A token took another one's place.
    Rotation {
        /// The token that went.
        old: String,
        /// The one that came.
        new: String,
        /// Where, or under which name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<String>,
        /// The commit that did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
    /// A token was made worthless.
    Revocation {
        /// The token.
        fingerprint: String,
        /// When it was revoked, if not when this was recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revoked: Option<Moment>,
        /// Who did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// What proves it: a ticket, a link, a log line of the provider's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<String>,
    },
    /// The policy is another one than the recorded one before.
    PolicyChange {
        /// The file.
        file: String,
        /// The SHA-256 of the policy before, in hexadecimal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        /// The SHA-256 of the policy now.
        after: String,
    },
    /// Somebody signed a review off.
    ReviewSignOff {
        /// Who.
        reviewer: String,
        /// The SHA-256 of the report, in hexadecimal.
        report: String,
        /// What the review came to.
        verdict: String,
        /// The time that the report judged by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reviewed: Option<Moment>,
        /// What else the reviewer said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
    /// What another tool recorded, or a newer keytrail: an object with a `type` of its own.
    #[serde(untagged)]
    Other(serde_json::Map<String, serde_json::Value>),
}

/// What happened to a waiver or a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is new.
    Added,
    /// It says something else now.
    Changed,
    /// It was taken away.
    Removed,
    /// It came to its end by itself.
    Expired,
}

/// What a scan covered and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Scan {
    /// What was read: `history`, `tree`, `staged`.
    pub scope: String,
    /// The commit that HEAD was at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// The version of keytrail.
    pub tool: String,
    /// The SHA-256 of program, rules and settings together, in hexadecimal.
    pub settings: String,
    /// The id of the fingerprint key.
    pub key: String,
    /// How many documents were read: files, blobs, messages.
    pub documents: u64,
    /// How many bytes were read.
    pub bytes: u64,
    /// How many gaps there were.
    pub gaps: u64,
    /// Findings that count.
    pub open: u64,
    /// Findings that an allow marker or a waiver covers.
    pub allowed: u64,
    /// Findings known from the baseline.
    pub baseline: u64,
    /// Findings that made the scan fail.
    pub blocking: u64,
    /// `clean`, `findings` or `incomplete`.
    pub verdict: String,
}

/// A finding, as the ledger names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// The secret's fingerprint.
    pub fingerprint: String,
    /// The rule.
    pub rule: String,
    /// The path of its first place.
    pub path: String,
    /// The scope of the scans that tell of it: what is gone from the tree may still be in history.
    pub scope: String,
}

impl Event {
    /// The types that have fields of their own.
    pub const TYPES: [&str; 10] = [
        "header",
        "scan",
        "finding-opened",
        "finding-closed",
        "waiver",
        "registration",
        "rotation",
        "revocation",
        "policy-change",
        "review-sign-off",
    ];

    /// The `type` that stands in the entry.
    pub fn name(&self) -> &str {
        match self {
            Self::Header { .. } => "header",
            Self::Scan(_) => "scan",
            Self::FindingOpened(_) => "finding-opened",
            Self::FindingClosed(_) => "finding-closed",
            Self::Waiver { .. } => "waiver",
            Self::Registration { .. } => "registration",
            Self::Rotation { .. } => "rotation",
            Self::Revocation { .. } => "revocation",
            Self::PolicyChange { .. } => "policy-change",
            Self::ReviewSignOff { .. } => "review-sign-off",
            Self::Other(fields) => {
                fields.get("type").and_then(serde_json::Value::as_str).unwrap_or("unknown")
            }
        }
    }
}
