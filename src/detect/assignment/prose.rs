//! Values that are told in a sentence or in a table: `the password is "value"`, `| name | value |`.

use std::ops::Range;

/// Longer cells are no values.
const MOST_CELL: usize = 160;
/// What marks a word as code or as important.
const MARKS: &[u8] = b"*`_";

/// The value of a name, with its quote.
pub(super) fn value(text: &[u8], name: &Range<usize>) -> Option<(Range<usize>, Option<u8>)> {
    cell(text, name).map(|value| (value, None)).or_else(|| said(text, name.end))
}

/// The cell to the right of the one that holds nothing but the name.
fn cell(text: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
    let is_trim = |byte: &&u8| matches!(byte, b' ' | b'\t') || MARKS.contains(byte);
    let skip = |from: usize| text[from..].iter().take(48).take_while(is_trim).count();
    let at = name.end + skip(name.end);
    if text.get(at) != Some(&b'|') {
        return None;
    }
    let before = text[..name.start].iter().rev().take(48).take_while(is_trim).count();
    // `|name|value|` without spaces are the branches of an expression.
    if before == 0 || name.start.checked_sub(before + 1).is_none_or(|opening| text[opening] != b'|') {
        return None;
    }
    let start = at + 1 + skip(at + 1);
    let rest = &text[start..(start + MOST_CELL).min(text.len())];
    let end = rest.iter().position(|byte| matches!(byte, b'|' | b'\n'))?;
    if rest[end] != b'|' {
        return None;
    }
    let trimmed = rest[..end].iter().rev().take_while(is_trim).count();
    let value = start..start + end.saturating_sub(trimmed);
    (!value.is_empty() && !text[value.clone()].contains(&b' ')).then_some(value)
}

/// `is value`, where the value stands in marks, or has letters and digits as no word has.
fn said(text: &[u8], name_end: usize) -> Option<(Range<usize>, Option<u8>)> {
    let rest = text.get(name_end..)?;
    let rest = rest.strip_prefix(b" is ").or_else(|| rest.strip_prefix(b" is: "))?;
    let start = text.len() - rest.len();
    let quote = *rest.first()?;
    if matches!(quote, b'"' | b'\'' | b'`') {
        let end = rest[1..].iter().take(MOST_CELL).position(|&byte| byte == quote || byte == b'\n')?;
        let is_whole = rest[1 + end] == quote && !rest[1..=end].contains(&b' ') && end > 0;
        return is_whole.then_some((start + 1..start + 1 + end, Some(quote)));
    }
    let length = rest.iter().take(MOST_CELL).take_while(|byte| byte.is_ascii_graphic()).count();
    let value = &rest[..length];
    let trailing = value.iter().rev().take_while(|byte| b".,;:!?)\"'".contains(byte)).count();
    let value = &value[..length - trailing];
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    (has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)).then_some((start..start + value.len(), None))
}
