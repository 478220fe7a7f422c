//! Keys of 32 bytes in Bech32 (BIP 173): identities of age, in upper case with the human-readable part
//! `AGE-SECRET-KEY-`, and private keys of Nostr, in lower case with `nsec` (NIP-19).

use super::{Outcome, alone};
use std::ops::Range;

const SYMBOLS: &[u8; 32] = b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
const DATA: usize = 52;
const SUM: usize = 6;
/// The human-readable parts, in upper case.
const AGE: &[u8] = b"AGE-SECRET-KEY-";
const NOSTR: &[u8] = b"NSEC";

pub fn judge_age(text: &[u8], secret: Range<usize>) -> Outcome {
    judge(text, secret, AGE)
}

pub fn judge_nostr(text: &[u8], secret: Range<usize>) -> Outcome {
    judge(text, secret, NOSTR)
}

fn judge(text: &[u8], secret: Range<usize>, name: &[u8]) -> Outcome {
    alone(text, secret, |key| {
        let key = key.to_ascii_uppercase();
        let values = key.strip_prefix(name).and_then(|key| key.strip_prefix(b"1")).and_then(values);
        match values {
            Some(values) if values.len() == DATA + SUM && polymod(name, &values) == 1 => {
                Outcome::proved("checksum holds (Bech32)")
            }
            Some(values) if values.len() == DATA + SUM => Outcome::refuted("checksum does not hold (Bech32)"),
            _ => Outcome::refuted("not of the form of such a key"),
        }
    })
}

fn values(text: &[u8]) -> Option<Vec<u8>> {
    text.iter().map(|byte| SYMBOLS.iter().position(|symbol| symbol == byte).map(|at| at as u8)).collect()
}

/// BIP 173's checksum over the human-readable part and the values.
fn polymod(name: &[u8], values: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let name = name.to_ascii_lowercase();
    let expanded = name.iter().map(|byte| byte >> 5).chain([0]).chain(name.iter().map(|byte| byte & 31));
    expanded.chain(values.iter().copied()).fold(1, |sum, value| {
        let top = sum >> 25;
        let sum = (sum & 0x1ff_ffff) << 5 ^ u32::from(value);
        GENERATOR
            .iter()
            .enumerate()
            .filter(|(bit, _)| top >> bit & 1 == 1)
            .fold(sum, |sum, (_, term)| sum ^ term)
    })
}

pub fn complete_age(token_so_far: &[u8]) -> Option<String> {
    complete(token_so_far, AGE)
}

pub fn complete_nostr(token_so_far: &[u8]) -> Option<String> {
    complete(&token_so_far.to_ascii_uppercase(), NOSTR).map(|sum| sum.to_ascii_lowercase())
}

fn complete(token_so_far: &[u8], name: &[u8]) -> Option<String> {
    let data = token_so_far.last_chunk::<DATA>()?;
    let mut values = values(data)?;
    values.extend([0; SUM]);
    let sum = polymod(name, &values) ^ 1;
    Some((0..SUM).map(|at| char::from(SYMBOLS[(sum >> (5 * (SUM - 1 - at)) & 31) as usize])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    #[test]
    fn the_test_key_of_the_age_specification_holds() {
        // From the test vectors of age ("testkit"), in two parts.
        let data = "XMWWC06LY3EE5RYTXM9MFLAZ2U56JJJ36S0MYPDRWSVLUL66MV4QX3S7F6";
        let key = format!("AGE-SECRET-KEY-{}{data}", 1);
        assert_eq!(
            judge_age(key.as_bytes(), 0..key.len()).verdict,
            Verdict::Proved("checksum holds (Bech32)")
        );
    }

    #[test]
    fn a_completed_identity_is_proved_and_a_changed_one_refuted() {
        let start = format!("AGE-SECRET-KEY-1{}", "QPZRY9X8GF2TV".repeat(4));
        let key = format!("{start}{}", complete_age(start.as_bytes()).unwrap());
        assert!(matches!(judge_age(key.as_bytes(), 0..key.len()).verdict, Verdict::Proved(_)));
        let bad = key.replacen("ZRY9", "ZRY8", 1);
        assert!(matches!(judge_age(bad.as_bytes(), 0..bad.len()).verdict, Verdict::Refuted(_)));
    }

    #[test]
    fn the_key_of_the_nostr_specification_holds() {
        // From NIP-19, in two parts.
        let key = ["nsec1vl029mgpspedva04g90vltkh6f", "vh240zqtv9k0t9af8935ke9laqsnlfe5"].concat();
        assert!(matches!(judge_nostr(key.as_bytes(), 0..key.len()).verdict, Verdict::Proved(_)));
        let bad = key.replacen('g', "q", 1);
        assert!(matches!(judge_nostr(bad.as_bytes(), 0..bad.len()).verdict, Verdict::Refuted(_)));
    }
}
