//! A token's life as a list of events.

use crate::moment::Moment;
use crate::trail::life::{CommitRecord, Life, Moved, PlaceSort, Stay};
use serde::{Deserialize, Serialize};

/// Something that happened to a token, or that will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub when: Moment,
    /// What sort of thing.
    pub what: What,
    /// It in words, without a secret.
    pub text: String,
    /// Who did it, as git or the registry has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The commit's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// The sorts of event, in the order in which those of one second are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It was made, by its own word or the registry's.
    Issued,
    /// It came into the repository.
    Introduced,
    /// It came into HEAD's line by another commit.
    Merged,
    /// It came to one more place, or from one to another.
    Moved,
    /// It went out of one place.
    Left,
    /// It went out of HEAD.
    Removed,
    /// Another one took its place.
    Rotated,
    /// A waiver for it began.
    Waived,
    /// A waiver for it ended or ends.
    WaiverEnds,
    /// It shall be rotated by then.
    RotateBy,
    /// It ends by itself.
    Expires,
    /// It was revoked.
    Revoked,
}

impl What {
    /// The word used in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Introduced => "introduced",
            Self::Merged => "merged",
            Self::Moved => "moved",
            Self::Left => "left",
            Self::Removed => "left HEAD",
            Self::Rotated => "rotated",
            Self::Waived => "waived",
            Self::WaiverEnds => "waiver ends",
            Self::RotateBy => "rotate by",
            Self::Expires => "expires",
            Self::Revoked => "revoked",
        }
    }
}

impl Event {
    /// One without a commit.
    pub fn new(when: Moment, what: What, text: impl Into<String>) -> Self {
        Self { when, what, text: text.into(), by: None, commit: None }
    }

    fn at(commit: &CommitRecord, what: What, text: impl Into<String>) -> Self {
        Self {
            when: commit.committed,
            what,
            text: text.into(),
            by: Some(commit.author.name.clone()),
            commit: Some(commit.id.clone()),
        }
    }
}

/// What one repository's history and the token's own bytes tell, oldest first.
pub fn of_life(life: &Life) -> Vec<Event> {
    let mut events = Vec::new();
    if let Some(issued) = life.token.facts.issued {
        events.push(Event::new(issued, What::Issued, "made, by its own word"));
    }
    if let Some(first) = &life.introduced {
        let signed =
            if first.commit.signature.is_some() { "in a signed commit" } else { "in an unsigned commit" };
        let text = format!("came in at {}:{} {signed}", first.path, first.line);
        events.push(Event::at(&first.commit, What::Introduced, text));
        if let Some(merge) = &first.merged_by {
            let text = match first.pull_request {
                Some(number) => format!("merged into HEAD's line with pull request {number}"),
                None => "merged into HEAD's line".to_owned(),
            };
            events.push(Event::at(merge, What::Merged, text));
        }
    }
    let first = life.introduced.as_ref().map(|first| (&first.commit.id, &first.path));
    for stay in &life.stays {
        if let Some(since) = &stay.since
            && first != Some((&since.id, &stay.path))
        {
            events.push(Event::at(since, What::Moved, came(stay)));
        }
        if let Some(until) = &stay.until {
            events.push(Event::at(until, What::Left, format!("went out of {}", place(stay))));
        }
    }
    if let Some(left) = life.left_head() {
        events.push(Event::at(left, What::Removed, "HEAD does not have it any more; its history does"));
    }
    for new in &life.replaced_by {
        let named = new.name.as_deref().map(|name| format!(" as {name}")).unwrap_or_default();
        let print = new.fingerprint.to_string();
        let text =
            format!("replaced at {}{named} by the token {}", new.path, print.get(..12).unwrap_or(&print));
        events.push(Event::at(&new.commit, What::Rotated, text));
    }
    if let Some(end) = life.token.facts.ends() {
        events.push(Event::new(end, What::Expires, "ends, by its own word"));
    }
    sort(&mut events);
    events
}

/// Oldest first, and what is of one second in an order that makes sense.
pub(super) fn sort(events: &mut [Event]) {
    events.sort_by(|a, b| (a.when, a.what, &a.text).cmp(&(b.when, b.what, &b.text)));
}

fn came(stay: &Stay) -> String {
    match &stay.from {
        Some(Moved::MovedFrom(path)) => format!("moved from {path} to {}", place(stay)),
        Some(Moved::CopiedFrom(path)) => format!("copied from {path} to {}", place(stay)),
        None => format!("came to {}", place(stay)),
    }
}

fn place(stay: &Stay) -> String {
    match stay.sort {
        PlaceSort::File => format!("{}:{}", stay.path, stay.line),
        PlaceSort::CommitMessage => "a commit's message".to_owned(),
        PlaceSort::TagMessage => "a tag's message".to_owned(),
        PlaceSort::Blob => "a file that no commit has".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_life_is_told_in_order() {
        let told: Vec<_> = of_life(&sample::life())
            .iter()
            .map(|event| format!("{} {}: {}", event.when.date(), event.what.word(), event.text))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r"");
    }
}
