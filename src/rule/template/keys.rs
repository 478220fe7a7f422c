//! Private keys of the right shape from random numbers. They decode and open nothing: no number in
//! them is prime on purpose.

use super::random::Random;
use data_encoding::BASE64;

/// The sorts of key that exist.
pub const SORTS: [&str; 5] = ["rsa", "ec", "ed25519", "openssh", "pgp"];

/// A key in its armour, with a newline at the end.
pub fn armoured(sort: &str, random: &mut Random) -> Option<String> {
    Some(match sort {
        "rsa" => armour("RSA PRIVATE KEY", &rsa(random), 64, None),
        "ec" => armour("EC PRIVATE KEY", &ec(random), 64, None),
        "ed25519" => armour("PRIVATE KEY", &ed25519(random), 64, None),
        "openssh" => armour("OPENSSH PRIVATE KEY", &openssh(random), 70, None),
        "pgp" => {
            let key = pgp(random);
            let sum = crc24(&key).to_be_bytes();
            armour("PGP PRIVATE KEY BLOCK", &key, 64, Some(&sum[1..]))
        }
        _ => return None,
    })
}

fn armour(label: &str, bytes: &[u8], width: usize, sum: Option<&[u8]>) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    if sum.is_some() {
        text.push('\n');
    }
    let body = BASE64.encode(bytes);
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(width.min(rest.len()));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    if let Some(sum) = sum {
        text.extend(["=", &BASE64.encode(sum), "\n"]);
    }
    text.extend(["-----END ", label, "-----\n"]);
    text
}

/// A DER value.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut value = vec![tag];
    let length = content.len();
    if length < 0x80 {
        value.push(length as u8);
    } else {
        let bytes = (length as u32).to_be_bytes();
        let skip = bytes.iter().take_while(|&&byte| byte == 0).count();
        value.push(0x80 | (bytes.len() - skip) as u8);
        value.extend(&bytes[skip..]);
    }
    value.extend(content);
    value
}

/// An odd number of exactly so many bytes, as a DER integer.
fn integer(random: &mut Random, size: usize) -> Vec<u8> {
    let mut bytes = random.bytes(size);
    if let Some(last) = bytes.last_mut() {
        *last |= 1;
    }
    bytes[0] |= 0x80;
    bytes.insert(0, 0);
    der(0x02, &bytes)
}

fn rsa(random: &mut Random) -> Vec<u8> {
    let mut fields = der(0x02, &[0]);
    fields.extend(integer(random, 256));
    fields.extend(der(0x02, &[1, 0, 1]));
    fields.extend(integer(random, 256));
    for _ in 0..5 {
        fields.extend(integer(random, 128));
    }
    der(0x30, &fields)
}

fn ec(random: &mut Random) -> Vec<u8> {
    const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let mut fields = der(0x02, &[1]);
    fields.extend(der(0x04, &random.bytes(32)));
    fields.extend(der(0xa0, &der(0x06, P256)));
    let public = [&[0, 4][..], &random.bytes(64)].concat();
    fields.extend(der(0xa1, &der(0x03, &public)));
    der(0x30, &fields)
}

fn ed25519(random: &mut Random) -> Vec<u8> {
    let mut fields = der(0x02, &[0]);
    fields.extend(der(0x30, &der(0x06, &[0x2b, 0x65, 0x70])));
    fields.extend(der(0x04, &der(0x04, &random.bytes(32))));
    der(0x30, &fields)
}

/// A string of the SSH protocol.
fn string(content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32).to_be_bytes()[..], content].concat()
}

fn openssh(random: &mut Random) -> Vec<u8> {
    let public = random.bytes(32);
    let blob = [string(b"ssh-ed25519"), string(&public)].concat();
    let check = random.bytes(4);
    let secret = [random.bytes(32), public.clone()].concat();
    let mut private =
        [check.clone(), check, blob.clone(), string(&secret), string(b"ci@acme.example")].concat();
    for pad in 1..=(8 - private.len() % 8) % 8 {
        private.push(pad as u8);
    }
    let mut key = b"openssh-key-v1\0".to_vec();
    for field in [&b"none"[..], b"none", b""] {
        key.extend(string(field));
    }
    key.extend(1u32.to_be_bytes());
    key.extend(string(&blob));
    key.extend(string(&private));
    key
}

/// A packet of a secret `EdDSA` key, version 4, not encrypted, and a user id.
fn pgp(random: &mut Random) -> Vec<u8> {
    const ED25519: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
    let mut content = vec![4];
    content.extend(1_700_000_000u32.to_be_bytes());
    content.extend([22, ED25519.len() as u8]);
    content.extend(ED25519);
    content.extend(263u16.to_be_bytes());
    content.push(0x40);
    content.extend(random.bytes(32));
    content.push(0);
    let mut secret = random.bytes(32);
    secret[0] |= 0x80;
    let secret = [&256u16.to_be_bytes()[..], &secret].concat();
    let sum: u16 = secret.iter().fold(0, |sum, &byte| sum.wrapping_add(u16::from(byte)));
    content.extend(&secret);
    content.extend(sum.to_be_bytes());
    let user = b"ci <ci@acme.example>";
    let mut packets = vec![0xc5, content.len() as u8];
    packets.extend(&content);
    packets.extend([0xcd, user.len() as u8]);
    packets.extend(user);
    packets
}

/// The armour checksum of RFC 9580, by its definition, apart from the check that it is to satisfy.
fn crc24(bytes: &[u8]) -> u32 {
    let mut sum = 0x00b7_04ce_u32;
    for byte in bytes {
        for bit in (0..8).rev() {
            let top = sum >> 23 & 1;
            let next = u32::from(byte >> bit & 1);
            sum = sum << 1 & 0x00ff_ffff;
            if top ^ next == 1 {
                sum ^= 0x0086_4cfb;
            }
        }
    }
    sum
}
