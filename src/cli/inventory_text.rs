//! An inventory for people and for spreadsheets.

use crate::cli::table;
use crate::excerpt::shown;
use crate::facts::Expiry;
use crate::moment::Moment;
use crate::trail::inventory::form::Summary;
use crate::trail::inventory::{Entry, Inventory, KnownBy};
use crate::trail::state::State;
use std::io::{self, Write};

/// The states in the order in which people should look at them.
const ORDER: [State; 7] = [
    State::Exposed,
    State::Lingering,
    State::Rotated,
    State::Waived,
    State::Stored,
    State::Expired,
    State::Revoked,
];

/// One line a token, the most urgent first, and a line that sums up. `on_terminal` is for standard
/// output, which may be a terminal of some width.
pub fn table(inventory: &Inventory, now: Moment, on_terminal: bool, out: &mut dyn Write) -> io::Result<()> {
    /// Digits of a fingerprint where there is little room: enough to tell millions apart.
    const SHORT: usize = 12;
    let width = if on_terminal { table::width() } else { None };
    let rank = |state: State| ORDER.iter().position(|&one| one == state);
    let mut entries: Vec<(State, &Entry)> =
        inventory.entries().map(|entry| (entry.state(false, now), entry)).collect();
    entries.sort_by(|(one_state, one), (other_state, other)| {
        let key = |state: State, entry: &Entry| (rank(state), std::cmp::Reverse(entry.token.severity));
        key(*one_state, one)
            .cmp(&key(*other_state, other))
            .then_with(|| one.token.name.cmp(&other.token.name))
            .then_with(|| one.token.fingerprint.cmp(&other.token.fingerprint))
    });
    let rows: Vec<Vec<String>> = entries
        .into_iter()
        .map(|(state, entry)| {
            let mut print = entry.token.fingerprint.to_string();
            if width.is_some() {
                print.truncate(SHORT);
            }
            vec![
                state.to_string(),
                entry.token.severity.to_string(),
                entry.token.name.clone(),
                whereabouts(entry),
                owner(entry).unwrap_or("-").to_owned(),
                expires(entry).unwrap_or_else(|| "-".to_owned()),
                if entry.registration.is_some() { "yes" } else { "no" }.to_owned(),
                print,
            ]
        })
        .collect();
    if !rows.is_empty() {
        let headline =
            ["STATE", "SEVERITY", "TOKEN", "WHERE", "OWNER", "EXPIRES", "REGISTERED", "FINGERPRINT"];
        table::write(out, &headline, &rows, width)?;
    }
    let summary = Summary::of(inventory, now, &|_| false);
    let states: Vec<String> = ORDER
        .iter()
        .filter_map(|state| Some(format!("{} {state}", summary.by_state.get(state.name())?)))
        .collect();
    let plural = if summary.tokens == 1 { "" } else { "s" };
    let states = if states.is_empty() { String::new() } else { format!(": {}", states.join(", ")) };
    writeln!(out, "{} token{plural}{states}; {} registered", summary.tokens, summary.registered)
}

/// The first place, and how many more there are.
fn whereabouts(entry: &Entry) -> String {
    let found = entry.lives.iter().map(|one| one.life.stays.len()).sum::<usize>();
    let first = entry
        .lives
        .iter()
        .find_map(|one| {
            let stay = one.life.stays.iter().find(|stay| stay.in_head).or_else(|| one.life.stays.first())?;
            Some(format!("{}:{}", stay.path, stay.line))
        })
        .or_else(|| entry.stored.first().map(ToString::to_string));
    match (first, (found + entry.stored.len()).saturating_sub(1)) {
        (None, _) => "-".to_owned(),
        (Some(first), 0) => first,
        (Some(first), more) => format!("{first} (+{more})"),
    }
}

/// Who answers for it: by the registry, else by its keeper.
fn owner(entry: &Entry) -> Option<&str> {
    let registered = entry.registration.as_ref().and_then(|one| one.owner.as_deref());
    registered.or_else(|| entry.stored.iter().find_map(|one| one.owner.as_deref()))
}

fn expires(entry: &Entry) -> Option<String> {
    if let Some(end) = entry.ends() {
        return Some(end.date());
    }
    let never = Some(Expiry::Never);
    let is_never = entry.token.facts.expires == never
        || entry.registration.as_ref().is_some_and(|one| one.expires == never);
    is_never.then(|| "never".to_owned())
}

const COLUMNS: [&str; 24] = [
    "fingerprint",
    "known_by",
    "state",
    "severity",
    "confidence",
    "rule",
    "name",
    "kind",
    "provider",
    "masked",
    "environment",
    "account",
    "subject",
    "scopes",
    "issued",
    "expires",
    "owner",
    "registered_as",
    "status",
    "repositories",
    "places",
    "stored",
    "days_exposed",
    "last_used",
];

/// A headline, then one line a token, sorted by fingerprint.
pub fn csv(inventory: &Inventory, now: Moment, out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(COLUMNS)?;
    for entry in inventory.entries() {
        table.write_record(row(entry, now).iter().map(|cell| harmless(cell)))?;
    }
    table.flush()
}

fn row(entry: &Entry, now: Moment) -> [String; COLUMNS.len()] {
    let token = &entry.token;
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join("; ");
    let moment = |moment: Option<Moment>| moment.map(|moment| moment.to_string()).unwrap_or_default();
    let stays = entry.lives.iter().flat_map(|one| {
        one.life.stays.iter().map(|stay| format!("{} {}:{}", one.repository, stay.path, stay.line))
    });
    let issued = token.facts.issued.or_else(|| entry.registration.as_ref().and_then(|one| one.issued.when));
    [
        token.fingerprint.to_string(),
        match entry.known_by {
            KnownBy::Secret => "secret",
            KnownBy::Reference => "reference",
        }
        .to_owned(),
        entry.state(false, now).to_string(),
        token.severity.to_string(),
        token.confidence.to_string(),
        token.rule.clone(),
        token.name.clone(),
        token.kind.to_string(),
        token.provider.clone(),
        token.masked.to_string(),
        text(token.facts.environment.map(crate::facts::Environment::name)),
        text(token.facts.account.as_deref()),
        text(token.facts.subject.as_deref()),
        list(&mut token.facts.scopes.iter().cloned()),
        moment(issued),
        expires(entry).unwrap_or_default(),
        text(owner(entry)),
        text(entry.registration.as_ref().map(|one| one.name.as_str())),
        text(entry.registration.as_ref().map(|one| one.status.name())),
        list(&mut entry.lives.iter().map(|one| one.repository.clone())),
        list(&mut { stays }),
        list(&mut entry.stored.iter().map(ToString::to_string)),
        entry.days_exposed(now).map(|days| days.to_string()).unwrap_or_default(),
        moment(entry.stored.iter().filter_map(|one| one.last_used).max()),
    ]
}

/// A cell that no spreadsheet takes for a formula and that drives no terminal.
fn harmless(cell: &str) -> String {
    let mut text: String = cell.chars().map(shown).collect();
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        text.insert(0, '\'');
    }
    text
}
