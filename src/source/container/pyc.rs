//! Compiled Python (`Python/marshal.c`). A string constant stands between bytes that tell its type
//! and length and those of the next object, which may look like letters and digits of the string.
//! Taking these bytes out lets a rule see where the string ends.

/// How many bytes tell the length of a string of each type, none for what is no string: one for `z`
/// and `Z`, four for strings and bytes of any length, each with and without the mark of an object
/// that is referred to.
const LENGTH_BYTES: [u8; 256] = {
    let mut sizes = [0; 256];
    let types: [(u8, u8); 7] = [(b'z', 1), (b'Z', 1), (b's', 4), (b'a', 4), (b'A', 4), (b't', 4), (b'u', 4)];
    let mut at = 0;
    while at < types.len() {
        let (kind, size) = types[at];
        sizes[kind as usize] = size;
        sizes[(kind | 0x80) as usize] = size;
        at += 1;
    }
    sizes
};

/// Shorter strings are no secrets, and chance would show too many of them.
const SHORTEST: usize = 8;

/// The bytes with those round each string set to zero, everything at its place.
pub fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let Some((header, length)) = string_at(bytes, at) else {
            at += 1;
            continue;
        };
        out[at..at + header].fill(0);
        let end = at + header + length;
        if let Some(next) = out.get_mut(end) {
            *next = 0;
        }
        at = end;
    }
    out
}

/// The sizes of the header and the text of a string that begins here.
#[inline]
fn string_at(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let (header, length) = match LENGTH_BYTES[usize::from(bytes[at])] {
        1 => (2, usize::from(*bytes.get(at + 1)?)),
        4 => {
            let length = bytes.get(at + 1..at + 5)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))?;
            (5, usize::try_from(length).ok().filter(|&length| length <= 1 << 20)?)
        }
        _ => return None,
    };
    let text = bytes.get(at + header..(at + header).checked_add(length)?)?;
    let is_text = |&byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e);
    (length >= SHORTEST && text.iter().all(is_text)).then_some((header, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_stands_alone() {
        let text = "A".repeat(65);
        let bytes = [b"\xdaA".as_slice(), text.as_bytes(), b"N\xfa\x08abcdefgh", b"z\x09shor"].concat();
        let out = plain(&bytes);
        let expected = [b"\0\0".as_slice(), text.as_bytes(), b"\0\0\x08abcdefgh", b"z\x09shor"].concat();
        assert_eq!(out.len(), expected.len());
        assert_eq!(&out[..67], &expected[..67]);
        assert_eq!(out[67], 0);
    }

    #[test]
    fn lengths_past_the_end_are_no_strings() {
        for bytes in [&b"z"[..], b"z\xff", b"s\xff\xff\xff\xff", b"s\x08\0\0\0abc", b""] {
            assert_eq!(plain(bytes), bytes);
        }
    }
}
