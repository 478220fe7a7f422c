//! The table `[ledger]`: where the ledger is, and who signs it.

use super::keys;
use super::value::{self, BadValue};
use crate::ledger::note::VerifierKey;
use crate::toml_file::{Place, Reader};
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// What the settings say of the ledger.
#[derive(Debug, Clone, Default)]
pub struct LedgerSettings {
    /// Where the table stands; `None` if there is none.
    pub place: Option<Place>,
    /// Whether the ledger is in a git ref.
    pub in_git: bool,
    /// The ledger's file.
    pub path: Option<PathBuf>,
    /// The private key that signs checkpoints.
    pub key: Option<PathBuf>,
    /// The keys whose signatures count.
    pub verifiers: Vec<VerifierKey>,
    /// Whether scans of the whole tree or history are recorded.
    pub record_scans: bool,
}

impl LedgerSettings {
    /// Reads the table. Paths count from `folder`.
    pub(super) fn read<'a>(
        reader: &mut Reader<'a>,
        table: &'a DeTable<'a>,
        place: Place,
        folder: &Path,
    ) -> Self {
        let mut ledger = Self { place: Some(place), ..Self::default() };
        let mut path_at = None;
        for (name, node) in reader.table("ledger", keys::LEDGER, table) {
            match name {
                "place" => ledger.in_git = reader.word(&node, value::ledger_in_git).unwrap_or_default(),
                "path" => {
                    if let Some(text) = reader.text(&node) {
                        let path = reader.value(&text, value::path(text.value));
                        ledger.path = path.map(|path| folder.join(path));
                        path_at = Some(text);
                    }
                }
                "key" => {
                    if let Some(text) = reader.text(&node) {
                        let path = reader.value(&text, value::path(text.value));
                        ledger.key = path.map(|path| folder.join(path));
                    }
                }
                "verifiers" => {
                    for text in reader.texts(&node) {
                        ledger.verifiers.extend(reader.value(&text, verifier(text.value)));
                    }
                }
                _ => ledger.record_scans = reader.boolean(&node).unwrap_or_default(),
            }
        }
        if let (true, Some(path)) = (ledger.in_git, path_at) {
            reader.errors.push(path.error(BadValue {
                problem: "a ledger in git has no path".to_owned(),
                help: "leave `path` out, or write place = \"file\"".to_owned(),
            }));
        }
        ledger
    }
}

fn verifier(text: &str) -> Result<VerifierKey, BadValue> {
    text.parse().map_err(|_| BadValue {
        problem: "not a verifier key".to_owned(),
        help: "write NAME+HASH+BASE64, as `keytrail ledger keygen` prints it".to_owned(),
    })
}
