//! Enough DER (ITU-T X.690) to tell a private key: PKCS#1, PKCS#8, SEC1, DSA.

use super::Key;

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const PARAMETERS: u8 = 0xa0;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];

/// RFC 8410's keys and their sizes in bytes.
const EDWARDS: [(&[u8], &str, usize); 4] = [
    (&[0x2b, 0x65, 0x70], "Ed25519", 32),
    (&[0x2b, 0x65, 0x6e], "X25519", 32),
    (&[0x2b, 0x65, 0x71], "Ed448", 57),
    (&[0x2b, 0x65, 0x6f], "X448", 56),
];

/// Named curves and the bytes of their private keys.
const CURVES: [(&[u8], &str, usize); 5] = [
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], "P-256", 32),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], "P-384", 48),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "P-521", 66),
    (&[0x2b, 0x81, 0x04, 0x00, 0x0a], "secp256k1", 32),
    (&[0x2b, 0x81, 0x04, 0x00, 0x21], "P-224", 28),
];

/// One value after the other.
#[derive(Clone, Copy)]
struct Values<'a>(&'a [u8]);

impl<'a> Values<'a> {
    /// The next value: its tag and content.
    fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let [tag, first, rest @ ..] = self.0 else { return None };
        let (length, rest) = match *first {
            short @ 0..=0x7f => (usize::from(short), rest),
            long @ 0x81..=0x84 => {
                let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
                (length.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, value))
    }

    fn next(&mut self, tag: u8) -> Option<&'a [u8]> {
        let before = self.0;
        match self.any() {
            Some((found, value)) if found == tag => Some(value),
            _ => {
                self.0 = before;
                None
            }
        }
    }
}

/// What key the bytes are, if they are one.
pub fn key(bytes: &[u8]) -> Option<Key> {
    let mut outer = Values(bytes);
    let content = outer.next(SEQUENCE)?;
    if !outer.0.is_empty() {
        return None;
    }
    let mut fields = Values(content);
    if let Some(algorithm) = fields.next(SEQUENCE) {
        return encrypted(algorithm, fields);
    }
    fields.next(INTEGER).filter(|version| version.len() == 1)?;
    if let Some(algorithm) = fields.next(SEQUENCE) {
        return pkcs8(algorithm, fields.next(OCTETS)?);
    }
    traditional(content)
}

/// Whether the bytes may be the start of a key that was cut off.
pub fn may_begin(bytes: &[u8]) -> bool {
    match bytes {
        // A sequence of more than is there, with the version first.
        [SEQUENCE, 0x81, _, rest @ ..] | [SEQUENCE, 0x82, _, _, rest @ ..] => {
            matches!(rest, [INTEGER, 1, 0 | 1, ..] | [SEQUENCE, ..])
        }
        [SEQUENCE, 0x20..=0x7f, rest @ ..] => rest.starts_with(&[INTEGER, 1]),
        _ => false,
    }
}

/// The forms without an outer algorithm: PKCS#1, DSA, SEC1.
fn traditional(content: &[u8]) -> Option<Key> {
    let mut fields = Values(content);
    let version = fields.next(INTEGER)?;
    if let Some(secret) = fields.next(OCTETS) {
        let curve = fields.next(PARAMETERS).and_then(|inner| Values(inner).next(OID));
        return (version == [1]).then(|| curve_key("SEC1 structure decodes", secret, curve)).flatten();
    }
    let mut numbers = Vec::new();
    while let Some(number) = fields.next(INTEGER) {
        numbers.push(number);
    }
    match numbers.as_slice() {
        // n, e, d, p, q, d mod p-1, d mod q-1, q⁻¹ mod p
        [n, e, _, p, q, _, _, _] if bits(n) >= 384 && bits(p) + bits(q) >= bits(n) && bits(e) <= 256 => {
            Some(plain("PKCS#1 structure decodes", format!("RSA private key, {} bits", bits(n))))
        }
        [p, q, _, _, x] if bits(p) >= 512 && bits(x) <= bits(q) => {
            Some(plain("DSA structure decodes", format!("DSA private key, {} bits", bits(p))))
        }
        _ => None,
    }
}

fn pkcs8(algorithm: &[u8], secret: &[u8]) -> Option<Key> {
    const PROOF: &str = "PKCS#8 structure decodes";
    let mut algorithm = Values(algorithm);
    let id = algorithm.next(OID)?;
    if id == RSA || id == RSA_PSS {
        let inner = Values(secret).next(SEQUENCE)?;
        return traditional(inner).map(|key| Key { proof: PROOF, ..key });
    }
    if id == EC {
        let mut inner = Values(Values(secret).next(SEQUENCE)?);
        inner.next(INTEGER)?;
        return curve_key(PROOF, inner.next(OCTETS)?, algorithm.next(OID));
    }
    if id == DSA {
        let prime = Values(algorithm.next(SEQUENCE)?).next(INTEGER)?;
        Values(secret).next(INTEGER)?;
        return Some(plain(PROOF, format!("DSA private key, {} bits", bits(prime))));
    }
    if let Some((_, name, size)) = EDWARDS.iter().find(|(known, ..)| *known == id) {
        let key = Values(secret).next(OCTETS)?;
        return (key.len() == *size).then(|| plain(PROOF, format!("{name} private key")));
    }
    (secret.len() >= 16).then(|| plain(PROOF, "private key of a less known algorithm".to_owned()))
}

fn curve_key(proof: &'static str, secret: &[u8], curve: Option<&[u8]>) -> Option<Key> {
    let known = curve.and_then(|curve| CURVES.iter().find(|(id, ..)| *id == curve));
    match known {
        // Some programs drop zeros at the front.
        Some((_, name, size)) if secret.len() <= *size && secret.len() + 4 >= *size => {
            Some(plain(proof, format!("EC private key, curve {name}")))
        }
        None if (16..=80).contains(&secret.len()) => {
            Some(plain(proof, format!("EC private key, {} bits", secret.len() * 8)))
        }
        _ => None,
    }
}

/// PKCS#8's `EncryptedPrivateKeyInfo`.
fn encrypted(algorithm: &[u8], mut fields: Values<'_>) -> Option<Key> {
    let id = Values(algorithm).next(OID)?;
    fields.next(OCTETS).filter(|data| data.len() >= 16)?;
    let cipher = if id == PBES2 { "PKCS#8, PBES2" } else { "PKCS#8" };
    Some(Key {
        proof: "encrypted PKCS#8 structure decodes",
        note: "private key of a hidden algorithm".to_owned(),
        locked: Some(cipher.to_owned()),
    })
}

fn plain(proof: &'static str, note: String) -> Key {
    Key { proof, note, locked: None }
}

/// The length of a positive integer in bits.
fn bits(number: &[u8]) -> usize {
    let start = number.iter().position(|&byte| byte != 0).unwrap_or(number.len());
    number[start..].first().map_or(0, |first| (number.len() - start) * 8 - first.leading_zeros() as usize)
}
