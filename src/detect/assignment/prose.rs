//! Values that are told in a sentence, a note or a table: `the password is "value"`, `Password - value`,
//! `API key value`, `| name | value |`.

use std::ops::Range;

/// Longer cells are no values.
const MOST_CELL: usize = 160;
/// What marks a word as code or as important.
const MARKS: &[u8] = b"*`_";

/// The value of a name, with its quote.
pub(super) fn value(text: &[u8], name: &Range<usize>) -> Option<(Range<usize>, Option<u8>)> {
    cell(text, name)
        .map(|value| (value, None))
        .or_else(|| said(text, name.end))
        .or_else(|| noted(text, name).map(|value| (value, None)))
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

/// `is value` or `- value`, where the value stands in marks, or has letters and digits as no word has.
fn said(text: &[u8], name_end: usize) -> Option<(Range<usize>, Option<u8>)> {
    const VERBS: [&[u8]; 5] = [b" is ", b" is: ", b" - ", " \u{2013} ".as_bytes(), " \u{2014} ".as_bytes()];
    let rest = text.get(name_end..)?;
    let rest = rest.strip_prefix(b"**").unwrap_or(rest);
    let rest = VERBS.iter().find_map(|verb| rest.strip_prefix(*verb))?;
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

/// The long value of letters and digits that follows a name of several words and a space, as in notes:
/// `API key value`.
fn noted(text: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
    /// Shorter ones may be words with a number.
    const LEAST: usize = 20;
    const MOST: usize = 200;
    /// What `key`, `token` and `secret` are said of. Those of other things are no secrets: public keys,
    /// keys of tables, tokens of forms.
    const OF: [&[u8]; 10] = [
        b"api",
        b"access",
        b"auth",
        b"secret",
        b"client",
        b"refresh",
        b"personal",
        b"bot",
        b"service",
        b"app",
    ];
    const LAST: [&[u8]; 3] = [b"key", b"token", b"secret"];
    let rest = text.get(name.end..)?;
    let spaces = rest.iter().take(4).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-+/=.~".contains(byte);
    let length = rest[spaces..].iter().take(MOST).take_while(is_part).count();
    let value = &rest[spaces..spaces + length];
    let dots = value.iter().rev().take_while(|&&byte| byte == b'.').count();
    let value = &value[..length - dots];
    let count = |test: fn(&&u8) -> bool| value.iter().filter(test).count();
    let digits = count(|byte| byte.is_ascii_digit());
    let letters = count(|byte| byte.is_ascii_alphabetic());
    let is_end =
        rest.get(spaces + length).is_none_or(|byte| byte.is_ascii_whitespace() || b",;)".contains(byte));
    if spaces == 0 || value.len() < LEAST || !is_end || digits < 3 || letters < 3 {
        return None;
    }
    let line = &text[name.end.saturating_sub(48)..name.end];
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic();
    let mut words = line.split(|byte| !is_letter(byte)).rev().filter(|word| !word.is_empty());
    let is_one_of = |word: Option<&[u8]>, those: &[&[u8]]| {
        word.is_some_and(|word| those.iter().any(|one| word.eq_ignore_ascii_case(one)))
    };
    let is_told = is_one_of(words.next(), &LAST) && is_one_of(words.next(), &OF);
    is_told.then(|| name.end + spaces..name.end + spaces + value.len())
}
