//! OpenSSH's own key format (`PROTOCOL.key` in OpenSSH's sources).

use super::Key;

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
    let (_kdf, _options) = (fields.string()?, fields.string()?);
    if fields.number()? != 1 {
        return None;
    }
    let note = public(fields.string()?)?;
    let private = fields.string()?;
    if cipher != "none" {
        let locked = Some(cipher.to_owned());
        return Some(Key { proof: "OpenSSH structure decodes", note, locked });
    }
    let mut private = Reader(private);
    // The same random number twice, by which a program sees that it decrypted well.
    let equal = private.number()? == private.number()?;
    equal.then_some(Key {
        proof: "OpenSSH structure decodes and its check numbers agree",
        note,
        locked: None,
    })
}

fn public(blob: &[u8]) -> Option<String> {
    let mut fields = Reader(blob);
    let kind = std::str::from_utf8(fields.string()?).ok()?;
    Some(match kind {
        "ssh-rsa" => {
            let (_exponent, modulus) = (fields.string()?, fields.string()?);
            let size = modulus.iter().skip_while(|&&byte| byte == 0).count() * 8;
            format!("OpenSSH RSA private key, {size} bits")
        }
        "ssh-ed25519" => "OpenSSH Ed25519 private key".to_owned(),
        "ssh-dss" => "OpenSSH DSA private key".to_owned(),
        other => format!("OpenSSH private key, {}", super::super::shown(other)),
    })
}
