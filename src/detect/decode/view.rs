//! A text made of another one, to be searched in its turn.

use super::map::{Map, Step};
use std::ops::Range;
use zeroize::Zeroizing;

/// What decoding made of a part of a text. The bytes are wiped when dropped.
#[derive(Debug)]
pub struct View {
    /// The decoded text.
    pub text: Zeroizing<Vec<u8>>,
    /// Where its bytes came from.
    pub map: Map,
    /// How it was decoded, outermost first.
    pub ways: &'static [&'static str],
    /// Which of its matches count.
    pub counts: Counts,
    /// Whether it is source code, in which a bare word is a name.
    pub is_code: bool,
    /// Whether it is no text, so that only shapes that stand for themselves mean something.
    pub is_binary: bool,
}

impl View {
    /// Whether it is the text itself with a few characters changed.
    pub fn is_in_place(&self) -> bool {
        matches!(self.counts, Counts::Near { .. }) && self.ways != ["base64"]
    }
}

/// Which matches of a view count.
#[derive(Debug)]
pub enum Counts {
    /// All: the whole of the view was encoded.
    All,
    /// Those that something decoded touches or stands near; the rest stands in the text as it is.
    Near {
        /// What decoding changed, in the view, sorted.
        changes: Vec<Range<usize>>,
        /// How near is near enough, in bytes; `None` wants the change inside the match.
        reach: Option<usize>,
        /// Matches before this place may lack what stands before them.
        from: usize,
    },
}

impl Counts {
    /// Whether a match at this place of the view counts.
    pub fn has(&self, span: &Range<usize>) -> bool {
        let Self::Near { changes, reach, from } = self else { return true };
        if span.start < *from {
            return false;
        }
        let reach_or_none = reach.unwrap_or(0);
        let first = changes.partition_point(|change| change.end + reach_or_none < span.start);
        changes[first..].iter().take_while(|change| change.start <= span.end + reach_or_none).any(|change| {
            reach.is_some() || !change.is_empty() || (span.start < change.start && change.start < span.end)
        })
    }
}

/// Builds a view piece by piece from a part of a text.
#[derive(Debug)]
pub struct Builder<'a> {
    source: &'a [u8],
    text: Zeroizing<Vec<u8>>,
    map: Map,
    changes: Vec<Range<usize>>,
    /// How far the source is taken.
    at: usize,
    start: usize,
}

impl<'a> Builder<'a> {
    /// Begins at a place of the source. `most` is how long the view can get.
    pub fn new(source: &'a [u8], start: usize, most: usize) -> Self {
        Self {
            source,
            // Never grown, so that no copy of its bytes is left behind unwiped.
            text: Zeroizing::new(Vec::with_capacity(most)),
            map: Map::default(),
            changes: Vec::new(),
            at: start,
            start,
        }
    }

    /// Takes the source as it stands up to `end`.
    pub fn keep_to(&mut self, end: usize) {
        if end > self.at {
            self.map.push(self.text.len(), self.at..end, Step::Bits(8));
            self.text.extend_from_slice(&self.source[self.at..end]);
            self.at = end;
        }
    }

    /// Puts other bytes in the place of the source up to `end`.
    pub fn replace_to(&mut self, end: usize, by: &[u8]) {
        let at = self.text.len();
        if !by.is_empty() {
            self.map.push(at, self.at..end, Step::Whole);
            self.text.extend_from_slice(by);
        }
        self.changes.push(at..self.text.len());
        self.at = end;
    }

    /// Adds bytes that are not in the source, on behalf of a part of it.
    pub fn stand_for(&mut self, source: Range<usize>, by: &[u8]) {
        let at = self.text.len();
        self.map.push(at, source, Step::Whole);
        self.text.extend_from_slice(by);
        self.changes.push(at..self.text.len());
    }

    /// Adds bytes that base64 at a place of the source holds, past the first few.
    pub fn put_base64(&mut self, digits: Range<usize>, past: usize, bytes: &[u8]) {
        let at = self.text.len();
        self.map.push_within(at, digits.clone(), past, 6);
        self.text.extend_from_slice(bytes);
        self.changes.push(at..self.text.len());
        self.at = digits.end;
    }

    /// Closes the view.
    pub fn finish(self, ways: &'static [&'static str], reach: Option<usize>, is_code: bool) -> View {
        // A name or a prefix may begin before a cut in a long line.
        const CUT: usize = 96;
        let at_line_start = self.start == 0 || self.source[self.start - 1] == b'\n';
        let from = if at_line_start { 0 } else { CUT };
        View {
            text: self.text,
            map: self.map,
            ways,
            counts: Counts::Near { changes: self.changes, reach, from },
            is_code,
            is_binary: false,
        }
    }
}
