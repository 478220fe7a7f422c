//! One token of the inventory: what it is, where it was found, where it is stored, and what the
//! team says of it.

use crate::moment::Moment;
use crate::trail::life::Life;
use crate::trail::registry::Registration;
use crate::trail::state::{self, State, Word};
use crate::trail::token::Token;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One token with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The token.
    pub token: Token,
    /// What its fingerprint was made of.
    #[serde(default)]
    pub known_by: KnownBy,
    /// What the repositories tell of it, sorted by the repository's name; one each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lives: Vec<RepositoryLife>,
    /// Where it is stored properly, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stored: Vec<Stored>,
    /// What the registry says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registration>,
}

/// What an entry's fingerprint was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownBy {
    /// The secret's own bytes: the same secret elsewhere has the same fingerprint.
    #[default]
    Secret,
    /// The name or number that its keeper knows it by, because the keeper's report has no secrets.
    /// The same token found in a file has another fingerprint.
    Reference,
}

/// What one repository tells of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryLife {
    /// The repository's name: the address of its origin without credentials, else its folder's name.
    pub repository: String,
    /// What it tells.
    pub life: Life,
}

/// A place where tokens belong, and what its keeper tells of the token there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stored {
    /// The sort of place.
    pub store: Store,
    /// Where in it: a variable's name, `path/.env: NAME`, `namespace/name: key`.
    pub place: String,
    /// What its keeper calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whose it is, by the keeper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Whether it works, by the keeper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// When it was made or last rotated, by the keeper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<Moment>,
    /// When it ends, by the keeper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Moment>,
    /// When it was last used, by the keeper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Moment>,
}

impl Stored {
    /// A place of which no more is known.
    pub fn new(store: Store, place: impl Into<String>) -> Self {
        Self {
            store,
            place: place.into(),
            name: None,
            owner: None,
            is_active: None,
            issued: None,
            expires: None,
            last_used: None,
        }
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}: {}", self.store, self.place))
    }
}

/// The sorts of places where tokens belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// A variable of the environment.
    Environment,
    /// A variable of a dotenv file.
    Dotenv,
    /// A Kubernetes Secret.
    Kubernetes,
    /// A secret of Vault's.
    Vault,
    /// A credential of an AWS user.
    Aws,
    /// A credential that GitHub knows.
    Github,
    /// A credential that GitLab knows.
    Gitlab,
    /// A row of a table of one's own.
    Table,
}

impl Store {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Environment,
        Self::Dotenv,
        Self::Kubernetes,
        Self::Vault,
        Self::Aws,
        Self::Github,
        Self::Gitlab,
        Self::Table,
    ];

    /// The name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Dotenv => "dotenv",
            Self::Kubernetes => "kubernetes",
            Self::Vault => "vault",
            Self::Aws => "aws",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Table => "table",
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Entry {
    /// A token of which nothing else is known.
    pub fn new(token: Token, known_by: KnownBy) -> Self {
        Self { token, known_by, lives: Vec::new(), stored: Vec::new(), registration: None }
    }

    /// What others say of it: the registry, and where that is silent, whoever stores it.
    pub fn word(&self, is_waived: bool) -> Word {
        let mut word = match &self.registration {
            Some(registration) => registration.word(is_waived),
            None => Word { is_waived, ..Word::default() },
        };
        word.expires = word.expires.or_else(|| self.stored.iter().filter_map(|at| at.expires).max());
        word
    }

    /// When it ends by itself: by its own bytes, else by what others say.
    pub fn ends(&self) -> Option<Moment> {
        self.token.facts.ends().or(self.word(false).expires)
    }

    /// In what state it is: of several repositories, the state of the one where it is most in the
    /// open.
    pub fn state(&self, is_waived: bool, now: Moment) -> State {
        let word = self.word(is_waived);
        let in_repositories = self.lives.iter().map(|one| state::state(&one.life, word, now)).min();
        in_repositories.unwrap_or_else(|| {
            if word.revoked.is_some_and(|when| when <= now) {
                State::Revoked
            } else if self.ends().is_some_and(|end| end <= now) {
                State::Expired
            } else if is_waived {
                State::Waived
            } else {
                State::Stored
            }
        })
    }

    /// For how many days whoever could read one of the repositories could have it: the most that
    /// one of them tells.
    pub fn days_exposed(&self, now: Moment) -> Option<i64> {
        let word = self.word(false);
        self.lives.iter().filter_map(|one| state::days_exposed(&one.life, word, now)).max()
    }

    /// Whether any repository has or had it.
    pub fn is_found(&self) -> bool {
        !self.lives.is_empty()
    }
}
