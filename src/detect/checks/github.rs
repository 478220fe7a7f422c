//! GitHub and npm tokens.
//!
//! Both vendors document a prefix, 30 random characters and a CRC-32 of those in six base62 digits
//! (GitHub's engineering blog, "Behind GitHub's new authentication token formats"; npm took the
//! form over). The form of fine-grained tokens is not documented, so nothing is claimed of those.

use super::{Outcome, Verdict, alone, encode, jwt};
use std::ops::Range;

const RANDOM: usize = 30;
const PREFIXES: [&[u8]; 6] = [b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"npm_"];

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |token| {
        if !PREFIXES.iter().any(|prefix| token.starts_with(prefix)) {
            return Outcome::unknown();
        }
        let body = &token[4..];
        if body.contains(&b'.') {
            return stateless(body);
        }
        let Some((random, sum)) = body.split_at_checked(body.len().saturating_sub(6)) else {
            return Outcome::unknown();
        };
        let holds = encode::base62_crc(crc32fast::hash(random)) == sum;
        match (random.len(), holds) {
            (_, true) => Outcome::proved("checksum holds (CRC-32)"),
            (RANDOM, false) => Outcome::refuted("checksum does not hold (CRC-32)"),
            _ => Outcome::unknown(),
        }
    })
}

/// Installation tokens since 2026: the app's number, `_`, a JSON Web Token.
fn stateless(body: &[u8]) -> Outcome {
    let digits = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let app = std::str::from_utf8(&body[..digits]).unwrap_or_default();
    let Some(token) = body[digits..].strip_prefix(b"_") else { return Outcome::unknown() };
    let mut outcome = jwt::inspect(token);
    if matches!(outcome.verdict, Verdict::Refuted(_)) {
        outcome.verdict = Verdict::Unknown;
    } else if digits > 0 {
        outcome.notes.insert(0, format!("of GitHub App {app}"));
    }
    outcome
}

pub fn complete(token_so_far: &[u8]) -> Option<String> {
    let random = token_so_far.last_chunk::<RANDOM>()?;
    if !random.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    Some(encode::base62_crc(crc32fast::hash(random)).into_iter().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::by_name;

    fn token(prefix: &str) -> String {
        let start = format!("{prefix}{}", "aB3".repeat(10));
        format!("{start}{}", complete(start.as_bytes()).unwrap())
    }

    #[test]
    fn the_checksum_is_the_documented_one() {
        // CRC-32 of "123456789" is 0xCBF43926 by every catalogue of checksums.
        assert_eq!(crc32fast::hash(b"123456789"), 0xCBF4_3926);
        assert_eq!(&encode::base62_crc(0xCBF4_3926), b"3jZRME");
    }

    #[test]
    fn tokens_with_their_checksum_are_proved() {
        let check = by_name("github").unwrap();
        for prefix in ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "npm_"] {
            let good = token(prefix);
            assert_eq!(check.verify(good.as_bytes()), Verdict::Proved("checksum holds (CRC-32)"));
            let mut bad = good.into_bytes();
            bad[10] ^= 1;
            assert!(matches!(check.verify(&bad), Verdict::Refuted(_)));
        }
    }

    #[test]
    fn undocumented_forms_are_left_open() {
        let check = by_name("github").unwrap();
        let fine = format!("github_pat_{}_{}", "a1".repeat(11), "b2".repeat(30));
        assert_eq!(check.verify(fine.as_bytes()), Verdict::Unknown);
        assert_eq!(check.verify(format!("ghr_{}", "a".repeat(76)).as_bytes()), Verdict::Unknown);
    }

    #[test]
    fn a_stateless_installation_token_names_its_app() {
        let part = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
        let token = format!(
            "ghs_{}_{}.{}.{}",
            12345,
            part(r#"{"alg":"ES256"}"#),
            part(r#"{"exp":1800000000}"#),
            "x".repeat(86)
        );
        let outcome = judge(token.as_bytes(), 0..token.len());
        assert!(matches!(outcome.verdict, Verdict::Proved(_)));
        assert_eq!(outcome.notes[0], "of GitHub App 12345");
    }
}
