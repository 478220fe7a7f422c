//! Escapes inside string literals: those of JSON (RFC 8259, section 7), also where JSON stands in a
//! string of JSON, and those that C, Python, Rust, JavaScript and their like add.

use super::escapes::{Escape, hex};

/// JSON four times in JSON has fifteen backslashes before a quote.
const MOST_SLASHES: usize = 16;

/// What a backslash tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tells {
    /// How much of the text is dealt with.
    pub length: usize,
    /// Whether a character is written by its number.
    pub is_unicode: bool,
}

/// The escape at a place.
pub fn read(text: &[u8], at: usize) -> Option<Escape> {
    let rest = text.get(at + 1..)?;
    let byte = match rest.first()? {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        mark @ (b'"' | b'\'' | b'`' | b'\\' | b'/') => *mark,
        b'x' => return hex(&rest[1..], 2).map(|byte| Escape::byte(4, byte as u8)),
        b'u' => return short(&rest[1..]),
        b'U' => return char::from_u32(hex(&rest[1..], 8)?).map(|c| Escape::character(10, c)),
        b'0'..=b'3' => return octal(rest),
        _ => return None,
    };
    Some(Escape::byte(2, byte))
}

/// Three octal digits, as C and the languages after it have them.
fn octal(digits: &[u8]) -> Option<Escape> {
    let value = digits.get(..3)?.iter().try_fold(0, |value, &digit| {
        let digit = char::from(digit).to_digit(8)?;
        Some(value << 3 | digit)
    })?;
    Some(Escape::byte(4, value as u8))
}

/// What follows `\u`: four digits, a pair of surrogates, or any number in braces.
fn short(rest: &[u8]) -> Option<Escape> {
    if let Some(digits) = rest.strip_prefix(b"{") {
        let count = digits.iter().take(7).take_while(|digit| digit.is_ascii_hexdigit()).count();
        if count == 0 || digits.get(count) != Some(&b'}') {
            return None;
        }
        return char::from_u32(hex(digits, count)?).map(|c| Escape::character(4 + count, c));
    }
    let high = hex(rest, 4)?;
    if let Some(c) = char::from_u32(high) {
        return Some(Escape::character(6, c));
    }
    let low = rest.get(4..)?.strip_prefix(b"\\u").and_then(|rest| hex(rest, 4))?;
    let c = char::decode_utf16([high as u16, low as u16]).next()?.ok()?;
    Some(Escape::character(12, c))
}

/// What the backslash at a place tells of an encoded text; `None` for what any source code has,
/// such as a line end at the end of a message.
pub fn tells(text: &[u8], at: usize, is_code: bool) -> Option<Tells> {
    let slashes = text[at..].iter().take(MOST_SLASHES).take_while(|&&byte| byte == b'\\').count();
    let last = at + slashes - 1;
    let told = |length, is_unicode| Some(Tells { length: slashes - 1 + length, is_unicode });
    let rest = &text[last + 1..];
    match rest.first() {
        Some(b'u' | b'x' | b'U' | b'0'..=b'3') => match read(text, last) {
            // Other languages are written in numbers too, and so are bytes that are no text.
            Some(escape) if matches!(escape.as_bytes(), [b' '..=b'~']) => {
                let is_octal = matches!(rest.first(), Some(b'0'..=b'3'));
                let is_lone = text.get(last + escape.length) != Some(&b'\\');
                // A lone one may be what a pattern refers back to.
                if is_octal && is_lone { None } else { told(escape.length, true) }
            }
            _ => None,
        },
        Some(b'/') => {
            let before = at.checked_sub(1).map(|at| text[at]);
            let is_url = before == Some(b':') && rest[1..].starts_with(b"\\");
            let is_inside = !is_code
                && before.is_some_and(|byte| byte.is_ascii_alphanumeric())
                && rest.get(1).is_some_and(u8::is_ascii_alphanumeric);
            if is_url || is_inside { told(2, false) } else { None }
        }
        Some(b'n' | b'r' | b't') if begins_value(&rest[1..]) => told(2, false),
        Some(b'"') => {
            let spaces = rest[1..].iter().take(8).take_while(|&&byte| byte == b' ').count();
            if rest.get(1 + spaces) == Some(&b':') { told(2, false) } else { None }
        }
        _ => None,
    }
}

/// Whether what follows an escaped line end is `name=…`, `name:…`, or long enough for a token.
fn begins_value(rest: &[u8]) -> bool {
    const LEAST_TOKEN: usize = 16;
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = rest.iter().take(64).take_while(is_name).count();
    length >= LEAST_TOKEN || (length >= 3 && matches!(rest.get(length), Some(b'=' | b':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_many_languages_are_read() {
        let value = |text: &str| {
            read(text.as_bytes(), 0)
                .map(|escape| (escape.length, String::from_utf8_lossy(escape.as_bytes()).into_owned()))
        };
        for (text, length, expected) in [
            (r"\u0067", 6, "g"),
            (r"\u{67}", 6, "g"),
            (r"\U00000067", 10, "g"),
            (r"\x67", 4, "g"),
            (r"\147", 4, "g"),
            (r"\n", 2, "\n"),
            (r#"\""#, 2, "\""),
            (r"\/", 2, "/"),
            (r"\ud83d\ude00", 12, "\u{1f600}"),
        ] {
            assert_eq!(value(text), Some((length, expected.to_owned())), "{text}");
        }
        for text in [r"\", r"\d", r"\u12", r"\ud83d", r"\u{}", r"\u{110000}", r"\xg0", r"\08", r"\U0011ffff"]
        {
            assert_eq!(value(text), None, "{text}");
        }
    }

    #[test]
    fn common_escapes_of_source_code_tell_nothing() {
        let told = |text: &str| tells(text.as_bytes(), text.find('\\').unwrap(), true).is_some();
        for text in [r#"\n""#, r"\d+", r"\\d", r#"\" said"#, r"\u00e9", r"\x00", r"\nusage", r"\1", r"a\/b"] {
            assert!(!told(text), "{text}");
        }
        for text in [
            r"\u0067",
            r"\x67",
            r"https:\/\/h",
            r"\nTOKEN=a",
            r"\\nTOKEN=a",
            r#"\": 1"#,
            r#"\\\": 1"#,
            r"\147\150",
        ] {
            assert!(told(text), "{text}");
        }
        assert!(tells("\\".repeat(1 << 20).as_bytes(), 0, false).is_none());
    }
}
