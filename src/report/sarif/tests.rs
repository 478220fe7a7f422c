use super::*;
use crate::report::sample;
use crate::report::{Format, view};
use serde_json::Value;

fn json(sample: &sample::Sample) -> Value {
    serde_json::from_str(&sample::render(Format::Sarif, sample)).expect("SARIF is JSON")
}

#[test]
fn everything() {
    insta::assert_snapshot!(sample::render(Format::Sarif, &sample::full()));
}

#[test]
fn a_clean_run_is_an_empty_run() {
    let log = json(&sample::clean());
    let run = &log["runs"][0];
    assert_eq!(run["results"], Value::Array(Vec::new()));
    assert_eq!(run["tool"]["driver"]["rules"], Value::Array(Vec::new()));
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert_eq!(run["automationDetails"]["id"], "keytrail/");
}

#[test]
fn each_place_is_a_result_and_counted_ones_come_first() {
    let sample = sample::full();
    let log = json(&sample);
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("results");
    let places: usize = sample.findings.iter().map(|finding| finding.locations.len()).sum();
    assert_eq!(results.len(), places);
    let open = view::Counts::of(&sample.report()).places as usize;
    for (index, result) in results.iter().enumerate() {
        assert_eq!(result["suppressions"].is_null(), index < open, "{result}");
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("an index") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn what_does_not_count_can_be_left_out() {
    let sample = sample::full();
    let mut report = sample.report();
    report.sarif_suppressed = false;
    let mut out = Vec::new();
    let notices = write(&report, &mut out).expect("memory can be written");
    assert!(notices.is_empty());
    let text = String::from_utf8(out).expect("UTF-8");
    let log: Value = serde_json::from_str(&text).expect("SARIF is JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.len() as u64, view::Counts::of(&report).places);
    for gone in ["suppressions", "acme-webhook", "tests/fake.rs"] {
        assert!(!text.contains(gone), "{gone}");
    }
}

#[test]
#[cfg(unix)]
fn addresses_fit_what_was_scanned() {
    let mut sample = sample::full();
    let uri = |log: &Value| {
        let place = &log["runs"][0]["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"];
        (place["uri"].as_str().map(str::to_owned), place["uriBaseId"].as_str().map(str::to_owned))
    };
    let relative = "ops/d%C3%A9ploiement%20prod.yml";
    let log = json(&sample);
    assert_eq!(uri(&log), (Some(relative.to_owned()), Some("%SRCROOT%".to_owned())));
    assert_eq!(log["runs"][0]["originalUriBaseIds"]["%SRCROOT%"]["uri"], "file:///home/ada/app/");
    sample.is_repository = false;
    let log = json(&sample);
    assert_eq!(uri(&log), (Some(format!("file:///home/ada/app/{relative}")), None));
    assert!(log["runs"][0]["originalUriBaseIds"].is_null());
    sample.root = None;
    assert_eq!(uri(&json(&sample)), (Some(relative.to_owned()), None));
}

#[test]
fn beyond_the_limit_every_secret_keeps_a_place() {
    let sample = sample::full();
    let report = sample.report();
    let (log, notices) = log(&report, 7);
    let results = log.runs[0].results.as_ref().expect("results");
    let rules: Vec<_> = results.iter().filter_map(|result| result.rule_id.as_deref()).collect();
    assert_eq!(
        rules,
        [
            "acme-token",
            "acme-token",
            "pem-private-key",
            "acme-token",
            "generic-password",
            "stripe-publishable",
            "acme-sas"
        ]
    );
    assert_eq!(notices.len(), 1);
    assert!(notices[0].contains("7 of 23 places"), "{notices:?}");
    let invocation = &log.runs[0].invocations.as_ref().expect("one")[0];
    let told = invocation.tool_execution_notifications.as_ref().expect("some");
    assert!(told.iter().any(|told| told.message.text.as_deref() == Some(&notices[0])));
}

#[test]
fn hostile_text_makes_no_link() {
    assert_eq!(message("[a](https://b)").text.as_deref(), Some("\\[a\\](https://b)"));
    assert_eq!(message("app/[id]/page.tsx").text.as_deref(), Some("app/[id]/page.tsx"));
}

#[test]
fn categories_keep_runs_apart() {
    let sample = sample::clean();
    let mut report = sample.report();
    report.category = Some("/nightly/".to_owned());
    assert_eq!(automation_id(&report), "keytrail/nightly/");
}
