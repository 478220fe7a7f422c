//! A scan of a history in which nothing has changed since the last one: its report is told again.

use crate::cli::Failure;
use crate::cli::scan::Run;
use crate::coverage::{CoverageReport, Gap};
use crate::detect::Engine;
use crate::finding::{Finding, Location, Part, Status};
use crate::history::cache::{Cache, Key, state};
use crate::level::{Confidence, Severity};
use crate::rule_info::RuleInfo;
use crate::secret::{Fingerprint, Masked, Secret};
use crate::settings::Settings;
use crate::source::repository::Handles;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;

/// A hash of all that the outcome of a scan depends on beside the repository. `hashes` says whether
/// lines are hashed for GitHub.
pub fn settings_key(settings: &Settings, engine: &Engine, hashes: bool) -> Key {
    let mut hash = Sha256::new();
    let mut add = |text: String| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    add(env!("CARGO_PKG_VERSION").to_owned());
    // While it is worked on, a program changes more often than its version.
    let program = std::env::current_exe().and_then(|path| path.metadata());
    add(format!("{:?}", program.map(|file| (file.len(), file.modified().ok())).ok()));
    let Settings { exclude, max_file_size, max_archive_depth, nested, peer_markers, decode, .. } = settings;
    add(format!("{exclude:?} {max_file_size:?} {max_archive_depth} {nested} {peer_markers} {decode}"));
    let Settings { confidence, key, rule_overrides, rules, .. } = settings;
    add(format!("{confidence:?} {} {rule_overrides:?} {hashes}", key.id()));
    if !rules.is_empty() {
        add(format!("{:?}", engine.pack().rules()));
    }
    hash.finalize().into()
}

/// A report that may be told again, of the state that the repository was in before the scan.
pub struct Replay {
    handles: Handles,
    cache: Cache,
    state: Option<Key>,
}

impl Replay {
    /// Looks at the state of the repository.
    pub fn new(path: Option<&Path>, settings: Key) -> Result<Self, Failure> {
        let handles = Handles::open(path)?;
        let cache = Cache::new(&handles, settings);
        let state = state(&handles);
        Ok(Self { handles, cache, state })
    }

    /// The report of the same state, if it was kept.
    pub fn load(&self, engine: &Engine) -> Option<Run> {
        let kept: Kept = postcard::from_bytes(&self.cache.report(self.state.as_ref()?)?).ok()?;
        let findings =
            kept.findings.into_iter().map(|finding| finding.told(engine)).collect::<Option<_>>()?;
        Some(Run { findings, coverage: kept.coverage, warnings: kept.warnings })
    }

    /// Keeps a report, unless the repository has changed under the scan or something was left out
    /// that may be there the next time.
    pub fn keep(&self, run: &Run) {
        let may_come_back = run.coverage.left_out.iter().any(|item| item.gap == Gap::Unreadable);
        if let Some(before) = self.state
            && !may_come_back
            && state(&self.handles) == Some(before)
            && let Ok(bytes) = postcard::to_stdvec(&Kept::of(run))
        {
            self.cache.keep_report(&before, &bytes);
        }
    }
}

/// A report as it is kept: all of it but the secrets.
#[derive(Serialize, Deserialize)]
struct Kept {
    findings: Vec<KeptFinding>,
    coverage: CoverageReport,
    warnings: Vec<String>,
}

impl Kept {
    fn of(run: &Run) -> Self {
        Self {
            findings: run.findings.iter().map(KeptFinding::of).collect(),
            coverage: run.coverage.clone(),
            warnings: run.warnings.clone(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct KeptFinding {
    rule: String,
    severity: Severity,
    confidence: Confidence,
    masked: Masked,
    fingerprint: Fingerprint,
    notes: Vec<String>,
    parts: Vec<Part>,
    /// As JSON: the form of the cache has no place for what is left out.
    facts: String,
    locations: Vec<Location>,
    status: Status,
}

impl KeptFinding {
    fn of(finding: &Finding) -> Self {
        // Reports take the secret out of the reasons of allow markers; without it they can not.
        let clean = |text: &str| finding.without_secret(text).into_owned();
        let mut locations = finding.locations.clone();
        for allowed in locations.iter_mut().filter_map(|location| location.allowed.as_mut()) {
            allowed.reason = clean(&allowed.reason);
        }
        Self {
            rule: finding.rule.id.clone(),
            severity: finding.severity,
            confidence: finding.confidence,
            masked: finding.masked.clone(),
            fingerprint: finding.fingerprint,
            notes: finding.notes.clone(),
            parts: finding.parts.clone(),
            facts: serde_json::to_string(&finding.facts).unwrap_or_default(),
            locations,
            status: match &finding.status {
                Status::Allowed(reason) => Status::Allowed(clean(reason)),
                status => status.clone(),
            },
        }
    }

    /// `None` if the rule is not there any more.
    fn told(self, engine: &Engine) -> Option<Finding> {
        let pack = engine.pack();
        let rule: Arc<RuleInfo> = pack.info(pack.find(&self.rule)?).clone();
        Some(Finding {
            rule,
            severity: self.severity,
            confidence: self.confidence,
            secret: Secret::new(b""),
            masked: self.masked,
            fingerprint: self.fingerprint,
            notes: self.notes,
            parts: self.parts,
            facts: serde_json::from_str(&self.facts).ok()?,
            locations: self.locations,
            status: self.status,
        })
    }
}
