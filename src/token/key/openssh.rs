//! OpenSSH's own key format (`PROTOCOL.key` in OpenSSH's sources).

use super::{Key, bits};
use crate::token::text::shown;

const MAGIC: &[u8] = b"openssh-key-v1\0";

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }
}

/// Whether the bytes may be the start of a key that was cut off.
pub fn may_begin(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// What key the bytes are, if they are one of OpenSSH's.
pub fn key(bytes: &[u8]) -> Option<Key> {
    let mut fields = Reader(bytes.strip_prefix(MAGIC)?);
    let cipher = std::str::from_utf8(fields.string()?).ok()?;
    let (kdf, _options) = (fields.string()?, fields.string()?);
    if fields.number()? != 1 {
        return None;
    }
    let blob = fields.string()?;
    let mut key = public(blob)?;
    let private = fields.string()?;
    key.proof = "OpenSSH structure decodes";
    if cipher != "none" {
        key.locked = Some(cipher.to_owned());
        key.cipher = shown(cipher);
        key.kdf = std::str::from_utf8(kdf).ok().and_then(shown);
        return Some(key);
    }
    let mut private = Reader(private);
    // The same random number twice, by which a program sees that it decrypted well.
    let equal = private.number()? == private.number()?;
    key.proof = "OpenSSH structure decodes and its check numbers agree";
    key.comment = comment(private);
    equal.then_some(key)
}

/// The comment of a private section, which stands after the fields of the algorithm.
fn comment(mut private: Reader<'_>) -> Option<String> {
    let fields = match private.string()? {
        b"ssh-rsa" => 6,
        b"ssh-ed25519" => 2,
        b"ssh-dss" => 5,
        kind if kind.starts_with(b"ecdsa-sha2-") => 3,
        _ => return None,
    };
    for _ in 0..fields {
        private.string()?;
    }
    shown(std::str::from_utf8(private.string()?).ok()?)
}

/// The public half of a key.
pub(super) fn public(blob: &[u8]) -> Option<Key> {
    let mut fields = Reader(blob);
    let kind = std::str::from_utf8(fields.string()?).ok()?;
    let key = |note: String, algorithm: &str, bits: Option<u32>| Key {
        form: "OpenSSH private key",
        note,
        algorithm: algorithm.to_owned(),
        bits,
        ..Key::default()
    };
    let other = format!("OpenSSH private key, {}", shown(kind).unwrap_or_default());
    Some(match kind {
        "ssh-rsa" => {
            let (_exponent, modulus) = (fields.string()?, fields.string()?);
            let size = modulus.iter().skip_while(|&&byte| byte == 0).count() * 8;
            let public = modulus.iter().copied().skip_while(|&byte| byte == 0).collect();
            let key = key(format!("OpenSSH RSA private key, {size} bits"), "RSA", bits(modulus));
            Key { public: Some(public), ..key }
        }
        "ssh-ed25519" => key("OpenSSH Ed25519 private key".to_owned(), "Ed25519", Some(256)),
        "ssh-dss" => key("OpenSSH DSA private key".to_owned(), "DSA", bits(fields.string()?)),
        "ecdsa-sha2-nistp256" => key(other, "ECDSA P-256", Some(256)),
        "ecdsa-sha2-nistp384" => key(other, "ECDSA P-384", Some(384)),
        "ecdsa-sha2-nistp521" => key(other, "ECDSA P-521", Some(521)),
        "sk-ssh-ed25519@openssh.com" => key(other, "Ed25519 on a security key", Some(256)),
        "sk-ecdsa-sha2-nistp256@openssh.com" => key(other, "ECDSA P-256 on a security key", Some(256)),
        kind => key(other, &shown(kind).unwrap_or_default(), None),
    })
}
