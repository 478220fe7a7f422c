//! Every key that `keytrail.toml` may hold. `docs/keytrail.schema.json` says the same for editors;
//! a test holds the two together.

use crate::policy::{read, waiver_file};
use crate::toml_file::Section;

/// The top of the file.
pub(super) const TOP: Section = Section::new(
    "",
    &["version", "scan", "report", "gate", "fingerprint", "ledger", "rule", "policy", "waiver"],
);
/// What is read, and how.
pub(super) const SCAN: Section = Section::new(
    "scan",
    &[
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
);
/// What is shown.
pub(super) const REPORT: Section = Section::new("report", &["confidence"]);
/// What fails.
pub(super) const GATE: Section = Section::new("gate", &["fail-on", "allow-incomplete"]);
/// The key of the fingerprints.
pub(super) const FINGERPRINT: Section = Section {
    refusal: Some(
        "a key has no place in a committed file: name an environment variable with `key-env` or a file with \
         `key-file`",
    ),
    ..Section::new("fingerprint", &["key-env", "key-file"])
};
/// The record of what happened.
pub(super) const LEDGER: Section =
    Section::new("ledger", &["place", "path", "key", "verifiers", "record-scans"]);
/// One rule.
pub(super) const RULE: Section = Section::new("rule.*", &["enabled", "severity", "confidence", "exclude"]);

/// All tables, in the order of the documentation.
pub const SECTIONS: [Section; 10] =
    [TOP, SCAN, REPORT, GATE, FINGERPRINT, LEDGER, RULE, read::POLICY, read::RULE, waiver_file::WAIVER];
