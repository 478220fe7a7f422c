//! `JUnit` XML: each place of a secret is a test that failed, each gap in what was read one that
//! could not run.

use super::view::{self, Counts};
use super::{Report, facts, policy, text};
use crate::finding::{Finding, Location};
use crate::moment::Moment;
use crate::policy::Violation;
use crate::policy::evaluation::{Outcome as Verdicts, Verdict};
use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};
use std::io::{self, Write};

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut suite = TestSuite::new("keytrail");
    for finding in view::open(report) {
        suite
            .add_test_cases(view::open_places(finding).map(|location| failed(finding, location, report.now)));
    }
    suite.add_test_cases(report.violations().iter().map(|violation| broken(violation, report)));
    if let Some(policy) = report.policy.filter(|policy| policy.is_all) {
        suite.add_test_cases(policy.evaluation.verdicts.iter().filter_map(judged));
    }
    for gap in &report.coverage.left_out {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type(gap.gap.name()).set_message(&*text::clean(&gap.why));
        let mut case = TestCase::new(format!("read {}", text::clean(&gap.what)), status);
        case.set_classname("keytrail.coverage");
        suite.add_test_case(case);
    }
    if suite.test_cases.is_empty() {
        let mut case = TestCase::new("no secrets found", TestCaseStatus::success());
        case.set_classname("keytrail");
        suite.add_test_case(case);
    }
    let counts = Counts::of(report);
    for (name, number) in [
        ("documents", report.coverage.documents),
        ("bytes", report.coverage.bytes),
        ("commits", report.coverage.commits),
        ("allowed", counts.allowed),
        ("baseline", counts.baseline),
        ("waived", counts.waived),
    ] {
        suite.add_property((name, number.to_string().as_str()));
    }
    let mut document = Document::new("keytrail");
    document.add_test_suite(suite);
    // The writer's error is not an `io::Error`, so the text is made first.
    let xml = document.to_string().map_err(io::Error::other)?;
    out.write_all(xml.as_bytes())
}

/// A rule that nothing breaks; what could not be judged was skipped.
fn judged(verdict: &Verdict) -> Option<TestCase> {
    let status = match verdict.outcome {
        Verdicts::Violated => return None,
        Verdicts::Pass => TestCaseStatus::success(),
        Verdicts::Incomplete | Verdicts::NotApplicable => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("{}: {}", verdict.outcome.name(), text::clean(&verdict.summary)));
            status
        }
    };
    let mut case = TestCase::new(text::clean(&verdict.title).into_owned(), status);
    case.set_classname(format!("keytrail.policy.{}", verdict.rule));
    Some(case)
}

/// A violation.
fn broken(violation: &Violation, report: &Report<'_>) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let title = text::clean(&violation.title);
    status.set_type(violation.severity.name()).set_message(format!("{title} ({})", violation.severity));
    let mut body = policy::words(violation);
    if let Some(advice) = report.policy.and_then(|policy| policy.advice(violation)) {
        body.push_str(&format!("\nFix: {}", text::sentence(advice)));
    }
    let controls = policy::controls(&violation.controls);
    if !controls.is_empty() {
        body.push_str(&format!("\nEvidence for: {controls}"));
    }
    if let Some(subject) = violation.subject {
        body.push_str(&format!("\nFingerprint: {subject}"));
    }
    status.set_description(body);
    let place = violation.place.as_ref();
    let name =
        place.map(policy::place).or_else(|| policy::subject(violation)).unwrap_or_else(|| title.into_owned());
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("keytrail.policy.{}", violation.rule));
    if let Some(place) = place {
        case.extra.insert("file".into(), text::clean(&place.path.to_string()).into_owned().into());
        if let Some(line) = place.line {
            case.extra.insert("line".into(), line.to_string().into());
        }
    }
    case
}

fn failed(finding: &Finding, location: &Location, now: Moment) -> TestCase {
    let rule = &finding.rule;
    let name = text::clean(&rule.name);
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status
        .set_type(finding.severity.name())
        .set_message(format!("{name} {} ({})", finding.masked, finding.severity));
    let mut body = format!("{}\n{}\n", text::place(location), text::clean(&location.excerpt.text));
    if let Some(commit) = &location.origin.commit {
        let author = text::clean(&commit.author).into_owned();
        body.push_str(&format!("Commit {} of {} by {author}\n", text::clean(&commit.id), commit.date()));
    }
    let facts = facts::words(&finding.facts, now);
    if !facts.is_empty() {
        body.push_str(&format!("Facts: {}\n", text::sentence(&facts.join("; "))));
    }
    for (head, text) in
        [("Opens", &rule.opens), ("Revoke it first", &rule.revoke), ("Then rotate", &rule.rotate)]
    {
        body.push_str(&format!("{head}: {}\n", text::sentence(text)));
    }
    body.push_str(&format!("Confidence: {}\nFingerprint: {}", location.confidence, finding.fingerprint));
    status.set_description(body);

    let mut case = TestCase::new(text::place(location), status);
    case.set_classname(format!("keytrail.{}", rule.id));
    case.extra.insert("file".into(), text::path(location).into());
    case.extra.insert("line".into(), location.span.start.line.to_string().into());
    case
}

#[cfg(test)]
mod tests {
    use super::super::{Format, sample};

    #[test]
    fn failures_and_errors() {
        insta::assert_snapshot!(sample::render(Format::Junit, &sample::full()));
    }

    #[test]
    fn a_clean_run_passes() {
        let xml = sample::render(Format::Junit, &sample::clean());
        assert!(xml.contains(r#"tests="1" skipped="0" failures="0" errors="0""#), "{xml}");
        assert!(xml.contains(r#"name="no secrets found""#), "{xml}");
    }
}
