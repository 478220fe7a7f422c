//! Trails for people: a timeline for each token.

use super::Trail;
use crate::commit::CommitRecord;
use crate::report::{Style, text};
use crate::trail::life::{Introduction, Life, PlaceSort, Reach, Stay};
use crate::trail::state::{Followed, State};
use crate::trail::timeline::{Event, What, events};
use clap::builder::styling::{AnsiColor, Style as Ansi};
use std::io::{self, Write};

/// How many refs of a sort are named.
const NAMED: usize = 3;
/// How many events of one token are shown before the rest is only counted.
const EVENTS: usize = 40;

pub(super) fn write(trail: &Trail<'_>, out: &mut dyn Write, style: Style) -> io::Result<()> {
    let page = Page { style };
    for followed in trail.lives {
        page.life(followed, trail, out)?;
    }
    for warning in trail.scan.warnings {
        writeln!(out, "{} {}", page.paint(AnsiColor::Yellow, "warning:"), text::clean(warning))?;
    }
    page.summary(trail, out)
}

struct Page {
    style: Style,
}

impl Page {
    fn paint(&self, color: AnsiColor, text: &str) -> String {
        if self.style.color {
            let ansi = Ansi::new().bold().fg_color(Some(color.into()));
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }

    fn life(&self, followed: &Followed, trail: &Trail<'_>, out: &mut dyn Write) -> io::Result<()> {
        let Followed { state, days_exposed, life } = followed;
        let token = &life.token;
        let color = match state {
            State::Exposed | State::Lingering => AnsiColor::Red,
            State::Rotated | State::Waived => AnsiColor::Yellow,
            State::Expired | State::Revoked | State::Stored => AnsiColor::Green,
        };
        writeln!(
            out,
            "{}: {} {} ({}, {})",
            self.paint(color, state.name()),
            text::clean(&token.name),
            token.masked,
            token.severity,
            token.rule,
        )?;
        let events = events(life);
        for event in events.iter().take(EVENTS) {
            writeln!(out, "  {}  {:<10}  {}", event.at.date(), event.what.name(), words(event, life, trail))?;
        }
        if events.len() > EVENTS {
            let more = text::count((events.len() - EVENTS) as u64, "event");
            writeln!(out, "  and {more} more, all of them in the JSON report")?;
        }
        for stay in life.stays.iter().filter(|stay| stay.since.is_none()) {
            let what = match stay.sort {
                PlaceSort::TagMessage => "in the message of a tag",
                _ => "in a blob that no commit has",
            };
            writeln!(out, "  {:<10}  {:<10}  {what}, {}", "", "found", path(stay))?;
        }
        writeln!(out, "  {}", reach(life))?;
        for reach in life.refs.iter().filter(|_| trail.all_refs) {
            let name = text::clean(&reach.name);
            match &reach.left {
                Some(left) => {
                    writeln!(out, "    {name}: left on {} with {}", left.committed.date(), commit(left))?;
                }
                None if reach.holds => writeln!(out, "    {name}: has it")?,
                None => writeln!(out, "    {name}: in its history")?,
            }
        }
        if let Some(reason) = &life.allowed {
            writeln!(out, "  allowed by a marker: {}", text::clean(reason))?;
        }
        if life.in_baseline {
            writeln!(out, "  known when keytrail was adopted (baseline)")?;
        }
        let age = days_exposed.map(|days| format!("open for {}; ", text::count(days.unsigned_abs(), "day")));
        writeln!(out, "  {}fingerprint {}\n", age.unwrap_or_default(), token.fingerprint)
    }

    fn summary(&self, trail: &Trail<'_>, out: &mut dyn Write) -> io::Result<()> {
        let coverage = trail.scan.coverage;
        let name = self.paint(
            if trail.lives.iter().any(|followed| followed.state.is_usable()) {
                AnsiColor::Red
            } else {
                AnsiColor::Green
            },
            "keytrail:",
        );
        let states: Vec<String> = trail
            .counts()
            .iter()
            .map(|(state, count)| format!("{} {state}", text::thousands(*count as u64)))
            .collect();
        let tokens = text::count(trail.lives.len() as u64, "token");
        let commits = text::count(coverage.commits, "commit");
        let list = if states.is_empty() { String::new() } else { format!(": {}", states.join(", ")) };
        writeln!(out, "{name} {tokens} in {commits}{list}; judged as of {}", trail.now)?;
        if !coverage.left_out.is_empty() {
            let number = text::count(coverage.left_out.len() as u64, "thing");
            let head = self.paint(AnsiColor::Yellow, "incomplete:");
            writeln!(out, "{head} {number} could not be read, so trails may have holes")?;
            for gap in coverage.left_out.iter().take(20) {
                writeln!(
                    out,
                    "  {}: {} ({})",
                    text::clean(&gap.what),
                    text::clean(&gap.why),
                    gap.gap.name()
                )?;
            }
        }
        Ok(())
    }
}

/// What happened, beside its date and name.
fn words(event: &Event<'_>, life: &Life, trail: &Trail<'_>) -> String {
    let by = event.commit.map(commit).unwrap_or_default();
    let at = event.stay.map(path).unwrap_or_default();
    match event.what {
        What::Issued => "by its own word".to_owned(),
        What::Introduced => {
            let signed = event.commit.and_then(|commit| commit.signature);
            let signed = signed.map_or("not signed".to_owned(), |sort| format!("signature {}", sort.name()));
            let named = event.stay.and_then(|stay| stay.name.as_deref());
            let named = named.map(|name| format!(" as {}", text::clean(name))).unwrap_or_default();
            let cut = if life.introduced.as_ref().is_some_and(|introduced| introduced.is_cut) {
                "; the clone is shallow, so it may be older"
            } else {
                ""
            };
            let request = request_of(life.introduced.as_ref());
            format!("{by}, {signed}{request}: {at}{named}{cut}")
        }
        What::Merged(request) => {
            let request = request.map(|number| format!(" (pull request #{number})")).unwrap_or_default();
            format!("{by}{request}")
        }
        What::Appeared(Some(from)) => format!("{by}: {at}, from {}", text::clean(&from.to_string())),
        What::Moved(from) => format!("{by}: {} -> {at}", text::clean(&from.to_string())),
        What::Appeared(None) | What::Removed => format!("{by}: {at}"),
        What::LeftHead => by,
        What::Replaced(new) => format!("{by}: by the token {new}"),
        What::Expires if event.at <= trail.now => "by its own word; that is over".to_owned(),
        What::Expires => {
            let days = text::count(event.at.days_since(trail.now).unsigned_abs(), "day");
            format!("by its own word, in {days}")
        }
    }
}

/// The number in the introducing commit's own message: that of a pull request which was squashed
/// into it, or of an issue.
fn request_of(introduced: Option<&Introduction>) -> String {
    introduced
        .filter(|introduced| introduced.merged_by.is_none())
        .and_then(|introduced| introduced.pull_request)
        .map(|number| format!(", names #{number}"))
        .unwrap_or_default()
}

fn commit(commit: &CommitRecord) -> String {
    let author = text::clean(&commit.author.name).into_owned();
    if commit.committer.name == commit.author.name {
        format!("{} by {author}", commit.short_id())
    } else {
        format!("{} by {author}, committed by {}", commit.short_id(), text::clean(&commit.committer.name))
    }
}

fn path(stay: &Stay) -> String {
    match stay.sort {
        PlaceSort::CommitMessage => format!("the commit's message, line {}", stay.line),
        PlaceSort::TagMessage => format!("the tag's message, line {}", stay.line),
        PlaceSort::File | PlaceSort::Blob => {
            format!("{}:{}", text::clean(&stay.path.to_string()), stay.line)
        }
    }
}

/// Which refs reach it, the branches that still have it in their last commit first.
fn reach(life: &Life) -> String {
    if life.refs.is_empty() {
        return "no ref reaches it; it is in the repository until git prunes it".to_owned();
    }
    let sorts = [
        ("refs/heads/", "branch"),
        ("refs/tags/", "tag"),
        ("refs/remotes/", "remote branch"),
        ("refs/stash", "stash entry"),
        ("", "other ref"),
    ];
    let mut left: Vec<&Reach> = life.refs.iter().filter(|reach| reach.name != "HEAD").collect();
    let mut parts = Vec::new();
    if let Some(head) = life.refs.iter().find(|reach| reach.name == "HEAD") {
        parts.push(if head.holds { "HEAD (has it)" } else { "HEAD (in its history)" }.to_owned());
    }
    for (prefix, noun) in sorts {
        let (these, others): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|reach| reach.name.starts_with(prefix));
        left = others;
        if these.is_empty() {
            continue;
        }
        let holding = these.iter().filter(|reach| reach.holds).count() as u64;
        let mut names: Vec<&&Reach> = these.iter().collect();
        names.sort_by_key(|reach| !reach.holds);
        let shown: Vec<_> = names
            .iter()
            .take(NAMED)
            .map(|reach| text::clean(reach.name.strip_prefix(prefix).unwrap_or(&reach.name)))
            .collect();
        let more = if names.len() > NAMED { ", …" } else { "" };
        let has = match holding {
            0 => "in history only".to_owned(),
            1 if these.len() == 1 => "has it".to_owned(),
            1 => "1 has it".to_owned(),
            all if all == these.len() as u64 => "all have it".to_owned(),
            some => format!("{} have it", text::thousands(some)),
        };
        parts.push(format!("{} ({}{more}; {has})", text::count(these.len() as u64, noun), shown.join(", ")));
    }
    format!("reached by {}", parts.join(", "))
}
