//! JSON text that may be shown in a terminal.

use crate::excerpt::shown;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes a value over several lines.
pub fn pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    line(&serde_json::to_string_pretty(value)?, out)
}

/// Writes a value on one line.
pub fn compact(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    line(&serde_json::to_string(value)?, out)
}

/// JSON itself escapes only the controls of ASCII. Others that could drive a terminal or turn the
/// direction of text stand inside strings, where an escape means the same character.
fn line(json: &str, out: &mut dyn Write) -> io::Result<()> {
    let harmless = |c: char| c == '\n' || shown(c) == c;
    if json.chars().all(harmless) {
        out.write_all(json.as_bytes())?;
    } else {
        let mut escaped = String::with_capacity(json.len() + 64);
        for c in json.chars() {
            if harmless(c) {
                escaped.push(c);
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
        out.write_all(escaped.as_bytes())?;
    }
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_escaped_and_survive() {
        let text = "a\u{1b}\u{9b}\u{202e}\u{e0041}\u{7f}\u{e9}\n";
        let mut out = Vec::new();
        compact(&text, &mut out).expect("memory can be written");
        let json = String::from_utf8(out).expect("UTF-8");
        assert_eq!(json, "\"a\\u001b\\u009b\\u202e\\udb40\\udc41\\u007f\u{e9}\\n\"\n");
        assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
    }
}
