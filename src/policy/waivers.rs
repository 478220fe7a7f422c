//! All waivers of a run: what they cover now, and what is wrong with them.

use crate::finding::{Finding, Status, Waived};
use crate::moment::Moment;
use crate::origin::RepoPath;
use crate::policy::rules::WAIVER_MAX_DAYS;
use crate::policy::violation::Place;
use crate::policy::waiver::Waiver;
use crate::secret::Fingerprint;
use std::collections::{BTreeMap, BTreeSet};

/// The waivers of a run.
#[derive(Debug, Clone)]
pub struct Waivers {
    placed: Vec<Placed>,
    by_fingerprint: BTreeMap<Fingerprint, Vec<usize>>,
    max_days: u32,
    owners: Vec<String>,
}

/// A waiver and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The waiver.
    pub waiver: Waiver,
    /// The file and line; `None` for one that was made here.
    pub place: Option<Place>,
}

/// A waiver that covers something.
#[derive(Debug, Clone, Copy)]
pub struct Granted<'a> {
    /// The waiver.
    pub waiver: &'a Waiver,
    /// When it ends: no later than the policy allows.
    pub ends: Moment,
}

/// What may be wrong with a waiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlawSort {
    /// It has ended.
    Expired,
    /// It covers nothing that there is.
    Unused,
    /// What it covered is another secret now.
    Changed,
    /// It was granted for longer than the policy allows.
    TooLong,
    /// Its owner is none of the policy's.
    Owner,
}

impl FlawSort {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Expired, Self::Unused, Self::Changed, Self::TooLong, Self::Owner];

    /// The id of the policy rule that asks for there being none.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Expired => "waiver-expired",
            Self::Unused => "waiver-unused",
            Self::Changed => "waiver-changed",
            Self::TooLong => "waiver-too-long",
            Self::Owner => "waiver-owner",
        }
    }
}

/// One thing that is wrong with a waiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// What sort of thing.
    pub sort: FlawSort,
    /// The sentence for people.
    pub message: String,
}

/// A waiver with all that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked<'a> {
    /// The waiver.
    pub waiver: &'a Waiver,
    /// Where it is written.
    pub place: Option<&'a Place>,
    /// What is wrong, each sort at most once.
    pub flaws: Vec<Flaw>,
    /// Whether enough was scanned to say that it covers nothing.
    pub is_use_known: bool,
}

/// What a scan looked at, for what it can say about waivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Some files, or some commits: that nothing is covered says nothing.
    Part,
    /// All files of today.
    Files,
    /// All files and the whole history.
    All,
}

/// A secret and where it stands, as far as waivers ask for it.
#[derive(Debug, Clone, Copy)]
pub struct Stands<'a> {
    /// Which secret.
    pub fingerprint: Fingerprint,
    /// The rule that found it.
    pub rule: &'a str,
    /// Where.
    pub path: &'a RepoPath,
}

impl Default for Waivers {
    fn default() -> Self {
        Self::new(Vec::new(), WAIVER_MAX_DAYS, Vec::new())
    }
}

impl Waivers {
    /// Puts them together. `max_days` is the longest that one may be granted for, `owners` who may
    /// grant them; none for anybody.
    pub fn new(placed: Vec<Placed>, max_days: u32, owners: Vec<String>) -> Self {
        let mut by_fingerprint: BTreeMap<Fingerprint, Vec<usize>> = BTreeMap::new();
        for (at, one) in placed.iter().enumerate() {
            by_fingerprint.entry(one.waiver.fingerprint).or_default().push(at);
        }
        Self { placed, by_fingerprint, max_days, owners }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }

    /// All of them, in the order of the files.
    pub fn all(&self) -> &[Placed] {
        &self.placed
    }

    /// When a waiver ends: no later than the policy allows.
    pub fn ends(&self, waiver: &Waiver) -> Moment {
        let most = waiver.created.plus_days(i64::from(self.max_days));
        most.map_or(waiver.expires, |most| most.min(waiver.expires))
    }

    /// Whether a waiver counts at this time.
    pub fn is_in_force(&self, waiver: &Waiver, now: Moment) -> bool {
        waiver.created <= now && now < self.ends(waiver)
    }

    /// The waivers in force that speak of a secret at a path, the one that ends last if there are
    /// several.
    fn at(&self, fingerprint: Fingerprint, path: &RepoPath, now: Moment) -> Option<Granted<'_>> {
        let own = self.by_fingerprint.get(&fingerprint)?.iter().map(|&at| &self.placed[at].waiver);
        own.filter(|waiver| waiver.speaks_of(fingerprint, path) && self.is_in_force(waiver, now))
            .map(|waiver| Granted { waiver, ends: self.ends(waiver) })
            .max_by_key(|granted| granted.ends)
    }

    /// The waiver that covers a secret at all these paths; of several, the one that ends first. A
    /// waiver for every place covers a secret that stands nowhere.
    pub fn covers<'a>(
        &self,
        fingerprint: Fingerprint,
        paths: impl Iterator<Item = &'a RepoPath>,
        now: Moment,
    ) -> Option<Granted<'_>> {
        if !self.by_fingerprint.contains_key(&fingerprint) {
            return None;
        }
        let mut least: Option<Granted<'_>> = None;
        for path in paths {
            let one = self.at(fingerprint, path, now)?;
            least = Some(least.filter(|old| old.ends <= one.ends).unwrap_or(one));
        }
        least.or_else(|| {
            let own = self.by_fingerprint.get(&fingerprint)?.iter().map(|&at| &self.placed[at].waiver);
            own.filter(|waiver| waiver.path.is_none() && self.is_in_force(waiver, now))
                .map(|waiver| Granted { waiver, ends: self.ends(waiver) })
                .max_by_key(|granted| granted.ends)
        })
    }

    /// Marks the open findings that are waived: those all of whose places are, apart from places
    /// with an allow marker.
    pub fn apply(&self, findings: &mut [Finding], now: Moment) {
        if self.is_empty() {
            return;
        }
        for finding in findings.iter_mut().filter(|finding| finding.is_open()) {
            let places = finding.locations.iter().filter(|place| place.allowed.is_none());
            let granted = self.covers(finding.fingerprint, places.map(|place| &place.path), now);
            if let Some(Granted { waiver, ends }) = granted {
                finding.status = Status::Waived(Waived {
                    owner: waiver.owner.clone(),
                    reason: waiver.reason.clone(),
                    ticket: waiver.ticket.clone(),
                    until: ends,
                });
            }
        }
    }

    /// Checks every waiver against what was found, whatever its status.
    pub fn check<'a>(
        &'a self,
        stands: impl Iterator<Item = Stands<'a>>,
        seen: Seen,
        now: Moment,
    ) -> Vec<Checked<'a>> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut at: BTreeMap<&RepoPath, BTreeSet<(Fingerprint, &str)>> = BTreeMap::new();
        let mut anywhere: BTreeSet<Fingerprint> = BTreeSet::new();
        for Stands { fingerprint, rule, path } in stands {
            at.entry(path).or_default().insert((fingerprint, rule));
            anywhere.insert(fingerprint);
        }
        self.placed.iter().map(|one| self.check_one(one, &at, &anywhere, seen, now)).collect()
    }

    fn check_one<'a>(
        &self,
        Placed { waiver, place }: &'a Placed,
        at: &BTreeMap<&RepoPath, BTreeSet<(Fingerprint, &str)>>,
        anywhere: &BTreeSet<Fingerprint>,
        seen: Seen,
        now: Moment,
    ) -> Checked<'a> {
        let mut flaws = Vec::new();
        let mut flaw = |sort, message| flaws.push(Flaw { sort, message });
        let has = |path: &RepoPath| {
            at.get(path).is_some_and(|there| there.iter().any(|(print, _)| *print == waiver.fingerprint))
        };
        let is_used = match &waiver.path {
            Some(path) => has(path),
            None => anywhere.contains(&waiver.fingerprint),
        };
        let ends = self.ends(waiver);
        if now >= ends {
            let then = if is_used { ", and what it covered counts again" } else { "" };
            flaw(FlawSort::Expired, format!("{} ended on {}{then}", subject(waiver), ends.date()));
        }
        let changed = waiver.path.iter().chain(&waiver.seen_at).find(|path| {
            let other = |(print, rule): &(Fingerprint, &str)| {
                Some(*rule) == waiver.rule.as_deref() && *print != waiver.fingerprint
            };
            !has(path) && at.get(path).is_some_and(|there| there.iter().any(other))
        });
        if let Some(path) = changed.filter(|_| !is_used || waiver.path.is_some()) {
            flaw(
                FlawSort::Changed,
                format!(
                    "{} does not cover the secret that stands in {path} now: it is another one",
                    subject(waiver)
                ),
            );
        }
        // A secret that was waived without a place may stand in the history alone.
        let has_place = waiver.path.is_some() || !waiver.seen_at.is_empty();
        let is_use_known = is_used || seen == Seen::All || (seen == Seen::Files && has_place);
        if is_use_known && !is_used {
            let r#where = if seen == Seen::All { "" } else { " in the files of today" };
            flaw(
                FlawSort::Unused,
                format!("{} covers nothing{}; `keytrail waive prune` takes it out", subject(waiver), r#where),
            );
        }
        let days = waiver.days();
        if days > i64::from(self.max_days) {
            flaw(
                FlawSort::TooLong,
                format!(
                    "{} is granted for {days} days, and {} are allowed: it ends on {}",
                    subject(waiver),
                    self.max_days,
                    ends.date()
                ),
            );
        }
        if !self.owners.is_empty() && !self.owners.contains(&waiver.owner) {
            flaw(
                FlawSort::Owner,
                format!("{} has an owner whom the policy does not know: {}", subject(waiver), waiver.owner),
            );
        }
        Checked { waiver, place: place.as_ref(), flaws, is_use_known }
    }
}

/// `the waiver of carol for 0123456789ab`.
fn subject(waiver: &Waiver) -> String {
    let print = waiver.fingerprint.to_string();
    format!("the waiver of {} for {}", waiver.owner, &print[..12])
}

#[cfg(test)]
mod tests;
