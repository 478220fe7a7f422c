//! Workflow commands of GitHub Actions: annotations on the lines of a pull request.
//!
//! The form and the escapes are those of
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions> and of the
//! toolkit that GitHub publishes for actions. GitHub shows ten errors and ten warnings of a step
//! as annotations; the rest stays in the log.

use super::view::{self, Counts};
use super::{Report, facts, policy, text};
use crate::finding::{Finding, Location};
use crate::level::Severity;
use crate::moment::Moment;
use crate::policy::Violation;
use std::io::{self, Write};

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in view::open(report) {
        for location in view::open_places(finding) {
            annotate(finding, location, report.now, out)?;
        }
    }
    for violation in report.violations() {
        broken(violation, report, out)?;
    }
    for gap in &report.coverage.left_out {
        let title = format!("keytrail: not scanned ({})", gap.gap.name());
        command("error", &[("title", title)], &gap.to_string(), out)?;
    }
    for warning in report.warnings {
        command("warning", &[("title", "keytrail".to_owned())], warning, out)?;
    }
    if let Some(policy) = report.policy.filter(|policy| policy.is_all) {
        let count = text::count(policy.evaluation.violations.len() as u64, "violation");
        let rules = text::count(policy.evaluation.verdicts.len() as u64, "rule");
        let rest = if report.outcome.complete { "" } else { ", but not everything was read" };
        return writeln!(out, "keytrail: {count} of the policy's {rules}{rest}");
    }
    let counts = Counts::of(report);
    let found = if counts.open == 0 { "no secrets".to_owned() } else { text::count(counts.open, "secret") };
    let rest = if report.outcome.complete { "" } else { ", but not everything was read" };
    let broken = match report.violations().len() as u64 {
        0 => String::new(),
        more => format!(", {} of the policy", text::count(more, "violation")),
    };
    writeln!(out, "keytrail: {found} found{broken}{rest}")
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "notice",
    }
}

fn annotate(finding: &Finding, location: &Location, now: Moment, out: &mut dyn Write) -> io::Result<()> {
    let rule = &finding.rule;
    let (start, end) = (location.span.start, location.span.end);
    let mut properties = Vec::new();
    if !location.path.as_bytes().is_empty() {
        properties.push(("file", text::path(location)));
        properties.push(("line", start.line.to_string()));
        properties.push(("endLine", end.line.to_string()));
        // GitHub refuses columns on an annotation of several lines.
        if start.line == end.line {
            properties.push(("col", start.column.to_string()));
            properties.push(("endColumn", end.column.to_string()));
        }
    }
    properties.push(("title", format!("{} ({})", text::clean(&rule.name), finding.severity)));

    let mut message = format!("{} {}", text::clean(&rule.name), finding.masked);
    if let Some(commit) = &location.origin.commit {
        message.push_str(&format!(" in commit {}", text::clean(commit.short_id())));
    }
    message.push('.');
    if let Some(facts) = facts::sentence(&finding.facts, now) {
        message.push_str(&format!(" {facts}"));
    }
    message.push_str(&format!(" It opens: {}", text::sentence(&rule.opens)));
    message.push_str(&format!(" Revoke it first: {}", text::sentence(&rule.revoke)));
    message.push_str(&format!(" [{}, confidence {}]", text::clean(&rule.id), location.confidence));
    command(level(finding.severity), &properties, &message, out)
}

fn broken(violation: &Violation, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut properties = Vec::new();
    if let Some(place) = violation.place.as_ref().filter(|place| !place.path.as_bytes().is_empty()) {
        properties.push(("file", place.path.to_string()));
        properties.extend(place.line.map(|line| ("line", line.to_string())));
    }
    properties.push(("title", format!("{} ({})", text::clean(&violation.title), violation.severity)));
    let mut message = policy::words(violation);
    if let Some(advice) = report.policy.and_then(|policy| policy.advice(violation)) {
        message.push_str(&format!(" {}", text::sentence(advice)));
    }
    let controls = policy::controls(&violation.controls);
    if !controls.is_empty() {
        message.push_str(&format!(" Evidence for {controls}."));
    }
    message.push_str(&format!(" [{}]", text::clean(&violation.full_rule())));
    command(level(violation.severity), &properties, &message, out)
}

/// Writes a workflow command.
pub fn command(
    name: &str,
    properties: &[(&str, String)],
    message: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "::{name}")?;
    for (index, (key, value)) in properties.iter().enumerate() {
        let before = if index == 0 { ' ' } else { ',' };
        write!(out, "{before}{key}={}", escape(value).replace(':', "%3A").replace(',', "%2C"))?;
    }
    writeln!(out, "::{}", escape(message))
}

fn escape(text: &str) -> String {
    text::clean(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::super::{Format, sample};
    use super::*;

    #[test]
    fn annotations() {
        insta::assert_snapshot!(sample::render(Format::Github, &sample::full()));
        insta::assert_snapshot!(sample::render(Format::Github, &sample::clean()), @"keytrail: no secrets found");
    }

    #[test]
    fn nothing_escapes_from_a_command() {
        let mut out = Vec::new();
        command("error", &[("file", "a,b:c%\n::x".to_owned())], "100%\r\n::set-env", &mut out)
            .expect("memory");
        assert_eq!(
            String::from_utf8_lossy(&out),
            "::error file=a%2Cb%3Ac%25\u{240a}%3A%3Ax::100%25\u{240d}\u{240a}::set-env\n"
        );
    }
}
