//! Seeds in base32 with a CRC-16: NATS nkeys (`nats-io/nkeys`) and Stellar keys (SEP 23). Both use
//! CRC-16/XMODEM with the low byte first.

use super::{Outcome, alone};
use data_encoding::BASE32_NOPAD;
use std::ops::Range;

/// Stellar's version byte of a secret seed, `S` in base32.
const STELLAR_SEED: u8 = 18 << 3;
/// NATS's prefix of a seed, in the five upper bits of the first byte.
const NATS_SEED: u8 = 18 << 3;

/// The types of NATS keys: the letter's place in base32 and its name.
const NATS_TYPES: [(u8, &str); 6] =
    [(0, "account"), (2, "cluster"), (13, "server"), (14, "operator"), (20, "user"), (23, "curve")];

pub fn judge_nkey(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |seed| {
        let Some(bytes) = decode(seed, 36) else { return Outcome::refuted("not of the form of a NATS seed") };
        // The second letter: three bits in the first byte, two in the second.
        let kind = (bytes[0] & 7) << 2 | bytes[1] >> 6;
        let name = NATS_TYPES.iter().find(|(letter, _)| *letter == kind).map(|(_, name)| name);
        match name {
            Some(name) if bytes[0] & 0xf8 == NATS_SEED && sum_holds(&bytes) => {
                Outcome::proved("checksum holds (CRC-16)").with(format!("seed of a NATS {name}"))
            }
            _ => Outcome::refuted("checksum does not hold (CRC-16)"),
        }
    })
}

pub fn judge_stellar(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |seed| match decode(seed, 35) {
        Some(bytes) if bytes[0] == STELLAR_SEED && sum_holds(&bytes) => {
            Outcome::proved("checksum holds (CRC-16)")
        }
        Some(_) => Outcome::refuted("checksum does not hold (CRC-16)"),
        None => Outcome::refuted("not of the form of a Stellar seed"),
    })
}

fn decode(seed: &[u8], length: usize) -> Option<Vec<u8>> {
    BASE32_NOPAD.decode(seed).ok().filter(|bytes| bytes.len() == length)
}

fn sum_holds(bytes: &[u8]) -> bool {
    let (before, sum) = bytes.split_at(bytes.len() - 2);
    crc16(before).to_le_bytes() == sum
}

/// CRC-16/XMODEM: polynomial 0x1021, start 0, not reflected.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, &byte| {
        (0..8).fold(
            sum ^ u16::from(byte) << 8,
            |sum, _| {
                if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x1021 }
            },
        )
    })
}

/// Takes the first 54 of 58 characters.
pub fn complete_nkey(token_so_far: &[u8]) -> Option<String> {
    finish(token_so_far.last_chunk::<54>()?, 34)
}

/// Takes the first 52 of 56 characters.
pub fn complete_stellar(token_so_far: &[u8]) -> Option<String> {
    finish(token_so_far.last_chunk::<52>()?, 33)
}

/// The last four characters: what is left of the key's bits (zeros) and the checksum.
fn finish(start: &[u8], payload: usize) -> Option<String> {
    let padded = [start, b"AA"].concat();
    let mut bytes = BASE32_NOPAD.decode(&padded[..padded.len() / 8 * 8]).ok()?;
    let rest = &padded[padded.len() / 8 * 8..];
    if !rest.is_empty() {
        let rest = [rest, &b"AAAAAAAA"[rest.len()..]].concat();
        bytes.extend(BASE32_NOPAD.decode(&rest).ok()?);
    }
    bytes.resize(payload, 0);
    bytes.extend(crc16(&bytes).to_le_bytes());
    let whole = BASE32_NOPAD.encode(&bytes);
    Some(whole.get(start.len()..)?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    #[test]
    fn the_checksum_is_the_catalogued_one() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
    }

    #[test]
    fn a_stellar_seed_is_proved() {
        // Encoded here from bytes, apart from `complete_stellar`.
        let mut bytes = vec![18 << 3];
        bytes.extend(1..=32);
        bytes.extend(crc16(&bytes).to_le_bytes());
        let seed = BASE32_NOPAD.encode(&bytes);
        assert!(seed.starts_with('S') && seed.len() == 56);
        assert_eq!(judge_stellar(seed.as_bytes(), 0..56).verdict, Verdict::Proved("checksum holds (CRC-16)"));
        let made = format!("SB{}", "A7".repeat(25));
        let made = format!("{made}{}", complete_stellar(made.as_bytes()).unwrap());
        assert!(matches!(judge_stellar(made.as_bytes(), 0..56).verdict, Verdict::Proved(_)));
        let bad = made.replacen("A7", "B7", 1);
        assert!(matches!(judge_stellar(bad.as_bytes(), 0..56).verdict, Verdict::Refuted(_)));
    }

    #[test]
    fn a_nats_seed_is_proved_with_its_type() {
        for (letter, name) in [("U", "user"), ("A", "account"), ("O", "operator")] {
            let start = format!("S{letter}AM{}", "K2".repeat(25));
            let seed = format!("{start}{}", complete_nkey(start.as_bytes()).unwrap());
            let outcome = judge_nkey(seed.as_bytes(), 0..seed.len());
            assert_eq!(outcome.verdict, Verdict::Proved("checksum holds (CRC-16)"), "{letter}");
            assert_eq!(outcome.notes, [format!("seed of a NATS {name}")]);
        }
    }
}
