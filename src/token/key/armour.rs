//! The lines round an armoured key: `-----BEGIN …-----` and `-----END …-----` (RFC 7468).

pub use super::body::Body;

/// How a block begins.
pub const BEGIN: &[u8] = b"-----BEGIN ";
/// What ends the BEGIN line and the END line.
pub const DASHES: &[u8] = b"-----";

/// A block that begins where a text does.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// What it says that it is: `RSA PRIVATE KEY`.
    pub label: &'a [u8],
    text: &'a [u8],
    start: usize,
}

impl<'a> Block<'a> {
    /// The block at the start of a text, if its BEGIN line is whole.
    pub fn at(text: &'a [u8]) -> Option<Self> {
        let rest = text.strip_prefix(BEGIN)?;
        let length = memchr::memmem::find(&rest[..rest.len().min(80)], DASHES)?;
        Some(Self { label: &rest[..length], text, start: BEGIN.len() + length + DASHES.len() })
    }

    /// What stands after the BEGIN line.
    pub fn rest(&self) -> &'a [u8] {
        &self.text[self.start..]
    }

    /// What stands between the BEGIN and the END line, and where in the text the END line is over;
    /// `None` without an END line, or if another block begins before it.
    pub fn body(&self) -> Option<(Body, usize)> {
        let Self { text, start, .. } = *self;
        let (end, after) = find_end(text, start)?;
        let line = memchr::memrchr2(b'\n', b'\r', &text[..end]).map_or(start, |at| at + 1).max(start);
        Some((Body::gather(&text[start..line], &text[line..end]), after))
    }
}

/// Where the END line's dashes begin and where it is over, unless another block begins before.
fn find_end(block: &[u8], start: usize) -> Option<(usize, usize)> {
    let at = start
        + memchr::memmem::find_iter(&block[start..], DASHES).find(|&at| {
            [&b"-----END "[..], BEGIN].iter().any(|line| block[start + at..].starts_with(line))
        })?;
    if !block[at..].starts_with(b"-----END ") {
        return None;
    }
    let rest = &block[at + 9..];
    let label = memchr::memmem::find(&rest[..rest.len().min(80)], DASHES)?;
    Some((at, at + 9 + label + DASHES.len()))
}
