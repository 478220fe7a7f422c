//! The scheduled review: what is known of every token on one day, judged by the policy, in a form
//! that a reviewer can read and sign.
//!
//! A [`Review`] is plain data. It is put together from the inventory, the verdicts of the policy and
//! the ledger, compared with the review before it, and told in one of the formats below. Its words
//! are chosen with care: a rule that is met is *evidence for* a control, and nothing here says that
//! anybody complies with anything.

mod assemble;
mod changes;
mod csv;
mod html;
mod json;
mod oscal;
mod schedule;
pub mod seal;
pub mod signed;
mod terminal;
mod timeline;
mod times;

#[cfg(test)]
mod sample;

use crate::coverage::CoverageReport;
use crate::level::Severity;
use crate::moment::Moment;
pub use crate::policy::evaluation::{Judged, Outcome};
use crate::trail::state::State;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

pub use assemble::Material;
pub use changes::{Changes, Moved};
pub use json::{BadReview, read};
pub use schedule::Schedule;
pub use timeline::{Event, What};
pub use times::{Span, Times};

/// All that a review tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// By what it was made.
    pub made: Made,
    /// When reviews are due.
    pub schedule: Schedule,
    /// What the policy's rules say, in the policy's order.
    pub rules: Vec<RuleVerdict>,
    /// What that says of each control, by framework and control.
    pub controls: Vec<ControlVerdict>,
    /// What is new since the review before.
    pub changes: Changes,
    /// How long tokens were exposed.
    pub times: Times,
    /// Every token, the most urgent first.
    pub tokens: Vec<TokenView>,
    /// The waivers, the first to end first.
    pub waivers: Vec<WaiverView>,
    /// What was looked at and what was not.
    pub coverage: CoverageView,
    /// Where tokens outside the repository were taken from, such as a vault's export.
    pub sources: Vec<String>,
    /// What the check of the ledger said.
    pub ledger: LedgerView,
    /// What the reader should know beside all that.
    pub warnings: Vec<String>,
}

/// By what a review was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The time that everything was judged by.
    pub now: Moment,
    /// The version of this program.
    pub version: String,
    /// The repository's name: its folder's, never its place on this machine.
    pub repository: String,
    /// The commit that HEAD stands at; `None` before the first one.
    pub head: Option<String>,
    /// The SHA-256 of the rules in force, in hexadecimal.
    pub rules: String,
    /// The SHA-256 of the settings and the policy, in hexadecimal.
    pub settings: String,
    /// Which key the fingerprints were made with: `public`, or the key's short name.
    pub key: String,
    /// The policy's file, as the user named it or relative to the repository.
    pub policy: Option<String>,
}

/// What one rule of the policy says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleVerdict {
    /// The rule's id.
    pub id: String,
    /// What it asks for, as a headline.
    pub title: String,
    /// How much a break of it weighs.
    pub severity: Severity,
    /// How it came out.
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub summary: String,
    /// How many tokens or waivers keep it.
    pub kept: u64,
    /// All others that it speaks of: what breaks it first.
    pub evidence: Vec<EvidenceView>,
    /// The controls that it gives evidence for: `pci-dss-4.0.1:8.6.2`.
    pub controls: Vec<String>,
}

impl RuleVerdict {
    /// How many tokens or waivers came out so.
    pub fn count(&self, result: Judged) -> u64 {
        match result {
            Judged::Pass => self.kept,
            _ => self.evidence.iter().filter(|one| one.result == result).count() as u64,
        }
    }
}

/// How a rule came out for one token or waiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceView {
    /// How it came out.
    pub result: Judged,
    /// The token's fingerprint, if it is about one. It is called so in JSON, because scanners take the
    /// value of a `token` for one.
    #[serde(default, rename = "fingerprint", skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Why, in a sentence without a secret.
    pub why: String,
}

/// What the rules say of one control of a framework.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlVerdict {
    /// The framework's id: `pci-dss-4.0.1`.
    pub framework: String,
    /// The framework's name with its version: `PCI DSS 4.0.1`.
    pub framework_name: String,
    /// The control's id there: `8.6.2`.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Where it is published, http or https.
    pub address: Option<String>,
    /// The worst outcome among the rules that give evidence for it.
    pub outcome: Outcome,
    /// The ids of the rules that give evidence for it.
    pub rules: Vec<String>,
    /// How many breaks of rules speak against it.
    pub broken: u64,
}

/// One token, as a review shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    /// Which secret it is.
    pub fingerprint: String,
    /// The name that the registry gives it.
    pub registered: Option<String>,
    /// What it is: `GitHub personal access token (classic)`.
    pub kind: String,
    /// The id of the rule that knows it.
    pub rule: String,
    /// What a leak would cost.
    pub severity: Severity,
    /// The secret as it may be shown.
    pub masked: String,
    /// In what state it is.
    pub state: State,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
    /// What its bytes and the registry tell, by name: `scopes`, `account`, `environment`.
    pub facts: Vec<(String, String)>,
    /// The places where it stands or stood, or where it is stored.
    pub places: Vec<String>,
    /// The branches, tags and other refs that reach it.
    pub refs: Vec<String>,
    /// When it first was in the history.
    pub introduced: Option<Moment>,
    /// When it went out of HEAD.
    pub removed: Option<Moment>,
    /// When another one took its place.
    pub rotated: Option<Moment>,
    /// When it was revoked.
    pub revoked: Option<Moment>,
    /// When it ends by itself, by its own word or the registry's.
    pub expires: Option<Moment>,
    /// For how many days it could be read by others and used.
    pub days_exposed: Option<i64>,
    /// The ids of the policy's rules that it breaks.
    pub breaks: Vec<String>,
    /// Where the evidence for what the registry says is: addresses or texts.
    pub evidence: Vec<String>,
    /// Its life, oldest first.
    pub timeline: Vec<Event>,
}

impl TokenView {
    /// What it is called in a sentence: the registry's name, else what it is.
    pub fn name(&self) -> &str {
        self.registered.as_deref().unwrap_or(&self.kind)
    }

    /// Enough of the fingerprint to tell tokens apart by eye.
    pub fn short(&self) -> &str {
        self.fingerprint.get(..12).unwrap_or(&self.fingerprint)
    }
}

/// A waiver, as a review shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverView {
    /// The fingerprint of the token that it covers.
    #[serde(rename = "fingerprint")]
    pub token: String,
    /// The path that it is limited to.
    pub path: Option<String>,
    /// Why it was given.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it was decided.
    pub ticket: Option<String>,
    /// From when on it counts.
    pub created: Moment,
    /// Until when it counts: no later than the policy allows.
    pub expires: Moment,
    /// Whether it counts now.
    pub standing: Standing,
    /// What is wrong with it, in sentences.
    pub flaws: Vec<String>,
    /// Where it is written: `keytrail.waivers.toml:12`.
    pub place: String,
}

/// Whether a waiver counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It covers a token now.
    InForce,
    /// It has ended, and the token is still there.
    Ended,
    /// There is no token that it covers.
    CoversNothing,
    /// It begins later.
    NotYet,
}

impl Standing {
    /// The words used in reports.
    pub const fn words(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Ended => "ended",
            Self::CoversNothing => "covers nothing",
            Self::NotYet => "not yet in force",
        }
    }
}

/// What was looked at and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageView {
    /// Documents read.
    pub documents: u64,
    /// Bytes searched.
    pub bytes: u64,
    /// Commits walked.
    pub commits: u64,
    /// What could not be read; not empty means that the review does not cover everything.
    pub gaps: Vec<GapView>,
    /// What was left out on purpose.
    pub notices: Vec<String>,
}

/// Something that should have been looked at and was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapView {
    /// The sort of reason: `missing-object`.
    pub sort: String,
    /// What it was: a path, an object, a ref.
    pub what: String,
    /// The reason, with what to do about it.
    pub why: String,
}

impl From<&CoverageReport> for CoverageView {
    fn from(report: &CoverageReport) -> Self {
        let gap = |item: &crate::coverage::LeftOut| GapView {
            sort: item.gap.name().to_owned(),
            what: item.what.clone(),
            why: item.why.clone(),
        };
        Self {
            documents: report.documents,
            bytes: report.bytes,
            commits: report.commits,
            gaps: report.left_out.iter().map(gap).collect(),
            notices: report.notices.clone(),
        }
    }
}

/// What the check of the ledger said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "status")]
pub enum LedgerView {
    /// There is none.
    None,
    /// Every entry is as it was written, as far as the checkpoints reach.
    Sound {
        /// How many entries it has.
        entries: u64,
        /// How many of them are proved by a checkpoint that whoever can write to the ledger could not
        /// have made.
        proved: u64,
        /// The root hash of the tree over all entries, in base64.
        root: String,
        /// What the check could not establish, in sentences.
        limits: Vec<String>,
    },
    /// A proof was asked for, and there is none.
    Unproved {
        /// How many entries it has.
        entries: u64,
    },
    /// Something was changed, taken out, put in or cut off.
    Broken {
        /// What is wrong and at which entry.
        why: String,
    },
}

impl Review {
    /// How many rules have this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.rules.iter().filter(|rule| rule.outcome == outcome).count()
    }

    /// How many tokens are in each state, in the order of states, none left out.
    pub fn states(&self) -> [(State, usize); 7] {
        STATES.map(|state| (state, self.tokens.iter().filter(|token| token.state == state).count()))
    }

    /// What it came to, in a word: the worst first.
    pub fn verdict(&self) -> &'static str {
        if matches!(self.ledger, LedgerView::Broken { .. }) {
            "ledger-broken"
        } else if self.count(Outcome::Violated) > 0 {
            "violations"
        } else if self.coverage.gaps.is_empty() {
            "clean"
        } else {
            "incomplete"
        }
    }
}

/// All states, the most urgent first: the order of reports.
pub const STATES: [State; 7] = [
    State::Exposed,
    State::Lingering,
    State::Waived,
    State::Rotated,
    State::Expired,
    State::Revoked,
    State::Stored,
];

/// All outcomes of rules, in the order of reports.
pub const OUTCOMES: [Outcome; 4] =
    [Outcome::Violated, Outcome::Incomplete, Outcome::NotApplicable, Outcome::Pass];

/// The forms that a review can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A short summary for people.
    Terminal,
    /// A page that needs nothing beside itself.
    Html,
    /// One JSON object, which the next review can be compared with.
    Json,
    /// A table, one token a row.
    Csv,
    /// OSCAL assessment results as JSON.
    Oscal,
}

impl Format {
    /// All formats, in the order of the manual.
    pub const ALL: [Self; 5] = [Self::Terminal, Self::Html, Self::Json, Self::Csv, Self::Oscal];

    /// The name used on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Html => "html",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Oscal => "oscal",
        }
    }
}

/// A name that no format has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no review format `{0}`; use terminal, html, json, csv or oscal")]
pub struct UnknownFormat(String);

impl std::str::FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(name.chars().map(crate::excerpt::shown).collect()))
    }
}

/// Writes a review. `color` is for the terminal alone.
///
/// # Errors
/// Only those of `out`.
pub fn write(format: Format, review: &Review, out: &mut dyn Write, color: bool) -> io::Result<()> {
    match format {
        Format::Terminal => terminal::write(review, out, color),
        Format::Html => out.write_all(html::page(review).as_bytes()),
        Format::Json => out.write_all(json::text(review)?.as_bytes()),
        Format::Csv => csv::write(review, out),
        Format::Oscal => out.write_all(oscal::text(review)?.as_bytes()),
    }
}
