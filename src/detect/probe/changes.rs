//! What two versions of a text have in common, and what is new.

use std::ops::Range;

/// A piece that two versions of a text have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Common {
    /// Where it stands in the older one.
    pub from: usize,
    /// Where it stands in the newer one.
    pub to: usize,
    /// How long it is.
    pub length: usize,
}

/// The pieces that are worth taking something over from. Many changes stand close together, and to
/// search the few bytes between two of them is cheaper than to keep them apart.
pub fn worthwhile(common: &[Common]) -> Vec<Common> {
    /// Measured on five histories: 64 to 512 are about as good. The tests of this room take over
    /// whatever they can, so that their small texts have something to go wrong.
    const LEAST: usize = if cfg!(test) { 1 } else { 128 };
    common.iter().filter(|piece| piece.length >= LEAST).copied().collect()
}

/// What is new in a version: what was not taken from the older one, and, as empty parts, the seams
/// where it goes on otherwise than it did there.
pub fn fresh(common: &[Common], older_length: usize, length: usize) -> Vec<Range<usize>> {
    let mut fresh = Vec::with_capacity(common.len() + 1);
    // The ends of a text are seams like others if something else stood there.
    let (mut at, mut follows) = (0, Some(0));
    for piece in common {
        if piece.to > at || follows != Some(piece.from) {
            fresh.push(at..piece.to);
        }
        at = piece.to + piece.length;
        follows = Some(piece.from + piece.length);
    }
    if at < length || follows != Some(older_length) {
        fresh.push(at..length);
    }
    fresh
}

/// Parts with so much round each of them; those that meet are one.
pub fn widened(parts: &[Range<usize>], round: usize, length: usize) -> Vec<Range<usize>> {
    let mut wide: Vec<Range<usize>> = Vec::new();
    for part in parts {
        let (start, end) = (part.start.saturating_sub(round), (part.end + round).min(length));
        match wide.last_mut() {
            Some(last) if last.end >= start => last.end = last.end.max(end),
            _ => wide.push(start..end),
        }
    }
    wide
}

/// The lengths of two versions.
#[derive(Clone, Copy)]
pub struct Copied {
    pub older_length: usize,
    pub length: usize,
}

impl Copied {
    /// Whether a part of the older version is one in the newer one too, and says the same there.
    pub fn is_same(self, piece: &Common, part: Range<usize>) -> bool {
        part.start >= piece.from
            && part.end <= piece.from + piece.length
            // What was cut off at an end of the text may go on now.
            && (part.start > 0 || piece.to == 0 && piece.from == 0)
            && (part.end < self.older_length || piece.to + piece.length == self.length)
    }
}
