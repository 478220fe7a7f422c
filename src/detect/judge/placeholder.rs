//! Tells stand-ins from random bytes: words such as `example`, rows such as `123456`, repetitions.

use crate::detect::judge::shape;
use crate::token::encode;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use std::sync::OnceLock;

/// Words that people write where a secret belongs. Five letters at least: a shorter one turns up
/// in random text often enough to matter.
const WORDS: &[&str] = &[
    "example",
    "sample",
    "placeholder",
    "dummy",
    "changeme",
    "change_me",
    "change-me",
    "replaceme",
    "replace_me",
    "replace-me",
    "replace_with",
    "redacted",
    "removed",
    "insert_",
    "your_",
    "your-",
    "yourapi",
    "yourtoken",
    "yoursecret",
    "yourkey",
    "yourpass",
    "notreal",
    "not_real",
    "not-real",
    "notasecret",
    "not_a_secret",
    "not-a-secret",
    "fakefake",
    "fake_",
    "fake-",
    "testtest",
    "test_test",
    "mytoken",
    "my_token",
    "my-token",
    "mysecret",
    "my_secret",
    "my-secret",
    "mypassword",
    "my_password",
    "my-password",
    "foobar",
    "xxxxx",
    "zzzzz",
    "*****",
    ".....",
    "-----",
    "_____",
    "#####",
    "lorem",
    "qwerty",
    "asdfgh",
    "todo",
    "fixme",
    "secret_here",
    "secrethere",
    "token_here",
    "tokenhere",
    "key_here",
    "keyhere",
    "goes_here",
    "goes-here",
    "goeshere",
    "somesecret",
    "some_secret",
    "sometoken",
    "testkey",
    "test_key",
    "fakekey",
    "testtoken",
    "faketoken",
    "testsecret",
    "fakesecret",
];

fn words() -> Option<&'static AhoCorasick> {
    static AUTOMATON: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    AUTOMATON
        .get_or_init(|| {
            // Few words for short texts: the automaton that is cheapest to build is the best one.
            AhoCorasickBuilder::new()
                .ascii_case_insensitive(true)
                .kind(Some(AhoCorasickKind::NoncontiguousNFA))
                .build(WORDS)
                .ok()
        })
        .as_ref()
}

/// Why the text is a stand-in, if it is one.
pub fn reason(text: &[u8]) -> Option<&'static str> {
    if text.is_empty() {
        return Some("it is empty");
    }
    if words().is_some_and(|words| words.is_match(text)) {
        return Some("it holds a word that marks examples");
    }
    if text.len() >= 8 && longest_run(text, |a, b| a == b) * 2 >= text.len().max(10) {
        return Some("one character is repeated");
    }
    // Zeros become rows of `A` in base64; any other row of that length is nothing that chance makes.
    if longest_run(text, |a, b| a == b && b != u16::from(b'A')) >= 12 {
        return Some("one character is repeated");
    }
    if is_one_character(text) {
        return Some("one character is most of it");
    }
    if is_cut_short(text) {
        return Some("it is cut short");
    }
    if is_bracketed(text) {
        return Some("it is a word in brackets");
    }
    let row = longest_run(text, |a, b| b == a + 1).max(longest_run(text, |a, b| a == b + 1));
    if text.len() >= 6 && row >= 6 && row * 4 >= text.len() * 3 {
        return Some("it is a row of successive characters");
    }
    if text.len() >= 12 && is_periodic(text) {
        return Some("it repeats itself");
    }
    None
}

/// Whether a text holds a row such as people type, `12345678` or `abc123`. A token with a shape of
/// its own may hold one by chance or by its maker's whim; in a value without a shape it tells.
pub fn holds_row(text: &[u8]) -> bool {
    const ROWS: [&[u8]; 8] =
        [b"1234567", b"7654321", b"abcdefg", b"deadbeef", b"cafebabe", b"abcabc", b"abc123", b"asdf"];
    shape::holds_any(text, &ROWS)
}

/// Why a value that may be base64 is a stand-in once it is decoded.
pub fn reason_when_decoded(text: &[u8]) -> Option<&'static str> {
    /// Sealed by a tool that writes its own name in front: SOPS, Jasypt, Ansible, Spring Cloud.
    const SEALED: [&[u8]; 4] = [b"ENC[", b"ENC(", b"$ANSIBLE_VAULT", b"{cipher}"];
    // The shortest words are seven bytes long, the longest value is no text of a file.
    if !(10..=512).contains(&text.len()) {
        return None;
    }
    let decoded = encode::base64(text)?;
    if SEALED.iter().any(|start| decoded.starts_with(start)) {
        return Some("it decodes to a sealed value");
    }
    if words().is_some_and(|words| words.find_iter(&decoded).any(|found| found.len() >= 6)) {
        return Some("it decodes to a text that marks examples");
    }
    None
}

/// Whether two thirds of a text's letters and digits are one and the same, as in an identifier of
/// zeros only.
fn is_one_character(text: &[u8]) -> bool {
    let mut counts = [0usize; 256];
    for &byte in text.iter().filter(|byte| byte.is_ascii_alphanumeric()) {
        counts[usize::from(byte)] += 1;
    }
    let all: usize = counts.iter().sum();
    all >= 12 && counts.iter().max().is_some_and(|most| most * 3 >= all * 2)
}

/// Whether dots stand for what was left out: `27BZ...QSY=`.
fn is_cut_short(text: &[u8]) -> bool {
    let is_inside = |start: usize, length: usize| {
        let before = start.checked_sub(1).and_then(|at| text.get(at));
        let after = text.get(start + length);
        before.is_some_and(u8::is_ascii_alphanumeric)
            && after.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
    };
    memchr::memmem::find_iter(text, b"...").any(|start| is_inside(start, 3))
        || memchr::memmem::find_iter(text, "\u{2026}".as_bytes()).any(|start| is_inside(start, 3))
}

/// `[PASSWORD]`, `<token>`, `{secret-key}`: letters and marks of names in brackets.
fn is_bracketed(text: &[u8]) -> bool {
    let (Some(first), Some(last)) = (text.first(), text.last()) else { return false };
    let closes = matches!((first, last), (b'[', b']') | (b'<', b'>') | (b'{', b'}'));
    closes
        && text.len() > 2
        && text[1..text.len() - 1]
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b' '))
}

/// The length of the longest stretch in which each byte and the next are `related`.
fn longest_run(text: &[u8], related: impl Fn(u16, u16) -> bool) -> usize {
    let (mut longest, mut current) = (1, 1);
    for pair in text.windows(2) {
        current = if related(u16::from(pair[0]), u16::from(pair[1])) { current + 1 } else { 1 };
        longest = longest.max(current);
    }
    longest
}

/// Whether the text is one short piece over and over: `abcabcabcabc`. Longer pieces are left to
/// [`holds_row`]: in a service's own form what a person typed twice may still be a key that works,
/// and the labelled sets count it as one.
fn is_periodic(text: &[u8]) -> bool {
    (1..=text.len() / 2).take(9).any(|period| text.iter().zip(&text[period..]).all(|(a, b)| a == b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_told() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "your_api_key_0a8f",
            "xxxxxxxxxxxxxxxx",
            "1234567890",
            "abcdefabcdefabcdef",
            "00000000000000000000",
            "zyxwvutsrqponmlk",
            "00000000-0000-0000-0000-000000000000",
            "9c27ffffffffffffffffa915fe069d70a8ad81743b0ec4ee9c8154",
            "27BZdTpuIl9u...pE+SpU4C2vQSY=",
            "27BZdTpuIl9u\u{2026}pE+SpU4C2vQSY=",
            "[PASSWORD]",
        ] {
            assert!(reason(text.as_bytes()).is_some(), "{text}");
        }
    }

    #[test]
    fn what_base64_hides_is_seen() {
        let encoded = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
        for text in ["EXAMPLEiiuWREHFcrHI3zK0Lden", "x7Kq9zP2mVbEXAMPLE", "ENC[AES256_GCM,data:x7Kq9z]"] {
            assert!(reason_when_decoded(encoded(text).as_bytes()).is_some(), "{text}");
        }
        assert_eq!(reason_when_decoded(encoded("x7Kq9zP2mVbT4wLs").as_bytes()), None);
        assert_eq!(reason_when_decoded(b"no base64: x7Kq9z"), None);
    }

    #[test]
    fn random_text_is_not_a_stand_in() {
        let mut state = 7u64;
        for _ in 0..2000 {
            let text: Vec<u8> = (0..36)
                .map(|_| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    b"0123456789abcdef"[(state >> 60) as usize]
                })
                .collect();
            assert_eq!(reason(&text), None, "{}", String::from_utf8_lossy(&text));
        }
    }
}
