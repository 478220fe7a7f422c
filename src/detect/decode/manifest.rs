//! The `data:` of Kubernetes Secrets, in YAML and JSON: each value is base64, and its name says
//! what it is (Kubernetes API reference, core/v1 Secret).

use super::runs;
use super::text_share;
use super::view::{Builder, Counts, View};
use data_encoding::BASE64;
use memchr::memmem::Finder;
use std::ops::Range;
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// A longer value holds a file and is searched as one.
const LONGEST: usize = 512;

/// Calls `visit` with each value as the assignment to its name that it stands for.
pub fn find(text: &[u8], visit: &mut dyn FnMut(View)) {
    if !is_secret(text) {
        return;
    }
    let mut from = 0;
    for at in memchr::memmem::find_iter(text, b"data") {
        if at < from {
            continue;
        }
        let before = at.checked_sub(1).map(|at| text[at]);
        if !matches!(before, None | Some(b' ' | b'\t' | b'\n' | b'"' | b'\'')) {
            continue;
        }
        let mut cursor = Cursor { text, at: at + 4 };
        cursor.quote();
        if cursor.take(b':') {
            from = if cursor.blank() && cursor.line_ends() {
                cursor.block(indent(text, at), visit)
            } else {
                cursor.object(visit)
            };
        }
    }
}

/// Whether a text has a manifest of a Secret: `kind: Secret`, `"kind": "Secret"`.
pub fn is_secret(text: &[u8]) -> bool {
    static SECRET: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"Secret"));
    SECRET.find_iter(text).any(|at| {
        let ends = !text.get(at + 6).is_some_and(u8::is_ascii_alphanumeric);
        let before = text[..at].trim_ascii_end();
        let before = before.strip_suffix(b"\"").unwrap_or(before);
        let before = &before[before.len().saturating_sub(16)..];
        let before = before.trim_ascii_end().strip_suffix(b":");
        let kind = before.map(<[u8]>::trim_ascii_end);
        let kind = kind.map(|kind| kind.strip_suffix(b"\"").unwrap_or(kind));
        ends && kind.is_some_and(|kind| kind.ends_with(b"kind"))
    })
}

/// How far a line's content is indented.
fn indent(text: &[u8], at: usize) -> usize {
    const FAR: usize = 64;
    let line = &text[at.saturating_sub(FAR)..at];
    let line = &line[memchr::memrchr(b'\n', line).map_or(0, |end| end + 1)..];
    line.iter().take_while(|&&byte| byte == b' ').count()
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_it = self.peek() == Some(byte);
        self.at += usize::from(is_it);
        is_it
    }

    fn quote(&mut self) -> bool {
        self.take(b'"') || self.take(b'\'')
    }

    /// Passes spaces. Always true, to be told in a row of conditions.
    fn blank(&mut self) -> bool {
        self.at += self.text[self.at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        true
    }

    fn space(&mut self) {
        self.at += self.text[self.at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    }

    fn line_ends(&self) -> bool {
        matches!(self.peek(), None | Some(b'\n' | b'\r' | b'#'))
    }

    /// The name at the cursor, with its colon passed.
    fn name(&mut self) -> Option<Range<usize>> {
        self.quote();
        let start = self.at;
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        self.at += self.text[start..].iter().take(256).take_while(is_name).count();
        let name = start..self.at;
        self.quote();
        self.blank();
        (!name.is_empty() && self.take(b':')).then_some(name)
    }

    /// The value at the cursor.
    fn value(&mut self) -> Range<usize> {
        self.blank();
        self.quote();
        let start = self.at;
        let is_digit = |byte: &&u8| runs::is_base64(**byte) || **byte == b'=';
        self.at += self.text[start..].iter().take_while(is_digit).count();
        let value = start..self.at;
        self.quote();
        value
    }

    /// Lines that are indented further than `data:` itself; where they end.
    fn block(mut self, indent: usize, visit: &mut dyn FnMut(View)) -> usize {
        loop {
            let rest = &self.text[self.at..];
            let Some(line_end) = memchr::memchr(b'\n', rest) else { return self.text.len() };
            self.at += line_end + 1;
            let start = self.at;
            self.blank();
            if self.line_ends() {
                if self.peek().is_none() {
                    return self.at;
                }
                continue;
            }
            if self.at - start <= indent {
                return start;
            }
            if let Some(name) = self.name() {
                let value = self.value();
                self.blank();
                if self.line_ends() {
                    visit_pair(self.text, name, value, visit);
                }
            }
        }
    }

    /// The members of a JSON object; where they end.
    fn object(mut self, visit: &mut dyn FnMut(View)) -> usize {
        self.space();
        if !self.take(b'{') {
            return self.at;
        }
        loop {
            self.space();
            let Some(name) = self.name() else { return self.at };
            self.space();
            let value = self.value();
            self.space();
            if matches!(self.peek(), Some(b',' | b'}')) {
                visit_pair(self.text, name, value, visit);
            }
            if !self.take(b',') {
                return self.at;
            }
        }
    }
}

fn visit_pair(text: &[u8], name: Range<usize>, value: Range<usize>, visit: &mut dyn FnMut(View)) {
    if value.len() > LONGEST || value.len() < 4 {
        return;
    }
    let Ok(decoded) = BASE64.decode(&text[value.clone()]).map(Zeroizing::new) else { return };
    let secret = decoded.trim_ascii();
    let Some(quote) = [b'"', b'\'', b'`'].into_iter().find(|quote| !secret.contains(quote)) else { return };
    if text_share(secret) < 100 || secret.is_empty() || memchr::memchr2(b'\n', b'\\', secret).is_some() {
        return;
    }
    let lead = decoded.len() - decoded.trim_ascii_start().len();
    let mut builder = Builder::new(text, name.start, name.len() + secret.len() + 4);
    builder.keep_to(name.end);
    builder.stand_for(name.end..value.start, &[b'=', quote]);
    builder.put_base64(value, lead, secret);
    let mut view = builder.finish(&["base64"], None, false);
    if let Counts::Near { from, .. } = &mut view.counts {
        *from = name.len() + 2;
    }
    close(&mut view, quote);
    visit(view);
}

/// Ends the assignment. The view has room for it.
fn close(view: &mut View, quote: u8) {
    view.text.extend_from_slice(&[quote, b'\n']);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<String> {
        let mut pairs = Vec::new();
        find(text.as_bytes(), &mut |view| {
            pairs.push(String::from_utf8_lossy(&view.text).trim_end().to_owned());
        });
        pairs
    }

    #[test]
    fn values_are_read_with_their_names() {
        let (one, two) = (BASE64.encode(b"swordfish"), BASE64.encode(b"it's\n"));
        let yaml = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ntype: Opaque\ndata:\n  # a comment\n  \
             pass: {one}\n\n  'user': \"{two}\"\n  not: base 64\nimmutable: true\nstringData:\n  other: {one}\n"
        );
        let expected = ["pass=\"swordfish\"", "user=\"it's\""];
        assert_eq!(pairs(&yaml), expected);
        let json =
            format!("{{\"kind\" : \"Secret\",\n\"data\": {{ \"pass\":\"{one}\", \"user\": \"{two}\"}}}}");
        assert_eq!(pairs(&json), expected);
        let inner = format!("- kind: Secret\n  data:\n    pass: {one}\n  type: {two}\n");
        assert_eq!(pairs(&inner), expected[..1]);
        assert!(pairs(&yaml.replace("Secret", "ConfigMap")).is_empty());
        assert!(pairs(&yaml.replace("kind: Secret", "kind: SecretStore")).is_empty());
    }
}
