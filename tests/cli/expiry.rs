//! Tokens that are over by themselves: told, ranked low, never hidden.

use crate::common::Repo;
use crate::{keytrail, run};
use serde_json::Value;

/// A token that says until when it is valid, in seconds since 1970, with its name as the subject.
fn until(name: &str, seconds: i64) -> String {
    let part = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    let header = part(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims =
        format!(r#"{{"iss":"https://issuer.example","sub":"{name}","iat":1700000000,"exp":{seconds}}}"#);
    format!("{header}.{}.{}", part(&claims), part(&format!("signature of {name} 0123456789")))
}

/// The end of 2024, and the end of 2040.
const OLD: i64 = 1_735_689_599;
const NEW: i64 = 2_240_524_799;

fn repository() -> Repo {
    let repo = Repo::init();
    repo.write("a.txt", format!("token: {}\n", until("old", OLD)));
    repo.write("b.txt", format!("token: {}\n", until("new", NEW))).commit("tokens");
    repo
}

fn report(repo: &Repo, arguments: &[&str]) -> Value {
    let ran = run(&mut keytrail(repo.path(), &[&["scan", "--format", "json"], arguments].concat()));
    serde_json::from_str(&ran.out).expect("the report is JSON")
}

/// Subject, severity and whether it is expired, in the order of the report.
fn told(report: &Value) -> Vec<(String, String, bool)> {
    let findings = report["findings"].as_array().expect("findings");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    findings
        .iter()
        .map(|finding| {
            let expired = finding["expired"].as_bool().expect("it tells its end");
            (text(&finding["facts"]["subject"]), text(&finding["severity"]), expired)
        })
        .collect()
}

#[test]
fn what_is_over_comes_last_and_weighs_little() {
    let repo = repository();
    let live = told(&report(&repo, &["--now", "2024-06-01"]));
    let severity = live[0].1.clone();
    assert!(severity != "low" && live.iter().all(|(_, own, expired)| *own == severity && !expired));
    let later = report(&repo, &["--now", "2026-11-22"]);
    let expected = [("new".to_owned(), severity, false), ("old".to_owned(), "low".to_owned(), true)];
    assert_eq!(told(&later), expected);
    assert_eq!(later["now"], "2026-11-22T00:00:00Z");
    assert_eq!(later["summary"]["open"], 2, "never hidden");
}

#[test]
fn a_gate_by_severity_lets_it_pass() {
    let repo = Repo::init();
    repo.write("a.txt", format!("token: {}\n", until("old", OLD))).commit("token");
    let code = |now: &str, fail_on: &str| {
        run(&mut keytrail(repo.path(), &["scan", "--now", now, "--fail-on", fail_on])).code
    };
    assert_eq!((code("2024-06-01", "medium"), code("2026-11-22", "medium")), (1, 0));
    assert_eq!(code("2026-11-22", "any"), 1, "it is told all the same");
}

#[test]
fn a_report_that_is_told_again_is_judged_anew() {
    let repo = repository();
    let at = |now: &str| told(&report(&repo, &["--history", "--now", now]));
    assert!(at("2024-06-01").iter().all(|(.., expired)| !expired));
    // Nothing has changed in the repository, so this comes from the cache.
    assert_eq!(at("2026-11-22")[1], ("old".to_owned(), "low".to_owned(), true));
    assert!(at("2041-01-01").iter().all(|(_, severity, expired)| *expired && severity == "low"));
    assert!(at("2024-06-01").iter().all(|(_, severity, expired)| !*expired && severity != "low"));
}

#[test]
fn a_hook_judges_by_the_same_time() {
    let repo = Repo::init();
    repo.write("a.txt", format!("token: {}\n", until("old", OLD)));
    repo.git(&["add", "."]);
    let hook = |now: &str| {
        let arguments = ["hook", "run", "pre-commit", "--now", now, "--fail-on", "medium"];
        run(&mut keytrail(repo.path(), &arguments))
    };
    let (before, after) = (hook("2024-06-01"), hook("2026-11-22"));
    assert_eq!((before.code, after.code), (1, 0), "{}", after.told());
    assert!(after.told().contains("expired 2024-12-31, 690 days"), "{}", after.told());
}

#[test]
fn every_format_tells_it() {
    const WORDS: &str = "expired 2024-12-31, 690 days ago";
    let repo = repository();
    for (format, words) in [
        ("terminal", WORDS),
        ("json", "\"expired\": true"),
        ("jsonl", "\"expired\":true"),
        ("sarif", WORDS),
        ("github", WORDS),
        ("junit", WORDS),
        ("csv", "2024-12-31T23:59:59Z,true"),
    ] {
        let ran = run(&mut keytrail(repo.path(), &["scan", "--now", "2026-11-22", "--format", format]));
        // People's reports are broken into lines.
        let text = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words), "{format}: {}", ran.out);
    }
}
