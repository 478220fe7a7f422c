//! Values that are typed into a field which is found by its name, as tests do that drive a browser:
//! `page.fill("#name", "value")`, `find(By.id("name")).sendKeys("value")`, `fill_in "Name", with: "value"`.

use super::{Cursor, Joint};
use std::ops::Range;

/// What types a value into the field that was found before.
const METHODS: [&[u8]; 12] = [
    b".sendKeys(",
    b".send_keys(",
    b".fill(",
    b".type(",
    b".clear().type(",
    b".typeText(",
    b".enterText(",
    b".pressSequentially(",
    b".setValue(",
    b".set(",
    b".val(",
    b".replaceText(",
];
/// Calls that have the field first and the value second.
const CALLS: [&[u8]; 10] = [
    b"fill",
    b"type",
    b"typeText",
    b"fillIn",
    b"fillField",
    b"fill_in",
    b"setValue",
    b"sendKeys",
    b"send_keys",
    b"setInputValue",
];
/// Longer selectors are not read.
const MOST_SELECTOR: usize = 64;

/// The value that is typed into a field of this name.
pub(super) fn value(text: &[u8], name: &Range<usize>) -> Option<(Range<usize>, Option<u8>)> {
    let rest = &text[name.end..];
    let closing = rest.iter().take(8).take_while(|byte| b"\"'`])\\".contains(byte)).count();
    if !rest[..closing].iter().any(|byte| matches!(byte, b'"' | b'\'' | b'`')) {
        return None;
    }
    let (ends, rest) = rest.split_at(closing);
    let length = if let Some(method) = METHODS.iter().find(|method| rest.starts_with(method)) {
        method.len()
    } else if rest.starts_with(b", with: ") {
        8
    } else if rest.starts_with(b", ") && !ends.contains(&b')') && is_filled(text, name.start) {
        2
    } else {
        return None;
    };
    Cursor { text, at: name.end + closing + length }
        .value(Joint::Argument)
        .filter(|(value, _)| !value.is_empty())
}

/// Whether a name ends the selector that is the first argument of a call that fills fields.
fn is_filled(text: &[u8], name_start: usize) -> bool {
    let before = &text[name_start.saturating_sub(MOST_SELECTOR)..name_start];
    let Some(opening) = before.iter().rposition(|byte| matches!(byte, b'(' | b'\n' | b',')) else {
        return false;
    };
    let call = &before[..opening];
    let word = call.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    before[opening] == b'(' && CALLS.contains(&&call[call.len() - word..])
}
