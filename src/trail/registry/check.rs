//! What is wrong with the registry: by itself, by the time, and beside what was found.

use super::{Registration, Registry, Status};
use crate::moment::Moment;
use crate::origin::RepoPath;
use crate::secret::Fingerprint;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A token that a scan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which token it is.
    pub fingerprint: Fingerprint,
    /// The name of the rule that found it.
    pub name: String,
    /// Where, sorted; never empty.
    pub places: Vec<FoundAt>,
}

/// Where a token was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FoundAt {
    /// The path.
    pub path: RepoPath,
    /// The line, from 1.
    pub line: u64,
    /// The commit that brought it in, for a place in history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// The sorts of problems, in the order of the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemSort {
    /// Nobody answers for the token.
    MissingOwner,
    /// Its owner is not in the `[owners]` table.
    UnknownOwner,
    /// Nobody says what it is for.
    MissingPurpose,
    /// The date by which another one must take its place has passed.
    RotationOverdue,
    /// It is said to be in use, but is over by now.
    Expired,
    /// Two registrations name the same token.
    Duplicate,
    /// It replaces a token that is not registered.
    UnknownReplaced,
    /// Following `replaces` leads back to where it began.
    ReplacesInCircle,
    /// It is said to be revoked, but not when.
    RevokedWithoutDate,
    /// Its status and its date of revocation contradict each other.
    Contradiction,
    /// It is in a repository.
    InCode,
    /// It was found and nobody registered it.
    Unregistered,
}

impl ProblemSort {
    /// The name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingOwner => "missing-owner",
            Self::UnknownOwner => "unknown-owner",
            Self::MissingPurpose => "missing-purpose",
            Self::RotationOverdue => "rotation-overdue",
            Self::Expired => "expired",
            Self::Duplicate => "duplicate",
            Self::UnknownReplaced => "unknown-replaced",
            Self::ReplacesInCircle => "replaces-in-circle",
            Self::RevokedWithoutDate => "revoked-without-date",
            Self::Contradiction => "contradiction",
            Self::InCode => "in-code",
            Self::Unregistered => "unregistered",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What sort of thing.
    pub sort: ProblemSort,
    /// The token.
    pub fingerprint: Fingerprint,
    /// What the registry or the rule calls it.
    pub name: String,
    /// The line of the registry where the token is registered, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Where it was found, if that is what is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<FoundAt>,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub help: String,
}

/// Everything that is wrong, in the order of the registry, then of what was found.
pub fn check(registry: &Registry, found: &[Found], now: Moment) -> Vec<Problem> {
    let circles = circles(registry);
    let found: BTreeMap<Fingerprint, &Found> = found.iter().map(|one| (one.fingerprint, one)).collect();
    let mut problems = Vec::new();
    for (at, one) in registry.registrations.iter().enumerate() {
        let first = registry.index.get(&one.fingerprint).copied();
        let mut say = |sort: ProblemSort, problem: String, help: &str| {
            problems.push(Problem {
                sort,
                fingerprint: one.fingerprint,
                name: one.name.clone(),
                line: registry.line(at),
                places: Vec::new(),
                problem,
                help: help.to_owned(),
            });
        };
        if let Some(first) = first.filter(|&first| first != at) {
            let line = registry.line(first).map_or(String::new(), |line| format!(" on line {line}"));
            say(
                ProblemSort::Duplicate,
                format!(
                    "the same token is registered before{line}, as {:?}",
                    registry.registrations[first].name
                ),
                "keep one of the two",
            );
            continue;
        }
        by_itself(registry, one, &circles, &mut say);
        by_time(one, now, &mut say);
        if let Some(found) = found.get(&one.fingerprint).filter(|_| still_opens(one, now)) {
            problems.push(Problem {
                sort: ProblemSort::InCode,
                fingerprint: one.fingerprint,
                name: one.name.clone(),
                line: registry.line(at),
                places: found.places.clone(),
                problem: "it is in the repository; a registered token must never be in a repository".to_owned(),
                help: "revoke it at its provider, register the new one with `--replaces`, and take it out of the \
                       files"
                    .to_owned(),
            });
        }
    }
    for one in found.values().filter(|one| registry.find(one.fingerprint).is_none()) {
        problems.push(Problem {
            sort: ProblemSort::Unregistered,
            fingerprint: one.fingerprint,
            name: one.name.clone(),
            line: None,
            places: one.places.clone(),
            problem: "it was found, and nobody registered it".to_owned(),
            help: format!(
                "revoke it and take it out of the files; `keytrail register --fingerprint {}` tells who answers \
                 for it",
                one.fingerprint
            ),
        });
    }
    problems
}

/// Whether somebody who finds the token may still be able to use it.
fn still_opens(one: &Registration, now: Moment) -> bool {
    let is_revoked = one.revoked_at().is_some_and(|when| when <= now);
    let is_over = one.ends().is_some_and(|end| end <= now);
    !is_revoked && !is_over
}

fn by_itself(
    registry: &Registry,
    one: &Registration,
    circles: &BTreeSet<Fingerprint>,
    say: &mut impl FnMut(ProblemSort, String, &str),
) {
    match &one.owner {
        None => say(
            ProblemSort::MissingOwner,
            "nobody answers for it".to_owned(),
            "write `owner = \"…\"` with a name of the [owners] table",
        ),
        Some(owner) if !registry.owners.contains_key(owner) => say(
            ProblemSort::UnknownOwner,
            format!("its owner {owner:?} is not in the [owners] table"),
            "add the owner to [owners], or name one that is there",
        ),
        Some(_) => {}
    }
    if one.purpose.as_ref().is_none_or(|text| text.trim().is_empty()) {
        say(
            ProblemSort::MissingPurpose,
            "nobody says what it is for".to_owned(),
            "write `purpose = \"…\"`: what breaks without it",
        );
    }
    if let Some(old) = one.replaces {
        if circles.contains(&one.fingerprint) {
            say(
                ProblemSort::ReplacesInCircle,
                "it replaces a token that, in the end, replaces it".to_owned(),
                "let `replaces` name the older token, and take it out of the oldest",
            );
        } else if registry.find(old).is_none() {
            say(
                ProblemSort::UnknownReplaced,
                format!("it replaces {old}, which is not registered"),
                "register the old token too, or correct `replaces`",
            );
        }
    }
    match (one.status, one.revoked.when) {
        (Status::Revoked, None) => say(
            ProblemSort::RevokedWithoutDate,
            "it is said to be revoked, but not when, so it does not count as revoked".to_owned(),
            "write `revoked = { when = …, how = \"…\" }`",
        ),
        (Status::Active | Status::Expired, Some(when)) => say(
            ProblemSort::Contradiction,
            format!("it was revoked on {}, but its status is `{}`", when.date(), one.status),
            "write `status = \"revoked\"`, or take the date out",
        ),
        _ => {}
    }
}

fn by_time(one: &Registration, now: Moment, say: &mut impl FnMut(ProblemSort, String, &str)) {
    if one.status != Status::Active {
        return;
    }
    if let Some(end) = one.ends().filter(|&end| end <= now) {
        say(
            ProblemSort::Expired,
            format!("it expired on {}, but its status is `active`", end.date()),
            "register the token that took its place, or write `status = \"expired\"`",
        );
    } else if let Some(due) = one.rotate_by.filter(|&due| due <= now) {
        say(
            ProblemSort::RotationOverdue,
            match now.days_since(due) {
                0 => format!("it was to be rotated by {}", due.date()),
                1 => format!("it was to be rotated by {}, a day ago", due.date()),
                days => format!("it was to be rotated by {}, {days} days ago", due.date()),
            },
            "make a new token and register it with `--replaces`",
        );
    }
}

/// The tokens whose `replaces` lead back to themselves.
fn circles(registry: &Registry) -> BTreeSet<Fingerprint> {
    let next = |print: Fingerprint| registry.find(print).and_then(|one| one.replaces);
    let (mut circles, mut done) = (BTreeSet::new(), BTreeSet::new());
    for &start in registry.index.keys() {
        let (mut path, mut at) = (Vec::new(), Some(start));
        while let Some(print) = at.filter(|print| !done.contains(print)) {
            done.insert(print);
            path.push(print);
            at = next(print);
        }
        // Where the walk ends on itself, the circle is what it has walked since.
        if let Some(from) = at.and_then(|print| path.iter().position(|&seen| seen == print)) {
            circles.extend(&path[from..]);
        }
    }
    circles
}
