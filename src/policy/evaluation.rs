//! What comes of a policy: a verdict a rule, with the evidence, and the violations.

use crate::level::Severity;
use crate::policy::control::ControlId;
use crate::policy::rules::Policy;
use crate::policy::violation::{TokenName, Violation};
use crate::secret::Fingerprint;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What comes of evaluating a policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Evaluation {
    /// One verdict a rule, in the order of the rules.
    pub verdicts: Vec<Verdict>,
    /// What breaks a rule, the most severe first, then by rule, token and place.
    pub violations: Vec<Violation>,
}

/// How a rule came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The rule's id.
    pub rule: String,
    /// The rule's title.
    pub title: String,
    /// How much a break of it weighs.
    pub severity: Severity,
    /// What it gives evidence for.
    pub controls: Vec<ControlId>,
    /// How it came out.
    pub outcome: Outcome,
    /// Why, in one sentence: `12 tokens judged, 2 break it`.
    pub summary: String,
    /// Each token (or waiver) that it speaks of, sorted by outcome (worst first) and fingerprint.
    pub evidence: Vec<Evidence>,
}

/// How a rule came out for all that it speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Something breaks it.
    Violated,
    /// Nothing that was judged breaks it, but not all that it speaks of could be judged.
    Incomplete,
    /// It speaks of nothing here, or what it asks for could not be judged at all.
    NotApplicable,
    /// All that it speaks of keeps it.
    Pass,
}

impl Outcome {
    /// The name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Violated => "violated",
            Self::Incomplete => "incomplete",
            Self::NotApplicable => "not applicable",
            Self::Pass => "pass",
        }
    }
}

/// How a rule came out for one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// How it came out.
    pub result: Judged,
    /// Why, in one sentence.
    pub why: String,
    /// Which token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Fingerprint>,
    /// The token as it may be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenName>,
}

/// How a rule came out for one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judged {
    /// It breaks the rule.
    Violated,
    /// What the rule asks for is not known of it.
    Unknown,
    /// A waiver or a marker says that the rule does not count.
    Excused,
    /// It keeps the rule.
    Pass,
}

impl Judged {
    /// The name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Violated => "violated",
            Self::Unknown => "unknown",
            Self::Excused => "excused",
            Self::Pass => "pass",
        }
    }
}

impl Verdict {
    /// How many tokens came out so.
    pub fn count(&self, result: Judged) -> usize {
        self.evidence.iter().filter(|one| one.result == result).count()
    }
}

/// How the rules that give evidence for a control came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlVerdict<'a> {
    /// The control.
    pub control: &'a ControlId,
    /// The worst outcome among its rules. Rules that speak of nothing here only count where there is
    /// no other; one that could judge nothing makes a pass incomplete.
    pub outcome: Outcome,
    /// Its rules, in their order.
    pub rules: Vec<&'a Verdict>,
}

impl Evaluation {
    /// How the controls came out, sorted by id.
    pub fn by_control(&self) -> Vec<ControlVerdict<'_>> {
        let mut rules: BTreeMap<&ControlId, Vec<&Verdict>> = BTreeMap::new();
        for verdict in &self.verdicts {
            for control in &verdict.controls {
                rules.entry(control).or_default().push(verdict);
            }
        }
        let judged = |rules: &[&Verdict]| {
            let outcomes = rules.iter().map(|rule| rule.outcome);
            let worst = outcomes.filter(|outcome| *outcome != Outcome::NotApplicable).min()?;
            let is_blind =
                |rule: &&Verdict| rule.outcome == Outcome::NotApplicable && rule.count(Judged::Unknown) > 0;
            Some(if rules.iter().any(is_blind) { worst.min(Outcome::Incomplete) } else { worst })
        };
        rules
            .into_iter()
            .map(|(control, rules)| ControlVerdict {
                control,
                outcome: judged(&rules).unwrap_or(Outcome::NotApplicable),
                rules,
            })
            .collect()
    }

    /// A verdict by its rule's id.
    pub fn verdict(&self, rule: &str) -> Option<&Verdict> {
        self.verdicts.iter().find(|verdict| verdict.rule == rule)
    }
}

impl Policy {
    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}
