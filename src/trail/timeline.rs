//! A token's life as a list of what happened, oldest first.

use crate::moment::Moment;
use crate::origin::RepoPath;
use crate::secret::Fingerprint;
use crate::trail::life::{CommitRecord, Life, Moved, PlaceSort, Stay};
use std::collections::BTreeSet;

/// Something that happened to a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// When.
    pub at: Moment,
    /// What.
    pub what: What<'a>,
    /// The commit that did it, if one did.
    pub commit: Option<&'a CommitRecord>,
    /// Where, if it is about one place.
    pub stay: Option<&'a Stay>,
}

/// What can happen to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What<'a> {
    /// By its own word it was made.
    Issued,
    /// It came into the repository.
    Introduced,
    /// A merge brought it into HEAD's line; the number is the pull request's.
    Merged(Option<u64>),
    /// It came to another path too, with the path that it was copied from if one is known.
    Appeared(Option<&'a RepoPath>),
    /// It came to another path, and went from this one.
    Moved(&'a RepoPath),
    /// It went from a path.
    Removed,
    /// It went out of HEAD's line for good.
    LeftHead,
    /// Another one took its place.
    Replaced(Fingerprint),
    /// By its own word it ends or ended.
    Expires,
}

impl What<'_> {
    /// The name used in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Introduced => "introduced",
            Self::Merged(_) => "merged",
            Self::Appeared(Some(_)) => "copied",
            Self::Appeared(None) => "added",
            Self::Moved(_) => "moved",
            Self::Removed => "removed",
            Self::LeftHead => "left HEAD",
            Self::Replaced(_) => "rotated",
            Self::Expires => "expires",
        }
    }
}

fn by<'a>(commit: &'a CommitRecord, what: What<'a>, stay: Option<&'a Stay>) -> Event<'a> {
    Event { at: commit.committed, what, commit: Some(commit), stay }
}

/// What happened, oldest first; what happened at once stands in the order of the life.
pub fn events(life: &Life) -> Vec<Event<'_>> {
    let mut events = Vec::new();
    let facts = &life.token.facts;
    let told = |at, what| Event { at, what, commit: None, stay: None };
    events.extend(facts.issued.map(|at| told(at, What::Issued)));
    let mut is_first = true;
    for stay in &life.stays {
        let Some(since) = &stay.since else { continue };
        let introduced = life.introduced.as_ref().filter(|introduced| introduced.commit.id == since.id);
        let what = match &stay.from {
            _ if introduced.is_some() && std::mem::take(&mut is_first) => What::Introduced,
            Some(Moved::MovedFrom(path)) => What::Moved(path),
            Some(Moved::CopiedFrom(path)) => What::Appeared(Some(path)),
            None => What::Appeared(None),
        };
        events.push(by(since, what, Some(stay)));
    }
    if let Some(introduced) = &life.introduced
        && let Some(merge) = &introduced.merged_by
    {
        events.push(by(merge, What::Merged(introduced.pull_request), None));
    }
    // What moved on is told there.
    let moves: BTreeSet<(&RepoPath, &str)> = life
        .stays
        .iter()
        .filter_map(|stay| match (&stay.from, &stay.since) {
            (Some(Moved::MovedFrom(path)), Some(since)) => Some((path, since.id.as_str())),
            _ => None,
        })
        .collect();
    for stay in life.stays.iter().filter(|stay| stay.sort == PlaceSort::File) {
        let went_on = |until: &CommitRecord| moves.contains(&(&stay.path, until.id.as_str()));
        if let Some(until) = stay.until.as_ref().filter(|until| !went_on(until)) {
            events.push(by(until, What::Removed, Some(stay)));
        }
    }
    if !life.in_head {
        events.extend(life.left_head().map(|commit| by(commit, What::LeftHead, None)));
    }
    // A history that was written twice has the same rotation in two commits.
    let mut known = BTreeSet::new();
    for new in life.replaced_by.iter().filter(|new| known.insert(new.fingerprint)) {
        events.push(by(&new.commit, What::Replaced(new.fingerprint), None));
    }
    events.extend(facts.ends().map(|at| told(at, What::Expires)));
    events.sort_by_key(|event| event.at);
    events
}
