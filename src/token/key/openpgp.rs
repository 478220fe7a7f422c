//! `OpenPGP` secret keys (RFC 9580, and RFC 4880 before it): the first packet, the user id and the
//! date of expiry that its signature gives, and the armour's CRC-24.

use super::der::CURVES;
use super::{Key, number};
use crate::moment::Moment;
use crate::token::encode;
use crate::token::text::shown;

const SIGNATURE: u8 = 2;
const SECRET_KEY: u8 = 5;
const SECRET_SUBKEY: u8 = 7;
const USER_ID: u8 = 13;
/// The user ids and signatures of a key may go on and on; the first ones tell enough.
const MOST_PACKETS: usize = 16;

/// Curves that `OpenPGP` names by identifiers of its own.
const OWN_CURVES: [(&[u8], &str, u32); 2] = [
    (&[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01], "Ed25519", 256),
    (&[0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01], "Curve25519", 256),
];

/// Symmetric algorithms (RFC 9580, section 9.3).
const CIPHERS: [(u8, &str); 7] = [
    (2, "3DES"),
    (3, "CAST5"),
    (4, "Blowfish"),
    (7, "AES-128"),
    (8, "AES-192"),
    (9, "AES-256"),
    (10, "Twofish"),
];

/// Whether the bytes may be the start of a key that was cut off.
pub fn may_begin(bytes: &[u8]) -> bool {
    bytes.first().and_then(|&first| tag(first)).is_some_and(|tag| tag == SECRET_KEY || tag == SECRET_SUBKEY)
}

/// What key the bytes are, if their first packet is a secret key.
pub fn key(bytes: &[u8], sum: Option<[u8; 4]>) -> Option<Key> {
    if !may_begin(bytes) {
        return None;
    }
    let (packet, rest) = packet(bytes)?;
    let key = secret_key(packet)?;
    let proof = match sum.and_then(|sum| encode::base64(&sum)) {
        Some(sum) if sum == crc24(bytes).to_be_bytes()[1..] => "armour checksum holds (CRC-24)",
        _ => "OpenPGP structure decodes",
    };
    Some(Key { proof, ..with_owner(key, rest) })
}

/// Adds the first user id, and the date of expiry from the signature after it.
fn with_owner(mut key: Key, mut rest: &[u8]) -> Key {
    for _ in 0..MOST_PACKETS {
        let Some(tag) = rest.first().and_then(|&first| tag(first)) else { break };
        let Some((content, after)) = packet(rest) else { break };
        rest = after;
        match tag {
            USER_ID if key.comment.is_none() => {
                key.comment = std::str::from_utf8(content).ok().and_then(shown);
            }
            SIGNATURE if key.expires.is_none() => {
                let seconds = lifetime(content).filter(|&seconds| seconds > 0);
                key.expires = seconds.and_then(|seconds| {
                    Moment::from_seconds(key.made?.seconds().checked_add(i64::from(seconds))?)
                });
            }
            SECRET_SUBKEY => break,
            _ => {}
        }
    }
    key
}

/// After how many seconds the key expires, by a signature of version 4 or 6 over it (RFC 9580,
/// sections 5.2.3 and 5.2.3.13).
fn lifetime(signature: &[u8]) -> Option<u32> {
    const EXPIRES: u8 = 9;
    let [version, kind, _, _, rest @ ..] = signature else { return None };
    // Certifications of a user id, and signatures over the key alone.
    if !matches!(kind, 0x10..=0x13 | 0x1f) {
        return None;
    }
    let (length, rest) = rest.split_at_checked(match version {
        4 => 2,
        6 => 4,
        _ => return None,
    })?;
    let mut subpackets = rest.get(..number(length))?;
    while let [first, rest @ ..] = subpackets {
        let (length, rest) = match *first {
            short @ 0..=191 => (usize::from(short), rest),
            high @ 192..=254 => {
                let (low, rest) = rest.split_first()?;
                ((usize::from(high) - 192) * 256 + usize::from(*low) + 192, rest)
            }
            255 => {
                let (length, rest) = rest.split_at_checked(4)?;
                (number(length), rest)
            }
        };
        let (subpacket, rest) = rest.split_at_checked(length)?;
        subpackets = rest;
        // The top bit says that a program must understand it.
        if let [kind, seconds @ ..] = subpacket
            && kind & 0x7f == EXPIRES
        {
            return seconds.try_into().ok().map(u32::from_be_bytes);
        }
    }
    None
}

fn tag(first: u8) -> Option<u8> {
    match first {
        0xc0.. => Some(first & 0x3f),
        0x80.. => Some(first >> 2 & 0x0f),
        _ => None,
    }
}

/// The content of the first packet, and what follows it.
fn packet(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let be = |count: usize| {
        let (length, rest) = rest.split_at_checked(count)?;
        Some((number(length), rest))
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
    content.split_at_checked(length)
}

/// Reads the public half to reach the octet that says whether the secret half is encrypted.
fn secret_key(packet: &[u8]) -> Option<Key> {
    let [version, made @ ..] = packet else { return None };
    let (made, rest) = made.split_first_chunk::<4>()?;
    let (&algorithm, mut rest) = rest.split_first()?;
    if matches!(version, 5 | 6) {
        rest = rest.get(4..)?;
    } else if *version != 4 {
        return None;
    }
    let public = rest;
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
    let usage = *rest.first()?;
    let made = Moment::from_seconds(i64::from(u32::from_be_bytes(*made)));
    let date = made.map_or_else(String::new, |made| format!(", made {}", made.date()));
    let (full, bits) = named(algorithm, name, public);
    let cipher = match (usage, version) {
        (253..=255, 4) => rest.get(1),
        // Version 6 puts the length of what follows before it.
        (253..=255, _) => rest.get(2),
        _ => None,
    };
    Some(Key {
        form: "OpenPGP secret key",
        note: format!("OpenPGP {name} secret key{date}"),
        locked: (usage != 0).then(|| "OpenPGP".to_owned()),
        algorithm: full,
        bits,
        cipher: CIPHERS.iter().find(|(id, _)| Some(id) == cipher).map(|(_, name)| (*name).to_owned()),
        made,
        ..Key::default()
    })
}

/// The algorithm with its curve, and the size of the key.
fn named(algorithm: u8, name: &str, public: &[u8]) -> (String, Option<u32>) {
    match algorithm {
        // The first number of each is led by its length in bits.
        1..=3 | 16 | 17 => {
            let bits = public.first_chunk::<2>().map(|bits| u32::from(u16::from_be_bytes(*bits)));
            (name.to_owned(), bits)
        }
        18 | 19 | 22 => {
            let id = public.split_first().and_then(|(&length, rest)| rest.get(..usize::from(length)));
            let own = OWN_CURVES.iter().find(|(oid, ..)| Some(*oid) == id);
            let known = CURVES.iter().find(|(oid, ..)| Some(*oid) == id);
            match (own, known) {
                (Some((_, curve, bits)), _) if algorithm == 22 => ((*curve).to_owned(), Some(*bits)),
                (Some((_, curve, bits)), _) | (None, Some((_, curve, _, bits))) => {
                    (format!("{name} {curve}"), Some(*bits))
                }
                (None, None) => (name.to_owned(), None),
            }
        }
        25 | 27 => (name.to_owned(), Some(256)),
        26 => (name.to_owned(), Some(448)),
        28 => (name.to_owned(), Some(456)),
        _ => (name.to_owned(), None),
    }
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
