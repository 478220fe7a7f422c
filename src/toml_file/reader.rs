//! Typed reading of a TOML document that keeps the place of everything and collects what is wrong,
//! so that one run tells all mistakes.

use super::error::{ConfigError, ConfigErrors, Place};
use super::section::Section;
use super::value::BadValue;
use crate::moment::Moment;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with the place and the key it was written under.
#[derive(Debug, Clone)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
    /// Its key, with the tables it is in.
    pub key: String,
}

impl<T> At<T> {
    /// The same place with another value.
    pub fn with<U>(&self, value: U) -> At<U> {
        At { value, place: self.place.clone(), key: self.key.clone() }
    }

    /// An error about this value.
    pub fn error(&self, bad: BadValue) -> ConfigError {
        ConfigError {
            place: self.place.clone(),
            key: Some(self.key.clone()),
            problem: bad.problem,
            help: bad.help,
        }
    }
}

/// A value of the document.
pub type Node<'a> = At<&'a DeValue<'a>>;

/// Reads one document.
pub struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    sections: &'static [Section],
    /// What is wrong so far.
    pub errors: Vec<ConfigError>,
}

impl<'a> Reader<'a> {
    /// Makes ready to read the text of the file at `path`, whose tables are `sections`.
    pub fn new(path: &'a Path, text: &'a str, sections: &'static [Section]) -> Self {
        Self { path, text, sections, errors: Vec::new() }
    }

    /// Line and column of a byte offset.
    pub fn place(&self, offset: usize) -> Place {
        let end = offset.min(self.text.len());
        let end = (0..=end).rev().find(|&at| self.text.is_char_boundary(at)).unwrap_or(0);
        let before = &self.text[..end];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place::File {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The nodes of a table whose keys are known; complains about the others.
    pub fn table(
        &mut self,
        prefix: &str,
        section: Section,
        table: &'a DeTable<'a>,
    ) -> Vec<(&'a str, Node<'a>)> {
        let mut nodes = Vec::with_capacity(table.len());
        for (name, value) in table {
            let key = join(prefix, name.get_ref());
            if section.keys.contains(&name.get_ref().as_ref()) {
                nodes.push((name.get_ref().as_ref(), self.node(key, name, value)));
            } else {
                self.errors.push(ConfigError {
                    place: self.place(name.span().start),
                    key: Some(key),
                    problem: "unknown key".to_owned(),
                    help: section.help_for(name.get_ref(), self.sections),
                });
            }
        }
        nodes
    }

    /// A node of a table.
    pub fn node(
        &self,
        key: String,
        name: &Spanned<impl AsRef<str>>,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Node<'a> {
        // A table has no text of its own to point at: the place of its name is where people look.
        let span = if value.get_ref().is_table() { name.span() } else { value.span() };
        At { value: value.get_ref(), place: self.place(span.start), key }
    }

    /// Takes a value that is a table.
    pub fn sub_table(&mut self, node: &Node<'a>, example: &str) -> Option<&'a DeTable<'a>> {
        let DeValue::Table(table) = node.value else {
            self.wrong_type(node, &format!("a table, such as {example}"));
            return None;
        };
        Some(table)
    }

    /// Takes a value that is true or false.
    pub fn boolean(&mut self, node: &Node<'a>) -> Option<bool> {
        let value = node.value.as_bool();
        if value.is_none() {
            self.wrong_type(node, "true or false, without quotes");
        }
        value
    }

    /// Takes a value that is text.
    pub fn text(&mut self, node: &Node<'a>) -> Option<At<&'a str>> {
        let DeValue::String(text) = node.value else {
            self.wrong_type(node, "text in quotes");
            return None;
        };
        Some(node.with(text.as_ref()))
    }

    /// Takes a point in time: a date or a time of TOML's, or one in quotes.
    pub fn moment(&mut self, node: &Node<'a>) -> Option<Moment> {
        let text = match node.value {
            DeValue::Datetime(time) => time.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => {
                self.wrong_type(node, "a date, such as 2026-01-31, or a time with its zone");
                return None;
            }
        };
        let read = Moment::parse(&text).map_err(|_| BadValue {
            problem: "not a point in time".to_owned(),
            help: "write a date, such as 2026-01-31, or a time with its zone, such as 2026-01-31T09:30:00Z"
                .to_owned(),
        });
        self.value(node, read)
    }

    /// Takes a list of texts.
    pub fn texts(&mut self, node: &Node<'a>) -> Vec<At<&'a str>> {
        let DeValue::Array(items) = node.value else {
            self.wrong_type(node, "a list of texts, such as [\"one\", \"two\"]");
            return Vec::new();
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            let item =
                At { value: item.get_ref(), place: self.place(item.span().start), key: node.key.clone() };
            texts.extend(self.text(&item));
        }
        texts
    }

    /// Takes a number or, where `or_text` is set, text, in the form that `parse` reads.
    pub fn number<T>(
        &mut self,
        node: &Node<'a>,
        or_text: bool,
        parse: fn(&str) -> Result<T, BadValue>,
    ) -> Option<T> {
        let text = match node.value {
            // What does not fit into 128 bits fits no setting either.
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.to_string(), |number| number.to_string()),
            DeValue::String(text) if or_text => text.to_string(),
            _ if or_text => {
                self.wrong_type(node, "a whole number of bytes, or text such as \"50MB\"");
                return None;
            }
            _ => {
                self.wrong_type(node, "a whole number, without quotes");
                return None;
            }
        };
        self.value(node, parse(&text))
    }

    /// Takes text in the form that `parse` reads.
    pub fn word<T>(&mut self, node: &Node<'a>, parse: fn(&str) -> Result<T, BadValue>) -> Option<T> {
        let text = self.text(node)?;
        self.value(&text, parse(text.value))
    }

    /// Takes what was read, or its error.
    pub fn value<T, U>(&mut self, at: &At<U>, read: Result<T, BadValue>) -> Option<T> {
        read.map_err(|bad| self.errors.push(at.error(bad))).ok()
    }

    /// Complains about the type of a value. The value itself is never shown: it may be a key that
    /// stands where it should not.
    fn wrong_type(&mut self, node: &Node<'a>, expected: &str) {
        let help = format!("write {expected}");
        let found = match node.value.type_str() {
            kind @ ("integer" | "array") => format!("an {kind}"),
            kind => format!("a {kind}"),
        };
        self.errors.push(node.error(BadValue { problem: format!("{found} does not fit here"), help }));
    }
}

/// The text of a file's bytes.
pub fn decode<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, ConfigErrors> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        ConfigError {
            place: Reader::new(path, &before, &[]).place(before.len()),
            key: None,
            problem: "not UTF-8".to_owned(),
            help: "save the file as UTF-8, as TOML asks for".to_owned(),
        }
        .into()
    })
}

/// Parses a text into its document.
pub fn parse<'a>(path: &Path, text: &'a str) -> Result<Spanned<DeTable<'a>>, ConfigErrors> {
    DeTable::parse(text).map_err(|error| {
        ConfigError {
            place: Reader::new(path, text, &[]).place(error.span().map_or(0, |span| span.start)),
            key: None,
            problem: format!("not TOML: {}", error.message().replace('\n', ", ")),
            help: "see https://toml.io for the form".to_owned(),
        }
        .into()
    })
}

/// Refuses a file without a version or with one that is not `known`: in another version nothing else
/// in the file means what we think.
pub fn check_version<'a>(
    reader: &mut Reader<'a>,
    table: &'a DeTable<'a>,
    known: u32,
) -> Result<(), ConfigErrors> {
    let right = format!("write `version = {known}` at the top of the file");
    let Some((name, value)) = table.iter().find(|(name, _)| name.get_ref() == "version") else {
        return Err(ConfigError {
            place: reader.place(0),
            key: Some("version".to_owned()),
            problem: "missing".to_owned(),
            help: right,
        }
        .into());
    };
    let node = reader.node("version".to_owned(), name, value);
    let is_known = match node.value {
        DeValue::Integer(number) => {
            u32::from_str_radix(number.as_str(), number.radix()).is_ok_and(|version| version == known)
        }
        _ => false,
    };
    if is_known {
        return Ok(());
    }
    Err(node
        .error(BadValue {
            problem: "not a version that this keytrail reads".to_owned(),
            help: format!("{right}; if a newer keytrail wrote it, update this one"),
        })
        .into())
}

/// A key with the sections it is in, quoted where TOML would need it.
fn join(prefix: &str, name: &str) -> String {
    let bare =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let name = if bare { name.to_owned() } else { super::value::quoted(name) };
    if prefix.is_empty() { name } else { format!("{prefix}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\nüü = 2\n";
        let reader = Reader::new(Path::new("k"), text, &[]);
        let at = |offset| match reader.place(offset) {
            Place::File { line, column, .. } => (line, column),
            other => panic!("{other}"),
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(text.find('=').unwrap()), (1, 3));
        assert_eq!(at(text.rfind('2').unwrap()), (2, 6));
        assert_eq!(at(text.len()), (3, 1));
        assert_eq!(at(usize::MAX), (3, 1));
    }

    #[test]
    fn odd_keys_are_quoted() {
        assert_eq!(join("rule", "a-b"), "rule.a-b");
        assert_eq!(join("", "a b"), "\"a b\"");
    }
}
