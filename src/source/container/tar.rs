//! tar: headers of 512 bytes, each followed by its file in blocks of 512 (POSIX.1-2017, `pax`,
//! section "ustar Interchange Format"; GNU's extensions are in its manual, "Basic Tar Format").

use super::unpack::Unpacker;
use crate::coverage::Gap;
use crate::origin::RepoPath;
use std::io::{self, Read};

const BLOCK: usize = 512;

/// Far more than any path: what a header says about the name of the next file.
const LONGEST_EXTRA: u64 = 1 << 20;

/// Whether the checksum of a header is right: the sum of its bytes, its own field taken as spaces.
pub fn checksum_holds(header: &[u8]) -> bool {
    let Some(stated) = header.get(148..156).and_then(number) else { return false };
    let sum: u64 = header
        .iter()
        .enumerate()
        .map(|(at, &byte)| u64::from(if (148..156).contains(&at) { b' ' } else { byte }))
        .sum();
    sum == stated
}

/// A number in octal digits, or GNU's form: the first bit set and the rest in binary.
fn number(field: &[u8]) -> Option<u64> {
    if let Some((first, rest)) = field.split_first()
        && first & 0x80 != 0
    {
        let start = u64::from(first & 0x3f);
        return rest
            .iter()
            .try_fold(start, |value, &byte| value.checked_mul(256).map(|value| value | u64::from(byte)));
    }
    let mut digits = field.iter().skip_while(|&&byte| byte == b' ').peekable();
    digits.peek()?;
    digits.take_while(|byte| byte.is_ascii_digit()).try_fold(0_u64, |value, &digit| {
        if digit > b'7' { None } else { value.checked_mul(8)?.checked_add(u64::from(digit - b'0')) }
    })
}

/// What headers before a file say about it.
#[derive(Default)]
struct Extra {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

/// Hands over each file. `path` is that of the archive.
pub fn walk(unpacker: &Unpacker<'_>, reader: &mut dyn Read, path: &RepoPath, level: u32) {
    if let Err(error) = try_walk(unpacker, reader, path, level) {
        unpacker.budget.tell(Gap::Corrupt, path, super::budget::why_damaged(&error));
    }
}

fn try_walk(unpacker: &Unpacker<'_>, reader: &mut dyn Read, path: &RepoPath, level: u32) -> io::Result<()> {
    let mut header = [0; BLOCK];
    let mut extra = Extra::default();
    loop {
        match fill(reader, &mut header)? {
            // Some writers leave out the two blocks of zeros at the end.
            0 => return Ok(()),
            BLOCK => {}
            _ => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        if header.iter().all(|&byte| byte == 0) {
            return rest(unpacker, reader, path);
        }
        if !checksum_holds(&header) {
            return Err(io::Error::other("a header has the wrong checksum"));
        }
        let stated = number(&header[124..136]).ok_or_else(|| io::Error::other("a size that is none"))?;
        let kind = header[156];
        match kind {
            b'L' => extra.name = Some(until_zero(&small(reader, stated)?).to_vec()),
            b'x' => pax(&small(reader, stated)?, &mut extra),
            // The name of a link's target, and what holds for all files.
            b'K' | b'g' => drop(small(reader, stated)?),
            _ => {
                let Extra { name, size } = std::mem::take(&mut extra);
                // Links and devices have no data, whatever their size says; folders neither.
                let size = if matches!(kind, b'1'..=b'6') { 0 } else { size.unwrap_or(stated) };
                if kind == b'S' && header[482] != 0 {
                    skip_sparse_map(reader)?;
                }
                let name = name.unwrap_or_else(|| plain_name(&header));
                let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
                let mut data = reader.take(size);
                if size > 0 {
                    if !unpacker.budget.entry() {
                        return Ok(());
                    }
                    let inner = super::inner(path, &name);
                    unpacker.entry(&mut data, &inner, Some(size), level);
                }
                io::copy(&mut data, &mut io::sink())?;
                if data.limit() > 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                io::copy(&mut data.into_inner().take(padding), &mut io::sink())?;
            }
        }
        if unpacker.budget.is_exhausted() {
            return Ok(());
        }
    }
}

/// After the end there are only zeros; anything else is another archive put behind, which the
/// usual tools do not show.
fn rest(unpacker: &Unpacker<'_>, reader: &mut dyn Read, path: &RepoPath) -> io::Result<()> {
    let mut block = [0; 8192];
    loop {
        let count = fill(reader, &mut block)?;
        if count == 0 {
            return Ok(());
        }
        if block[..count].iter().any(|&byte| byte != 0) {
            let why = "has data after its end, which was not scanned; read it with `tar --ignore-zeros`";
            unpacker.budget.tell(Gap::Unsupported, path, why);
            return Ok(());
        }
    }
}

/// Reads until the buffer is full or the data ends.
fn fill(reader: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match reader.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads what a header says about the next file, with its padding.
fn small(reader: &mut dyn Read, size: u64) -> io::Result<Vec<u8>> {
    if size > LONGEST_EXTRA {
        return Err(io::Error::other("a header of more than 1 MiB"));
    }
    let mut bytes = Vec::new();
    let padded = size.next_multiple_of(BLOCK as u64);
    if reader.take(padded).read_to_end(&mut bytes)? as u64 != padded {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    bytes.truncate(size as usize);
    Ok(bytes)
}

/// The blocks in which GNU says where the holes of a file are.
fn skip_sparse_map(reader: &mut dyn Read) -> io::Result<()> {
    let mut block = [0; BLOCK];
    loop {
        if fill(reader, &mut block)? != BLOCK {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if block[504] == 0 {
            return Ok(());
        }
    }
}

/// Records of the form `LENGTH KEY=VALUE\n`, where the length counts the whole record.
fn pax(mut records: &[u8], extra: &mut Extra) {
    while let Some(space) = memchr::memchr(b' ', records) {
        let length = std::str::from_utf8(&records[..space]).ok().and_then(|text| text.parse::<usize>().ok());
        let Some(record) = length.filter(|&length| length > space + 1).and_then(|end| records.get(..end))
        else {
            return;
        };
        let pair = record[space + 1..].strip_suffix(b"\n").unwrap_or(&record[space + 1..]);
        if let Some(name) = pair.strip_prefix(b"path=") {
            extra.name = Some(name.to_vec());
        } else if let Some(size) = pair.strip_prefix(b"size=") {
            extra.size = std::str::from_utf8(size).ok().and_then(|text| text.parse().ok());
        }
        records = &records[record.len()..];
    }
}

fn until_zero(field: &[u8]) -> &[u8] {
    &field[..memchr::memchr(0, field).unwrap_or(field.len())]
}

/// The name as the header has it: in POSIX's form its folders may come apart from it.
fn plain_name(header: &[u8; BLOCK]) -> Vec<u8> {
    let name = until_zero(&header[..100]);
    let prefix = if &header[257..263] == b"ustar\0" { until_zero(&header[345..500]) } else { b"" };
    if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   17 \0"), Some(0o17));
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]), Some(258));
        assert_eq!(number(&[0xff; 12]), None);
        assert_eq!(number(b"0000089\0"), None);
        assert_eq!(number(b""), None);
    }

    #[test]
    fn pax_records_of_wrong_lengths_end_the_list() {
        let mut extra = Extra::default();
        pax(b"12 path=a/b\n11 size=12\n", &mut extra);
        assert_eq!((extra.name.as_deref(), extra.size), (Some(&b"a/b"[..]), Some(12)));
        for wrong in [&b"99 path=a\n"[..], b"0 path=a\n", b"3 ", b" ", b"x path=a\n"] {
            let mut extra = Extra::default();
            pax(wrong, &mut extra);
            assert!(extra.name.is_none());
        }
    }
}
