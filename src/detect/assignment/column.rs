//! Values that belong to a name by their place in a list: `INSERT INTO users (id, name) VALUES (1, 'value')`,
//! the first row of a table of comma-separated values whose first line is the names, and that of a table in
//! Markdown.

use std::ops::Range;

/// Longer lists of names are not read.
const MOST_NAMES: usize = 640;
/// Longer lists of values are not read.
const MOST_VALUES: usize = 1600;

/// The value in a name's column, with its quote. `at` is where the name ends, with its quote.
pub(super) fn value(text: &[u8], name: &Range<usize>, at: usize) -> Option<(Range<usize>, Option<u8>)> {
    match text.get(at)? {
        b',' | b')' | b' ' | b'*' => {
            inserted(text, name, at).or_else(|| tabled(text, name, at)).or_else(|| drawn(text, name, at))
        }
        b'\n' | b'\r' | b';' | b'\t' => tabled(text, name, at),
        b'|' => drawn(text, name, at),
        _ => None,
    }
}

/// The value that an INSERT statement gives to a column.
fn inserted(text: &[u8], name: &Range<usize>, at: usize) -> Option<(Range<usize>, Option<u8>)> {
    let is_listed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_, \t\r\n\"`'[].".contains(byte);
    let after = &text[at..(at + MOST_NAMES).min(text.len())];
    let end = after.iter().position(|byte| !is_listed(byte))?;
    if after[end] != b')' {
        return None;
    }
    let before = &text[name.start.saturating_sub(MOST_NAMES)..name.start];
    let opening = before.iter().rposition(|byte| !is_listed(byte))?;
    if before[opening] != b'(' {
        return None;
    }
    let place = memchr::memchr_iter(b',', &before[opening..]).count();
    let mut at = at + end + 1;
    at += blank(text, at);
    if !text.get(at..at + 6)?.eq_ignore_ascii_case(b"values") {
        return None;
    }
    at += 6;
    at += blank(text, at);
    if text.get(at) != Some(&b'(') {
        return None;
    }
    at += 1;
    let most = (at + MOST_VALUES).min(text.len());
    for _ in 0..place {
        at = past_value(&text[..most], at)?;
        if text.get(at) != Some(&b',') {
            return None;
        }
        at += 1;
    }
    at += blank(text, at);
    // `N'…'` is text of another alphabet.
    if matches!(text.get(at), Some(b'N' | b'E')) {
        at += 1;
    }
    let quote = *text.get(at).filter(|byte| matches!(byte, b'\'' | b'"'))?;
    let end = at + 1 + memchr::memchr(quote, &text[at + 1..most])?;
    (end > at + 1 && !text[at..end].contains(&b'\n')).then_some((at + 1..end, Some(quote)))
}

/// Where a value of a list ends: at its comma or at the bracket that closes the list.
fn past_value(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0;
    loop {
        match *text.get(at)? {
            quote @ (b'\'' | b'"') => at += 1 + memchr::memchr(quote, &text[at + 1..])?,
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            b')' => return Some(at),
            b',' if depth == 0 => return Some(at),
            b';' => return None,
            _ => {}
        }
        at += 1;
    }
}

/// The value below a name in the first line of a text, if the lines have as many cells.
fn tabled(text: &[u8], name: &Range<usize>, at: usize) -> Option<(Range<usize>, Option<u8>)> {
    if name.start > MOST_NAMES {
        return None;
    }
    let end = at + memchr::memchr(b'\n', &text[at..(at + MOST_NAMES).min(text.len())])?;
    let heads = text[..end].strip_suffix(b"\r").unwrap_or(&text[..end]);
    let separator = [b',', b';', b'\t'].into_iter().find(|separator| heads.contains(separator))?;
    let is_head = |head: &[u8]| {
        (1..=40).contains(&head.len())
            && head.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_ -./()\"\xef\xbb\xbf".contains(byte))
    };
    let ends_cell = heads.get(at).is_none_or(|&byte| byte == separator);
    if !heads.split(|&byte| byte == separator).all(is_head) || !ends_cell {
        return None;
    }
    let count = |line: &[u8]| memchr::memchr_iter(separator, line).count();
    let row = &text[end + 1..(end + 1 + MOST_VALUES).min(text.len())];
    let row = &row[..memchr::memchr(b'\n', row).unwrap_or(row.len())];
    let row = row.strip_suffix(b"\r").unwrap_or(row);
    if count(row) != count(heads) {
        return None;
    }
    let (start, cell) = cell(row, separator, count(&heads[..name.start]))?;
    let start = end + 1 + start;
    let inner = cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\""));
    let (value, start) = inner.map_or((cell, start), |inner| (inner, start + 1));
    (!value.is_empty() && !value.contains(&b'"')).then_some((start..start + value.len(), None))
}

/// The value below a name in the head of a table in Markdown.
fn drawn(text: &[u8], name: &Range<usize>, at: usize) -> Option<(Range<usize>, Option<u8>)> {
    const MARKS: &[u8] = b" \t*`_";
    if text[at..].iter().take(16).find(|byte| !MARKS.contains(byte)) != Some(&b'|') {
        return None;
    }
    let around = name.start.saturating_sub(MOST_NAMES);
    let line_start = around + memchr::memrchr(b'\n', &text[around..name.start]).map_or(0, |end| end + 1);
    let mut lines = text[line_start..(line_start + MOST_VALUES).min(text.len())].split(|&byte| byte == b'\n');
    let (heads, rule, row) = (lines.next()?, lines.next()?, lines.next()?);
    let count = |line: &[u8]| memchr::memchr_iter(b'|', line).count();
    let is_rule =
        rule.iter().all(|byte| b"|-: \t\r".contains(byte)) && rule.windows(3).any(|dashes| dashes == b"---");
    if !is_rule || count(heads) < 2 || count(row) != count(heads) {
        return None;
    }
    let (start, cell) = cell(row, b'|', count(&heads[..name.start - line_start]))?;
    let start = line_start + heads.len() + 1 + rule.len() + 1 + start;
    let before = cell.iter().take_while(|byte| MARKS.contains(byte)).count();
    let after =
        cell[before..].iter().rev().take_while(|byte| MARKS.contains(byte) || **byte == b'\r').count();
    let value = start + before..start + cell.len() - after;
    (!value.is_empty() && !text[value.clone()].contains(&b' ')).then_some((value, None))
}

/// The cell of a row after so many separators, and where in the row it begins.
fn cell(row: &[u8], separator: u8, place: usize) -> Option<(usize, &[u8])> {
    let mut start = 0;
    for cell in row.split(|&byte| byte == separator).take(place) {
        start += cell.len() + 1;
    }
    let rest = row.get(start..)?;
    Some((start, &rest[..memchr::memchr(separator, rest).unwrap_or(rest.len())]))
}

fn blank(text: &[u8], at: usize) -> usize {
    text[at.min(text.len())..].iter().take(64).take_while(|byte| byte.is_ascii_whitespace()).count()
}
