//! 7z: files in a row, packed together by one or several methods (`7zFormat.txt` and `Methods.txt`
//! of the LZMA SDK).

mod header;

use super::ReadSeek;
use super::budget::{Bounded, HELD, Packed, why_damaged};
use super::stream;
use super::unpack::Unpacker;
use crate::coverage::Gap;
use crate::origin::RepoPath;
use header::{Folder, Header, Streams};
use lzma_rust2::filter::bcj::BcjReader;
use lzma_rust2::filter::bcj2::Bcj2Reader;
use lzma_rust2::filter::delta::DeltaReader;
use lzma_rust2::{Lzma2Reader, LzmaReader, lzma_get_memory_usage_by_props};
use std::cell::RefCell;
use std::io::{self, BufReader, Read, SeekFrom};

/// Bytes before the first packed stream.
const START: u64 = 32;

/// The largest header that is read: some hundred thousand files.
const LARGEST_HEADER: u64 = 16 << 20;

/// AES, the only encryption there is.
const AES: &[u8] = &[0x06, 0xf1, 0x07, 0x01];

const MEMORY_KIB: u32 = (HELD >> 10) as u32;

/// Why a folder cannot be read.
enum Refusal {
    Encrypted,
    Unsupported(Vec<u8>),
    Broken(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl Refusal {
    fn told(&self) -> (Gap, String) {
        match self {
            Self::Encrypted => (Gap::Encrypted, "is encrypted and was not scanned".to_owned()),
            Self::Unsupported(id) => {
                let id = data_encoding::HEXLOWER.encode(id);
                (Gap::Unsupported, format!("is packed with a method that cannot be read ({id})"))
            }
            Self::Broken(error) => (Gap::Corrupt, why_damaged(error)),
        }
    }
}

/// Hands over each file. `path` is that of the archive.
///
/// # Errors
///
/// If the header cannot be read, so that nothing was handed over.
pub fn walk(
    unpacker: &Unpacker<'_>,
    whole: &mut dyn ReadSeek,
    size: u64,
    path: &RepoPath,
    level: u32,
) -> Result<(), (Gap, String)> {
    let source = Source { whole: RefCell::new(whole), size };
    let read = || -> Result<_, Refusal> {
        let mut bytes = source.next_header()?;
        // 7-Zip packs the header once; a few times more do no harm.
        for _ in 0..4 {
            match header::parse(&bytes)? {
                Header::Plain(streams, names) => return Ok((streams, names)),
                Header::Packed(streams) => bytes = source.unpack_header(&streams)?,
            }
        }
        Err(Refusal::Broken(io::Error::other("its header is packed again and again")))
    };
    let (streams, names) = read().map_err(|refusal| refusal.told())?;
    let mut names = names.into_iter();
    let mut position = streams.position;
    let mut packed = streams.packed.iter().copied();
    for folder in &streams.folders {
        let parts = source.parts(folder, &mut position, &mut packed);
        let in_bytes = parts.iter().map(|part| part.end - part.at).sum();
        let decoder = folder
            .last()
            .ok_or(Refusal::Broken(io::Error::other("coders in a circle")))
            .and_then(|last| source.decoder(folder, last, &parts, folder.coders.len()));
        let inner = |names: &mut dyn Iterator<Item = Vec<u8>>| {
            super::inner(path, &names.next().unwrap_or_else(|| b"unnamed".to_vec()))
        };
        let decoder = match decoder {
            Ok(decoder) => decoder,
            Err(refusal) => {
                for _ in &folder.files {
                    let (gap, why) = refusal.told();
                    unpacker.budget.tell(gap, &inner(&mut names), why);
                }
                continue;
            }
        };
        let mut bounded = Bounded::new(decoder, unpacker.budget, path, Packed::Known(in_bytes));
        for &(size, crc) in &folder.files {
            let inner = inner(&mut names);
            if !unpacker.budget.entry() {
                return Ok(());
            }
            let mut file = Checked { inner: (&mut bounded).take(size), hasher: crc32fast::Hasher::new() };
            unpacker.entry(&mut file, &inner, Some(size), level);
            let rest = io::copy(&mut file, &mut io::sink());
            if rest.is_err() || file.inner.limit() > 0 {
                unpacker.budget.tell(Gap::Corrupt, &inner, "is cut off; what comes after was not scanned");
            } else if crc.is_some_and(|crc| crc != file.hasher.finalize()) {
                unpacker.budget.tell(Gap::Corrupt, &inner, "is damaged: its checksum is wrong");
            }
            if unpacker.budget.is_exhausted() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Takes the checksum of what is read.
struct Checked<R> {
    inner: R,
    hasher: crc32fast::Hasher,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.hasher.update(&into[..count]);
        Ok(count)
    }
}

/// The archive, of which several parts are read at one time.
struct Source<'a> {
    whole: RefCell<&'a mut dyn ReadSeek>,
    size: u64,
}

/// A packed stream.
#[derive(Clone, Copy)]
struct Range {
    at: u64,
    end: u64,
}

struct Part<'s, 'a> {
    source: &'s Source<'a>,
    range: Range,
}

impl Read for Part<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.range.end - self.range.at).unwrap_or(usize::MAX);
        let length = into.len().min(left);
        let mut whole = self.source.whole.borrow_mut();
        whole.seek(SeekFrom::Start(self.range.at))?;
        let count = whole.read(&mut into[..length])?;
        self.range.at += count as u64;
        Ok(count)
    }
}

type Decoder<'s> = Box<dyn Read + 's>;

impl Source<'_> {
    fn range(&self, at: u64, size: u64) -> Range {
        let at = at.min(self.size);
        Range { at, end: at.saturating_add(size).min(self.size) }
    }

    fn read(&self, range: Range) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        Part { source: self, range }.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The header that the first bytes point to.
    fn next_header(&self) -> io::Result<Vec<u8>> {
        let start = self.read(self.range(0, START))?;
        let (Some(offset), Some(size), Some(crc)) = (start.get(12..20), start.get(20..28), start.get(28..32))
        else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let number =
            |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
        let (offset, size, crc) = (number(offset), number(size), number(crc));
        if size == 0 {
            // An archive without files: a header that ends at once.
            return Ok(vec![0x01, 0x00]);
        }
        if size > LARGEST_HEADER {
            return Err(io::Error::other("its header is too large"));
        }
        let bytes = self.read(self.range(START.saturating_add(offset), size))?;
        if bytes.len() as u64 != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if u64::from(crc32fast::hash(&bytes)) != crc {
            return Err(io::Error::other("the checksum of its header is wrong"));
        }
        Ok(bytes)
    }

    fn unpack_header(&self, streams: &Streams) -> Result<Vec<u8>, Refusal> {
        let broken = || Refusal::Broken(io::Error::other("malformed header"));
        let [folder] = streams.folders.as_slice() else { return Err(broken()) };
        let mut position = streams.position;
        let parts = self.parts(folder, &mut position, &mut streams.packed.iter().copied());
        let last = folder.last().ok_or_else(broken)?;
        let decoder = self.decoder(folder, last, &parts, folder.coders.len())?;
        let size = folder.coders[last].size;
        if size > LARGEST_HEADER {
            return Err(broken());
        }
        let mut bytes = Vec::new();
        decoder.take(size).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != size || folder.crc.is_some_and(|crc| crc != crc32fast::hash(&bytes)) {
            return Err(broken());
        }
        Ok(bytes)
    }

    /// The packed streams of the next folder.
    fn parts(&self, folder: &Folder, position: &mut u64, sizes: &mut dyn Iterator<Item = u64>) -> Vec<Range> {
        folder
            .packed
            .iter()
            .map(|_| {
                let size = sizes.next().unwrap_or(0);
                let range = self.range(START.saturating_add(*position), size);
                *position = position.saturating_add(size);
                range
            })
            .collect()
    }

    /// Builds the decoder for the output of a coder. `depth` ends circles.
    fn decoder<'s>(
        &'s self,
        folder: &Folder,
        coder: usize,
        parts: &[Range],
        depth: usize,
    ) -> Result<Decoder<'s>, Refusal> {
        let depth = depth.checked_sub(1).ok_or_else(|| io::Error::other("coders in a circle"))?;
        let first = folder.first_input(coder);
        let coder = &folder.coders[coder];
        if coder.id == AES {
            return Err(Refusal::Encrypted);
        }
        let mut inputs = Vec::with_capacity(coder.inputs);
        for input in first..first + coder.inputs {
            if let Some(&(_, output)) = folder.ties.iter().find(|(tied, _)| *tied == input) {
                inputs.push(self.decoder(folder, output, parts, depth)?);
            } else {
                let part = folder.packed.iter().position(|&packed| packed == input);
                let range = part.and_then(|part| parts.get(part)).copied();
                let range = range.ok_or_else(|| io::Error::other("an input without a stream"))?;
                inputs.push(Box::new(Part { source: self, range }) as Decoder<'s>);
            }
        }
        decoder(&coder.id, &coder.properties, coder.size, inputs)
    }
}

/// The decoder of one method (`Methods.txt`).
fn decoder<'s>(
    id: &[u8],
    properties: &[u8],
    size: u64,
    mut inputs: Vec<Decoder<'s>>,
) -> Result<Decoder<'s>, Refusal> {
    const BCJ2: &[u8] = &[3, 3, 1, 0x1b];
    if id == BCJ2 {
        let inputs = inputs.into_iter().map(BufReader::new).collect();
        return Ok(Box::new(Bcj2Reader::try_new(inputs, size)?));
    }
    let (Some(input), true) = (inputs.pop(), inputs.is_empty()) else {
        return Err(Refusal::Unsupported(id.to_vec()));
    };
    let input = BufReader::with_capacity(32 << 10, input);
    Ok(match id {
        [0] => Box::new(input),
        [0x21] => {
            let &[dictionary @ 0..=40] = properties else {
                return Err(io::Error::other("unknown properties of LZMA2").into());
            };
            let dictionary = match dictionary {
                40 => u32::MAX,
                bits => (2 | u32::from(bits & 1)) << (bits / 2 + 11),
            };
            Box::new(Lzma2Reader::new_mem_limit(input, dictionary, MEMORY_KIB, None)?)
        }
        [3, 1, 1] => {
            let &[first, ref dictionary @ ..] = properties else {
                return Err(io::Error::other("unknown properties of LZMA").into());
            };
            let Some(dictionary) = dictionary.first_chunk().map(|bytes| u32::from_le_bytes(*bytes)) else {
                return Err(io::Error::other("unknown properties of LZMA").into());
            };
            if lzma_get_memory_usage_by_props(dictionary, first)? > MEMORY_KIB {
                return Err(io::Error::from(io::ErrorKind::OutOfMemory).into());
            }
            Box::new(LzmaReader::new_with_props(input, size, first, dictionary, None)?)
        }
        [3] => {
            let distance = properties.first().map_or(1, |&distance| usize::from(distance) + 1);
            Box::new(DeltaReader::new(input, distance))
        }
        [4] | [3, 3, 1, 3] => Box::new(BcjReader::new_x86(input, 0)),
        [5] | [3, 3, 2, 5] => Box::new(BcjReader::new_ppc(input, 0)),
        [6] | [3, 3, 4, 1] => Box::new(BcjReader::new_ia64(input, 0)),
        [7] | [3, 3, 5, 1] => Box::new(BcjReader::new_arm(input, 0)),
        [8] | [3, 3, 7, 1] => Box::new(BcjReader::new_arm_thumb(input, 0)),
        [9] | [3, 3, 8, 5] => Box::new(BcjReader::new_sparc(input, 0)),
        [0xa] => Box::new(BcjReader::new_arm64(input, 0)),
        [0xb] => Box::new(BcjReader::new_riscv(input, 0)),
        [4, 1, 8] => Box::new(flate2::bufread::DeflateDecoder::new(input)),
        [4, 1, 9] => Box::new(deflate64::Deflate64Decoder::with_buffer(input)),
        [4, 2, 2] => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
        [4, 0xf7, 0x11, 1] => Box::new(stream::zstd(input)?),
        _ => return Err(Refusal::Unsupported(id.to_vec())),
    })
}
