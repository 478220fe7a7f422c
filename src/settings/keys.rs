//! Every key that `keytrail.toml` may hold. `docs/keytrail.schema.json` says the same for editors;
//! a test holds the two together.

use super::error::nearest;

/// One table of the file with its keys.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// Its name; empty for the top of the file; `rule.*` for the tables named by a rule id.
    pub name: &'static str,
    /// The keys it may hold.
    pub keys: &'static [&'static str],
}

/// The top of the file.
pub(super) const TOP: Section =
    Section { name: "", keys: &["version", "scan", "report", "gate", "fingerprint", "ledger", "rule"] };
/// What is read, and how.
pub(super) const SCAN: Section = Section {
    name: "scan",
    keys: &[
        "exclude",
        "max-file-size",
        "max-archive-depth",
        "nested",
        "threads",
        "peer-markers",
        "decode",
        "rules",
        "baseline",
    ],
};
/// What is shown.
pub(super) const REPORT: Section = Section { name: "report", keys: &["confidence"] };
/// What fails.
pub(super) const GATE: Section = Section { name: "gate", keys: &["fail-on", "allow-incomplete"] };
/// The key of the fingerprints.
pub(super) const FINGERPRINT: Section = Section { name: "fingerprint", keys: &["key-env", "key-file"] };
/// The record of what happened.
pub(super) const LEDGER: Section =
    Section { name: "ledger", keys: &["place", "path", "key", "verifiers", "record-scans"] };
/// One rule.
pub(super) const RULE: Section =
    Section { name: "rule.*", keys: &["enabled", "severity", "confidence", "exclude"] };

/// All tables, in the order of the documentation.
pub const SECTIONS: [Section; 7] = [TOP, SCAN, REPORT, GATE, FINGERPRINT, LEDGER, RULE];

impl Section {
    /// What to say about a key that this table does not have.
    pub(super) fn help_for(&self, key: &str) -> String {
        let allowed = self.keys.join(", ");
        if let Some(meant) = nearest(key, self.keys.iter().copied()) {
            return format!("did you mean `{meant}`? allowed here: {allowed}");
        }
        if self.name == FINGERPRINT.name {
            return "a key has no place in a committed file: name an environment variable with `key-env` or a \
                    file with `key-file`"
                .to_owned();
        }
        let wanted = key.to_lowercase().replace('_', "-");
        let home = SECTIONS.iter().find(|section| {
            section.name != self.name && !section.name.is_empty() && section.keys.contains(&wanted.as_str())
        });
        match home {
            Some(section) => {
                let name = section.name.replace('*', "ID");
                format!("`{wanted}` belongs in [{name}]; allowed here: {allowed}")
            }
            None => format!("allowed here: {allowed}"),
        }
    }
}
