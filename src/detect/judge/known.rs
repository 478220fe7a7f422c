//! Values that everybody knows: keys of documentation, emulators and test networks. They open
//! nothing that was meant to be shut. Only their fingerprints are kept here, never they themselves.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::OnceLock;

static LIST: &str = include_str!("known.tsv");

/// The longest value that is not a private key.
const LONGEST: usize = 1024;
/// How much of a private key's base64 names it.
const KEY_HEAD: usize = 128;

fn list() -> &'static HashMap<&'static str, &'static str> {
    static TABLE: OnceLock<HashMap<&str, &str>> = OnceLock::new();
    TABLE.get_or_init(|| {
        LIST.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t')).collect()
    })
}

/// What a published value is, if these bytes are one.
pub fn what(secret: &[u8]) -> Option<&'static str> {
    if secret.starts_with(b"-----BEGIN ") {
        return look_up(&key_head(secret)?);
    }
    if secret.len() > LONGEST {
        return None;
    }
    // Private keys of ledgers are written with and without the mark of hexadecimal numbers.
    look_up(secret.strip_prefix(b"0x").unwrap_or(secret)).or_else(|| {
        // As in the manifests of Kubernetes.
        let decoded = data_encoding::BASE64.decode(secret).ok()?;
        look_up(&decoded)
    })
}

fn look_up(bytes: &[u8]) -> Option<&'static str> {
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
    list().get(digest.as_str()).copied()
}

/// The first characters of a private key's base64, however its lines end.
fn key_head(armour: &[u8]) -> Option<Vec<u8>> {
    let body = &armour[memchr::memmem::find(armour, b"KEY-----")? + 8..];
    let mut head = Vec::with_capacity(KEY_HEAD);
    let mut bytes = body.iter().take(4 * KEY_HEAD);
    while let Some(&byte) = bytes.next() {
        match byte {
            // `\n` and `\r` of a string.
            b'\\' => _ = bytes.next(),
            b'-' => break,
            _ if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/') => head.push(byte),
            _ => {}
        }
        if head.len() == KEY_HEAD {
            return Some(head);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole() {
        assert!(list().len() >= 35);
        for (digest, about) in list() {
            assert_eq!(digest.len(), 64);
            assert!(digest.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()));
            assert!(!about.is_empty());
        }
    }

    #[test]
    fn published_values_are_known() {
        let first_account = ["ac0974bec39a17e36ba4a6b4d238ff94", "4bacb478cbed5efcae784d7bf4f2ff80"].concat();
        assert!(what(first_account.as_bytes()).is_some_and(|about| about.contains("Hardhat")));
        assert_eq!(what(format!("0x{first_account}").as_bytes()), what(first_account.as_bytes()));
        assert_eq!(what(first_account.to_ascii_uppercase().as_bytes()), None);
        let encoded = data_encoding::BASE64.encode(first_account.as_bytes());
        assert_eq!(what(encoded.as_bytes()), what(first_account.as_bytes()));
        assert_eq!(what(b""), None);
    }

    #[test]
    fn a_key_is_known_by_its_beginning() {
        let body = "A1b2".repeat(40);
        let plain = format!("-----BEGIN PRIVATE KEY-----\n{}\n{}\n", &body[..64], &body[64..]);
        let escaped = format!("-----BEGIN PRIVATE KEY-----\\n{}\\r\\n{}", &body[..76], &body[76..]);
        assert_eq!(key_head(plain.as_bytes()).as_deref(), Some(&body.as_bytes()[..KEY_HEAD]));
        assert_eq!(key_head(escaped.as_bytes()), key_head(plain.as_bytes()));
        assert_eq!(key_head(b"-----BEGIN PRIVATE KEY-----\nA1b2\n-----END"), None);
    }
}
