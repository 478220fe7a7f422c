//! What is wrong with the settings, and where.

use super::value::BadValue;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a setting was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line and column, both from 1, of a configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The column, in characters.
        column: usize,
    },
    /// A file as a whole.
    Path(PathBuf),
    /// An environment variable.
    Variable(&'static str),
    /// A flag of the command line, with its dashes.
    Flag(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", shown(path)),
            Self::Path(path) => f.write_str(&shown(path)),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A path as people want to read it: relative to the current folder if it is inside, and without
/// control characters that could drive a terminal.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let path = here.as_deref().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path);
    path.to_string_lossy()
        .chars()
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

/// One thing that is wrong: `keytrail.toml:4:1: scan.exlude: unknown key; did you mean …`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {}{problem}; {help}", .key.as_ref().map(|key| format!("{key}: ")).unwrap_or_default())]
pub struct ConfigError {
    /// Where it stands.
    pub place: Place,
    /// The key with its sections, as in `gate.fail-on`, where there is one.
    pub key: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub help: String,
}

impl ConfigError {
    /// An error about a value that stands in no file.
    pub fn outside(place: Place, bad: BadValue) -> Self {
        Self { place, key: None, problem: bad.problem, help: bad.help }
    }
}

/// Everything that is wrong, in the order of the places; never empty. `Display` gives one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// `Ok` if there is nothing to complain about.
    pub fn check(mut errors: Vec<ConfigError>) -> Result<(), Self> {
        // The sort is stable: what does not stand in a file keeps its order.
        errors.sort_by_key(|error| match error.place {
            Place::File { line, column, .. } => (line, column),
            _ => (usize::MAX, 0),
        });
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// The errors one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

/// The known name that was most likely meant: the nearest by edit distance, if it is near enough.
/// `_` counts as `-` and case does not count.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Nothing we name is longer, and the distance takes time in the product of the lengths.
    const LONGEST: usize = 100;
    if typed.len() > LONGEST {
        return None;
    }
    let typed = typed.to_lowercase().replace('_', "-");
    let limit = (typed.chars().count() / 3).max(1);
    known
        .into_iter()
        .filter(|name| name.len() <= LONGEST)
        .map(|name| (edit_distance(&typed, name), name))
        .filter(|&(distance, _)| distance <= limit)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

/// Edits between two texts, in characters: one is replaced, added, left out, or two that stand side
/// by side are swapped, which is how fingers err most.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(rows[i - 2][j - 2] + 1);
            }
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("hihg", "high"), 1);
        let known = ["exclude", "max-file-size", "rules"];
        assert_eq!(nearest("exlude", known), Some("exclude"));
        assert_eq!(nearest("Max_File_Size", known), Some("max-file-size"));
        assert_eq!(nearest("rule", known), Some("rules"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }

    #[test]
    fn errors_come_in_the_order_of_the_file_one_a_line() {
        let error = |line| ConfigError {
            place: Place::File { path: "keytrail.toml".into(), line, column: 1 },
            key: Some("a.b".into()),
            problem: "wrong".into(),
            help: "be right".into(),
        };
        let errors = ConfigErrors::check(vec![error(9), error(2)]).unwrap_err();
        assert_eq!(
            errors.to_string(),
            "keytrail.toml:2:1: a.b: wrong; be right\nkeytrail.toml:9:1: a.b: wrong; be right"
        );
        assert!(ConfigErrors::check(Vec::new()).is_ok());
    }
}
