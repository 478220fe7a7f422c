//! Grafana tokens: service accounts (`glsa_`, 32 characters, `_`, CRC-32 of all before in hex, low
//! byte first: Grafana's `satokengen`), Cloud access policies (`glc_` and base64 JSON) and API keys
//! of old (base64 JSON).

use super::{Outcome, alone, encode, shown};
use serde_json::Value;
use std::ops::Range;

const SECRET: usize = 32;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |token| {
        if let Some(body) = token.strip_prefix(b"glc_") {
            return object(body, &["o", "n", "k"]);
        }
        if token.starts_with(b"eyJ") {
            return object(token, &["k", "n", "id"]);
        }
        let Some((start, sum)) = token.split_at_checked(token.len().saturating_sub(9)) else {
            return Outcome::unknown();
        };
        if !start.starts_with(b"glsa_") || start.len() != 5 + SECRET {
            return Outcome::unknown();
        }
        if sum[1..].eq_ignore_ascii_case(checksum(start).as_bytes()) {
            Outcome::proved("checksum holds (CRC-32)")
        } else {
            Outcome::refuted("checksum does not hold (CRC-32)")
        }
    })
}

fn checksum(start: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&crc32fast::hash(start).to_le_bytes())
}

fn object(body: &[u8], keys: &[&str]) -> Outcome {
    let value = encode::base64(body).and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let Some(Value::Object(object)) = value else {
        return Outcome::refuted("holds no JSON object");
    };
    if keys.iter().any(|key| !object.contains_key(*key)) {
        return Outcome::refuted("the JSON inside lacks what Grafana puts there");
    }
    let mut outcome = Outcome::proved("the JSON inside decodes");
    if let Some(name) = object.get("n").and_then(Value::as_str) {
        outcome = outcome.with(format!("named {}", shown(name)));
    }
    let number = |key: &str| object.get(key).filter(|value| value.is_string() || value.is_number());
    if let Some(organization) = number("o").or_else(|| number("id")) {
        outcome = outcome.with(format!("organization {}", shown(organization.to_string().trim_matches('"'))));
    }
    outcome
}

/// Takes `glsa_`, the secret and `_`.
pub fn complete(token_so_far: &[u8]) -> Option<String> {
    let start = token_so_far.strip_suffix(b"_")?;
    let from = start.len().checked_sub(5 + SECRET)?;
    start[from..].starts_with(b"glsa_").then(|| checksum(&start[from..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::{Verdict, by_name};

    #[test]
    fn a_service_account_token_is_proved() {
        let check = by_name("grafana").unwrap();
        let start = format!("glsa_{}_", "aB3d".repeat(8));
        // The byte order is written out here, apart from the code under test.
        let crc = crc32fast::hash(&start.as_bytes()[..start.len() - 1]);
        let sum = format!("{:02x}{:02x}{:02x}{:02x}", crc & 255, crc >> 8 & 255, crc >> 16 & 255, crc >> 24);
        assert_eq!(check.complete(start.as_bytes()).as_deref(), Some(sum.as_str()));
        assert!(matches!(check.verify(format!("{start}{sum}").as_bytes()), Verdict::Proved(_)));
        assert!(matches!(check.verify(format!("{start}00000000").as_bytes()), Verdict::Refuted(_)));
    }

    #[test]
    fn a_cloud_token_tells_its_organization() {
        let json = r#"{"o":"652992","n":"stack-1","k":"abc","m":{"r":"us"}}"#;
        let token = format!("glc_{}", data_encoding::BASE64.encode(json.as_bytes()));
        let outcome = judge(token.as_bytes(), 0..token.len());
        assert!(matches!(outcome.verdict, Verdict::Proved(_)));
        assert_eq!(outcome.notes, ["named stack-1", "organization 652992"]);
        let other = format!("glc_{}", data_encoding::BASE64.encode(b"not json at all"));
        assert!(matches!(judge(other.as_bytes(), 0..other.len()).verdict, Verdict::Refuted(_)));
    }
}
