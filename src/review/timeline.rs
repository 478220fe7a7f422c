//! A token's life as a list of events.

use crate::moment::Moment;
use crate::secret::Fingerprint;
use crate::trail::life::{Life, PlaceSort, Stay};
use crate::trail::timeline;
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
}

/// What one repository's history and the token's own bytes tell, oldest first.
pub fn of_life(life: &Life) -> Vec<Event> {
    let mut events: Vec<Event> = timeline::events(life).iter().map(|event| told(event, life)).collect();
    sort(&mut events);
    events
}

fn told(event: &timeline::Event<'_>, life: &Life) -> Event {
    let place = event.stay.map(place).unwrap_or_default();
    let (what, text) = match event.what {
        timeline::What::Issued => (What::Issued, "made, by its own word".to_owned()),
        timeline::What::Introduced => {
            let signed = event.commit.is_some_and(|commit| commit.signature.is_some());
            let sort = if signed { "a signed" } else { "an unsigned" };
            (What::Introduced, format!("came in at {place} in {sort} commit"))
        }
        timeline::What::Merged(Some(number)) => {
            (What::Merged, format!("merged into HEAD's line with pull request {number}"))
        }
        timeline::What::Merged(None) => (What::Merged, "merged into HEAD's line".to_owned()),
        timeline::What::Appeared(Some(from)) => (What::Moved, format!("copied from {from} to {place}")),
        timeline::What::Appeared(None) => (What::Moved, format!("came to {place}")),
        timeline::What::Moved(from) => (What::Moved, format!("moved from {from} to {place}")),
        timeline::What::Removed => (What::Left, format!("went out of {place}")),
        timeline::What::LeftHead => {
            (What::Removed, "HEAD does not have it any more; its history does".to_owned())
        }
        timeline::What::Replaced(print) => (What::Rotated, replaced(life, print)),
        timeline::What::Expires => (What::Expires, "ends, by its own word".to_owned()),
    };
    Event {
        when: event.at,
        what,
        text,
        by: event.commit.map(|commit| commit.author.name.clone()),
        commit: event.commit.map(|commit| commit.id.clone()),
    }
}

fn replaced(life: &Life, print: Fingerprint) -> String {
    let shown = print.to_string();
    let by = format!("replaced by the token {}", shown.get(..12).unwrap_or(&shown));
    match life.replaced_by.iter().find(|new| new.fingerprint == print) {
        Some(new) => match &new.name {
            Some(name) => format!("{by} at {} ({name})", new.path),
            None => format!("{by} at {}", new.path),
        },
        None => by,
    }
}

/// Oldest first, and what is of one second in an order that makes sense.
pub(super) fn sort(events: &mut [Event]) {
    events.sort_by(|a, b| (a.when, a.what, &a.text).cmp(&(b.when, b.what, &b.text)));
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
