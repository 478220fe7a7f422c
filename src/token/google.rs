//! Google's credentials: the JSON of service-account keys
//! (<https://cloud.google.com/iam/docs/keys-create-delete>), and the kinds that a prefix tells
//! (<https://cloud.google.com/docs/authentication/api-keys> and
//! <https://cloud.google.com/docs/authentication/token-types>: access tokens end after an hour).

#![allow(clippy::unnecessary_wraps, reason = "all decoders have the same signature")]

use super::text::shown;
use super::{Around, Carrier, form, key};
use crate::facts::TokenFacts;
use serde_json::Value;

/// How far round the key its object may reach.
const BEHIND: usize = 2048;
const AHEAD: usize = 4096;

/// The facts of an API key, or a secret of OAuth.
pub fn facts(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    let secret = carrier.secret;
    let mut facts = match secret {
        [b'A', b'I', b'z', b'a', ..] => form("API key"),
        [b'A', b'Q', b'.', ..] => form("API key bound to a service account"),
        [b'G', b'O', b'C', b'S', b'P', b'X', b'-', ..] => form("OAuth client secret"),
        [b'1', b'/', b'/', ..] => form("OAuth refresh token"),
        [b'y', b'a', b'2', b'9', b'.', ..] => {
            let mut facts = form("OAuth access token");
            facts.more.insert(
                "ends".to_owned(),
                "at most an hour after it was issued, unless its organisation allows more".to_owned(),
            );
            facts
        }
        _ => return None,
    };
    // `123456789012-….apps.googleusercontent.com` begins with the number of the project.
    let client = carrier.parts.iter().find(|(name, _)| *name == "client id");
    if let Some((_, id)) = client {
        let digits = id.split(|&byte| byte == b'-').next().unwrap_or_default();
        facts.account = super::text::shown_bytes(digits).map(|number| format!("project number {number}"));
    }
    Some(facts)
}

/// The facts of a service-account key, from the JSON object round it.
pub fn service_account(carrier: &Carrier<'_>, around: Around<'_>) -> Option<TokenFacts> {
    let mut facts = key::facts(carrier, Around::default()).unwrap_or_default();
    facts.form = Some("service account key".to_owned());
    facts.revocable = None;
    let says = |name: &str| beside(around, name);
    facts.subject = says("client_email");
    facts.account = says("project_id").or_else(|| project_of(facts.subject.as_deref()?));
    for (name, value) in [("key id", says("private_key_id")), ("client id", says("client_id"))] {
        facts.more.extend(value.map(|value| (name.to_owned(), value)));
    }
    Some(facts)
}

/// A text of the object that the key stands in: the nearest field of that name on either side, also
/// where the object is escaped in a string.
fn beside(around: Around<'_>, name: &str) -> Option<String> {
    let before = &around.before[around.before.len().saturating_sub(BEHIND)..];
    // The object has no other one inside.
    let before = &before[memchr::memrchr(b'{', before).map_or(0, |at| at + 1)..];
    let after = &around.after[..around.after.len().min(AHEAD)];
    let after = &after[..memchr::memchr(b'}', after).unwrap_or(after.len())];
    field(after, name).or_else(|| field(before, name))
}

fn field(text: &[u8], name: &str) -> Option<String> {
    let at = memchr::memmem::find_iter(text, name.as_bytes()).find_map(|at| {
        let rest = &text[at + name.len()..];
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        (before == Some(&b'"')).then_some(rest)
    })?;
    // `":` and a string, with backslashes before the quotes in a string of JSON.
    let colon = memchr::memchr(b':', &at[..at.len().min(8)])?;
    let value = at[colon + 1..].trim_ascii_start();
    let value = &value[value.iter().position(|&byte| byte == b'"').filter(|&at| at <= 4)? + 1..];
    let end = value.iter().take(256).position(|&byte| matches!(byte, b'"' | b'\\'))?;
    let value =
        serde_json::from_str::<Value>(&format!("\"{}\"", std::str::from_utf8(&value[..end]).ok()?)).ok()?;
    shown(value.as_str()?)
}

/// `acme` of `ci@acme.iam.gserviceaccount.com`.
pub fn project_of(mail: &str) -> Option<String> {
    let (_, domain) = mail.split_once('@')?;
    shown(domain.strip_suffix(".iam.gserviceaccount.com")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_round_a_key_is_read() {
        let before = r#"{"type": "service_account", "project_id": "acme-prod", "private_key_id": "0f1e", "private_key": ""#;
        let after = r#"\n", "client_email": "ci@acme-prod.iam.gserviceaccount.com", "client_id": "12345", "auth_uri": "https://x"}"#;
        let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        for (before, after) in [(before.to_owned(), after.to_owned()), (escape(before), escape(after))] {
            let carrier = Carrier {
                rule: "gcp-service-account-key",
                secret: b"-----BEGIN PRIVATE KEY-----",
                parts: &[],
            };
            let around = Around { before: before.as_bytes(), after: after.as_bytes() };
            let facts = service_account(&carrier, around).expect("facts");
            assert_eq!(facts.account.as_deref(), Some("acme-prod"), "{before}");
            assert_eq!(facts.subject.as_deref(), Some("ci@acme-prod.iam.gserviceaccount.com"));
            assert_eq!((facts.more["key id"].as_str(), facts.more["client id"].as_str()), ("0f1e", "12345"));
        }
    }

    #[test]
    fn prefixes_tell_the_kind() {
        let of = |secret: String, parts: &[(&str, &[u8])]| {
            facts(&Carrier { rule: "google-x", secret: secret.as_bytes(), parts }, Around::default())
                .expect("facts")
        };
        assert_eq!(of(format!("{}{}", "AIza", "x".repeat(35)), &[]).form.as_deref(), Some("API key"));
        let secret = of(
            format!("{}-{}", "GOCSPX", "x".repeat(28)),
            &[("client id", b"123456789012-ab.apps.googleusercontent.com")],
        );
        assert_eq!(secret.account.as_deref(), Some("project number 123456789012"));
    }
}
