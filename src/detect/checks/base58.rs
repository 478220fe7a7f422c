//! Private keys of Bitcoin and its kin in `Base58Check`, which ends in the first four bytes of a double
//! SHA-256: in wallet import format (a version byte, 32 bytes of key, a byte 1 where the public key is
//! compressed), and extended ones of BIP 32 (version, depth, parent, number, chain code, key).

use super::{Outcome, alone};
use sha2::{Digest, Sha256};
use std::ops::Range;

const SYMBOLS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const MAIN: u8 = 0x80;
const TEST: u8 = 0xef;
/// Version, key, compression mark and checksum.
const BYTES: usize = 38;
const CHARACTERS: usize = 52;
/// How many last characters `complete_wif` makes: enough for the mark and the checksum.
const LAST: usize = 8;
/// The bytes and characters of an extended key, and how many last ones `complete_extended` makes.
const EXTENDED_BYTES: usize = 82;
const EXTENDED_CHARACTERS: usize = 111;
const EXTENDED_LAST: usize = 6;

pub fn judge_wif(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |key| {
        let Some(bytes) = (key.len() <= CHARACTERS).then(|| decode::<BYTES>(key)).flatten() else {
            return Outcome::refuted("not base58");
        };
        // Without the compression mark the number is one byte shorter.
        let bytes = if bytes[0] == 0 { &bytes[1..] } else { &bytes[..] };
        let (payload, sum) = bytes.split_at(bytes.len() - 4);
        if checksum(payload) != sum {
            return Outcome::refuted("checksum does not hold (Base58Check)");
        }
        match payload[0] {
            MAIN => Outcome::proved("checksum holds (Base58Check)"),
            TEST => Outcome::proved("checksum holds (Base58Check)").with("a key of the test network"),
            _ => Outcome::refuted("not the version of a private key"),
        }
    })
}

pub fn judge_extended(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |key| match decode::<EXTENDED_BYTES>(key) {
        Some(bytes) if checksum(&bytes[..EXTENDED_BYTES - 4]) == bytes[EXTENDED_BYTES - 4..] => {
            Outcome::proved("checksum holds (Base58Check)")
        }
        Some(_) => Outcome::refuted("checksum does not hold (Base58Check)"),
        None => Outcome::refuted("not base58"),
    })
}

fn checksum(payload: &[u8]) -> [u8; 4] {
    let hash = Sha256::digest(Sha256::digest(payload));
    [hash[0], hash[1], hash[2], hash[3]]
}

/// The number in big-endian bytes.
fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut number = [0; N];
    for symbol in text {
        let mut carry = SYMBOLS.iter().position(|other| other == symbol)?;
        for byte in number.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 255) as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return None;
        }
    }
    Some(number)
}

fn encode<const N: usize>(mut number: [u8; N]) -> String {
    let mut symbols = Vec::new();
    while number.iter().any(|&byte| byte > 0) {
        let mut rest = 0;
        for byte in &mut number {
            let value = rest << 8 | usize::from(*byte);
            *byte = (value / 58) as u8;
            rest = value % 58;
        }
        symbols.push(char::from(SYMBOLS[rest]));
    }
    symbols.iter().rev().collect()
}

/// The next number up.
fn add_one(number: &mut [u8]) {
    for byte in number.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
}

/// Takes the first 44 characters of a compressed key; the other eight leave room for the mark and
/// the checksum whatever the first are.
pub fn complete_wif(token_so_far: &[u8]) -> Option<String> {
    let start = token_so_far.last_chunk::<{ CHARACTERS - LAST }>()?;
    let mut number = decode::<BYTES>(&[start.as_slice(), &[SYMBOLS[0]; LAST]].concat())?;
    // The next number up whose lower five bytes are ours to set.
    add_one(&mut number[..BYTES - 5]);
    number[BYTES - 5] = 1;
    let sum = checksum(&number[..BYTES - 4]);
    number[BYTES - 4..].copy_from_slice(&sum);
    let whole = encode(number);
    let (before, last) = whole.split_at_checked(whole.len().checked_sub(LAST)?)?;
    (before.as_bytes() == start).then(|| last.to_owned())
}

/// Takes the first 105 characters of an extended key; the others leave room for the checksum.
pub fn complete_extended(token_so_far: &[u8]) -> Option<String> {
    let start = token_so_far.last_chunk::<{ EXTENDED_CHARACTERS - EXTENDED_LAST }>()?;
    let mut number = decode::<EXTENDED_BYTES>(&[start.as_slice(), &[SYMBOLS[0]; EXTENDED_LAST]].concat())?;
    add_one(&mut number[..EXTENDED_BYTES - 4]);
    let sum = checksum(&number[..EXTENDED_BYTES - 4]);
    number[EXTENDED_BYTES - 4..].copy_from_slice(&sum);
    let whole = encode(number);
    let (before, last) = whole.split_at_checked(whole.len().checked_sub(EXTENDED_LAST)?)?;
    (before.as_bytes() == start).then(|| last.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    #[test]
    fn the_sample_of_the_bitcoin_wiki_holds() {
        // The key of the page "Wallet import format", from its parts.
        let key = ["5HueCGU8rMjxEXxiPuD5BDku4", "MkFqeZyd4dZ1jvhTVqvbTLvyTJ"].concat();
        assert_eq!(
            judge_wif(key.as_bytes(), 0..key.len()).verdict,
            Verdict::Proved("checksum holds (Base58Check)")
        );
        let bad = key.replacen('D', "E", 1);
        assert!(matches!(judge_wif(bad.as_bytes(), 0..bad.len()).verdict, Verdict::Refuted(_)));
    }

    #[test]
    fn a_completed_key_is_proved() {
        for start in ["KzBqR", "L2eFg"] {
            let start = format!("{start}{}", "xYz".repeat(13));
            let key = format!("{start}{}", complete_wif(start.as_bytes()).unwrap());
            assert_eq!(key.len(), CHARACTERS);
            assert!(matches!(judge_wif(key.as_bytes(), 0..key.len()).verdict, Verdict::Proved(_)), "{key}");
        }
    }

    #[test]
    fn the_first_key_of_bip_32_holds() {
        // Test vector 1 of BIP 32, chain m, in three parts.
        let key = [
            "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2n",
            "W2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6",
            "LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
        ]
        .concat();
        assert!(matches!(judge_extended(key.as_bytes(), 0..key.len()).verdict, Verdict::Proved(_)), "{key}");
        let made = &key[..EXTENDED_CHARACTERS - EXTENDED_LAST].replace("QTDL", "QTDM");
        let made = format!("{made}{}", complete_extended(made.as_bytes()).unwrap());
        assert!(
            matches!(judge_extended(made.as_bytes(), 0..made.len()).verdict, Verdict::Proved(_)),
            "{made}"
        );
        let bad = key.replacen("QTDL", "QTDM", 1);
        assert!(matches!(judge_extended(bad.as_bytes(), 0..bad.len()).verdict, Verdict::Refuted(_)));
    }
}
