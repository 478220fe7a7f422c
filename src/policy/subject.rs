//! What a policy is asked about: a token with all that is known of it.

use crate::facts::Expiry;
use crate::moment::Moment;
use crate::policy::violation::Place;
use crate::trail::life::Life;
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
    /// Its life; `None` if no history was looked at.
    pub life: Option<&'a Life>,
    /// What the registry says.
    pub said: Said<'a>,
    /// Where it stands in repositories, else where it stood last; empty if it never did.
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
    Registered(Registered<'a>),
}

/// A registration, as far as rules ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Registered<'a> {
    /// Who owns it.
    pub owner: Option<&'a str>,
    /// When it was issued.
    pub issued: Option<Moment>,
    /// When it ends.
    pub expires: Option<Moment>,
    /// When it shall be replaced.
    pub rotate_by: Option<Moment>,
    /// What it may do.
    pub scopes: &'a [String],
}

/// Since when there is a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// It was issued then.
    Issued(Moment),
    /// It was seen then, and may be older.
    Seen(Moment),
}

impl Subject<'_> {
    /// What the registry says, if it knows the token.
    pub fn registered(&self) -> Option<&Registered<'_>> {
        match &self.said {
            Said::Registered(registered) => Some(registered),
            Said::NoRegistry | Said::Unknown => None,
        }
    }

    /// When it ends: by its own word, else by the registry's.
    pub fn expires(&self) -> Option<Expiry> {
        let said = || self.registered().and_then(|registered| registered.expires).map(Expiry::At);
        match self.token.facts.expires {
            Some(at @ Expiry::At(_)) => Some(at),
            // A registry can promise that somebody ends it.
            Some(Expiry::Never) | None => said().or(self.token.facts.expires),
        }
    }

    /// When it was issued, or first seen.
    pub fn since(&self) -> Option<Since> {
        let facts = &self.token.facts;
        let said = || self.registered().and_then(|registered| registered.issued);
        let issued = facts.issued.or_else(said).or(facts.not_before);
        let seen = || Some(Since::Seen(self.life?.introduced.as_ref()?.commit.committed));
        issued.map(Since::Issued).or_else(seen)
    }

    /// What it may do, by its own word and the registry's, sorted.
    pub fn scopes(&self) -> BTreeSet<&str> {
        let said = self.registered().map_or(&[][..], |registered| registered.scopes);
        self.token.facts.scopes.iter().chain(said).map(String::as_str).collect()
    }

    /// Whether a repository has it, now or in its history.
    pub fn is_in_repository(&self) -> bool {
        self.life.is_some_and(|life| life.introduced.is_some() || !life.stays.is_empty())
            || !self.places.is_empty()
    }
}
