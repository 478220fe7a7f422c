//! Files that are compressed as a whole: gzip, bzip2, xz, zstd. Each may be several such streams
//! in a row, which count as one.

use super::budget::{Bounded, Counting, HELD, Packed};
use super::kind::Kind;
use super::unpack::Unpacker;
use crate::origin::RepoPath;
use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};

/// Unpacks a compressed file and hands over what is inside.
pub fn unpack(unpacker: &Unpacker<'_>, kind: Kind, packed: &mut dyn Read, path: &RepoPath, level: u32) {
    let count = Cell::new(0);
    let packed = BufReader::with_capacity(32 << 10, Counting { inner: packed, count: &count });
    let mut bounded = Bounded::new(
        Streams { kind, now: Now::Between(Box::new(packed)), first: true },
        unpacker.budget,
        path,
        Packed::Counted(&count),
    );
    unpacker.decompressed(&mut bounded, path, level);
    // What nobody wanted, such as what follows the end of a tar, may still be damaged.
    if !unpacker.budget.is_exhausted() {
        let _ = io::copy(&mut bounded, &mut io::sink());
    }
}

/// The name of what a compressed file holds: its own without the ending.
pub fn name_inside(path: &RepoPath) -> &[u8] {
    let name = path.file_name();
    [&b".gz"[..], b".bz2", b".xz", b".zst", b".z"]
        .iter()
        .find_map(|ending| {
            let stem = name.len().checked_sub(ending.len()).filter(|&stem| stem > 0)?;
            name[stem..].eq_ignore_ascii_case(ending).then_some(&name[..stem])
        })
        .unwrap_or(name)
}

/// A decoder for a stream of zstd within a window of bounded size.
pub fn zstd<R: Read>(packed: R) -> io::Result<StreamingDecoder<R, FrameDecoder>> {
    StreamingDecoder::new_with_max_window_size(packed, HELD as u64).map_err(|error| match error {
        FrameDecoderError::WindowSizeTooBig { .. } => io::ErrorKind::OutOfMemory.into(),
        error => io::Error::other(error.to_string()),
    })
}

/// A decoder for xz within a bounded dictionary.
pub fn xz<R: Read>(packed: R) -> XzReader<R> {
    XzReader::new_mem_limit(packed, true, (HELD >> 10) as u32)
}

type Packing<'r> = Box<dyn BufRead + 'r>;

/// Streams in a row.
struct Streams<'r> {
    kind: Kind,
    now: Now<'r>,
    first: bool,
}

enum Now<'r> {
    /// At the start of a stream, or at the end.
    Between(Packing<'r>),
    Gzip(Box<GzDecoder<Packing<'r>>>),
    Bzip2(Box<BzDecoder<Packing<'r>>>),
    Xz(Box<XzReader<Packing<'r>>>),
    Zstd(Box<StreamingDecoder<Packing<'r>, FrameDecoder>>),
    Over,
}

impl Read for Streams<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = match &mut self.now {
                Now::Between(_) => 0,
                Now::Gzip(decoder) => decoder.read(into)?,
                Now::Bzip2(decoder) => decoder.read(into)?,
                Now::Xz(decoder) => decoder.read(into)?,
                Now::Zstd(decoder) => decoder.read(into)?,
                Now::Over => return Ok(0),
            };
            if count > 0 {
                return Ok(count);
            }
            let rest = match std::mem::replace(&mut self.now, Now::Over) {
                Now::Between(rest) => rest,
                Now::Gzip(decoder) => decoder.into_inner(),
                Now::Bzip2(decoder) => decoder.into_inner(),
                Now::Zstd(decoder) => {
                    let frame = &decoder.decoder;
                    if frame.get_checksum_from_data() != frame.get_calculated_checksum()
                        && frame.get_checksum_from_data().is_some()
                    {
                        return Err(io::Error::other("its checksum is wrong"));
                    }
                    decoder.into_inner()
                }
                Now::Xz(_) | Now::Over => return Ok(0),
            };
            self.next(rest)?;
        }
    }
}

impl<'r> Streams<'r> {
    /// Begins the next stream, if there is one.
    fn next(&mut self, mut rest: Packing<'r>) -> io::Result<()> {
        if !std::mem::take(&mut self.first) && !self.goes_on(&mut rest)? {
            return Ok(());
        }
        self.now = match self.kind {
            Kind::Gzip => Now::Gzip(Box::new(GzDecoder::new(rest))),
            Kind::Bzip2 => Now::Bzip2(Box::new(BzDecoder::new(rest))),
            Kind::Xz => Now::Xz(Box::new(xz(rest))),
            _ if skip_frame(&mut rest)? => Now::Between(rest),
            _ => Now::Zstd(Box::new(zstd(rest)?)),
        };
        Ok(())
    }

    /// Whether another stream follows. Zeros may fill up the last block of a tape.
    fn goes_on(&self, rest: &mut Packing<'r>) -> io::Result<bool> {
        let start: &[u8] = match self.kind {
            Kind::Gzip => &[0x1f, 0x8b],
            Kind::Bzip2 => b"BZ",
            _ => &[],
        };
        loop {
            let bytes = rest.fill_buf()?;
            match bytes {
                [] => return Ok(false),
                [0, ..] => {
                    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
                    rest.consume(zeros);
                }
                // A mark that is cut in two by the buffer is rare enough to be taken for one.
                _ if start.is_empty() || bytes[0] == start[0] => return Ok(true),
                _ => return Err(io::Error::other("something else follows its end")),
            }
        }
    }
}

/// Passes over a frame of zstd's that holds no data (RFC 8878, section 3.1.2).
fn skip_frame(rest: &mut Packing<'_>) -> io::Result<bool> {
    let [first @ 0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] = rest.fill_buf()? else { return Ok(false) };
    let _ = first;
    let mut header = [0; 8];
    rest.read_exact(&mut header)?;
    let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
    let passed = io::copy(&mut rest.take(u64::from(length)), &mut io::sink())?;
    if passed < u64::from(length) { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_inside_is_the_name_without_its_ending() {
        let name = |path: &str| name_inside(&RepoPath::new(path)).to_vec();
        assert_eq!(name("a/dump.sql.gz"), b"dump.sql");
        assert_eq!(name("x.zip!/b/log.ZST"), b"log.ZST".strip_suffix(b".ZST").unwrap());
        assert_eq!(name("a/.gz"), b".gz");
        assert_eq!(name("a/blob"), b"blob");
    }
}
