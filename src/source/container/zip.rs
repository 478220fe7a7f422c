//! zip (PKWARE's APPNOTE). The central directory says what is inside; what only stands in local
//! headers is not read, as no other tool would show it.

use super::budget::{Bounded, Counting, HELD, Packed};
use super::unpack::Unpacker;
use super::{ReadSeek, stream};
use crate::coverage::Gap;
use crate::origin::RepoPath;
use deflate64::Deflate64Decoder;
use flate2::bufread::DeflateDecoder;
use lzma_rust2::{LzmaReader, lzma_get_memory_usage_by_props};
use rawzip::{CompressionMethod, ZipArchive};
use std::cell::Cell;
use std::io::{self, BufReader, Read};

/// Room for one entry of the directory: three fields of 64 KiB.
const BUFFER: usize = 256 << 10;

/// Hands over each file. `path` is that of the archive.
///
/// # Errors
///
/// If there is no directory, so that nothing was handed over.
pub fn walk(
    unpacker: &Unpacker<'_>,
    whole: &mut dyn ReadSeek,
    path: &RepoPath,
    level: u32,
) -> Result<(), (Gap, String)> {
    let budget = unpacker.budget;
    let mut buffer = vec![0; BUFFER];
    let archive = ZipArchive::from_seekable(whole, &mut buffer)
        .map_err(|error| (Gap::Corrupt, format!("is a zip that cannot be opened ({error})")))?;
    let mut comment = archive.comment();
    if comment.remaining() > 0 {
        unpacker.plain(&mut comment, &super::inner(path, b"(comment)"), None);
    }
    let mut seen = 0_u64;
    let mut entries = archive.entries(&mut buffer);
    loop {
        let record = match entries.next_entry() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(error) => {
                let why = format_args!("has a damaged directory; the rest was not scanned ({error})");
                budget.tell(Gap::Corrupt, path, why);
                return Ok(());
            }
        };
        seen += 1;
        if !budget.entry() {
            return Ok(());
        }
        if record.is_dir() && record.compressed_size_hint() == 0 {
            continue;
        }
        let inner = super::inner(path, record.file_path().as_bytes());
        if !unpacker.wants(&inner) {
            continue;
        }
        let method = record.compression_method();
        if record.flags().is_encrypted() || method == CompressionMethod::AES {
            budget.tell(Gap::Encrypted, &inner, "is encrypted and was not scanned");
            continue;
        }
        let entry = match archive.get_entry(record.wayfinder()) {
            Ok(entry) => entry,
            Err(error) => {
                budget.tell(Gap::Corrupt, &inner, format_args!("cannot be read: {error}"));
                continue;
            }
        };
        let size = record.uncompressed_size_hint();
        let count = Cell::new(0);
        let packed = BufReader::with_capacity(32 << 10, Counting { inner: entry.reader(), count: &count });
        let decoder = match decoder(method, packed, size) {
            Ok(Some(decoder)) => decoder,
            Ok(None) => {
                let why = format_args!("is packed with a method that cannot be read ({method})");
                budget.tell(Gap::Unsupported, &inner, why);
                continue;
            }
            Err(error) => {
                budget.tell(Gap::Corrupt, &inner, super::budget::why_damaged(&error));
                continue;
            }
        };
        let verified = entry.verifying_reader(decoder);
        let mut bounded = Bounded::new(verified, budget, &inner, Packed::Counted(&count));
        unpacker.entry(&mut bounded, &inner, Some(size), level);
    }
    // More than it says is common: old writers count to 65535 and begin anew.
    if seen < archive.entries_hint() {
        let why = format_args!("says that it holds {} files, and has {seen}", archive.entries_hint());
        budget.tell(Gap::Corrupt, path, why);
    }
    Ok(())
}

/// The decoder for a method; `None` if it is none that can be read.
fn decoder<'r>(
    method: CompressionMethod,
    mut packed: impl io::BufRead + 'r,
    size: u64,
) -> io::Result<Option<Box<dyn Read + 'r>>> {
    Ok(Some(match method {
        CompressionMethod::STORE => Box::new(packed),
        CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(packed)),
        CompressionMethod::DEFLATE64 => Box::new(Deflate64Decoder::with_buffer(packed)),
        CompressionMethod::BZIP2 => Box::new(bzip2::bufread::BzDecoder::new(packed)),
        CompressionMethod::ZSTD | CompressionMethod::ZSTD_DEPRECATED => Box::new(stream::zstd(packed)?),
        CompressionMethod::XZ => Box::new(stream::xz(packed)),
        CompressionMethod::LZMA => {
            // Version, length of the properties, and the properties (APPNOTE 5.8).
            let mut header = [0; 9];
            packed.read_exact(&mut header)?;
            let dictionary = u32::from_le_bytes([header[5], header[6], header[7], header[8]]);
            if header[2..4] != [5, 0] {
                return Err(io::Error::other("unknown properties of LZMA"));
            }
            if lzma_get_memory_usage_by_props(dictionary, header[4])? > (HELD >> 10) as u32 {
                return Err(io::ErrorKind::OutOfMemory.into());
            }
            Box::new(LzmaReader::new_with_props(packed, size, header[4], dictionary, None)?)
        }
        _ => return Ok(None),
    }))
}
