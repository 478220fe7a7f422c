//! The lives of tokens, told to people and to programs: one file a format.

mod json;
mod terminal;

use super::{Format, Report, Style, sarif};
use crate::moment::Moment;
use crate::trail::state::{Followed, State};
use std::io::{self, Write};

/// Everything that a report on trails tells.
#[derive(Debug, Clone)]
pub struct Trail<'a> {
    /// The lives, in the order of `scan`'s findings.
    pub lives: &'a [Followed],
    /// The scan that found them.
    pub scan: &'a Report<'a>,
    /// By which time they were judged.
    pub now: Moment,
    /// Whether people are told of every ref, and of the commit that took the token out of it.
    pub all_refs: bool,
}

/// The states, worst first, as reports list them.
const STATES: [State; 7] = [
    State::Exposed,
    State::Lingering,
    State::Rotated,
    State::Waived,
    State::Expired,
    State::Revoked,
    State::Stored,
];

impl Trail<'_> {
    /// How many tokens are in each state, those that none is in left out.
    fn counts(&self) -> Vec<(State, usize)> {
        let count = |state| self.lives.iter().filter(|followed| followed.state == state).count();
        STATES.into_iter().map(|state| (state, count(state))).filter(|(_, count)| *count > 0).collect()
    }
}

/// The formats that a trail can take.
pub const FORMATS: [Format; 4] = [Format::Terminal, Format::Json, Format::Jsonl, Format::Sarif];

/// Writes the report. What it returns is for the user's eyes beside it.
///
/// # Errors
/// Those of `out`, and [`io::ErrorKind::Unsupported`] for a format that is not among [`FORMATS`].
pub fn write(
    format: Format,
    trail: &Trail<'_>,
    out: &mut dyn Write,
    style: Style,
) -> io::Result<Vec<String>> {
    match format {
        Format::Terminal => terminal::write(trail, out, style)?,
        Format::Json => json::write(trail, out)?,
        Format::Jsonl => json::write_lines(trail, out)?,
        Format::Sarif => return sarif::write_trail(trail, out),
        other => {
            let text =
                format!("a trail cannot be told as {}; use terminal, json, jsonl or sarif", other.name());
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
    }
    Ok(Vec::new())
}
