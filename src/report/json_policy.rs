//! What our own JSON tells of a policy.

use super::policy::{self, PolicyPart};
use crate::level::Severity;
use crate::policy::control::{Catalogue, ControlId};
use crate::policy::evaluation::{Judged, Verdict};
use crate::policy::violation::{Place, Violation};
use data_encoding::BASE64;
use serde::Serialize;

/// The policy: how many violations block and, in a report of the policy alone, its verdicts.
#[derive(Serialize)]
pub(super) struct PolicyText<'a> {
    violations: usize,
    blocking: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<VerdictText<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    controls: Option<Vec<ControlText<'a>>>,
}

#[derive(Serialize)]
struct VerdictText<'a> {
    id: &'a str,
    title: &'a str,
    severity: Severity,
    outcome: &'static str,
    summary: &'a str,
    passed: usize,
    violated: usize,
    unknown: usize,
    excused: usize,
    controls: &'a [ControlId],
    evidence: Vec<EvidenceText<'a>>,
}

#[derive(Serialize)]
struct EvidenceText<'a> {
    result: &'static str,
    why: &'a str,
    #[serde(flatten)]
    subject: SubjectText<'a>,
}

#[derive(Serialize)]
struct ControlText<'a> {
    id: &'a ControlId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    outcome: &'static str,
    rules: Vec<&'a str>,
}

/// The token that something is said of.
#[derive(Serialize)]
struct SubjectText<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    masked: Option<&'a str>,
}

/// A violation.
#[derive(Serialize)]
pub(super) struct ViolationText<'a> {
    rule: String,
    identity: String,
    title: &'a str,
    severity: Severity,
    message: &'a str,
    controls: &'a [ControlId],
    #[serde(flatten)]
    subject: SubjectText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<PlaceText<'a>>,
}

#[derive(Serialize)]
struct PlaceText<'a> {
    path: String,
    /// The bytes of the path where they are no UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
}

impl<'a> PolicyText<'a> {
    pub(super) fn of(part: PolicyPart<'a>) -> Self {
        let evaluation = part.evaluation;
        let rules = || evaluation.verdicts.iter().map(VerdictText::of).collect();
        let controls = || {
            let controls = evaluation.by_control().into_iter();
            let text = |one: crate::policy::evaluation::ControlVerdict<'a>| ControlText {
                id: one.control,
                name: policy::control(one.control),
                title: Catalogue::get().control(one.control).map(|control| control.title.as_str()),
                outcome: one.outcome.name(),
                rules: one.rules.iter().map(|verdict| verdict.rule.as_str()).collect(),
            };
            controls.map(text).collect()
        };
        Self {
            violations: evaluation.violations.len(),
            blocking: part.blocking,
            rules: part.is_all.then(rules),
            controls: part.is_all.then(controls),
        }
    }
}

impl<'a> VerdictText<'a> {
    fn of(verdict: &'a Verdict) -> Self {
        let evidence = verdict.evidence.iter().map(|one| EvidenceText {
            result: one.result.name(),
            why: &one.why,
            subject: SubjectText {
                fingerprint: one.subject.map(|subject| subject.to_string()),
                token_rule: one.token.as_ref().map(|token| token.rule.as_str()),
                token_name: one.token.as_ref().map(|token| token.name.as_str()),
                masked: one.token.as_ref().map(|token| token.masked.as_str()),
            },
        });
        Self {
            id: &verdict.rule,
            title: &verdict.title,
            severity: verdict.severity,
            outcome: verdict.outcome.name(),
            summary: &verdict.summary,
            passed: verdict.count(Judged::Pass),
            violated: verdict.count(Judged::Violated),
            unknown: verdict.count(Judged::Unknown),
            excused: verdict.count(Judged::Excused),
            controls: &verdict.controls,
            evidence: evidence.collect(),
        }
    }
}

impl<'a> ViolationText<'a> {
    pub(super) fn of(violation: &'a Violation) -> Self {
        Self {
            rule: violation.full_rule(),
            identity: violation.identity(),
            title: &violation.title,
            severity: violation.severity,
            message: &violation.message,
            controls: &violation.controls,
            subject: SubjectText {
                fingerprint: violation.subject.map(|subject| subject.to_string()),
                token_rule: violation.token.as_ref().map(|token| token.rule.as_str()),
                token_name: violation.token.as_ref().map(|token| token.name.as_str()),
                masked: violation.token.as_ref().map(|token| token.masked.as_str()),
            },
            location: violation.place.as_ref().map(PlaceText::of),
        }
    }
}

impl<'a> PlaceText<'a> {
    fn of(place: &'a Place) -> Self {
        Self {
            path: place.path.to_string(),
            path_base64: place.path.as_str().is_none().then(|| BASE64.encode(place.path.as_bytes())),
            line: place.line,
            commit: place.commit.as_deref(),
        }
    }
}
