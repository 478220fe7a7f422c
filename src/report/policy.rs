//! What a policy says, in the words that several formats share.

use super::text;
use crate::policy::control::{Catalogue, ControlId, OWN};
use crate::policy::evaluation::Evaluation;
use crate::policy::rules::PolicyRule;
use crate::policy::violation::{Place, Violation};

/// What a report tells of a policy.
#[derive(Debug, Clone, Copy)]
pub struct PolicyPart<'a> {
    /// What came of it.
    pub evaluation: &'a Evaluation,
    /// Its rules, for what a violation does not say itself.
    pub rules: &'a [PolicyRule],
    /// Whether the report is about the policy alone: verdicts are told, and findings are not.
    pub is_all: bool,
    /// How many violations block.
    pub blocking: usize,
}

impl<'a> PolicyPart<'a> {
    /// What to do about a violation.
    pub(super) fn advice(&self, violation: &Violation) -> Option<&'a str> {
        let rule = self.rules.iter().find(|rule| rule.id == violation.rule)?;
        rule.advice.as_deref()
    }
}

/// `PCI DSS 4.0.1 8.6.2`, and the id itself for what the catalogue does not have.
pub(super) fn control(id: &ControlId) -> String {
    match Catalogue::get().framework(id.framework()) {
        Some(framework) => format!("{} {} {}", framework.name, framework.edition, text::clean(id.clause())),
        None if id.framework() == OWN => text::clean(id.clause()).into_owned(),
        None => text::clean(id.as_str()).into_owned(),
    }
}

/// Controls in one line, those of one framework together: `PCI DSS 4.0.1 7.2.5, 8.6.2; GDPR 2016/679 25(2)`.
pub(super) fn controls(ids: &[ControlId]) -> String {
    let mut text = String::new();
    let mut last = None;
    for id in ids {
        if last == Some(id.framework()) {
            text.push_str(", ");
            text.push_str(&text::clean(id.clause()));
        } else {
            if last.is_some() {
                text.push_str("; ");
            }
            text.push_str(&control(id));
        }
        last = Some(id.framework());
    }
    text
}

/// `path:line`.
pub(super) fn place(place: &Place) -> String {
    let path = text::clean(&place.path.to_string()).into_owned();
    let path = if path.is_empty() { "<message>".to_owned() } else { path };
    match place.line {
        Some(line) => format!("{path}:{line}"),
        None => path,
    }
}

/// What a violation is about: the token's name and mask, or nothing.
pub(super) fn subject(violation: &Violation) -> Option<String> {
    let token = violation.token.as_ref()?;
    Some(format!("{} {}", text::clean(&token.name), text::clean(token.masked.as_str())))
}

/// All of a violation in one line, without the place.
pub(super) fn words(violation: &Violation) -> String {
    let mut words = match subject(violation) {
        Some(subject) => format!("{subject}: "),
        None => String::new(),
    };
    words.push_str(&text::sentence(&violation.message));
    words
}
