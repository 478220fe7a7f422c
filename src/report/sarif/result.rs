//! Places as SARIF results.

use super::message;
use super::rule::{Rules, level};
use super::uri::Base;
use crate::finding::{Finding, Location, Status};
use crate::level::Severity;
use crate::moment::Moment;
use crate::report::{Report, facts, text, view};
use serde_json::{Value, json};
use serde_sarif::sarif::{
    Location as Place, PhysicalLocation, PropertyBag, Region, Result as Outcome, ResultLevel, Suppression,
};
use std::collections::BTreeMap;

/// How many other places of a secret a result names. A secret may be in thousands of places, and
/// each of them is a result of its own, so a full list would grow with their square.
const RELATED: usize = 10;

/// The places that become results, and how many did not.
pub(super) struct Picked<'a> {
    picked: Vec<(&'a Finding, usize)>,
    total: usize,
}

impl<'a> Picked<'a> {
    /// Most severe first, as the findings are, with the places that don't count at the end if they
    /// are wanted. Beyond
    /// the limit each finding keeps its first places, so that no secret drops out because another
    /// one is everywhere.
    pub(super) fn of(findings: &'a [Finding], suppressed: bool, limit: usize) -> Self {
        struct Candidate {
            quiet: bool,
            rank: usize,
            finding: usize,
            place: usize,
        }
        let mut candidates = Vec::new();
        for (index, finding) in findings.iter().enumerate() {
            let marked = view::marks_count(finding);
            let mut ranks = [0, 0];
            for (place, location) in finding.locations.iter().enumerate() {
                let quiet = !finding.is_open() || (marked && location.allowed.is_some());
                if quiet && !suppressed {
                    continue;
                }
                let rank = &mut ranks[usize::from(quiet)];
                candidates.push(Candidate { quiet, rank: *rank, finding: index, place });
                *rank += 1;
            }
        }
        let total = candidates.len();
        if total > limit {
            candidates.sort_by_key(|c| (c.quiet, c.rank, c.finding));
            candidates.truncate(limit);
        }
        candidates.sort_by_key(|c| (c.quiet, c.finding, c.place));
        Self { picked: candidates.iter().map(|c| (&findings[c.finding], c.place)).collect(), total }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a Finding, usize)> {
        self.picked.iter().copied()
    }

    pub(super) fn findings(&self) -> impl Iterator<Item = &'a Finding> {
        self.picked.iter().map(|(finding, _)| *finding)
    }

    /// What to tell the user if something was cut.
    pub(super) fn notice(&self) -> Option<String> {
        let kept = self.picked.len();
        (kept < self.total).then(|| {
            format!(
                "the SARIF report holds {} of {} places, the most that GitHub code scanning accepts; the JSON \
                 report holds all",
                text::thousands(kept as u64),
                text::thousands(self.total as u64)
            )
        })
    }
}

/// One place as a result.
pub(super) fn result(
    finding: &Finding,
    at: usize,
    rules: &Rules<'_>,
    base: &Base,
    report: &Report<'_>,
) -> Outcome {
    let location = &finding.locations[at];
    let mut outcome = Outcome::builder()
        .rule_id(&*finding.rule.id)
        .level(match level(finding.severity) {
            "error" => ResultLevel::Error,
            "warning" => ResultLevel::Warning,
            _ => ResultLevel::Note,
        })
        .message(message(&words(finding, location, report.now)))
        .locations(vec![place(location, base)])
        .partial_fingerprints(fingerprints(finding, location))
        .properties(properties(finding, location, report.now))
        .rank(rank(finding, report.now))
        .build();
    outcome.rule_index = rules.index(&finding.rule.id).and_then(|index| i64::try_from(index).ok());
    let related = related(finding, at, base, report.sarif_suppressed);
    outcome.related_locations = (!related.is_empty()).then_some(related);
    let suppressions = suppressions(finding, location);
    outcome.suppressions = (!suppressions.is_empty()).then_some(suppressions);
    outcome
}

/// The first sentence stands alone, because GitHub shows only that one in lists.
fn words(finding: &Finding, location: &Location, now: Moment) -> String {
    let rule = &finding.rule;
    let mut words = format!("{} {} in {}", rule.name, finding.masked, text::path(location));
    if let Some(commit) = &location.origin.commit {
        words.push_str(&format!(" (commit {})", commit.short_id()));
    }
    words.push_str(&format!(", line {}. ", location.span.start.line));
    if let Some(facts) = facts::sentence(&finding.facts, now) {
        words.push_str(&format!("{facts} "));
    }
    words.push_str(&format!("It opens: {} ", text::sentence(&rule.opens)));
    words.push_str(&format!("Revoke it first: {}", text::sentence(&rule.revoke)));
    words
}

/// How urgent it is, from 0 to 100 (SARIF, section 3.27.25): what has expired can wait longest.
fn rank(finding: &Finding, now: Moment) -> f64 {
    match finding.severity {
        _ if finding.facts.is_expired(now) => 5.0,
        Severity::Low => 30.0,
        Severity::Medium => 55.0,
        Severity::High => 80.0,
        Severity::Critical => 95.0,
    }
}

fn place(location: &Location, base: &Base) -> Place {
    let (start, end) = (location.span.start, location.span.end);
    let region = Region::builder()
        .start_line(number(start.line))
        .start_column(number(start.column))
        .end_line(number(end.line))
        .end_column(number(end.column))
        .byte_offset(number(start.byte))
        .byte_length(number(end.byte.saturating_sub(start.byte)))
        .build();
    let physical =
        PhysicalLocation::builder().artifact_location(base.address(location)).region(region).build();
    Place::builder().physical_location(physical).build()
}

pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The other places of the same secret, those that count first.
fn related(finding: &Finding, at: usize, base: &Base, suppressed: bool) -> Vec<Place> {
    let others = || {
        let places = finding.locations.iter().enumerate();
        places.filter(move |(index, _)| *index != at).map(|(_, location)| location)
    };
    let open = others().filter(|location| location.allowed.is_none());
    let allowed = others().filter(|location| suppressed && location.allowed.is_some());
    let other = open.chain(allowed).take(RELATED);
    other
        .zip(1..)
        .map(|(location, id)| {
            let mut place = place(location, base);
            place.id = Some(id);
            place.message = Some(message(&match &location.origin.commit {
                Some(commit) => format!("The same secret, in commit {}", commit.short_id()),
                None => "The same secret".to_owned(),
            }));
            place
        })
        .collect()
}

/// By which readers know a result again after edits. GitHub uses `primaryLocationLineHash`.
fn fingerprints(finding: &Finding, location: &Location) -> BTreeMap<String, String> {
    let own = format!("{}:{}", finding.fingerprint, text::path(location));
    let mut fingerprints = BTreeMap::from([("keytrail/v1".to_owned(), own)]);
    if let Some(hash) = &location.line_hash {
        fingerprints.insert("primaryLocationLineHash".to_owned(), hash.clone());
    }
    fingerprints
}

fn suppressions(finding: &Finding, location: &Location) -> Vec<Suppression> {
    let reason = match (&location.allowed, &finding.status) {
        (Some(allowed), _) => Some(&allowed.reason),
        (None, Status::Allowed(reason)) => Some(reason),
        (None, _) => None,
    };
    let mut suppressions = Vec::new();
    if let Some(reason) = reason {
        let reason = finding.without_secret(reason);
        let suppression = Suppression::builder().kind("inSource").status("accepted");
        suppressions.push(suppression.justification(text::clean(&reason)).build());
    }
    if finding.status == Status::Baseline {
        let suppression = Suppression::builder().kind("external").status("accepted");
        suppressions.push(suppression.justification("Known when keytrail was adopted (baseline).").build());
    }
    if let Status::Waived(waived) = &finding.status {
        let words = waived.to_string();
        let words = text::sentence(&finding.without_secret(&words));
        let suppression = Suppression::builder().kind("external").status("accepted");
        suppressions.push(suppression.justification(words).build());
    }
    suppressions
}

fn properties(finding: &Finding, location: &Location, now: Moment) -> PropertyBag {
    let origin = &location.origin;
    let mut bag: BTreeMap<String, Value> = BTreeMap::new();
    let mut put = |key: &str, value: Value| bag.insert(key.to_owned(), value);
    put("confidence", location.confidence.name().into());
    put("fingerprint", finding.fingerprint.to_string().into());
    put("kind", finding.rule.kind.name().into());
    put("masked", finding.masked.as_str().into());
    put("origin", origin.kind.name().into());
    put("provider", finding.rule.provider.as_str().into());
    put("severity", finding.severity.name().into());
    put("status", finding.status.name().into());
    if let Some(commit) = &origin.commit {
        let author = text::clean(&commit.author).into_owned();
        put("commit", json!({ "id": commit.id, "author": author, "date": commit.date() }));
        put("versions", location.versions.into());
    }
    if let Some(in_head) = origin.in_head {
        put("inHead", in_head.into());
    }
    if let Some(reachable) = origin.reachable {
        put("reachable", reachable.into());
    }
    if let Some(blob) = &origin.blob {
        put("blob", blob.as_str().into());
    }
    if !location.decoded.is_empty() {
        put("decoded", location.decoded.clone().into());
    }
    if !finding.facts.is_empty() {
        put("facts", serde_json::to_value(&finding.facts).unwrap_or_default());
    }
    if finding.facts.ends().is_some() {
        put("expired", finding.facts.is_expired(now).into());
    }
    if !finding.notes.is_empty() {
        put("notes", finding.notes.clone().into());
    }
    if !finding.parts.is_empty() {
        let parts =
            finding.parts.iter().map(|part| json!({ "name": part.name, "masked": part.masked.as_str() }));
        put("parts", parts.collect());
    }
    PropertyBag::builder().additional_properties(bag).build()
}
