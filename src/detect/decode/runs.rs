//! Finds runs of base64 and hexadecimal digits that hold text, at nearly no cost where there are none.
//!
//! Text is told from other things in the same alphabet (identifiers, paths, digests, images) before
//! anything is decoded. A byte of ASCII text has its high bit clear and is seldom a control, which
//! leaves about half of the alphabet to each of the first three digits in a group of base64, and half
//! of the digits to the first of a pair in hex. Four bytes of every [`STRIDE`] are looked up; a run
//! goes on only where all of them may belong to one group.

use std::cmp::Reverse;
use std::ops::Range;

/// How far apart the looks are. Every run has one look wholly inside, so that it is found wherever
/// the first look is.
const STRIDE: usize = LEAST_BASE64 - 3;
/// The least digits of base64 in a row that look like text: 18 bytes.
const LEAST_BASE64: usize = 24;
/// The least digits of hex in a row that look like text: 16 bytes.
const LEAST_HEX: usize = 32;

/// What a run is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    /// Base64, standard or URL-safe (RFC 4648, sections 4 and 5).
    Base64,
    /// Hexadecimal digits.
    Hex,
}

/// The value of a digit of base64 in either alphabet; 64 for other bytes.
const fn value64(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => 64,
    }
}

/// Whether a byte is a digit of base64 in either alphabet.
pub const fn is_base64(byte: u8) -> bool {
    value64(byte) < 64
}

/// The place in a group of four that a digit may have in encoded text, one bit a place.
const fn groups64(byte: u8) -> u8 {
    let value = value64(byte);
    if value == 64 {
        return 0;
    }
    // The first digit holds the six high bits of a byte: a printable one, or \t, \n, \r.
    let first = (value >= 8 && value < 32) || value == 2 || value == 3;
    // The second one ends with the four high bits of the next byte.
    let second = matches!(value & 15, 0 | 2..=7);
    // The third one ends with the two high bits of the last.
    let third = value & 3 < 2;
    first as u8 | (second as u8) << 1 | (third as u8) << 2 | 1 << 3
}

const fn pairs16(byte: u8) -> u8 {
    if !byte.is_ascii_hexdigit() {
        return 0;
    }
    let high = matches!(byte, b'0' | b'2'..=b'7');
    high as u8 | 2
}

/// For four places in a row: which of the six alignments (four of base64, two of hex) a byte there
/// allows.
static ALLOWS: [[u8; 256]; 4] = allows();

const fn allows() -> [[u8; 256]; 4] {
    let mut tables = [[0; 256]; 4];
    let mut place = 0;
    while place < 4 {
        let mut byte = 0;
        while byte < 256 {
            let (group, pair) = (groups64(byte as u8), pairs16(byte as u8));
            let mut bits = 0;
            let mut align = 0;
            while align < 4 {
                bits |= (group >> ((place + 4 - align) & 3) & 1) << align;
                align += 1;
            }
            bits |= (pair >> (place & 1) & 1) << 4;
            bits |= (pair >> ((place + 1) & 1) & 1) << 5;
            tables[place][byte] = bits;
            byte += 1;
        }
        place += 1;
    }
    tables
}

/// Calls `visit(digits, start)` with the start of each run that may hold text. It answers how far
/// the text is dealt with, and the search goes on there.
pub fn find(text: &[u8], mut visit: impl FnMut(Digits, usize) -> usize) {
    let mut from = 0;
    while let Some((digits, start, at)) = next(text, from) {
        // Whatever the visitor says, the search gets on.
        from = visit(digits, start).max(at + 1);
    }
}

/// The next run after `from`, with the place that it was noticed at.
fn next(text: &[u8], from: usize) -> Option<(Digits, usize, usize)> {
    let rest = text.get(from..)?;
    let mut at = from;
    let chunks = rest.chunks_exact(STRIDE);
    let tail = chunks.remainder();
    for chunk in chunks {
        let alive = allowed(*chunk.first_chunk()?);
        if alive != 0
            && goes_on(text, at, alive)
            && let Some(run) = run_at(text, from, at, alive)
        {
            return Some(run);
        }
        at += STRIDE;
    }
    run_at(text, from, at, allowed(*tail.first_chunk()?))
}

/// The alignments that four bytes allow.
#[inline]
fn allowed([a, b, c, d]: [u8; 4]) -> u8 {
    ALLOWS[0][usize::from(a)]
        & ALLOWS[1][usize::from(b)]
        & ALLOWS[2][usize::from(c)]
        & ALLOWS[3][usize::from(d)]
}

/// Whether four bytes more fit on one side at least, as they do in a run that is long enough.
#[inline]
fn goes_on(text: &[u8], at: usize, alive: u8) -> bool {
    let after = text.get(at + 4..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| allowed(*bytes));
    let before = text[..at].last_chunk().map_or(0, |bytes| allowed(*bytes));
    alive & (after | before) != 0
}

/// The run round four bytes at `at`, with `at`, if it is long enough; `alive` are the alignments
/// that they allow.
#[inline(never)] // The loop over the looks is kept small.
fn run_at(text: &[u8], floor: usize, at: usize, alive: u8) -> Option<(Digits, usize, usize)> {
    // All alignments at once, which ends most attempts after a few bytes.
    let (after, before) = (reach(text, at, alive), back(text, floor, at, alive));
    if after + before < LEAST_BASE64 {
        return None;
    }
    // The longest run, and of several the first: text of a short period fits more than one alignment.
    let longest = |bits: Range<u8>, group: usize| {
        bits.filter(|bit| alive >> bit & 1 == 1)
            .map(|bit| {
                let before = back(text, floor, at, 1 << bit);
                // The places of this alignment's groups are those of `at` and so many on.
                let ahead = usize::from(bit) % 4 + before;
                (before + reach(text, at, 1 << bit), Reverse(at - before + ahead % group))
            })
            .max()
    };
    if let Some((length, Reverse(start))) = longest(4..6, 2)
        && length >= LEAST_HEX
    {
        return Some((Digits::Hex, start, at));
    }
    let (length, Reverse(start)) = longest(0..4, 4)?;
    (length >= LEAST_BASE64).then_some((Digits::Base64, start, at))
}

/// How many bytes from `at` on fit one of the alignments.
fn reach(text: &[u8], at: usize, alive: u8) -> usize {
    let mut alive = alive;
    text[at..]
        .iter()
        .zip((0..4).cycle())
        .take_while(|&(&byte, place): &(&u8, usize)| {
            alive &= ALLOWS[place][usize::from(byte)];
            alive != 0
        })
        // Enough to know that it is one; where it ends is the decoder's to say.
        .take(LEAST_HEX * 2)
        .count()
}

/// How many bytes before `at` fit, down to `floor`.
fn back(text: &[u8], floor: usize, at: usize, alive: u8) -> usize {
    let mut alive = alive;
    text[floor..at]
        .iter()
        .rev()
        .zip([3, 2, 1, 0].into_iter().cycle())
        .take_while(|&(&byte, place): &(&u8, usize)| {
            alive &= ALLOWS[place][usize::from(byte)];
            alive != 0
        })
        .count()
}
