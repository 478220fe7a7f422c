//! Percent-encoding (RFC 3986, section 2.1).

use super::escapes::{Escape, hex, is_token};

/// The escape at a place.
pub fn read(text: &[u8], at: usize) -> Option<Escape> {
    let byte = hex(text.get(at + 1..)?, 2)? as u8;
    Some(Escape::byte(3, byte))
}

/// The length of the escapes at a place, if they tell of percent-encoding and not of a format or a
/// lone space. A mark that has to be escaped tells with a token after it, and so do three in a row.
pub fn tells(text: &[u8], at: usize) -> Option<usize> {
    let byte = read(text, at)?.as_bytes()[0];
    let row = (0..3).take_while(|number| {
        text.get(at + 3 * number) == Some(&b'%') && read(text, at + 3 * number).is_some()
    });
    let length = 3 * row.count();
    let is_mark = byte.is_ascii_punctuation() && text.get(at + 3).is_some_and(|&next| is_token(next));
    (is_mark || length == 9).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_is_told_from_formats() {
        for (text, length) in [
            ("%3Dabc", Some(3)),
            ("%2F", None),
            ("%20abc", None),
            ("%67%68%70%5f", Some(9)),
            ("%253D", Some(3)),
            ("%d items", None),
            ("%02x", None),
            ("100%", None),
        ] {
            assert_eq!(tells(text.as_bytes(), 0), length, "{text}");
        }
        assert_eq!(read(b"%4a", 0).map(|escape| escape.as_bytes().to_vec()), Some(b"J".to_vec()));
    }
}
