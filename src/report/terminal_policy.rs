//! What the terminal shows of a policy: violations, and verdicts where the report is about it alone.

use super::terminal::Page;
use super::{policy, text};
use crate::level::Severity;
use crate::policy::evaluation::{Outcome, Verdict};
use crate::policy::violation::Violation;
use clap::builder::styling::AnsiColor;
use std::io::{self, Write};

/// How many violations of one rule are listed.
const MOST: usize = 20;

impl Page<'_> {
    /// The violations, those of one rule together.
    pub(super) fn violations(&self, out: &mut dyn Write) -> io::Result<()> {
        let all = self.report.violations();
        let mut at = 0;
        while let Some(first) = all.get(at) {
            let same = all[at..].iter().take_while(|one| one.rule == first.rule).count();
            self.rule(&all[at..at + same], out)?;
            at += same;
        }
        Ok(())
    }

    fn rule(&self, violations: &[Violation], out: &mut dyn Write) -> io::Result<()> {
        let Some(first) = violations.first() else { return Ok(()) };
        let color = match first.severity {
            Severity::Critical | Severity::High => AnsiColor::Red,
            Severity::Medium => AnsiColor::Yellow,
            Severity::Low => AnsiColor::Green,
        };
        let head = format!("{}[{}]", first.severity, text::clean(&first.full_rule()));
        writeln!(out, "{}: {}", self.paint(color, &head), text::clean(&first.title))?;
        let arrow = self.paint(AnsiColor::BrightBlue, "-->");
        for violation in violations.iter().take(MOST) {
            let words = policy::words(violation);
            match &violation.place {
                Some(place) => {
                    let commit = place.commit.as_deref().map(|id| text::clean(id).chars().take(12).collect());
                    let commit = commit.map(|id: String| format!(" (commit {id})")).unwrap_or_default();
                    writeln!(out, "  {arrow} {}{commit}", policy::place(place))?;
                    self.prose("      ", &words, out)?;
                }
                None => self.prose("  ", &words, out)?,
            }
        }
        if violations.len() > MOST {
            let more = text::thousands((violations.len() - MOST) as u64);
            writeln!(out, "      and {more} more, all of them in the JSON report")?;
        }
        let controls = policy::controls(&first.controls);
        if !controls.is_empty() {
            self.prose("  = evidence for: ", &controls, out)?;
        }
        if let Some(advice) = self.report.policy.and_then(|policy| policy.advice(first)) {
            self.prose("  = fix: ", &text::sentence(advice), out)?;
        }
        writeln!(out)
    }

    fn prose(&self, lead: &str, words: &str, out: &mut dyn Write) -> io::Result<()> {
        let margin = lead.chars().count();
        let wrapped = text::wrap(words, self.width().saturating_sub(margin).max(20));
        for (index, line) in wrapped.lines().enumerate() {
            let lead = if index == 0 { lead.to_owned() } else { " ".repeat(margin) };
            writeln!(out, "{lead}{line}")?;
        }
        Ok(())
    }

    /// The line of a scan's summary about the policy.
    pub(super) fn policy_line(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(policy) = self.report.policy else { return Ok(()) };
        let all = policy.evaluation.violations.len();
        if all == 0 {
            return Ok(());
        }
        let count = text::count(all as u64, "violation");
        let blocking = match (policy.blocking, all) {
            (0, _) => "none of them blocks".to_owned(),
            (1, 1) => "which blocks".to_owned(),
            (1, _) => "1 of them blocks".to_owned(),
            (some, all) if some == all => "all of them block".to_owned(),
            (some, _) => format!("{} of them block", text::thousands(some as u64)),
        };
        writeln!(out, "  policy: {count}, {blocking}")
    }

    /// The verdicts, and what they come to.
    pub(super) fn policy(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(policy) = self.report.policy else { return Ok(()) };
        let verdicts = &policy.evaluation.verdicts;
        for verdict in verdicts {
            self.verdict(verdict, out)?;
        }
        let controls = policy.evaluation.by_control();
        if !controls.is_empty() {
            writeln!(out, "\nevidence for:")?;
        }
        for one in &controls {
            let rules: Vec<_> = one.rules.iter().map(|verdict| text::clean(&verdict.rule)).collect();
            let name = policy::control(one.control);
            self.prose(&format!("  {:<14} {name}: ", one.outcome.name()), &rules.join(", "), out)?;
        }
        let count = |outcome| verdicts.iter().filter(|verdict| verdict.outcome == outcome).count() as u64;
        let violations = policy.evaluation.violations.len() as u64;
        let color = if violations > 0 { AnsiColor::Red } else { AnsiColor::Green };
        writeln!(
            out,
            "\n{} {} of {}: {} kept, {} broken, {} judged in part, {} not applicable",
            self.paint(color, "keytrail:"),
            text::count(violations, "violation"),
            text::count(verdicts.len() as u64, "rule"),
            count(Outcome::Pass),
            count(Outcome::Violated),
            count(Outcome::Incomplete),
            count(Outcome::NotApplicable),
        )?;
        writeln!(out, "  {}", self.read())?;
        self.left_out(out)?;
        writeln!(
            out,
            "A rule that is kept is evidence for a control: it shows a part of it, and never all of it."
        )
    }

    fn verdict(&self, verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
        let lead = format!("{} {}: ", self.outcome(verdict.outcome), text::clean(&verdict.rule));
        writeln!(out, "{lead}{}", text::clean(&verdict.summary))
    }

    fn outcome(&self, outcome: Outcome) -> String {
        let color = match outcome {
            Outcome::Violated => AnsiColor::Red,
            Outcome::Incomplete => AnsiColor::Yellow,
            Outcome::NotApplicable => AnsiColor::BrightBlack,
            Outcome::Pass => AnsiColor::Green,
        };
        self.paint(color, &format!("{:<14}", outcome.name()))
    }
}
