//! Base64 and hexadecimal digits, also in wrapped lines, and what they hold.

use super::map::Map;
use super::runs::{self, Digits};
use super::view::{Counts, View};
use super::{gzip, text_share};
use data_encoding::{BitOrder, Encoding, Specification};
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// Lines of wrapped base64 are no longer: 76 in MIME (RFC 2045), 64 in PEM (RFC 7468).
const LONGEST_LINE: usize = 160;
/// Shorter lines are no wrapped base64.
const SHORTEST_LINE: usize = 20;
/// How much is decoded to see whether the rest is worth it.
const TASTE: usize = 88;

/// Both alphabets, without padding and whatever the unused bits of the last digit are.
static BASE64: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    specification.translate.from.push_str("-_");
    specification.translate.to.push_str("+/");
    specification.check_trailing_bits = false;
    specification.bit_order = BitOrder::MostSignificantFirst;
    specification.encoding().ok()
});

/// The digits of a run with the places they stand at.
pub struct Run {
    digits: Zeroizing<Vec<u8>>,
    /// For each line: how many digits come before it, and where it stands.
    lines: Vec<(usize, std::ops::Range<usize>)>,
    kind: Digits,
    /// Where the run is over, its padding included.
    pub end: usize,
    /// Whether it has more digits than were wanted.
    pub is_cut: bool,
}

impl Run {
    /// Reads the run that begins at `start`, on over line ends.
    pub fn read(text: &[u8], start: usize, kind: Digits, most: usize) -> Self {
        let is_digit = |byte: &&u8| match kind {
            Digits::Base64 => runs::is_base64(**byte),
            Digits::Hex => byte.is_ascii_hexdigit(),
        };
        let length = |at: usize| text[at..].iter().take_while(is_digit).count();
        let first = length(start);
        let mut lines = vec![(0, start..start + first)];
        let (mut count, mut end) = (first, start + first);
        let is_line = (SHORTEST_LINE..=LONGEST_LINE).contains(&first)
            && !start.checked_sub(1).and_then(|at| text.get(at)).is_some_and(|byte| is_digit(&byte));
        while is_line && let Some(next) = next_line(text, end) {
            let long = text[next..].iter().take(first + 1).take_while(is_digit).count();
            if long == 0 || long > first {
                break;
            }
            let is_last = long < first;
            // What is no full line has to end the whole: padding, a quote, the end of its line.
            let after = text.get(next + long);
            if is_last && !after.is_none_or(|byte| b"= \"'`\r\n<,;})\\".contains(byte)) {
                break;
            }
            lines.push((count, next..next + long));
            count += long;
            end = next + long;
            if is_last {
                break;
            }
        }
        let mut digits = Zeroizing::new(Vec::with_capacity(count.min(most)));
        for (_, line) in &lines {
            let room = most.saturating_sub(digits.len());
            digits.extend_from_slice(&text[line.start..line.start + line.len().min(room)]);
        }
        let padding = match kind {
            Digits::Base64 => text[end..].iter().take(2).take_while(|&&byte| byte == b'=').count(),
            Digits::Hex => 0,
        };
        Self { is_cut: digits.len() < count, digits, lines, kind, end: end + padding }
    }

    /// The bytes that the first so many digits stand for.
    fn bytes(&self, most: usize) -> Option<Zeroizing<Vec<u8>>> {
        let digits = &self.digits[..self.digits.len().min(most)];
        let bytes = match self.kind {
            Digits::Base64 => {
                let whole = digits.len() - usize::from(digits.len() % 4 == 1);
                BASE64.as_ref()?.decode(&digits[..whole])
            }
            Digits::Hex => data_encoding::HEXLOWER_PERMISSIVE.decode(&digits[..digits.len() / 2 * 2]),
        };
        bytes.ok().map(Zeroizing::new)
    }

    fn bits(&self) -> u8 {
        match self.kind {
            Digits::Base64 => 6,
            Digits::Hex => 4,
        }
    }

    fn ways(&self) -> &'static [&'static str] {
        match self.kind {
            Digits::Base64 => &["base64"],
            Digits::Hex => &["hex"],
        }
    }

    /// The text in the run, if it is text for the most part.
    pub fn text(&self) -> Option<View> {
        if text_share(&self.bytes(TASTE)?) < 80 {
            return None;
        }
        let bytes = self.bytes(usize::MAX)?;
        let share = text_share(&bytes);
        if share < 60 {
            return None;
        }
        let mut map = Map::default();
        for (before, line) in &self.lines {
            map.push_bits(before * usize::from(self.bits()), line.clone(), self.bits());
        }
        Some(View {
            text: bytes,
            map,
            ways: self.ways(),
            counts: Counts::All,
            is_code: false,
            is_binary: share < 90,
        })
    }

    /// What the run holds in compressed form.
    pub fn inflated(&self, most: usize) -> Option<View> {
        let text = gzip::inflate(&self.bytes(usize::MAX)?, most)?;
        let is_binary = text_share(&text) < 90;
        let mut map = Map::default();
        map.push(0, self.lines.first()?.1.start..self.end, super::map::Step::Whole);
        let ways: &[&str] = match self.kind {
            Digits::Base64 => &["base64", "gzip"],
            Digits::Hex => &["hex", "gzip"],
        };
        Some(View { text, map, ways, counts: Counts::All, is_code: false, is_binary })
    }
}

/// Where the digits of the next line begin: after a line end, which a backslash may precede, and
/// the line's indentation.
fn next_line(text: &[u8], end: usize) -> Option<usize> {
    let mut at = end;
    if text.get(at) == Some(&b'\\') {
        at += 1;
    }
    if text.get(at) == Some(&b'\r') {
        at += 1;
    }
    if text.get(at) != Some(&b'\n') {
        return None;
    }
    at += 1;
    let indent = text[at..].iter().take(LONGEST_LINE).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    Some(at + indent)
}
