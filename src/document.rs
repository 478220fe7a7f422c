//! What a source hands to the engine.

use crate::origin::{Origin, Position, RepoPath, Span};
use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

/// How the original bytes were encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, Latin-1 or unknown: scanned as the bytes stand.
    Bytes,
    /// UTF-16, either byte order, turned into UTF-8 for the scan.
    Utf16,
    /// Not text.
    Binary,
}

/// A stretch of text with where it came from, borrowed for the time of one call.
///
/// A file that fits in memory is one document. A larger one comes as a row of documents that
/// overlap: each *owns* a part of its text (`own`), and a match belongs to the document that owns
/// the place of its keyword; the rest of the text is there for context.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    /// The text to search.
    pub text: &'a [u8],
    /// The part of `text` whose matches are this document's to report.
    pub own: Range<usize>,
    /// Where `text` begins in the original file.
    pub start: Position,
    /// The path to report.
    pub path: &'a RepoPath,
    /// Where the bytes came from.
    pub origin: &'a Arc<Origin>,
    /// How the original is encoded.
    pub encoding: Encoding,
    /// The lines that a change adds, sorted and merged, from 1, end exclusive; a match elsewhere
    /// is not reported. `None` reports all.
    pub added: Option<&'a [Range<u64>]>,
    /// What whoever searches the text found out about it before, in a form of their own.
    pub known: Option<&'a Known>,
}

/// Something that only those can read who made it.
pub type Known = dyn Any + Send + Sync;

impl<'a> Document<'a> {
    /// A text that is a whole file, of which every line counts.
    pub fn whole(text: &'a [u8], path: &'a RepoPath, origin: &'a Arc<Origin>) -> Self {
        Self {
            text,
            own: 0..text.len(),
            start: Position::START,
            path,
            origin,
            encoding: Encoding::Bytes,
            added: None,
            known: None,
        }
    }

    /// The place in the original file of an offset into `text`.
    pub fn position(&self, offset: usize) -> Position {
        self.encoding.advance(self.start, &self.text[..offset])
    }
}

/// Tells positions of ascending offsets without reading the text again for each.
#[derive(Debug)]
pub struct Positions<'a, 'd> {
    document: &'a Document<'d>,
    /// An offset whose position is known: the start of a line, or a place on a very long one.
    anchor: usize,
    known: Position,
    /// The last part asked for: what is decoded of one stretch stands in the same place many times.
    last: Option<(Range<usize>, Span)>,
}

impl<'a, 'd> Positions<'a, 'd> {
    /// How far a line is read again to count its columns as a whole.
    const LONG: usize = 16 << 10;

    /// Starts at the document's beginning.
    pub fn new(document: &'a Document<'d>) -> Self {
        Self { document, anchor: 0, known: document.start, last: None }
    }

    /// The places of a part that does not begin before the last one asked for. It may end before the last
    /// one does.
    pub fn span(&mut self, part: &Range<usize>) -> Span {
        if let Some((last, span)) = &self.last
            && last == part
        {
            return *span;
        }
        let start = self.at(part.start);
        let end = self.document.encoding.advance(self.known, &self.document.text[self.anchor..part.end]);
        let span = Span { start, end };
        self.last = Some((part.clone(), span));
        span
    }

    /// The position of an offset that is not before the last one asked for.
    pub fn at(&mut self, offset: usize) -> Position {
        let (text, encoding) = (self.document.text, self.document.encoding);
        let between = &text[self.anchor..offset];
        let next = match memchr::memrchr(b'\n', between) {
            Some(line_end) => Some(self.anchor + line_end + 1),
            None => (between.len() > Self::LONG).then_some(offset),
        };
        if let Some(next) = next {
            self.known = encoding.advance(self.known, &text[self.anchor..next]);
            self.anchor = next;
        }
        encoding.advance(self.known, &text[self.anchor..offset])
    }
}

impl Encoding {
    /// Where one stands in the original after reading `text` from `from` on.
    pub fn advance(self, from: Position, text: &[u8]) -> Position {
        let (line, column, last) = match memchr::memrchr(b'\n', text) {
            Some(at) => {
                let lines = memchr::memchr_iter(b'\n', &text[..=at]).count() as u64;
                (from.line + lines, 1, &text[at + 1..])
            }
            None => (from.line, from.column, text),
        };
        Position { byte: from.byte + self.original_len(text), line, column: column + characters(last) }
    }

    /// How many bytes `text` takes in the original.
    fn original_len(self, text: &[u8]) -> u64 {
        match self {
            Self::Bytes | Self::Binary => text.len() as u64,
            // A character of four bytes in UTF-8 is a pair of units in UTF-16, any other is one.
            Self::Utf16 => text
                .iter()
                .map(|&byte| match byte {
                    0x80..=0xbf => 0,
                    0xf0..=0xff => 4,
                    _ => 2,
                })
                .sum(),
        }
    }
}

/// Code points in UTF-8 text, bytes in any other.
fn characters(text: &[u8]) -> u64 {
    match std::str::from_utf8(text) {
        Ok(text) => text.chars().count() as u64,
        Err(_) => text.len() as u64,
    }
}
