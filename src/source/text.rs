//! From the bytes of a file to documents: tells text from binary, turns UTF-16 into UTF-8, and
//! cuts what is too large for memory into overlapping stretches.

use crate::coverage::Coverage;
use crate::document::{Document, Encoding, Known};
use crate::origin::{Origin, Position, RepoPath};
use crate::source::Visit;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

/// How much of a file is looked at to tell its encoding.
const HEAD: usize = 8192;

/// Text owned by one stretch of a large file. A file up to this size is one document.
pub const STRETCH: usize = 4 << 20;

/// Context on each side of a stretch: more than any rule reaches.
const OVERLAP: usize = 64 << 10;

/// Whose bytes they are.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The path to report.
    pub path: &'a RepoPath,
    /// Where the bytes came from.
    pub origin: &'a Arc<Origin>,
    /// The lines that count; see [`Document::added`].
    pub added: Option<&'a [Range<u64>]>,
    /// What is known of the text already; see [`Document::known`]. Only for bytes that are read as they
    /// stand and in one piece.
    pub known: Option<&'a Known>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Bytes,
    Binary,
    Utf16 { big_endian: bool, bom: usize },
}

/// Tells the form of a file by its first bytes.
fn form(head: &[u8]) -> Form {
    match head {
        // UTF-32 LE begins with the mark of UTF-16 LE and two zero bytes; nobody writes it.
        [0xff, 0xfe, rest @ ..] if !rest.starts_with(&[0, 0]) => {
            return Form::Utf16 { big_endian: false, bom: 2 };
        }
        [0xfe, 0xff, ..] => return Form::Utf16 { big_endian: true, bom: 2 },
        _ => {}
    }
    let head = &head[..head.len().min(HEAD)];
    if memchr::memchr(0, head).is_none() {
        return Form::Bytes;
    }
    // Without a mark: in UTF-16 text of European languages nearly all bytes at one parity are
    // zero and next to none at the other.
    let zeros = |parity: usize| head.iter().skip(parity).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    if half >= 8 {
        let (many, few) = (half * 7 / 10, half / 50);
        if odd >= many && even <= few {
            return Form::Utf16 { big_endian: false, bom: 0 };
        }
        if even >= many && odd <= few {
            return Form::Utf16 { big_endian: true, bom: 0 };
        }
    }
    Form::Binary
}

/// Decodes whole units of UTF-16; what is no character becomes U+FFFD, which takes as many bytes
/// in the original (two) as the unit it stands for.
fn decode_utf16(units: &[u8], big_endian: bool, into: &mut Vec<u8>) {
    let units = units.chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    });
    let mut utf8 = [0; 4];
    for unit in char::decode_utf16(units) {
        let c = unit.unwrap_or(char::REPLACEMENT_CHARACTER);
        into.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
    }
}

/// How the bytes of a file are read.
pub enum Readable {
    /// As they stand.
    AsItIs {
        /// Whether they are no text.
        is_binary: bool,
    },
    /// As the text that they encode.
    Decoded(Vec<u8>),
}

/// Tells how a file is read, in the same way as [`deliver`] does.
pub fn readable(bytes: &[u8]) -> Readable {
    match form(bytes) {
        Form::Bytes => Readable::AsItIs { is_binary: false },
        Form::Binary => Readable::AsItIs { is_binary: true },
        Form::Utf16 { big_endian, bom } => {
            let mut into = Vec::with_capacity(bytes.len() / 2 + 16);
            decode_utf16(&bytes[bom..], big_endian, &mut into);
            Readable::Decoded(into)
        }
    }
}

/// Hands a file that is in memory to the visitor.
pub fn deliver(bytes: &[u8], subject: Subject<'_>, visit: &Visit<'_>, coverage: &Coverage) {
    coverage.document();
    coverage.bytes(bytes.len() as u64);
    let decoded;
    let (text, encoding, skipped) = match form(bytes) {
        Form::Bytes => (bytes, Encoding::Bytes, 0),
        Form::Binary => (bytes, Encoding::Binary, 0),
        Form::Utf16 { big_endian, bom } => {
            let mut into = Vec::with_capacity(bytes.len() / 2 + 16);
            decode_utf16(&bytes[bom..], big_endian, &mut into);
            decoded = into;
            (decoded.as_slice(), Encoding::Utf16, bom as u64)
        }
    };
    visit(&Document {
        text,
        own: 0..text.len(),
        start: Position { byte: skipped, ..Position::START },
        path: subject.path,
        origin: subject.origin,
        encoding,
        added: subject.added,
        known: if encoding == Encoding::Utf16 { None } else { subject.known },
    });
}

/// Reads to the end and hands everything to the visitor, in stretches if it is large.
///
/// `buffer` is scratch space that the caller may use again; it never grows past a few megabytes.
pub fn deliver_stream(
    reader: &mut dyn Read,
    subject: Subject<'_>,
    buffer: &mut Vec<u8>,
    visit: &Visit<'_>,
    coverage: &Coverage,
) -> io::Result<()> {
    buffer.clear();
    let full = fill(reader, buffer, STRETCH)?;
    if !full {
        deliver(buffer, subject, visit, coverage);
        return Ok(());
    }
    coverage.document();
    coverage.bytes(buffer.len() as u64);
    let form = form(buffer);
    let encoding = match form {
        Form::Bytes => Encoding::Bytes,
        Form::Binary => Encoding::Binary,
        Form::Utf16 { .. } => Encoding::Utf16,
    };
    let mut start = Position::START;
    let mut raw = std::mem::take(buffer);
    if let Form::Utf16 { bom, .. } = form {
        raw.drain(..bom);
        start.byte = bom as u64;
    }
    // `text` is what is being scanned; its part before `owned_to` belongs to earlier stretches.
    let mut text: Vec<u8> = Vec::with_capacity(STRETCH + 2 * OVERLAP);
    let mut owned_to = 0;
    let mut more = true;
    loop {
        match form {
            Form::Utf16 { big_endian, .. } => {
                let whole = whole_units(&raw, big_endian, more);
                decode_utf16(&raw[..whole], big_endian, &mut text);
                raw.drain(..whole);
            }
            _ => text.append(&mut raw),
        }
        let own_end =
            if more { boundary(&text, text.len().saturating_sub(OVERLAP)).max(owned_to) } else { text.len() };
        visit(&Document {
            text: &text,
            own: owned_to..own_end,
            start,
            path: subject.path,
            origin: subject.origin,
            encoding,
            added: subject.added,
            known: None,
        });
        if !more {
            break;
        }
        let drop_to = boundary(&text, own_end.saturating_sub(OVERLAP));
        start = encoding.advance(start, &text[..drop_to]);
        text.drain(..drop_to);
        owned_to = own_end - drop_to;
        let kept = raw.len();
        more = fill(reader, &mut raw, kept + STRETCH)?;
        coverage.bytes((raw.len() - kept) as u64);
    }
    raw.clear();
    *buffer = raw;
    Ok(())
}

/// Reads until `buffer` holds `limit` bytes (true) or the end is reached (false).
fn fill(reader: &mut dyn Read, buffer: &mut Vec<u8>, limit: usize) -> io::Result<bool> {
    let missing = limit.saturating_sub(buffer.len()) as u64;
    reader.take(missing).read_to_end(buffer)?;
    Ok(buffer.len() >= limit)
}

/// How many bytes of `raw` are whole characters of UTF-16. At the end of the file that is all that
/// can be paired up.
fn whole_units(raw: &[u8], big_endian: bool, more: bool) -> usize {
    let even = raw.len() & !1;
    if more && even >= 2 {
        let high_byte = raw[if big_endian { even - 2 } else { even - 1 }];
        if (0xd8..0xdc).contains(&high_byte) {
            return even - 2;
        }
    }
    even
}

/// The last character boundary of UTF-8 at or before `at`; `at` itself in other text.
fn boundary(text: &[u8], at: usize) -> usize {
    (at.saturating_sub(3)..=at).rev().find(|&at| at >= text.len() || text[at] & 0xc0 != 0x80).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::OriginKind;
    use std::sync::Mutex;

    fn positions(bytes: &[u8], needle: &[u8]) -> Vec<Position> {
        let (path, origin) = (RepoPath::new("x"), Arc::new(Origin::plain(OriginKind::File)));
        let subject = Subject { path: &path, origin: &origin, added: None, known: None };
        let found = Mutex::new(Vec::new());
        let visit = |doc: &Document<'_>| {
            for at in memchr::memmem::find_iter(doc.text, needle) {
                if doc.own.contains(&at) {
                    found.lock().unwrap().push(doc.position(at));
                }
            }
        };
        let coverage = Coverage::default();
        deliver_stream(&mut &*bytes, subject, &mut Vec::new(), &visit, &coverage).unwrap();
        assert_eq!(coverage.finish().bytes, bytes.len() as u64);
        found.into_inner().unwrap()
    }

    #[test]
    fn columns_and_bytes_are_right_in_every_encoding() {
        let text = "a\nü😀 KEY\n";
        let expected = |byte| vec![Position { byte, line: 2, column: 4 }];
        assert_eq!(positions(text.as_bytes(), b"KEY"), expected(9));
        for (bom, big) in [(true, false), (true, true), (false, false), (false, true)] {
            // Without a mark the text must be long enough to tell.
            let text =
                if bom { text.to_owned() } else { format!("{text}{}", "plain ascii text ".repeat(10)) };
            let units = bom.then_some(0xfeff).into_iter().chain(text.encode_utf16());
            let bytes: Vec<u8> =
                units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect();
            assert_eq!(
                positions(&bytes, b"KEY"),
                expected(12 + 2 * u64::from(bom)),
                "bom {bom} big endian {big}"
            );
        }
        // Latin-1: the line is no UTF-8, so every byte is a column.
        assert_eq!(positions(b"a\n\xfc\xe9 KEY\n", b"KEY"), vec![Position { byte: 5, line: 2, column: 4 }]);
    }

    fn long_line() -> String {
        format!("üKEY {}\n", "and a line of some length to go on with ".repeat(1500))
    }

    #[test]
    fn large_files_are_read_in_stretches_without_loss_or_repetition() {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        let mut line = 1;
        while bytes.len() < 3 * STRETCH {
            expected.push(Position { byte: bytes.len() as u64 + 2, line, column: 2 });
            bytes.extend_from_slice(long_line().as_bytes());
            line += 1;
        }
        assert_eq!(positions(&bytes, b"KEY"), expected);
        let utf16: Vec<u8> = std::iter::once(0xfeff)
            .chain(std::str::from_utf8(&bytes).unwrap().encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let found = positions(&utf16, b"KEY");
        assert_eq!(found.len(), expected.len());
        let line_bytes = 2 * long_line().chars().count() as u64;
        for (n, position) in found.iter().enumerate() {
            assert_eq!(
                *position,
                Position { byte: 2 + n as u64 * line_bytes + 2, line: n as u64 + 1, column: 2 }
            );
        }
    }

    #[test]
    fn one_endless_line_keeps_its_columns() {
        let mut bytes = vec![b'x'; 2 * STRETCH + 100];
        bytes.extend_from_slice(b"KEY");
        let at = 2 * STRETCH as u64 + 100;
        assert_eq!(positions(&bytes, b"KEY"), vec![Position { byte: at, line: 1, column: at + 1 }]);
    }

    #[test]
    fn zero_bytes_make_a_file_binary() {
        assert_eq!(form(b"ELF\0\0\x01\x02abc\0def"), Form::Binary);
        assert_eq!(form(b"plain"), Form::Bytes);
        assert_eq!(form(b""), Form::Bytes);
    }
}
