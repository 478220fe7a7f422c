//! Character references of HTML and XML (HTML Living Standard, section 13.5; XML 1.0, section 4.1).

use super::escapes::Escape;

/// The names that XML has; HTML's further ones are no marks of a token.
const NAMED: [(&[u8], u8); 5] =
    [(b"&quot;", b'"'), (b"&amp;", b'&'), (b"&apos;", b'\''), (b"&lt;", b'<'), (b"&gt;", b'>')];

/// The reference at a place.
pub fn read(text: &[u8], at: usize) -> Option<Escape> {
    let rest = text.get(at..)?;
    // Code is full of ampersands.
    if !matches!(rest.get(1)?, b'#' | b'q' | b'a' | b'l' | b'g') {
        return None;
    }
    let Some(number) = rest.strip_prefix(b"&#") else {
        let named = NAMED.iter().find(|(name, _)| rest.starts_with(name));
        return named.map(|(name, byte)| Escape::byte(name.len(), *byte));
    };
    let (digits, radix) = match number {
        [b'x' | b'X', digits @ ..] => (digits, 16),
        digits => (digits, 10),
    };
    let count = digits.iter().take(8).take_while(|&&digit| char::from(digit).is_digit(radix)).count();
    if count == 0 || digits.get(count) != Some(&b';') {
        return None;
    }
    let value = digits[..count].iter().try_fold(0u32, |value, &digit| {
        value.checked_mul(radix)?.checked_add(char::from(digit).to_digit(radix)?)
    })?;
    let length = 2 + usize::from(radix == 16) + count + 1;
    Some(Escape::character(length, char::from_u32(value)?))
}

/// The length of a reference at a place, if it tells of encoded text: all but brackets, which any
/// page that shows code has.
pub fn tells(text: &[u8], at: usize) -> Option<usize> {
    let escape = read(text, at)?;
    (!matches!(escape.as_bytes(), b"<" | b">") && escape.as_bytes().len() == 1).then_some(escape.length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read() {
        let value = |text: &str| {
            read(text.as_bytes(), 0)
                .map(|escape| (escape.length, String::from_utf8(escape.as_bytes().to_vec()).unwrap()))
        };
        assert_eq!(value("&#103;h"), Some((6, "g".into())));
        assert_eq!(value("&#x67;"), Some((6, "g".into())));
        assert_eq!(value("&quot;a"), Some((6, "\"".into())));
        assert_eq!(value("&#x20ac;"), Some((8, "\u{20ac}".into())));
        for text in ["&#;", "&#xzz;", "&#99999999;", "&#xd800;", "&nothing;", "&", "&#12"] {
            assert_eq!(value(text), None, "{text}");
        }
        assert_eq!((tells(b"&lt;a", 0), tells(b"&#61;", 0)), (None, Some(5)));
    }
}
