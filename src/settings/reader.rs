//! Typed reading of a TOML document that keeps the place of everything and collects what is wrong,
//! so that one run tells all mistakes.

use super::error::{ConfigError, Place};
use super::keys::Section;
use super::value::BadValue;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with the place and the key it was written under.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub value: T,
    pub place: Place,
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
pub(super) type Node<'a> = At<&'a DeValue<'a>>;

/// Reads one document.
pub(super) struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    pub errors: Vec<ConfigError>,
}

impl<'a> Reader<'a> {
    pub fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text, errors: Vec::new() }
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
                    help: section.help_for(name.get_ref()),
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

/// A key with the sections it is in, quoted where TOML would need it.
fn join(prefix: &str, name: &str) -> String {
    let bare =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let name = if bare { name.to_owned() } else { crate::bad_value::quoted(name) };
    if prefix.is_empty() { name } else { format!("{prefix}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\nüü = 2\n";
        let reader = Reader::new(Path::new("k"), text);
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
