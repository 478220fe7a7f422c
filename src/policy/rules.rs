//! Policy rules: which tokens they speak of, and what they ask of them.

use crate::facts::Environment;
use crate::kind::Kind;
use crate::level::Severity;
use crate::policy::control::ControlId;
use crate::policy::name_glob::NameGlob;
use crate::policy::waivers::FlawSort;
use crate::toml_file::PathGlobs;
use crate::trail::state::State;

/// For how many days a waiver may be granted where the policy does not say.
pub const WAIVER_MAX_DAYS: u32 = 90;

/// What a team asks of its tokens: `[policy]` of `keytrail.toml` with the starter policies that it
/// names.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The starter policies that it builds on, by their frameworks' ids, in the order given.
    pub frameworks: Vec<String>,
    /// Who may own tokens and waivers; empty if anybody may.
    pub owners: Vec<String>,
    /// Days between two reviews, if the policy asks for them.
    pub review_every_days: Option<u32>,
    /// For how many days a waiver may be granted; [`WAIVER_MAX_DAYS`] where the policy does not say.
    pub waiver_max_days: Option<u32>,
    /// The rules, sorted by id, each id once.
    pub rules: Vec<PolicyRule>,
}

/// One rule of a policy.
#[derive(Debug, Clone)]
pub struct PolicyRule {
    /// Its id: `no-classic-github-tokens`.
    pub id: String,
    /// What it asks for, as a headline.
    pub title: String,
    /// How much a break of it weighs.
    pub severity: Severity,
    /// What it gives evidence for, sorted, each once.
    pub controls: Vec<ControlId>,
    /// What to do about a break.
    pub advice: Option<String>,
    /// Which tokens it speaks of.
    pub speaks_of: Condition,
    /// What it asks of them, each kind of requirement at most once, in a fixed order; never empty.
    pub requires: Vec<Requirement>,
}

/// Which tokens a rule speaks of. What is empty asks for nothing; the others must all fit.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    /// Ids of detection rules.
    pub rules: Vec<NameGlob>,
    /// Ids of providers.
    pub providers: Vec<NameGlob>,
    /// Kinds.
    pub kinds: Vec<Kind>,
    /// Forms as the token's facts name them.
    pub forms: Vec<NameGlob>,
    /// What the token opens.
    pub environments: Vec<Environment>,
    /// States. Where none is named, all but `revoked` and `expired`.
    pub states: Vec<State>,
    /// Where the token stands or stood.
    pub paths: PathGlobs,
}

/// What a rule asks of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// There shall be no such token at all.
    Forbid,
    /// The token shall be one of these: rule ids, kinds, or forms.
    Require(Vec<NameGlob>),
    /// The token shall stand in no repository.
    NotInRepository,
    /// The registry shall know the token.
    Registered,
    /// The registry shall name an owner, one of the policy's where it names some.
    OwnerRequired,
    /// The token shall end by itself.
    ExpiresRequired,
    /// From issue to end no more than so many days.
    MaxLifetimeDays(u32),
    /// Issued no more than so many days ago.
    MaxAgeDays(u32),
    /// Replaced every so many days, with days of grace.
    Rotate {
        /// Days after which it is due.
        every: u32,
        /// Days that it may then be late.
        grace: u32,
    },
    /// The token shall have no such scope.
    ForbiddenScopes(Vec<NameGlob>),
    /// The commit that brought it in shall carry a signature.
    SignedCommits,
    /// Once gone from HEAD, no more than so many days until it is revoked or ends.
    MaxLingeringDays(u32),
    /// Waivers shall be granted for no more than so many days. It speaks of waivers, not of tokens.
    WaiverMaxDays(u32),
    /// No waiver shall have this flaw. Only the rules that every policy has ask for it.
    NoWaiver(FlawSort),
}

impl Requirement {
    /// The key under which `keytrail.toml` has it.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Forbid => "forbid",
            Self::Require(_) => "require",
            Self::NotInRepository => "not-in-repository",
            Self::Registered => "registered",
            Self::OwnerRequired => "owner-required",
            Self::ExpiresRequired => "expires-required",
            Self::MaxLifetimeDays(_) => "max-lifetime-days",
            Self::MaxAgeDays(_) => "max-age-days",
            Self::Rotate { .. } => "rotate-every-days",
            Self::ForbiddenScopes(_) => "forbidden-scopes",
            Self::SignedCommits => "signed-commits",
            Self::MaxLingeringDays(_) => "max-lingering-days",
            Self::WaiverMaxDays(_) => "waiver-max-days",
            Self::NoWaiver(_) => "no-waiver",
        }
    }
}

impl Requirement {
    /// Whether it speaks of waivers and not of tokens.
    pub const fn is_about_waivers(&self) -> bool {
        matches!(self, Self::WaiverMaxDays(_) | Self::NoWaiver(_))
    }
}

impl Policy {
    /// A rule by its id.
    pub fn rule(&self, id: &str) -> Option<&PolicyRule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The most days that a waiver may be granted for.
    pub fn waiver_days(&self) -> u32 {
        self.waiver_max_days.unwrap_or(WAIVER_MAX_DAYS)
    }

    /// Whether somebody may own tokens and waivers.
    pub fn knows_owner(&self, owner: &str) -> bool {
        self.owners.is_empty() || self.owners.iter().any(|known| known == owner)
    }
}
