//! Lives for tests.

use crate::facts::TokenFacts;
use crate::kind::Kind;
use crate::level::{Confidence, Severity};
use crate::origin::RepoPath;
use crate::secret::{FingerprintKey, Secret};
use crate::trail::life::{Life, PlaceSort, Stay};
use crate::trail::token::Token;

/// A token that a working tree has.
pub(crate) fn life(secret: &[u8]) -> Life {
    let secret = Secret::new(secret);
    Life {
        token: Token {
            fingerprint: secret.fingerprint(&FingerprintKey::public()),
            rule: "acme-api-key".to_owned(),
            name: "Acme API key".to_owned(),
            kind: Kind::ApiKey,
            provider: "acme".to_owned(),
            masked: secret.masked(0),
            severity: Severity::High,
            confidence: Confidence::High,
            facts: TokenFacts::default(),
        },
        introduced: None,
        stays: vec![Stay {
            path: RepoPath::new("src/config.py"),
            name: None,
            line: 3,
            sort: PlaceSort::File,
            since: None,
            until: None,
            versions: 1,
            from: None,
            in_head: true,
        }],
        refs: Vec::new(),
        in_head: true,
        replaced_by: Vec::new(),
        replaces: Vec::new(),
        allowed: None,
        in_baseline: false,
        waived_until: None,
    }
}
