//! Where the bytes of a decoded text came from.

use std::ops::Range;

/// How the bytes of a piece follow those that they were made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many bits of the result to each byte of the source: 8 as it stood, 6 in base64, 4 in hex.
    Bits(u8),
    /// Every byte stands for the whole of the source: an escape, a compressed stream.
    Whole,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    /// Where it begins in the decoded text.
    at: usize,
    /// What it was made of.
    from: Range<usize>,
    /// How many bits of the piece the source has before its first byte: what a line of base64
    /// holds of a byte that began on the line before.
    carried: usize,
    /// How many bits of the source's first byte belong to what is not in the piece.
    shared: usize,
    step: Step,
}

/// Leads from places in a decoded text to places in the text that it was made of.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Map {
    pieces: Vec<Piece>,
}

impl Map {
    /// Adds a piece that begins at `at` of the decoded text. Pieces come in ascending order.
    pub fn push(&mut self, at: usize, from: Range<usize>, step: Step) {
        self.pieces.push(Piece { at, from, carried: 0, shared: 0, step });
    }

    /// Adds the piece whose first bit is the bit `bit` of the decoded text.
    pub fn push_bits(&mut self, bit: usize, from: Range<usize>, bits: u8) {
        let piece = Piece { at: bit / 8, from, carried: bit % 8, shared: 0, step: Step::Bits(bits) };
        self.pieces.push(piece);
    }

    /// Adds a piece that begins after the first `past` bytes that its source holds.
    pub fn push_within(&mut self, at: usize, from: Range<usize>, past: usize, bits: u8) {
        let start = (from.start + past * 8 / usize::from(bits)).min(from.end);
        // The digit that the first byte begins in may hold bits of the byte before it.
        let shared = past * 8 % usize::from(bits);
        self.pieces.push(Piece { at, from: start..from.end, carried: 0, shared, step: Step::Bits(bits) });
    }

    fn piece(&self, offset: usize) -> Option<&Piece> {
        let after = self.pieces.partition_point(|piece| piece.at <= offset);
        self.pieces.get(after.checked_sub(1)?)
    }

    /// Where the source of a stretch of decoded bytes stands; `None` for an empty one.
    pub fn source(&self, decoded: &Range<usize>) -> Option<Range<usize>> {
        if decoded.is_empty() {
            return None;
        }
        // A byte that two lines share began on the first.
        let mut first = self.pieces.partition_point(|piece| piece.at <= decoded.start).checked_sub(1)?;
        if first > 0 && self.pieces[first].at == decoded.start && self.pieces[first].carried > 0 {
            first -= 1;
        }
        let start = self.pieces[first].first_source(decoded.start);
        let end = self.piece(decoded.end - 1)?.last_source(decoded.end);
        (start < end).then_some(start..end)
    }
}

impl Piece {
    fn first_source(&self, offset: usize) -> usize {
        match self.step {
            Step::Whole => self.from.start,
            Step::Bits(bits) => {
                let before = ((offset - self.at) * 8 + self.shared).saturating_sub(self.carried);
                (self.from.start + before / usize::from(bits)).min(self.from.end)
            }
        }
    }

    fn last_source(&self, end: usize) -> usize {
        match self.step {
            Step::Whole => self.from.end,
            Step::Bits(bits) => {
                let before = ((end - self.at) * 8 + self.shared).saturating_sub(self.carried);
                (self.from.start + before.div_ceil(usize::from(bits))).min(self.from.end)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back_through_every_step() {
        let mut map = Map::default();
        map.push(0, 10..14, Step::Bits(8));
        map.push(4, 14..17, Step::Whole);
        map.push(5, 17..20, Step::Bits(8));
        map.push(8, 30..42, Step::Bits(4));
        assert_eq!(map.source(&(0..2)), Some(10..12));
        assert_eq!(map.source(&(3..5)), Some(13..17));
        assert_eq!(map.source(&(4..6)), Some(14..18));
        assert_eq!(map.source(&(9..11)), Some(32..36));
        assert_eq!(map.source(&(3..3)), None);
    }

    #[test]
    fn base64_leads_back_across_lines() {
        // Two lines of six characters hold nine bytes; the fifth begins on the first line.
        let mut map = Map::default();
        map.push_bits(0, 0..6, 6);
        map.push_bits(36, 8..14, 6);
        assert_eq!(map.source(&(0..3)), Some(0..4));
        assert_eq!(map.source(&(1..2)), Some(1..3));
        assert_eq!(map.source(&(4..5)), Some(5..9));
        assert_eq!(map.source(&(5..9)), Some(8..14));
    }
}
