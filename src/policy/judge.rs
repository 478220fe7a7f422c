//! How a rule comes out for a token, and a policy for all of them.

mod requirement;

use crate::moment::Moment;
use crate::policy::evaluation::{Evaluation, Evidence, Judged, Outcome, Verdict};
use crate::policy::rules::{Condition, Policy, PolicyRule, Requirement};
use crate::policy::subject::{Excuse, Subject};
use crate::policy::violation::{TokenName, Violation};
use crate::policy::waivers::{Checked, FlawSort};
use crate::trail::state::State;
use requirement::{Answer, judge};

/// What a policy is evaluated over.
#[derive(Debug, Clone, Copy, Default)]
pub struct Case<'a> {
    /// The tokens.
    pub subjects: &'a [Subject<'a>],
    /// The waivers that there are, with what is wrong with them.
    pub waivers: &'a [Checked<'a>],
    /// Whether the history was looked at, so that there being no token that lingers says something.
    pub history: bool,
}

/// Whether a rule speaks of a token.
enum Spoken {
    Yes,
    No,
    /// It cannot be told, and why.
    Unknown(&'static str),
}

impl Policy {
    /// Evaluates every rule over the tokens and waivers.
    pub fn evaluate(&self, case: &Case<'_>, now: Moment) -> Evaluation {
        let mut all = Evaluation::default();
        for rule in &self.rules {
            let mut violations = Vec::new();
            let mut evidence = Vec::new();
            for subject in case.subjects {
                let Some(one) = self.ask(rule, subject, now) else { continue };
                if one.result == Judged::Violated {
                    violations.push(violation(rule, subject, &one.why));
                }
                evidence.push(one);
            }
            for waiver in case.waivers {
                evidence.extend(of_waiver(rule, waiver, &mut violations));
            }
            evidence.sort_by(|a, b| (a.result, a.subject, &a.why).cmp(&(b.result, b.subject, &b.why)));
            all.verdicts.push(verdict(rule, evidence, case));
            all.violations.append(&mut violations);
        }
        sort(&mut all.violations);
        all
    }

    /// How one rule comes out for one token; `None` if it does not speak of it.
    fn ask(&self, rule: &PolicyRule, subject: &Subject<'_>, now: Moment) -> Option<Evidence> {
        if rule.is_about_waivers() {
            return None;
        }
        let (result, why) = match rule.speaks_of.fits(subject) {
            Spoken::No => return None,
            Spoken::Unknown(why) => (Judged::Unknown, why.to_owned()),
            Spoken::Yes => match &subject.excuse {
                Some(excuse) => (Judged::Excused, excuse.to_string()),
                None => self.judge_all(rule, subject, now)?,
            },
        };
        let token = Some(TokenName::from(subject.token));
        Some(Evidence { result, why, subject: Some(subject.token.fingerprint), token })
    }

    /// All requirements of a rule together: what is broken counts more than what is not known, and
    /// that more than what is kept. `None` if none of them speaks of this token.
    fn judge_all(&self, rule: &PolicyRule, subject: &Subject<'_>, now: Moment) -> Option<(Judged, String)> {
        let (mut broken, mut unknown, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for requirement in &rule.requires {
            match judge(requirement, self, subject, now) {
                Answer::Broken(why) => broken.push(why),
                Answer::Unknown(why) => unknown.push(why),
                Answer::Kept(why) => kept.push(why),
                Answer::Silent => {}
            }
        }
        [(Judged::Violated, broken), (Judged::Unknown, unknown), (Judged::Pass, kept)]
            .into_iter()
            .find(|(_, reasons)| !reasons.is_empty())
            .map(|(result, reasons)| (result, reasons.join("; ")))
    }
}

impl PolicyRule {
    /// Whether it speaks of waivers and of no token.
    pub fn is_about_waivers(&self) -> bool {
        self.requires.iter().all(Requirement::is_about_waivers)
    }

    /// Whether it is kept where there is no token that it speaks of: because it asks that there be
    /// none, and somebody looked.
    fn is_kept_by_nothing(&self, history: bool) -> bool {
        self.requires.iter().all(|requirement| match requirement {
            Requirement::Forbid | Requirement::NotInRepository | Requirement::Require(_) => true,
            Requirement::MaxLingeringDays(_) => history,
            _ => false,
        })
    }
}

impl Condition {
    fn fits(&self, subject: &Subject<'_>) -> Spoken {
        let token = subject.token;
        let any = |globs: &[crate::policy::name_glob::NameGlob], name: &str| {
            globs.is_empty() || globs.iter().any(|glob| glob.matches(name))
        };
        let state = match self.states.as_slice() {
            [] => !matches!(subject.state, State::Revoked | State::Expired),
            states => states.contains(&subject.state) || (subject.state == State::Waived),
        };
        let plain = any(&self.rules, &token.rule)
            && any(&self.providers, &token.provider)
            && (self.kinds.is_empty() || self.kinds.contains(&token.kind))
            && state
            && (self.paths.is_empty() || subject.places.iter().any(|place| self.paths.matches(&place.path)));
        if !plain {
            return Spoken::No;
        }
        let mut unknown = None;
        if !self.forms.is_empty() {
            match &token.facts.form {
                Some(form) if !any(&self.forms, form) => return Spoken::No,
                Some(_) => {}
                None => unknown = Some("its bytes do not tell its form"),
            }
        }
        if !self.environments.is_empty() {
            match token.facts.environment {
                Some(environment) if !self.environments.contains(&environment) => return Spoken::No,
                Some(_) => {}
                None => unknown = Some("nothing tells whether it opens production or a test environment"),
            }
        }
        unknown.map_or(Spoken::Yes, Spoken::Unknown)
    }
}

impl std::fmt::Display for Excuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Waived { owner, until } => write!(f, "waived by {owner} until {}", until.date()),
            Self::Allowed(reason) => write!(f, "allowed in place: {reason}"),
            Self::Baseline => f.write_str("known when keytrail was adopted"),
        }
    }
}

/// The break of a rule by a token.
fn violation(rule: &PolicyRule, subject: &Subject<'_>, why: &str) -> Violation {
    Violation {
        rule: rule.id.clone(),
        title: rule.title.clone(),
        severity: rule.severity,
        message: why.to_owned(),
        controls: rule.controls.clone(),
        subject: Some(subject.token.fingerprint),
        token: Some(TokenName::from(subject.token)),
        place: subject.places.first().cloned(),
    }
}

/// How a rule comes out for a waiver, if it speaks of waivers.
fn of_waiver(rule: &PolicyRule, checked: &Checked<'_>, violations: &mut Vec<Violation>) -> Option<Evidence> {
    let waiver = checked.waiver;
    let asked = rule.requires.iter().filter_map(|requirement| match requirement {
        Requirement::WaiverMaxDays(most) => {
            let days = waiver.days();
            let result = if days > i64::from(*most) { Judged::Violated } else { Judged::Pass };
            let why = format!("the waiver of {} is granted for {days} days, of {most} at most", waiver.owner);
            Some((result, why))
        }
        Requirement::NoWaiver(sort) => Some(match checked.flaws.iter().find(|flaw| flaw.sort == *sort) {
            Some(flaw) => (Judged::Violated, flaw.message.clone()),
            None if *sort == FlawSort::Unused && !checked.is_use_known => {
                (Judged::Unknown, "not enough was scanned to say whether it covers anything".to_owned())
            }
            None => (Judged::Pass, format!("the waiver of {} until {}", waiver.owner, waiver.expires.date())),
        }),
        _ => None,
    });
    let (result, why) = asked.min_by_key(|(result, _)| *result)?;
    if result == Judged::Violated {
        violations.push(Violation {
            rule: rule.id.clone(),
            title: rule.title.clone(),
            severity: rule.severity,
            message: why.clone(),
            controls: rule.controls.clone(),
            subject: Some(waiver.fingerprint),
            token: None,
            place: checked.place.cloned(),
        });
    }
    Some(Evidence { result, why, subject: Some(waiver.fingerprint), token: None })
}

/// A rule's verdict from its evidence.
fn verdict(rule: &PolicyRule, evidence: Vec<Evidence>, case: &Case<'_>) -> Verdict {
    let count = |result| evidence.iter().filter(|one: &&Evidence| one.result == result).count();
    let (broken, unknown) = (count(Judged::Violated), count(Judged::Unknown));
    let (excused, kept) = (count(Judged::Excused), count(Judged::Pass));
    let nothing = evidence.is_empty();
    let outcome = if broken > 0 {
        Outcome::Violated
    } else if unknown > 0 {
        if kept > 0 { Outcome::Incomplete } else { Outcome::NotApplicable }
    } else if kept > 0 || rule.is_kept_by_nothing(case.history) {
        Outcome::Pass
    } else {
        Outcome::NotApplicable
    };
    let noun = if rule.is_about_waivers() { "waiver" } else { "token" };
    let summary = if nothing {
        match outcome {
            Outcome::Pass => format!("no {noun} that it speaks of was found"),
            _ => format!("no {noun} that it speaks of is known"),
        }
    } else {
        let mut parts = Vec::new();
        for (number, what) in [
            (broken, "violated"),
            (kept, "pass"),
            (unknown, "could not be judged"),
            (excused, "excused by a waiver or a marker"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        let number = evidence.len();
        format!("{number} {noun}{}: {}", if number == 1 { "" } else { "s" }, parts.join(", "))
    };
    Verdict {
        rule: rule.id.clone(),
        title: rule.title.clone(),
        severity: rule.severity,
        controls: rule.controls.clone(),
        outcome,
        summary,
        evidence,
    }
}

/// The most severe first, then by rule, place and token.
pub fn sort(violations: &mut [Violation]) {
    violations.sort_by(|a, b| {
        b.severity.cmp(&a.severity).then_with(|| {
            (&a.rule, &a.place, a.subject, &a.message).cmp(&(&b.rule, &b.place, b.subject, &b.message))
        })
    });
}
