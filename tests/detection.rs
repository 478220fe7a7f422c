//! Detection on a small set of texts of our own, `fixtures/detection.toml`: what must be found at
//! the default confidence, and what must be left alone. The large labelled sets that
//! `docs/quality.md` speaks of belong to others and are not in this repository.

#![allow(clippy::unwrap_used)]

use keytrail::detect::{Engine, RuleChoice};
use keytrail::document::Document;
use keytrail::level::Confidence;
use keytrail::origin::{Origin, OriginKind, RepoPath};
use keytrail::rule::{Pack, template};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    found: Vec<Case>,
    clean: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    text: String,
    path: Option<String>,
    rule: Option<String>,
}

/// Random parts differ from seed to seed; what is right must not hang on one of them.
const SEEDS: u64 = 8;

fn set() -> Set {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/detection.toml");
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The ids of the rules that report something in a case.
fn reported(engine: &Engine, case: &Case, seed: u64) -> Vec<&'static str> {
    let text = template::expand(&case.text, seed).unwrap();
    let path = RepoPath::new(case.path.as_deref().unwrap_or("config.txt"));
    let origin = Arc::new(Origin::plain(OriginKind::File));
    let scanned = engine.scan(&Document::whole(&text, &path, &origin));
    let rules = engine.pack().rules();
    let sure = scanned.matches.iter().filter(|found| found.confidence >= Confidence::Medium);
    sure.map(|found| rules[found.rule].id).collect()
}

fn engine() -> Engine {
    Engine::new(Arc::new(Pack::embedded().unwrap()), &RuleChoice::default())
}

#[test]
fn what_is_a_secret_is_found() {
    let engine = engine();
    let mut missed = Vec::new();
    for case in set().found {
        for seed in 0..SEEDS {
            let rules = reported(&engine, &case, seed);
            let is_right =
                case.rule.as_deref().map_or(!rules.is_empty(), |expected| rules.contains(&expected));
            if !is_right {
                missed.push(format!("{:?} with seed {seed}: {rules:?}", case.text));
            }
        }
    }
    assert!(missed.is_empty(), "missed:\n{}", missed.join("\n"));
}

#[test]
fn what_is_none_is_left_alone() {
    let engine = engine();
    let mut flagged = Vec::new();
    for case in set().clean {
        assert!(case.rule.is_none(), "{:?} names a rule", case.text);
        for seed in 0..SEEDS {
            let rules = reported(&engine, &case, seed);
            if !rules.is_empty() {
                flagged.push(format!("{:?} with seed {seed}: {rules:?}", case.text));
            }
        }
    }
    assert!(flagged.is_empty(), "flagged:\n{}", flagged.join("\n"));
}
