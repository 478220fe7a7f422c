//! Cloudflare's scannable credentials: a prefix, 40 letters and digits, and the CRC-32 of these in
//! eight hexadecimal digits. The vendor documents the form but not the checksum, so that one that
//! fails tells nothing.

use super::{Outcome, alone};
use std::ops::Range;

const BODY: usize = 40;
const SUM: usize = 8;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |token| {
        let Some((start, sum)) = token.split_at_checked(token.len().saturating_sub(SUM)) else {
            return Outcome::unknown();
        };
        match complete(start) {
            Some(expected) if expected.as_bytes() == sum => Outcome::proved("checksum holds (CRC-32)"),
            _ => Outcome::unknown(),
        }
    })
}

/// Takes the prefix and the 40 characters.
pub fn complete(token_so_far: &[u8]) -> Option<String> {
    let body = &token_so_far[token_so_far.len().checked_sub(BODY)?..];
    Some(data_encoding::HEXLOWER.encode(&crc32fast::hash(body).to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    #[test]
    fn the_checksum_is_over_the_body_alone() {
        let body = "a1B2".repeat(10);
        for prefix in ["cfut_", "cfat_", "cfk_"] {
            let sum = complete(format!("{prefix}{body}").as_bytes()).unwrap();
            let token = format!("{prefix}{body}{sum}");
            let verdict = |token: &str| judge(token.as_bytes(), 0..token.len()).verdict;
            assert!(matches!(verdict(&token), Verdict::Proved(_)));
            assert_eq!(verdict(&token.replacen("B2", "C3", 1)), Verdict::Unknown);
            assert_eq!(verdict("cfut_"), Verdict::Unknown);
        }
    }
}
