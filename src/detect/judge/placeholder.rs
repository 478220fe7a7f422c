//! Tells stand-ins from random bytes: words such as `example`, rows such as `123456`, repetitions.

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
    let row = longest_run(text, |a, b| b == a + 1).max(longest_run(text, |a, b| a == b + 1));
    if text.len() >= 6 && row >= 6 && row * 2 >= text.len() {
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
    const ROWS: [&[u8]; 9] = [
        b"12345678",
        b"01234567",
        b"87654321",
        b"abcdefgh",
        b"deadbeef",
        b"cafebabe",
        b"abcabc",
        b"abc123",
        b"asdf",
    ];
    let lower = text.to_ascii_lowercase();
    ROWS.iter().any(|row| memchr::memmem::find(&lower, row).is_some())
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

/// Whether the text is one short piece over and over: `abcabcabcabc`.
fn is_periodic(text: &[u8]) -> bool {
    (1..=text.len() / 2).take(16).any(|period| text.iter().zip(&text[period..]).all(|(a, b)| a == b))
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
        ] {
            assert!(reason(text.as_bytes()).is_some(), "{text}");
        }
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
