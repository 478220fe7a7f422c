//! SARIF 2.1.0 (OASIS) as GitHub code scanning reads it; `docs/reports.md` tells the details.
//!
//! One run with one result a place. Nothing unmasked is in it: no snippets, no artifact contents.

mod policy;
mod result;
mod rule;
mod trail;
mod uri;

use super::trail::Trail;
use super::{Report, json_text, text};
use policy::Violations;
use result::Picked;
use rule::Rules;
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Message, Notification, ReportingDescriptorReference, ResultColumnKind, Run,
    RunAutomationDetails, Sarif, Tool, ToolComponent,
};
use std::collections::BTreeMap;
use std::io::{self, Write};
use uri::Base;

/// The official schema's address, which editors and validators look up.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Where a reader learns more about this program: the key `repository` of `Cargo.toml`.
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// GitHub refuses a run with more results, and shows the first 5,000 by severity
/// (<https://docs.github.com/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit>).
const RESULTS: usize = 25_000;

/// Writes the report and returns what did not fit.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<Vec<String>> {
    let (log, notices) = log(report, RESULTS);
    json_text::pretty(&log, out)?;
    Ok(notices)
}

/// Writes a scan of a history with the lives of what it found.
pub(super) fn write_trail(trail: &Trail<'_>, out: &mut dyn Write) -> io::Result<Vec<String>> {
    let (mut log, notices) = log(trail.scan, RESULTS);
    let base = Base::of(trail.scan);
    for run in &mut log.runs {
        trail::add(run.results.iter_mut().flatten(), trail, &base);
    }
    json_text::pretty(&log, out)?;
    Ok(notices)
}

fn log(report: &Report<'_>, limit: usize) -> (Sarif, Vec<String>) {
    let base = Base::of(report);
    let violations = Violations::of(report);
    let picked = Picked::of(report.findings, report.sarif_suppressed, limit.saturating_sub(violations.len()));
    let notices: Vec<String> = picked.notice().into_iter().chain(violations.notice()).collect();
    let rules = Rules::of(picked.findings());
    let mut descriptors = rules.descriptors();
    let mut results: Vec<_> =
        picked.iter().map(|(finding, at)| result::result(finding, at, &rules, &base, report)).collect();
    results.extend(violations.results(descriptors.len(), &base));
    descriptors.extend(violations.descriptors());

    let mut driver = ToolComponent::builder()
        .name("keytrail")
        .semantic_version(report.version)
        .version(report.version)
        .rules(descriptors)
        .build();
    driver.information_uri = (!HOME.is_empty()).then(|| HOME.to_owned());
    let supported = violations.supported();
    driver.supported_taxonomies = (!supported.is_empty()).then_some(supported);
    let mut run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .automation_details(RunAutomationDetails::builder().id(automation_id(report)).build())
        .column_kind(ResultColumnKind::UnicodeCodePoints.to_string())
        .invocations(vec![invocation(report, &notices)])
        .results(results)
        .build();
    let taxonomies = violations.taxonomies();
    run.taxonomies = (!taxonomies.is_empty()).then_some(taxonomies);
    run.original_uri_base_ids = base.root_uri().map(|uri| {
        let root = ArtifactLocation::builder().uri(uri).build();
        BTreeMap::from([(uri::SOURCE_ROOT.to_owned(), root)])
    });
    (Sarif::builder().schema(SCHEMA).version("2.1.0").runs(vec![run]).build(), notices)
}

/// `keytrail/` and the category; GitHub takes what is before the last `/` for the category, so the
/// id ends with one.
fn automation_id(report: &Report<'_>) -> String {
    match report.category.as_deref().map(|category| category.trim_matches('/')) {
        None | Some("") => "keytrail/".to_owned(),
        Some(category) => format!("keytrail/{}/", text::clean(category)),
    }
}

fn invocation(report: &Report<'_>, cut: &[String]) -> Invocation {
    let gaps = report.coverage.left_out.iter().map(|gap| (gap.gap.name(), "error", gap.to_string()));
    let cut = cut.iter().map(|text| ("results-cut", "warning", text.clone()));
    let warnings = report.warnings.iter().map(|text| ("warning", "warning", text.clone()));
    let notices = report.coverage.notices.iter().map(|text| ("left-out", "note", text.clone()));
    let notifications: Vec<Notification> = gaps
        .chain(cut)
        .chain(warnings)
        .chain(notices)
        .map(|(id, level, text)| {
            Notification::builder()
                .descriptor(ReportingDescriptorReference::builder().id(id).build())
                .level(level)
                .message(message(&text))
                .build()
        })
        .collect();
    Invocation::builder()
        .execution_successful(report.outcome.complete)
        .tool_execution_notifications(notifications)
        .build()
}

/// A message as plain text. SARIF takes `[text](target)` for a link (section 3.11.6), so brackets
/// that could be read as one, as in a hostile file name, are escaped.
fn message(text: &str) -> Message {
    let text = text::clean(text);
    let text = if text.contains("](") {
        text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
    } else {
        text.into_owned()
    };
    Message::builder().text(text).build()
}

#[cfg(test)]
mod tests;
