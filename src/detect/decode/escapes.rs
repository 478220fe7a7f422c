//! Escapes that stand in a text for single characters. What is round them is searched again with
//! the characters in their place.

use super::view::{Builder, View};
use super::{html, percent, string};
use std::ops::Range;

/// So much round an escape belongs to it, within its line.
const CONTEXT: usize = 256;
/// A match this far from anything decoded stands in the text as it is.
const REACH: usize = 64;

/// What an escape stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escape {
    /// How long it is written.
    pub length: usize,
    bytes: [u8; 4],
    count: usize,
}

impl Escape {
    /// An escape of one byte.
    pub fn byte(length: usize, byte: u8) -> Self {
        Self { length, bytes: [byte, 0, 0, 0], count: 1 }
    }

    /// An escape of one character.
    pub fn character(length: usize, c: char) -> Self {
        let mut bytes = [0; 4];
        let count = c.encode_utf8(&mut bytes).len();
        Self { length, bytes, count }
    }

    /// What it stands for.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.count]
    }
}

/// The value of so many hexadecimal digits at the start of a text.
pub fn hex(digits: &[u8], count: usize) -> Option<u32> {
    digits.get(..count)?.iter().try_fold(0, |value, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(value << 4 | digit)
    })
}

/// The bytes that may stand in a token or a password without quotes.
static TOKEN: [bool; 256] = table(b"_-./+=:@!#$%^&*~?");

/// Letters, digits and some marks.
pub const fn table(marks: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < marks.len() {
        table[marks[at] as usize] = true;
        at += 1;
    }
    table
}

/// Whether a byte may stand in a token or a password without quotes.
#[inline]
pub fn is_token(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

/// A kind of escapes.
struct Kind {
    /// The byte that all begin with.
    intro: u8,
    /// Reads the escape at a place.
    read: fn(&[u8], usize) -> Option<Escape>,
    ways: &'static [&'static str],
}

const PERCENT: Kind = Kind { intro: b'%', read: percent::read, ways: &["percent"] };
const HTML: Kind = Kind { intro: b'&', read: html::read, ways: &["html"] };
const STRING: Kind = Kind { intro: b'\\', read: string::read, ways: &["string escapes"] };
const UNICODE: Kind = Kind { intro: b'\\', read: string::read, ways: &["unicode escapes"] };

/// Collects escapes that stand near one another.
#[derive(Default)]
struct Cluster {
    /// From the first telling escape to the end of the last one.
    open: Option<Range<usize>>,
    /// Where the view before was over.
    floor: usize,
    is_unicode: bool,
}

impl Cluster {
    /// Takes the next telling escape; what is complete comes out.
    fn add(&mut self, text: &[u8], escape: Range<usize>) -> Option<(Range<usize>, bool)> {
        if let Some(open) = &mut self.open
            && escape.start <= open.end + 2 * CONTEXT
        {
            open.end = open.end.max(escape.end);
            return None;
        }
        let complete = self.close(text);
        self.open = Some(escape);
        complete
    }

    /// The stretch with what belongs to it, and whether characters are written by their numbers.
    fn close(&mut self, text: &[u8]) -> Option<(Range<usize>, bool)> {
        let open = self.open.take()?;
        let stretch = with_context(text, &open, self.floor);
        self.floor = stretch.end;
        Some((stretch, std::mem::take(&mut self.is_unicode)))
    }
}

/// A stretch with what stands round it on its lines, as far as it matters.
pub fn with_context(text: &[u8], stretch: &Range<usize>, floor: usize) -> Range<usize> {
    let far = stretch.start.saturating_sub(CONTEXT).max(floor).min(stretch.start);
    let start = memchr::memrchr(b'\n', &text[far..stretch.start]).map_or(far, |at| far + at + 1);
    let far = (stretch.end + CONTEXT).min(text.len());
    let end = memchr::memchr(b'\n', &text[stretch.end..far]).map_or(far, |at| stretch.end + at);
    start..end
}

/// Calls `visit` with what stands round telling escapes, decoded; `continues` with each backslash
/// at the end of a line.
pub fn find(
    text: &[u8],
    is_code: bool,
    reads_html: bool,
    visit: &mut dyn FnMut(View),
    continues: &mut dyn FnMut(usize),
) {
    let (mut percents, mut strings) = (Cluster::default(), Cluster::default());
    let (mut references, mut referred) = (Cluster::default(), Vec::new());
    let mut from = 0;
    // All in one pass; references are visited when it is over.
    let also = if reads_html { b'&' } else { b'%' };
    for at in memchr::memchr3_iter(b'%', b'\\', also, text) {
        if text[at] == b'&' {
            if let Some(length) = html::tells(text, at) {
                referred.extend(references.add(text, at..at + length));
            }
            continue;
        }
        if at < from {
            continue;
        }
        if text[at] == b'%' {
            if let Some(length) = percent::tells(text, at) {
                from = at + length;
                if let Some((stretch, _)) = percents.add(text, at..from) {
                    visit(decoded(text, &stretch, &PERCENT, is_code));
                }
            }
            continue;
        }
        if matches!(text.get(at + 1), Some(b'\n' | b'\r')) {
            continues(at);
            continue;
        }
        from = at + 2;
        let Some(tells) = string::tells(text, at, is_code) else { continue };
        from = at + tells.length;
        if let Some((stretch, unicode)) = strings.add(text, at..from) {
            visit(decoded(text, &stretch, if unicode { &UNICODE } else { &STRING }, is_code));
        }
        strings.is_unicode |= tells.is_unicode;
    }
    if let Some((stretch, _)) = percents.close(text) {
        visit(decoded(text, &stretch, &PERCENT, is_code));
    }
    if let Some((stretch, unicode)) = strings.close(text) {
        visit(decoded(text, &stretch, if unicode { &UNICODE } else { &STRING }, is_code));
    }
    referred.extend(references.close(text));
    for (stretch, _) in referred {
        visit(decoded(text, &stretch, &HTML, is_code));
    }
}

/// A stretch of text with its escapes replaced.
fn decoded(text: &[u8], stretch: &Range<usize>, kind: &Kind, is_code: bool) -> View {
    let mut builder = Builder::new(text, stretch.start, stretch.len());
    let mut from = stretch.start;
    for at in memchr::memchr_iter(kind.intro, &text[stretch.clone()]).map(|at| stretch.start + at) {
        if at < from {
            continue;
        }
        match (kind.read)(text, at) {
            Some(escape) if at + escape.length <= stretch.end => {
                builder.keep_to(at);
                builder.replace_to(at + escape.length, escape.as_bytes());
                from = at + escape.length;
            }
            // What follows a backslash belongs to it.
            _ => from = at + if kind.intro == b'\\' { 2 } else { 1 },
        }
    }
    builder.keep_to(stretch.end);
    builder.finish(kind.ways, Some(REACH), is_code)
}
