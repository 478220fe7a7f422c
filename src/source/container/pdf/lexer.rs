//! The words of PDF's language, in objects and in content streams (ISO 32000-1, 7.2 and 7.3).

use std::borrow::Cow;

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub enum Token<'a> {
    /// A name, without its slash.
    Name(&'a [u8]),
    /// A number.
    Number(f64),
    /// A string of either form, decoded.
    Text(Cow<'a, [u8]>),
    /// `[`
    Open,
    /// `]`
    Close,
    /// An operator or a keyword.
    Word(&'a [u8]),
}

/// Takes bytes apart into words. What is malformed is passed over.
pub struct Lexer<'a> {
    rest: &'a [u8],
}

impl<'a> Lexer<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Passes over the data of an image in a content stream.
    pub fn skip_image(&mut self) {
        let end = memchr::memmem::find(self.rest, b"EI").map_or(self.rest.len(), |at| at + 2);
        self.rest = &self.rest[end..];
    }

    fn regular(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| is_delimiter(byte) || is_space(byte));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    /// A string in parentheses, which may hold others in pairs.
    fn literal(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut depth = 1_usize;
        while let Some((&byte, mut rest)) = self.rest.split_first() {
            match byte {
                b'(' => depth += 1,
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        self.rest = rest;
                        break;
                    }
                }
                b'\\' => {
                    let (escaped, length) = escape(rest);
                    text.extend(escaped);
                    rest = rest.get(length..).unwrap_or_default();
                    self.rest = rest;
                    continue;
                }
                _ => {}
            }
            text.push(byte);
            self.rest = rest;
        }
        text
    }

    fn hexadecimal(&mut self) -> Vec<u8> {
        let end = memchr::memchr(b'>', self.rest).unwrap_or(self.rest.len());
        let digits: Vec<u8> = self.rest[..end]
            .iter()
            .filter_map(|&byte| (byte as char).to_digit(16))
            .map(|digit| digit as u8)
            .collect();
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
    }
}

/// What follows a backslash: the byte it stands for, and how many bytes it takes.
fn escape(rest: &[u8]) -> (Option<u8>, usize) {
    match rest {
        [b'n', ..] => (Some(b'\n'), 1),
        [b'r', ..] => (Some(b'\r'), 1),
        [b't', ..] => (Some(b'\t'), 1),
        [b'b' | b'f', ..] => (Some(b' '), 1),
        [b'\r', b'\n', ..] => (None, 2),
        [b'\r' | b'\n', ..] => (None, 1),
        [b'0'..=b'7', ..] => {
            let digits = rest.iter().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
            let value =
                rest[..digits].iter().fold(0_u32, |value, &digit| value * 8 + u32::from(digit - b'0'));
            (Some(value as u8), digits)
        }
        [other, ..] => (Some(*other), 1),
        [] => (None, 0),
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let (&first, rest) = self.rest.split_first()?;
            if is_space(first) {
                self.rest = rest;
                continue;
            }
            return Some(match first {
                b'%' => {
                    let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                    self.rest = &rest[end..];
                    continue;
                }
                b'/' => {
                    self.rest = rest;
                    Token::Name(self.regular())
                }
                b'(' => {
                    self.rest = rest;
                    Token::Text(self.literal().into())
                }
                b'<' => {
                    if let Some(inside) = rest.strip_prefix(b"<") {
                        self.rest = inside;
                        continue;
                    }
                    self.rest = rest;
                    Token::Text(self.hexadecimal().into())
                }
                b'[' => {
                    self.rest = rest;
                    Token::Open
                }
                b']' => {
                    self.rest = rest;
                    Token::Close
                }
                _ if is_delimiter(first) => {
                    self.rest = rest;
                    continue;
                }
                _ => {
                    let word = self.regular();
                    let number = matches!(first, b'0'..=b'9' | b'+' | b'-' | b'.');
                    let number = number.then(|| std::str::from_utf8(word).ok()?.parse().ok()).flatten();
                    number.map_or(Token::Word(word), Token::Number)
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        let tokens: Vec<_> =
            Lexer::new(b"/F1 12.5 Tf[(a\\(\\101(b)\\\nc)-3<4 14>]TJ % note\n<</K 1>>").collect();
        let text = |bytes: &'static [u8]| Token::Text(bytes.into());
        let expected = [
            Token::Name(b"F1"),
            Token::Number(12.5),
            Token::Word(b"Tf"),
            Token::Open,
            text(b"a(A(b)c"),
            Token::Number(-3.0),
            text(b"A@"),
            Token::Close,
            Token::Word(b"TJ"),
            Token::Name(b"K"),
            Token::Number(1.0),
        ];
        assert_eq!(tokens, expected);
    }
}
