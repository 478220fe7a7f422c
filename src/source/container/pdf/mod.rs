//! PDF documents (ISO 32000-1): the text that pages show, a line for each line as far as can be
//! told, and everything else as it stands. Objects are found by their marks and not by the table
//! of references, so that a damaged document gives what it has.

mod content;
mod font;
mod lexer;

use super::budget::{Bounded, Packed};
use super::unpack::Unpacker;
use crate::coverage::Gap;
use crate::origin::RepoPath;
use font::CodeMap;
use lexer::{Lexer, Token};
use memchr::memmem;
use std::collections::HashMap;
use std::io::Read;
use std::ops::Range;

/// How far before its data a stream's dictionary may begin.
const LONGEST_DICTIONARY: usize = 64 << 10;

/// The largest stream, and the longest text of all, that is read whole.
const LARGEST_STREAM: u64 = 64 << 20;

/// References that are kept, and those of one name.
const MOST_REFERENCES: usize = 1 << 20;
const MOST_OF_NAME: usize = 16;

/// Hands over the text of a document, what is attached to it, and the rest of it.
pub fn walk(unpacker: &Unpacker<'_>, bytes: &[u8], path: &RepoPath, level: u32) {
    let streams = streams(bytes);
    let mut rest = bytes.to_vec();
    for stream in &streams {
        rest[stream.data.clone()].fill(b' ');
    }
    if memmem::find(&rest, b"/Encrypt").is_some() {
        unpacker.budget.tell(Gap::Encrypted, path, "is encrypted, and its pages were not scanned");
        return unpacker.plain(&mut rest.as_slice(), path, None);
    }
    let document = Document { unpacker, bytes, path };
    let mut fonts = Fonts::default();
    let mut text = Vec::new();
    fonts.index_all(&rest);
    for stream in &streams {
        if unpacker.budget.is_exhausted() {
            return;
        }
        let kind = document.kind(stream);
        let Some(decoded) = document.decode(stream, kind) else { continue };
        if kind == Part::Objects {
            fonts.index_packed(&decoded, stream.dictionary(bytes));
            // A text that is too long for the pages to be added is told below.
            if text.len() as u64 <= LARGEST_STREAM {
                text.extend_from_slice(&decoded);
                text.push(b'\n');
            }
        } else if memmem::find(&decoded, b"endbf").is_some() {
            fonts.maps.insert(stream.number, CodeMap::parse(&decoded));
        }
    }
    for stream in &streams {
        if unpacker.budget.is_exhausted() {
            return;
        }
        if text.len() as u64 > LARGEST_STREAM {
            unpacker.budget.tell(
                Gap::TooLarge,
                path,
                "has more than 64 MiB of text, the rest of which was not scanned",
            );
            break;
        }
        let kind = document.kind(stream);
        if kind == Part::Objects || fonts.maps.contains_key(&stream.number) {
            continue;
        }
        let Some(decoded) = document.decode(stream, kind) else { continue };
        match kind {
            Part::Attachment if !unpacker.budget.entry() => {}
            Part::Attachment => {
                let inner = super::inner(path, format!("attachment-{}", stream.number).as_bytes());
                let size = Some(decoded.len() as u64);
                unpacker.entry(&mut decoded.as_slice(), &inner, size, level);
            }
            _ if memmem::find(&decoded, b"Tj").or_else(|| memmem::find(&decoded, b"TJ")).is_some() => {
                content::text(&decoded, &|name| fonts.of(name), &mut text);
            }
            // Metadata in XML, scripts, forms.
            _ if std::str::from_utf8(&decoded).is_ok() => {
                text.extend_from_slice(&decoded);
                text.push(b'\n');
            }
            _ => {}
        }
    }
    if !text.is_empty() {
        unpacker.plain(&mut text.as_slice(), path, None);
    }
    unpacker.plain(&mut rest.as_slice(), path, None);
}

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// An image, a font, a table of references: no text.
    NoText,
    /// Objects, packed together.
    Objects,
    /// A file that is attached.
    Attachment,
    /// Anything else: what pages show, maps of fonts, metadata.
    Other,
}

/// A stream of the document.
struct Stream {
    number: u32,
    dictionary: Range<usize>,
    data: Range<usize>,
}

impl Stream {
    fn dictionary<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.dictionary.clone()]
    }
}

/// Finds the streams. What lies in one is not searched for others.
fn streams(bytes: &[u8]) -> Vec<Stream> {
    let (start, end) = (memmem::Finder::new(b"stream"), memmem::Finder::new(b"endstream"));
    let mut streams = Vec::new();
    let mut from = 0;
    while let Some(at) = start.find(&bytes[from..]).map(|at| from + at) {
        let window = from.max(at.saturating_sub(LONGEST_DICTIONARY))..at;
        let data = at + b"stream".len();
        from = data;
        let line_end = match &bytes[data..] {
            [b'\r', b'\n', ..] => 2,
            [b'\n' | b'\r', ..] => 1,
            _ => continue,
        };
        let before = &bytes[window.clone()];
        if !before.trim_ascii_end().ends_with(b">>") {
            continue;
        }
        let Some(object) = memmem::rfind(before, b"obj") else { continue };
        let data = data + line_end;
        let stop = end.find(&bytes[data..]).map_or(bytes.len(), |length| data + length);
        streams.push(Stream {
            number: object_number(&before[..object]).unwrap_or(0),
            dictionary: window.start + object + 3..at,
            data: data..stop,
        });
        from = stop;
    }
    streams
}

/// The number of an object, by what stands before `obj`: `12 0 `.
fn object_number(before: &[u8]) -> Option<u32> {
    let before = &before[before.len().saturating_sub(24)..];
    let mut words = before.rsplit(|byte| !byte.is_ascii_digit()).filter(|word| !word.is_empty());
    words.next()?;
    std::str::from_utf8(words.next()?).ok()?.parse().ok()
}

struct Document<'a> {
    unpacker: &'a Unpacker<'a>,
    bytes: &'a [u8],
    path: &'a RepoPath,
}

impl Document<'_> {
    fn kind(&self, stream: &Stream) -> Part {
        let mut names = Lexer::new(stream.dictionary(self.bytes)).filter_map(|token| match token {
            Token::Name(name) => Some(name),
            _ => None,
        });
        names
            .find_map(|name| match name {
                b"ObjStm" => Some(Part::Objects),
                b"EmbeddedFile" => Some(Part::Attachment),
                b"Image" | b"XRef" | b"Length1" | b"Type1C" | b"CIDFontType0C" | b"OpenType"
                | b"FunctionType" | b"ShadingType" => Some(Part::NoText),
                _ => None,
            })
            .unwrap_or(Part::Other)
    }

    /// The data of a stream, if it may hold text.
    fn decode(&self, stream: &Stream, kind: Part) -> Option<Vec<u8>> {
        if kind == Part::NoText {
            return None;
        }
        let mut data = self.bytes[stream.data.clone()].to_vec();
        for filter in filters(stream.dictionary(self.bytes)) {
            data = match filter {
                b"FlateDecode" | b"Fl" => self.inflate(&data),
                b"ASCIIHexDecode" | b"AHx" => {
                    match Lexer::new(&[b"<", data.as_slice(), b">"].concat()).next() {
                        Some(Token::Text(decoded)) => decoded.into_owned(),
                        _ => Vec::new(),
                    }
                }
                b"ASCII85Decode" | b"A85" => ascii85(&data),
                // Only images are packed in these ways.
                b"DCTDecode" | b"DCT" | b"JPXDecode" | b"CCITTFaxDecode" | b"CCF" | b"JBIG2Decode" => {
                    return None;
                }
                other => {
                    let name = String::from_utf8_lossy(&other[..other.len().min(20)]).into_owned();
                    let why = format_args!(
                        "has a part that is packed with a method that cannot be read ({})",
                        name.escape_default()
                    );
                    self.unpacker.budget.tell(Gap::Unsupported, self.path, why);
                    return None;
                }
            };
        }
        Some(data)
    }

    /// Unpacks deflate in zlib's frame, without its checksum, which many writers get wrong.
    fn inflate(&self, data: &[u8]) -> Vec<u8> {
        let packed = Packed::Known(data.len() as u64);
        let decoder = flate2::bufread::DeflateDecoder::new(data.get(2..).unwrap_or_default());
        let bounded = Bounded::new(decoder, self.unpacker.budget, self.path, packed);
        let mut out = Vec::new();
        let mut limited = bounded.take(LARGEST_STREAM);
        // What it yields before it is found to be damaged is text all the same.
        let _ = limited.read_to_end(&mut out);
        if limited.limit() == 0 {
            let why = "has a part that is too large for memory, the rest of which was not scanned";
            self.unpacker.budget.tell(Gap::TooLarge, self.path, why);
        }
        out
    }
}

/// The names of a stream's filters, in the order in which they are undone.
fn filters(dictionary: &[u8]) -> Vec<&[u8]> {
    let mut tokens =
        Lexer::new(dictionary).skip_while(|token| !matches!(token, Token::Name(b"Filter" | b"F")));
    tokens.next();
    match tokens.next() {
        Some(Token::Name(name)) => vec![name],
        Some(Token::Open) => tokens
            .map_while(|token| match token {
                Token::Name(name) => Some(name),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Five characters for four bytes (ISO 32000-1, 7.4.3).
fn ascii85(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut group, mut count) = (0_u64, 0);
    for &byte in data {
        match byte {
            b'~' => break,
            b'z' if count == 0 => out.extend([0; 4]),
            b'!'..=b'u' => {
                group = group * 85 + u64::from(byte - b'!');
                count += 1;
                if count == 5 {
                    out.extend((group as u32).to_be_bytes());
                    (group, count) = (0, 0);
                }
            }
            _ => {}
        }
    }
    if count > 1 {
        for _ in count..5 {
            group = group * 85 + 84;
        }
        out.extend(&(group as u32).to_be_bytes()[..count - 1]);
    }
    out
}

/// Which maps a font's name may stand for. Names are those of a page, and the same on most; where
/// pages differ, each string is read by the map that knows most of its codes.
#[derive(Default)]
struct Fonts {
    maps: HashMap<u32, CodeMap>,
    names: HashMap<Vec<u8>, Vec<u32>>,
    to_unicode: HashMap<u32, u32>,
    references: usize,
}

impl Fonts {
    fn of(&self, name: &[u8]) -> Vec<&CodeMap> {
        let fonts = self.names.get(name).into_iter().flatten();
        fonts.filter_map(|font| self.maps.get(self.to_unicode.get(font)?)).collect()
    }

    /// Looks through the objects of the document.
    fn index_all(&mut self, bytes: &[u8]) {
        let mut from = 0;
        while let Some(at) = memmem::find(&bytes[from..], b"obj").map(|at| from + at) {
            let start = at + 3;
            let end = memmem::find(&bytes[start..], b"obj").map_or(bytes.len(), |length| start + length);
            if let Some(number) = object_number(&bytes[from..at]).filter(|_| !bytes[..at].ends_with(b"end")) {
                self.index(number, &bytes[start..end]);
            }
            from = start;
        }
    }

    /// Looks through objects that are packed together: their numbers and places come first.
    fn index_packed(&mut self, decoded: &[u8], dictionary: &[u8]) {
        let mut tokens = Lexer::new(dictionary).skip_while(|token| !matches!(token, Token::Name(b"First")));
        tokens.next();
        let Some(Token::Number(first)) = tokens.next() else { return };
        let first = (first.max(0.0) as usize).min(decoded.len());
        let (head, body) = decoded.split_at(first);
        let numbers: Vec<usize> = Lexer::new(head)
            .filter_map(|token| match token {
                Token::Number(number) if number >= 0.0 => Some(number as usize),
                _ => None,
            })
            .collect();
        let pairs: Vec<(usize, usize)> = numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let mut done = 0;
        for (at, &(number, start)) in pairs.iter().enumerate() {
            // Objects come one after the other, and none is read twice.
            let start = start.max(done);
            let end = pairs.get(at + 1).map_or(body.len(), |&(_, next)| next).min(body.len());
            done = done.max(end);
            if let (Ok(number), Some(object)) = (u32::try_from(number), body.get(start..end)) {
                self.index(number, object);
            }
        }
    }

    /// Notes the references of an object: `/NAME NUMBER GENERATION R`.
    fn index(&mut self, number: u32, object: &[u8]) {
        let mut last: [Option<Token<'_>>; 3] = [None, None, None];
        for token in Lexer::new(object) {
            if let (Token::Word(b"R"), [Some(Token::Name(name)), Some(Token::Number(target)), _]) =
                (&token, &last)
                && self.references < MOST_REFERENCES
            {
                self.references += 1;
                let target = target.max(0.0) as u32;
                if *name == b"ToUnicode" {
                    self.to_unicode.insert(number, target);
                } else {
                    let targets = self.names.entry(name.to_vec()).or_default();
                    if targets.len() < MOST_OF_NAME && !targets.contains(&target) {
                        targets.push(target);
                    }
                }
            }
            last.rotate_left(1);
            last[2] = Some(token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_and_their_filters_are_found() {
        let pdf = b"%PDF-1.4\n7 0 obj\n<< /Length 3 /Filter [/A85 /FlateDecode] >>\nstream\nabc\nendstream\nendobj\n\
                    a stream of words\n12 1 obj << /Filter/Fl >>stream\r\nxyz";
        let streams = streams(pdf);
        let shown: Vec<_> = streams
            .iter()
            .map(|stream| (stream.number, &pdf[stream.data.clone()], filters(stream.dictionary(pdf))))
            .collect();
        assert_eq!(
            shown,
            [(7, &b"abc\n"[..], vec![&b"A85"[..], b"FlateDecode"]), (12, &b"xyz"[..], vec![&b"Fl"[..]])]
        );
    }

    #[test]
    fn ascii85_is_decoded() {
        assert_eq!(ascii85(b"87cUR\nD]i,\"Ebo80~>"), b"Hello World!");
        assert_eq!(ascii85(b"z!"), [0, 0, 0, 0]);
    }
}
