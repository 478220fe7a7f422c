//! Holds the manual, the JSON Schema and the reader of `keytrail.toml` together.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use keytrail::settings::{ConfigFile, SECTIONS, VARIABLES, VERSION};
use serde_json::{Value, json};
use std::path::Path;

const MANUAL: &str = include_str!("../docs/configuration.md");
const SCHEMA: &str = include_str!("../docs/keytrail.schema.json");

/// The full example of the manual.
fn example() -> &'static str {
    let (_, rest) = MANUAL.split_once("```toml\n").expect("the manual has an example");
    rest.split_once("```").expect("the example ends").0
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn read(text: &str) -> Result<(), String> {
    ConfigFile::parse(Path::new("keytrail.toml"), text).map(drop).map_err(|error| error.to_string())
}

fn fits_schema(text: &str) -> bool {
    let value: toml::Table = toml::from_str(text).unwrap();
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    validator.is_valid(&serde_json::to_value(value).unwrap())
}

#[test]
fn the_schema_is_a_schema() {
    assert!(jsonschema::draft202012::meta::is_valid(&schema()));
}

#[test]
fn the_example_of_the_manual_is_right_and_complete() {
    assert_eq!(read(example()), Ok(()));
    assert!(fits_schema(example()));
    let value: toml::Table = toml::from_str(example()).unwrap();
    for section in SECTIONS {
        let table = match section.name {
            "" => &value,
            "rule.*" => value["rule"]["github-pat-classic"].as_table().unwrap(),
            "policy.rule" => value["policy"]["rule"][0].as_table().unwrap(),
            "waiver" => value["waiver"][0].as_table().unwrap(),
            name => value[name].as_table().unwrap(),
        };
        // The two ways to name the key exclude each other.
        // What speaks of waivers has a rule of its own.
        let apart =
            |key: &str| key == "key-file" || (section.name == "policy.rule" && key == "waiver-max-days");
        for key in section.keys.iter().filter(|key| !apart(key)) {
            assert!(table.contains_key(*key), "the example lacks {key} of [{}]", section.name);
        }
    }
}

#[test]
fn every_key_that_is_read_is_in_the_schema_and_the_other_way_round() {
    let schema = schema();
    for section in SECTIONS {
        let table = match section.name {
            "" => &schema,
            "rule.*" => &schema["properties"]["rule"]["additionalProperties"],
            "policy.rule" => &schema["properties"]["policy"]["properties"]["rule"]["items"],
            "waiver" => &schema["properties"]["waiver"]["items"],
            name => &schema["properties"][name],
        };
        assert_eq!(table["additionalProperties"], json!(false), "[{}]", section.name);
        let properties = table["properties"].as_object().unwrap();
        let mut keys = section.keys.to_vec();
        keys.sort_unstable();
        let mut listed: Vec<&str> = properties.keys().map(String::as_str).collect();
        listed.sort_unstable();
        assert_eq!(listed, keys, "[{}]", section.name);
        for (key, property) in properties {
            assert!(property["description"].is_string() || key == "version", "{key} has no description");
        }
    }
    assert_eq!(schema["properties"]["version"]["const"], json!(VERSION));
}

#[test]
fn an_unknown_key_fails_in_both() {
    for section in SECTIONS {
        let header = match section.name {
            "" => String::new(),
            "rule.*" => "[rule.acme-token]\n".to_owned(),
            "policy.rule" | "waiver" => format!("[[{}]]\n", section.name),
            name => format!("[{name}]\n"),
        };
        let text = format!("version = 1\n{header}no-such-key = 1\n");
        assert!(!fits_schema(&text), "{text}");
        let error = read(&text).unwrap_err();
        assert!(error.contains("no-such-key: unknown key"), "{error}");
    }
}

#[test]
fn schema_and_reader_agree_on_values() {
    for (text, right) in [
        ("", true),
        ("version = 2", false),
        ("[gate]\nfail-on = \"never\"", true),
        ("[gate]\nfail-on = \"certain\"", false),
        ("[report]\nconfidence = \"certain\"", true),
        ("[report]\nconfidence = \"critical\"", false),
        ("[rule.a]\nconfidence = \"certain\"", false),
        ("[rule.a]\nseverity = \"critical\"", true),
        ("[rule.a]\nexclude = [\"!a\"]", false),
        ("[scan]\nmax-file-size = 1", true),
        ("[scan]\nmax-file-size = 0", false),
        ("[scan]\nmax-archive-depth = 0", true),
        ("[scan]\nmax-archive-depth = 17", false),
        ("[scan]\nmax-file-size = \"none\"", true),
        ("[scan]\nmax-file-size = \"10 kib\"", true),
        ("[scan]\nmax-file-size = \"0MB\"", false),
        ("[scan]\nmax-file-size = \"1.5MB\"", false),
        ("[scan]\nthreads = 1024", true),
        ("[scan]\nthreads = 1025", false),
        ("[scan]\nexclude = \"a\"", false),
        ("[scan]\nbaseline = \"\"", false),
        ("[policy]\nframeworks = [\"soc2\"]\nwaiver-max-days = 30", true),
        ("[policy]\nframeworks = [\"soc3\"]", false),
        ("[policy]\nwaiver-max-days = 0", false),
        ("[[policy.rule]]\nid = \"a\"\nforbid = true", true),
        ("[[policy.rule]]\nforbid = true", false),
        ("[[policy.rule]]\nid = \"a b\"\nforbid = true", false),
        ("[[policy.rule]]\nid = \"a\"\nmax-age-days = 36501", false),
        ("[[policy.rule]]\nid = \"a\"\nforbid = true\nkinds = [\"key\"]", false),
        ("[[policy.rule]]\nid = \"a\"\nforbid = true\nstates = [\"lingering\"]", true),
        ("[[policy.rule]]\nid = \"a\"\nforbid = true\ncontrols = [\"own:1\"]", true),
        ("[[policy.rule]]\nid = \"a\"\nforbid = true\ncontrols = [\"1\"]", false),
        ("[[waiver]]\nreason = \"r\"", false),
        ("[fingerprint]\nkey-env = \"A_1\"", true),
        ("[fingerprint]\nkey-env = \"a\"", false),
        ("[fingerprint]\nkey-env = \"A\"\nkey-file = \"b\"", false),
    ] {
        let text = if text.starts_with("version") { text.to_owned() } else { format!("version = 1\n{text}") };
        assert_eq!(fits_schema(&text), right, "schema: {text}");
        assert_eq!(read(&text).is_ok(), right, "reader: {text}");
    }
    assert!(!fits_schema("") && read("").is_err(), "the version is required");
}

#[test]
fn the_manual_names_every_key_and_variable() {
    for section in SECTIONS.iter().filter(|section| !section.name.is_empty()) {
        for key in section.keys {
            let full = format!("`{}.{key}`", section.name.replace('*', "ID"));
            assert!(MANUAL.contains(&full), "the manual lacks {full}");
        }
    }
    for variable in VARIABLES {
        assert!(MANUAL.contains(&format!("| `{variable}` |")), "the manual lacks {variable}");
    }
}

#[test]
fn the_messages_of_the_manual_are_real() {
    let (_, shown) = MANUAL.split_once("```text\n").unwrap();
    let shown = shown.split_once("```").unwrap().0.trim_end();
    let text = "version = 1\n\n[scan]\nexlude = []\n\n\n[gate]\nfail-on = \"hihg\"\n";
    assert_eq!(read(text).unwrap_err(), shown);
}
