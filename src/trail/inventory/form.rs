//! The JSON of an inventory, version 1. `docs/inventory.md` explains it, and
//! `docs/inventory.schema.json` describes it.

use super::{Entry, Inventory};
use crate::moment::Moment;
use crate::trail::state::State;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The version of the form. Fields may be added without a new one, so readers skip what they don't
/// know.
pub const VERSION: u32 = 1;

/// An inventory as it is written.
#[derive(Debug, Serialize, Deserialize)]
pub struct Whole<'a> {
    /// The version of the form.
    pub version: u64,
    /// Who wrote it.
    pub tool: Tool<'a>,
    /// The id of the fingerprint key.
    pub fingerprint_key: Cow<'a, str>,
    /// By which time the states were judged.
    pub judged: Moment,
    /// How many there are.
    #[serde(default)]
    pub summary: Summary,
    /// The tokens, sorted by fingerprint.
    pub entries: Vec<Told<'a>>,
}

/// Who wrote a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Tool<'a> {
    /// `keytrail`.
    pub name: Cow<'a, str>,
    /// Its version.
    pub version: Cow<'a, str>,
}

/// How many tokens there are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// All of them.
    pub tokens: usize,
    /// Those that some repository has or had.
    pub found: usize,
    /// Those that are stored where tokens belong.
    pub stored: usize,
    /// Those that the registry knows.
    pub registered: usize,
    /// By state.
    pub by_state: BTreeMap<String, usize>,
}

/// An entry, with what follows from it at the time of the report.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told<'a> {
    /// The entry.
    #[serde(flatten)]
    pub entry: Cow<'a, Entry>,
    /// Its state. It is told, and never read.
    #[serde(default, skip_deserializing)]
    pub state: Option<State>,
    /// For how many days it was in the open. It is told, and never read.
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub days_exposed: Option<i64>,
}

/// Why an inventory cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// It is no inventory.
    #[error(
        "{path}:{line}:{column}: not an inventory: {problem}; `keytrail inventory -f json={path}` makes one"
    )]
    Malformed {
        /// The file.
        path: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// It has a form that we do not know.
    #[error(
        "{path}: the inventory has version {found}, and this keytrail reads version {VERSION}; update keytrail, or \
         make the file again"
    )]
    Version {
        /// The file.
        path: String,
        /// The version it claims.
        found: u64,
    },
}

impl Summary {
    /// Counts an inventory.
    pub fn of(inventory: &Inventory, now: Moment, is_waived: &dyn Fn(&Entry) -> bool) -> Self {
        let mut summary = Self { tokens: inventory.len(), ..Self::default() };
        for entry in inventory.entries() {
            summary.found += usize::from(entry.is_found());
            summary.stored += usize::from(!entry.stored.is_empty());
            summary.registered += usize::from(entry.registration.is_some());
            *summary.by_state.entry(entry.state(is_waived(entry), now).name().to_owned()).or_insert(0) += 1;
        }
        summary
    }
}

impl<'a> Whole<'a> {
    /// What is written of an inventory.
    pub fn of(inventory: &'a Inventory, now: Moment) -> Self {
        Self {
            version: u64::from(VERSION),
            tool: Tool { name: "keytrail".into(), version: env!("CARGO_PKG_VERSION").into() },
            fingerprint_key: inventory.key_id().into(),
            judged: now,
            summary: Summary::of(inventory, now, &|_| false),
            entries: inventory
                .entries()
                .map(|entry| Told {
                    entry: Cow::Borrowed(entry),
                    state: Some(entry.state(false, now)),
                    days_exposed: entry.days_exposed(now),
                })
                .collect(),
        }
    }
}

impl Inventory {
    /// Reads the JSON of an inventory; `path` is for messages.
    pub fn read(bytes: &[u8], path: &str) -> Result<Self, FormError> {
        #[derive(Deserialize)]
        struct Version {
            version: u64,
        }
        // The library's message can hold a value of the file, which may be anything.
        let malformed = |error: serde_json::Error| FormError::Malformed {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
            problem: match error.classify() {
                serde_json::error::Category::Data => "a field is missing or of the wrong type",
                serde_json::error::Category::Eof => "it ends too early",
                _ => "not JSON",
            },
        };
        let Version { version } = serde_json::from_slice(bytes).map_err(malformed)?;
        if version != u64::from(VERSION) {
            return Err(FormError::Version { path: path.to_owned(), found: version });
        }
        let whole: Whole<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
        let mut inventory = Self::new(whole.fingerprint_key);
        for told in whole.entries {
            inventory.insert(told.entry.into_owned());
        }
        Ok(inventory)
    }
}
