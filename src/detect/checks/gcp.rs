//! Google service accounts: the JSON object round the private key (Google Cloud, "Create and
//! delete service account keys").

use super::{Outcome, Verdict, pem, shown};
use serde_json::Value;
use std::ops::Range;

/// How far before the key the object may begin, and after it end. Small, because the objects that
/// Google makes are, and because a text may be full of things that look like the start of one.
const BEHIND: usize = 2048;
const AHEAD: usize = 8192;
/// How many opening braces before the key are tried.
const TRIES: usize = 2;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    let mut outcome = pem::judge(text, secret.clone());
    let Some(object) = object_round(text, secret.start) else { return outcome };
    let says = |key: &str| object.get(key).and_then(Value::as_str);
    if says("type") != Some("service_account") {
        outcome.verdict =
            if matches!(outcome.verdict, Verdict::Refuted(_)) { outcome.verdict } else { Verdict::Unknown };
        return outcome;
    }
    let (Some(project), Some(mail)) = (says("project_id"), says("client_email")) else {
        return Outcome::refuted("the JSON object lacks what Google puts there");
    };
    if matches!(outcome.verdict, Verdict::Proved(_)) {
        outcome.verdict = Verdict::Proved("the JSON object is whole and its key decodes");
    }
    outcome.with(format!("service account {}", shown(mail))).with(format!("project {}", shown(project)))
}

/// The innermost JSON object that holds the place, also where it is escaped in a string.
fn object_round(text: &[u8], place: usize) -> Option<Value> {
    let from = place.saturating_sub(BEHIND);
    let until = text.len().min(place.saturating_add(AHEAD));
    let escaped = text[..place].ends_with(b"\\\"");
    memchr::memrchr_iter(b'{', &text[from..place]).take(TRIES).find_map(|at| {
        let slice = &text[from + at..until];
        let value = if escaped { first_value(&unescaped(slice)) } else { first_value(slice) };
        value.filter(|value| value.get("private_key").is_some())
    })
}

fn first_value(text: &[u8]) -> Option<Value> {
    serde_json::Deserializer::from_slice(text).into_iter::<Value>().next()?.ok()
}

/// One layer of JSON string escapes off.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(b'n') => plain.push(b'\n'),
                Some(b'r') => plain.push(b'\r'),
                Some(b't') => plain.push(b'\t'),
                Some(other) => plain.push(other),
                None => {}
            },
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::template;

    fn account(key: &str) -> String {
        let key = serde_json::to_string(key).unwrap();
        format!(
            r#"[1, {{"type": "service_account", "project_id": "acme-prod", "private_key_id": "0f", "private_key": {key}, "client_email": "ci@acme-prod.iam.gserviceaccount.com"}}]"#
        )
    }

    fn at(text: &str) -> Outcome {
        let start = text.find("-----BEGIN").unwrap();
        judge(text.as_bytes(), start..start + 27)
    }

    #[test]
    fn a_whole_object_with_a_key_is_proved() {
        let key = String::from_utf8(template::expand("{{pem ed25519}}", 1).unwrap()).unwrap();
        let text = account(&key);
        let outcome = at(&text);
        assert_eq!(outcome.verdict, Verdict::Proved("the JSON object is whole and its key decodes"));
        assert!(outcome.notes.contains(&"project acme-prod".to_owned()), "{:?}", outcome.notes);
        let span = outcome.span.unwrap();
        assert!(text[span].ends_with("-----END PRIVATE KEY-----"));
        let escaped = format!("KEY={}", serde_json::to_string(&account(&key)).unwrap());
        assert!(matches!(at(&escaped).verdict, Verdict::Proved(_)));
    }

    #[test]
    fn a_sample_object_is_refuted() {
        let text = account("-----BEGIN PRIVATE KEY-----\nYOUR KEY\n-----END PRIVATE KEY-----\n");
        assert!(matches!(at(&text).verdict, Verdict::Refuted(_)));
    }
}
