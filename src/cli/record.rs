//! What commands leave in the ledger.

use crate::cli::ledger::{failed, place, tell};
use crate::cli::{Common, Failure};
use crate::coverage::{Coverage, CoverageReport};
use crate::detect::{Engine, RuleChoice, checks};
use crate::finding::{Finding, Status};
use crate::ledger::event::{self, Event};
use crate::ledger::{Ledger, LedgerError};
use crate::origin::RepoPath;
use crate::rule::Pack;
use crate::scan::Scan;
use crate::settings::Settings;
use crate::source::stdin::Stdin;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io::{self, Cursor, Write};
use std::path::Path;
use std::sync::Arc;

/// Records events in the ledger of `folder`, if there is one: a ledger that `[ledger]` in keytrail.toml
/// speaks of must be there; without that table, none need be. Returns whether they were recorded.
///
/// # Errors
///
/// If an event holds a secret, or the ledger cannot be written to.
pub fn record(
    settings: &Settings,
    folder: &Path,
    events: &[Event],
    common: &Common,
) -> Result<bool, Failure> {
    if events.is_empty() {
        return Ok(false);
    }
    let mut ledger = match Ledger::open(&place(settings, folder)) {
        Ok(ledger) => ledger,
        Err(LedgerError::Missing(_)) if settings.ledger.place.is_none() => return Ok(false),
        // Without the table nobody said that there is a ledger in this folder.
        Err(LedgerError::Usage(_)) if settings.ledger.place.is_none() && settings.ledger.in_git => {
            return Ok(false);
        }
        Err(error) => return Err(failed(error)),
    };
    Guard::new(settings)?.check(events)?;
    let appended = ledger.append_all(events, common.now());
    tell(&mut ledger);
    appended.map_err(failed)?;
    Ok(true)
}

/// Records what a command has changed already, which does not become undone because nobody has made
/// the ledger yet: that is told.
///
/// # Errors
///
/// Those of [`record`], apart from a ledger that is not there.
pub fn note(settings: &Settings, folder: &Path, events: &[Event], common: &Common) -> Result<(), Failure> {
    if settings.ledger.place.is_some()
        && !events.is_empty()
        && let Err(missing @ LedgerError::Missing(_)) = Ledger::open(&place(settings, folder))
    {
        return writeln!(io::stderr(), "keytrail: not recorded: {missing}").map_err(Failure::usage);
    }
    record(settings, folder, events, common).map(drop)
}

/// Refuses events that hold a secret: what is in the ledger stays there.
pub struct Guard<'s> {
    settings: &'s Settings,
    engine: Engine,
}

impl<'s> Guard<'s> {
    /// Loads the rules.
    ///
    /// # Errors
    ///
    /// If a rule file of the settings is not right.
    pub fn new(settings: &'s Settings) -> Result<Self, Failure> {
        let pack = Pack::with_files(&settings.rules, &checks::exists).map_err(Failure::usage)?;
        Ok(Self { settings, engine: Engine::new(Arc::new(pack), &RuleChoice::default()) })
    }

    /// Looks at events.
    ///
    /// # Errors
    ///
    /// The rule that found a secret. The secret is not shown.
    pub fn check(&self, events: &[Event]) -> Result<(), Failure> {
        clean(&self.engine, self.settings, events)
    }
}

fn clean(engine: &Engine, settings: &Settings, events: &[Event]) -> Result<(), Failure> {
    let mut text = Vec::new();
    for event in events {
        serde_json::to_writer_pretty(&mut text, event).map_err(Failure::usage)?;
        text.push(b'\n');
    }
    let coverage = Coverage::default();
    let scan = Scan::new(engine, settings, &coverage, false);
    scan.read(&Stdin::from_reader(RepoPath::new("event.json"), Cursor::new(text)))?;
    let (findings, _) = scan.finish();
    let Some(finding) = findings.iter().find(|finding| settings.gate.blocks(finding)) else { return Ok(()) };
    Err(Failure::text(format!(
        "what is to be recorded holds a secret ({}), and nothing was recorded: what is in a ledger stays there. Name \
         tokens by their fingerprints",
        finding.rule.id
    )))
}

/// A scan that is to be recorded.
pub struct ScanRecord<'a> {
    /// What was read: `tree`, `history` …
    pub scope: String,
    /// Whether the scope is always the same, so that what one scan found can be compared with what the
    /// one before did.
    pub is_whole: bool,
    /// The commit of HEAD.
    pub head: Option<String>,
    /// The findings, statuses set.
    pub findings: &'a [Finding],
    /// What was read.
    pub coverage: &'a CoverageReport,
}

/// Records a scan with the findings that it opened and closed.
///
/// # Errors
///
/// As [`record`], and if there is no ledger: the user asked for this.
pub fn scan(
    settings: &Settings,
    folder: &Path,
    scan: &ScanRecord<'_>,
    engine: &Engine,
    common: &Common,
) -> Result<(), Failure> {
    let mut ledger = Ledger::open(&place(settings, folder)).map_err(failed)?;
    let entries = ledger.entries().map_err(failed)?;
    let known: Vec<&Event> = entries.iter().map(|entry| &entry.event).collect();
    let mut events = events(settings, scan, engine, &known);
    events.extend(policy_change(settings, &known));
    clean(engine, settings, &events)?;
    let appended = ledger.append_all(&events, common.now());
    tell(&mut ledger);
    appended.map_err(failed)?;
    Ok(())
}

/// The entries that a scan makes after those that are there.
fn events(settings: &Settings, scan: &ScanRecord<'_>, engine: &Engine, before: &[&Event]) -> Vec<Event> {
    let count = |wanted: fn(&Finding) -> bool| scan.findings.iter().filter(|one| wanted(one)).count() as u64;
    let blocking = scan.findings.iter().filter(|one| settings.gate.blocks(one)).count() as u64;
    let complete = scan.coverage.is_complete();
    let mut events = vec![Event::Scan(event::Scan {
        scope: scan.scope.clone(),
        head: scan.head.clone(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        settings: settings_hash(settings, engine),
        key: settings.key.id().to_owned(),
        documents: scan.coverage.documents,
        bytes: scan.coverage.bytes,
        gaps: scan.coverage.left_out.len() as u64,
        open: count(Finding::is_open),
        allowed: count(|one| matches!(one.status, Status::Allowed(_))),
        baseline: count(|one| matches!(one.status, Status::Baseline)),
        blocking,
        verdict: if blocking > 0 {
            "findings"
        } else if complete {
            "clean"
        } else {
            "incomplete"
        }
        .to_owned(),
    })];
    if !scan.is_whole {
        return events;
    }
    let mut old = BTreeSet::new();
    for event in before {
        match event {
            Event::FindingOpened(one) if one.scope == scan.scope => drop(old.insert(one.clone())),
            Event::FindingClosed(one) => drop(old.remove(one)),
            _ => {}
        }
    }
    let new: BTreeSet<event::Finding> = scan
        .findings
        .iter()
        .filter(|one| one.is_open())
        .map(|one| event::Finding {
            fingerprint: one.fingerprint.to_string(),
            rule: one.rule.id.clone(),
            path: one.primary().path.to_string(),
            scope: scan.scope.clone(),
        })
        .collect();
    events.extend(new.difference(&old).cloned().map(Event::FindingOpened));
    // What was not read may still have what is not found.
    if complete {
        events.extend(old.difference(&new).cloned().map(Event::FindingClosed));
    }
    events
}

/// The hash of all that decides what a scan finds: the program, its rules and its settings. It is the
/// same on every machine.
pub fn settings_hash(settings: &Settings, engine: &Engine) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: String| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    add(env!("CARGO_PKG_VERSION").to_owned());
    add(format!("{:?}", engine.pack().rules()));
    let Settings { exclude, max_file_size, max_archive_depth, nested, peer_markers, decode, .. } = settings;
    add(format!("{exclude:?} {max_file_size:?} {max_archive_depth} {nested} {peer_markers} {decode}"));
    add(format!("{:?} {:?}", settings.confidence, settings.gate));
    for (id, rule) in &settings.rule_overrides {
        add(format!("{id} {:?} {:?} {:?} {:?}", rule.enabled, rule.severity, rule.confidence, rule.exclude));
    }
    HEXLOWER.encode(&hash.finalize())
}

/// Whether `keytrail.toml` is another one than when it was recorded last.
fn policy_change(settings: &Settings, before: &[&Event]) -> Option<Event> {
    let path = settings.config_path.as_deref()?;
    let name = path.file_name()?.to_string_lossy().into_owned();
    let now = file_hash(path)?;
    let last = before.iter().rev().find_map(|event| match event {
        Event::PolicyChange { file, after, .. } if *file == name => Some(after.clone()),
        _ => None,
    });
    (last.as_ref() != Some(&now)).then_some(Event::PolicyChange { file: name, before: last, after: now })
}

/// The SHA-256 of a file, in hexadecimal; `None` if it cannot be read.
pub fn file_hash(path: &Path) -> Option<String> {
    Some(HEXLOWER.encode(&Sha256::digest(std::fs::read(path).ok()?)))
}
