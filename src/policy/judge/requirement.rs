//! What one requirement says of one token.

use crate::facts::Expiry;
use crate::moment::Moment;
use crate::policy::name_glob::NameGlob;
use crate::policy::rules::{Policy, Requirement};
use crate::policy::subject::{Said, Since, Subject};
use crate::trail::life::{CommitRecord, Life};
use crate::trail::state::State;

/// What a requirement says of a token, with the reason.
pub(super) enum Answer {
    /// It is broken.
    Broken(String),
    /// What it asks for is not known.
    Unknown(String),
    /// It is kept.
    Kept(String),
    /// It does not speak of this token.
    Silent,
}

use Answer::{Broken, Kept, Silent, Unknown};

/// Asks one requirement.
pub(super) fn judge(
    requirement: &Requirement,
    policy: &Policy,
    subject: &Subject<'_>,
    now: Moment,
) -> Answer {
    match requirement {
        Requirement::Forbid => Broken(format!("{} is not allowed here", article(&subject.token.name))),
        Requirement::Require(instead) => require(instead, subject),
        Requirement::NotInRepository => not_in_repository(subject),
        Requirement::Registered => match subject.said {
            Said::NoRegistry => Unknown("there is no registry".to_owned()),
            Said::Unknown => Broken("nobody registered it".to_owned()),
            Said::Registered(_) => Kept("it is registered".to_owned()),
        },
        Requirement::OwnerRequired => owner(policy, subject),
        Requirement::ExpiresRequired => match subject.expires() {
            Some(Expiry::At(end)) => Kept(format!("it ends on {}", end.date())),
            Some(Expiry::Never) => Broken("it never ends by itself".to_owned()),
            None => Unknown("neither its bytes nor the registry tell when it ends".to_owned()),
        },
        Requirement::MaxLifetimeDays(most) => lifetime(i64::from(*most), subject),
        Requirement::MaxAgeDays(most) => age(i64::from(*most), subject, now),
        Requirement::Rotate { every, grace } => rotate(i64::from(*every), i64::from(*grace), subject, now),
        Requirement::ForbiddenScopes(globs) => scopes(globs, subject),
        Requirement::SignedCommits => signed(subject),
        Requirement::MaxLingeringDays(most) => lingering(i64::from(*most), subject, now),
        Requirement::WaiverMaxDays(_) | Requirement::NoWaiver(_) => Silent,
    }
}

fn require(instead: &[NameGlob], subject: &Subject<'_>) -> Answer {
    let token = subject.token;
    let names = [Some(token.rule.as_str()), Some(token.kind.name()), token.facts.form.as_deref()];
    let fits = |glob: &NameGlob| names.iter().flatten().any(|name| glob.matches(name));
    if instead.iter().any(fits) {
        return Kept(format!("it is {}", article(&token.name)));
    }
    let wanted: Vec<&str> = instead.iter().map(NameGlob::as_str).collect();
    Broken(format!("it is {}, where the policy asks for {}", article(&token.name), wanted.join(" or ")))
}

fn not_in_repository(subject: &Subject<'_>) -> Answer {
    if !subject.is_in_repository() {
        return Kept("it stands in no repository that was looked at".to_owned());
    }
    Broken(match (subject.state, subject.places.first()) {
        (State::Rotated | State::Lingering, Some(place)) => {
            format!("it is gone from HEAD, but the history still has it in {}", place.path)
        }
        (_, Some(place)) => format!("it stands in {}", place.path),
        (_, None) => "the repository's history has it".to_owned(),
    })
}

fn owner(policy: &Policy, subject: &Subject<'_>) -> Answer {
    let owner = match &subject.said {
        Said::NoRegistry => return Unknown("there is no registry that could name an owner".to_owned()),
        Said::Unknown => return Broken("nobody registered it, so nobody owns it".to_owned()),
        Said::Registered(registered) => registered.owner.as_deref().filter(|owner| !owner.trim().is_empty()),
    };
    match owner {
        None => Broken("the registry names no owner".to_owned()),
        Some(owner) if policy.knows_owner(owner) => Kept(format!("{owner} owns it")),
        Some(owner) => Broken(format!("its owner {owner} is none of the policy's owners")),
    }
}

fn lifetime(most: i64, subject: &Subject<'_>) -> Answer {
    let end = match subject.expires() {
        Some(Expiry::At(end)) => end,
        Some(Expiry::Never) => return Broken(format!("it never ends, where {} are allowed", days(most))),
        None => return Unknown("neither its bytes nor the registry tell when it ends".to_owned()),
    };
    match subject.since() {
        Some(Since::Issued(start)) if end.seconds() - start.seconds() > most * crate::moment::DAY => {
            Broken(format!("it is valid from {} to {}, longer than {}", start.date(), end.date(), days(most)))
        }
        Some(Since::Issued(start)) => Kept(format!(
            "it is valid from {} to {}, no longer than {}",
            start.date(),
            end.date(),
            days(most)
        )),
        // It was there when it was seen: whatever is left from then on is a part of its life.
        Some(Since::Seen(start)) if end.seconds() - start.seconds() > most * crate::moment::DAY => {
            Broken(format!(
                "it stood here on {} and ends on {}, longer than {}",
                start.date(),
                end.date(),
                days(most)
            ))
        }
        Some(Since::Seen(_)) | None => {
            Unknown("neither its bytes nor the registry tell when it was issued".to_owned())
        }
    }
}

fn age(most: i64, subject: &Subject<'_>, now: Moment) -> Answer {
    match subject.since() {
        Some(Since::Issued(start)) => {
            let since = format!("it was issued on {}, {} ago", start.date(), days(now.days_since(start)));
            if now.days_since(start) > most {
                Broken(format!("{since}, of {} at most", days(most)))
            } else {
                Kept(since)
            }
        }
        Some(Since::Seen(start)) if now.days_since(start) > most => Broken(format!(
            "it was there on {}, {} ago, of {} at most",
            start.date(),
            days(now.days_since(start)),
            days(most)
        )),
        Some(Since::Seen(_)) | None => {
            Unknown("neither its bytes nor the registry tell when it was issued".to_owned())
        }
    }
}

fn rotate(every: i64, grace: i64, subject: &Subject<'_>, now: Moment) -> Answer {
    let replaced = subject.lives.iter().filter_map(|life| life.replaced_by.first());
    if let Some(when) = replaced.map(|next| next.commit.committed).min() {
        return Kept(format!("another one took its place on {}", when.date()));
    }
    if let Some(by) = subject.registered().and_then(|registered| registered.rotate_by) {
        let late = now.days_since(by);
        return if late > grace {
            Broken(format!("the registry wanted it replaced by {}, {} ago", by.date(), days(late)))
        } else {
            Kept(format!("the registry wants it replaced by {}", by.date()))
        };
    }
    match age(every + grace, subject, now) {
        Broken(why) => Broken(format!("nothing tells that it was rotated: {why}, with the grace")),
        other => other,
    }
}

fn scopes(globs: &[NameGlob], subject: &Subject<'_>) -> Answer {
    let has = subject.scopes();
    if has.is_empty() {
        return Unknown("neither its bytes nor the registry tell what it may do".to_owned());
    }
    let bad: Vec<&str> =
        has.iter().copied().filter(|scope| globs.iter().any(|glob| glob.matches(scope))).collect();
    if bad.is_empty() {
        Kept(format!("it may do {}", shortened(&has.into_iter().collect::<Vec<_>>())))
    } else {
        Broken(format!("it may do {}, which the policy forbids", shortened(&bad)))
    }
}

fn signed(subject: &Subject<'_>) -> Answer {
    if subject.lives.is_empty() {
        return Silent;
    }
    let introduced: Vec<_> = subject.lives.iter().filter_map(|life| life.introduced.as_ref()).collect();
    let id = |commit: &CommitRecord| commit.id.get(..12).unwrap_or(&commit.id).to_owned();
    if let Some(bad) = introduced.iter().find(|one| !one.is_cut && one.commit.signature.is_none()) {
        let author = &bad.commit.author.name;
        return Broken(format!(
            "the commit {} of {author} that brought it in carries no signature",
            id(&bad.commit)
        ));
    }
    if introduced.iter().any(|one| one.is_cut) {
        return Unknown("the history is cut off, so nothing tells which commit brought it in".to_owned());
    }
    match introduced.first() {
        Some(one) => Kept(format!("the commit {} that brought it in carries a signature", id(&one.commit))),
        None => {
            Unknown("the history was not followed, so nothing tells which commit brought it in".to_owned())
        }
    }
}

fn lingering(most: i64, subject: &Subject<'_>, now: Moment) -> Answer {
    if subject.lives.is_empty() {
        return Silent;
    }
    if !matches!(subject.state, State::Lingering | State::Rotated) {
        let is_followed = subject.lives.iter().any(|life| life.introduced.is_some());
        return if is_followed || subject.state == State::Exposed {
            Silent
        } else {
            Unknown("the history was not followed".to_owned())
        };
    }
    // The longest that one of the repositories keeps it.
    let Some(since) = subject.lives.iter().filter_map(|life| gone_since(life)).min() else {
        return Unknown("no commit tells since when it is gone".to_owned());
    };
    let gone = now.days_since(since);
    let why =
        format!("gone from HEAD since {}, {} ago, and not known to be revoked", since.date(), days(gone));
    if gone > most { Broken(format!("{why}, of {} at most", days(most))) } else { Kept(why) }
}

/// Since when HEAD is without it: where HEAD's line never had it, since it was gone everywhere, else
/// since it came.
fn gone_since(life: &Life) -> Option<Moment> {
    let last = || {
        let ends: Option<Vec<_>> = life.stays.iter().map(|stay| stay.until.as_ref()).collect();
        ends?.into_iter().max_by_key(|commit| commit.committed)
    };
    let came = || life.introduced.as_ref().map(|introduced| &introduced.commit);
    life.left_head().or_else(last).or_else(came).map(|commit| commit.committed)
}

/// `1 day`, `2 days`.
fn days(number: i64) -> String {
    format!("{number} day{}", if number == 1 { "" } else { "s" })
}

/// A name with its article: `a GitHub token`, `an AWS key`.
fn article(name: &str) -> String {
    let vowel = name.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']);
    format!("{} {name}", if vowel { "an" } else { "a" })
}

/// The first few of a list.
fn shortened(names: &[&str]) -> String {
    const MOST: usize = 5;
    let text = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}
