//! A policy rule as it is written: keys that are not given leave to another place what they say.

use crate::facts::Environment;
use crate::kind::Kind;
use crate::level::Severity;
use crate::policy::control::ControlId;
use crate::policy::name_glob::NameGlob;
use crate::policy::rules::{Condition, PolicyRule, Requirement};
use crate::policy::waivers::FlawSort;
use crate::toml_file::{BadValue, PathGlobs};
use crate::trail::state::State;

/// How much a break weighs where a rule does not say.
const SEVERITY: Severity = Severity::High;

/// A rule as it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// Its id.
    pub(super) id: String,
    /// Whether it counts.
    pub(super) enabled: Option<bool>,
    /// What it asks for, as a headline.
    pub(super) title: Option<String>,
    /// How much a break of it weighs.
    pub(super) severity: Option<Severity>,
    /// What it gives evidence for.
    pub(super) controls: Option<Vec<ControlId>>,
    /// What to do about a break.
    pub(super) advice: Option<String>,
    /// See [`Condition`], as what follows.
    pub(super) rules: Option<Vec<NameGlob>>,
    pub(super) providers: Option<Vec<NameGlob>>,
    pub(super) kinds: Option<Vec<Kind>>,
    pub(super) forms: Option<Vec<NameGlob>>,
    pub(super) environments: Option<Vec<Environment>>,
    pub(super) states: Option<Vec<State>>,
    pub(super) paths: Option<PathGlobs>,
    /// See [`Requirement`], as what follows.
    pub(super) forbid: Option<bool>,
    pub(super) require: Option<Vec<NameGlob>>,
    pub(super) not_in_repository: Option<bool>,
    pub(super) registered: Option<bool>,
    pub(super) owner_required: Option<bool>,
    pub(super) expires_required: Option<bool>,
    pub(super) max_lifetime_days: Option<u32>,
    pub(super) max_age_days: Option<u32>,
    pub(super) rotate_every_days: Option<u32>,
    pub(super) grace_days: Option<u32>,
    pub(super) forbidden_scopes: Option<Vec<NameGlob>>,
    pub(super) signed_commits: Option<bool>,
    pub(super) max_lingering_days: Option<u32>,
    pub(super) waiver_max_days: Option<u32>,
    pub(super) no_waiver: Option<FlawSort>,
}

impl Draft {
    /// The rules that every policy has: they speak of the waivers themselves.
    pub(super) fn built_in() -> Vec<Self> {
        let rule = |sort: FlawSort, title: &str, severity| Self {
            id: sort.rule().to_owned(),
            title: Some(title.to_owned()),
            severity: Some(severity),
            no_waiver: Some(sort),
            ..Self::default()
        };
        vec![
            rule(FlawSort::Expired, "Waivers have not ended", Severity::Medium),
            rule(FlawSort::Unused, "Waivers cover something", Severity::Low),
            rule(FlawSort::Changed, "What is waived is still the same secret", Severity::High),
            rule(FlawSort::TooLong, "Waivers end in time", Severity::Medium),
            rule(FlawSort::Owner, "Waivers have an owner whom the policy knows", Severity::Medium),
        ]
    }

    /// The same rule in another starter policy: its controls are added.
    pub(super) fn join(&mut self, other: Self) {
        let mut controls = self.controls.take().unwrap_or_default();
        controls.extend(other.controls.unwrap_or_default());
        self.controls = Some(controls);
    }

    /// What the team writes under the id of a rule that is there: each key that it gives counts in
    /// place of the rule's own.
    pub(super) fn adjust(&mut self, own: Self) {
        macro_rules! take {
            ($($field:ident),*) => { $( if own.$field.is_some() { self.$field = own.$field; } )* };
        }
        take!(
            enabled,
            title,
            severity,
            controls,
            advice,
            rules,
            providers,
            kinds,
            forms,
            environments,
            states,
            paths,
            forbid,
            require,
            not_in_repository,
            registered,
            owner_required,
            expires_required,
            max_lifetime_days,
            max_age_days,
            rotate_every_days,
            grace_days,
            forbidden_scopes,
            signed_commits,
            max_lingering_days,
            waiver_max_days,
            no_waiver
        );
    }

    /// Whether it gives a key beside those that every rule may have adjusted.
    pub(super) fn asks_more(&self) -> bool {
        let bare = Self {
            id: self.id.clone(),
            enabled: self.enabled,
            title: self.title.clone(),
            severity: self.severity,
            controls: self.controls.clone(),
            advice: self.advice.clone(),
            ..Self::default()
        };
        format!("{bare:?}") != format!("{self:?}")
    }

    /// The rule; `None` if it is turned off.
    ///
    /// # Errors
    ///
    /// It asks for nothing, or mixes what speaks of waivers with what speaks of tokens.
    pub(super) fn finish(self) -> Result<Option<PolicyRule>, BadValue> {
        if self.enabled == Some(false) {
            return Ok(None);
        }
        let requires = self.requirements()?;
        let mut controls = self.controls.unwrap_or_default();
        controls.sort();
        controls.dedup();
        Ok(Some(PolicyRule {
            title: self.title.unwrap_or_else(|| self.id.clone()),
            id: self.id,
            severity: self.severity.unwrap_or(SEVERITY),
            controls,
            advice: self.advice,
            speaks_of: Condition {
                rules: self.rules.unwrap_or_default(),
                providers: self.providers.unwrap_or_default(),
                kinds: self.kinds.unwrap_or_default(),
                forms: self.forms.unwrap_or_default(),
                environments: self.environments.unwrap_or_default(),
                states: self.states.unwrap_or_default(),
                paths: self.paths.unwrap_or_default(),
            },
            requires,
        }))
    }

    fn requirements(&self) -> Result<Vec<Requirement>, BadValue> {
        let wanted = |flag: Option<bool>, requirement| flag.unwrap_or(false).then_some(requirement);
        let globs = |globs: &Option<Vec<NameGlob>>, make: fn(Vec<NameGlob>) -> Requirement| {
            globs.clone().filter(|globs| !globs.is_empty()).map(make)
        };
        let grace = self.grace_days.unwrap_or(0);
        if self.rotate_every_days.is_none() && self.grace_days.is_some() {
            return Err(BadValue {
                problem: "`grace-days` without `rotate-every-days`".to_owned(),
                help: "say after how many days it is due with `rotate-every-days`".to_owned(),
            });
        }
        let requires: Vec<Requirement> = [
            wanted(self.forbid, Requirement::Forbid),
            globs(&self.require, Requirement::Require),
            wanted(self.not_in_repository, Requirement::NotInRepository),
            wanted(self.registered, Requirement::Registered),
            wanted(self.owner_required, Requirement::OwnerRequired),
            wanted(self.expires_required, Requirement::ExpiresRequired),
            self.max_lifetime_days.map(Requirement::MaxLifetimeDays),
            self.max_age_days.map(Requirement::MaxAgeDays),
            self.rotate_every_days.map(|every| Requirement::Rotate { every, grace }),
            globs(&self.forbidden_scopes, Requirement::ForbiddenScopes),
            wanted(self.signed_commits, Requirement::SignedCommits),
            self.max_lingering_days.map(Requirement::MaxLingeringDays),
            self.waiver_max_days.map(Requirement::WaiverMaxDays),
            self.no_waiver.map(Requirement::NoWaiver),
        ]
        .into_iter()
        .flatten()
        .collect();
        let of_waivers = requires.iter().filter(|one| one.is_about_waivers()).count();
        if requires.is_empty() {
            return Err(BadValue {
                problem: "the rule asks for nothing".to_owned(),
                help: "give it one of `forbid`, `require`, `not-in-repository`, `registered`, \
                       `owner-required`, `expires-required`, `max-lifetime-days`, `max-age-days`, \
                       `rotate-every-days`, `forbidden-scopes`, `signed-commits`, `max-lingering-days` and \
                       `waiver-max-days`, or take it out with `enabled = false`"
                    .to_owned(),
            });
        }
        if of_waivers > 0 && of_waivers < requires.len() {
            return Err(BadValue {
                problem: "`waiver-max-days` speaks of waivers, the other keys of tokens".to_owned(),
                help: "make two rules of it".to_owned(),
            });
        }
        Ok(requires)
    }
}
