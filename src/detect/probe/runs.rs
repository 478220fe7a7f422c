//! Runs of digits in which something may be encoded, over the ends of lines.

use crate::detect::decode;

/// The bytes that may stand in base64, in hexadecimal digits or in escapes that stand in a row.
pub static DIGITS: [bool; 256] = decode::table(b"+/-_=\\%&#;");

#[inline]
pub fn is_digit(byte: u8) -> bool {
    DIGITS[usize::from(byte)]
}

/// The least digits of a line that go on in the next one.
pub const LEAST_LINE: usize = 20;

/// Where the run of digits ends that a place lies in, or that begins on the next line.
pub fn run_end(text: &[u8], at: usize) -> usize {
    let mut end = at;
    loop {
        let line = end;
        end += text[end..].iter().take_while(|&&byte| is_digit(byte)).count();
        let before = text[..line].iter().rev().take(LEAST_LINE).take_while(|&&byte| is_digit(byte)).count();
        if end - line + before < LEAST_LINE {
            return end;
        }
        match after_line_end(&text[end..]) {
            Some(skip) => end += skip,
            None => return end,
        }
    }
}

/// The length of a line end with the indentation after it, if digits follow.
pub fn after_line_end(rest: &[u8]) -> Option<usize> {
    let line_end = usize::from(rest.first() == Some(&b'\r'));
    if rest.get(line_end) != Some(&b'\n') {
        return None;
    }
    let indent =
        rest[line_end + 1..].iter().take(256).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let next = line_end + 1 + indent;
    rest.get(next).is_some_and(|&byte| is_digit(byte)).then_some(next)
}

/// Where the run of digits begins that a place lies in.
pub fn run_start(text: &[u8], at: usize) -> usize {
    let mut start = at.min(text.len());
    loop {
        start -= text[..start].iter().rev().take_while(|&&byte| is_digit(byte)).count();
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
        let indent = text[..start].iter().rev().take(256).take_while(blank).count();
        let before = &text[..start - indent];
        let Some(before) = before.strip_suffix(b"\n") else { return start };
        let before = before.strip_suffix(b"\r").unwrap_or(before);
        let digits = before.iter().rev().take(LEAST_LINE).take_while(|&&byte| is_digit(byte)).count();
        if digits < LEAST_LINE {
            return start;
        }
        start = before.len();
    }
}
