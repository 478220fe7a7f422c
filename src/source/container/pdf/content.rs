//! The text that a content stream shows (ISO 32000-1, 9.4).

use super::font::CodeMap;
use super::lexer::{Lexer, Token};

/// Operands before an operator; no text operator has more.
const MOST_OPERANDS: usize = 1 << 16;

/// A gap between two parts of a line that is as wide as a space, in thousandths of the letters'
/// height.
const SPACE: f64 = -180.0;

/// Writes the text that a content stream shows: a line for each line as far as can be told by
/// where it is put. `fonts` gives the maps that a font's name may stand for.
pub fn text<'m>(stream: &[u8], fonts: &dyn Fn(&[u8]) -> Vec<&'m CodeMap>, into: &mut Vec<u8>) {
    let mut writer = Writer { into, maps: Vec::new(), height: None };
    let mut operands: Vec<Token<'_>> = Vec::new();
    let mut lexer = Lexer::new(stream);
    while let Some(token) = lexer.next() {
        let Token::Word(word) = token else {
            if operands.len() < MOST_OPERANDS {
                operands.push(token);
            }
            continue;
        };
        match word {
            b"Tf" => {
                if let Some(Token::Name(name)) = operands.iter().rev().nth(1) {
                    writer.maps = fonts(name);
                }
            }
            b"Td" | b"TD" => writer.moved(number(&operands, 0) != 0.0),
            b"Tm" => {
                let height = number(&operands, 0);
                let same = writer.height == Some(height);
                writer.height = Some(height);
                writer.moved(!same);
            }
            b"T*" => writer.moved(true),
            b"'" | b"\"" => {
                writer.moved(true);
                writer.show(&operands);
            }
            b"Tj" | b"TJ" => writer.show(&operands),
            b"ID" => lexer.skip_image(),
            _ => {}
        }
        operands.clear();
    }
    writer.moved(true);
}

/// The operand that is the `nth` from the end.
fn number(operands: &[Token<'_>], nth: usize) -> f64 {
    match operands.iter().rev().nth(nth) {
        Some(Token::Number(number)) => *number,
        _ => 0.0,
    }
}

struct Writer<'t, 'm> {
    into: &'t mut Vec<u8>,
    maps: Vec<&'m CodeMap>,
    /// Where the last line was put.
    height: Option<f64>,
}

impl Writer<'_, '_> {
    fn moved(&mut self, to_another_line: bool) {
        match self.into.last() {
            None | Some(b'\n') => {}
            Some(b' ') if !to_another_line => {}
            _ => self.into.push(if to_another_line { b'\n' } else { b' ' }),
        }
    }

    fn show(&mut self, operands: &[Token<'_>]) {
        for operand in operands {
            match operand {
                Token::Text(string) => self.string(string),
                Token::Number(gap) if *gap < SPACE => self.moved(false),
                _ => {}
            }
        }
    }

    /// Writes a string by the map that knows most of its codes, or as it stands.
    fn string(&mut self, string: &[u8]) {
        let best = self.maps.iter().map(|map| map.decode(string)).min_by_key(|(_, unknown)| *unknown);
        match best {
            Some((text, _)) => self.into.extend_from_slice(text.as_bytes()),
            None => self.into.extend(string.iter().map(|&byte| if byte == 0 { b' ' } else { byte })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_by_their_places() {
        let stream = b"BT /F1 9 Tf 1 0 0 1 50 700 Tm [(pass) 20 (word) -300 (=)] TJ 60 0 Td (x) Tj 0 -12 Td (next) Tj \
                       1 0 0 1 9 9 Tm (a) Tj 1 0 0 1 30 9 Tm (b) Tj (c) ' ET BI /W 1 ID \xff(no) Tj EI (d) Tj";
        let mut out = Vec::new();
        text(stream, &|_| Vec::new(), &mut out);
        assert_eq!(String::from_utf8_lossy(&out), "password = x\nnext\na b\ncd\n");
    }
}
