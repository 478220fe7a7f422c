//! Starter policies: one TOML file a framework in `policies/`, compiled in. A file holds the
//! framework, its clauses in our own words, and rules that give evidence for them. The rules have
//! the form of those in `keytrail.toml` and are read where that is read, in the settings.

use crate::policy::control::{ControlId, Framework};
use serde::Deserialize;
use std::sync::OnceLock;

/// The version of the form.
pub const VERSION: u32 = 1;

/// The files, in the order of the documentation: name, text.
pub const FILES: &[(&str, &str)] = &[
    ("pci-dss-4.0.1", include_str!("../../policies/pci-dss-4.0.1.toml")),
    ("soc2", include_str!("../../policies/soc2.toml")),
    ("hipaa", include_str!("../../policies/hipaa.toml")),
    ("gdpr", include_str!("../../policies/gdpr.toml")),
    ("nist-800-53-r5", include_str!("../../policies/nist-800-53-r5.toml")),
    ("iso-27001-2022", include_str!("../../policies/iso-27001-2022.toml")),
];

/// A starter policy without its rules.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Starter {
    version: u32,
    /// The framework that it is for.
    pub framework: Framework,
    /// The clauses that it speaks of.
    #[serde(rename = "control")]
    pub clauses: Vec<Clause>,
}

/// A clause of the framework.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Its id.
    pub id: ControlId,
    /// A headline in our own words.
    pub title: String,
    /// What it asks for, in our own words.
    pub text: String,
    /// Whether the ledger gives evidence for it: `keytrail ledger verify` shows that what was
    /// recorded was not changed.
    #[serde(default)]
    pub ledger: bool,
}

/// All starter policies.
pub fn all() -> &'static [Starter] {
    static ALL: OnceLock<Vec<Starter>> = OnceLock::new();
    ALL.get_or_init(|| {
        let read = FILES.iter().map(|(name, text)| {
            let starter: Starter = toml::from_str(text).expect("the files are compiled in and tested");
            assert!(starter.version == VERSION && starter.framework.id == *name, "{name} is tested");
            starter
        });
        read.collect()
    })
}
