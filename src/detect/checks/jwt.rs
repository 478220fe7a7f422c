//! JSON Web Tokens (RFC 7519): what header and claims say.

use super::{Outcome, alone, day, encode, shown};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use std::ops::Range;

/// Keys that the demo page jwt.io signs its sample with, now and earlier.
const DEMO_KEYS: [&[u8]; 2] = [b"a-string-secret-at-least-256-bits-long", b"your-256-bit-secret"];

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, inspect)
}

/// Judges a token in compact form.
pub fn inspect(token: &[u8]) -> Outcome {
    let parts: Vec<&[u8]> = token.split(|&byte| byte == b'.').collect();
    if parts.len() != 3 && parts.len() != 5 {
        return Outcome::refuted("not three parts of base64url");
    }
    let Some(header) = object(parts[0]) else {
        return Outcome::refuted("the header is no JSON");
    };
    let Some(algorithm) = header.get("alg").and_then(Value::as_str) else {
        return Outcome::refuted("the header names no algorithm");
    };
    if parts.len() == 5 {
        return Outcome::proved("the header decodes").with("encrypted (JWE), claims not readable");
    }
    if algorithm.eq_ignore_ascii_case("none") || parts[2].is_empty() {
        return Outcome::refuted("not signed (alg none)");
    }
    let Some(claims) = object(parts[1]) else {
        return Outcome::refuted("the claims are no JSON");
    };
    if encode::base64(parts[2]).is_none() {
        return Outcome::refuted("the signature is no base64url");
    }
    if is_demo(&claims) || (algorithm == "HS256" && signed_with_demo_key(token, parts[2])) {
        return Outcome::refuted("the sample token of jwt.io");
    }
    let says = |name: &str| claims.get(name).and_then(Value::as_str);
    if says("iss").is_some_and(|issuer| issuer.starts_with("supabase")) && says("role") == Some("anon") {
        return Outcome::refuted("a Supabase key of the role anon, which is made to be public");
    }
    let mut outcome = Outcome::proved("header and claims decode");
    if let Some(issuer) = says("iss") {
        outcome = outcome.with(format!("issued by {}", shown(issuer)));
    }
    if let Some(role) = says("role") {
        outcome = outcome.with(format!("role {}", shown(role)));
    }
    let date = |name: &str| claims.get(name).and_then(Value::as_f64).and_then(|seconds| day(seconds as i64));
    outcome.with(match date("exp") {
        Some(date) => format!("expires {date}"),
        None => "never expires".to_owned(),
    })
}

fn object(part: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&encode::base64(part)?) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// The claims of the sample token that tutorials copy from jwt.io, whatever key signed it.
fn is_demo(claims: &Map<String, Value>) -> bool {
    let says = |name: &str, what: &str| claims.get(name).and_then(Value::as_str) == Some(what);
    says("sub", "1234567890") && says("name", "John Doe")
}

fn signed_with_demo_key(token: &[u8], signature: &[u8]) -> bool {
    let (Some(signature), Some(end)) = (encode::base64(signature), memchr::memrchr(b'.', token)) else {
        return false;
    };
    DEMO_KEYS.iter().any(|key| {
        Hmac::<Sha256>::new_from_slice(key).is_ok_and(|mut mac| {
            mac.update(&token[..end]);
            mac.verify_slice(&signature).is_ok()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;
    use data_encoding::BASE64URL_NOPAD;

    fn token(header: &str, claims: &str) -> String {
        let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        format!("{}.{}.{}", part(header), part(claims), "aB3".repeat(14))
    }

    fn verdict(token: &str) -> Verdict {
        inspect(token.as_bytes()).verdict
    }

    #[test]
    fn issuer_and_expiry_are_noted() {
        let claims = r#"{"iss":"https://id.acme.example","exp":1893456000,"role":"service_role"}"#;
        let outcome = inspect(token(r#"{"alg":"RS256","typ":"JWT"}"#, claims).as_bytes());
        assert_eq!(outcome.verdict, Verdict::Proved("header and claims decode"));
        assert_eq!(
            outcome.notes,
            ["issued by https://id.acme.example", "role service_role", "expires 2030-01-01"]
        );
    }

    #[test]
    fn unsigned_demo_and_broken_tokens_are_refuted() {
        let hs = r#"{"alg":"HS256","typ":"JWT"}"#;
        let demo = r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#;
        for bad in [
            token(r#"{"alg":"none"}"#, r#"{"sub":"x"}"#),
            token(hs, demo),
            token(hs, "[1]"),
            token(r#"{"typ":"JWT"}"#, r#"{"sub":"x"}"#),
            token("no json", r#"{"sub":"x"}"#),
            token(hs, r#"{"iss":"supabase","role":"anon"}"#),
            format!("{}.{}", "a".repeat(30), "b".repeat(30)),
        ] {
            assert!(matches!(verdict(&bad), Verdict::Refuted(_)), "{bad}");
        }
    }

    #[test]
    fn a_token_signed_with_the_demo_key_is_refuted() {
        let unsigned = token(r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"sub":"somebody"}"#);
        let start = &unsigned[..unsigned.rfind('.').unwrap()];
        for (key, refuted) in [(DEMO_KEYS[0], true), (b"another key".as_slice(), false)] {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(start.as_bytes());
            let signed = format!("{start}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()));
            assert_eq!(matches!(verdict(&signed), Verdict::Refuted(_)), refuted);
        }
    }
}
