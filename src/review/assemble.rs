//! A review put together from what the rooms above tell.

use super::{
    Changes, ControlVerdict, CoverageView, Event, EvidenceView, Judged, LedgerView, Made, Outcome, Review,
    RuleVerdict, STATES, Schedule, Standing, Times, TokenView, WaiverView, What, timeline,
};
use crate::coverage::CoverageReport;
use crate::facts::{Expiry, TokenFacts};
use crate::moment::Moment;
use crate::policy::Evaluation;
use crate::policy::control::Catalogue;
use crate::policy::subject::Subject;
use crate::policy::violation::Place;
use crate::policy::waiver::Waiver;
use crate::policy::waivers::{Checked, FlawSort, Waivers};
use crate::secret::Fingerprint;
use crate::trail::inventory::{Entry, Inventory};
use crate::trail::life::{PlaceSort, Stay};
use crate::trail::state::State;
use std::collections::{BTreeSet, HashMap};

/// What a review is made of.
pub struct Material<'a> {
    /// By what it is made.
    pub made: Made,
    /// When reviews are due.
    pub schedule: Schedule,
    /// The tokens.
    pub inventory: &'a Inventory,
    /// The same tokens, as the policy was asked about them.
    pub subjects: &'a [Subject<'a>],
    /// The waivers.
    pub waivers: &'a Waivers,
    /// The same waivers, with what is wrong with them.
    pub checked: &'a [Checked<'a>],
    /// What the policy says.
    pub evaluation: &'a Evaluation,
    /// What was read.
    pub coverage: &'a CoverageReport,
    /// Where tokens outside the repository were taken from.
    pub sources: Vec<String>,
    /// What the check of the ledger said.
    pub ledger: LedgerView,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

impl Material<'_> {
    /// Puts the review together. What changed is left to the caller, who knows the review before.
    pub fn review(self) -> Review {
        let now = self.made.now;
        let granted = self.granted();
        let breaks = self.breaks();
        let none = Vec::new();
        let states: HashMap<Fingerprint, State> =
            self.subjects.iter().map(|subject| (subject.token.fingerprint, subject.state)).collect();
        let mut tokens: Vec<TokenView> = self
            .inventory
            .entries()
            .map(|entry| {
                let print = entry.token.fingerprint;
                let waivers = granted.get(&print).unwrap_or(&none);
                let state = states.get(&print).copied().unwrap_or_else(|| entry.state(false, now));
                view(entry, state, waivers, breaks.get(&print).cloned().unwrap_or_default(), now)
            })
            .collect();
        let rank = |token: &TokenView| STATES.iter().position(|state| *state == token.state);
        tokens.sort_by(|a, b| {
            (rank(a), std::cmp::Reverse(a.severity), a.introduced, &a.fingerprint).cmp(&(
                rank(b),
                std::cmp::Reverse(b.severity),
                b.introduced,
                &b.fingerprint,
            ))
        });
        Review {
            schedule: self.schedule.clone(),
            rules: rules(self.evaluation),
            controls: controls(self.evaluation),
            changes: Changes::default(),
            times: Times::of(&tokens, now),
            waivers: self.waivers(),
            coverage: CoverageView::from(self.coverage),
            tokens,
            made: self.made,
            sources: self.sources,
            ledger: self.ledger,
            warnings: self.warnings,
        }
    }

    /// The waivers of each token.
    fn granted(&self) -> HashMap<Fingerprint, Vec<&Waiver>> {
        let mut granted: HashMap<Fingerprint, Vec<&Waiver>> = HashMap::new();
        for one in self.waivers.all() {
            granted.entry(one.waiver.fingerprint).or_default().push(&one.waiver);
        }
        granted
    }

    /// The rules that each token breaks, in the order of the policy.
    fn breaks(&self) -> HashMap<Fingerprint, Vec<String>> {
        let mut breaks: HashMap<Fingerprint, Vec<String>> = HashMap::new();
        for verdict in &self.evaluation.verdicts {
            for one in verdict.evidence.iter().filter(|one| one.result == Judged::Violated) {
                if let Some(print) = one.subject {
                    let rules = breaks.entry(print).or_default();
                    if rules.last() != Some(&verdict.rule) {
                        rules.push(verdict.rule.clone());
                    }
                }
            }
        }
        breaks
    }

    fn waivers(&self) -> Vec<WaiverView> {
        let now = self.made.now;
        let mut views: Vec<_> = self
            .checked
            .iter()
            .map(|Checked { waiver, place, flaws, .. }| {
                let expires = self.waivers.ends(waiver);
                let is_unused = flaws.iter().any(|flaw| flaw.sort == FlawSort::Unused);
                WaiverView {
                    token: waiver.fingerprint.to_string(),
                    path: waiver.path.as_ref().map(ToString::to_string),
                    reason: waiver.reason.clone(),
                    owner: waiver.owner.clone(),
                    ticket: waiver.ticket.clone(),
                    created: waiver.created,
                    expires,
                    standing: if now >= expires {
                        Standing::Ended
                    } else if now < waiver.created {
                        Standing::NotYet
                    } else if is_unused {
                        Standing::CoversNothing
                    } else {
                        Standing::InForce
                    },
                    flaws: flaws.iter().map(|flaw| flaw.message.clone()).collect(),
                    place: place.map(shown).unwrap_or_default(),
                }
            })
            .collect();
        views.sort_by(|a, b| (a.expires, &a.token, &a.place).cmp(&(b.expires, &b.token, &b.place)));
        views
    }
}

/// A place for people.
fn shown(place: &Place) -> String {
    match place.line {
        Some(line) => format!("{}:{line}", place.path),
        None => place.path.to_string(),
    }
}

fn rules(evaluation: &Evaluation) -> Vec<RuleVerdict> {
    let verdicts = evaluation.verdicts.iter().map(|verdict| RuleVerdict {
        id: verdict.rule.clone(),
        title: verdict.title.clone(),
        severity: verdict.severity,
        outcome: verdict.outcome,
        summary: verdict.summary.clone(),
        kept: verdict.count(Judged::Pass) as u64,
        evidence: verdict
            .evidence
            .iter()
            .filter(|one| one.result != Judged::Pass)
            .map(|one| EvidenceView {
                result: one.result,
                token: one.subject.map(|print| print.to_string()),
                why: one.why.clone(),
            })
            .collect(),
        controls: verdict.controls.iter().map(ToString::to_string).collect(),
    });
    verdicts.collect()
}

fn controls(evaluation: &Evaluation) -> Vec<ControlVerdict> {
    let catalogue = Catalogue::get();
    let known = evaluation.by_control().into_iter().map(|one| {
        let framework = catalogue.framework(one.control.framework());
        ControlVerdict {
            framework: one.control.framework().to_owned(),
            framework_name: match framework {
                Some(framework) => format!("{} {}", framework.name, framework.edition),
                None => one.control.framework().to_owned(),
            },
            id: one.control.clause().to_owned(),
            title: catalogue.control(one.control).map(|control| control.title.clone()).unwrap_or_default(),
            address: framework.map(|framework| framework.url.clone()),
            outcome: one.outcome,
            rules: one.rules.iter().map(|rule| rule.rule.clone()).collect(),
            broken: one
                .rules
                .iter()
                .filter(|rule| rule.outcome == Outcome::Violated)
                .map(|rule| rule.count(Judged::Violated) as u64)
                .sum(),
        }
    });
    known.collect()
}

/// One token as the review shows it.
fn view(entry: &Entry, state: State, waivers: &[&Waiver], breaks: Vec<String>, now: Moment) -> TokenView {
    let registration = entry.registration.as_ref();
    let lives = || entry.lives.iter().map(|one| &one.life);
    let introduced = lives().filter_map(|life| Some(life.introduced.as_ref()?.commit.committed)).min();
    let in_head = lives().any(|life| life.in_head);
    let left = lives().filter_map(|life| life.left_head()).map(|commit| commit.committed).max();
    let rotated = lives().filter_map(|life| life.replaced_by.first()).map(|new| new.commit.committed).min();
    TokenView {
        fingerprint: entry.token.fingerprint.to_string(),
        registered: registration.map(|one| one.name.clone()),
        kind: entry.token.name.clone(),
        rule: entry.token.rule.clone(),
        severity: entry.token.severity,
        masked: entry.token.masked.to_string(),
        state,
        owner: registration
            .and_then(|one| one.owner.clone())
            .or_else(|| entry.stored.iter().find_map(|stored| stored.owner.clone())),
        purpose: registration.and_then(|one| one.purpose.clone()),
        facts: facts(entry),
        places: places(entry),
        refs: lives()
            .flat_map(|life| life.refs.iter().map(|reach| reach.name.clone()))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        introduced,
        removed: left.filter(|_| !in_head),
        rotated,
        revoked: registration.and_then(|one| one.revoked_at()),
        expires: entry.ends(),
        days_exposed: entry.days_exposed(now),
        breaks,
        evidence: registration.map(|one| one.evidence.clone()).unwrap_or_default(),
        timeline: events(entry, waivers),
    }
}

fn places(entry: &Entry) -> Vec<String> {
    let several = entry.lives.len() > 1;
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    let mut add = |text: String| {
        if seen.insert(text.clone()) {
            places.push(text);
        }
    };
    for one in &entry.lives {
        for stay in &one.life.stays {
            let place = place(stay);
            add(if several { format!("{}: {place}", one.repository) } else { place });
        }
    }
    for stored in &entry.stored {
        add(stored.to_string());
    }
    for stored in entry.registration.iter().flat_map(|one| &one.stored) {
        add(stored.clone());
    }
    places
}

fn place(stay: &Stay) -> String {
    let named = stay.name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
    match stay.sort {
        PlaceSort::File => format!("{}:{}{named}", stay.path, stay.line),
        PlaceSort::CommitMessage => "a commit's message".to_owned(),
        PlaceSort::TagMessage => "a tag's message".to_owned(),
        PlaceSort::Blob => format!("{} (in no commit)", stay.path),
    }
}

fn facts(entry: &Entry) -> Vec<(String, String)> {
    let TokenFacts { form, environment, account, subject, issuer, audience, key, revocable, more, .. } =
        &entry.token.facts;
    let registration = entry.registration.as_ref();
    let scopes: BTreeSet<&str> = entry
        .token
        .facts
        .scopes
        .iter()
        .chain(registration.iter().flat_map(|one| &one.scopes))
        .map(String::as_str)
        .collect();
    let mut facts = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        facts.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value)));
    };
    add("form", form.clone());
    add("environment", environment.map(|one| one.name().to_owned()));
    add("account", account.clone());
    add("subject", subject.clone());
    add("issuer", issuer.clone());
    add("audience", Some(audience.join(", ")));
    add("scopes", Some(scopes.into_iter().collect::<Vec<_>>().join(", ")));
    if entry.token.facts.expires == Some(Expiry::Never) && entry.ends().is_none() {
        add("expires", Some("never".to_owned()));
    }
    add(
        "key",
        key.as_ref().map(|key| match key.bits {
            Some(bits) => format!("{}, {bits} bits", key.algorithm),
            None => key.algorithm.clone(),
        }),
    );
    add("revocable", revocable.clone());
    add("issued how", registration.and_then(|one| one.issued.how.clone()));
    add("issued why", registration.and_then(|one| one.issued.why.clone()));
    add("issued by", registration.and_then(|one| one.issued.by.clone()));
    add("registry status", registration.map(|one| one.status.to_string()));
    for (name, value) in more {
        add(name, Some(value.clone()));
    }
    facts
}

fn events(entry: &Entry, waivers: &[&Waiver]) -> Vec<Event> {
    let mut events = Vec::new();
    let several = entry.lives.len() > 1;
    for one in &entry.lives {
        for mut event in timeline::of_life(&one.life) {
            if several && event.commit.is_some() {
                event.text = format!("{}: {}", one.repository, event.text);
            }
            // What the token says of itself is the same in every repository.
            if event.commit.is_some() || !events.contains(&event) {
                events.push(event);
            }
        }
    }
    if entry.lives.is_empty() {
        let facts = &entry.token.facts;
        events.extend(facts.issued.map(|when| Event::new(when, What::Issued, "made, by its own word")));
        events.extend(facts.ends().map(|when| Event::new(when, What::Expires, "ends, by its own word")));
    }
    for stored in &entry.stored {
        events.extend(
            stored.issued.map(|when| Event::new(when, What::Issued, format!("made, as {stored} tells"))),
        );
        events.extend(
            stored.expires.map(|when| Event::new(when, What::Expires, format!("ends, as {stored} tells"))),
        );
    }
    if let Some(said) = &entry.registration {
        let mut add = |when: Option<Moment>, what, text: String, by: Option<&String>| {
            events.extend(when.map(|when| Event { by: by.cloned(), ..Event::new(when, what, text) }));
        };
        let how = said.issued.how.as_deref().map(|how| format!(": {how}")).unwrap_or_default();
        add(said.issued.when, What::Issued, format!("made, by the registry{how}"), said.issued.by.as_ref());
        add(said.rotate_by, What::RotateBy, "another one shall have taken its place".to_owned(), None);
        add(said.ends(), What::Expires, "ends, by the registry".to_owned(), None);
        let how = said.revoked.how.as_deref().map(|how| format!(": {how}")).unwrap_or_default();
        add(said.revoked_at(), What::Revoked, format!("revoked, by the registry{how}"), None);
    }
    for waiver in waivers {
        let mut add = |when, what, text: String| {
            events.push(Event { by: Some(waiver.owner.clone()), ..Event::new(when, what, text) });
        };
        add(
            waiver.created,
            What::Waived,
            format!("waived until {}: {}", waiver.expires.date(), waiver.reason),
        );
        add(waiver.expires, What::WaiverEnds, "the waiver covers it no more".to_owned());
    }
    timeline::sort(&mut events);
    events
}
