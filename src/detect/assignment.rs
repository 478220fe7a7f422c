//! Finds the value that is given to a name, in any language: a light look at the bytes round the
//! name, without a grammar.

use std::ops::Range;

/// Names longer than this are no names.
const MOST_NAME: usize = 80;
/// Values longer than this are not looked at.
const MOST_VALUE: usize = 512;

/// How name and value are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joint {
    /// `name = value`, `name: value`, `name := value`, `name => value`.
    Sign,
    /// `name == value`, `name != value`.
    Comparison,
    /// `<name>value</name>`.
    Element,
    /// `--name value`.
    Flag,
    /// `call("name", value)`, `name("value")`.
    Argument,
}

/// A name with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Where the name stands.
    pub name: Range<usize>,
    /// Where the value stands, without its quotes.
    pub value: Range<usize>,
    /// The quote character, if the value is quoted.
    pub quote: Option<u8>,
    /// How they are joined.
    pub joint: Joint,
}

/// The assignment whose name holds the bytes at `keyword`.
pub fn around(text: &[u8], keyword: Range<usize>) -> Option<Assignment> {
    let name = name_around(text, trimmed(text, keyword))?;
    after(text, name.clone()).or_else(|| compared_before(text, name))
}

/// The value that stands before a name: `"value" == name`.
fn compared_before(text: &[u8], name: Range<usize>) -> Option<Assignment> {
    let without_spaces = |end: usize| {
        end - text[..end].iter().rev().take(8).take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    };
    let sign_end = without_spaces(name.start);
    let sign = text[..sign_end].iter().rev().take(4).take_while(|byte| matches!(byte, b'=' | b'!')).count();
    if !matches!(&text[sign_end - sign..sign_end], b"==" | b"===" | b"!=" | b"!==") {
        return None;
    }
    let end = without_spaces(sign_end - sign).checked_sub(1)?;
    let quote = text[end];
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }
    let before = &text[end.saturating_sub(MOST_VALUE)..end];
    let opening = before.iter().rposition(|&byte| byte == quote || byte == b'\n')?;
    let start = end - before.len() + opening + 1;
    (before[opening] == quote && start < end).then_some(Assignment {
        name,
        value: start..end,
        quote: Some(quote),
        joint: Joint::Comparison,
    })
}

/// The value that stands after a name.
fn after(text: &[u8], name: Range<usize>) -> Option<Assignment> {
    let mut cursor = Cursor { text, at: name.end };
    let opened_by = name.start.checked_sub(1).map(|at| text[at]);
    let name_quote = cursor.closing_quote();
    // `config["name"]`, `config['name']`, `(name)`
    while matches!(cursor.peek(), Some(b']' | b')' | b'?' | b'!')) {
        cursor.at += 1;
    }
    let spaces = cursor.spaces();
    // `<name id="…" type="…">value</name>`
    if opened_by == Some(b'<') && name_quote.is_none() && spaces > 0 && cursor.attributes() {
        let (value, quote) = cursor.value(Joint::Element)?;
        return (!value.is_empty()).then_some(Assignment { name, value, quote, joint: Joint::Element });
    }
    // `<add key="name" value="…"/>`
    if name_quote.is_some() && spaces > 0 && cursor.attribute() {
        let (value, quote) = cursor.value(Joint::Argument)?;
        return (!value.is_empty()).then_some(Assignment { name, value, quote, joint: Joint::Element });
    }
    let joint = match cursor.peek()? {
        b'>' if opened_by == Some(b'<') && name_quote.is_none() => {
            cursor.at += 1;
            cursor.blank();
            Joint::Element
        }
        b',' if name_quote.is_some() && is_first_argument(text, name.start) => {
            cursor.at += 1;
            Joint::Argument
        }
        b'(' if spaces == 0 && name_quote.is_none() => {
            cursor.at += 1;
            Joint::Argument
        }
        b'=' | b':' | b'!' | b'|' | b'?' | b'+' | b'.' | b'<' | b'-' => cursor.sign()?,
        _ if spaces > 0
            && name_quote.is_none()
            && (is_flag(text, name.start) || follows_login(text, &name)) =>
        {
            Joint::Flag
        }
        _ => return None,
    };
    let is_colon = text[cursor.at - 1] == b':';
    cursor.spaces();
    if is_colon {
        cursor.skip_type();
    }
    let (value, quote) = cursor.value(joint)?;
    (!value.is_empty()).then_some(Assignment { name, value, quote, joint })
}

/// A keyword without the marks that it begins or ends with.
fn trimmed(text: &[u8], keyword: Range<usize>) -> Range<usize> {
    let is_mark = |byte: &&u8| !byte.is_ascii_alphanumeric();
    let before = text[keyword.clone()].iter().take_while(is_mark).count();
    let after = text[keyword.start + before..keyword.end].iter().rev().take_while(is_mark).count();
    keyword.start + before..keyword.end - after
}

/// The whole identifier round a keyword.
fn name_around(text: &[u8], keyword: Range<usize>) -> Option<Range<usize>> {
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let before = text[..keyword.start].iter().rev().take(MOST_NAME).take_while(part).count();
    let after = text[keyword.end..].iter().take(MOST_NAME).take_while(part).count();
    let name = keyword.start - before..keyword.end + after;
    (name.len() <= MOST_NAME).then_some(name)
}

/// Whether the name is a command-line flag: `--name` after white space or at the start.
fn is_flag(text: &[u8], name_start: usize) -> bool {
    text[name_start..].starts_with(b"-") && (name_start == 0 || text[name_start - 1].is_ascii_whitespace())
}

/// Whether a name is the `password` of a `.netrc` entry, which has words and no signs:
/// `machine HOST login NAME password VALUE`, on one line or on several.
fn follows_login(text: &[u8], name: &Range<usize>) -> bool {
    /// More than an entry's host and login take.
    const REACH: usize = 160;
    if &text[name.clone()] != b"password" {
        return false;
    }
    let before = &text[name.start.saturating_sub(REACH)..name.start];
    memchr::memmem::rfind(before, b"login ").is_some_and(|at| {
        before[at + 6..].split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count() == 1
    })
}

/// Whether a quoted name is the first thing in a call's brackets, and not one of a list of texts.
fn is_first_argument(text: &[u8], name_start: usize) -> bool {
    let before = &text[..name_start.saturating_sub(1)];
    before.iter().rev().take(8).find(|byte| !matches!(byte, b' ' | b'\t' | b'\\')) == Some(&b'(')
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn spaces(&mut self) -> usize {
        let rest = &self.text[self.at..];
        let count = rest.iter().take(64).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.at += count;
        count
    }

    /// White space and line ends, as between an element's tags and its text.
    fn blank(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().take(64).take_while(|byte| byte.is_ascii_whitespace()).count();
    }

    /// A quote that closes the name, escaped or not.
    fn closing_quote(&mut self) -> Option<u8> {
        let escaped = self.text[self.at..].iter().take(3).take_while(|&&byte| byte == b'\\').count();
        let quote = *self.text.get(self.at + escaped)?;
        matches!(quote, b'"' | b'\'' | b'`').then(|| {
            self.at += escaped + 1;
            quote
        })
    }

    /// `value=` of an XML attribute, which is passed over.
    fn attribute(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let is_value = rest.len() > 6 && rest[..6].eq_ignore_ascii_case(b"value=");
        if is_value {
            self.at += 6;
        }
        is_value
    }

    /// The attributes of an XML element up to the end of its tag, which are passed over.
    fn attributes(&mut self) -> bool {
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
    fn sign(&mut self) -> Option<Joint> {
        const SIGNS: [(&[u8], Joint); 17] = [
            (b"===", Joint::Comparison),
            (b"!==", Joint::Comparison),
            (b"||=", Joint::Sign),
            (b"??=", Joint::Sign),
            (b"::=", Joint::Sign),
            (b"==", Joint::Comparison),
            (b"!=", Joint::Comparison),
            (b":=", Joint::Sign),
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
    fn skip_type(&mut self) {
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

    fn value(&mut self, joint: Joint) -> Option<(Range<usize>, Option<u8>)> {
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
        if joint == Joint::Argument {
            return None;
        }
        Some(self.bare(joint))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<String> {
        let at = text.to_ascii_lowercase().find("passw")?;
        let found = around(text.as_bytes(), at..at + 5)?;
        Some(text[found.value].to_owned())
    }

    #[test]
    fn values_are_found_in_many_languages() {
        for text in [
            "password = \"V@l\"",
            "password=V@l",
            "DB_PASSWORD: V@l",
            "\"password\": \"V@l\",",
            "'dbPassword' => 'V@l'",
            "password := `V@l`",
            "let password: &str = \"V@l\";",
            "const password: string = 'V@l';",
            "<password>V@l</password>",
            "<password encrypted=\"false\">V@l</password>",
            "mysql --password V@l -h",
            "mysql --password=V@l -h",
            "setenv(\"PASSWORD\", \"V@l\")",
            "user.setPassword(\"V@l\")",
            "config['password'] = 'V@l'",
            "{\\\"password\\\": \\\"V@l\\\"}",
            "export DB_PASSWORD=V@l\n",
            "password <- \"V@l\"",
            "password = b'V@l'",
            "if password == \"V@l\":",
            "$password .= \"V@l\"",
            "machine acme.dev login me password V@l",
            "<password>\n    V@l\n</password>",
            "if (\"V@l\" == password) {",
            "if ('V@l' !== my_password)",
            "- DB_USER=me DB_PASSWORD=V@l DB_HOST=here",
            "ENV=\"DB_PASSWORD=V@l DB_NAME=app\"",
        ] {
            assert_eq!(value(text).as_deref(), Some("V@l"), "{text}");
        }
    }

    #[test]
    fn what_is_no_assignment_is_none() {
        for text in [
            "the password is good",
            "then login with your password twice",
            "Password::new(x)",
            "password",
            "password =",
            "password(x)",
            "password, other",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
