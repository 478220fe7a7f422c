//! Sentry organisation tokens: `sntrys_`, base64 of a JSON object, `_`, 43 characters of secret.

use super::{Outcome, alone, day, encode, shown};
use serde_json::Value;
use std::ops::Range;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |token| {
        let body = token.strip_prefix(b"sntrys_").unwrap_or(token);
        let Some(end) = memchr::memrchr(b'_', body) else {
            return Outcome::refuted("lacks the part with the secret");
        };
        let value =
            encode::base64(&body[..end]).and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let Some(Value::Object(object)) = value else { return Outcome::refuted("holds no JSON object") };
        let says = |key: &str| object.get(key).and_then(Value::as_str);
        let (Some(issued), Some(url)) = (object.get("iat").and_then(Value::as_f64), says("url")) else {
            return Outcome::refuted("the JSON inside lacks what Sentry puts there");
        };
        let mut outcome = Outcome::proved("the JSON inside decodes").with(format!("for {}", shown(url)));
        if let Some(organization) = says("org") {
            outcome = outcome.with(format!("organization {}", shown(organization)));
        }
        if let Some(day) = day(issued as i64) {
            outcome = outcome.with(format!("made {day}"));
        }
        outcome
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    #[test]
    fn the_json_inside_is_read() {
        let json = r#"{"iat":1700000000.5,"url":"https://sentry.io","region_url":"https://us.sentry.io","org":"acme"}"#;
        let token = format!("sntrys_{}_{}", data_encoding::BASE64.encode(json.as_bytes()), "aB3".repeat(14));
        let outcome = judge(token.as_bytes(), 0..token.len());
        assert!(matches!(outcome.verdict, Verdict::Proved(_)));
        assert_eq!(outcome.notes, ["for https://sentry.io", "organization acme", "made 2023-11-14"]);
        let other = format!("sntrys_{}_{}", data_encoding::BASE64.encode(b"{}"), "aB3".repeat(14));
        assert!(matches!(judge(other.as_bytes(), 0..other.len()).verdict, Verdict::Refuted(_)));
    }
}
