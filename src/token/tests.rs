//! What holds for every decoder.

use super::*;
use crate::facts::Expiry;
use proptest::prelude::*;

/// Rules whose tokens tell something.
const RULES: &[&str] = &[
    "1password-service-account-token",
    "aws-access-key-id",
    "aws-bedrock-api-key",
    "aws-bedrock-short-term-api-key",
    "azure-signed-key",
    "azure-entra-client-secret",
    "discord-bot-token",
    "discord-webhook",
    "gcp-service-account-key",
    "github-app-installation-token-stateless",
    "gitlab-pat",
    "google-oauth-client-secret",
    "grafana-cloud-token",
    "jwt-token",
    "jwt-token",
    "mapbox-secret-token",
    "ngrok-token",
    "plaid-access-token",
    "postman-api-key",
    "private-key-pem",
    "private-key-pem",
    "private-key-openssh",
    "private-key-pgp",
    "private-key-base64",
    "private-key-putty",
    "pypi-upload-token",
    "sentry-organization-token",
    "slack-bot-token",
    "slack-webhook",
    "telegram-bot-token",
    "upstash-qstash-token",
    "generic-secret",
];

/// The start of what each of them finds, so that random bytes reach the depth of each decoder.
const STARTS: &[&[u8]] = &[
    b"ops_eyJ",
    b"AKIA",
    b"ABSK",
    b"bedrock-api-key-",
    b"",
    b"abc8Q~",
    b"MTc1OTI4ODQ3Mjk5MTE3MDYz.",
    b"discord.com/api/webhooks/175928847299117063/",
    b"-----BEGIN PRIVATE KEY-----",
    b"ghs_1_eyJ",
    b"glpat-",
    b"GOCSPX-",
    b"glc_eyJ",
    b"eyJ",
    b"eyJhbGciOiJIUzI1NiJ9.eyJ",
    b"sk.eyJ1Ijoi",
    b"",
    b"access-production-",
    b"PMAK-",
    b"-----BEGIN RSA PRIVATE KEY-----\n",
    b"-----BEGIN CERTIFICATE-----\n",
    b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA",
    b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlFgE",
    b"LS0tLS1CRUdJTi",
    b"",
    b"pypi-AgEIcHlwaS5vcmc",
    b"sntrys_eyJ",
    b"xoxb-",
    b"hooks.slack.com/services/",
    b"1:AA",
    b"eyJVc2VySUQiOi",
    b"",
];

/// Bytes, or text of the alphabets that decoders know, so that more of it decodes.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..400),
        "[A-Za-z0-9+/_.=-]{0,600}".prop_map(String::into_bytes),
        "[A-Za-z0-9&=%?;:/ \n\"{}\\\\-]{0,300}".prop_map(String::into_bytes),
        // What base64 of structures looks like.
        proptest::collection::vec(any::<u8>(), 0..300)
            .prop_map(|bytes| data_encoding::BASE64URL_NOPAD.encode(&bytes).into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| data_encoding::BASE64
            .encode(&[b"0\x82\x01\x00\x02\x01\x00".as_slice(), &bytes].concat())
            .into_bytes()),
    ]
}

/// All that is told, as text.
fn told(facts: &TokenFacts) -> Vec<String> {
    let mut all: Vec<String> = [&facts.form, &facts.account, &facts.subject, &facts.issuer, &facts.revocable]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    all.extend(facts.audience.iter().chain(&facts.scopes).cloned());
    all.extend(facts.more.values().cloned());
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 4000 }))]

    #[test]
    fn no_bytes_make_a_decoder_panic(
        which in 0..RULES.len(),
        body in bytes(),
        before in bytes(),
        after in bytes(),
    ) {
        let (rule, start) = (RULES[which], STARTS[which]);
        let secret = [start, &body].concat();
        let parts: [(&str, &[u8]); 2] = [("access key id", &before), ("client id", &after)];
        let carrier = Carrier { rule, secret: &secret, parts: &parts };
        let around = Around { before: &before, after: &after };
        let mut all = vec![facts(&carrier), facts_in(&carrier, around)];
        for (_, decoder) in BY_RULE {
            all.extend(decoder(&carrier, around));
        }
        all.extend([macaroon::facts(&secret), jwt::facts(&secret), key::facts(&carrier, around)].into_iter().flatten());
        for facts in &all {
            for text in told(facts) {
                prop_assert!(text.chars().count() <= 4000 && text.chars().all(|c| crate::excerpt::shown(c) == c), "{text:?}");
            }
        }
    }
}

#[test]
fn hostile_input_is_cut_short() {
    let claims =
        data_encoding::BASE64URL_NOPAD.encode(format!("{{\"sub\":\"{}\"}}", "x".repeat(4000)).as_bytes());
    let header = data_encoding::BASE64URL_NOPAD.encode(br#"{"alg":"none"}"#);
    let token = format!("{header}.{claims}.AAAA");
    let carrier = Carrier { rule: "jwt-token", secret: token.as_bytes(), parts: &[] };
    assert_eq!(facts(&carrier).subject.map(|text| text.chars().count()), Some(121));
    // Megabytes are not looked into at all.
    let long = format!("eyJ{}", "a".repeat(5 << 20));
    assert!(facts(&Carrier { rule: "jwt-token", secret: long.as_bytes(), parts: &[] }).is_empty());
    let deep =
        format!("{header}.{}.AAAA", data_encoding::BASE64URL_NOPAD.encode("[".repeat(30_000).as_bytes()));
    assert_eq!(
        facts(&Carrier { rule: "jwt-token", secret: deep.as_bytes(), parts: &[] }).form.as_deref(),
        Some("JWS (none)")
    );
}

#[test]
fn what_stands_round_a_secret_tells_of_it() {
    let text =
        b"url = https://acme.blob.core.windows.net/c?sv=2022-11-02&sr=c&sp=r&se=2030-01-01&sig=SIG&x=1";
    let at = memchr::memmem::find(text, b"SIG").expect("there");
    let carrier = Carrier { rule: "azure-sas", secret: b"SIG", parts: &[] };
    let facts = facts_in(&carrier, Around::of(text, &(at..at + 3)));
    assert_eq!(facts.account.as_deref(), Some("acme"));
    assert!(matches!(facts.expires, Some(Expiry::At(_))));
    // A span that is not of the text tells nothing, and does no harm.
    let outside = std::ops::Range { start: 500, end: 400 };
    assert!(facts_in(&carrier, Around::of(text, &outside)).is_empty());
}
