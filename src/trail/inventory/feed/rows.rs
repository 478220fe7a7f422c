//! Rows of facts, from CSV (RFC 4180) with a headline, or from JSON: a list of objects, or several
//! lists one after the other, as `gh api --paginate` and `curl` print them.

use super::{FeedError, text};
use crate::moment::Moment;
use serde_json::Value;
use std::collections::BTreeMap;

/// One row, its fields under their names: small letters, digits and `_`.
pub(super) struct Row<'a> {
    file: &'a str,
    /// The line of a CSV file, from 1; `None` for JSON.
    line: Option<u64>,
    /// Which one it is, from 1.
    number: usize,
    columns: BTreeMap<String, usize>,
    fields: BTreeMap<String, Vec<String>>,
}

impl Row<'_> {
    /// Whether the format has such a field, be it empty.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().any(|&name| self.fields.contains_key(name))
    }

    /// The first of these fields that says something.
    pub(super) fn get(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|&name| {
            let text = self.fields.get(name)?.first()?.as_str();
            (!is_silent(text)).then_some(text)
        })
    }

    /// The first of these fields that says something, split where it is one text.
    pub(super) fn list(&self, names: &[&str]) -> Vec<String> {
        let Some(values) = names.iter().find_map(|&name| self.fields.get(name)) else { return Vec::new() };
        let split = |c: char| c == ',' || c == ';' || c.is_whitespace();
        let parts = values.iter().flat_map(|text| text.split(split)).filter(|part| !is_silent(part));
        parts.map(str::to_owned).collect()
    }

    /// All fields whose names begin so, with the rest of their names.
    pub(super) fn under<'r>(&'r self, prefix: &'r str) -> impl Iterator<Item = (&'r str, &'r str)> {
        self.fields.iter().filter_map(move |(name, values)| {
            Some((name.strip_prefix(prefix)?, values.first().map_or("", String::as_str)))
        })
    }

    /// The first of these fields that says something, as a point in time.
    pub(super) fn moment(&self, names: &[&str]) -> Result<Option<Moment>, FeedError> {
        for &name in names {
            let Some(text) = self.get(&[name]) else { continue };
            let help = "write a date, such as 2026-01-31, or a time with its zone (RFC 3339)";
            return moment(text).map(Some).ok_or_else(|| self.wrong(name, "not a point in time", help));
        }
        Ok(None)
    }

    /// The first of these fields that says something, as a word for yes or no.
    pub(super) fn boolean(&self, names: &[&str]) -> Result<Option<bool>, FeedError> {
        for &name in names {
            let Some(text) = self.get(&[name]) else { continue };
            return match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" | "active" => Ok(Some(true)),
                "false" | "no" | "0" | "inactive" => Ok(Some(false)),
                _ => Err(self.wrong(name, "neither true nor false", "write true or false")),
            };
        }
        Ok(None)
    }

    /// An error about a field.
    pub(super) fn wrong(&self, name: &str, problem: &str, help: &str) -> FeedError {
        match (self.line, self.columns.get(name)) {
            (Some(line), Some(column)) => {
                FeedError::new(self.file, format!(":{line}: column {column} ({name})"), problem, help)
            }
            (Some(line), None) => FeedError::new(self.file, format!(":{line}: {name}"), problem, help),
            (None, _) => FeedError::new(self.file, format!(": item {}: {name}", self.number), problem, help),
        }
    }

    /// The names of the fields.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }
}

/// What exports write where they have nothing to say. AWS: `N/A`, `no_information`, `not_supported`.
fn is_silent(text: &str) -> bool {
    let silent = ["", "-", "n/a", "none", "null", "never", "no_information", "not_supported"];
    silent.contains(&text.trim().to_ascii_lowercase().as_str())
}

/// A time as exports write it: RFC 3339, or its parts with spaces between them.
fn moment(text: &str) -> Option<Moment> {
    let text = text.trim();
    if let Ok(moment) = Moment::parse(text) {
        return Some(moment);
    }
    // `2026-01-31 09:30:00 UTC` and `2026-01-31 09:30:00 +0000`.
    let mut parts = text.split_whitespace();
    let (date, time) = (parts.next()?, parts.next()?);
    let zone = match parts.next() {
        None | Some("UTC" | "+0000" | "Z") => "Z",
        Some(_) => return None,
    };
    let time = time.trim_end_matches('Z');
    Moment::parse(&format!("{date}T{time}{zone}")).ok()
}

/// A name of a column or field: small letters, digits and `_`.
fn plain(name: &str) -> String {
    name.trim().chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

/// Reads CSV or JSON, whichever it is.
pub(super) fn read<'a>(bytes: &[u8], file: &'a str) -> Result<Vec<Row<'a>>, FeedError> {
    let text = text(bytes, file)?;
    match text.trim_start().as_bytes().first() {
        Some(b'[' | b'{') => json(text, file),
        _ => csv(text, file),
    }
}

/// Reads CSV.
pub(super) fn csv<'a>(text: &str, file: &'a str) -> Result<Vec<Row<'a>>, FeedError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut names: Option<Vec<String>> = None;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            FeedError::at(file, line as usize, 1, "not CSV", "export the file again")
        })?;
        let line = record.position().map_or(1, csv::Position::line);
        let Some(names) = &names else {
            let headline: Vec<String> = record.iter().map(plain).collect();
            if let Some(at) = headline.iter().enumerate().position(|(at, name)| headline[..at].contains(name))
            {
                let help = "give each column a name of its own";
                return Err(FeedError::at(file, 1, at + 1, "two columns of one name", help));
            }
            names = Some(headline);
            continue;
        };
        if record.len() != names.len() {
            let problem = format!("{} fields, where the headline has {}", record.len(), names.len());
            let help = "put quotes round fields that hold a comma or a line feed";
            return Err(FeedError::at(file, line as usize, record.len().min(names.len()) + 1, problem, help));
        }
        let fields = names.iter().cloned().zip(record.iter().map(|field| vec![field.to_owned()])).collect();
        let columns = names.iter().enumerate().map(|(at, name)| (name.clone(), at + 1)).collect();
        rows.push(Row { file, line: Some(line), number: rows.len() + 1, columns, fields });
    }
    if names.is_none() {
        return Err(FeedError::at(file, 1, 1, "empty", "give a CSV file with a headline, or JSON"));
    }
    Ok(rows)
}

fn json<'a>(text: &str, file: &'a str) -> Result<Vec<Row<'a>>, FeedError> {
    let mut rows = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.map_err(|error| {
            FeedError::at(file, error.line(), error.column(), "not JSON", "export the file again")
        })?;
        let items = match value {
            Value::Array(items) => items,
            item @ Value::Object(_) => vec![item],
            _ => Vec::new(),
        };
        for item in items {
            let number = rows.len() + 1;
            let Value::Object(object) = item else {
                let place = format!(": item {number}");
                return Err(FeedError::new(file, place, "not an object", "give a list of objects"));
            };
            let mut fields = BTreeMap::new();
            for (key, value) in object {
                flatten(plain(&key), value, &mut fields);
            }
            rows.push(Row { file, line: None, number, columns: BTreeMap::new(), fields });
        }
    }
    Ok(rows)
}

fn flatten(name: String, value: Value, fields: &mut BTreeMap<String, Vec<String>>) {
    let plain_text = |value: Value| match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    match value {
        Value::Object(inner) => {
            for (key, value) in inner {
                flatten(format!("{name}.{}", plain(&key)), value, fields);
            }
        }
        Value::Array(items) => {
            let texts = items.into_iter().filter(|item| !item.is_object() && !item.is_array());
            fields.insert(name, texts.map(plain_text).collect());
        }
        other => drop(fields.insert(name, vec![plain_text(other)])),
    }
}
