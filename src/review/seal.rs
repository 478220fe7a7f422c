//! The seal: a report says its own SHA-256, so that a change after it was made is seen before
//! somebody signs it.
//!
//! A sealed text has, as its last such mark, `keytrail-review-seal TIME VERDICT sha256:` and 64
//! digits: the SHA-256 of the whole text with zeros in their place. Whoever changes the text can make
//! a new seal. What nobody can do is to change a report that was signed: the ledger has the hash of
//! the file as it was then.

use super::Review;
use crate::moment::Moment;
use sha2::{Digest, Sha256};

const MARK: &str = "keytrail-review-seal ";
const HASH: &str = " sha256:";
const DIGITS: usize = 64;

/// What a seal says of its report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The time that the report judged by.
    pub reviewed: Moment,
    /// What it came to: `clean`, `violations`, `incomplete`, `ledger-broken`.
    pub verdict: String,
}

/// What is written where the seal shall stand.
pub(super) fn place(review: &Review) -> String {
    format!("{MARK}{} {}{HASH}{}", review.made.now, review.verdict(), "0".repeat(DIGITS))
}

/// Puts the seal into a text that has the [`place`] for it.
pub(super) fn seal(mut text: String) -> String {
    if let Some((_, at)) = find(text.as_bytes()) {
        let hash = hash(text.as_bytes());
        text.replace_range(at..at + DIGITS, &hash);
    }
    text
}

/// Why a file cannot be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSeal {
    /// It carries no seal.
    #[error("has no seal of keytrail's: sign the html, json or oscal form of `keytrail review`")]
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
pub fn check(bytes: &[u8]) -> Result<Sealed, BadSeal> {
    let (sealed, at) = find(bytes).ok_or(BadSeal::Missing)?;
    let mut blank = bytes.to_vec();
    blank[at..at + DIGITS].fill(b'0');
    if hash(&blank).as_bytes() == &bytes[at..at + DIGITS] { Ok(sealed) } else { Err(BadSeal::Broken) }
}

/// The SHA-256 of a file as it is, in hexadecimal.
pub fn hash(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// The last mark: what it says, and where its digits stand. What is shown of tokens may hold a mark
/// too, but it comes before ours.
fn find(text: &[u8]) -> Option<(Sealed, usize)> {
    let start = memchr::memmem::rfind(text, MARK.as_bytes())? + MARK.len();
    // A time and a word are short.
    let near = text.get(start..text.len().min(start + 100))?;
    let said = memchr::memmem::find(near, HASH.as_bytes())?;
    let (time, verdict) = std::str::from_utf8(&near[..said]).ok()?.split_once(' ')?;
    let sealed = Sealed { reviewed: Moment::parse(time).ok()?, verdict: verdict.to_owned() };
    let plain = verdict.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let at = start + said + HASH.len();
    let digits = text.get(at..at + DIGITS)?;
    (plain && digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))).then_some((sealed, at))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_without_a_seal_is_told() {
        let place = place(&sample::review());
        assert_eq!(check(b""), Err(BadSeal::Missing));
        assert_eq!(check(b"<html></html>"), Err(BadSeal::Missing));
        assert_eq!(check(&place.as_bytes()[..60]), Err(BadSeal::Missing));
        assert_eq!(check(place.as_bytes()), Err(BadSeal::Broken), "zeros are no seal");
        let sealed = check(seal(place).as_bytes()).expect("ours");
        assert_eq!((sealed.reviewed.date().as_str(), sealed.verdict.as_str()), ("2026-06-01", "violations"));
    }

    proptest! {
        #[test]
        fn every_change_is_seen(text in ".{0,80}", at: prop::sample::Index, bit in 0u8..8) {
            let sealed = seal(format!("{text}{}\n", place(&sample::empty())));
            prop_assert!(check(sealed.as_bytes()).is_ok());
            let mut changed = sealed.into_bytes();
            let at = at.index(changed.len());
            changed[at] ^= 1 << bit;
            prop_assert!(check(&changed).is_err());
        }
    }
}
