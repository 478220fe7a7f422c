//! Names and values that stand apart, each with a label of its own: `{"name": …, "value": …}`, the
//! entries of a manifest, the tags of a list of properties, the default of a variable or an argument.

use super::{Cursor, Joint};
use std::ops::Range;

/// What the name is labelled with.
const NAMES: [&[u8]; 9] =
    [b"name", b"key", b"variable", b"var", b"env", b"field", b"header", b"param", b"parameter"];
/// What the value is labelled with.
const VALUES: [&[u8]; 6] = [b"value", b"val", b"default", b"defaultvalue", b"default_value", b"string"];
/// How many other entries may stand between the two.
const MOST_BETWEEN: usize = 4;
/// How long such an entry may be.
const MOST_ENTRY: usize = 120;

/// What stands before a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    /// `"name": "…"`, `name=…`, `- name: …`.
    Entry,
    /// `<name>…`.
    Element,
    /// `variable "…" {`.
    Block,
    /// `call("…",`.
    Call,
    /// `name:` of a manifest, with entries of its own below it.
    Parent,
    /// `"name": {`, with entries of its own in it.
    Object,
}

/// The value of a name that ends, with its quote, at `at`.
pub(super) fn value(text: &[u8], name: &Range<usize>, at: usize) -> Option<(Range<usize>, Option<u8>)> {
    let label = label(text, name.start)
        .or_else(|| is_parent(text, at).then_some(Label::Parent))
        .or_else(|| is_object(text, name, at).then_some(Label::Object))?;
    let mut cursor = Cursor { text, at };
    match label {
        Label::Element => {
            cursor.tag(b"</", &NAMES)?;
            cursor.blank();
            cursor.tag(b"<", &VALUES)?;
            cursor.blank();
            return cursor.value(Joint::Element).filter(|(value, _)| !value.is_empty());
        }
        Label::Block => {
            cursor.spaces();
            cursor.pass(b"{")?;
        }
        Label::Call => {
            cursor.spaces();
            cursor.pass(b",")?;
        }
        Label::Parent => cursor.at += 1,
        Label::Object => {
            cursor.spaces();
            cursor.pass(b":")?;
            cursor.blank();
            cursor.pass(b"{")?;
        }
        Label::Entry => {
            if let Some(value) = content(text, name, at) {
                return Some(value);
            }
        }
    }
    for _ in 0..=MOST_BETWEEN {
        while matches!(cursor.peek(), Some(b',' | b';')) {
            cursor.at += 1;
        }
        cursor.blank();
        // A brace or a dash begins or ends something else.
        let key = cursor.key()?;
        if VALUES.iter().any(|value| text[key.clone()].eq_ignore_ascii_case(value)) {
            cursor.spaces();
            return cursor.value(Joint::Sign).filter(|(value, _)| !value.is_empty());
        }
        if NAMES.iter().any(|name| text[key.clone()].eq_ignore_ascii_case(name)) {
            return None;
        }
        let rest = &text[cursor.at..(cursor.at + MOST_ENTRY).min(text.len())];
        cursor.at += rest.iter().position(|byte| matches!(byte, b',' | b'\n'))?;
    }
    None
}

/// Whether a name ends its line with a colon, and the next line is indented.
fn is_parent(text: &[u8], at: usize) -> bool {
    let rest = &text[at..];
    rest.starts_with(b":\n  ") || rest.starts_with(b":\r\n  ")
}

/// Whether an object stands where a quoted name's value would.
fn is_object(text: &[u8], name: &Range<usize>, at: usize) -> bool {
    let rest = text[at..(at + 16).min(text.len())].trim_ascii_start();
    at > name.end && rest.strip_prefix(b":").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{"))
}

/// The content of an element that has the name in an attribute: `<string name="…">value</string>`,
/// `<property name="…"><value>value</value>`.
fn content(text: &[u8], name: &Range<usize>, at: usize) -> Option<(Range<usize>, Option<u8>)> {
    let before = &text[name.start.saturating_sub(80)..name.start];
    let opening = before.iter().rposition(|byte| matches!(byte, b'<' | b'>' | b'\n'))?;
    let rest = &text[at..];
    let length = rest.iter().take(80).take_while(|byte| !matches!(byte, b'<' | b'>' | b'\n' | b'/')).count();
    if before[opening] != b'<' || rest.get(length) != Some(&b'>') {
        return None;
    }
    let mut cursor = Cursor { text, at: at + length + 1 };
    cursor.blank();
    cursor.open_value();
    cursor.value(Joint::Element).filter(|(value, _)| !value.is_empty())
}

fn label(text: &[u8], name_start: usize) -> Option<Label> {
    let before = &text[name_start.saturating_sub(48)..name_start];
    let unquoted = trim_end(before, b"\"'`\\");
    let is_quoted = unquoted.len() < before.len();
    let before = trim_end(unquoted, b" \t");
    if is_quoted && before.ends_with(b"(") {
        return Some(Label::Call);
    }
    if is_quoted && before.ends_with(b"variable") {
        return Some(Label::Block);
    }
    let (before, label) = match before {
        [rest @ .., b'>'] if rest.ends_with(b"=") => (&rest[..rest.len() - 1], Label::Entry),
        [rest @ .., b'>'] => (rest, Label::Element),
        [rest @ .., b':' | b'='] => (rest, Label::Entry),
        _ => return None,
    };
    let before = if label == Label::Entry { trim_end(trim_end(before, b" \t"), b"\"'`\\") } else { before };
    let word = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (rest, word) = before.split_at(before.len() - word);
    let is_apart = match label {
        Label::Element => rest.ends_with(b"<"),
        _ => !rest.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'),
    };
    (is_apart && NAMES.iter().any(|name| word.eq_ignore_ascii_case(name))).then_some(label)
}

fn trim_end<'a>(mut text: &'a [u8], bytes: &[u8]) -> &'a [u8] {
    while let [rest @ .., last] = text
        && bytes.contains(last)
    {
        text = rest;
    }
    text
}

impl Cursor<'_> {
    /// Passes a text that must stand here.
    fn pass(&mut self, wanted: &[u8]) -> Option<()> {
        let is_there = self.text[self.at..].starts_with(wanted);
        self.at += wanted.len();
        is_there.then_some(())
    }

    /// Passes a tag such as `<value>`, if one stands here.
    pub(super) fn open_value(&mut self) {
        let here = self.at;
        if self.tag(b"<", &VALUES).is_some() {
            self.blank();
        } else {
            self.at = here;
        }
    }

    /// Passes a tag of one of several names.
    fn tag(&mut self, opening: &[u8], names: &[&[u8]]) -> Option<()> {
        self.pass(opening)?;
        let rest = &self.text[self.at..];
        let name = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        self.at += name + 1;
        let is_one = names.iter().any(|wanted| rest[..name].eq_ignore_ascii_case(wanted));
        (is_one && rest.get(name) == Some(&b'>')).then_some(())
    }

    /// Passes the key of an entry and its sign.
    fn key(&mut self) -> Option<Range<usize>> {
        if self.peek() == Some(b'-') {
            return None;
        }
        self.quotes();
        let mut key = self.word();
        // `android:value=`: the word before the colon says whose word it is.
        if self.peek() == Some(b':') && self.text.get(self.at + 1).is_some_and(u8::is_ascii_alphabetic) {
            self.at += 1;
            key = self.word();
        }
        self.quotes();
        self.spaces();
        let sign = self.peek().filter(|sign| matches!(sign, b':' | b'='))?;
        self.at += 1;
        if sign == b'=' && self.peek() == Some(b'>') {
            self.at += 1;
        }
        (!key.is_empty()).then_some(key)
    }

    fn quotes(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().take(4).take_while(|byte| b"\"'\\".contains(byte)).count();
    }

    fn word(&mut self) -> Range<usize> {
        let start = self.at;
        let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        self.at += self.text[start..].iter().take(40).take_while(is_word).count();
        start..self.at
    }
}
