//! The rule pack by itself: every rule is whole, finds its examples and leaves its counterexamples.

#![allow(clippy::unwrap_used)] // A test fails by panicking.

use keytrail::detect::checks::{self, Outcome, Verdict};
use keytrail::rule::template;
use keytrail::rule::text::{RuleFile, RuleText};
use regex::bytes::{Regex, RegexBuilder};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

const SEEDS: u64 = 16;

fn files() -> Vec<(String, RuleFile)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains('\u{2014}'), "{name}: an em dash");
        let file = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, file)
    };
    paths.into_iter().map(read).collect()
}

/// Rules that match by a pattern, with their patterns.
fn pattern_rules(files: &[(String, RuleFile)]) -> Vec<(&RuleText, Regex)> {
    files
        .iter()
        .flat_map(|(_, file)| &file.rules)
        .filter_map(|rule| Some((rule, compile(&rule.id, rule.pattern.as_ref()?))))
        .collect()
}

fn compile(id: &str, pattern: &str) -> Regex {
    let built = RegexBuilder::new(pattern).unicode(false).build();
    built.unwrap_or_else(|error| panic!("{id}: {error}"))
}

/// A match that everything but a check agrees with.
struct Hit {
    secret: Range<usize>,
    outcome: Outcome,
}

/// What a rule finds in a text, refuted or not.
fn hits(rule: &RuleText, regex: &Regex, text: &[u8]) -> Vec<Hit> {
    let lower = text.to_ascii_lowercase();
    let near = |at: &Range<usize>, within: u32| {
        at.start.saturating_sub(within as usize)..text.len().min(at.end + within as usize)
    };
    let mut hits = Vec::new();
    for found in regex.captures_iter(text) {
        let secret = found.name("secret").or_else(|| found.get(0)).unwrap().range();
        let has_word = rule.context.as_ref().is_none_or(|context| {
            context.words.iter().any(|word| {
                let word = word.to_ascii_lowercase();
                let around = near(&secret, context.within + word.len() as u32);
                memchr::memmem::find(&lower[around], word.as_bytes()).is_some()
            })
        });
        let has_companions = rule.companions.iter().filter(|companion| companion.required).all(|companion| {
            compile(&rule.id, &companion.pattern).is_match(&text[near(&secret, companion.within)])
        });
        let varied = rule.min_entropy.is_none_or(|least| entropy(&text[secret.clone()]) >= least);
        if has_word && has_companions && varied {
            let outcome = match &rule.check {
                Some(name) => checks::by_name(name).unwrap().verify_in(text, secret.clone()),
                None => Verdict::Unknown.into(),
            };
            hits.push(Hit { secret, outcome });
        }
    }
    hits
}

/// Shannon's entropy in bits a byte.
fn entropy(bytes: &[u8]) -> f32 {
    let mut counts = [0u32; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    let all = bytes.len() as f32;
    counts.iter().filter(|&&count| count > 0).map(|&count| count as f32 / all).map(|p| -p * p.log2()).sum()
}

fn expand(rule: &RuleText, template: &str, seed: u64) -> Vec<u8> {
    template::expand(template, seed).unwrap_or_else(|error| panic!("{}: `{template}`: {error}", rule.id))
}

#[test]
fn every_file_is_named_for_its_provider_and_whole() {
    let mut ids = BTreeSet::new();
    for (name, file) in files() {
        assert_eq!(file.version, 1, "{name}");
        assert_eq!(file.provider.id, name);
        assert!(!file.rules.is_empty(), "{name}: no rules");
        for rule in &file.rules {
            assert!(rule.id.starts_with(&format!("{name}-")), "{}: must start with `{name}-`", rule.id);
            assert!(ids.insert(rule.id.clone()), "{}: twice", rule.id);
            let said = |own: &Option<String>, common: &Option<String>| {
                own.clone().or_else(|| common.clone()).unwrap_or_default()
            };
            let texts = [
                ("name", rule.name.clone()),
                ("description", rule.description.clone()),
                ("opens", rule.opens.clone()),
                ("revoke", said(&rule.revoke, &file.provider.revoke)),
                ("rotate", said(&rule.rotate, &file.provider.rotate)),
            ];
            for (key, text) in texts {
                assert!(text.len() > 4 && text.trim() == text, "{}: key `{key}`", rule.id);
                assert!(
                    key == "name" || text.ends_with(['.', ')']),
                    "{}: key `{key}` is no sentence",
                    rule.id
                );
            }
            let references =
                if rule.references.is_empty() { &file.provider.references } else { &rule.references };
            assert!(!references.is_empty(), "{}: no references", rule.id);
            assert!(references.iter().all(|url| url.starts_with("https://")), "{}", rule.id);
            assert!(rule.examples.len() >= 2, "{}: two examples", rule.id);
            assert!(rule.counterexamples.len() >= 2, "{}: two counterexamples", rule.id);
            if let Some(check) = &rule.check {
                assert!(checks::exists(check), "{}: no check `{check}`", rule.id);
            }
        }
    }
    assert!(ids.len() >= 75, "{} rules", ids.len());
}

#[test]
fn the_engine_accepts_the_pack() {
    use keytrail::rule::compile::{SourceFile, compile};
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules");
    for (name, _) in files() {
        let text = std::fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap();
        if let Err(error) = compile(&[SourceFile { name, text }], &checks::exists) {
            panic!("{error}");
        }
    }
}

#[test]
fn examples_are_found() {
    let files = files();
    for (rule, regex) in pattern_rules(&files) {
        for template in &rule.examples {
            for seed in 0..SEEDS {
                let text = expand(rule, template, seed);
                let good = hits(rule, &regex, &text)
                    .into_iter()
                    .any(|hit| !matches!(hit.outcome.verdict, Verdict::Refuted(_)));
                assert!(good, "{}: `{template}`, seed {seed}", rule.id);
            }
        }
    }
}

#[test]
fn counterexamples_are_left() {
    let files = files();
    for (rule, regex) in pattern_rules(&files) {
        for template in &rule.counterexamples {
            for seed in 0..SEEDS {
                let text = expand(rule, template, seed);
                for hit in hits(rule, &regex, &text) {
                    let refuted = matches!(hit.outcome.verdict, Verdict::Refuted(_));
                    assert!(refuted, "{}: `{template}`, seed {seed}, at {:?}", rule.id, hit.secret);
                }
            }
        }
    }
}

#[test]
fn a_longer_run_of_characters_is_no_match_of_a_fixed_length() {
    // A token of fixed length inside a longer word is some other thing.
    let files = files();
    let mut tried = 0;
    for (rule, regex) in pattern_rules(&files) {
        let Some(pattern) = rule.pattern.as_deref() else { continue };
        let fixed = pattern.ends_with("})\\b") && !pattern.contains(',');
        if !fixed || rule.check.is_some() {
            continue;
        }
        for template in &rule.examples {
            let text = expand(rule, template, 1);
            for hit in hits(rule, &regex, &text) {
                let mut longer = text.clone();
                let last = longer[hit.secret.end - 1];
                longer.insert(hit.secret.end, last);
                let again = hits(rule, &regex, &longer);
                assert!(
                    again.iter().all(|other| other.secret.start != hit.secret.start),
                    "{}: `{template}`",
                    rule.id
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 20, "only {tried}");
}

#[test]
fn examples_of_one_token_kind_prove_what_can_be_proved() {
    let files = files();
    for (rule, regex) in pattern_rules(&files) {
        let Some(name) = rule.check.as_deref() else { continue };
        let certain = [
            "bech32-age",
            "crc16-nkey",
            "crc16-stellar",
            "base58check-wif",
            "pem",
            "grafana",
            "sentry-org",
            "discord",
        ];
        if !certain.contains(&name) {
            continue;
        }
        for template in &rule.examples {
            let text = expand(rule, template, 3);
            let proved = hits(rule, &regex, &text)
                .into_iter()
                .any(|hit| matches!(hit.outcome.verdict, Verdict::Proved(_)));
            assert!(proved, "{}: `{template}`", rule.id);
        }
    }
}
