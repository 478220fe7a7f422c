//! Our own JSON, version 1: `docs/report.schema.json` describes it and `docs/reports.md` explains it.

use super::json_policy::{PolicyText, ViolationText};
use super::view::{self, Counts};
use super::{Report, json_text, text};
use crate::facts::TokenFacts;
use crate::finding::{Finding, Location, RuleInfo, Status};
use crate::level::{Confidence, Severity};
use crate::moment::Moment;
use crate::origin::{CommitInfo, Position, RepoPath};
use data_encoding::BASE64;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The version of the form. Fields may be added without a new one, so readers skip what they
/// don't know.
pub(super) const VERSION: u32 = 1;

/// One object.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let whole = Whole {
        head: Head::of(report),
        findings: report.findings.iter().map(|finding| FindingText::of(finding, report)).collect(),
        violations: report.policy.map(|_| report.violations().iter().map(ViolationText::of).collect()),
    };
    json_text::pretty(&whole, out)
}

/// One line a finding, then one for the rest.
pub(super) fn write_lines(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings {
        json_text::compact(&Line { sort: "finding", content: FindingText::of(finding, report) }, out)?;
    }
    for violation in report.violations() {
        json_text::compact(&Line { sort: "violation", content: ViolationText::of(violation) }, out)?;
    }
    json_text::compact(&Line { sort: "summary", content: Head::of(report) }, out)
}

#[derive(Serialize)]
struct Line<T> {
    #[serde(rename = "type")]
    sort: &'static str,
    #[serde(flatten)]
    content: T,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    findings: Vec<FindingText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    violations: Option<Vec<ViolationText<'a>>>,
}

#[derive(Serialize)]
struct Head<'a> {
    version: u32,
    tool: Tool<'a>,
    now: Moment,
    fingerprint_key: &'a str,
    scanned: Scanned,
    summary: Summary,
    coverage: CoverageText<'a>,
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<PolicyText<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Scanned {
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    is_repository: bool,
}

#[derive(Serialize)]
struct Summary {
    /// Findings that count.
    open: u64,
    places: u64,
    by_severity: BTreeMap<&'static str, u64>,
    allowed: u64,
    baseline: u64,
    waived: u64,
    allowed_places: u64,
    blocking: usize,
    complete: bool,
    fail_on: Option<Severity>,
    min_confidence: Confidence,
}

#[derive(Serialize)]
struct CoverageText<'a> {
    documents: u64,
    bytes: u64,
    commits: u64,
    left_out: Vec<LeftOutText<'a>>,
    notices: &'a [String],
}

#[derive(Serialize)]
struct LeftOutText<'a> {
    gap: &'static str,
    what: &'a str,
    why: &'a str,
}

impl<'a> Head<'a> {
    fn of(report: &Report<'a>) -> Self {
        let counts = Counts::of(report);
        let coverage = report.coverage;
        Self {
            version: VERSION,
            tool: Tool { name: "keytrail", version: report.version },
            now: report.now,
            fingerprint_key: report.key_id,
            scanned: Scanned {
                root: report.root.as_deref().map(|root| RepoPath::from_path(root).to_string()),
                is_repository: report.is_repository,
            },
            summary: Summary {
                open: counts.open,
                places: counts.places,
                by_severity: view::SEVERITIES.iter().map(|s| s.name()).zip(counts.by_severity).collect(),
                allowed: counts.allowed,
                baseline: counts.baseline,
                waived: counts.waived,
                allowed_places: counts.allowed_places,
                blocking: report.outcome.blocking,
                complete: report.outcome.complete,
                fail_on: report.fail_on,
                min_confidence: report.min_confidence,
            },
            coverage: CoverageText {
                documents: coverage.documents,
                bytes: coverage.bytes,
                commits: coverage.commits,
                left_out: coverage
                    .left_out
                    .iter()
                    .map(|gap| LeftOutText { gap: gap.gap.name(), what: &gap.what, why: &gap.why })
                    .collect(),
                notices: &coverage.notices,
            },
            warnings: report.warnings,
            policy: report.policy.map(PolicyText::of),
        }
    }
}

#[derive(Serialize)]
struct FindingText<'a> {
    fingerprint: String,
    identity: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiver: Option<WaiverText<'a>>,
    severity: Severity,
    confidence: Confidence,
    rule: &'a RuleInfo,
    masked: &'a str,
    #[serde(flatten)]
    clear: Option<Clear<'a>>,
    notes: &'a [String],
    #[serde(skip_serializing_if = "TokenFacts::is_empty")]
    facts: &'a TokenFacts,
    /// Whether it is over by itself, if its bytes tell its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    expired: Option<bool>,
    parts: Vec<PartText<'a>>,
    locations: Vec<LocationText<'a>>,
}

/// Who waived a finding, and until when.
#[derive(Serialize)]
struct WaiverText<'a> {
    owner: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<&'a str>,
    until: Moment,
}

/// The secret itself; present only if the user asked for it.
#[derive(Serialize)]
struct Clear<'a> {
    secret: Cow<'a, str>,
    secret_encoding: &'static str,
}

#[derive(Serialize)]
struct PartText<'a> {
    name: &'a str,
    masked: &'a str,
}

impl<'a> FindingText<'a> {
    fn of(finding: &'a Finding, report: &Report<'_>) -> Self {
        Self {
            fingerprint: finding.fingerprint.to_string(),
            identity: finding.identity(),
            status: finding.status.name(),
            reason: match &finding.status {
                Status::Allowed(reason) => Some(finding.without_secret(reason)),
                Status::Waived(waived) => Some(finding.without_secret(&waived.reason)),
                Status::Open | Status::Baseline => None,
            },
            waiver: match &finding.status {
                Status::Waived(waived) => Some(WaiverText {
                    owner: &waived.owner,
                    ticket: waived.ticket.as_deref(),
                    until: waived.until,
                }),
                _ => None,
            },
            severity: finding.severity,
            confidence: finding.confidence,
            rule: &finding.rule,
            masked: finding.masked.as_str(),
            clear: report.show_secrets.then(|| Clear::of(finding)),
            notes: &finding.notes,
            facts: &finding.facts,
            expired: finding.facts.ends().map(|_| finding.facts.is_expired(report.now)),
            parts: finding
                .parts
                .iter()
                .map(|part| PartText { name: &part.name, masked: part.masked.as_str() })
                .collect(),
            locations: finding.locations.iter().map(|at| LocationText::of(at, finding)).collect(),
        }
    }
}

impl<'a> Clear<'a> {
    fn of(finding: &'a Finding) -> Self {
        let bytes = finding.secret.expose();
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { secret: Cow::Borrowed(text), secret_encoding: "utf-8" },
            Err(_) => Self { secret: Cow::Owned(BASE64.encode(bytes)), secret_encoding: "base64" },
        }
    }
}

#[derive(Serialize)]
struct LocationText<'a> {
    path: String,
    /// The bytes of the path where they are no UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    start: PositionText,
    end: PositionText,
    origin: OriginText<'a>,
    confidence: Confidence,
    excerpt: ExcerptText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_hash: Option<&'a str>,
    decoded: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<AllowedText<'a>>,
    versions: u32,
}

#[derive(Serialize)]
struct PositionText {
    line: u64,
    column: u64,
    byte: u64,
}

impl From<Position> for PositionText {
    fn from(Position { byte, line, column }: Position) -> Self {
        Self { line, column, byte }
    }
}

#[derive(Serialize)]
struct ExcerptText<'a> {
    text: &'a str,
    mask_start: usize,
    mask_end: usize,
}

#[derive(Serialize)]
struct AllowedText<'a> {
    reason: Cow<'a, str>,
    line: u64,
}

#[derive(Serialize)]
struct OriginText<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<CommitText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_head: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reachable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob: Option<&'a str>,
}

#[derive(Serialize)]
struct CommitText<'a> {
    id: &'a str,
    author: &'a str,
    email: &'a str,
    date: String,
}

impl<'a> CommitText<'a> {
    // The summary stays out: it is text that may hold a secret, and the id leads to it.
    fn of(commit: &'a CommitInfo) -> Self {
        Self { id: &commit.id, author: &commit.author, email: &commit.email, date: commit.date() }
    }
}

impl<'a> LocationText<'a> {
    fn of(location: &'a Location, finding: &Finding) -> Self {
        let path = &location.path;
        Self {
            path: if path.as_bytes().is_empty() { text::path(location) } else { path.to_string() },
            path_base64: path.as_str().is_none().then(|| BASE64.encode(path.as_bytes())),
            start: location.span.start.into(),
            end: location.span.end.into(),
            origin: OriginText {
                kind: location.origin.kind.name(),
                commit: location.origin.commit.as_deref().map(CommitText::of),
                in_head: location.origin.in_head,
                reachable: location.origin.reachable,
                blob: location.origin.blob.as_deref(),
            },
            confidence: location.confidence,
            excerpt: ExcerptText {
                text: &location.excerpt.text,
                mask_start: location.excerpt.mask.start,
                mask_end: location.excerpt.mask.end,
            },
            line_hash: location.line_hash.as_deref(),
            decoded: &location.decoded,
            allowed: location.allowed.as_ref().map(|allowed| AllowedText {
                reason: finding.without_secret(&allowed.reason),
                line: allowed.line,
            }),
            versions: location.versions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, sample};
    use crate::secret::Secret;
    use serde_json::Value;

    #[test]
    fn one_object_and_one_a_line() {
        let sample = sample::full();
        let text = sample::render(Format::Json, &sample);
        insta::assert_snapshot!(text);
        let whole: Value = serde_json::from_str(&text).expect("JSON is JSON");
        let mut findings = Vec::new();
        let mut last = Value::Null;
        for line in sample::render(Format::Jsonl, &sample).lines() {
            findings
                .push(std::mem::replace(&mut last, serde_json::from_str(line).expect("each line is JSON")));
        }
        // Both forms say the same, save for the type of each line.
        findings.remove(0);
        for finding in &mut findings {
            assert_eq!(finding.as_object_mut().and_then(|f| f.remove("type")), Some("finding".into()));
        }
        assert_eq!(last["type"], "summary");
        assert_eq!(whole["findings"], Value::Array(findings));
        assert_eq!(whole["summary"], last["summary"]);
    }

    #[test]
    fn bytes_that_are_no_text_come_in_base64() {
        let mut sample = sample::full();
        sample.show_secrets = true;
        sample.findings[0].secret = Secret::new(b"\xff\x00");
        let whole: Value = serde_json::from_str(&sample::render(Format::Json, &sample)).expect("JSON");
        assert_eq!(whole["findings"][0]["secret"], "/wA=");
        assert_eq!(whole["findings"][0]["secret_encoding"], "base64");
        assert_eq!(whole["findings"][1]["secret_encoding"], "utf-8");
        assert_eq!(whole["findings"][3]["locations"][0]["path_base64"], "PWEsYjpjCiX/L10oIC5lbnY=");
    }
}
