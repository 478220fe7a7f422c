//! The base64 of an armoured key or certificate, however the text round it is written: indented, quoted and
//! concatenated line by line, commented out, as a diff, or escaped on one line.

/// What stands between the BEGIN and the END line.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// The base64 without white space and padding.
    pub data: Vec<u8>,
    /// The checksum line of `OpenPGP`, without its `=`.
    pub sum: Option<[u8; 4]>,
    /// The cipher that the headers of the old encrypted form name.
    pub locked: Option<String>,
}

const QUOTES: [u8; 3] = [b'"', b'\'', b'`'];

impl Body {
    /// Reads the text up to the END line; `indent` is what stands before it on its line, which
    /// most often stands before every other line as well.
    pub fn gather(text: &[u8], indent: &[u8]) -> Self {
        let text = unescape(text);
        let indent = unescape(indent);
        let indent = match memchr::memrchr(b'\n', &indent) {
            // All on one line: the body ends where its "indent" does.
            Some(_) => return Self::read(&[text, indent].concat(), b"", false),
            None if text.is_empty() => return Self::read(&indent, b"", false),
            None => indent,
        };
        Self::read(&text, &indent, false)
    }

    /// Reads a text that has no END line up to the first line that is not of a key.
    pub fn gather_start(text: &[u8]) -> Self {
        Self::read(&unescape(text), b"", true)
    }

    fn read(text: &[u8], indent: &[u8], stop_at_prose: bool) -> Self {
        let mut body = Self::default();
        for line in text.split(|&byte| byte == b'\n' || byte == b'\r') {
            let line = match line.strip_prefix(indent) {
                Some(line) if !indent.is_empty() => line,
                _ => line.trim_ascii_start(),
            };
            if !body.take_header(line) && !body.take_words(inside_quotes(line)) && stop_at_prose {
                break;
            }
        }
        let end = body.data.iter().rposition(|&byte| byte != b'=').map_or(0, |at| at + 1);
        body.data.truncate(end);
        body
    }

    /// `Proc-Type: 4,ENCRYPTED`, `DEK-Info: AES-128-CBC,…`, `Version: …`, `Comment: …`.
    fn take_header(&mut self, line: &[u8]) -> bool {
        let line = inside_quotes(line);
        let Some(colon) = memchr::memchr(b':', line) else { return false };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'-') {
            return false;
        }
        if name.eq_ignore_ascii_case(b"DEK-Info") {
            let cipher = value.split(|&byte| byte == b',').next().unwrap_or_default();
            self.locked = Some(String::from_utf8_lossy(cipher).into_owned());
        } else if name.eq_ignore_ascii_case(b"Proc-Type") && value.ends_with(b"ENCRYPTED") {
            self.locked.get_or_insert_with(|| "unknown cipher".to_owned());
        }
        true
    }

    /// Takes the words of base64 on a line; whether there was nothing else.
    fn take_words(&mut self, line: &[u8]) -> bool {
        let mut clean = true;
        for word in line.split(u8::is_ascii_whitespace) {
            let word = trim(word);
            if word.is_empty() || word == b"+" || word == b"//" {
                continue;
            }
            if let [b'=', sum @ ..] = word
                && let Ok(sum) = <[u8; 4]>::try_from(sum)
            {
                self.sum = Some(sum);
            } else if word
                .iter()
                .all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
            {
                self.data.extend_from_slice(word);
            } else {
                clean = false;
            }
        }
        clean
    }
}

/// What a line of a program quotes; the line itself if it has no quotes.
fn inside_quotes(line: &[u8]) -> &[u8] {
    let Some(first) = line.iter().position(|byte| QUOTES.contains(byte)) else { return line };
    let quote = line[first];
    match memchr::memrchr(quote, line) {
        Some(last) if last > first => &line[first + 1..last],
        _ if first * 2 > line.len() => &line[..first],
        _ => &line[first + 1..],
    }
}

/// Cuts off what languages put round a piece of text and base64 does not have.
fn trim(word: &[u8]) -> &[u8] {
    let junk = |byte: &u8| {
        matches!(byte, b',' | b';' | b'\\' | b'(' | b')' | b'|' | b'#' | b'*' | b'>' | b'.' | b'[' | b']')
    };
    let start = word.iter().position(|byte| !junk(byte)).unwrap_or(word.len());
    let end = word.iter().rposition(|byte| !junk(byte)).map_or(start, |at| at + 1);
    &word[start..end]
}

/// Turns `\n`, `\\n`, `\u000a`, `&#10;` and their like into the bytes they stand for.
fn unescape(text: &[u8]) -> Vec<u8> {
    if memchr::memchr2(b'\\', b'&', text).is_none() {
        return text.to_vec();
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'\\', b'&', rest) {
        plain.extend_from_slice(&rest[..at]);
        let (byte, length) = escape(&rest[at..]);
        plain.extend(byte);
        rest = &rest[at + length..];
    }
    plain.extend_from_slice(rest);
    plain
}

/// The byte that an escape at the start of a text stands for, and the escape's length.
fn escape(text: &[u8]) -> (Option<u8>, usize) {
    const ENTITIES: [(&[u8], u8); 5] =
        [(b"&#10;", b'\n'), (b"&#xa;", b'\n'), (b"&#13;", b'\r'), (b"&#xd;", b'\r'), (b"&quot;", b'"')];
    if text[0] == b'&' {
        let entity = ENTITIES
            .iter()
            .find(|(name, _)| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
        return entity.map_or((Some(b'&'), 1), |(name, byte)| (Some(*byte), name.len()));
    }
    // JSON in JSON in YAML doubles the backslashes each time.
    let slashes = text.iter().take_while(|&&byte| byte == b'\\').count();
    match text.get(slashes) {
        Some(b'n') => (Some(b'\n'), slashes + 1),
        Some(b'r') => (Some(b'\r'), slashes + 1),
        Some(b't') => (Some(b' '), slashes + 1),
        Some(b'u') => match text.get(slashes + 1..slashes + 5).map(<[u8]>::to_ascii_lowercase).as_deref() {
            Some(b"000a") => (Some(b'\n'), slashes + 5),
            Some(b"000d") => (Some(b'\r'), slashes + 5),
            Some(b"002b") => (Some(b'+'), slashes + 5),
            Some(b"002f") => (Some(b'/'), slashes + 5),
            Some(b"003d") => (Some(b'='), slashes + 5),
            _ => (Some(b'\\'), slashes),
        },
        _ => (None, slashes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str, indent: &str) -> String {
        String::from_utf8(Body::gather(text.as_bytes(), indent.as_bytes()).data).unwrap()
    }

    #[test]
    fn the_base64_is_found_in_every_dress() {
        for (text, indent) in [
            ("\nABcd+/\nEFgh\n", ""),
            ("\r\n  ABcd+/\r\n  EFgh\r\n", "  "),
            ("\n+ABcd+/\n+EFgh\n", "+"),
            ("\n// ABcd+/\n// EFgh\n", "// "),
            ("\\nABcd+/\\nEFgh\\n", ""),
            ("\\\\nABcd+\\\\/\\\\nEFgh\\\\n", ""),
            ("\" +\n    \"ABcd+/\" +\n    \"EFgh\\n\" +\n", "    \""),
            ("',\n  'ABcd+/',\n  'EFgh',\n", "  '"),
            (" ABcd+/ EFgh ", ""),
            ("\\n\" \\\n\"ABcd+/\\n\" \\\n\"EFgh\\n\" \\\n", "\""),
            ("&#10;ABcd+/&#10;EFgh==&#10;", ""),
            ("\nkey += \"ABcd+/\";\nkey += \"EFgh\";\n", "key += \""),
        ] {
            assert_eq!(data(text, indent), "ABcd+/EFgh", "{text:?}");
        }
    }

    #[test]
    fn one_line_ends_where_the_end_line_begins() {
        assert_eq!(data("", "\\nABcd\\nEFgh\\n"), "ABcdEFgh");
        assert_eq!(data("", " ABcd EFgh "), "ABcdEFgh");
    }

    #[test]
    fn headers_and_checksums_are_told_from_the_body() {
        let body = Body::gather(b"\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\nABcd\n", b"");
        assert_eq!((body.data.as_slice(), body.locked.as_deref()), (&b"ABcd"[..], Some("AES-128-CBC")));
        let body = Body::gather(b"\nComment: made by hand\n\nABcd==\n=x/9Z\n", b"");
        assert_eq!((body.data.as_slice(), body.sum), (&b"ABcd"[..], Some(*b"x/9Z")));
    }
}
