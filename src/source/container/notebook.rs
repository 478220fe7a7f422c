//! Jupyter notebooks: JSON whose cells and outputs are lists of strings, a line of text each
//! (`nbformat` 4). A rule has to see `password = "x"` and not `"password = \"x\"\n",`.
//!
//! What comes out has every byte of the file in its line and every line at its place; within a
//! line only what follows an escape moves to the left.

/// Keys whose strings are text: a cell's, and those of outputs.
const TEXT_KEYS: [&[u8]; 6] = [b"source", b"text", b"text/plain", b"text/html", b"text/markdown", b"evalue"];

/// Deeper than any notebook goes; what is below stays as it is.
const DEEPEST: usize = 256;

#[derive(Clone, Copy)]
struct Level {
    is_object: bool,
    is_text: bool,
}

/// The notebook with its texts as they were written.
pub fn plain(json: &[u8]) -> Vec<u8> {
    let mut out = json.to_vec();
    let mut levels: Vec<Level> = Vec::new();
    let mut deeper = 0_usize;
    // Whether the next string of an object is a key, and whether the next value is text.
    let (mut is_key, mut is_text) = (false, false);
    let mut at = 0;
    while at < json.len() {
        match json[at] {
            open @ (b'{' | b'[') => {
                let is_object = open == b'{';
                if levels.len() < DEEPEST {
                    levels.push(Level { is_object, is_text: is_text && !is_object });
                } else {
                    deeper += 1;
                }
                is_key = is_object;
            }
            b'}' | b']' => {
                if deeper > 0 {
                    deeper -= 1;
                } else {
                    levels.pop();
                }
                is_key = false;
            }
            b',' => {
                is_key = levels.last().is_some_and(|level| level.is_object);
                is_text = levels.last().is_some_and(|level| level.is_text);
            }
            b'"' => {
                let Some(end) = string_end(json, at + 1) else { break };
                if is_key {
                    is_text = deeper == 0 && TEXT_KEYS.contains(&&json[at + 1..end]);
                    is_key = false;
                } else if is_text && deeper == 0 {
                    unescape(json, at, end, &mut out);
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    out
}

/// Where the quote is that ends a string.
fn string_end(json: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Writes a string into its own place, without quotes, the comma behind it and the end of its
/// line, and fills up with spaces.
fn unescape(json: &[u8], start: usize, end: usize, out: &mut [u8]) {
    let mut content = &json[start + 1..end];
    for ending in [b"\\n", b"\\r"] {
        // An even number of backslashes before it would make it a letter.
        if let Some(shorter) = content.strip_suffix(ending)
            && shorter.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 0
        {
            content = shorter;
        }
    }
    out[start] = b' ';
    let mut to = start + 1;
    let mut put = |bytes: &[u8]| {
        out[to..to + bytes.len()].copy_from_slice(bytes);
        to += bytes.len();
    };
    let mut rest = content;
    while let Some((&first, after)) = rest.split_first() {
        if first != b'\\' {
            let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
            put(&rest[..plain]);
            rest = &rest[plain..];
            continue;
        }
        let Some((&kind, after)) = after.split_first() else { break };
        rest = after;
        match kind {
            // A line that ends here would move all that follow.
            b'n' | b'r' => put(&[b'\\', kind]),
            b't' => put(b"\t"),
            b'b' | b'f' => put(b" "),
            b'u' => {
                let (c, length) = unicode(after);
                let mut utf8 = [0; 4];
                put(if c.is_control() { " " } else { c.encode_utf8(&mut utf8) }.as_bytes());
                rest = &after[length..];
            }
            other => put(&[other]),
        }
    }
    let behind = json.get(end + 1..).unwrap_or_default();
    let comma = behind.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
    if let Some(comma) = comma.filter(|&comma| behind[comma] == b',') {
        out[end + 1 + comma] = b' ';
    }
    out[to..=end].fill(b' ');
}

/// The character of a `\u` escape, perhaps of two in a row, and how many bytes it takes.
fn unicode(digits: &[u8]) -> (char, usize) {
    let unit = |digits: Option<&[u8]>| {
        digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|text| u16::from_str_radix(text, 16).ok())
    };
    let Some(first) = unit(digits.get(..4)) else { return (' ', 0) };
    let second = digits.get(4..6).filter(|mark| mark == b"\\u").and_then(|_| unit(digits.get(6..10)));
    if let (0xd800..0xdc00, Some(second @ 0xdc00..0xe000)) = (first, second) {
        let c = char::decode_utf16([first, second]).next().and_then(Result::ok);
        return (c.unwrap_or(char::REPLACEMENT_CHARACTER), 10);
    }
    (char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER), 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> String {
        let out = plain(json.as_bytes());
        assert_eq!(out.len(), json.len());
        let lines = |bytes: &[u8]| -> Vec<usize> { memchr::memchr_iter(b'\n', bytes).collect() };
        assert_eq!(lines(&out), lines(json.as_bytes()), "every line stays at its place");
        String::from_utf8(out).expect("UTF-8 stays UTF-8")
    }

    #[test]
    fn cells_are_shown_as_they_were_written() {
        let json = "{\n \"cells\": [\n  {\n   \"source\": [\n    \"a = \\\"x\\\\n\\\"\\n\",\n    \"b\\t\\u00fc\\ud83d\\ude00\"\n   ]\n  }\n ]\n}";
        let shown = shown(json);
        let lines: Vec<&str> = shown.lines().map(str::trim).collect();
        assert_eq!(lines[4], "a = \"x\\n\"");
        assert_eq!(lines[5], "b\tü😀");
    }

    #[test]
    fn one_line_stays_one_line_and_other_strings_stay_json() {
        let text =
            shown("{\"cells\":[{\"source\":\"a = \\\"x\\\"\\nb\",\"id\":\"\\\"q\\\"\",\"x\":[\"\\\"\"]}]}");
        assert!(text.contains(" a = \"x\"\\nb"), "{text}");
        assert!(text.contains("\"id\":\"\\\"q\\\"\""), "{text}");
        assert!(text.contains("[\"\\\"\"]"), "{text}");
    }

    #[test]
    fn broken_json_does_no_harm() {
        for json in
            ["{\"source\":[\"a\\", "{\"source\":\"\\u12\"}", "]]]}}}\"", "{\"source\":\"\\ud800\"", ""]
        {
            plain(json.as_bytes());
        }
        shown(&format!("{}\"source\":[\"\\\"\"]", "{".repeat(1000)));
    }
}
