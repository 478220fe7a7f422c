//! `keytrail.toml`: its form, version 1. `docs/configuration.md` describes it.

use super::keys;
use super::ledger::LedgerSettings;
use super::value::{self, BadValue, SizeLimit};
use crate::level::{Confidence, Severity};
use crate::policy::gate::FailOn;
use crate::policy::read::{self, PolicyText};
use crate::policy::waiver_file;
use crate::policy::waivers::Placed;
use crate::toml_file::{self, At, ConfigError, ConfigErrors, Node, PathGlob, PathGlobs, Place, Reader};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// The name of the file that is looked for.
pub const FILE_NAME: &str = "keytrail.toml";

/// The version of the form that this program reads.
pub const VERSION: u32 = 1;

/// What the file says about one rule.
#[derive(Debug, Clone)]
pub struct RuleOverride {
    /// Whether the rule runs; `None` leaves it as it is.
    pub enabled: Option<bool>,
    /// Replaces the rule's severity.
    pub severity: Option<Severity>,
    /// Replaces how sure a match of the rule is by itself. Never `Certain`.
    pub confidence: Option<Confidence>,
    /// Paths where the rule does not count.
    pub exclude: PathGlobs,
    /// Where the rule is named.
    pub place: Place,
}

/// A file that was read and checked, as far as that goes without the rest of the settings.
#[derive(Debug, Clone, Default)]
pub struct ConfigFile {
    pub(super) path: PathBuf,
    pub(super) exclude: Vec<PathGlob>,
    pub(super) max_file_size: Option<SizeLimit>,
    pub(super) max_archive_depth: Option<u32>,
    pub(super) nested: Option<bool>,
    pub(super) threads: Option<usize>,
    pub(super) peer_markers: Option<bool>,
    pub(super) decode: Option<bool>,
    pub(super) rules: Vec<At<PathBuf>>,
    pub(super) baseline: Option<PathBuf>,
    pub(super) confidence: Option<Confidence>,
    pub(super) fail_on: Option<FailOn>,
    pub(super) allow_incomplete: Option<bool>,
    pub(super) key_env: Option<At<String>>,
    pub(super) key_file: Option<At<PathBuf>>,
    pub(super) ledger: LedgerSettings,
    pub(super) rule: BTreeMap<String, RuleOverride>,
    pub(super) policy: Option<PolicyText>,
    pub(super) waivers: Vec<Placed>,
}

impl ConfigFile {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, ConfigErrors> {
        let bytes = std::fs::read(path).map_err(|error| ConfigError {
            place: Place::Path(path.to_owned()),
            key: None,
            problem: format!("cannot be read: {error}"),
            help: "name a readable file with --config, or scan without one with --no-config".to_owned(),
        })?;
        Self::parse(path, toml_file::decode(path, &bytes)?)
    }

    /// Reads and checks the text of a file. `path` is for messages, and its folder is where the
    /// relative paths in the text begin.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(path, text, &keys::SECTIONS);
        let document = toml_file::parse(path, text)?;
        toml_file::check_version(&mut reader, document.get_ref(), VERSION)?;
        let mut file = Self { path: path.to_owned(), ..Self::default() };
        for (name, node) in reader.table("", keys::TOP, document.get_ref()) {
            if name == "version" {
                continue;
            }
            if name == "waiver" {
                file.waivers = waiver_file::list(&mut reader, &node);
                continue;
            }
            let Some(table) = reader.sub_table(&node, &format!("[{name}]")) else { continue };
            match name {
                "policy" => file.policy = Some(read::policy(&mut reader, table)),
                "scan" => file.scan(&mut reader, table),
                "report" => file.report(&mut reader, table),
                "gate" => file.gate(&mut reader, table),
                "fingerprint" => file.fingerprint(&mut reader, table),
                "ledger" => {
                    let folder = path.parent().unwrap_or(Path::new(""));
                    file.ledger = LedgerSettings::read(&mut reader, table, node.place.clone(), folder);
                }
                _ => file.rules(&mut reader, table),
            }
        }
        ConfigErrors::check(reader.errors)?;
        Ok(file)
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn scan<'a>(&mut self, reader: &mut Reader<'a>, table: &'a DeTable<'a>) {
        for (name, node) in reader.table("scan", keys::SCAN, table) {
            match name {
                "exclude" => self.exclude = globs(reader, &node),
                "max-file-size" => self.max_file_size = reader.number(&node, true, value::size),
                "max-archive-depth" => {
                    self.max_archive_depth = reader.number(&node, false, value::archive_depth);
                }
                "nested" => self.nested = reader.boolean(&node),
                "threads" => self.threads = reader.number(&node, false, value::threads),
                "peer-markers" => self.peer_markers = reader.boolean(&node),
                "decode" => self.decode = reader.boolean(&node),
                "rules" => {
                    let texts = reader.texts(&node);
                    self.rules = texts.iter().filter_map(|text| self.local(reader, text)).collect();
                }
                _ => {
                    let text = reader.text(&node);
                    self.baseline = text.and_then(|text| self.local(reader, &text)).map(|path| path.value);
                }
            }
        }
    }

    fn report<'a>(&mut self, reader: &mut Reader<'a>, table: &'a DeTable<'a>) {
        for (_, node) in reader.table("report", keys::REPORT, table) {
            self.confidence = reader.word(&node, value::confidence);
        }
    }

    fn gate<'a>(&mut self, reader: &mut Reader<'a>, table: &'a DeTable<'a>) {
        for (name, node) in reader.table("gate", keys::GATE, table) {
            match name {
                "fail-on" => self.fail_on = reader.word(&node, value::fail_on),
                _ => self.allow_incomplete = reader.boolean(&node),
            }
        }
    }

    fn fingerprint<'a>(&mut self, reader: &mut Reader<'a>, table: &'a DeTable<'a>) {
        for (name, node) in reader.table("fingerprint", keys::FINGERPRINT, table) {
            let Some(text) = reader.text(&node) else { continue };
            if name == "key-env" {
                let variable = reader.value(&node, variable_name(text.value));
                self.key_env = variable.map(|name| node.with(name));
            } else {
                self.key_file = self.local(reader, &text);
            }
        }
        if let (Some(_), Some(second)) = (&self.key_env, &self.key_file) {
            reader.errors.push(second.error(BadValue {
                problem: "there is a `key-env` too".to_owned(),
                help: "keep one of `key-env` and `key-file`".to_owned(),
            }));
        }
    }

    fn rules<'a>(&mut self, reader: &mut Reader<'a>, table: &'a DeTable<'a>) {
        for (id, value) in table {
            let node = reader.node(format!("rule.{}", id.get_ref()), id, value);
            let Some(table) = reader.sub_table(&node, "[rule.github-pat-classic]") else { continue };
            let mut rule = RuleOverride {
                enabled: None,
                severity: None,
                confidence: None,
                exclude: PathGlobs::default(),
                place: node.place.clone(),
            };
            for (name, node) in reader.table(&node.key, keys::RULE, table) {
                match name {
                    "enabled" => rule.enabled = reader.boolean(&node),
                    "severity" => rule.severity = reader.word(&node, value::severity),
                    "confidence" => rule.confidence = reader.word(&node, value::rule_confidence),
                    _ => {
                        let compiled = PathGlobs::new(&globs(reader, &node));
                        rule.exclude = reader.value(&node, compiled).unwrap_or_default();
                    }
                }
            }
            self.rule.insert(id.get_ref().to_string(), rule);
        }
    }

    /// A path in the file, which counts from the file's own folder.
    fn local(&self, reader: &mut Reader<'_>, text: &At<&str>) -> Option<At<PathBuf>> {
        if text.value.is_empty() {
            reader.errors.push(text.error(BadValue {
                problem: "an empty path names nothing".to_owned(),
                help: "write a path relative to this file, or leave the key out".to_owned(),
            }));
            return None;
        }
        let folder = self.path.parent().unwrap_or(Path::new(""));
        Some(text.with(folder.join(text.value)))
    }
}

/// Checks every glob of a list.
fn globs<'a>(reader: &mut Reader<'a>, node: &Node<'a>) -> Vec<PathGlob> {
    let texts = reader.texts(node);
    texts.iter().filter_map(|text| reader.value(text, PathGlob::parse(text.value))).collect()
}

/// Checks the name of an environment variable. What is refused is not shown, since it may be the
/// key itself, put where its variable's name should be.
fn variable_name(text: &str) -> Result<String, BadValue> {
    const LONGEST: usize = 64;
    let letters = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if letters && !text.is_empty() && text.len() <= LONGEST && !text.as_bytes()[0].is_ascii_digit() {
        return Ok(text.to_owned());
    }
    Err(BadValue {
        problem: "not the name of an environment variable".to_owned(),
        help: "write the variable's name (capital letters, digits and `_`, at most 64), such as \
               \"KEYTRAIL_KEY\", and never the key itself"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests;
