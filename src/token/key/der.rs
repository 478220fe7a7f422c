//! Enough DER (ITU-T X.690) to tell a private key: PKCS#1 (RFC 8017), PKCS#8 (RFC 5958) with PBES2
//! (RFC 8018), SEC1 (RFC 5915) and OpenSSL's DSA keys.

use super::{Key, bits};

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
const PARAMETERS: u8 = 0xa0;
const PUBLIC: u8 = 0xa1;

pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
pub(super) const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
pub(super) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];

/// RFC 8410's keys, their sizes in bytes, and in bits as they are called.
pub(super) const EDWARDS: [(&[u8], &str, usize, u32); 4] = [
    (&[0x2b, 0x65, 0x70], "Ed25519", 32, 256),
    (&[0x2b, 0x65, 0x6e], "X25519", 32, 256),
    (&[0x2b, 0x65, 0x71], "Ed448", 57, 456),
    (&[0x2b, 0x65, 0x6f], "X448", 56, 448),
];

/// Named curves, the bytes of their private keys, and their bits.
pub(super) const CURVES: [(&[u8], &str, usize, u32); 5] = [
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], "P-256", 32, 256),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], "P-384", 48, 384),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "P-521", 66, 521),
    (&[0x2b, 0x81, 0x04, 0x00, 0x0a], "secp256k1", 32, 256),
    (&[0x2b, 0x81, 0x04, 0x00, 0x21], "P-224", 28, 224),
];

/// Ciphers of encrypted PKCS#8 (RFC 8018 and NIST's registry of algorithms).
const CIPHERS: [(&[u8], &str); 4] = [
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02], "AES-128-CBC"),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x16], "AES-192-CBC"),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a], "AES-256-CBC"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07], "DES-EDE3-CBC"),
];

/// How a passphrase becomes a key: RFC 8018 and RFC 7914.
const DERIVATIONS: [(&[u8], &str); 2] = [
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c], "PBKDF2"),
    (&[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b], "scrypt"),
];

/// One value after the other.
#[derive(Clone, Copy)]
pub(super) struct Values<'a>(pub &'a [u8]);

impl<'a> Values<'a> {
    /// The next value: its tag and content.
    pub fn any(&mut self) -> Option<(u8, &'a [u8])> {
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

    /// The next value's content, if it has this tag; else nothing is taken.
    pub fn next(&mut self, tag: u8) -> Option<&'a [u8]> {
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
        let key = (version == [1]).then(|| curve_key("SEC1 structure decodes", secret, curve)).flatten()?;
        return Some(Key { public: point(fields), ..key });
    }
    let mut numbers = Vec::new();
    while let Some(number) = fields.next(INTEGER) {
        numbers.push(number);
    }
    match numbers.as_slice() {
        // n, e, d, p, q, d mod p-1, d mod q-1, q⁻¹ mod p
        [n, e, _, p, q, _, _, _] if size(n) >= 384 && size(p) + size(q) >= size(n) && size(e) <= 256 => {
            let note = format!("RSA private key, {} bits", size(n));
            let key = plain("PKCS#1 structure decodes", note, "RSA", bits(n));
            Some(Key { public: Some(without_zeros(n)), ..key })
        }
        [p, q, _, _, x] if size(p) >= 512 && size(x) <= size(q) => {
            let note = format!("DSA private key, {} bits", size(p));
            Some(plain("DSA structure decodes", note, "DSA", bits(p)))
        }
        _ => None,
    }
}

/// The public point of a SEC1 key, which stands at its end.
fn point(mut fields: Values<'_>) -> Option<Vec<u8>> {
    Some(Values(fields.next(PUBLIC)?).next(BITS)?.get(1..)?.to_vec())
}

/// A number without the zeros that DER puts before it.
pub(super) fn without_zeros(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|&byte| byte == 0).collect()
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
        let key = curve_key(PROOF, inner.next(OCTETS)?, algorithm.next(OID))?;
        inner.next(PARAMETERS);
        return Some(Key { public: point(inner), ..key });
    }
    if id == DSA {
        let prime = Values(algorithm.next(SEQUENCE)?).next(INTEGER)?;
        Values(secret).next(INTEGER)?;
        return Some(plain(PROOF, format!("DSA private key, {} bits", size(prime)), "DSA", bits(prime)));
    }
    if let Some((_, name, bytes, bits)) = EDWARDS.iter().find(|(known, ..)| *known == id) {
        let key = Values(secret).next(OCTETS)?;
        return (key.len() == *bytes).then(|| plain(PROOF, format!("{name} private key"), name, Some(*bits)));
    }
    (secret.len() >= 16).then(|| plain(PROOF, "private key of a less known algorithm".to_owned(), "", None))
}

fn curve_key(proof: &'static str, secret: &[u8], curve: Option<&[u8]>) -> Option<Key> {
    let known = curve.and_then(|curve| CURVES.iter().find(|(id, ..)| *id == curve));
    match known {
        // Some programs drop zeros at the front.
        Some((_, name, size, bits)) if secret.len() <= *size && secret.len() + 4 >= *size => {
            let note = format!("EC private key, curve {name}");
            Some(plain(proof, note, &format!("ECDSA {name}"), Some(*bits)))
        }
        None if (16..=80).contains(&secret.len()) => {
            let bits = secret.len() * 8;
            let size = u32::try_from(bits).ok();
            Some(plain(proof, format!("EC private key, {bits} bits"), "EC", size))
        }
        _ => None,
    }
}

/// PKCS#8's `EncryptedPrivateKeyInfo`.
fn encrypted(algorithm: &[u8], mut fields: Values<'_>) -> Option<Key> {
    let mut algorithm = Values(algorithm);
    let id = algorithm.next(OID)?;
    fields.next(OCTETS).filter(|data| data.len() >= 16)?;
    let is_pbes2 = id == PBES2;
    let locked = if is_pbes2 { "PKCS#8, PBES2" } else { "PKCS#8" };
    let (cipher, kdf) = is_pbes2.then(|| scheme(algorithm)).flatten().unwrap_or_default();
    Some(Key {
        locked: Some(locked.to_owned()),
        cipher: cipher.map(str::to_owned),
        kdf: kdf.map(str::to_owned),
        ..plain(
            "encrypted PKCS#8 structure decodes",
            "private key of a hidden algorithm".to_owned(),
            "",
            None,
        )
    })
}

type Scheme = (Option<&'static str>, Option<&'static str>);

/// The cipher and the key derivation of PBES2's parameters.
fn scheme(mut algorithm: Values<'_>) -> Option<Scheme> {
    let mut parameters = Values(algorithm.next(SEQUENCE)?);
    let named = |known: &[(&[u8], &'static str)], id: &[u8]| {
        known.iter().find(|(oid, _)| *oid == id).map(|(_, name)| *name)
    };
    let derivation = Values(parameters.next(SEQUENCE)?).next(OID)?;
    let cipher = Values(parameters.next(SEQUENCE)?).next(OID)?;
    Some((named(&CIPHERS, cipher), named(&DERIVATIONS, derivation)))
}

fn plain(proof: &'static str, note: String, algorithm: &str, bits: Option<u32>) -> Key {
    Key { form: "private key", proof, note, algorithm: algorithm.to_owned(), bits, ..Key::default() }
}

/// The length of a positive integer in bits.
fn size(number: &[u8]) -> usize {
    bits(number).map_or(0, |bits| bits as usize)
}
