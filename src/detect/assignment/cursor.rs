//! Reads signs, quotes and values from a place in a text on.

use super::{Joint, MOST_VALUE};
use std::ops::Range;

/// A place in a text.
pub(super) struct Cursor<'a> {
    /// The text.
    pub text: &'a [u8],
    /// The place.
    pub at: usize,
}

impl Cursor<'_> {
    /// The byte there.
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Passes blanks and tabs; how many.
    pub fn spaces(&mut self) -> usize {
        let rest = &self.text[self.at..];
        let count = rest.iter().take(64).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.at += count;
        count
    }

    /// White space and line ends, as between an element's tags and its text.
    pub fn blank(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().take(64).take_while(|byte| byte.is_ascii_whitespace()).count();
    }

    /// A quote that closes the name, escaped or not.
    pub fn closing_quote(&mut self) -> Option<u8> {
        let escaped = self.text[self.at..].iter().take(3).take_while(|&&byte| byte == b'\\').count();
        let quote = *self.text.get(self.at + escaped)?;
        matches!(quote, b'"' | b'\'' | b'`').then(|| {
            self.at += escaped + 1;
            quote
        })
    }

    /// `value=` of an XML attribute, which is passed over.
    pub fn attribute(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let is_value = rest.len() > 6 && rest[..6].eq_ignore_ascii_case(b"value=");
        if is_value {
            self.at += 6;
        }
        is_value
    }

    /// The attributes of an XML element up to the end of its tag, which are passed over.
    pub fn attributes(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let length = rest.iter().take(160).take_while(|byte| !matches!(byte, b'<' | b'>' | b'\n')).count();
        let tag = &rest[..length];
        let is_tag = rest.get(length) == Some(&b'>')
            && tag.last() != Some(&b'/')
            && memchr::memmem::find(tag, b"=\"").is_some();
        if is_tag {
            self.at += length + 1;
        }
        is_tag
    }

    /// An operator that gives or compares.
    pub fn sign(&mut self) -> Option<Joint> {
        const SIGNS: [(&[u8], Joint); 25] = [
            (b"===", Joint::Comparison),
            (b"!==", Joint::Comparison),
            (b"||=", Joint::Sign),
            (b"??=", Joint::Sign),
            (b"::=", Joint::Sign),
            (b"==", Joint::Comparison),
            (b"!=", Joint::Comparison),
            (b":=", Joint::Sign),
            (b":-", Joint::Sign),
            (b"||", Joint::Fallback),
            (b"??", Joint::Fallback),
            (b"?:", Joint::Fallback),
            (b".unwrap_or(", Joint::Fallback),
            (b".unwrap_or_else(|_| ", Joint::Fallback),
            (b".orElse(", Joint::Fallback),
            (b".getOrElse(", Joint::Fallback),
            (b"=>", Joint::Sign),
            (b"?=", Joint::Sign),
            (b"+=", Joint::Sign),
            (b".=", Joint::Sign),
            (b"=~", Joint::Comparison),
            (b"<-", Joint::Sign),
            (b"->", Joint::Sign),
            (b"=", Joint::Sign),
            (b":", Joint::Sign),
        ];
        let rest = &self.text[self.at..];
        let (sign, joint) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign))?;
        // `Secret::new`, `a::b` are paths.
        if *sign == b":" && rest.get(1) == Some(&b':') {
            return None;
        }
        self.at += sign.len();
        Some(*joint)
    }

    /// A type between the name and the real sign: `password: &str = "…"`.
    pub fn skip_type(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest
            .iter()
            .take(48)
            .take_while(|byte| byte.is_ascii_alphanumeric() || b" <>&[]?._|:,'".contains(byte))
            .count();
        let is_sign = rest.get(length) == Some(&b'=') && rest.get(length + 1) != Some(&b'=');
        if length > 0 && is_sign && !rest[..length].contains(&b'"') {
            self.at += length + 1;
            self.spaces();
        }
    }

    /// ` As String = ` of Basic, up to the sign and over it.
    pub fn skip_basic_type(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let rest = rest.strip_prefix(b"As ").or_else(|| rest.strip_prefix(b"as "))?;
        let name =
            rest.iter().take(40).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'.').count();
        rest[name..].starts_with(b" =").then(|| self.at += 3 + name + 2)
    }

    /// A type after the name, up to the sign and over it: `password string = "…"`.
    pub fn skip_type_after(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let is_type = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.*[]()".contains(byte);
        let length = rest.iter().take(40).take_while(is_type).count();
        let blank = length + rest[length..].iter().take(16).take_while(|&&byte| byte == b' ').count();
        // `:=` of PL/SQL
        let sign = blank + usize::from(rest.get(blank) == Some(&b':'));
        let after = rest.get(sign + 1..)?;
        let spaces = after.iter().take(8).take_while(|&&byte| byte == b' ').count();
        let is_given = length > 0
            && blank > length
            && rest.get(sign) == Some(&b'=')
            && matches!(after.get(spaces), Some(b'"' | b'\'' | b'`'));
        is_given.then(|| self.at += sign + 1)
    }

    /// The marks that end what a text shows as important, if they began before the name:
    /// `**name:** value`.
    pub fn skip_emphasis(&mut self, name: &Range<usize>) {
        for mark in [b"**".as_slice(), b"__", b"*", b"_"] {
            let is_end = self.text[self.at..].starts_with(mark)
                && matches!(self.text.get(self.at + mark.len()), Some(b' ' | b'\t'));
            if is_end && self.text[..name.start].ends_with(mark) {
                self.at += mark.len();
                self.spaces();
                return;
            }
        }
    }

    /// `|` or `>-` of YAML, after which the value stands on the next line.
    pub fn skip_block_mark(&mut self) {
        let rest = &self.text[self.at..];
        if !matches!(rest.first(), Some(b'|' | b'>')) {
            return;
        }
        let marks = 1 + rest[1..].iter().take(2).take_while(|byte| b"+-123456789".contains(byte)).count();
        if matches!(rest.get(marks), Some(b'\n' | b'\r')) {
            self.at += marks;
            self.blank();
        }
    }

    /// `[]` or `[64]` of an array.
    pub fn skip_dimension(&mut self) {
        let rest = &self.text[self.at..];
        let digits = rest.iter().skip(1).take(6).take_while(|byte| byte.is_ascii_digit()).count();
        if rest.first() == Some(&b'[') && rest.get(digits + 1) == Some(&b']') {
            self.at += digits + 2;
        }
    }

    /// Other names that are given the same value: `password = other = "…"`.
    pub fn skip_chained(&mut self) {
        let rest = &self.text[self.at..];
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
        let name = rest.iter().take(48).take_while(is_name).count();
        let after = [&b" = \""[..], b" = '"].iter().any(|joint| rest[name..].starts_with(joint));
        if name > 0 && after {
            self.at += name + 3;
        }
    }

    /// The value that stands here, and its quote. `None` if it cannot be one.
    pub fn value(&mut self, joint: Joint) -> Option<(Range<usize>, Option<u8>)> {
        // `"""…"""`: what counts are the inner quotes.
        let rest = &self.text[self.at..];
        if rest.starts_with(b"\"\"\"") || rest.starts_with(b"'''") {
            self.at += 2;
        }
        // `{'…'}` of JSX.
        if let [b'{', quote @ (b'"' | b'\''), ..] = self.text[self.at..] {
            self.at += 1;
            return self.quoted(quote, 0).filter(|(value, _)| self.text.get(value.end + 1) == Some(&b'}'));
        }
        // `q{…}` and `qq(…)` of Perl.
        if let Some(value) = self.perl() {
            return Some((value, Some(b'q')));
        }
        // `b"…"`, `r'…'`, `@"…"`, `f"…"`: a letter or two before a quote belong to the language.
        for ahead in 0..3 {
            let Some(&byte) = self.text.get(self.at + ahead) else { break };
            if matches!(byte, b'"' | b'\'' | b'`') {
                self.at += ahead;
                return self.quoted(byte, 0);
            }
            if byte == b'\\' {
                let slashes =
                    self.text[self.at + ahead..].iter().take(3).take_while(|&&byte| byte == b'\\').count();
                let quote = self.text.get(self.at + ahead + slashes).copied();
                if let Some(quote @ (b'"' | b'\'')) = quote {
                    self.at += ahead + slashes;
                    return self.quoted(quote, slashes);
                }
                break;
            }
            if !(byte.is_ascii_alphabetic() || byte == b'@') {
                break;
            }
        }
        // `Some("…")`, `String("…")`: one call round the value.
        if let Some(quote_at) = self.call() {
            self.at = quote_at;
            return self.quoted(self.text[quote_at], 0);
        }
        if matches!(joint, Joint::Argument | Joint::Fallback) {
            return None;
        }
        Some(self.bare(joint))
    }

    /// What stands in `q{…}`, `q(…)`, `qq{…}`.
    fn perl(&self) -> Option<Range<usize>> {
        let rest = &self.text[self.at..];
        let letters = rest.iter().take(2).take_while(|&&byte| byte == b'q').count();
        let close = match rest.get(letters).filter(|_| letters > 0)? {
            b'{' => b'}',
            b'(' => b')',
            b'[' => b']',
            _ => return None,
        };
        let start = letters + 1;
        let inner = &rest[start..rest.len().min(start + MOST_VALUE)];
        let length = inner.iter().position(|byte| *byte == close || b"\n\"'".contains(byte))?;
        (length > 0 && inner[length] == close).then_some(self.at + start..self.at + start + length)
    }

    /// Where the quote stands in `name("…`.
    fn call(&self) -> Option<usize> {
        // What reads a setting has a name of its own in the call, not the value.
        const READS: [&[u8]; 9] =
            [b"get", b"env", b"read", b"find", b"load", b"fetch", b"lookup", b"config", b"param"];
        let rest = &self.text[self.at..];
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.:&".contains(byte);
        let name = rest.iter().take(32).take_while(is_name).count();
        let opens =
            name > 0 && rest.get(name) == Some(&b'(') && matches!(rest.get(name + 1), Some(b'"' | b'\''));
        let lower = rest[..name].to_ascii_lowercase();
        let is_read = READS.iter().any(|word| memchr::memmem::find(&lower, word).is_some());
        (opens && !is_read).then_some(self.at + name + 1)
    }

    /// Up to the same quote with the same number of backslashes before it, on the same line.
    fn quoted(&mut self, quote: u8, slashes: usize) -> Option<(Range<usize>, Option<u8>)> {
        let start = self.at + 1;
        let mut at = start;
        let mut backslashes = 0;
        while at < self.text.len() && at - start <= MOST_VALUE {
            match self.text[at] {
                b'\n' | b'\r' => return None,
                b'\\' => backslashes += 1,
                byte if byte == quote
                    && (slashes == backslashes || (slashes == 0 && backslashes % 2 == 0)) =>
                {
                    return Some((start..at - backslashes.min(slashes), Some(quote)));
                }
                _ => backslashes = 0,
            }
            at += 1;
        }
        None
    }

    fn bare(&self, joint: Joint) -> (Range<usize>, Option<u8>) {
        let start = self.at;
        let ends = |byte: u8| match joint {
            Joint::Element => byte == b'<',
            _ => {
                byte.is_ascii_whitespace()
                    || matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b'<' | b'>' | b'|')
            }
        };
        let length = self.text[start..]
            .iter()
            .take(MOST_VALUE)
            .take_while(|&&byte| !ends(byte) && byte >= 0x20)
            .count();
        let mut value = self.text[start..start + length].trim_ascii_end();
        // The next parameter of an address or a form.
        if self.text[..start].ends_with(b"=")
            && let Some(parameter) = next_parameter(value)
        {
            value = &value[..parameter];
        }
        // Brackets that were opened before the value close after it.
        while let [rest @ .., b')' | b']' | b'}'] = value {
            if value.iter().any(|byte| matches!(byte, b'(' | b'[' | b'{')) {
                break;
            }
            value = rest;
        }
        (start..start + value.len(), None)
    }
}

/// Where `&name=` begins in a value.
fn next_parameter(value: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'&', value).find(|&at| {
        let rest = &value[at + 1..];
        let name = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        name > 0 && rest.get(name) == Some(&b'=')
    })
}
