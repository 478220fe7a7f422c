//! Text from inside a token as a report may show it.

/// Longer text is cut: nobody has to see more to know what is meant.
const LONGEST: usize = 120;
/// How many items of a list are told.
pub const MOST: usize = 64;

/// The text on one line, without what drives a terminal or turns the direction of writing, cut at a
/// sane length, and without the password of an address. `None` if nothing is left.
pub fn shown(text: &str) -> Option<String> {
    let mut clean = String::new();
    for (count, c) in text.trim().chars().filter(|&c| crate::excerpt::shown(c) == c).enumerate() {
        if count == LONGEST {
            clean.push('\u{2026}');
            break;
        }
        clean.push(c);
    }
    let clean = without_password(&clean);
    (!clean.is_empty()).then_some(clean)
}

/// `https://name:password@host/…` becomes `https://host/…`.
fn without_password(text: &str) -> String {
    if let Some((scheme, rest)) = text.split_once("://")
        && let authority = rest.split(['/', '?', '#']).next().unwrap_or_default()
        && let Some((_, host)) = authority.rsplit_once('@')
    {
        return format!("{scheme}://{host}{}", &rest[authority.len()..]);
    }
    text.to_owned()
}

/// Bytes as text that may be shown.
pub fn shown_bytes(bytes: &[u8]) -> Option<String> {
    shown(std::str::from_utf8(bytes).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_one_short_line_without_passwords() {
        assert_eq!(shown(" a\nb\u{1b}[0m\u{202e}c ").as_deref(), Some("ab[0mc"));
        assert_eq!(shown(&"x".repeat(500)).map(|text| text.chars().count()), Some(121));
        assert_eq!(shown("\n\u{7}"), None);
        let address = format!("https://ada:{}@example.org/x?y", "pw");
        assert_eq!(shown(&address).as_deref(), Some("https://example.org/x?y"));
        assert_eq!(shown("ada@example.org").as_deref(), Some("ada@example.org"));
    }
}
