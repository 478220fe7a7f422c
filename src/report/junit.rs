//! `JUnit` XML: each place of a secret is a test that failed, each gap in what was read one that
//! could not run.

use super::view::{self, Counts};
use super::{Report, facts, text};
use crate::finding::{Finding, Location};
use crate::moment::Moment;
use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};
use std::io::{self, Write};

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut suite = TestSuite::new("keytrail");
    for finding in view::open(report) {
        suite
            .add_test_cases(view::open_places(finding).map(|location| failed(finding, location, report.now)));
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
    ] {
        suite.add_property((name, number.to_string().as_str()));
    }
    let mut document = Document::new("keytrail");
    document.add_test_suite(suite);
    // The writer's error is not an `io::Error`, so the text is made first.
    let xml = document.to_string().map_err(io::Error::other)?;
    out.write_all(xml.as_bytes())
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
