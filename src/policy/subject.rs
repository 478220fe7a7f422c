//! What a policy is asked about: a token with all that is known of it.

use crate::facts::Expiry;
use crate::moment::Moment;
use crate::policy::violation::Place;
use crate::policy::waivers::{Granted, Waivers};
use crate::trail::inventory::{Entry, Inventory, Stored};
use crate::trail::life::{Life, PlaceSort, Stay};
use crate::trail::registry::Registration;
use crate::trail::state::State;
use crate::trail::token::Token;
use std::collections::BTreeSet;

/// A token with all that is known of it. What is not known is no reason to pass: the rules say that
/// they cannot judge it.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The token.
    pub token: &'a Token,
    /// Its state.
    pub state: State,
    /// Its life in each repository that has or had it. A life that was not followed through the
    /// history has no introduction.
    pub lives: Vec<&'a Life>,
    /// Where it is stored, by its keepers.
    pub stored: &'a [Stored],
    /// What the registry says.
    pub said: Said<'a>,
    /// Where it stands in repositories, else where it stood; empty if it never did.
    pub places: Vec<Place>,
    /// Why no rule counts for it, if something says so.
    pub excuse: Option<Excuse>,
}

/// Why rules do not count for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Excuse {
    /// A waiver that is in force covers it.
    Waived {
        /// Who answers for it.
        owner: String,
        /// Until when.
        until: Moment,
    },
    /// Every place of it carries an allow marker; the first one's reason.
    Allowed(String),
    /// It was known when keytrail was adopted, and only what is new is asked for.
    Baseline,
}

/// What the registry says of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Said<'a> {
    /// There is no registry.
    #[default]
    NoRegistry,
    /// The registry does not know it.
    Unknown,
    /// The registry knows it.
    Registered(&'a Registration),
}

/// Since when there is a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// It was issued then.
    Issued(Moment),
    /// It was seen then, and may be older.
    Seen(Moment),
}

/// How the tokens of an inventory are asked about.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The waivers.
    pub waivers: &'a Waivers,
    /// Whether there is a registry.
    pub has_registry: bool,
    /// Whether what was known when keytrail was adopted is excused, as at the gate of a commit.
    pub excuses_baseline: bool,
    /// The time to judge by.
    pub now: Moment,
}

/// The tokens of an inventory as a policy is asked about them, sorted by fingerprint.
pub fn subjects<'a>(inventory: &'a Inventory, asked: Asked<'_>) -> Vec<Subject<'a>> {
    inventory.entries().map(|entry| Subject::of(entry, asked)).collect()
}

impl<'a> Subject<'a> {
    /// The subject that an entry of an inventory is.
    pub fn of(entry: &'a Entry, asked: Asked<'_>) -> Self {
        let lives: Vec<&Life> = entry.lives.iter().map(|one| &one.life).collect();
        let excuse = excuse(entry, &lives, asked);
        let is_waived = matches!(excuse, Some(Excuse::Waived { .. }));
        let mut places = places(&lives);
        places.sort();
        places.dedup();
        Self {
            token: &entry.token,
            state: entry.state(is_waived, asked.now),
            stored: &entry.stored,
            said: match &entry.registration {
                Some(registration) => Said::Registered(registration),
                None if asked.has_registry => Said::Unknown,
                None => Said::NoRegistry,
            },
            places,
            excuse,
            lives,
        }
    }

    /// What the registry says, if it knows the token.
    pub fn registered(&self) -> Option<&'a Registration> {
        match self.said {
            Said::Registered(registered) => Some(registered),
            Said::NoRegistry | Said::Unknown => None,
        }
    }

    /// When it ends: by its own word, else by the registry's, else by its keeper's.
    pub fn expires(&self) -> Option<Expiry> {
        let said = self.registered().and_then(|registered| registered.expires);
        let kept = || self.stored.iter().filter_map(|at| at.expires).max().map(Expiry::At);
        match (self.token.facts.expires, said) {
            (Some(at @ Expiry::At(_)), _) | (_, Some(at @ Expiry::At(_))) => Some(at),
            (own, said) => kept().or(own).or(said),
        }
    }

    /// When it was issued, or first seen.
    pub fn since(&self) -> Option<Since> {
        let facts = &self.token.facts;
        let said = || self.registered().and_then(|registered| registered.issued.when);
        let kept = || self.stored.iter().filter_map(|at| at.issued).max();
        let issued = facts.issued.or_else(said).or_else(kept).or(facts.not_before);
        let introduced = self.lives.iter().filter_map(|life| life.introduced.as_ref());
        let seen = || introduced.map(|one| one.commit.committed).min();
        issued.map(Since::Issued).or_else(|| seen().map(Since::Seen))
    }

    /// What it may do, by its own word and the registry's, sorted.
    pub fn scopes(&self) -> BTreeSet<&'a str> {
        let said = self.registered().map_or(&[][..], |registered| &registered.scopes);
        self.token.facts.scopes.iter().chain(said).map(String::as_str).collect()
    }

    /// Whether a repository has it, now or in its history.
    pub fn is_in_repository(&self) -> bool {
        !self.lives.is_empty()
    }
}

/// The stays that still stand, else all of them.
fn standing(life: &Life) -> Vec<&Stay> {
    let standing: Vec<&Stay> = life.stays.iter().filter(|stay| stay.in_head).collect();
    if standing.is_empty() { life.stays.iter().collect() } else { standing }
}

/// The waiver that covers a token in all the places where these lives have it: those that still
/// stand, else those that did.
pub fn waived<'w>(lives: &[&Life], waivers: &'w Waivers, now: Moment) -> Option<Granted<'w>> {
    let fingerprint = lives.first()?.token.fingerprint;
    let paths = lives.iter().flat_map(|life| standing(life)).map(|stay| &stay.path);
    waivers.covers(fingerprint, paths, now)
}

/// Why rules do not count for an entry: all of its lives have to be excused.
fn excuse(entry: &Entry, lives: &[&Life], asked: Asked<'_>) -> Option<Excuse> {
    let granted = if lives.is_empty() {
        asked.waivers.covers(entry.token.fingerprint, std::iter::empty(), asked.now)
    } else {
        waived(lives, asked.waivers, asked.now)
    };
    if let Some(granted) = granted {
        return Some(Excuse::Waived { owner: granted.waiver.owner.clone(), until: granted.ends });
    }
    let first = lives.first()?;
    if lives.iter().all(|life| life.allowed.is_some()) {
        return first.allowed.clone().map(Excuse::Allowed);
    }
    (asked.excuses_baseline && lives.iter().all(|life| life.in_baseline)).then_some(Excuse::Baseline)
}

/// Where the lives stand, else where they stood.
fn places(lives: &[&Life]) -> Vec<Place> {
    let of = |in_head: bool| {
        let stays = lives.iter().flat_map(|life| &life.stays).filter(move |stay| stay.in_head || !in_head);
        stays.map(place).collect::<Vec<_>>()
    };
    let standing = of(true);
    if standing.is_empty() { of(false) } else { standing }
}

/// Where a stay is. Where the token stands no more, its commit tells where to look.
fn place(stay: &Stay) -> Place {
    let commit = stay.since.as_ref().filter(|_| !stay.in_head || stay.sort != PlaceSort::File);
    Place { path: stay.path.clone(), line: Some(stay.line), commit: commit.map(|commit| commit.id.clone()) }
}
