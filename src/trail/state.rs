//! In what state a token is.

use crate::moment::Moment;
use crate::trail::life::Life;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The state of a token. Where several fit, the first in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The registry says that it was revoked.
    Revoked,
    /// It is over by its own word.
    Expired,
    /// A waiver that is in force covers it.
    Waived,
    /// HEAD has it.
    Exposed,
    /// It is gone from HEAD, and another one has taken its place.
    Rotated,
    /// It is gone from HEAD, but the history keeps it, and nothing says that it was revoked.
    Lingering,
    /// It is in no repository that was looked at: stored where tokens belong.
    Stored,
}

impl State {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Revoked,
        Self::Expired,
        Self::Waived,
        Self::Exposed,
        Self::Rotated,
        Self::Lingering,
        Self::Stored,
    ];

    /// The name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Waived => "waived",
            Self::Exposed => "exposed",
            Self::Rotated => "rotated",
            Self::Lingering => "lingering",
            Self::Stored => "stored",
        }
    }

    /// Whether somebody who has a copy of the repository may still be able to use the token.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Waived | Self::Exposed | Self::Rotated | Self::Lingering)
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const ALL: [State; 7] = [
            State::Exposed,
            State::Lingering,
            State::Rotated,
            State::Waived,
            State::Expired,
            State::Revoked,
            State::Stored,
        ];
        let names = ALL.map(State::name).join(", ");
        ALL.into_iter().find(|state| state.name() == text).ok_or_else(|| format!("allowed: {names}"))
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What others say of a token that its history does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Word {
    /// When it was revoked, by the registry or, once asked, by the provider.
    pub revoked: Option<Moment>,
    /// When it ends by the registry, where its own bytes don't say.
    pub expires: Option<Moment>,
    /// Whether a waiver that is in force covers it.
    pub is_waived: bool,
}

/// The state of a token that was found in a repository.
pub fn state(life: &Life, word: Word, now: Moment) -> State {
    if word.revoked.is_some_and(|when| when <= now) {
        State::Revoked
    } else if life.token.facts.ends().or(word.expires).is_some_and(|end| end <= now) {
        State::Expired
    } else if word.is_waived || life.waived_until.is_some_and(|end| now < end) {
        State::Waived
    } else if life.in_head {
        State::Exposed
    } else if !life.replaced_by.is_empty() {
        State::Rotated
    } else {
        State::Lingering
    }
}

/// For how many days a token was open to whoever could read the repository: from the commit that
/// brought it in until it was revoked or ended by itself, else until now.
pub fn days_exposed(life: &Life, word: Word, now: Moment) -> Option<i64> {
    let since = life.introduced.as_ref()?.commit.committed;
    let ends = [word.revoked, life.token.facts.ends().or(word.expires), Some(now)];
    let until = ends.into_iter().flatten().min()?;
    Some(until.days_since(since).max(0))
}

/// A life with what is made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    /// Its state.
    pub state: State,
    /// For how many days it was open to whoever could read the repository; `None` if no commit has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_exposed: Option<i64>,
    /// The life.
    #[serde(flatten)]
    pub life: Life,
}

impl Followed {
    /// Judges a life.
    pub fn new(life: Life, word: Word, now: Moment) -> Self {
        Self { state: state(&life, word, now), days_exposed: days_exposed(&life, word, now), life }
    }
}
