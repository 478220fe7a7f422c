//! Small pieces of text that several formats share.

use crate::excerpt::shown;
use crate::finding::Location;
pub(super) use crate::number::{count, thousands};
use crate::origin::OriginKind;
use std::borrow::Cow;

/// Text in which nothing drives a terminal, breaks a line or turns the direction of writing.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(|c| shown(c) != c) {
        Cow::Owned(text.trim().chars().map(shown).collect())
    } else {
        Cow::Borrowed(text.trim())
    }
}

/// Ends a text with a full stop where it lacks one.
pub(super) fn sentence(text: &str) -> String {
    let mut text = clean(text).into_owned();
    if text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | '`' | '"' | '*')) {
        text.push('.');
    }
    text
}

/// The path of a place, or what stands for it where there is none.
pub(super) fn path(location: &Location) -> String {
    if location.path.as_bytes().is_empty() {
        return match location.origin.kind {
            OriginKind::Stdin => "<stdin>".to_owned(),
            kind => format!("<{}>", kind.name()),
        };
    }
    clean(&location.path.to_string()).into_owned()
}

/// `path:line:column`.
pub(super) fn place(location: &Location) -> String {
    format!("{}:{}:{}", path(location), location.span.start.line, location.span.start.column)
}

/// A number of bytes for people.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return count(bytes, "byte");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Breaks lines at spaces so that none is wider than `width` characters, if its words allow it.
pub(super) fn wrap(text: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(text.len());
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            wrapped.push('\n');
        }
        let indent = hanging_indent(line);
        let mut used = 0;
        for word in line.split(' ') {
            let length = word.chars().count();
            if used > indent && used + 1 + length > width {
                wrapped.push('\n');
                wrapped.extend(std::iter::repeat_n(' ', indent));
                used = indent;
            } else if used > 0 {
                wrapped.push(' ');
                used += 1;
            }
            wrapped.push_str(word);
            used += length;
        }
    }
    wrapped
}

/// Where the continuation of a line is indented to: after a list's number or leading spaces.
fn hanging_indent(line: &str) -> usize {
    let body = line.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(". ");
    line.len() - body.filter(|body| body.len() + 2 < line.len()).unwrap_or(line.trim_start()).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(size(1), "1 byte");
        assert_eq!(size(1023), "1,023 bytes");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(1024 * 1024 - 1), "1.0 MiB");
        assert_eq!(size(u64::MAX), "16777216.0 TiB");
    }

    #[test]
    fn lines_are_broken_at_spaces() {
        assert_eq!(wrap("aa bb cc dd", 5), "aa bb\ncc dd");
        assert_eq!(wrap("1. aa bb cc\n2. dd", 8), "1. aa bb\n   cc\n2. dd");
        assert_eq!(wrap("abcdefghij kl", 4), "abcdefghij\nkl");
        assert_eq!(wrap("1a2b of today", 8), "1a2b of\ntoday");
        assert_eq!(wrap("", 4), "");
    }

    #[test]
    fn sentences_end() {
        assert_eq!(sentence("Do it"), "Do it.");
        assert_eq!(sentence("Do it!\n"), "Do it!");
        assert_eq!(sentence("Do (it)"), "Do (it).");
        assert_eq!(clean("a\x1b[0m\nb"), "a\u{241b}[0m\u{240a}b");
    }
}
