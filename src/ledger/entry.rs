//! One line of a ledger.
//!
//! ```json
//! {"at":"2026-01-31T09:30:00Z","event":{"type":"…"},"n":7,"prev":"BASE64","sum":"BASE64"}
//! ```
//!
//! `prev` is the leaf hash of the line before, empty in the header. `sum` is the SHA-256 of the
//! canonical form of the entry without `sum`. It adds no security, since whoever changes an entry can
//! work it out anew; it tells which of two entries was changed where the chain does not hold.

use crate::ledger::event::Event;
use crate::ledger::tree::{self, Hash};
use crate::ledger::{LONGEST_LINE, LedgerError, VERSION, canonical};
use crate::moment::Moment;
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// How long `,"sum":"…"}` is.
const SUM_LENGTH: usize = 8 + 44 + 2;

/// An entry, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number; the header is 0.
    pub number: u64,
    /// When it was recorded, by the clock of who recorded it.
    pub at: Moment,
    /// What happened.
    pub event: Event,
    /// The hash of its line as a leaf of the tree.
    pub hash: Hash,
}

/// Makes the lines that are to follow an entry, without line feeds.
pub(super) type Encode<'a> = &'a dyn Fn(&Last) -> Result<Vec<Vec<u8>>, LedgerError>;

/// What has to be known of the last entry to write the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    /// Its number.
    pub number: u64,
    /// The hash of its line as a leaf.
    pub hash: Hash,
}

/// A line whose form and sum are right.
#[derive(Debug)]
pub(super) struct Checked {
    pub number: u64,
    pub prev: Option<Hash>,
    at: Moment,
    event: Map<String, Value>,
}

/// Writes an entry's line, without the line feed.
///
/// # Errors
///
/// [`LedgerError::Usage`] if the event has no `type`, is too long, or holds a number that JSON readers
/// do not agree on.
pub fn encode(number: u64, prev: Option<Hash>, event: &Event, at: Moment) -> Result<Vec<u8>, LedgerError> {
    let refused = |problem: String| LedgerError::Usage(format!("this event cannot be recorded: {problem}"));
    let event = serde_json::to_value(event).map_err(|error| refused(error.to_string()))?;
    if event.get("type").and_then(Value::as_str).unwrap_or_default().is_empty() {
        return Err(refused("it has no `type`; add one such as \"type\": \"acme.deploy\"".to_owned()));
    }
    let prev = prev.map(|hash| BASE64.encode(&hash)).unwrap_or_default();
    let entry = json!({ "at": at, "event": event, "n": number, "prev": prev });
    let mut line = canonical::write(&entry).map_err(refused)?;
    let sum = BASE64.encode(&Sha256::digest(&line));
    line.pop();
    line.extend_from_slice(format!(",\"sum\":\"{sum}\"}}").as_bytes());
    if line.len() > LONGEST_LINE {
        return Err(refused(format!(
            "its line would have {} bytes, and {LONGEST_LINE} is the most; record a hash of what is long",
            line.len()
        )));
    }
    Ok(line)
}

/// Checks a line by itself: its form and its sum.
pub(super) fn check(line: &[u8]) -> Result<Checked, String> {
    if line.len() > LONGEST_LINE {
        return Err(format!("its line is longer than {LONGEST_LINE} bytes"));
    }
    let not_one = || "its line is not an entry".to_owned();
    // Before the JSON is looked at: this is the message that fits whatever was done to the line.
    let (body, end) = line.split_at_checked(line.len().saturating_sub(SUM_LENGTH)).ok_or_else(not_one)?;
    let sum =
        end.strip_prefix(b",\"sum\":\"").and_then(|end| end.strip_suffix(b"\"}")).ok_or_else(not_one)?;
    let right: Hash = Sha256::new_with_prefix(body).chain_update(b"}").finalize().into();
    if sum != BASE64.encode(&right).as_bytes() {
        return Err("its content does not fit its sum: it was changed or damaged".to_owned());
    }
    let value = canonical::read(line).map_err(|error| format!("its line is not JSON: {error}"))?;
    if canonical::write(&value)? != line {
        return Err("its line is not in canonical form (RFC 8785)".to_owned());
    }
    let Value::Object(mut fields) = value else { return Err(not_one()) };
    if fields.len() != 5 {
        return Err("it has other fields than at, event, n, prev and sum".to_owned());
    }
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let at = text("at").and_then(|at| Moment::parse(at).ok().filter(|moment| moment.to_string() == at));
    let prev = match text("prev") {
        Some("") => Some(None),
        Some(text) => BASE64.decode(text.as_bytes()).ok().and_then(|hash| hash.try_into().ok()).map(Some),
        None => None,
    };
    let number = fields.get("n").and_then(Value::as_u64);
    let event = match fields.remove("event") {
        Some(Value::Object(event)) if event.get("type").is_some_and(Value::is_string) => Some(event),
        _ => None,
    };
    match (number, prev, at, event) {
        (Some(number), Some(prev), Some(at), Some(event)) => Ok(Checked { number, prev, at, event }),
        _ => Err("one of its fields at, event, n and prev is not of its form".to_owned()),
    }
}

impl Checked {
    /// Whether it is a header.
    pub(super) fn is_header(&self) -> bool {
        self.event.get("type").is_some_and(|name| name == "header")
    }
}

impl Entry {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn decode(line: &[u8]) -> Result<Self, String> {
        let checked = check(line)?;
        let event = Event::deserialize(Value::Object(checked.event)).map_err(|error| error.to_string())?;
        Ok(Self { number: checked.number, at: checked.at, event, hash: tree::leaf(line) })
    }
}

/// What the last line of a ledger says, after a check of the line.
pub(super) fn last(ledger: &str, line: &[u8]) -> Result<Last, LedgerError> {
    match check(line) {
        Ok(checked) => Ok(Last { number: checked.number, hash: tree::leaf(line) }),
        Err(problem) => Err(LedgerError::Unreadable(format!(
            "{ledger}: nothing can follow the last entry: {problem}; look with `keytrail ledger verify`, and go \
             back to a copy that verifies"
        ))),
    }
}

/// The origin that the header says.
pub(super) fn origin(ledger: &str, line: &[u8]) -> Result<String, LedgerError> {
    let entry = Entry::decode(line).map_err(|problem| LedgerError::damaged(ledger.to_owned(), 0, problem))?;
    match entry.event {
        Event::Header { version: VERSION, origin } => Ok(origin),
        Event::Header { version, .. } => Err(LedgerError::Usage(format!(
            "{ledger}: its form has version {version}, and this keytrail knows {VERSION}; update keytrail"
        ))),
        Event::Other(fields) if fields.get("type").is_some_and(|name| name == "header") => {
            Err(LedgerError::Usage(format!(
                "{ledger}: its header is of another version than {VERSION}, which this keytrail knows; update keytrail"
            )))
        }
        _ => Err(LedgerError::damaged(ledger.to_owned(), 0, "the first entry is no header")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Moment {
        Moment::parse("2026-01-31T09:30:00Z").expect("a time")
    }

    fn other(text: &str) -> Event {
        serde_json::from_str(text).expect("an event")
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let header = Event::Header { version: 1, origin: "example.org/log".to_owned() };
        let line = encode(0, None, &header, at()).expect("it can be written");
        let start = r#"{"at":"2026-01-31T09:30:00Z","event":{"origin":"example.org/log","type":"header","version":1},"n":0,"prev":"","sum":""#;
        assert!(line.starts_with(start.as_bytes()), "{}", String::from_utf8_lossy(&line));
        let entry = Entry::decode(&line).expect("it is an entry");
        assert_eq!((entry.number, entry.at, &entry.event), (0, at(), &header));
        assert_eq!(origin("a ledger", &line), Ok("example.org/log".to_owned()));

        let foreign = other(r#"{"type":"acme.deploy","to":["eu","us"],"share":0.25}"#);
        assert_eq!((foreign.name(), matches!(foreign, Event::Other(_))), ("acme.deploy", true));
        let line = encode(1, Some(entry.hash), &foreign, at()).expect("it can be written");
        assert_eq!(Entry::decode(&line).expect("it is an entry").event, foreign);
        assert_eq!(last("a ledger", &line), Ok(Last { number: 1, hash: tree::leaf(&line) }));
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for text in [r#"{"to":1}"#, r#"{"type":""}"#, r#"{"type":"a","n":9007199254740993}"#] {
            assert!(matches!(encode(1, None, &other(text), at()), Err(LedgerError::Usage(_))), "{text}");
        }
        let long = other(&format!(r#"{{"type":"a","b":"{}"}}"#, "x".repeat(LONGEST_LINE)));
        assert!(encode(1, None, &long, at()).is_err());
    }

    #[test]
    fn a_newer_ledger_is_not_read_as_one_of_ours() {
        for text in [r#"{"type":"header","version":2,"origin":"a"}"#, r#"{"type":"header","version":"x"}"#] {
            let line = encode(0, None, &other(text), at()).expect("it can be written");
            assert!(matches!(origin("a ledger", &line), Err(LedgerError::Usage(_))), "{text}");
        }
    }
}
