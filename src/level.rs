//! How bad a leak would be and how sure we are of it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a leak of the secret would cost, judged by what the secret opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Opens little, or only a test environment.
    Low,
    /// Opens one service with limited rights.
    Medium,
    /// Opens an account or its data.
    High,
    /// Opens a whole organisation, production money or infrastructure.
    Critical,
}

impl Severity {
    /// The name used in rules, settings and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The score for the SARIF property `security-severity`, inside the bands that GitHub code
    /// scanning documents: over 9.0 critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, below that low.
    pub const fn security_severity(self) -> &'static str {
        match self {
            Self::Low => "3.0",
            Self::Medium => "5.5",
            Self::High => "8.0",
            Self::Critical => "9.5",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How sure we are that the bytes are a real secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Looks like one, but evidence speaks against it. Not reported by default.
    Low,
    /// Likely a secret: shape or context say so.
    Medium,
    /// The shape alone identifies it.
    High,
    /// Proved by the token's own bytes: a checksum or a structure that holds.
    Certain,
}

impl Confidence {
    /// The name used in rules, settings and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Certain => "certain",
        }
    }

    /// The value for the SARIF property `precision`.
    pub const fn precision(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Certain => "very-high",
        }
    }

    /// One step less sure; `Low` stays.
    #[must_use]
    pub const fn lowered(self) -> Self {
        match self {
            Self::Certain => Self::High,
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }

    /// One step surer, up to `High`: only a proof makes `Certain`.
    #[must_use]
    pub const fn raised(self) -> Self {
        match self {
            Self::Low => Self::Medium,
            Self::Medium | Self::High => Self::High,
            Self::Certain => Self::Certain,
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
