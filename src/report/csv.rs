//! A table for spreadsheets and shell tools: a header, then one place a row.

use super::{Report, text};
use crate::facts::Expiry;
use crate::finding::{Finding, Location, Status};
use crate::moment::Moment;
use crate::policy::Violation;
use crate::spreadsheet::harmless;
use std::io::{self, Write};

const HEADER: [&str; 31] = [
    "status",
    "severity",
    "confidence",
    "rule",
    "name",
    "provider",
    "kind",
    "masked",
    "path",
    "line",
    "column",
    "end_line",
    "end_column",
    "origin",
    "commit",
    "date",
    "author",
    "in_head",
    "decoded",
    "versions",
    "fingerprint",
    "reason",
    "reachable",
    "form",
    "environment",
    "account",
    "subject",
    "scopes",
    "issued",
    "expires",
    "expired",
];

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(HEADER)?;
    for finding in report.findings {
        for location in &finding.locations {
            let row = row(finding, location, report.now);
            table.write_record(row.iter().map(|cell| harmless(cell).into_owned()))?;
        }
    }
    for violation in report.violations() {
        table.write_record(broken(violation).iter().map(|cell| harmless(cell).into_owned()))?;
    }
    table.flush()
}

/// A violation as a row: cells that only findings have are empty.
fn broken(violation: &Violation) -> [String; HEADER.len()] {
    let place = violation.place.as_ref();
    let mut row: [String; HEADER.len()] = Default::default();
    for (name, value) in [
        ("status", "violation".to_owned()),
        ("severity", violation.severity.to_string()),
        ("rule", violation.full_rule()),
        ("name", violation.title.clone()),
        ("masked", violation.token.as_ref().map(|token| token.masked.to_string()).unwrap_or_default()),
        ("path", place.map(|place| place.path.to_string()).unwrap_or_default()),
        ("line", place.and_then(|place| place.line).map(|line| line.to_string()).unwrap_or_default()),
        ("commit", place.and_then(|place| place.commit.clone()).unwrap_or_default()),
        ("fingerprint", violation.subject.map(|subject| subject.to_string()).unwrap_or_default()),
        ("reason", violation.message.clone()),
    ] {
        if let Some(at) = HEADER.iter().position(|column| *column == name) {
            row[at] = value;
        }
    }
    row
}

fn row(finding: &Finding, location: &Location, now: Moment) -> [String; HEADER.len()] {
    let (rule, facts) = (&finding.rule, &finding.facts);
    let commit = location.origin.commit.as_ref();
    let (status, reason) = match (&location.allowed, &finding.status) {
        (Some(allowed), _) => ("allowed", allowed.reason.clone()),
        (None, Status::Allowed(reason)) => ("allowed", reason.clone()),
        (None, status @ Status::Waived(waived)) => (status.name(), waived.to_string()),
        (None, status) => (status.name(), String::new()),
    };
    [
        status.to_owned(),
        finding.severity.to_string(),
        location.confidence.to_string(),
        rule.id.clone(),
        rule.name.clone(),
        rule.provider_name.clone(),
        rule.kind.to_string(),
        finding.masked.to_string(),
        text::path(location),
        location.span.start.line.to_string(),
        location.span.start.column.to_string(),
        location.span.end.line.to_string(),
        location.span.end.column.to_string(),
        location.origin.kind.name().to_owned(),
        commit.map(|commit| commit.id.clone()).unwrap_or_default(),
        commit.map(|commit| commit.date()).unwrap_or_default(),
        commit.map(|commit| commit.author.clone()).unwrap_or_default(),
        location.origin.in_head.map(|in_head| in_head.to_string()).unwrap_or_default(),
        location.decoded.join(" "),
        location.versions.to_string(),
        finding.fingerprint.to_string(),
        finding.without_secret(&reason).into_owned(),
        location.origin.reachable.map(|reachable| reachable.to_string()).unwrap_or_default(),
        facts.form.clone().unwrap_or_default(),
        facts.environment.map(|environment| environment.name().to_owned()).unwrap_or_default(),
        facts.account.clone().unwrap_or_default(),
        facts.subject.clone().unwrap_or_default(),
        facts.scopes.join(" "),
        facts.issued.map(|at| at.to_string()).unwrap_or_default(),
        match facts.expires {
            Some(Expiry::At(at)) => at.to_string(),
            Some(Expiry::Never) => "never".to_owned(),
            None => String::new(),
        },
        facts.ends().map(|_| facts.is_expired(now).to_string()).unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::{Format, sample};

    #[test]
    fn a_row_a_place() {
        insta::assert_snapshot!(sample::render(Format::Csv, &sample::full()));
        assert_eq!(sample::render(Format::Csv, &sample::clean()).lines().count(), 1);
    }
}
