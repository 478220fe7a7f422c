//! The form of `keytrail.tokens.toml`, version 1. `docs/inventory.md` describes it, and
//! `docs/keytrail-tokens.schema.json` says the same for editors.

use super::{Issue, Owner, Registration, Registry, Revocation, Status, VERSION};
use crate::facts::Expiry;
use crate::kind::Kind;
use crate::secret::Fingerprint;
use crate::toml_file::value::choose;
use crate::toml_file::{self, BadValue, ConfigError, ConfigErrors, Node, Place, Reader, Section};
use std::collections::BTreeMap;
use std::path::Path;
use toml::de::{DeTable, DeValue};

const TOP: Section = Section::new("", &["version", "key", "owners", "token"]);
const OWNER: Section = Section::new("owners.*", &["name", "contact"]);
/// The keys of a token, in the order in which they are written.
pub(super) const TOKEN_KEYS: &[&str] = &[
    "fingerprint",
    "name",
    "rule",
    "kind",
    "owner",
    "purpose",
    "issued",
    "scopes",
    "stored",
    "expires",
    "rotate-by",
    "replaces",
    "status",
    "revoked",
    "evidence",
];
const TOKEN: Section = Section::new("token", TOKEN_KEYS);
const ISSUED: Section = Section::new("token.issued", &["when", "how", "why", "by"]);
const REVOKED: Section = Section::new("token.revoked", &["when", "how"]);

/// All tables of the file with their keys.
pub const SECTIONS: [Section; 5] = [TOP, OWNER, TOKEN, ISSUED, REVOKED];

/// Reads the text of a file; `path` is for messages.
pub(super) fn parse(path: &Path, text: &str) -> Result<Registry, ConfigErrors> {
    let mut reader = Reader::new(path, text, &SECTIONS);
    let document = toml_file::parse(path, text)?;
    let top = document.get_ref();
    toml_file::check_version(&mut reader, top, VERSION)?;
    let (mut key_id, mut owners, mut found) = (None, BTreeMap::new(), Vec::new());
    for (name, node) in reader.table("", TOP, top) {
        match name {
            "key" => key_id = reader.word(&node, read_key_id),
            "owners" => owners = read_owners(&mut reader, &node),
            "token" => found = read_tokens(&mut reader, &node),
            _ => {}
        }
    }
    if key_id.is_none() && !top.iter().any(|(name, _)| name.get_ref() == "key") {
        reader.errors.push(ConfigError {
            place: reader.place(0),
            key: Some("key".to_owned()),
            problem: "missing".to_owned(),
            help:
                "write the id of the fingerprint key that this file is for: `key = \"public\"`, or the eight \
                   digits of your own"
                    .to_owned(),
        });
    }
    ConfigErrors::check(reader.errors)?;
    let (lines, registrations) = found.into_iter().unzip();
    let mut registry = Registry::new(key_id.unwrap_or_default(), owners, registrations);
    registry.lines = lines;
    Ok(registry)
}

fn read_key_id(text: &str) -> Result<String, BadValue> {
    let is_digits =
        text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if text == "public" || is_digits {
        return Ok(text.to_owned());
    }
    // It is not shown: it may be the key itself.
    Err(BadValue {
        problem: "not the id of a fingerprint key".to_owned(),
        help: "write \"public\" or the eight hexadecimal digits that keytrail gives for your key, never the key \
               itself"
            .to_owned(),
    })
}

fn read_fingerprint(text: &str) -> Result<Fingerprint, BadValue> {
    // It is not shown: it may be the token itself.
    Fingerprint::parse(text).ok_or_else(|| BadValue {
        problem: "not a fingerprint".to_owned(),
        help:
            "write the 32 hexadecimal digits that reports give, never the token itself; `keytrail register` \
               makes them"
                .to_owned(),
    })
}

/// Reads a status by its name.
pub fn read_status(text: &str) -> Result<Status, BadValue> {
    choose(text, &Status::ALL.map(|status| (status.name(), status)))
}

/// Reads the sort of a secret by its name.
pub fn read_kind(text: &str) -> Result<Kind, BadValue> {
    choose(text, &Kind::ALL.map(|kind| (kind.name(), kind)))
}

fn read_owners<'a>(reader: &mut Reader<'a>, node: &Node<'a>) -> BTreeMap<String, Owner> {
    let mut owners = BTreeMap::new();
    let Some(table) = reader.sub_table(node, "[owners]") else { return owners };
    for (name, value) in table {
        let key = format!("owners.{}", name.get_ref());
        let node = reader.node(key.clone(), name, value);
        let owner = if let DeValue::String(text) = node.value {
            Owner { name: Some(text.to_string()), contact: None }
        } else if let Some(table) =
            reader.sub_table(&node, "{ name = \"Platform team\", contact = \"#platform\" }")
        {
            let mut owner = Owner::default();
            for (name, node) in reader.table(&key, OWNER, table) {
                let text = reader.text(&node).map(|text| text.value.to_owned());
                match name {
                    "name" => owner.name = text,
                    _ => owner.contact = text,
                }
            }
            owner
        } else {
            continue;
        };
        owners.insert(name.get_ref().to_string(), owner);
    }
    owners
}

fn read_tokens<'a>(reader: &mut Reader<'a>, node: &Node<'a>) -> Vec<(usize, Registration)> {
    let DeValue::Array(items) = node.value else {
        reader.errors.push(node.error(BadValue {
            problem: "not a list of tokens".to_owned(),
            help: "begin each token with [[token]]".to_owned(),
        }));
        return Vec::new();
    };
    let mut tokens = Vec::with_capacity(items.len());
    for item in items {
        let place = reader.place(item.span().start);
        let line = match place {
            Place::File { line, .. } => line,
            _ => 0,
        };
        let DeValue::Table(table) = item.get_ref() else {
            reader.errors.push(ConfigError {
                place,
                key: Some("token".to_owned()),
                problem: "not a token".to_owned(),
                help: "begin each token with [[token]]".to_owned(),
            });
            continue;
        };
        tokens.extend(read_token(reader, table, &place).map(|token| (line, token)));
    }
    tokens
}

fn read_token<'a>(reader: &mut Reader<'a>, table: &'a DeTable<'a>, place: &Place) -> Option<Registration> {
    let nodes = reader.table("token", TOKEN, table);
    for key in ["fingerprint", "name"] {
        if !nodes.iter().any(|&(name, _)| name == key) {
            reader.errors.push(ConfigError {
                place: place.clone(),
                key: Some(format!("token.{key}")),
                problem: "missing".to_owned(),
                help: "every token needs its fingerprint and a name; `keytrail register` writes both"
                    .to_owned(),
            });
        }
    }
    let place_of = |key| nodes.iter().find(|&&(name, _)| name == key).map(|(_, node)| node);
    // Without a fingerprint nothing is registered, but what else is wrong is told all the same.
    let fingerprint = place_of("fingerprint").and_then(|node| reader.word(node, read_fingerprint));
    let mut token = Registration::new(fingerprint.unwrap_or(Fingerprint::ZERO), "");
    for (name, node) in nodes {
        let text = |reader: &mut Reader<'a>| reader.text(&node).map(|text| text.value.to_owned());
        match name {
            "fingerprint" => {}
            "name" => token.name = reader.word(&node, read_name).unwrap_or_default(),
            "rule" => token.rule = text(reader),
            "kind" => token.kind = reader.word(&node, read_kind),
            "owner" => token.owner = text(reader),
            "purpose" => token.purpose = text(reader),
            "issued" => token.issued = read_issue(reader, &node),
            "scopes" => token.scopes = texts(reader, &node),
            "stored" => token.stored = texts(reader, &node),
            "expires" => token.expires = read_expiry(reader, &node),
            "rotate-by" => token.rotate_by = reader.moment(&node),
            "replaces" => token.replaces = reader.word(&node, read_fingerprint),
            "status" => token.status = reader.word(&node, read_status).unwrap_or_default(),
            "revoked" => token.revoked = read_revocation(reader, &node),
            _ => token.evidence = texts(reader, &node),
        }
    }
    fingerprint.map(|_| token)
}

fn read_name(text: &str) -> Result<String, BadValue> {
    if text.trim().is_empty() {
        return Err(BadValue {
            problem: "an empty name".to_owned(),
            help: "write what the team calls the token, such as \"deploy bot of the shop\"".to_owned(),
        });
    }
    Ok(text.to_owned())
}

fn texts<'a>(reader: &mut Reader<'a>, node: &Node<'a>) -> Vec<String> {
    reader.texts(node).into_iter().map(|text| text.value.to_owned()).collect()
}

fn read_expiry<'a>(reader: &mut Reader<'a>, node: &Node<'a>) -> Option<Expiry> {
    if matches!(node.value, DeValue::String(text) if text == "never") {
        return Some(Expiry::Never);
    }
    reader.moment(node).map(Expiry::At)
}

fn read_issue<'a>(reader: &mut Reader<'a>, node: &Node<'a>) -> Issue {
    let mut issue = Issue::default();
    let Some(table) = reader.sub_table(node, "{ when = 2026-01-31, by = \"ada\" }") else { return issue };
    for (name, node) in reader.table("token.issued", ISSUED, table) {
        if name == "when" {
            issue.when = reader.moment(&node);
            continue;
        }
        let text = reader.text(&node).map(|text| text.value.to_owned());
        match name {
            "how" => issue.how = text,
            "why" => issue.why = text,
            _ => issue.by = text,
        }
    }
    issue
}

fn read_revocation<'a>(reader: &mut Reader<'a>, node: &Node<'a>) -> Revocation {
    let mut revoked = Revocation::default();
    let Some(table) = reader.sub_table(node, "{ when = 2026-01-31, how = \"in the console\" }") else {
        return revoked;
    };
    for (name, node) in reader.table("token.revoked", REVOKED, table) {
        match name {
            "when" => revoked.when = reader.moment(&node),
            _ => revoked.how = reader.text(&node).map(|text| text.value.to_owned()),
        }
    }
    revoked
}
