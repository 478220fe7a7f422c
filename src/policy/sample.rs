//! Findings for the tests of this room.

use crate::finding::{Excerpt, Finding, Location, RuleInfo, Status};
use crate::kind::Kind;
use crate::level::{Confidence, Severity};
use crate::origin::{Origin, OriginKind, Position, RepoPath, Span};
use crate::secret::{FingerprintKey, Secret};
use std::sync::Arc;

/// An open finding of a secret, with the public key, at these paths.
pub(super) fn finding(secret: &str, paths: &[&str]) -> Finding {
    let secret = Secret::new(secret.as_bytes());
    let rule = RuleInfo {
        id: "acme-token".to_owned(),
        name: "Acme token".to_owned(),
        provider: "acme".to_owned(),
        provider_name: "Acme".to_owned(),
        description: String::new(),
        opens: String::new(),
        revoke: String::new(),
        rotate: String::new(),
        kind: Kind::ApiKey,
        severity: Severity::High,
        confidence: Confidence::High,
        references: Vec::new(),
    };
    Finding {
        rule: Arc::new(rule),
        severity: Severity::High,
        confidence: Confidence::High,
        masked: secret.masked(0),
        fingerprint: secret.fingerprint(&FingerprintKey::public()),
        secret,
        notes: Vec::new(),
        parts: Vec::new(),
        facts: crate::facts::TokenFacts::default(),
        locations: paths.iter().map(|path| location(RepoPath::new(*path))).collect(),
        status: Status::Open,
    }
}

/// A place at the start of a file.
pub(super) fn location(path: RepoPath) -> Location {
    Location {
        path,
        span: Span { start: Position::START, end: Position::START },
        origin: Arc::new(Origin::plain(OriginKind::File)),
        confidence: Confidence::High,
        excerpt: Excerpt::default(),
        line_hash: None,
        decoded: Vec::new(),
        allowed: None,
        versions: 1,
    }
}
