//! What the command line and the environment each set over `keytrail.toml`.

use super::error::{ConfigError, ConfigErrors, Place};
use super::value::{self, BadValue, SizeLimit};
use crate::level::Confidence;
use crate::policy::gate::FailOn;
use crate::secret::Secret;
use crate::toml_file::PathGlob;
use std::ffi::OsString;
use std::path::PathBuf;

/// Settings from one place outside the file. What is `None` or empty is left to the next place in
/// the order: command line, environment, file, default. Relative paths count from the current
/// folder.
#[derive(Debug, Default)]
pub struct Overrides {
    /// The configuration file to read, in place of a search.
    pub config: Option<PathBuf>,
    /// Read no configuration file at all.
    pub no_config: bool,
    /// More globs to leave out; added to the file's.
    pub exclude: Vec<PathGlob>,
    /// The largest file to read.
    pub max_file_size: Option<SizeLimit>,
    /// How many archives may lie in each other.
    pub max_archive_depth: Option<u32>,
    /// Whether to scan submodules and nested repositories.
    pub nested: Option<bool>,
    /// How many threads; 0 for the number of cores.
    pub threads: Option<usize>,
    /// Whether other scanners' allow markers count.
    pub peer_markers: Option<bool>,
    /// Whether encoded secrets are looked for.
    pub decode: Option<bool>,
    /// More rule files or folders; added to the file's.
    pub rules: Vec<PathBuf>,
    /// The baseline to use.
    pub baseline: Option<PathBuf>,
    /// Use no baseline, whatever the file says.
    pub no_baseline: bool,
    /// The least confidence to report.
    pub confidence: Option<Confidence>,
    /// What makes the scan fail.
    pub fail_on: Option<FailOn>,
    /// Whether an incomplete scan may pass.
    pub allow_incomplete: Option<bool>,
    /// The fingerprint key itself. Only the environment sets it: a command line can be seen by
    /// every user of the machine.
    pub key: Option<Secret>,
    /// A file that holds the fingerprint key.
    pub key_file: Option<PathBuf>,
}

/// The environment variables that are read.
pub const VARIABLES: [&str; 13] = [
    "KEYTRAIL_CONFIG",
    "KEYTRAIL_CONFIDENCE",
    "KEYTRAIL_DECODE",
    "KEYTRAIL_FAIL_ON",
    "KEYTRAIL_ALLOW_INCOMPLETE",
    "KEYTRAIL_BASELINE",
    "KEYTRAIL_KEY",
    "KEYTRAIL_KEY_FILE",
    "KEYTRAIL_MAX_ARCHIVE_DEPTH",
    "KEYTRAIL_MAX_FILE_SIZE",
    "KEYTRAIL_NESTED",
    "KEYTRAIL_PEER_MARKERS",
    "KEYTRAIL_THREADS",
];

impl Overrides {
    /// Reads the environment of this process.
    pub fn from_env() -> Result<Self, ConfigErrors> {
        Self::from_variables(&|name| std::env::var_os(name))
    }

    /// Reads environment variables through `get`. An empty variable counts as unset, since that is
    /// what CI systems make of a value that is missing.
    pub fn from_variables(get: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, ConfigErrors> {
        let mut errors = Vec::new();
        let path = |name| get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let read = Self {
            config: path("KEYTRAIL_CONFIG"),
            confidence: read(get, &mut errors, "KEYTRAIL_CONFIDENCE", value::confidence),
            decode: read(get, &mut errors, "KEYTRAIL_DECODE", value::boolean),
            fail_on: read(get, &mut errors, "KEYTRAIL_FAIL_ON", value::fail_on),
            allow_incomplete: read(get, &mut errors, "KEYTRAIL_ALLOW_INCOMPLETE", value::boolean),
            baseline: path("KEYTRAIL_BASELINE"),
            key: get("KEYTRAIL_KEY").filter(|value| !value.is_empty()).map(super::key::secret_of),
            key_file: path("KEYTRAIL_KEY_FILE"),
            max_archive_depth: read(get, &mut errors, "KEYTRAIL_MAX_ARCHIVE_DEPTH", value::archive_depth),
            max_file_size: read(get, &mut errors, "KEYTRAIL_MAX_FILE_SIZE", value::size),
            nested: read(get, &mut errors, "KEYTRAIL_NESTED", value::boolean),
            peer_markers: read(get, &mut errors, "KEYTRAIL_PEER_MARKERS", value::boolean),
            threads: read(get, &mut errors, "KEYTRAIL_THREADS", value::threads),
            ..Self::default()
        };
        if read.key.is_some() && read.key_file.is_some() {
            errors.push(ConfigError::outside(
                Place::Variable("KEYTRAIL_KEY_FILE"),
                BadValue {
                    problem: "KEYTRAIL_KEY is set too".to_owned(),
                    help: "keep one of the two".to_owned(),
                },
            ));
        }
        ConfigErrors::check(errors)?;
        Ok(read)
    }
}

/// Reads one variable.
fn read<T>(
    get: &dyn Fn(&str) -> Option<OsString>,
    errors: &mut Vec<ConfigError>,
    name: &'static str,
    parse: fn(&str) -> Result<T, BadValue>,
) -> Option<T> {
    let value = get(name).filter(|value| !value.is_empty())?;
    // What is no UTF-8 is none of the allowed values either.
    match parse(value.to_string_lossy().trim()) {
        Ok(value) => Some(value),
        Err(bad) => {
            errors.push(ConfigError::outside(Place::Variable(name), bad));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Overrides, ConfigErrors> {
        Overrides::from_variables(&|name| {
            assert!(VARIABLES.contains(&name), "{name} is not in the list of variables");
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn variables_are_read() {
        let read = from(&[
            ("KEYTRAIL_CONFIG", "x.toml"),
            ("KEYTRAIL_CONFIDENCE", "high"),
            ("KEYTRAIL_FAIL_ON", "critical"),
            ("KEYTRAIL_ALLOW_INCOMPLETE", "1"),
            ("KEYTRAIL_BASELINE", "b.json"),
            ("KEYTRAIL_MAX_ARCHIVE_DEPTH", "3"),
            ("KEYTRAIL_MAX_FILE_SIZE", "1MiB"),
            ("KEYTRAIL_NESTED", "true"),
            ("KEYTRAIL_PEER_MARKERS", "no"),
            ("KEYTRAIL_THREADS", "3"),
            ("KEYTRAIL_KEY", "some words to serve as a key"),
        ])
        .unwrap();
        assert_eq!(read.config, Some("x.toml".into()));
        assert_eq!(read.confidence, Some(Confidence::High));
        assert_eq!(read.fail_on, value::fail_on("critical").ok());
        assert_eq!(read.allow_incomplete, Some(true));
        assert_eq!(read.baseline, Some("b.json".into()));
        assert_eq!(read.max_file_size.and_then(SizeLimit::bytes), Some(1 << 20));
        assert_eq!(read.max_archive_depth, Some(3));
        assert_eq!((read.nested, read.peer_markers, read.threads), (Some(true), Some(false), Some(3)));
        assert!(read.key.is_some());
    }

    #[test]
    fn empty_variables_are_unset() {
        let read = from(&VARIABLES.map(|name| (name, ""))).unwrap();
        assert!(read.config.is_none() && read.key.is_none() && read.threads.is_none());
    }

    #[test]
    fn every_bad_variable_is_named() {
        let errors = from(&[
            ("KEYTRAIL_THREADS", "many"),
            ("KEYTRAIL_FAIL_ON", "hihg"),
            ("KEYTRAIL_KEY", "words to serve as a key"),
            ("KEYTRAIL_KEY_FILE", "k"),
        ])
        .unwrap_err()
        .to_string();
        let lines: Vec<&str> = errors.lines().collect();
        assert_eq!(lines.len(), 3, "{errors}");
        assert!(lines[0].starts_with("KEYTRAIL_FAIL_ON: \"hihg\" is not allowed; did you mean \"high\"?"));
        assert!(lines[1].starts_with("KEYTRAIL_THREADS: \"many\" is no number of threads"));
        assert!(lines[2].starts_with("KEYTRAIL_KEY_FILE: KEYTRAIL_KEY is set too"));
        assert!(!errors.contains("serve"));
    }
}
