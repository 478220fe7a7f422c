//! `PuTTY`'s private keys (<https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html>): the
//! lines before the secret part name the algorithm, the encryption and the comment, and hold the
//! public half in OpenSSH's form.

use super::openssh;
use crate::facts::{KeyFacts, TokenFacts};
use crate::token::text::shown;
use crate::token::{Around, encode};

const HEAD: &[u8] = b"PuTTY-User-Key-File-";
/// More lines than the head of a key has.
const MOST_LINES: usize = 64;

/// The facts of a key whose head stands right before it.
pub fn facts(around: Around<'_>) -> Option<TokenFacts> {
    let head = &around.before[memchr::memmem::rfind(around.before, HEAD)? + HEAD.len()..];
    let mut lines = std::str::from_utf8(head).ok()?.lines().take(MOST_LINES);
    let version = lines.next()?.split_once(": ")?.0;
    let mut facts = TokenFacts { form: Some("PuTTY private key".to_owned()), ..TokenFacts::default() };
    facts.more.extend(shown(version).map(|version| ("version".to_owned(), version)));
    let mut key = KeyFacts::default();
    let mut public = String::new();
    let mut left = 0usize;
    for line in lines {
        if left > 0 {
            public.push_str(line.trim());
            left -= 1;
            continue;
        }
        let Some((name, value)) = line.split_once(": ") else { continue };
        match name {
            "Encryption" => {
                key.encrypted = Some(value != "none");
                if value != "none" {
                    facts.more.extend(shown(value).map(|cipher| ("cipher".to_owned(), cipher)));
                }
            }
            "Comment" => facts.subject = shown(value),
            "Key-Derivation" => facts.more.extend(shown(value).map(|kdf| ("kdf".to_owned(), kdf))),
            "Public-Lines" => left = value.parse().unwrap_or(0).min(MOST_LINES),
            _ => {}
        }
    }
    if let Some(known) = encode::base64(public.as_bytes()).and_then(|blob| openssh::public(&blob)) {
        (key.algorithm, key.bits) = (known.algorithm, known.bits);
    }
    facts.key = Some(key);
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_tells_of_the_key() {
        let mut blob = Vec::new();
        for field in [&b"ssh-ed25519"[..], &[7; 32]] {
            blob.extend((field.len() as u32).to_be_bytes());
            blob.extend(field);
        }
        let head = format!(
            "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: aes256-cbc\r\nComment: ada@acme\r\nPublic-Lines: 1\r\n{}\r\nKey-Derivation: Argon2id\r\nPrivate-Lines: 1\r\n",
            data_encoding::BASE64.encode(&blob)
        );
        let facts = facts(Around { before: head.as_bytes(), after: b"" }).expect("facts");
        assert_eq!(facts.subject.as_deref(), Some("ada@acme"));
        assert_eq!(
            facts.key,
            Some(KeyFacts { algorithm: "Ed25519".to_owned(), bits: Some(256), encrypted: Some(true) })
        );
        assert_eq!((facts.more["cipher"].as_str(), facts.more["kdf"].as_str()), ("aes256-cbc", "Argon2id"));
    }
}
