//! Knows the parameters of an address that are no keys: `&s=`, `?v=`, `&page=`. Addresses hold the
//! names of services and long values of every kind.

use crate::detect::judge::shape;
use std::ops::Range;

/// Pieces of names of parameters that may hold a secret, in lower case.
const SECRET: &[&[u8]] = &[
    b"key", b"token", b"secret", b"auth", b"pass", b"pwd", b"pw", b"sig", b"api", b"cred", b"access",
    b"code", b"hash", b"session", b"sid", b"id", b"user", b"tok", b"jwt", b"login", b"license",
];
/// Names of parameters are shorter.
const LONGEST: usize = 32;

/// Whether a value of letters and digits is a parameter of an address whose name does not speak of a
/// secret. A value with marks in it has a form of its own.
pub fn is_other(text: &[u8], value: &Range<usize>) -> bool {
    if !text[value.clone()].iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let Some(before) = text[..value.start].strip_suffix(b"=") else { return false };
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = before.iter().rev().take(LONGEST).take_while(is_part).count();
    let (rest, name) = before.split_at(before.len() - length);
    let is_parameter = rest.ends_with(b"?") || rest.ends_with(b"&") || rest.ends_with(b"&amp;");
    is_parameter && length > 0 && !shape::holds_any(name, SECRET)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_told_by_their_names() {
        let other = |text: &str| is_other(text.as_bytes(), &(text.len()..text.len()));
        for text in ["https://acme.dev/logo.svg?fit=max&s=", "?v=", "a&amp;page="] {
            assert!(other(text), "{text}");
        }
        for text in ["https://acme.dev/?key=", "&access_token=", "&client_id=", "acme_s=", "s=", "?=", ""] {
            assert!(!other(text), "{text}");
        }
    }
}
