//! The header of a 7z archive: which streams there are, how each is packed, and which files lie in
//! them (`7zFormat.txt` of the LZMA SDK).
//!
//! Every count is held against the bytes that are left, since each item takes one at least, and
//! against the number of files that are read anyway: what is asked for in memory stays small.

use super::super::budget::ENTRIES;
use std::io;

/// One step of unpacking.
#[derive(Debug)]
pub struct Coder {
    /// The method's id.
    pub id: Vec<u8>,
    /// How many streams it takes. All give one.
    pub inputs: usize,
    /// Its settings.
    pub properties: Vec<u8>,
    /// Bytes that come out.
    pub size: u64,
}

/// Steps that are tied together, with the files whose bytes come out one after the other.
#[derive(Debug, Default)]
pub struct Folder {
    /// The steps.
    pub coders: Vec<Coder>,
    /// From the number of an input to the number of the coder whose output it takes.
    pub ties: Vec<(usize, usize)>,
    /// The inputs that take packed streams, in their order.
    pub packed: Vec<usize>,
    /// The CRC-32 of what comes out, where it is given.
    pub crc: Option<u32>,
    /// The sizes of the files, with their CRC-32.
    pub files: Vec<(u64, Option<u32>)>,
}

impl Folder {
    /// The coder whose output nobody else takes.
    pub fn last(&self) -> Option<usize> {
        (0..self.coders.len()).find(|coder| self.ties.iter().all(|(_, output)| output != coder))
    }

    /// The number of a coder's first input.
    pub fn first_input(&self, coder: usize) -> usize {
        self.coders[..coder].iter().map(|coder| coder.inputs).sum()
    }
}

/// Streams and how they are packed.
#[derive(Debug, Default)]
pub struct Streams {
    /// Where the first packed stream begins, after the first 32 bytes of the archive.
    pub position: u64,
    /// The sizes of the packed streams, which follow each other.
    pub packed: Vec<u64>,
    /// The folders. Each takes as many packed streams as it has such inputs.
    pub folders: Vec<Folder>,
}

/// What a header turns out to be.
#[derive(Debug)]
pub enum Header {
    /// It is packed itself.
    Packed(Streams),
    /// Streams, and the names of the files in them, in order.
    Plain(Streams, Vec<Vec<u8>>),
}

/// Reads a header.
///
/// # Errors
///
/// If it is malformed.
pub fn parse(bytes: &[u8]) -> io::Result<Header> {
    let mut reader = Reader { rest: bytes };
    match reader.byte()? {
        0x17 => Ok(Header::Packed(streams(&mut reader)?)),
        0x01 => plain(&mut reader),
        _ => Err(malformed()),
    }
}

/// The most of anything: one file is read after the last that counts, so that it is told.
const MOST: u64 = ENTRIES + 1;

fn malformed() -> io::Error {
    io::Error::other("malformed header")
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> io::Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn u32(&mut self) -> io::Result<u32> {
        self.take(4)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes)).ok_or_else(malformed)
    }

    /// A number: as many leading bits of the first byte are set as bytes follow; its other bits
    /// are the highest ones.
    fn number(&mut self) -> io::Result<u64> {
        let first = self.byte()?;
        let more = first.leading_ones() as usize;
        let low = self.take(more)?.iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
        let high = if more < 7 { u64::from(first & (0x7f >> more)) } else { 0 };
        Ok(if more < 8 { high << (8 * more) | low } else { low })
    }

    /// How many bytes follow.
    fn length(&mut self) -> io::Result<usize> {
        usize::try_from(self.number()?).map_err(|_| malformed())
    }

    /// How many items follow.
    fn count(&mut self) -> io::Result<usize> {
        let count = self.number()?;
        usize::try_from(count)
            .ok()
            .filter(|&count| count <= self.rest.len() + 1 && count as u64 <= MOST)
            .ok_or_else(malformed)
    }

    /// A bit for each item, the highest first.
    fn bits(&mut self, count: usize) -> io::Result<Vec<bool>> {
        let bytes = self.take(count.div_ceil(8))?;
        Ok((0..count).map(|at| bytes[at / 8] & (0x80 >> (at % 8)) != 0).collect())
    }

    /// A CRC-32 for each item that has one.
    fn digests(&mut self, count: usize) -> io::Result<Vec<Option<u32>>> {
        let given = if self.byte()? == 0 { self.bits(count)? } else { vec![true; count] };
        given.into_iter().map(|given| if given { self.u32().map(Some) } else { Ok(None) }).collect()
    }
}

fn streams(reader: &mut Reader<'_>) -> io::Result<Streams> {
    let mut streams = Streams::default();
    let mut has_files = false;
    loop {
        match reader.byte()? {
            0x00 => break,
            0x06 => pack_info(reader, &mut streams)?,
            0x07 => folders(reader, &mut streams)?,
            0x08 => {
                files_of_folders(reader, &mut streams)?;
                has_files = true;
            }
            _ => return Err(malformed()),
        }
    }
    if !has_files {
        for folder in &mut streams.folders {
            folder.files = vec![(size_of(folder)?, folder.crc)];
        }
    }
    Ok(streams)
}

fn size_of(folder: &Folder) -> io::Result<u64> {
    folder.last().map(|last| folder.coders[last].size).ok_or_else(malformed)
}

fn pack_info(reader: &mut Reader<'_>, streams: &mut Streams) -> io::Result<()> {
    streams.position = reader.number()?;
    let count = reader.count()?;
    loop {
        match reader.byte()? {
            0x00 => return Ok(()),
            0x09 => streams.packed = (0..count).map(|_| reader.number()).collect::<io::Result<_>>()?,
            0x0a => drop(reader.digests(count)?),
            _ => return Err(malformed()),
        }
    }
}

fn folders(reader: &mut Reader<'_>, streams: &mut Streams) -> io::Result<()> {
    loop {
        match reader.byte()? {
            0x00 => return Ok(()),
            0x0b => {
                let count = reader.count()?;
                if reader.byte()? != 0 {
                    return Err(malformed());
                }
                streams.folders = (0..count).map(|_| folder(reader)).collect::<io::Result<_>>()?;
            }
            0x0c => {
                for coder in streams.folders.iter_mut().flat_map(|folder| &mut folder.coders) {
                    coder.size = reader.number()?;
                }
            }
            0x0a => {
                let digests = reader.digests(streams.folders.len())?;
                for (folder, crc) in streams.folders.iter_mut().zip(digests) {
                    folder.crc = crc;
                }
            }
            _ => return Err(malformed()),
        }
    }
}

/// 7-Zip itself allows so many.
const MOST_CODERS: usize = 32;

fn folder(reader: &mut Reader<'_>) -> io::Result<Folder> {
    let mut folder = Folder::default();
    let count = reader.count()?;
    if count == 0 || count > MOST_CODERS {
        return Err(malformed());
    }
    for _ in 0..count {
        let flags = reader.byte()?;
        let id = reader.take(usize::from(flags & 0x0f))?.to_vec();
        let mut inputs = 1;
        if flags & 0x10 != 0 {
            inputs = reader.count()?;
            // No method that anyone uses gives more than one stream.
            if inputs == 0 || inputs > MOST_CODERS || reader.number()? != 1 {
                return Err(malformed());
            }
        }
        let properties = if flags & 0x20 == 0 {
            Vec::new()
        } else {
            let length = reader.length()?;
            reader.take(length)?.to_vec()
        };
        if flags & 0x80 != 0 {
            return Err(malformed());
        }
        folder.coders.push(Coder { id, inputs, properties, size: 0 });
    }
    let inputs: usize = folder.coders.iter().map(|coder| coder.inputs).sum();
    for _ in 1..count {
        let (input, output) = (reader.count()?, reader.count()?);
        if input >= inputs || output >= count {
            return Err(malformed());
        }
        folder.ties.push((input, output));
    }
    let free: Vec<usize> =
        (0..inputs).filter(|input| folder.ties.iter().all(|(tied, _)| tied != input)).collect();
    if free.len() == 1 {
        folder.packed = free;
    } else {
        for _ in 0..free.len() {
            let input = reader.count()?;
            if !free.contains(&input) {
                return Err(malformed());
            }
            folder.packed.push(input);
        }
    }
    Ok(folder)
}

fn files_of_folders(reader: &mut Reader<'_>, streams: &mut Streams) -> io::Result<()> {
    let mut kind = reader.byte()?;
    let mut counts = vec![1; streams.folders.len()];
    if kind == 0x0d {
        for count in &mut counts {
            *count = reader.count()?;
        }
        kind = reader.byte()?;
    }
    if counts.iter().sum::<usize>() as u64 > MOST {
        return Err(malformed());
    }
    for (folder, &count) in streams.folders.iter_mut().zip(&counts) {
        let mut left = size_of(folder)?;
        folder.files.clear();
        // The size of the last file is what is left.
        for at in 1..=count {
            let size = if at == count {
                left
            } else if kind == 0x09 {
                reader.number()?
            } else {
                return Err(malformed());
            };
            left = left.checked_sub(size).ok_or_else(malformed)?;
            folder.files.push((size, None));
        }
    }
    if kind == 0x09 {
        kind = reader.byte()?;
    }
    while kind != 0x00 {
        if kind != 0x0a {
            return Err(malformed());
        }
        let known = |folder: &Folder| folder.files.len() == 1 && folder.crc.is_some();
        let unknown: usize =
            streams.folders.iter().filter(|folder| !known(folder)).map(|folder| folder.files.len()).sum();
        let mut digests = reader.digests(unknown)?.into_iter();
        for folder in streams.folders.iter_mut().filter(|folder| !known(folder)) {
            for file in &mut folder.files {
                file.1 = digests.next().flatten();
            }
        }
        kind = reader.byte()?;
    }
    for folder in &mut streams.folders {
        if let ([(_, crc @ None)], Some(_)) = (folder.files.as_mut_slice(), folder.crc) {
            *crc = folder.crc;
        }
    }
    Ok(())
}

fn plain(reader: &mut Reader<'_>) -> io::Result<Header> {
    let mut found = Streams::default();
    let mut names = Vec::new();
    loop {
        match reader.byte()? {
            0x00 => return Ok(Header::Plain(found, names)),
            0x02 => {
                while reader.byte()? != 0 {
                    let length = reader.length()?;
                    reader.take(length)?;
                }
            }
            0x03 => drop(streams(reader)?),
            0x04 => found = streams(reader)?,
            0x05 => names = files(reader)?,
            _ => return Err(malformed()),
        }
    }
}

/// The names of the files that have bytes.
fn files(reader: &mut Reader<'_>) -> io::Result<Vec<Vec<u8>>> {
    let count = reader.count()?;
    let mut names = Vec::new();
    let mut empty = vec![false; count];
    loop {
        let kind = reader.byte()?;
        if kind == 0 {
            break;
        }
        let length = reader.length()?;
        let mut property = Reader { rest: reader.take(length)? };
        match kind {
            0x0e => empty = property.bits(count)?,
            0x11 if property.byte()? == 0 => names = utf16_names(property.rest, count),
            _ => {}
        }
    }
    names.resize(count, b"unnamed".to_vec());
    Ok(names.into_iter().zip(empty).filter(|(_, empty)| !empty).map(|(name, _)| name).collect())
}

/// Names in UTF-16, each with a zero after it.
fn utf16_names(bytes: &[u8], count: usize) -> Vec<Vec<u8>> {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let names = units.split(|&unit| unit == 0).take(count);
    names.map(|name| String::from_utf16_lossy(name).into_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_one_to_nine_bytes() {
        let number = |bytes: &[u8]| Reader { rest: bytes }.number().ok();
        assert_eq!(number(&[0x7f]), Some(0x7f));
        assert_eq!(number(&[0x81, 0x02]), Some(0x102));
        assert_eq!(number(&[0xc1, 0x02, 0x03]), Some(0x1_0302));
        assert_eq!(number(&[0xff, 1, 2, 3, 4, 5, 6, 7, 8]), Some(0x0807_0605_0403_0201));
        assert_eq!(number(&[0xfe, 1, 2, 3, 4, 5, 6, 7]), Some(0x0007_0605_0403_0201));
        assert_eq!(number(&[0x80]), None);
    }

    #[test]
    fn counts_beyond_the_header_are_refused() {
        assert!(parse(&[0x01, 0x05, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]).is_err());
        assert!(parse(&[0x01, 0x04, 0x07, 0x0b, 0x90]).is_err());
        assert!(parse(&[]).is_err());
    }
}
