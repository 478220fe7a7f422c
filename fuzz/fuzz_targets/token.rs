//! Any bytes as a token, with any bytes round it.

#![no_main]

use keytrail::token::{Around, Carrier, facts_in};
use libfuzzer_sys::fuzz_target;

/// A rule of each decoder, and the start of what it finds.
const RULES: [(&str, &[u8]); 20] = [
    ("jwt-token", b"eyJ"),
    ("azure-sas", b""),
    ("azure-signed-key", b""),
    ("aws-presigned-url", b""),
    ("aws-cloudfront-signed-url", b""),
    ("aws-bedrock-short-term-api-key", b"bedrock-api-key-"),
    ("aws-secret-access-key", b""),
    ("discord-bot-token", b""),
    ("gcp-service-account-key", b"-----BEGIN PRIVATE KEY-----"),
    ("github-app-installation-token-stateless", b"ghs_1_eyJ"),
    ("gitlab-routable-token", b"glpat-"),
    ("grafana-cloud-token", b"glc_"),
    ("private-key-pem", b"-----BEGIN PRIVATE KEY-----\n"),
    ("private-key-openssh", b"-----BEGIN OPENSSH PRIVATE KEY-----\n"),
    ("private-key-pgp", b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n"),
    ("private-key-putty", b""),
    ("pypi-upload-token", b"pypi-"),
    ("sentry-organization-token", b"sntrys_"),
    ("slack-bot-token", b"xoxb-"),
    ("generic-token", b""),
];

fuzz_target!(|input: (u8, &[u8], &[u8], &[u8])| {
    let (which, body, before, after) = input;
    let (rule, start) = RULES[usize::from(which) % RULES.len()];
    let secret = [start, body].concat();
    let parts = [("access key id", before), ("client id", after)];
    let carrier = Carrier { rule, secret: &secret, parts: &parts };
    let facts = facts_in(&carrier, Around { before, after });
    let text = serde_json::to_string(&facts).expect("facts are JSON");
    assert!(text.len() < 64 << 10, "what is told is bounded");
});
