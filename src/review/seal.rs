//! The seal: a report says its own SHA-256, so that a change after it was made is seen before
//! somebody signs it.
//!
//! A sealed text has, once and as its last such mark, `keytrail-review-seal sha256:` and 64 digits:
//! the SHA-256 of the whole text with zeros in their place. Whoever changes the text can make a new
//! seal. What nobody can do is to change a report that was signed: the ledger has the hash of the
//! file as it was then.

use sha2::{Digest, Sha256};

const MARK: &str = "keytrail-review-seal sha256:";
const DIGITS: usize = 64;

/// What is written where the seal shall stand.
pub fn place() -> String {
    format!("{MARK}{}", "0".repeat(DIGITS))
}

/// Puts the seal into a text that has the [`place`] for it.
pub fn seal(mut text: String) -> String {
    if let Some(at) = digits(text.as_bytes()) {
        let hash = hash(text.as_bytes());
        text.replace_range(at..at + DIGITS, &hash);
    }
    text
}

/// Why a file cannot be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSeal {
    /// It carries no seal.
    #[error(
        "is no review of keytrail's that can be signed: it has no seal; sign the html, json or oscal form of \
         `keytrail review`"
    )]
    Missing,
    /// It carries one, but not of these bytes.
    #[error(
        "was changed after keytrail wrote it: its seal does not fit; make the review again and sign that"
    )]
    Broken,
}

/// Checks the seal of a file.
///
/// # Errors
/// If there is none, or if it is not the seal of these bytes.
pub fn check(bytes: &[u8]) -> Result<(), BadSeal> {
    let at = digits(bytes).ok_or(BadSeal::Missing)?;
    let mut blank = bytes.to_vec();
    blank[at..at + DIGITS].fill(b'0');
    if hash(&blank).as_bytes() == &bytes[at..at + DIGITS] { Ok(()) } else { Err(BadSeal::Broken) }
}

/// The SHA-256 of a file as it is, in hexadecimal.
pub fn hash(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Where the digits of the last mark stand. What is shown of tokens may hold a mark too, but it comes
/// before ours.
fn digits(text: &[u8]) -> Option<usize> {
    let at = memchr::memmem::rfind(text, MARK.as_bytes())? + MARK.len();
    let found = text.get(at..at + DIGITS)?;
    found.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_without_a_seal_is_told() {
        assert_eq!(check(b""), Err(BadSeal::Missing));
        assert_eq!(check(b"<html></html>"), Err(BadSeal::Missing));
        assert_eq!(check(format!("{MARK}00").as_bytes()), Err(BadSeal::Missing));
        assert_eq!(check(place().as_bytes()), Err(BadSeal::Broken), "zeros are no seal");
    }

    proptest! {
        #[test]
        fn every_change_is_seen(text in ".{0,80}", at: prop::sample::Index, bit in 0u8..8) {
            let sealed = seal(format!("{text}{}\n", place()));
            prop_assert_eq!(check(sealed.as_bytes()), Ok(()));
            let mut changed = sealed.into_bytes();
            let at = at.index(changed.len());
            changed[at] ^= 1 << bit;
            prop_assert!(check(&changed).is_err());
        }
    }
}
