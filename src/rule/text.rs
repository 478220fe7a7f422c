//! What a rule file says: the TOML form, version 1.

use crate::kind::Kind;
use crate::level::{Confidence, Severity};
use serde::Deserialize;

/// The version of the rule file format that this program reads.
pub const FORMAT_VERSION: u32 = 1;

/// A whole file: one provider and its rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuleFile {
    /// The version of the format: 1.
    pub version: u32,
    /// Who issues the secrets.
    pub provider: Provider,
    /// The rules, in the order of their ids.
    #[serde(rename = "rule")]
    pub rules: Vec<RuleText>,
}

/// Who issues the secrets of a file, with what its rules have in common.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Provider {
    /// The id, which is also the file's name: `github` in `github.toml`.
    pub id: String,
    /// The name as the provider writes it.
    pub name: String,
    /// Pages on the provider's tokens; used by rules that name none.
    #[serde(default)]
    pub references: Vec<String>,
    /// How to revoke by hand; used by rules that do not say it.
    pub revoke: Option<String>,
    /// How to rotate by hand; used by rules that do not say it.
    pub rotate: Option<String>,
}

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuleText {
    /// The id, starting with the provider's: `github-pat-classic`.
    pub id: String,
    /// A short name for a headline.
    pub name: String,
    /// What the secret is.
    pub description: String,
    /// What its holder may do.
    pub opens: String,
    /// How to revoke by hand.
    pub revoke: Option<String>,
    /// How to rotate by hand.
    pub rotate: Option<String>,
    /// The sort of secret.
    pub kind: Kind,
    /// What a leak would cost.
    pub severity: Severity,
    /// How sure a match is by itself.
    pub confidence: Confidence,
    /// The expression, in the syntax of the crate `regex`, over bytes, Unicode off. The secret is
    /// the group named `secret`, else the whole match.
    pub pattern: Option<String>,
    /// Finds values by the name that they are assigned to instead of by a pattern.
    pub assignment: Option<AssignmentText>,
    /// Words of which one must stand near the match.
    pub context: Option<ContextText>,
    /// The least Shannon entropy of the secret, in bits a character.
    pub min_entropy: Option<f32>,
    /// A named check of the secret's own bytes (see `keytrail rules checks`).
    pub check: Option<String>,
    /// What belongs to the secret and stands near it.
    #[serde(default)]
    pub companions: Vec<CompanionText>,
    /// Globs of which one must fit the path.
    #[serde(default)]
    pub only_paths: Vec<String>,
    /// Globs of which none may fit the path.
    #[serde(default)]
    pub skip_paths: Vec<String>,
    /// Literals for the prefilter, where they can't be derived from the pattern.
    pub keywords: Option<Vec<String>>,
    /// How many bytes a match may span; needed where the pattern has no bound of its own.
    pub reach: Option<u32>,
    /// Pages that the rule was written from.
    #[serde(default)]
    pub references: Vec<String>,
    /// Templates of text in which the rule must find a secret.
    pub examples: Vec<String>,
    /// Templates of text in which it must find none.
    pub counterexamples: Vec<String>,
}

/// Words that must stand near a match.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ContextText {
    /// The words, at least four letters each, matched without regard to case.
    pub words: Vec<String>,
    /// How far the match may be from the word, in bytes.
    #[serde(default = "ContextText::default_within")]
    pub within: u32,
}

impl ContextText {
    fn default_within() -> u32 {
        96
    }
}

/// A value that is found by its name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AssignmentText {
    /// What the name contains, without regard to case and to `_`, `-` and `.`.
    pub names: Vec<String>,
    /// How short the value may be, in bytes.
    pub min_length: u32,
}

/// Something that belongs to the secret.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CompanionText {
    /// What it is: `access key id`.
    pub name: String,
    /// Its expression; the group named `part`, else the whole match.
    pub pattern: String,
    /// How far it may be from the secret, in bytes.
    pub within: u32,
    /// Whether the secret is not reported without it. Otherwise a companion raises confidence by
    /// one step.
    #[serde(default)]
    pub required: bool,
}
