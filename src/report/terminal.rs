//! For people: each secret in its line, in the manner of rustc, then what it opens and what to do.

use super::view::{self, Counts};
use super::{Report, Style, facts, text};
use crate::finding::{Finding, Location};
use crate::level::{Confidence, Severity};
use crate::origin::OriginKind;
use annotate_snippets::{AnnotationKind, Element, Level, Renderer, Snippet};
use clap::builder::styling::{AnsiColor, Style as Ansi};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::Range;

/// Prose wider than this is hard to read, however wide the terminal.
const WIDEST: usize = 100;
/// Below this, breaking lines does more harm than good.
const NARROWEST: usize = 40;
/// How many further places of a secret are listed.
const PLACES: usize = 5;
/// How many things that could not be read are listed.
const GAPS: usize = 20;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write, style: Style) -> io::Result<()> {
    let page = Page { report, style };
    let mut advised = BTreeSet::new();
    for finding in view::open(report) {
        // The advice is the same for all secrets of a rule, so the first one carries it.
        let first_of_rule = advised.insert(finding.rule.id.as_str());
        writeln!(out, "{}\n", page.finding(finding, first_of_rule))?;
    }
    page.violations(out)?;
    for warning in report.warnings {
        writeln!(out, "{} {}", page.paint(AnsiColor::Yellow, "warning:"), text::clean(warning))?;
    }
    if report.is_policy_only() {
        return page.policy(out);
    }
    page.summary(out)
}

pub(super) struct Page<'a> {
    pub(super) report: &'a Report<'a>,
    style: Style,
}

impl Page<'_> {
    pub(super) fn width(&self) -> usize {
        self.style.width.clamp(NARROWEST, WIDEST)
    }

    pub(super) fn paint(&self, color: AnsiColor, text: &str) -> String {
        if self.style.color {
            let ansi = Ansi::new().bold().fg_color(Some(color.into()));
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }

    fn finding(&self, finding: &Finding, full: bool) -> String {
        let mut places = view::open_places(finding);
        let Some(first) = places.next() else { return String::new() };
        let others: Vec<&Location> = places.collect();
        let rule = &finding.rule;
        let level = match finding.severity {
            Severity::Critical | Severity::High => Level::ERROR,
            Severity::Medium => Level::WARNING,
            Severity::Low => Level::INFO,
        };
        let sure = match finding.confidence {
            Confidence::Certain => "certain".to_owned(),
            other => format!("{other} confidence"),
        };
        let mut group = level
            .with_name(finding.severity.name())
            .primary_title(format!("{}, {sure}", text::clean(&rule.name)))
            .id(text::clean(&rule.id))
            .elements(source(finding, first));
        let line_number = first.span.start.line.to_string().len();
        for (name, body) in self.notes(finding, first, &others, full) {
            let level = if name == "fix" { Level::HELP } else { Level::NOTE };
            let margin = line_number + " = : ".len() + name.len();
            let room = self.width().saturating_sub(margin).max(NARROWEST / 2);
            // Paths and secrets are to be copied, so only prose is broken.
            let body = if matches!(name, "also in" | "secret") { body } else { text::wrap(&body, room) };
            group = group.element(level.with_name(name).message(body));
        }
        let renderer = if self.style.color { Renderer::styled() } else { Renderer::plain() };
        let text = renderer.term_width(self.style.width.max(NARROWEST)).render(&[group]);
        // The renderer would count the column in the shortened and masked line, and not in the file.
        let (title, body) = text.split_once('\n').unwrap_or((&text, ""));
        let arrow = self.paint(AnsiColor::BrightBlue, "-->");
        format!("{title}\n{:line_number$}{arrow} {}\n{body}", "", text::place(first))
    }

    fn notes(
        &self,
        finding: &Finding,
        first: &Location,
        others: &[&Location],
        full: bool,
    ) -> Vec<(&'static str, String)> {
        let rule = &finding.rule;
        let mut notes = Vec::new();
        if full {
            notes.push(("what", text::sentence(&rule.description)));
            notes.push(("opens", text::sentence(&rule.opens)));
        }
        let told = facts::with_notes(finding, self.report.now);
        if !told.is_empty() {
            notes.push(("facts", told));
        }
        for part in &finding.parts {
            notes.push(("with", format!("{} {}", text::clean(&part.name), part.masked)));
        }
        if self.report.show_secrets {
            let secret = String::from_utf8_lossy(finding.secret.expose());
            // Line by line, so that a key of several lines stays one.
            let lines: Vec<_> = secret.lines().map(neutral).collect();
            notes.push(("secret", lines.join("\n")));
        }
        if let Some(history) = history(first) {
            notes.push(("commit", history));
        }
        if !others.is_empty() {
            notes.push(("also in", also(others)));
        }
        let fix = if full {
            format!(
                "1. Revoke: {}\n2. Remove: {}\n3. Rotate: {}",
                text::sentence(&rule.revoke),
                removal(first),
                text::sentence(&rule.rotate)
            )
        } else {
            format!("revoke, remove and rotate it as told for the first `{}` above", text::clean(&rule.id))
        };
        notes.push(("fix", fix));
        notes
    }

    fn summary(&self, out: &mut dyn Write) -> io::Result<()> {
        let report = self.report;
        let counts = Counts::of(report);
        let name = self.paint(if counts.open > 0 { AnsiColor::Red } else { AnsiColor::Green }, "keytrail:");
        let read = self.read();
        let quiet = quiet(&counts);
        if counts.open == 0 {
            let only = if report.outcome.complete { "" } else { " in what could be read" };
            let quiet = if quiet.is_empty() { String::new() } else { format!(" ({quiet})") };
            writeln!(out, "{name} no secrets found{only}{quiet}; {read}")?;
        } else {
            writeln!(out, "{name} {}", self.found(&counts))?;
            writeln!(out, "  {read}")?;
            if !quiet.is_empty() {
                writeln!(out, "  not counted: {quiet}")?;
            }
        }
        self.policy_line(out)?;
        self.left_out(out)?;
        if counts.open > 0 {
            writeln!(
                out,
                "Not a secret? Put `keytrail:allow RULE -- reason` in a comment on its line or the line above."
            )?;
        }
        Ok(())
    }

    /// What was not read, on purpose and not.
    pub(super) fn left_out(&self, out: &mut dyn Write) -> io::Result<()> {
        let coverage = self.report.coverage;
        for notice in &coverage.notices {
            writeln!(out, "  left out: {}", text::clean(notice))?;
        }
        if !coverage.left_out.is_empty() {
            let number = text::count(coverage.left_out.len() as u64, "thing");
            let head = self.paint(AnsiColor::Yellow, "incomplete:");
            writeln!(out, "{head} {number} could not be read, so secrets may have been missed")?;
            for gap in coverage.left_out.iter().take(GAPS) {
                let (what, why) = (text::clean(&gap.what), text::clean(&gap.why));
                writeln!(out, "  {what}: {why} ({})", gap.gap.name())?;
            }
            if coverage.left_out.len() > GAPS {
                let more = text::thousands((coverage.left_out.len() - GAPS) as u64);
                writeln!(out, "  and {more} more, all of them in the JSON report")?;
            }
        }
        Ok(())
    }

    fn found(&self, counts: &Counts) -> String {
        let levels: Vec<String> = view::SEVERITIES
            .iter()
            .zip(counts.by_severity)
            .filter(|(_, number)| *number > 0)
            .map(|(severity, number)| format!("{} {severity}", text::thousands(number)))
            .collect();
        let secrets = text::count(counts.open, "secret");
        let places = text::count(counts.places, "place");
        let mut found = format!("{secrets} in {places}: {}", levels.join(", "));
        let blocking = self.report.outcome.blocking as u64;
        match self.report.fail_on {
            Some(severity) if blocking < counts.open => {
                let some = match blocking {
                    0 => "none of them blocks".to_owned(),
                    1 => "1 of them blocks".to_owned(),
                    more => format!("{} of them block", text::thousands(more)),
                };
                found.push_str(&format!("; {some} (set to fail on {severity})"));
            }
            None => found.push_str("; none of them blocks, as set"),
            Some(_) => {}
        }
        found
    }

    pub(super) fn read(&self) -> String {
        let coverage = self.report.coverage;
        let mut read =
            format!("read {}, {}", text::count(coverage.documents, "document"), text::size(coverage.bytes));
        if coverage.commits > 0 {
            read.push_str(&format!(", {}", text::count(coverage.commits, "commit")));
        }
        let seconds = self.report.elapsed.as_secs_f64();
        if seconds < 1.0 {
            read.push_str(&format!(" in {:.0} ms", seconds * 1000.0));
        } else {
            read.push_str(&format!(" in {seconds:.1} s"));
        }
        read
    }
}

/// What was found and does not count.
fn quiet(counts: &Counts) -> String {
    let mut parts = Vec::new();
    if counts.allowed > 0 {
        parts.push(format!("{} allowed", text::thousands(counts.allowed)));
    }
    if counts.allowed_places > 0 {
        parts.push(text::count(counts.allowed_places, "allowed place"));
    }
    if counts.baseline > 0 {
        parts.push(format!("{} in the baseline", text::thousands(counts.baseline)));
    }
    if counts.waived > 0 {
        parts.push(format!("{} waived", text::thousands(counts.waived)));
    }
    parts.join(", ")
}

/// The line that the secret stands on.
fn source<'a>(finding: &'a Finding, location: &'a Location) -> Option<Element<'a>> {
    let excerpt = &location.excerpt;
    let Range { start: from, end: to } = excerpt.mask;
    let mask = excerpt.text.get(from..to)?;
    let mut source = neutral(excerpt.text.get(..from)?);
    let from = source.len();
    source.push_str(&neutral(mask));
    let annotation = AnnotationKind::Primary.span(from..source.len()).label(label(finding, location));
    source.push_str(&neutral(excerpt.text.get(to..)?));
    let line = usize::try_from(location.span.start.line).unwrap_or(usize::MAX);
    Some(Snippet::source(source).line_start(line).annotation(annotation).into())
}

fn neutral(text: &str) -> String {
    text.chars().map(crate::excerpt::shown).collect()
}

/// What is said beside the mask.
fn label(finding: &Finding, location: &Location) -> String {
    let kind = finding.rule.kind.name().replace('-', " ");
    let mut label = match location.decoded.as_slice() {
        [] => kind,
        chain => {
            let chain: Vec<_> = chain.iter().rev().map(|step| text::clean(step)).collect();
            format!("{kind}, encoded as {}", chain.join(" inside "))
        }
    };
    if location.span.end.line > location.span.start.line {
        label.push_str(&format!(", to line {}", location.span.end.line));
    }
    label
}

fn commit_words(location: &Location) -> Option<String> {
    const DANGLING: &str = "reached by no ref, but still in the repository until git prunes it";
    let Some(commit) = location.origin.commit.as_ref() else {
        return (location.origin.reachable == Some(false)).then(|| DANGLING.to_owned());
    };
    let kept = match (location.origin.reachable, location.origin.in_head) {
        (Some(false), _) => format!(", {DANGLING}"),
        (_, Some(true)) => ", still in HEAD".to_owned(),
        (_, Some(false)) => ", no longer in HEAD but still in the history".to_owned(),
        (_, None) => String::new(),
    };
    let date = commit.date();
    let day = date.split('T').next().unwrap_or_default();
    let author = text::clean(&commit.author);
    Some(format!("{} of {day} by {author}{kept}", text::clean(commit.short_id())))
}

fn history(location: &Location) -> Option<String> {
    let mut words = commit_words(location)?;
    if location.versions > 1 {
        let versions = text::thousands(u64::from(location.versions));
        words.push_str(&format!("; in {versions} versions of the file"));
    }
    Some(words)
}

fn also(others: &[&Location]) -> String {
    let mut lines: Vec<String> = others
        .iter()
        .take(PLACES)
        .map(|location| match &location.origin.commit {
            Some(commit) => format!("{} (commit {})", text::place(location), text::clean(commit.short_id())),
            None => text::place(location),
        })
        .collect();
    if others.len() > PLACES {
        lines.push(format!("and {} more", text::thousands((others.len() - PLACES) as u64)));
    }
    lines.join("\n")
}

/// How to take a secret out, by where it stands.
fn removal(location: &Location) -> &'static str {
    match (location.origin.kind, location.origin.in_head) {
        (OriginKind::Index, _) => {
            "Take it out of the file and stage that; read it from the environment or a secret store instead."
        }
        (OriginKind::Blob, _) if location.origin.reachable == Some(false) => {
            "No ref reaches it. `git reflog expire --expire=now --all && git gc --prune=now` takes it out of \
             this repository, but copies and clones may have it, so only revoking helps."
        }
        (OriginKind::Blob, Some(false)) => {
            "It is out of HEAD already. Rewriting the history does not reach copies and clones, so only \
             revoking helps."
        }
        (OriginKind::Blob, _) => {
            "Take it out of the file and read it from the environment or a secret store instead. The history \
             keeps it, so only revoking helps."
        }
        (OriginKind::CommitMessage, _) => {
            "Amend the message if it was not pushed yet; if it was, only revoking helps."
        }
        (OriginKind::TagMessage, _) => {
            "Make the tag anew if it was not pushed yet; if it was, only revoking helps."
        }
        (OriginKind::File | OriginKind::Stdin, _) => {
            "Take it out and read it from the environment or a secret store instead. If it was ever committed, \
             the history keeps it."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, sample};
    use super::{Style, write};

    #[test]
    fn findings_and_summary() {
        insta::assert_snapshot!(sample::render(Format::Terminal, &sample::full()));
    }

    #[test]
    fn a_clean_run_is_one_line() {
        insta::assert_snapshot!(
            sample::render(Format::Terminal, &sample::clean()),
            @"keytrail: no secrets found; read 1,204 documents, 18.3 MiB in 420 ms"
        );
    }

    #[test]
    fn colour_changes_no_word() {
        let sample = sample::full();
        let mut out = Vec::new();
        let style = Style { color: true, ..Style::default() };
        write(&sample.report(), &mut out, style).expect("memory can be written");
        let colored = String::from_utf8(out).expect("UTF-8");
        assert!(colored.contains("\x1b["));
        let stripped = anstream::adapter::strip_str(&colored).to_string();
        assert_eq!(stripped, sample::render(Format::Terminal, &sample));
    }
}
