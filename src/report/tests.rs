//! What holds for all formats.

use super::sample::{self, Sample};
use super::{Format, Report, Style, write};
use proptest::prelude::*;
use serde_json::Value;
use std::path::Path;

fn schema(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
pub(super) fn assert_valid(schema: &Value, document: &Value) {
    let validator = jsonschema::validator_for(schema).expect("the schema is one");
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// Our schema lets readers of today read the reports of tomorrow, so it allows more fields; the
/// tests don't, so that no field stays undocumented.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(close);
            if map.contains_key("properties") {
                map.insert("unevaluatedProperties".to_owned(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn samples() -> Vec<Sample> {
    let mut shown = sample::full();
    shown.show_secrets = true;
    let mut folder = sample::full();
    folder.is_repository = false;
    let mut stdin = sample::full();
    stdin.root = None;
    let mut gated = sample::full();
    gated.policy = Some(sample::policy(false));
    let mut asked = sample::clean();
    asked.policy = Some(sample::policy(true));
    vec![sample::clean(), sample::full(), shown, folder, stdin, gated, asked]
}

#[test]
fn sarif_follows_the_official_schema() {
    let mut schema = schema("fixtures/sarif-schema-2.1.0.json");
    // The pattern of languages, which we don't write, has a stray bracket that ECMA 262 forbids.
    let run = &mut schema["definitions"]["run"]["properties"]["language"];
    assert!(run.as_object_mut().is_some_and(|language| language.remove("pattern").is_some()));
    let tool = &mut schema["definitions"]["toolComponent"]["properties"]["language"];
    assert!(tool.as_object_mut().is_some_and(|language| language.remove("pattern").is_some()));
    for sample in samples() {
        let text = sample::render(Format::Sarif, &sample);
        assert_valid(&schema, &serde_json::from_str(&text).expect("SARIF is JSON"));
    }
}

#[test]
fn json_follows_our_schema() {
    let mut schema = schema("docs/report.schema.json");
    let mut line_schema = schema.clone();
    line_schema["$ref"] = "#/$defs/line".into();
    line_schema.as_object_mut().expect("an object").retain(|key, _| key.starts_with('$'));
    close(&mut schema);
    for sample in samples() {
        let text = sample::render(Format::Json, &sample);
        assert_valid(&schema, &serde_json::from_str(&text).expect("JSON is JSON"));
        for line in sample::render(Format::Jsonl, &sample).lines() {
            assert_valid(&line_schema, &serde_json::from_str(line).expect("each line is JSON"));
        }
    }
}

#[test]
fn no_format_holds_a_secret() {
    let sample = sample::full();
    for format in Format::ALL {
        let text = sample::render(format, &sample);
        for finding in &sample.findings {
            let secret = String::from_utf8(finding.secret.expose().to_vec()).expect("the samples are text");
            for line in secret.lines() {
                assert!(!text.contains(line), "{} shows a secret", format.name());
            }
        }
    }
}

#[test]
fn secrets_are_shown_where_asked_for() {
    let mut sample = sample::full();
    sample.show_secrets = true;
    let secret = String::from_utf8(sample.findings[0].secret.expose().to_vec()).expect("text");
    for format in Format::ALL {
        let expected = matches!(format, Format::Terminal | Format::Json | Format::Jsonl);
        assert_eq!(sample::render(format, &sample).contains(&secret), expected, "{}", format.name());
    }
}

#[test]
fn nothing_drives_the_terminal() {
    let sample = sample::full();
    for format in Format::ALL {
        let text = sample::render(format, &sample);
        let bad = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(bad, None, "{}", format.name());
    }
}

#[test]
fn violations_are_in_every_format() {
    for is_all in [false, true] {
        let mut sample = if is_all { sample::clean() } else { sample::full() };
        sample.policy = Some(sample::policy(is_all));
        for format in Format::ALL {
            let text = sample::render(format, &sample);
            let name = format.name();
            assert!(text.contains("no-secret-in-repository"), "{name}: {text}");
            assert!(text.contains("No usable secret stands in a repository"), "{name}");
            assert!(text.contains("waiver-expired"), "{name}");
            assert!(!text.to_lowercase().contains("compliant"), "{name}");
            let bad = text.chars().find(|c| c.is_control() && *c != '\n');
            assert_eq!(bad, None, "{name}");
        }
        for format in [Format::Terminal, Format::Github, Format::Junit] {
            insta::assert_snapshot!(
                format!("policy_{}_{}", if is_all { "alone" } else { "beside" }, format.name()),
                sample::render(format, &sample)
            );
        }
    }
}

#[test]
fn controls_are_taxonomies() {
    let mut sample = sample::clean();
    sample.policy = Some(sample::policy(false));
    let log: Value = serde_json::from_str(&sample::render(Format::Sarif, &sample)).expect("SARIF is JSON");
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["supportedTaxonomies"][0]["name"], "pci-dss-4.0.1");
    let taxonomy = &run["taxonomies"][0];
    assert_eq!(taxonomy["name"], "pci-dss-4.0.1");
    let taxa: Vec<&str> =
        taxonomy["taxa"].as_array().expect("taxa").iter().filter_map(|taxon| taxon["id"].as_str()).collect();
    assert_eq!(taxa, ["6.2.4", "7.2.5.1", "8.3.2", "8.6.2"]);
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 2);
    for result in results {
        let rule = &driver["rules"][result["ruleIndex"].as_u64().expect("an index") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        let tags = rule["properties"]["tags"].as_array().expect("tags");
        assert!(tags.iter().any(|tag| tag.as_str().is_some_and(|tag| tag.starts_with("pci-dss-4.0.1:"))));
        for taxon in result["taxa"].as_array().expect("taxa") {
            assert!(taxa.contains(&taxon["id"].as_str().expect("an id")), "{taxon}");
            assert_eq!(taxon["toolComponent"]["index"], 0);
        }
        assert_eq!(rule["relationships"].as_array().map(Vec::len), result["taxa"].as_array().map(Vec::len));
    }
    let place = &results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "keytrail.toml", "a violation without a place is shown where the policy stands");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for format in Format::ALL {
        assert_eq!(
            sample::render(format, &sample::full()),
            sample::render(format, &sample::full()),
            "{}",
            format.name()
        );
    }
}

#[test]
fn formats_have_names() {
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
        let value = clap::ValueEnum::to_possible_value(&format).expect("none is hidden");
        assert_eq!(value.get_name(), format.name());
    }
    assert!("html".parse::<Format>().is_err());
}

/// No width, excerpt or text may make a format fail.
fn render_all(report: &Report<'_>, style: Style) {
    for format in Format::ALL {
        write(format, report, &mut Vec::new(), style).expect("memory can be written");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_input_makes_a_report_fail(
        excerpt in any::<String>(),
        mask in (0usize..40, 0usize..40),
        path in proptest::collection::vec(any::<u8>(), 0..20),
        words in any::<String>(),
        line in any::<u64>(),
        width in 0usize..200,
        color in any::<bool>(),
    ) {
        let mut sample = sample::full();
        let finding = &mut sample.findings[0];
        let location = &mut finding.locations[0];
        location.excerpt.text = excerpt;
        location.excerpt.mask = mask.0..mask.1;
        location.path = crate::origin::RepoPath::new(path);
        location.span.start.line = line;
        location.decoded = vec![words.clone()];
        finding.notes = vec![words.clone()];
        sample.warnings = vec![words];
        render_all(&sample.report(), Style { color, width });
    }
}
