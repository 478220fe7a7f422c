//! A table for spreadsheets and shell tools: a header, then one place a row.

use super::{Report, text, view};
use crate::facts::Expiry;
use crate::finding::{Finding, Location, Status};
use crate::moment::Moment;
use std::borrow::Cow;
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
    table.flush()
}

fn row(finding: &Finding, location: &Location, now: Moment) -> [String; HEADER.len()] {
    let (rule, facts) = (&finding.rule, &finding.facts);
    let commit = location.origin.commit.as_ref();
    let (status, reason) = match (&location.allowed, &finding.status) {
        (Some(allowed), _) => ("allowed", allowed.reason.as_str()),
        (None, Status::Allowed(reason)) => ("allowed", reason.as_str()),
        (None, status) => (status.name(), ""),
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
        view::without_secret(reason, finding).into_owned(),
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

/// A cell that no spreadsheet takes for a formula: where it begins like one, an apostrophe is put
/// before it (OWASP, "CSV Injection").
fn harmless(cell: &str) -> Cow<'_, str> {
    let cell = text::clean(cell);
    if cell.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, sample};
    use super::*;

    #[test]
    fn a_row_a_place() {
        insta::assert_snapshot!(sample::render(Format::Csv, &sample::full()));
        assert_eq!(sample::render(Format::Csv, &sample::clean()).lines().count(), 1);
    }

    #[test]
    fn cells_are_no_formulas() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("\t@x"), "'@x");
        assert_eq!(harmless("-----BEGIN"), "'-----BEGIN");
        assert_eq!(harmless("a=b"), "a=b");
    }
}
