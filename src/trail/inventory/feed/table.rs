//! A CSV of one's own: the tokens of a vault, a spreadsheet or a script that no other feed knows.
//! `docs/inventory.md` has the columns.

use super::rows::{self, Row};
use super::{Fed, FeedError, Reference, What, text};
use crate::facts::{Expiry, TokenFacts};
use crate::kind::Kind;
use crate::level::Severity;
use crate::secret::{FingerprintKey, Secret};
use crate::trail::inventory::{Store, Stored};

/// The columns, in the order of the documentation. `value` or `id` must say something in every row.
pub const COLUMNS: [&str; 13] = [
    "value",
    "id",
    "name",
    "place",
    "owner",
    "provider",
    "rule",
    "kind",
    "scopes",
    "active",
    "issued",
    "expires",
    "last_used",
];

/// Reads a table; `path` is told.
pub fn read(bytes: &[u8], path: &str, key: &FingerprintKey) -> Result<Vec<Fed>, FeedError> {
    let rows = rows::csv(text(bytes, path)?, path)?;
    rows.iter().map(|row| token(row, path, key)).collect()
}

fn token(row: &Row<'_>, path: &str, key: &FingerprintKey) -> Result<Fed, FeedError> {
    if let Some(name) = row.names().find(|name| !COLUMNS.contains(name)) {
        let help = format!("the columns are {}", COLUMNS.join(", "));
        return Err(row.wrong(name, "no such column", &help));
    }
    let name = row.get(&["name"]).map(str::to_owned);
    let issued = row.moment(&["issued"])?;
    let expires = row.moment(&["expires"])?;
    let is_never = row.under("expires").any(|(_, text)| text.trim().eq_ignore_ascii_case("never"));
    let facts = TokenFacts {
        scopes: row.list(&["scopes"]),
        issued,
        expires: expires.map(Expiry::At).or(is_never.then_some(Expiry::Never)),
        ..TokenFacts::default()
    };
    let id = row.get(&["id"]);
    let place = row
        .get(&["place"])
        .map_or_else(|| format!("{path}: {}", id.or(name.as_deref()).unwrap_or("-")), str::to_owned);
    let stored = Stored {
        name: name.clone(),
        owner: row.get(&["owner"]).map(str::to_owned),
        is_active: row.boolean(&["active"])?,
        issued,
        expires,
        last_used: row.moment(&["last_used"])?,
        ..Stored::new(Store::Table, place)
    };
    let kind = match row.get(&["kind"]) {
        None => Kind::Generic,
        Some(text) => Kind::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| {
            let names = Kind::ALL.map(Kind::name).join(", ");
            row.wrong("kind", "not a sort of secret", &format!("write one of {names}"))
        })?,
    };
    if let Some(value) = row.get(&["value"]) {
        let value = Secret::new(value.as_bytes());
        let name = name.unwrap_or_default();
        return Ok(Fed {
            stored,
            what: What::Value { name, value, is_secret: true, facts: Box::new(facts) },
        });
    }
    let Some(id) = id else {
        return Err(row.wrong(
            "id",
            "neither a value nor an id",
            "write an id that stays the same, or the value",
        ));
    };
    let provider = row.get(&["provider"]).unwrap_or("generic");
    let token = Reference {
        keeper: "table",
        id: &[provider, id],
        rule: row.get(&["rule"]).unwrap_or("unrecognised"),
        name: stored.name.as_deref().unwrap_or(id),
        kind,
        provider,
        severity: Severity::Medium,
        facts,
    };
    Ok(Fed { what: What::Reference(Box::new(token.token(key))), stored })
}
