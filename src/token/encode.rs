//! Encodings that tokens use, as far as no library has them in the form needed.

use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Either alphabet of base64, padded or not; issuers differ and do not always clear spare bits.
static ANY_BASE64: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut form = Specification::new();
    form.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    form.translate.from.push_str("-_");
    form.translate.to.push_str("+/");
    form.check_trailing_bits = false;
    form.encoding().ok()
});

/// Decodes base64 of either alphabet, with or without padding at the end.
pub fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|&byte| byte != b'=').map_or(0, |at| at + 1);
    if text.len() - end > 2 {
        return None;
    }
    ANY_BASE64.as_ref()?.decode(&text[..end]).ok()
}

/// A number with the digits 0-9, A-Z, a-z, six places, as GitHub and npm write their checksums.
pub fn base62_crc(mut number: u32) -> [u8; 6] {
    let mut text = [b'0'; 6];
    for place in text.iter_mut().rev() {
        *place = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    text
}

/// A number with the digits 0-9, a-z, filled with zeros on the left.
pub fn base36(mut number: u64, places: usize) -> String {
    let mut text = vec![b'0'; places];
    for place in text.iter_mut().rev() {
        *place = DIGITS[(number % 36) as usize].to_ascii_lowercase();
        number /= 36;
    }
    text.into_iter().map(char::from).collect()
}

/// Reads a number with the digits 0-9, a-z.
pub fn from_base36(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    text.iter().try_fold(0u64, |number, &byte| {
        let digit = char::from(byte).to_digit(36)?;
        number.checked_mul(36)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_of_base64_decode() {
        assert_eq!(base64(b"-_8=").as_deref(), Some(&[0xfb, 0xff][..]));
        assert_eq!(base64(b"+/8").as_deref(), Some(&[0xfb, 0xff][..]));
        assert_eq!(base64(b"+/9").as_deref(), Some(&[0xfb, 0xff][..]), "spare bits do not count");
        assert_eq!(base64(b"+/8==="), None);
        assert_eq!(base64(b"a b"), None);
    }

    #[test]
    fn numbers_are_written_in_their_bases() {
        assert_eq!(&base62_crc(61), b"00000z");
        assert_eq!(&base62_crc(62), b"000010");
        assert_eq!(base36(u64::from(u32::MAX), 7), "1z141z3");
        assert_eq!(from_base36(b"1z141z3"), Some(u64::from(u32::MAX)));
        assert_eq!(from_base36(b"-1"), None);
        assert_eq!(from_base36(b"zzzzzzzzzzzzzzzzzz"), None);
    }
}
