//! Trails as our own JSON, version 1: `docs/trail.schema.json` describes it.

use super::Trail;
use crate::coverage::CoverageReport;
use crate::moment::Moment;
use crate::report::json_text;
use crate::trail::state::Followed;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The version of the form. Fields may be added without a new one, so readers skip what they don't
/// know.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Head<'a> {
    version: u32,
    tool: Tool<'a>,
    /// By which time states and ages were judged.
    now: Moment,
    summary: Summary,
    coverage: Coverage<'a>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Summary {
    tokens: usize,
    by_state: BTreeMap<&'static str, usize>,
    complete: bool,
}

#[derive(Serialize)]
struct Coverage<'a> {
    documents: u64,
    commits: u64,
    left_out: Vec<LeftOut<'a>>,
}

#[derive(Serialize)]
struct LeftOut<'a> {
    gap: &'static str,
    what: &'a str,
    why: &'a str,
}

impl<'a> Coverage<'a> {
    fn of(coverage: &'a CoverageReport) -> Self {
        let gap = coverage.left_out.iter();
        let left_out = gap.map(|item| LeftOut { gap: item.gap.name(), what: &item.what, why: &item.why });
        Self { documents: coverage.documents, commits: coverage.commits, left_out: left_out.collect() }
    }
}

impl<'a> Head<'a> {
    fn of(trail: &Trail<'a>) -> Self {
        Self {
            version: VERSION,
            tool: Tool { name: "keytrail", version: trail.scan.version },
            now: trail.now,
            summary: Summary {
                tokens: trail.lives.len(),
                by_state: trail.counts().into_iter().map(|(state, count)| (state.name(), count)).collect(),
                complete: trail.scan.coverage.is_complete(),
            },
            coverage: Coverage::of(trail.scan.coverage),
            warnings: trail.scan.warnings,
        }
    }
}

/// One object.
pub(super) fn write(trail: &Trail<'_>, out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Whole<'a> {
        #[serde(flatten)]
        head: Head<'a>,
        lives: &'a [Followed],
    }
    json_text::pretty(&Whole { head: Head::of(trail), lives: trail.lives }, out)
}

/// One line a life, then one for the rest.
pub(super) fn write_lines(trail: &Trail<'_>, out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<T> {
        #[serde(rename = "type")]
        sort: &'static str,
        #[serde(flatten)]
        content: T,
    }
    for life in trail.lives {
        json_text::compact(&Line { sort: "life", content: life }, out)?;
    }
    json_text::compact(&Line { sort: "summary", content: Head::of(trail) }, out)
}
