//! The baseline: findings that were there when keytrail was adopted.
//!
//! It holds fingerprints, rules and paths: no secret, no mask, no line number. A finding is known
//! where its fingerprint and path are in the baseline together, so edits round it change nothing,
//! and the same secret in another file is new.

mod form;

use crate::finding::{Finding, Status};
use crate::origin::RepoPath;
use crate::replace_file::replace;
use crate::secret::Fingerprint;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// The name under which a baseline is written where the user gives none.
pub const DEFAULT_NAME: &str = ".keytrail-baseline.json";

/// Known findings under one fingerprint key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    key_id: String,
    /// Sorted by path, then fingerprint, which is also the order of the file: what belongs to one
    /// file of the repository stands together, so that two branches seldom touch the same lines.
    entries: BTreeMap<(RepoPath, Fingerprint), String>,
}

/// One known place of a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Where the secret is.
    pub path: RepoPath,
    /// Which secret it is.
    pub fingerprint: Fingerprint,
    /// The rule that found it. It tells people what the entry is; it is not compared, so that a
    /// better rule for the same secret changes nothing.
    pub rule: String,
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is not there.
    #[error(
        "the baseline {path} does not exist; make it with `keytrail baseline`, or take it out of the settings"
    )]
    Missing {
        /// The file.
        path: String,
    },
    /// The file cannot be read or written.
    #[error("the baseline {path} cannot be {action}: {error}; check the path and its permissions")]
    Io {
        /// The file.
        path: String,
        /// `read` or `written`.
        action: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// The file is no baseline.
    #[error("{path}:{line}:{column}: not a baseline: {problem}; {help}")]
    Malformed {
        /// The file.
        path: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        problem: String,
        /// What to do.
        help: &'static str,
    },
    /// The file has a form that we do not know.
    #[error(
        "the baseline {path} has version {found}, and this keytrail reads version {}; update keytrail, or make it again with `keytrail baseline`",
        form::VERSION
    )]
    Version {
        /// The file.
        path: String,
        /// The version it claims.
        found: u64,
    },
    /// The fingerprints were made with another key, so nothing would match.
    #[error(
        "the baseline {path} was made with the fingerprint key {found}, and this run uses {used}; {}",
        key_help(found, used)
    )]
    Key {
        /// The file.
        path: String,
        /// The id of the key in the file.
        found: String,
        /// The id of the key of this run.
        used: String,
    },
}

fn key_help(found: &str, used: &str) -> &'static str {
    match (found, used) {
        ("public", _) => "make it again with `keytrail baseline`, or run without a key of your own",
        (_, "public") => "set KEYTRAIL_KEY (or `key-env` or `key-file`) to that key",
        _ => {
            "set KEYTRAIL_KEY (or `key-env` or `key-file`) to the same key, or make it again with `keytrail baseline`"
        }
    }
}

impl Baseline {
    /// An empty one for fingerprints of the key of this id.
    pub fn new(key_id: impl Into<String>) -> Self {
        Self { key_id: key_id.into(), entries: BTreeMap::new() }
    }

    /// Reads a file that was made with the key of this id.
    pub fn read(path: &Path, key_id: &str) -> Result<Self, BaselineError> {
        let shown = shown(path);
        let bytes = std::fs::read(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => BaselineError::Missing { path: shown.clone() },
            _ => BaselineError::Io { path: shown.clone(), action: "read", error },
        })?;
        Self::parse(&bytes, &shown, key_id)
    }

    fn parse(bytes: &[u8], path: &str, key_id: &str) -> Result<Self, BaselineError> {
        let file = form::read(bytes, path)?;
        if file.key_id != key_id {
            return Err(BaselineError::Key {
                path: path.to_owned(),
                found: file.key_id.chars().filter(|c| !c.is_control()).take(64).collect(),
                used: key_id.to_owned(),
            });
        }
        let entries =
            file.findings.into_iter().map(|Entry { path, fingerprint, rule }| ((path, fingerprint), rule));
        Ok(Self { key_id: file.key_id, entries: entries.collect() })
    }

    /// Writes the file, whole or not at all. Says whether that changed it; a file that is right
    /// already is left alone.
    pub fn write(&self, path: &Path) -> Result<bool, BaselineError> {
        let failed = |error| BaselineError::Io { path: shown(path), action: "written", error };
        let text = form::write(&self.key_id, self.entries()).map_err(|error| failed(error.into()))?;
        if std::fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
            return Ok(false);
        }
        replace(path, text.as_bytes()).map_err(failed)?;
        Ok(true)
    }

    /// How many places are known.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What is known, in the order of the file.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.entries.iter().map(|((path, fingerprint), rule)| Entry {
            path: path.clone(),
            fingerprint: *fingerprint,
            rule: rule.clone(),
        })
    }

    /// Whether a secret is known at a path.
    pub fn knows(&self, fingerprint: Fingerprint, path: &RepoPath) -> bool {
        // The map's key owns its path; a path is short, and this runs once a place.
        self.entries.contains_key(&(path.clone(), fingerprint))
    }

    /// Marks the open findings that are known: those all of whose places are, apart from places
    /// with an allow marker. A known secret in one new file is new.
    pub fn apply(&self, findings: &mut [Finding]) {
        if self.is_empty() {
            return;
        }
        for finding in findings.iter_mut().filter(|finding| finding.is_open()) {
            let known = finding
                .locations
                .iter()
                .all(|place| place.allowed.is_some() || self.knows(finding.fingerprint, &place.path));
            if known {
                finding.status = Status::Baseline;
            }
        }
    }

    /// Adds every place of these findings that carries no allow marker. What is there stays as it
    /// is. Says how many places were new.
    pub fn add(&mut self, findings: &[Finding]) -> usize {
        let before = self.entries.len();
        for finding in findings {
            for place in finding.locations.iter().filter(|place| place.allowed.is_none()) {
                self.entries
                    .entry((place.path.clone(), finding.fingerprint))
                    .or_insert_with(|| finding.rule.id.clone());
            }
        }
        self.entries.len() - before
    }

    /// What is in the baseline and was not found any more: removed from the file, or now allowed by
    /// a marker. Only a scan of all that the baseline covers can tell.
    pub fn stale(&self, findings: &[Finding]) -> Vec<Entry> {
        let found: BTreeSet<(&RepoPath, Fingerprint)> = findings
            .iter()
            .flat_map(|finding| {
                let open = finding.locations.iter().filter(|place| place.allowed.is_none());
                open.map(|place| (&place.path, finding.fingerprint))
            })
            .collect();
        self.entries().filter(|entry| !found.contains(&(&entry.path, entry.fingerprint))).collect()
    }

    /// Drops what [`stale`](Self::stale) tells, and returns it.
    pub fn remove_stale(&mut self, findings: &[Finding]) -> Vec<Entry> {
        let stale = self.stale(findings);
        for entry in &stale {
            self.entries.remove(&(entry.path.clone(), entry.fingerprint));
        }
        stale
    }
}

/// A path in a message, without what could drive a terminal.
fn shown(path: &Path) -> String {
    RepoPath::from_path(path).to_string()
}

#[cfg(test)]
mod tests;
