//! From the codes of a PDF's fonts to text: `ToUnicode` maps (ISO 32000-1, 9.10.3, which refers to
//! Adobe's Technical Note 5411).

use super::lexer::{Lexer, Token};
use std::collections::HashMap;

/// A map has at most so many codes: all that two bytes can tell.
const MOST: usize = 1 << 16;

/// What the codes of a font stand for.
#[derive(Debug, Default)]
pub struct CodeMap {
    codes: HashMap<u32, String>,
    /// Bytes in a code.
    width: usize,
    /// Codes that were looked at, known before or not.
    steps: usize,
}

impl CodeMap {
    /// Reads a map.
    pub fn parse(stream: &[u8]) -> Self {
        let mut map = Self::default();
        let mut operands: Vec<Token<'_>> = Vec::new();
        for token in Lexer::new(stream) {
            match token {
                Token::Word(b"endbfchar") => map.chars(&operands),
                Token::Word(b"endbfrange") => map.ranges(&operands),
                Token::Word(_) => operands.clear(),
                other if operands.len() < 3 * MOST => operands.push(other),
                _ => {}
            }
        }
        map
    }

    fn insert(&mut self, code: &[u8], text: String) {
        self.steps += 1;
        if (1..=2).contains(&code.len()) && self.codes.len() < MOST {
            self.width = self.width.max(code.len());
            self.codes.insert(number(code), text);
        }
    }

    fn chars(&mut self, operands: &[Token<'_>]) {
        for pair in operands.chunks_exact(2) {
            if let [Token::Text(code), Token::Text(text)] = pair {
                self.insert(code, utf16(text, 0));
            }
        }
    }

    fn ranges(&mut self, operands: &[Token<'_>]) {
        let mut rest = operands;
        while let [Token::Text(first), Token::Text(last), after @ ..] = rest {
            if self.steps > 4 * MOST {
                return;
            }
            let width = first.len();
            let codes = number(first)..=number(last).min(number(first).saturating_add(0xffff));
            let code_of = |code: u32| code.to_be_bytes()[4 - width.min(4)..].to_vec();
            match after {
                [Token::Text(text), ..] => {
                    for (step, code) in codes.enumerate() {
                        self.insert(&code_of(code), utf16(text, step as u32));
                    }
                    rest = &after[1..];
                }
                [Token::Open, ..] => {
                    let end = after.iter().position(|token| matches!(token, Token::Close));
                    let end = end.unwrap_or(after.len());
                    for (code, text) in codes.zip(&after[1..end]) {
                        if let Token::Text(text) = text {
                            self.insert(&code_of(code), utf16(text, 0));
                        }
                    }
                    rest = after.get(end + 1..).unwrap_or_default();
                }
                _ => return,
            }
        }
    }

    /// The text of a string, and how many of its codes are not in the map.
    pub fn decode(&self, string: &[u8]) -> (String, usize) {
        let (mut text, mut unknown) = (String::new(), 0);
        for code in string.chunks(self.width.max(1)) {
            match self.codes.get(&number(code)) {
                Some(known) => text.push_str(known),
                None => unknown += 1,
            }
        }
        (text, unknown)
    }
}

fn number(code: &[u8]) -> u32 {
    code.iter().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

/// Text in UTF-16, its last unit moved on by `step`.
fn utf16(bytes: &[u8], step: u32) -> String {
    let mut units: Vec<u16> =
        bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    if let ([], [byte]) = (units.as_slice(), bytes) {
        units.push(u16::from(*byte));
    }
    if let Some(last) = units.last_mut() {
        *last = last.wrapping_add(step as u16);
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_alone_or_in_ranges() {
        let map = CodeMap::parse(
            b"1 begincodespacerange <0000> <ffff> endcodespacerange\n2 beginbfchar <0003> <0020> <0004> <00480069> \
              endbfchar 2 beginbfrange <0010> <0012> <0041> <0020> <0021> [<0078> <0079>] endbfrange",
        );
        assert_eq!(map.decode(&[0, 0x10, 0, 0x12, 0, 3, 0, 4, 0, 0x21, 9, 9]), ("AC Hiy".to_owned(), 1));
    }

    #[test]
    fn nonsense_maps_to_nothing() {
        for stream in
            [&b"<00> <ffffffff> <41> endbfrange"[..], b"<> <> <> endbfrange", b"[ endbfrange", b"<0"]
        {
            CodeMap::parse(stream);
        }
    }
}
