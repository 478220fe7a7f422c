//! Dotenv files: `NAME=value` lines as the dotenv libraries and `docker --env-file` have them.
//! There is no standard; read is what they agree on: comments, `export`, both sorts of quotes, and
//! quoted values of several lines.

use super::{Fed, FeedError, What, text};
use crate::secret::Secret;
use crate::trail::inventory::{Store, Stored};
use zeroize::Zeroizing;

/// Reads a file; `path` is told.
pub fn read(bytes: &[u8], path: &str) -> Result<Vec<Fed>, FeedError> {
    let text = text(bytes, path)?;
    let mut fed = Vec::new();
    let (mut at, mut line) = (0, 0);
    while at < text.len() {
        line += 1;
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        let whole = &text[at..end];
        let next = end + 1;
        let trimmed = whole.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            at = next;
            continue;
        }
        let body = whole.trim_start();
        let body = body.strip_prefix("export ").map_or(body, str::trim_start);
        let column = whole.len() - body.len() + 1;
        let wrong =
            |column: usize, problem: &str, help: &str| FeedError::at(path, line, column, problem, help);
        let Some((name, value)) = body.split_once('=') else {
            return Err(wrong(
                column,
                "not NAME=value",
                "write one variable a line, or begin the line with #",
            ));
        };
        let name = name.trim();
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(wrong(
                column,
                "not the name of a variable",
                "write letters, digits, `_`, `.` and `-` before the =",
            ));
        }
        let value = value.trim_start();
        let start = at + (whole.len() - value.len());
        let (value, consumed) = if let Some(quote @ ('"' | '\'')) = value.chars().next() {
            let rest = &text[start + 1..];
            let Some((value, length)) = quoted(rest, quote) else {
                let column = whole.len() - value.len() + 1;
                return Err(wrong(column, "a quote that nothing closes", "close it, or take it out"));
            };
            let after = start + 1 + length;
            let end = text[after..].find('\n').map_or(text.len(), |length| after + length);
            let rest = text[after..end].trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                let line = line + text[at..after].matches('\n').count();
                let begin = text[..after].rfind('\n').map_or(0, |at| at + 1);
                let problem = "text behind the closing quote";
                return Err(FeedError::at(
                    path,
                    line,
                    after - begin + 1,
                    problem,
                    "take it out, or begin it with #",
                ));
            }
            (value, end + 1)
        } else {
            let plain = value.find(" #").map_or(value, |at| &value[..at]).trim_end();
            (Zeroizing::new(plain.to_owned()), next)
        };
        line += text[at..consumed.min(text.len())].matches('\n').count().saturating_sub(1);
        at = consumed;
        fed.push(Fed {
            stored: Stored::new(Store::Dotenv, format!("{path}: {name}")),
            what: What::Value {
                name: name.to_owned(),
                value: Secret::new(value.as_bytes()),
                is_secret: false,
                facts: Box::default(),
            },
        });
    }
    Ok(fed)
}

/// What stands between quotes, and how many bytes that takes with the closing one.
fn quoted(text: &str, quote: char) -> Option<(Zeroizing<String>, usize)> {
    let mut value = Zeroizing::new(String::with_capacity(text.len().min(4096)));
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            _ if c == quote => return Some((value, at + 1)),
            '\\' if quote == '"' => match chars.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                other @ ('"' | '\\' | '$' | '\'' | '`') => value.push(other),
                other => value.extend(['\\', other]),
            },
            _ => value.push(c),
        }
    }
    None
}
