//! `keytrail ledger log`.

use super::{PlaceArgs, failed};
use crate::cli::{Failure, generate};
use crate::ledger::{Entry, verify};
use crate::moment::Moment;
use clap::Args;
use serde_json::Value;
use std::fmt::Write;

/// Flags of `log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Only events of this type. May be given several times.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only entries recorded at this time or later: a date, or a time in RFC 3339.
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Only the last N of them.
    #[arg(short = 'n', long, value_name = "N")]
    last: Option<usize>,
    /// The lines of the ledger as they are: one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// `keytrail ledger log`.
pub fn run(args: &LogArgs) -> Result<u8, Failure> {
    let (ledger, _) = args.place.open()?;
    let bytes = ledger.read().map_err(failed)?;
    let lines = verify::lines(&bytes).whole;
    verify::sound(&ledger.shown(), &lines).map_err(failed)?;
    let mut rows = Vec::new();
    for line in lines {
        // All of them were looked at just now.
        let Ok(entry) = Entry::decode(line) else { continue };
        let wanted = args.types.is_empty() || args.types.iter().any(|name| name == entry.event.name());
        if wanted && args.since.is_none_or(|since| entry.at >= since) {
            rows.push(if args.json { String::from_utf8_lossy(line).into_owned() } else { row(&entry) });
        }
    }
    let skipped = rows.len().saturating_sub(args.last.unwrap_or(usize::MAX));
    let mut text = rows[skipped..].join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    generate::print(text.as_bytes())
}

/// One line for people: number, time, type, and the fields as they are.
fn row(entry: &Entry) -> String {
    let mut row = format!("{:>6}  {}  {:16}", entry.number, entry.at, plain(entry.event.name()));
    if let Ok(Value::Object(fields)) = serde_json::to_value(&entry.event) {
        for (name, value) in fields.iter().filter(|(name, _)| *name != "type") {
            let value = match value {
                Value::String(text) if is_word(text) => text.clone(),
                value => value.to_string(),
            };
            let _ = write!(row, "  {}={}", plain(name), plain(&value));
        }
    }
    row
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '=')
}

/// Without what a terminal would act on: other tools write here too.
fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_unicode());
            let kept = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(kept)
        })
        .collect()
}
