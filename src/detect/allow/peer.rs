//! Allow markers of other scanners, for repositories that come from one of them.
//!
//! The forms are those that each tool documents. Letters count in either case, as most of the tools
//! have it. A marker that says which checks it is about counts only if those are about secrets.

use super::Marker;
use memchr::memmem;
use std::ops::Range;

/// Markers that are a plain text, for their own line.
const PLAIN: [&str; 8] = [
    "gitleaks:allow",
    "betterleaks:allow",
    "trufflehog:ignore",
    "kingfisher:ignore",
    "kingfisher:allow",
    "ggignore",
    "hashicorpignore",
    "nosonar",
];

/// The hard-coded credential checks of gosec (G101) and Bandit (B105 to B107).
const NOSEC_CODES: [&str; 4] = ["g101", "b105", "b106", "b107"];

/// The same checks of Bandit as flake8-bandit and Ruff number them.
const NOQA_CODES: [&str; 3] = ["s105", "s106", "s107"];

/// Words in Semgrep rule ids that are about secrets.
const SEMGREP_WORDS: [&str; 6] = ["secret", "credential", "password", "token", "api-key", "private-key"];

/// The first marker of another scanner that speaks about its own line.
pub(super) fn on_line(text: &[u8], line: Range<usize>) -> Option<Marker> {
    let at = line.start;
    let line = text[line].to_ascii_lowercase();
    let plain = PLAIN.iter().copied().find(|name| find_word(&line, name).is_some());
    let name = plain
        .or_else(|| pragma(&line, false).then_some("pragma: allowlist secret"))
        .or_else(|| nosec(&line).then_some("#nosec"))
        .or_else(|| noqa(&line))
        .or_else(|| nosemgrep(&line).then_some("nosemgrep"))?;
    Some(Marker::Peer { at, name })
}

/// A marker of another scanner on the line above that speaks about the next line.
pub(super) fn for_next_line(text: &[u8], line: Range<usize>) -> Option<Marker> {
    let at = line.start;
    let line = text[line].to_ascii_lowercase();
    pragma(&line, true).then_some(Marker::Peer { at, name: "pragma: allowlist nextline secret" })
}

/// What follows a word, if the word is there and whole.
fn find_word<'a>(line: &'a [u8], word: &str) -> Option<&'a [u8]> {
    let inside = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    memmem::find_iter(line, word).find_map(|at| {
        let rest = &line[at + word.len()..];
        let before = at.checked_sub(1).and_then(|before| line.get(before));
        (!inside(before) && !inside(rest.first())).then_some(rest)
    })
}

/// detect-secrets: `pragma: allowlist secret` and `pragma: allowlist nextline secret`; earlier
/// versions wrote `whitelist`, and a dash may stand for the space.
fn pragma(line: &[u8], next_line: bool) -> bool {
    let Some(rest) = find_word(line, "pragma:") else { return false };
    let rest = rest.trim_ascii_start();
    let Some(rest) = rest.strip_prefix(b"allowlist").or_else(|| rest.strip_prefix(b"whitelist")) else {
        return false;
    };
    let mut words = rest.split(|byte| matches!(byte, b' ' | b'-' | b'\t')).filter(|word| !word.is_empty());
    let first = words.next();
    if next_line {
        first == Some(b"nextline") && words.next() == Some(b"secret")
    } else {
        first == Some(b"secret")
    }
}

/// gosec and Bandit: `#nosec`, `# nosec`, with or without codes.
fn nosec(line: &[u8]) -> bool {
    memmem::find_iter(line, b"#").any(|at| {
        let rest = line[at + 1..].trim_ascii_start();
        let Some(rest) = rest.strip_prefix(b"nosec") else { return false };
        if rest.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            return false;
        }
        let mut codes = words(rest).filter(|word| is_code(word)).peekable();
        codes.peek().is_none() || codes.any(|code| NOSEC_CODES.iter().any(|known| known.as_bytes() == code))
    })
}

/// flake8 and Ruff: `# noqa: S105`, also in a list of codes. A bare `noqa` is mostly about layout.
fn noqa(line: &[u8]) -> Option<&'static str> {
    let rest = find_word(line, "noqa")?.trim_ascii_start().strip_prefix(b":")?;
    let codes = || words(rest).take_while(|word| is_code(word));
    let names = ["noqa: S105", "noqa: S106", "noqa: S107"];
    NOQA_CODES
        .iter()
        .zip(names)
        .find(|(code, _)| codes().any(|word| word == code.as_bytes()))
        .map(|(_, name)| name)
}

/// Semgrep: `nosemgrep`, or `nosemgrep: rule-id` for rules about secrets.
fn nosemgrep(line: &[u8]) -> bool {
    let Some(rest) = find_word(line, "nosemgrep") else { return false };
    match rest.trim_ascii_start().strip_prefix(b":") {
        None => true,
        Some(ids) => SEMGREP_WORDS.iter().any(|word| memmem::find(ids, word.as_bytes()).is_some()),
    }
}

/// Words between white space, commas and colons.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// Whether a word is the code of a check: a letter or a few, then digits.
fn is_code(word: &[u8]) -> bool {
    let letters = word.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    (1..=4).contains(&letters) && letters < word.len() && word[letters..].iter().all(u8::is_ascii_digit)
}
