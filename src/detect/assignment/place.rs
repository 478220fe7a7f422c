//! Where a name stands so that a value follows it without a sign: flags, settings of words, first arguments.

use std::ops::Range;

/// Whether the name is a command-line flag: `--name` after white space or at the start.
pub(super) fn is_flag(text: &[u8], name_start: usize) -> bool {
    text[name_start..].starts_with(b"-") && (name_start == 0 || text[name_start - 1].is_ascii_whitespace())
}

/// Whether a text begins with a flag, and after the comma at `comma` stands what is no other flag.
pub(super) fn is_listed_flag(text: &[u8], comma: usize) -> bool {
    let next = text[comma + 1..].trim_ascii_start();
    text.starts_with(b"--") && next.get(1).is_some_and(|&first| first != b'-')
}

/// Whether a name is the `password` of a `.netrc` entry, which has words and no signs:
/// `machine HOST login NAME password VALUE`, on one line or on several.
pub(super) fn follows_login(text: &[u8], name: &Range<usize>) -> bool {
    /// More than an entry's host and login take.
    const REACH: usize = 160;
    if &text[name.clone()] != b"password" {
        return false;
    }
    let before = &text[name.start.saturating_sub(REACH)..name.start];
    memchr::memmem::rfind(before, b"login ").is_some_and(|at| {
        before[at + 6..].split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count() == 1
    })
}

/// Whether a line has nothing but a password's name and one word with a digit in it, as in the settings
/// of mail programs: `password value`.
pub(super) fn is_whole_line(text: &[u8], name: &Range<usize>) -> bool {
    const NAMES: [&[u8]; 5] = [b"password", b"passwd", b"pass", b"passphrase", b"secret"];
    let before = &text[name.start.saturating_sub(32)..name.start];
    let indent = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let is_first =
        before.len() == indent && name.start == indent || before[..before.len() - indent].ends_with(b"\n");
    let rest = &text[name.end..(name.end + 80).min(text.len())];
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let value = line.trim_ascii();
    is_first
        && NAMES.contains(&&text[name.clone()])
        && !value.iter().any(u8::is_ascii_whitespace)
        && value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
}

/// Whether the line begins with a command that sets a variable of that name, without a sign: `ENV`
/// of a Dockerfile, `setenv` of csh, `setx` of Windows, `set -x` of fish, `SetEnv` of Apache,
/// `fastcgi_param` of nginx.
pub(super) fn is_set(text: &[u8], name_start: usize) -> bool {
    let before = &text[name_start.saturating_sub(32)..name_start];
    let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
    match line {
        b"ENV" | b"setenv" | b"setx" | b"SetEnv" | b"fastcgi_param" | b"uwsgi_param" => true,
        [b's', b'e', b't', b' ', b'-', flags @ ..] => {
            flags.contains(&b'x') && flags.iter().all(u8::is_ascii_alphabetic)
        }
        _ => false,
    }
}

/// Whether a name stands where a quoted value needs no sign before it: at the start of a line, as in
/// Gradle; after `:` or `(def `, as in Clojure; after `#define `, as in C; after `set(`, as in `CMake`.
pub(super) fn is_told_by_place(text: &[u8], name_start: usize) -> bool {
    let before = &text[name_start.saturating_sub(48)..name_start];
    let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_start = line.trim_ascii().is_empty() && (line.len() < before.len() || before.len() == name_start);
    let is_keyword = matches!(line, [b':'] | [.., b' ' | b'{' | b'(' | b'[', b':']);
    let words: [&[u8]; 5] = [b"(def ", b"(defonce ", b"#define ", b"set(", b"SET("];
    is_start || is_keyword || words.iter().any(|word| line.ends_with(word))
}

/// Whether a quoted name is the first thing in a call's brackets, and not one of a list of texts.
pub(super) fn is_first_argument(text: &[u8], name_start: usize) -> bool {
    let before = &text[..name_start.saturating_sub(1)];
    before.iter().rev().take(8).find(|byte| !matches!(byte, b' ' | b'\t' | b'\\')) == Some(&b'(')
}
