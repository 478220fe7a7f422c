//! What tokens tell of themselves, over the whole rule pack and with the keys that tests make.

#![allow(clippy::unwrap_used)] // A test fails by panicking.

use keytrail::facts::TokenFacts;
use keytrail::rule::template;
use keytrail::rule::text::RuleFile;
use keytrail::token::{Around, Carrier, facts, facts_in};
use regex::bytes::RegexBuilder;
use std::collections::BTreeMap;
use std::path::PathBuf;

fn key(sort: &str) -> Vec<u8> {
    template::expand(&format!("{{{{pem {sort}}}}}"), 7).unwrap()
}

fn of_key(secret: &[u8]) -> TokenFacts {
    facts(&Carrier { rule: "private-key-pem", secret, parts: &[] })
}

#[test]
fn keys_tell_algorithm_and_size() {
    for (sort, form, algorithm, bits) in [
        ("rsa", "private key", "RSA", None),
        ("ec", "private key", "ECDSA P-256", Some(256)),
        ("ed25519", "private key", "Ed25519", Some(256)),
        ("openssh", "OpenSSH private key", "Ed25519", Some(256)),
        ("pgp", "OpenPGP secret key", "Ed25519", Some(256)),
    ] {
        let facts = of_key(&key(sort));
        let key = facts.key.unwrap();
        assert_eq!((facts.form.as_deref(), key.algorithm.as_str()), (Some(form), algorithm), "{sort}");
        assert_eq!(key.encrypted, Some(false), "{sort}");
        assert!(bits.is_none_or(|bits| key.bits == Some(bits)) && key.bits.is_some(), "{sort}: {key:?}");
    }
}

#[test]
fn a_key_in_base64_is_read_too() {
    let base64 = data_encoding::BASE64.encode(&key("ec"));
    assert_eq!(of_key(base64.as_bytes()).key.unwrap().algorithm, "ECDSA P-256");
}

fn rules() -> Vec<RuleFile> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths.into_iter().map(|path| toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()).collect()
}

/// Which rules' tokens tell what they are, by the rules' own examples.
#[test]
fn the_examples_of_the_pack_tell_what_they_are() {
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for rule in rules().iter().flat_map(|file| &file.rules) {
        let Some(pattern) = &rule.pattern else { continue };
        let regex = RegexBuilder::new(pattern).unicode(false).build().unwrap();
        for (seed, example) in rule.examples.iter().enumerate() {
            let text = template::expand(example, seed as u64 + 1).unwrap();
            let Some(found) = regex.captures(&text) else { continue };
            let secret = found.name("secret").or_else(|| found.get(0)).unwrap();
            let parts: Vec<(String, Vec<u8>)> = rule
                .companions
                .iter()
                .filter_map(|companion| {
                    let regex = RegexBuilder::new(&companion.pattern).unicode(false).build().unwrap();
                    let part = regex.captures(&text)?.name("part")?.as_bytes().to_vec();
                    Some((companion.name.clone(), part))
                })
                .collect();
            let parts: Vec<(&str, &[u8])> =
                parts.iter().map(|(name, part)| (name.as_str(), part.as_slice())).collect();
            let carrier = Carrier { rule: &rule.id, secret: secret.as_bytes(), parts: &parts };
            let facts = facts_in(&carrier, Around::of(&text, &secret.range()));
            if let Some(form) = facts.form {
                let environment = facts.environment.map(|one| format!(" ({})", one.name()));
                let line = format!("{form}{}", environment.unwrap_or_default());
                let lines = told.entry(rule.id.clone()).or_default();
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
    }
    let lines: Vec<String> =
        told.iter().map(|(rule, forms)| format!("{rule}: {}", forms.join(" | "))).collect();
    insta::assert_snapshot!(lines.join("\n"));
}
