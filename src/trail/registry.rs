//! The registry: what a team says of its tokens, in a file that people review.

mod check;
mod edit;
mod form;
mod registration;

pub use check::{Found, FoundAt, Problem, ProblemSort, check};
pub use edit::RegistryFile;
pub use form::{SECTIONS, read_kind, read_status};
pub use registration::{Issue, Registration, Revocation, Status};

use crate::origin::RepoPath;
use crate::secret::Fingerprint;
use crate::toml_file::{self, ConfigErrors};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The name of the file.
pub const FILE_NAME: &str = "keytrail.tokens.toml";

/// The version of the form that this program reads and writes.
pub const VERSION: u32 = 1;

/// Who may answer for tokens: a person or a team.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Owner {
    /// The name in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How to reach them: an e-mail address, a channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// All registrations under one fingerprint key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registry {
    /// The id of the fingerprint key.
    key_id: String,
    /// Who may own a token, by the name that registrations use.
    owners: BTreeMap<String, Owner>,
    /// In the order of the file. Two may name the same token, which the check complains about.
    registrations: Vec<Registration>,
    /// The line of each, from 1; empty where no file was read.
    #[serde(skip)]
    lines: Vec<usize>,
    /// The first of each token.
    #[serde(skip)]
    index: BTreeMap<Fingerprint, usize>,
}

/// Why the registry cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It is not there.
    #[error(
        "the registry {path} does not exist; `keytrail register` makes it, or name another with --registry"
    )]
    Missing {
        /// The file.
        path: String,
    },
    /// The file cannot be read, changed or written.
    #[error("the registry {path} cannot be {action}: {error}; check the path and its permissions")]
    Io {
        /// The file.
        path: String,
        /// `read`, `changed` or `written`.
        action: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// What the file says is wrong.
    #[error(transparent)]
    Malformed(#[from] ConfigErrors),
    /// The fingerprints were made with another key, so nothing would match.
    #[error(
        "the registry {path} is for the fingerprint key {found}, and this run uses {used}; {}",
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
        ("public", _) => "run without a key of your own, or register the tokens again under it",
        (_, "public") => "set KEYTRAIL_KEY (or `key-env` or `key-file`) to that key",
        _ => "set KEYTRAIL_KEY (or `key-env` or `key-file`) to the key that the file is for",
    }
}

/// A path in a message, without what could drive a terminal.
fn shown(path: &Path) -> String {
    RepoPath::from_path(path).to_string()
}

impl Registry {
    /// Reads a file for fingerprints of the key of this id.
    pub fn read(path: &Path, key_id: &str) -> Result<Self, RegistryError> {
        let bytes = std::fs::read(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => RegistryError::Missing { path: shown(path) },
            _ => RegistryError::Io { path: shown(path), action: "read", error },
        })?;
        let registry = Self::parse(path, toml_file::decode(path, &bytes)?)?;
        if registry.key_id != key_id {
            return Err(RegistryError::Key {
                path: shown(path),
                found: registry.key_id,
                used: key_id.to_owned(),
            });
        }
        Ok(registry)
    }

    /// Reads the text of a file, for whatever key it is; `path` is for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        form::parse(path, text)
    }

    /// Puts one together, for fingerprints of the key of this id.
    pub fn new(
        key_id: impl Into<String>,
        owners: BTreeMap<String, Owner>,
        registrations: Vec<Registration>,
    ) -> Self {
        let mut index = BTreeMap::new();
        for (at, one) in registrations.iter().enumerate() {
            index.entry(one.fingerprint).or_insert(at);
        }
        Self { key_id: key_id.into(), owners, registrations, lines: Vec::new(), index }
    }

    /// The id of the key that the fingerprints were made with: `public` or eight digits.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Who may own a token, by the name that registrations use.
    pub fn owners(&self) -> &BTreeMap<String, Owner> {
        &self.owners
    }

    /// The registrations, in the order of the file.
    pub fn registrations(&self) -> &[Registration] {
        &self.registrations
    }

    /// What is said of a token: the first, if it is named twice.
    pub fn find(&self, fingerprint: Fingerprint) -> Option<&Registration> {
        self.index.get(&fingerprint).map(|&at| &self.registrations[at])
    }

    /// The line of the file, from 1, where the n-th registration stands.
    pub fn line(&self, at: usize) -> Option<usize> {
        self.lines.get(at).copied()
    }
}

#[cfg(test)]
mod tests;
