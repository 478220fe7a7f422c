//! `keytrail.waivers.toml`: its form, version 1. `docs/waivers.md` describes it.

use crate::origin::RepoPath;
use crate::policy::read::tables;
use crate::policy::violation::Place;
use crate::policy::waiver::Waiver;
use crate::policy::waivers::Placed;
use crate::secret::Fingerprint;
use crate::toml_file::{self, BadValue, ConfigError, ConfigErrors, Node, Reader, Section};
use std::path::Path;
use toml::de::DeTable;

/// The name of the file.
pub const FILE_NAME: &str = "keytrail.waivers.toml";

/// The version of the form that this program reads and writes.
pub const VERSION: u32 = 1;

/// The keys of `[[waiver]]`.
pub const WAIVER: Section = Section::new(
    "waiver",
    &["fingerprint", "path", "rule", "seen-at", "reason", "owner", "ticket", "created", "expires"],
);

const TOP: Section = Section::new("", &["version", "key-id", "waiver"]);
static SECTIONS: [Section; 2] = [TOP, WAIVER];

/// The waivers of a file.
///
/// # Errors
///
/// Everything that is wrong with it, with its place; also fingerprints of another key than
/// `key_id`, under which nothing would fit.
pub fn parse(path: &Path, text: &str, key_id: &str) -> Result<Vec<Placed>, ConfigErrors> {
    let mut reader = Reader::new(path, text, &SECTIONS);
    let document = toml_file::parse(path, text)?;
    toml_file::check_version(&mut reader, document.get_ref(), VERSION)?;
    let (mut waivers, mut key) = (Vec::new(), None);
    for (name, node) in reader.table("", TOP, document.get_ref()) {
        match name {
            "key-id" => key = reader.text(&node),
            "waiver" => waivers = list(&mut reader, &node),
            _ => {}
        }
    }
    match &key {
        Some(key) if key.value != key_id => reader.errors.push(key.error(BadValue {
            problem: format!(
                "the fingerprints were made with the key {}, and this run uses {key_id}",
                crate::toml_file::value::quoted(key.value)
            ),
            help: "set KEYTRAIL_KEY (or `key-env` or `key-file`) to the same key, or waive again what still \
                   has to be"
                .to_owned(),
        })),
        None if reader.errors.is_empty() => reader.errors.push(ConfigError {
            place: reader.place(0),
            key: Some("key-id".to_owned()),
            problem: "missing".to_owned(),
            help: format!("write `key-id = \"{key_id}\"` if the fingerprints were made with today's key"),
        }),
        _ => {}
    }
    ConfigErrors::check(reader.errors)?;
    Ok(waivers)
}

/// Reads the `[[waiver]]` tables of a file; complains to the reader.
pub fn list<'a>(reader: &mut Reader<'a>, node: &Node<'a>) -> Vec<Placed> {
    let mut waivers: Vec<Placed> = Vec::new();
    for (at, table) in tables(reader, node, "[[waiver]]") {
        let before = reader.errors.len();
        let Some(waiver) = waiver(reader, &at, table).filter(|_| reader.errors.len() == before) else {
            continue;
        };
        let place = place(&at.place);
        let twice =
            |old: &Placed| old.waiver.fingerprint == waiver.fingerprint && old.waiver.path == waiver.path;
        if waivers.iter().any(twice) {
            reader.errors.push(at.error(BadValue {
                problem: "there is a waiver for the same secret and path above".to_owned(),
                help: "keep one of them".to_owned(),
            }));
            continue;
        }
        waivers.push(Placed { waiver, place });
    }
    waivers
}

fn place(place: &toml_file::Place) -> Option<Place> {
    match place {
        toml_file::Place::File { path, line, .. } => Some(Place {
            path: RepoPath::from_path(Path::new(&toml_file::error::shown(path))),
            line: u64::try_from(*line).ok(),
            commit: None,
        }),
        _ => None,
    }
}

fn waiver<'a>(reader: &mut Reader<'a>, at: &Node<'a>, table: &'a DeTable<'a>) -> Option<Waiver> {
    let (mut fingerprint, mut path, mut rule, mut seen_at) = (None, None, None, Vec::new());
    let (mut reason, mut owner, mut ticket, mut created, mut expires) = (None, None, None, None, None);
    let mut end = None;
    for (name, node) in reader.table(&at.key, WAIVER, table) {
        match name {
            "fingerprint" => fingerprint = reader.word(&node, print),
            "path" => path = reader.word(&node, repo_path),
            "rule" => rule = reader.word(&node, words),
            "seen-at" => {
                let texts = reader.texts(&node);
                let paths = texts.iter().filter_map(|text| reader.value(text, repo_path(text.value)));
                seen_at = paths.collect();
            }
            "reason" => reason = reader.word(&node, words),
            "owner" => owner = reader.word(&node, words),
            "ticket" => ticket = reader.word(&node, words),
            "created" => created = reader.moment(&node),
            _ => {
                expires = reader.moment(&node);
                end = Some(node);
            }
        }
    }
    for (key, example) in [
        ("fingerprint", "the fingerprint that the report shows"),
        ("reason", "why it is allowed"),
        ("owner", "who answers for it"),
        ("created", "the day it was granted, such as \"2026-01-31\""),
        ("expires", "the day it ends, such as \"2026-03-31\""),
    ] {
        if !table.iter().any(|(name, _)| name.get_ref() == key) {
            reader.errors.push(at.error(BadValue {
                problem: format!("the waiver has no `{key}`"),
                help: format!("write {example}"),
            }));
        }
    }
    let waiver = Waiver {
        fingerprint: fingerprint?,
        path,
        rule,
        seen_at,
        reason: reason?,
        owner: owner?,
        ticket,
        created: created?,
        expires: expires?,
    };
    if let Some(end) = end.filter(|_| waiver.expires <= waiver.created) {
        reader.errors.push(end.error(BadValue {
            problem: "it ends before it was granted".to_owned(),
            help: "write a day after `created`".to_owned(),
        }));
    }
    Some(waiver)
}

fn print(text: &str) -> Result<Fingerprint, BadValue> {
    Fingerprint::parse(text).ok_or_else(|| BadValue {
        problem: "not a fingerprint".to_owned(),
        help: "write the 32 hexadecimal digits in lower case that the report shows".to_owned(),
    })
}

/// Reads a path as reports show it.
///
/// # Errors
///
/// It is empty, or not relative to the repository.
pub fn repo_path(text: &str) -> Result<RepoPath, BadValue> {
    let clean = text.strip_prefix("./").unwrap_or(text);
    if clean.is_empty() || clean.starts_with('/') || clean.split('/').any(|part| part == "..") {
        return Err(BadValue {
            problem: "not a path in the repository".to_owned(),
            help: "write it as the report shows it, relative to the repository's root".to_owned(),
        });
    }
    Ok(RepoPath::new(clean))
}

/// Reads a text of one line.
///
/// # Errors
///
/// It is empty, or has control characters.
pub fn words(text: &str) -> Result<String, BadValue> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(BadValue {
            problem: "an empty text, or one of several lines".to_owned(),
            help: "write one line of text".to_owned(),
        });
    }
    Ok(text.trim().to_owned())
}
