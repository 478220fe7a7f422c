//! `keytrail ledger append`.

use super::{PlaceArgs, failed, tell};
use crate::cli::record::Guard;
use crate::cli::{Common, Failure, generate};
use crate::ledger::{Event, LONGEST_LINE, canonical};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use std::io::{self, BufRead, Read};

/// Flags of `append`.
#[derive(Debug, Args)]
pub struct AppendArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Every line of standard input is an event; its number is printed once it is on the disk.
    #[arg(long)]
    lines: bool,
}

/// `keytrail ledger append`.
pub fn run(args: &AppendArgs, common: &Common) -> Result<u8, Failure> {
    let (mut ledger, settings) = args.place.open()?;
    let guard = Guard::new(&settings)?;
    let mut input = io::stdin().lock();
    let mut text = Vec::new();
    loop {
        text.clear();
        let mut part = (&mut input).take(LONGEST_LINE as u64 + 1);
        let read = if args.lines { part.read_until(b'\n', &mut text) } else { part.read_to_end(&mut text) };
        let read =
            read.map_err(|error| Failure::Incomplete(anyhow::Error::from(error).context("standard input")))?;
        if read > LONGEST_LINE {
            return Err(Failure::text(format!(
                "an event has at most {LONGEST_LINE} bytes; record a hash of what is long"
            )));
        }
        if args.lines && read == 0 {
            return Ok(0);
        }
        let event = parse(&text)?;
        guard.check(std::slice::from_ref(&event))?;
        let number = ledger.append(&event, common.now()).map_err(failed);
        tell(&mut ledger);
        generate::print(format!("{}\n", number?).as_bytes())?;
        if !args.lines {
            return Ok(0);
        }
    }
}

/// Reads an event. One of our own types must have our own fields.
fn parse(text: &[u8]) -> Result<Event, Failure> {
    let help =
        "write one JSON object with a `type`, such as {\"type\": \"acme.deploy\", \"to\": \"production\"}";
    // What stands in standard input is not shown: it may be anything.
    let value = canonical::read(text)
        .map_err(|error| Failure::text(format!("standard input holds no JSON: {error}; {help}")))?;
    let name = value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(Failure::text(format!("standard input holds no event: it has no `type`; {help}")));
    }
    let event = Event::deserialize(value)
        .map_err(|_| Failure::text(format!("standard input holds no event; {help}")))?;
    match &event {
        Event::Header { .. } => Err(Failure::text("a header is only made by `keytrail ledger init`")),
        Event::Other(_) if Event::TYPES.contains(&name.as_str()) => Err(Failure::text(format!(
            "an event of the type `{name}` has fields of its own, which docs/ledger.md lists, and one of them is \
             missing or of another form; use a type with a name of your own, such as acme.{name}"
        ))),
        _ => Ok(event),
    }
}
