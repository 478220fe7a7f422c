//! What the team says beside the settings: waivers and, where there is one, the registry; and what a
//! policy makes of a scan with them.

use crate::cli::Failure;
use crate::cli::scan::Run;
use crate::finding::Finding;
use crate::moment::Moment;
use crate::policy::read::PolicyText;
use crate::policy::subject::{Asked, Subject};
use crate::policy::waivers::{Checked, Seen, Stands, Waivers};
use crate::policy::{Case, Evaluation, subject, waiver_file};
use crate::settings::{ConfigError, ConfigErrors, Place, Settings};
use crate::toml_file;
use crate::trail::inventory::Inventory;
use crate::trail::life::Life;
use crate::trail::registry::{self, Registry, RegistryError};
use crate::trail::state::Word;
use std::io;
use std::path::{Path, PathBuf};

/// What the team says of its tokens.
pub struct Known {
    /// The waivers.
    pub waivers: Waivers,
    /// The registry, if there is one.
    pub registry: Option<Registry>,
}

impl Known {
    /// Reads the files that lie beside `keytrail.toml`, else at the root of what is scanned.
    pub fn load(settings: &Settings, root: Option<&Path>) -> Result<Self, Failure> {
        let waivers = waivers(settings, &file(settings, root, waiver_file::FILE_NAME))?;
        let path = match root {
            Some(root) => root.join(registry::FILE_NAME),
            None => file(settings, None, registry::FILE_NAME),
        };
        let registry = match Registry::read(&path, settings.key.id()) {
            Ok(registry) => Some(registry),
            Err(RegistryError::Missing { .. }) => None,
            Err(error) => return Err(Failure::usage(error)),
        };
        Ok(Self { waivers, registry })
    }

    /// What the registry says of a token with this life. The life itself tells whether it is
    /// [waived](Self::waive).
    pub fn word(&self, life: &Life) -> Word {
        let registration = self.registry.as_ref().and_then(|registry| registry.find(life.token.fingerprint));
        registration.map(|one| one.word(false)).unwrap_or_default()
    }

    /// Tells a life until when it is waived.
    pub fn waive(&self, life: &mut Life, now: Moment) {
        life.waived_until = subject::waived(&[&*life], &self.waivers, now).map(|granted| granted.ends);
    }

    /// Sentences about what is wrong with waivers, for a report's warnings.
    pub fn flaws(&self, run: &Run, seen: Seen, now: Moment) -> Vec<String> {
        let checked = self.check(&run.findings, run.coverage.is_complete(), seen, now);
        let sentences = |one: &Checked<'_>| {
            let place = one.place.map(|place| match place.line {
                Some(line) => format!("{}:{line}: ", place.path),
                None => format!("{}: ", place.path),
            });
            let place = place.unwrap_or_default();
            one.flaws.iter().map(|flaw| format!("{place}{}", flaw.message)).collect::<Vec<_>>()
        };
        checked.iter().flat_map(sentences).collect()
    }

    /// Every waiver with what is wrong with it.
    pub fn check<'a>(
        &'a self,
        findings: &'a [Finding],
        is_complete: bool,
        seen: Seen,
        now: Moment,
    ) -> Vec<Checked<'a>> {
        let seen = if is_complete { seen } else { Seen::Part };
        let stands = findings.iter().flat_map(|finding| {
            finding.locations.iter().map(|location| Stands {
                fingerprint: finding.fingerprint,
                rule: &finding.rule.id,
                path: &location.path,
            })
        });
        self.waivers.check(stands, seen, now)
    }

    /// What a policy makes of the findings of a scan that count: those that are sure enough, allowed
    /// by no marker, and not known when keytrail was adopted.
    pub fn at_the_gate(&self, text: &PolicyText, settings: &Settings, run: &Run, now: Moment) -> Evaluation {
        let mut inventory = Inventory::new(settings.key.id());
        for finding in run.findings.iter().filter(|finding| settings.gate.counts(finding)) {
            inventory.add_finding("", finding);
        }
        let subjects = self.subjects(&mut inventory, true, now);
        text.policy.evaluate(&Case { subjects: &subjects, waivers: &[], history: false }, now)
    }

    /// The tokens of an inventory, as policies are asked about them.
    pub fn subjects<'a>(
        &self,
        inventory: &'a mut Inventory,
        excuses_baseline: bool,
        now: Moment,
    ) -> Vec<Subject<'a>> {
        if let Some(registry) = &self.registry {
            inventory.register(registry);
        }
        let has_registry = self.registry.is_some();
        subject::subjects(inventory, Asked { waivers: &self.waivers, has_registry, excuses_baseline, now })
    }
}

/// Where a file of the team lies: beside `keytrail.toml`, else at the root of what is scanned, else
/// in the current folder.
pub fn file(settings: &Settings, root: Option<&Path>, name: &str) -> PathBuf {
    let beside = settings.config_path.as_deref().and_then(Path::parent);
    beside.or(root).unwrap_or(Path::new("")).join(name)
}

/// The waivers of the file, if it is there, and those of `keytrail.toml`.
pub fn waivers(settings: &Settings, path: &Path) -> Result<Waivers, Failure> {
    let mut placed = settings.waivers.clone();
    match std::fs::read(path) {
        Ok(bytes) => {
            let text = toml_file::decode(path, &bytes).map_err(Failure::usage)?;
            placed.extend(waiver_file::parse(path, text, settings.key.id()).map_err(Failure::usage)?);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(Failure::usage(ConfigErrors::from(ConfigError {
                place: Place::Path(path.to_owned()),
                key: None,
                problem: format!("cannot be read: {error}"),
                help: "make it readable, or take it away if nothing is waived".to_owned(),
            })));
        }
    }
    let policy = settings.policy.as_ref().map(|text| text.policy.clone()).unwrap_or_default();
    Ok(Waivers::new(placed, policy.waiver_days(), policy.owners))
}
