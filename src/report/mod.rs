//! What a scan found, told to people and to programs: one file a format.
//!
//! Every format gives the same bytes for the same input and the same time to judge by; only the
//! terminal's summary holds the time that the scan took.

#![allow(
    clippy::format_push_string,
    reason = "`write!` into a string gives a result to drop, which reads worse than one allocation costs"
)]

mod csv;
mod facts;
mod github;
mod json;
mod json_policy;
pub mod json_text;
mod junit;
mod policy;
pub mod read;
mod sarif;
mod terminal;
mod terminal_policy;
mod text;
pub mod trail;
mod view;

pub use github::command as github_command;
pub use policy::PolicyPart;

#[cfg(test)]
mod sample;

use crate::coverage::CoverageReport;
use crate::finding::Finding;
use crate::level::{Confidence, Severity};
use crate::moment::Moment;
use crate::policy::Violation;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

/// Everything that a report tells.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// What was found, most severe first, what has expired at the end, in an order that is the same
    /// on every run.
    pub findings: &'a [Finding],
    /// What was read and what was not.
    pub coverage: &'a CoverageReport,
    /// The time that ages and expiries are judged by.
    pub now: Moment,
    /// This program's version.
    pub version: &'a str,
    /// The id of the key that the fingerprints were made with.
    pub key_id: &'a str,
    /// The folder or repository that was scanned, absolute; `None` for standard input.
    pub root: Option<PathBuf>,
    /// Whether `root` is a repository, whose readers know where it lies on their own machine.
    pub is_repository: bool,
    /// From which severity on a finding blocks; `None` where none does.
    pub fail_on: Option<Severity>,
    /// Findings that we are less sure of are not among `findings`.
    pub min_confidence: Confidence,
    /// How long the scan took; told to people only.
    pub elapsed: Duration,
    /// Whether the user asked for secrets in the clear (terminal, JSON and JSON Lines only).
    pub show_secrets: bool,
    /// What the user should know about settings, rules or the run.
    pub warnings: &'a [String],
    /// What the exit code will say.
    pub outcome: Outcome,
    /// Whether SARIF lists what does not count too, marked with SARIF's `suppressions`. GitHub code
    /// scanning ignores the mark and shows an open alert, so leave this off for an upload.
    pub sarif_suppressed: bool,
    /// Tells several SARIF reports of one commit apart: GitHub keeps the alerts of each category.
    pub category: Option<String>,
    /// What the policy says, if there is one.
    pub policy: Option<PolicyPart<'a>>,
}

impl<'a> Report<'a> {
    /// What breaks the policy, the most severe first.
    fn violations(&self) -> &'a [Violation] {
        self.policy.map_or(&[], |policy| &policy.evaluation.violations)
    }

    /// Whether it tells of the policy alone.
    fn is_policy_only(&self) -> bool {
        self.policy.is_some_and(|policy| policy.is_all)
    }
}

/// What decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// How many findings block.
    pub blocking: usize,
    /// Whether everything that was asked for was read.
    pub complete: bool,
}

/// The forms that a report can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Format {
    /// For people: source lines, what each secret opens, and what to do now
    Terminal,
    /// One JSON object (docs/report.schema.json)
    Json,
    /// One JSON object a line: each finding, then the summary
    Jsonl,
    /// SARIF 2.1.0, for GitHub code scanning and other viewers
    Sarif,
    /// Annotations in the log of a GitHub Actions job
    Github,
    /// Test results as XML, for CI systems that show those
    Junit,
    /// A table, one place a row
    Csv,
}

impl Format {
    /// All formats, in the order of the manual.
    pub const ALL: [Self; 7] =
        [Self::Terminal, Self::Json, Self::Jsonl, Self::Sarif, Self::Github, Self::Junit, Self::Csv];

    /// The name used on the command line and in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Junit => "junit",
            Self::Csv => "csv",
        }
    }
}

/// A name that no format has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no report format `{0}`; use terminal, json, jsonl, sarif, github, junit or csv")]
pub struct UnknownFormat(String);

impl std::str::FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(text::clean(name).into_owned()))
    }
}

/// How the terminal report is laid out; other formats don't look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to use colour (ANSI escapes).
    pub color: bool,
    /// The width of the terminal in characters.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 100 }
    }
}

/// Writes the report. What it returns is for the user's eyes beside the report: what the format
/// could not take, such as findings beyond the limits of GitHub code scanning.
///
/// # Errors
/// Only those of `out`.
pub fn write(
    format: Format,
    report: &Report<'_>,
    out: &mut dyn Write,
    style: Style,
) -> io::Result<Vec<String>> {
    match format {
        Format::Terminal => terminal::write(report, out, style)?,
        Format::Json => json::write(report, out)?,
        Format::Jsonl => json::write_lines(report, out)?,
        Format::Sarif => return sarif::write(report, out),
        Format::Github => github::write(report, out)?,
        Format::Junit => junit::write(report, out)?,
        Format::Csv => csv::write(report, out)?,
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests;
