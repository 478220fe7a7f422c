//! `OpenPGP` secret keys (RFC 9580, and RFC 4880 before it): the first packet and the armour's CRC-24.

use super::Key;
use crate::detect::checks::{day, encode};

const SECRET_KEY: u8 = 5;
const SECRET_SUBKEY: u8 = 7;

/// Whether the bytes may be the start of a key that was cut off.
pub fn may_begin(bytes: &[u8]) -> bool {
    bytes.first().and_then(|&first| tag(first)).is_some_and(|tag| tag == SECRET_KEY || tag == SECRET_SUBKEY)
}

/// What key the bytes are, if their first packet is a secret key.
pub fn key(bytes: &[u8], sum: Option<[u8; 4]>) -> Option<Key> {
    if !may_begin(bytes) {
        return None;
    }
    let (note, locked) = secret_key(first_packet(bytes)?)?;
    let proof = match sum.and_then(|sum| encode::base64(&sum)) {
        Some(sum) if sum == crc24(bytes).to_be_bytes()[1..] => "armour checksum holds (CRC-24)",
        _ => "OpenPGP structure decodes",
    };
    Some(Key { proof, note, locked: locked.then(|| "OpenPGP".to_owned()) })
}

fn tag(first: u8) -> Option<u8> {
    match first {
        0xc0.. => Some(first & 0x3f),
        0x80.. => Some(first >> 2 & 0x0f),
        _ => None,
    }
}

/// The content of the first packet, which may be shorter than stated where only a part is needed.
fn first_packet(bytes: &[u8]) -> Option<&[u8]> {
    let (&first, rest) = bytes.split_first()?;
    let be = |count: usize| {
        let (length, rest) = rest.split_at_checked(count)?;
        Some((length.iter().fold(0usize, |length, &byte| length << 8 | usize::from(byte)), rest))
    };
    let (length, content) = if first >= 0xc0 {
        match *rest.first()? {
            short @ 0..=191 => (usize::from(short), &rest[1..]),
            high @ 192..=223 => {
                (((usize::from(high) - 192) << 8) + usize::from(*rest.get(1)?) + 192, &rest[2..])
            }
            255 => {
                let (length, content) = rest[1..].split_first_chunk::<4>()?;
                (u32::from_be_bytes(*length) as usize, content)
            }
            _ => return None,
        }
    } else {
        be(1 << (first & 3)).filter(|_| first & 3 < 3)?
    };
    content.get(..length)
}

/// Reads the public half to reach the octet that says whether the secret half is encrypted.
fn secret_key(packet: &[u8]) -> Option<(String, bool)> {
    let [version, made @ ..] = packet else { return None };
    let (made, rest) = made.split_first_chunk::<4>()?;
    let (&algorithm, mut rest) = rest.split_first()?;
    if matches!(version, 5 | 6) {
        rest = rest.get(4..)?;
    } else if *version != 4 {
        return None;
    }
    let (name, rest) = match algorithm {
        1..=3 => ("RSA", integers(rest, 2)?),
        16 => ("ElGamal", integers(rest, 3)?),
        17 => ("DSA", integers(rest, 4)?),
        18 => {
            let rest = integers(sized(rest)?, 1)?;
            ("ECDH", sized(rest)?)
        }
        19 => ("ECDSA", integers(sized(rest)?, 1)?),
        22 => ("EdDSA", integers(sized(rest)?, 1)?),
        25 => ("X25519", rest.get(32..)?),
        26 => ("X448", rest.get(56..)?),
        27 => ("Ed25519", rest.get(32..)?),
        28 => ("Ed448", rest.get(57..)?),
        _ => return None,
    };
    let locked = *rest.first()? != 0;
    let made = day(i64::from(u32::from_be_bytes(*made)));
    let made = made.map_or_else(String::new, |day| format!(", made {day}"));
    Some((format!("OpenPGP {name} secret key{made}"), locked))
}

/// Skips numbers that are led by their length in bits.
fn integers(mut rest: &[u8], count: usize) -> Option<&[u8]> {
    for _ in 0..count {
        let (bits, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_be_bytes(*bits)).div_ceil(8)..)?;
    }
    Some(rest)
}

/// Skips a field that is led by its length in bytes.
fn sized(rest: &[u8]) -> Option<&[u8]> {
    let (&length, rest) = rest.split_first()?;
    rest.get(usize::from(length)..)
}

/// The checksum of the armour (RFC 9580, section 6.1).
fn crc24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x00b7_04ce, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 16, |sum, _| {
            let sum = sum << 1;
            if sum & 0x0100_0000 == 0 { sum } else { sum ^ 0x0186_4cfb }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_armour_checksum_is_the_catalogued_one() {
        assert_eq!(crc24(b"123456789"), 0x0021_CF02);
    }
}
