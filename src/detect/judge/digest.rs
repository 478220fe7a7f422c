//! Knows hexadecimal digits that are the digest of something: an object of git, a checksum. A
//! service's name that stands near makes them no key.

use std::ops::Range;

/// Words that say of the digits after them what they are.
const NAMES: &[&[u8]] = &[
    b"commit",
    b"commits",
    b"merge",
    b"revert",
    b"reverts",
    b"parent",
    b"tree",
    b"blob",
    b"object",
    b"revision",
    b"rev",
    b"sha",
    b"sha1",
    b"sha256",
    b"sha512",
    b"md5",
    b"md5sum",
    b"digest",
    b"checksum",
    b"etag",
    b"fingerprint",
    b"hash",
    b"integrity",
    b"oid",
    b"ref",
    b"head",
    // What is known by the digest of its content.
    b"url",
    b"uri",
    b"href",
    b"src",
    b"content",
    b"keyword",
    b"image",
    b"filename",
    b"path",
    b"version",
    b"guid",
    // In a sentence it is a commit that is spoken of.
    b"in",
    b"of",
    b"by",
    b"from",
    b"since",
    b"into",
    b"before",
    b"after",
    b"see",
    b"and",
    b"fixes",
];

/// How much may stand between the word and the digits: a sign, quotes, and spaces that put values
/// below one another.
const MOST_BETWEEN: usize = 16;

/// Why the digits at `value` are a digest, if the word before them says so.
pub fn named(text: &[u8], value: &Range<usize>) -> Option<&'static str> {
    if !has_form(&text[value.clone()]) {
        return None;
    }
    let before = &text[..value.start];
    let between = before.iter().rev().take(MOST_BETWEEN).take_while(|byte| !is_part(**byte)).count();
    let before = &before[..before.len() - between];
    let longest = NAMES.iter().map(|name| name.len()).max().unwrap_or(0);
    let length = before.iter().rev().take(longest + 1).take_while(|byte| is_part(**byte)).count();
    let word = &before[before.len() - length..];
    NAMES
        .iter()
        .any(|name| word.eq_ignore_ascii_case(name))
        .then_some("the word before it says that it is a digest")
}

/// Whether digits in the message of a commit or a tag name another commit: those of the right form
/// that no sign gives to a name.
pub fn is_commit_named(message: &[u8], value: &Range<usize>) -> bool {
    let before = message[..value.start].iter().rev().find(|byte| !matches!(byte, b' ' | b'"' | b'\'' | b'`'));
    has_form(&message[value.clone()]) && !matches!(before, Some(b'=' | b':'))
}

/// Whether bytes are as many hexadecimal digits as a common digest has.
fn has_form(digits: &[u8]) -> bool {
    matches!(digits.len(), 32 | 40 | 64 | 128) && digits.iter().all(u8::is_ascii_hexdigit)
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_told_by_the_word_before_them() {
        let digits = "9f3b1c77ad".repeat(4);
        let named = |before: &str, digits: &str| {
            let text = format!("{before}{digits}");
            named(text.as_bytes(), &(before.len()..text.len())).is_some()
        };
        for before in
            ["commit ", "Commit: ", "sha1=\"", "\"etag\": \"", "acme_sha: ", "\"md5\"     : \"", "broken in "]
        {
            assert!(named(before, &digits), "{before}");
        }
        for before in ["", "acme ", "acme_key = \"", "commit 7\nkey ", "recommit "] {
            assert!(!named(before, &digits), "{before}");
        }
        let is_commit = |before: &str| {
            let text = format!("{before}{digits}, and more");
            is_commit_named(text.as_bytes(), &(before.len()..before.len() + digits.len()))
        };
        assert!(is_commit("as acme did\n") && is_commit("replaces ") && is_commit(""));
        assert!(!is_commit("acme_key=") && !is_commit("\"key\": \""));
        assert!(!named("commit ", &digits[1..]) && !named("commit ", &digits.replace('7', "z")));
    }
}
