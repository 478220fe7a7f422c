//! A short summary for people, beside the report that they read.

use super::{Judged, LedgerView, OUTCOMES, Outcome, Review, Standing};
use crate::excerpt::shown;
use crate::level::Severity;
use clap::builder::styling::{AnsiColor, Style};
use std::io::{self, Write};

/// How many broken rules, changes and gaps are listed.
const LISTED: usize = 10;

pub(super) fn write(review: &Review, out: &mut dyn Write, color: bool) -> io::Result<()> {
    let page = Page { review, color };
    let made = &review.made;
    writeln!(out, "Review of {} by {}", clean(&made.repository), made.now)?;
    page.missed(out)?;
    page.tokens(out)?;
    page.rules(out)?;
    page.changes(out)?;
    page.waivers(out)?;
    page.rest(out)
}

struct Page<'a> {
    review: &'a Review,
    color: bool,
}

impl Page<'_> {
    fn paint(&self, color: AnsiColor, text: &str) -> String {
        if self.color {
            let style = Style::new().bold().fg_color(Some(color.into()));
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn missed(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(missed) = self.review.schedule.missed(self.review.made.now) {
            writeln!(out, "  {} {missed}", self.paint(AnsiColor::Yellow, "warning:"))?;
        }
        for warning in &self.review.warnings {
            writeln!(out, "  {} {}", self.paint(AnsiColor::Yellow, "warning:"), clean(warning))?;
        }
        Ok(())
    }

    fn tokens(&self, out: &mut dyn Write) -> io::Result<()> {
        let states = self.review.states();
        let told: Vec<_> = states
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(state, count)| format!("{count} {state}"))
            .collect();
        let total = self.review.tokens.len();
        let list = if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) };
        writeln!(out, "  tokens    {total}{list}")?;
        let times = &self.review.times;
        if let Some(span) = &times.to_removal {
            writeln!(
                out,
                "            exposure to removal: median {} days, worst {}; {} still in HEAD",
                span.median_text(),
                span.worst,
                times.not_removed
            )?;
        }
        Ok(())
    }

    fn rules(&self, out: &mut dyn Write) -> io::Result<()> {
        let review = self.review;
        if review.rules.is_empty() {
            return writeln!(out, "  policy    no rules; see `keytrail policy --help`");
        }
        let count = |outcome: Outcome| format!("{} {}", review.count(outcome), outcome.name());
        let told: Vec<_> =
            OUTCOMES.iter().filter(|one| review.count(**one) > 0).map(|one| count(*one)).collect();
        writeln!(out, "  policy    {} rules: {}", review.rules.len(), told.join(", "))?;
        let broken: Vec<_> = review.rules.iter().filter(|rule| rule.outcome == Outcome::Violated).collect();
        for rule in broken.iter().take(LISTED) {
            let color = if rule.severity >= Severity::High { AnsiColor::Red } else { AnsiColor::Yellow };
            let mark = self.paint(color, "violated");
            let count = rule.count(Judged::Violated);
            writeln!(out, "            {mark} {} ({count}): {}", clean(&rule.id), clean(&rule.title))?;
        }
        more(out, broken.len())?;
        let of = |outcome| review.controls.iter().filter(|control| control.outcome == outcome).count();
        if !review.controls.is_empty() {
            writeln!(
                out,
                "  controls  evidence for {}, against {}, incomplete for {}, none for {}",
                of(Outcome::Pass),
                of(Outcome::Violated),
                of(Outcome::Incomplete),
                of(Outcome::NotApplicable)
            )?;
        }
        Ok(())
    }

    fn changes(&self, out: &mut dyn Write) -> io::Result<()> {
        let changes = &self.review.changes;
        match &changes.since {
            None => writeln!(
                out,
                "  changes   nothing to compare with: name the last review with --previous FILE"
            ),
            Some(since) => writeln!(
                out,
                "  changes   since {}: {} new, {} in another state, {} gone",
                clean(since),
                changes.new.len(),
                changes.moved.len(),
                changes.gone.len()
            ),
        }
    }

    fn waivers(&self, out: &mut dyn Write) -> io::Result<()> {
        let waivers = &self.review.waivers;
        if waivers.is_empty() {
            return writeln!(out, "  waivers   none");
        }
        let open = waivers.iter().filter(|waiver| waiver.standing == Standing::InForce).count();
        let next = waivers
            .iter()
            .filter(|waiver| waiver.standing == Standing::InForce)
            .map(|waiver| waiver.expires)
            .min();
        let next = next.map(|end| format!(", the first ends on {}", end.date())).unwrap_or_default();
        writeln!(out, "  waivers   {open} in force{next}; {} that do not count", waivers.len() - open)
    }

    fn rest(&self, out: &mut dyn Write) -> io::Result<()> {
        let coverage = &self.review.coverage;
        writeln!(
            out,
            "  covered   {} documents, {} commits; {} could not be read",
            coverage.documents,
            coverage.commits,
            coverage.gaps.len()
        )?;
        for gap in coverage.gaps.iter().take(LISTED) {
            let mark = self.paint(AnsiColor::Yellow, "not read");
            writeln!(out, "            {mark} {}: {}", clean(&gap.what), clean(&gap.why))?;
        }
        more(out, coverage.gaps.len())?;
        match &self.review.ledger {
            LedgerView::None => {
                writeln!(out, "  ledger    none: the record of scans and sign-offs is not kept")
            }
            LedgerView::Unproved { entries } => {
                writeln!(
                    out,
                    "  ledger    UNPROVED: {entries} entries, and no checkpoint that the given keys signed"
                )
            }
            LedgerView::Sound { entries, proved, limits, .. } => {
                writeln!(out, "  ledger    sound: {entries} entries, {proved} proved by a checkpoint")?;
                limits.iter().try_for_each(|note| writeln!(out, "            {}", clean(note)))
            }
            LedgerView::Broken { why } => {
                writeln!(out, "  ledger    {}: {}", self.paint(AnsiColor::Red, "BROKEN"), clean(why))
            }
        }
    }
}

fn more(out: &mut dyn Write, count: usize) -> io::Result<()> {
    if count > LISTED { writeln!(out, "            and {} more", count - LISTED) } else { Ok(()) }
}

fn clean(text: &str) -> String {
    text.trim().chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Format, sample, write};

    #[test]
    fn a_summary() {
        let mut out = Vec::new();
        write(Format::Terminal, &sample::review(), &mut out, false).expect("memory takes it");
        insta::assert_snapshot!(String::from_utf8(out).expect("UTF-8"));
    }
}
