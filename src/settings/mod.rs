//! Flags, environment and `keytrail.toml` become one validated [`Settings`] before any work starts.
//! `docs/configuration.md` describes all three.

mod discover;
mod file;
mod key;
mod keys;
mod ledger;
mod overrides;
pub mod value;

pub use crate::toml_file::{ConfigError, ConfigErrors, PathGlob, PathGlobs, Place, Section};
pub use discover::discover;
pub use file::{ConfigFile, FILE_NAME, RuleOverride, VERSION};
pub use keys::SECTIONS;
pub use ledger::LedgerSettings;
pub use overrides::{Overrides, VARIABLES};

use crate::level::Confidence;
use crate::origin::RepoPath;
use crate::policy::gate::Gate;
use crate::policy::read::PolicyText;
use crate::policy::waivers::Placed;
use crate::secret::FingerprintKey;
use crate::toml_file::error;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use value::BadValue;

/// Everything that a run needs to know, checked and ready for use.
#[derive(Debug)]
pub struct Settings {
    /// Paths that are not scanned.
    pub exclude: PathGlobs,
    /// The largest file to read, in bytes; a larger one is a gap in the scan.
    pub max_file_size: Option<u64>,
    /// How many archives may lie in each other; 0 reads every file as it stands.
    pub max_archive_depth: u32,
    /// Whether submodules and nested repositories are scanned.
    pub nested: bool,
    /// How many threads; 0 for the number of cores.
    pub threads: usize,
    /// Whether other scanners' allow markers count.
    pub peer_markers: bool,
    /// Whether encoded secrets are looked for.
    pub decode: bool,
    /// Rule files and folders beside the built-in pack. All can be opened.
    pub rules: Vec<PathBuf>,
    /// The baseline to use. Nobody has looked yet whether it is there.
    pub baseline: Option<PathBuf>,
    /// The least confidence to report.
    pub confidence: Confidence,
    /// What makes the run fail.
    pub gate: Gate,
    /// The key of all fingerprints.
    pub key: FingerprintKey,
    /// Where the ledger is, and who signs it.
    pub ledger: LedgerSettings,
    /// What the file says about single rules, by their ids.
    pub rule_overrides: BTreeMap<String, RuleOverride>,
    /// What the file asks of tokens, if it has `[policy]`.
    pub policy: Option<PolicyText>,
    /// The waivers that stand in the file itself.
    pub waivers: Vec<Placed>,
    /// The configuration file that was read.
    pub config_path: Option<PathBuf>,
}

impl Settings {
    /// Reads the environment, finds and reads the configuration file for what is scanned, and puts
    /// all of it together with the flags.
    pub fn load(scanned: &Path, flags: Overrides) -> Result<Self, ConfigErrors> {
        let env = Overrides::from_env()?;
        let file = find(scanned, &env, &flags)?;
        Self::resolve(file, env, flags)
    }

    /// Puts the three places together: flags go over the environment, and both over the file.
    pub fn resolve(file: Option<ConfigFile>, env: Overrides, flags: Overrides) -> Result<Self, ConfigErrors> {
        Self::resolve_with(file, env, flags, &|name| std::env::var_os(name))
    }

    fn resolve_with(
        file: Option<ConfigFile>,
        env: Overrides,
        flags: Overrides,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = Vec::new();
        let key = key::choose(file.as_ref(), &env, &flags, variable)
            .map_err(|error| errors.push(error))
            .unwrap_or_else(|()| FingerprintKey::public());
        let config_path = file.as_ref().map(|file| file.path.clone());
        let file = file.unwrap_or_default();
        let globs = PathGlobs::new(file.exclude.iter().chain(&env.exclude).chain(&flags.exclude));
        let exclude = globs.unwrap_or_else(|bad| {
            let place = config_path.clone().map_or(Place::Flag("--exclude"), Place::Path);
            errors.push(ConfigError::outside(place, bad));
            PathGlobs::default()
        });
        let mut rules = Vec::new();
        for rule in file.rules {
            match check_rules_path(&rule.value) {
                Ok(()) => rules.push(rule.value),
                Err(bad) => errors.push(rule.error(bad)),
            }
        }
        for path in env.rules.into_iter().chain(flags.rules) {
            match check_rules_path(&path) {
                Ok(()) => rules.push(path),
                Err(bad) => errors.push(ConfigError::outside(Place::Flag("--rules"), bad)),
            }
        }
        ConfigErrors::check(errors)?;
        let confidence =
            flags.confidence.or(env.confidence).or(file.confidence).unwrap_or(Confidence::Medium);
        Ok(Self {
            exclude,
            max_file_size: flags
                .max_file_size
                .or(env.max_file_size)
                .or(file.max_file_size)
                .and_then(value::SizeLimit::bytes),
            max_archive_depth: flags
                .max_archive_depth
                .or(env.max_archive_depth)
                .or(file.max_archive_depth)
                .unwrap_or(value::ARCHIVE_DEPTH),
            nested: flags.nested.or(env.nested).or(file.nested).unwrap_or(false),
            threads: flags.threads.or(env.threads).or(file.threads).unwrap_or(0),
            peer_markers: flags.peer_markers.or(env.peer_markers).or(file.peer_markers).unwrap_or(false),
            decode: flags.decode.or(env.decode).or(file.decode).unwrap_or(true),
            rules,
            baseline: match (flags.baseline, flags.no_baseline) {
                (Some(path), _) => Some(path),
                (None, true) => None,
                (None, false) if env.no_baseline => None,
                (None, false) => env.baseline.or(file.baseline),
            },
            confidence,
            gate: Gate::new(
                flags.fail_on.or(env.fail_on).or(file.fail_on).unwrap_or_default(),
                confidence,
                flags.allow_incomplete.or(env.allow_incomplete).or(file.allow_incomplete).unwrap_or(false),
            ),
            key,
            ledger: file.ledger,
            rule_overrides: file.rule,
            policy: file.policy,
            waivers: file.waivers,
            config_path,
        })
    }

    /// Whether a path is left out of the scan.
    pub fn excluded(&self, path: &RepoPath) -> bool {
        self.exclude.matches(path)
    }

    /// Whether a folder is left out of the scan with all that is inside. A walk that asks this from
    /// the top down need not enter it.
    pub fn excluded_folder(&self, path: &RepoPath) -> bool {
        self.exclude.matches_folder(path)
    }

    /// Whether any path is left out at all.
    pub fn leaves_out(&self) -> bool {
        !self.exclude.is_empty()
    }

    /// Whether a file, or any part of a folder, is scanned: what a source asks on its way.
    pub fn wants(&self, path: &RepoPath, folder: bool) -> bool {
        !if folder { self.excluded_folder(path) } else { self.excluded(path) }
    }

    /// Whether a rule runs; what nobody speaks of does.
    pub fn rule_enabled(&self, id: &str) -> bool {
        self.rule_overrides.get(id).and_then(|rule| rule.enabled).unwrap_or(true)
    }

    /// Whether a rule does not count at a path.
    pub fn rule_excluded(&self, id: &str, path: &RepoPath) -> bool {
        self.rule_overrides.get(id).is_some_and(|rule| rule.exclude.matches(path))
    }

    /// Checks that every rule that the file names is one of `known`. For when the pack is loaded,
    /// the extra rules included.
    pub fn check_rules<'a>(&self, known: impl IntoIterator<Item = &'a str>) -> Result<(), ConfigErrors> {
        if self.rule_overrides.is_empty() {
            return Ok(());
        }
        let known: Vec<&str> = known.into_iter().collect();
        let mut errors = Vec::new();
        for (id, rule) in &self.rule_overrides {
            if known.contains(&id.as_str()) {
                continue;
            }
            let meant = error::nearest(id, known.iter().copied())
                .map(|id| format!("did you mean `{id}`? "))
                .unwrap_or_default();
            errors.push(ConfigError {
                place: rule.place.clone(),
                key: Some(format!("rule.{id}")),
                problem: "unknown rule id".to_owned(),
                help: format!("{meant}`keytrail rules list` lists all ids"),
            });
        }
        ConfigErrors::check(errors)
    }
}

/// The configuration file: the one that is named, else the one that is found, or none if nobody
/// wants one.
fn find(scanned: &Path, env: &Overrides, flags: &Overrides) -> Result<Option<ConfigFile>, ConfigErrors> {
    let (path, place) = match (&flags.config, &env.config) {
        (Some(_), _) if flags.no_config => {
            let bad = BadValue {
                problem: "--no-config is given too".to_owned(),
                help: "keep one of the two".to_owned(),
            };
            return Err(ConfigError::outside(Place::Flag("--config"), bad).into());
        }
        (Some(path), _) => (path, Place::Flag("--config")),
        (None, _) if flags.no_config => return Ok(None),
        (None, Some(path)) => (path, Place::Variable("KEYTRAIL_CONFIG")),
        (None, None) => return discover(scanned).map(|path| ConfigFile::read(&path)).transpose(),
    };
    // A pipe is fine, as in `--config <(make-config)`.
    if !std::fs::metadata(path).is_ok_and(|found| !found.is_dir()) {
        let bad = BadValue {
            problem: format!("there is no file {}", error::shown(path)),
            help: "name a file that is there, or scan without one with --no-config".to_owned(),
        };
        return Err(ConfigError::outside(place, bad).into());
    }
    // Made absolute so that the paths inside stay right whatever becomes of the current folder.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
    ConfigFile::read(&path).map(Some)
}

/// Whether a rule file or a folder of them can be opened.
fn check_rules_path(path: &Path) -> Result<(), BadValue> {
    let opened = std::fs::metadata(path).and_then(|found| {
        if found.is_dir() { std::fs::read_dir(path).map(drop) } else { std::fs::File::open(path).map(drop) }
    });
    opened.map_err(|error| BadValue {
        problem: format!("the rules at {} cannot be read: {error}", error::shown(path)),
        help: "name a rule file or a folder of them; in keytrail.toml the path is relative to that file"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests;
