//! What scans and the baseline leave in the ledger.

use crate::common::Repo;
use crate::{Ran, ledger, program, run, with_ledger};

/// A token of GitHub's with its checksum, made when the test runs.
fn token(seed: u64) -> String {
    let template = ["gh", "p_", "{{alnum 30}}{{sum github}}"].concat();
    String::from_utf8(keytrail::rule::template::expand(&template, seed).unwrap()).unwrap()
}

fn scan(repo: &Repo, arguments: &[&str]) -> Ran {
    let all: Vec<&str> = ["scan"].iter().chain(arguments).copied().collect();
    run(&mut program(repo.path(), &all), "")
}

/// The events of some types, as `type field…`.
fn events(repo: &Repo, types: &[&str]) -> Vec<String> {
    let mut flags = vec!["log", "--json"];
    flags.extend(types.iter().flat_map(|name| ["--type", name]));
    let log = ledger(repo.path(), &flags);
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines
        .map(|line| {
            let event = &line["event"];
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            match event["type"].as_str().unwrap() {
                "scan" => format!("scan {} {} {}", text("scope"), event["open"], text("verdict")),
                name => format!("{name} {} {}", text("scope"), text("path") + &text("file")),
            }
        })
        .collect()
}

#[test]
fn a_recorded_scan_tells_what_it_opened_and_closed() {
    let repo = with_ledger();
    repo.write("config.py", format!("token = \"{}\"\n", token(1))).commit("Add");
    assert_eq!(scan(&repo, &["--record"]).code, 1);
    assert_eq!(scan(&repo, &["--record"]).code, 1);
    assert_eq!(scan(&repo, &["--record", "--history"]).code, 1);
    repo.write("config.py", "token = load()\n").write("other.py", format!("t = \"{}\"\n", token(2)));
    repo.commit("Move");
    // A part of the tree says nothing of the rest.
    assert_eq!(scan(&repo, &["--record", "config.py"]).code, 0);
    assert_eq!(scan(&repo, &["--record"]).code, 1);
    assert_eq!(scan(&repo, &["--record", "--history"]).code, 1);
    assert_eq!(
        events(&repo, &[]),
        [
            "header  ",
            "scan tree 1 findings",
            "finding-opened tree config.py",
            "scan tree 1 findings",
            "scan history 1 findings",
            "finding-opened history config.py",
            "scan paths 0 clean",
            "scan tree 1 findings",
            "finding-opened tree other.py",
            "finding-closed tree config.py",
            "scan history 2 findings",
            "finding-opened history other.py",
        ]
    );
    let log = ledger(repo.path(), &["log", "--json"]);
    assert!(!log.contains(&token(1)) && !log.contains(&token(2)));
    ledger(repo.path(), &["verify"]);
}

#[test]
fn a_setting_records_whole_scans_and_what_changes_of_the_settings() {
    let repo = with_ledger();
    repo.write("keytrail.toml", "version = 1\n[ledger]\nrecord-scans = true\n");
    assert_eq!(scan(&repo, &[]).code, 0);
    assert_eq!(scan(&repo, &["keytrail.toml"]).code, 0);
    repo.write("keytrail.toml", "version = 1\n[ledger]\nrecord-scans = true\n[gate]\nfail-on = \"never\"\n");
    assert_eq!(scan(&repo, &[]).code, 0);
    let expected = [
        "scan tree 0 clean",
        "policy-change  keytrail.toml",
        "scan tree 0 clean",
        "policy-change  keytrail.toml",
    ];
    assert_eq!(events(&repo, &["scan", "policy-change"]), expected);
}

#[test]
fn a_new_baseline_is_recorded_where_there_is_a_ledger() {
    let repo = with_ledger();
    repo.write("config.py", format!("token = \"{}\"\n", token(1)));
    for _ in 0..2 {
        assert_eq!(run(&mut program(repo.path(), &["baseline"]), "").code, 0);
    }
    assert_eq!(events(&repo, &["policy-change"]), ["policy-change  .keytrail-baseline.json"]);
    let without = Repo::init();
    assert_eq!(run(&mut program(without.path(), &["baseline"]), "").code, 0);
    assert!(!without.path().join(".keytrail").exists());
}

#[test]
fn what_was_not_read_closes_nothing() {
    let repo = with_ledger();
    repo.write("config.py", format!("token = \"{}\"\n", token(1)));
    assert_eq!(scan(&repo, &["--record"]).code, 1);
    repo.write("config.py", "nothing\n").write("large", "many words\n".repeat(9));
    assert_eq!(scan(&repo, &["--record", "--max-file-size", "50"]).code, 3);
    assert_eq!(events(&repo, &["finding-closed"]), Vec::<String>::new());
    assert_eq!(scan(&repo, &["--record"]).code, 0);
    assert_eq!(events(&repo, &["finding-closed"]), ["finding-closed tree config.py"]);
}

#[test]
fn a_scan_that_shall_be_recorded_needs_a_ledger() {
    let repo = Repo::init();
    repo.write("a", "a");
    let ran = scan(&repo, &["--record"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("keytrail ledger init"), "{}", ran.err);
}

/// A ledger in git is part of what a scan of the history reads; its hashes are no secrets.
#[test]
fn a_ledger_is_no_finding_of_our_own() {
    let repo = with_ledger();
    repo.write("config.py", format!("token = \"{}\"\n", token(1))).write("b", "b");
    ledger(repo.path(), &["init", "--git", "--origin", "example.org/ledger"]);
    repo.write("keytrail.toml", "version = 1\n[ledger]\nplace = \"git\"\nrecord-scans = true\n");
    assert_eq!(scan(&repo, &[]).code, 1);
    let key = repo.beside("key");
    let key = key.to_str().unwrap();
    let verifier = ledger(repo.path(), &["keygen", "--key", key]);
    ledger(repo.path(), &["checkpoint", "--key", key]);
    repo.write("keytrail.toml", format!("version = 1\n[ledger]\nverifiers = [\"{}\"]\n", verifier.trim()));
    repo.write("config.py", "nothing\n");
    repo.commit("All of it");
    for what in [&[][..], &["--history"]] {
        let ran = scan(&repo, what);
        assert_eq!(ran.code, 0, "{}", ran.out);
    }
}

#[test]
fn what_people_say_of_tokens_is_recorded_too() {
    let repo = with_ledger();
    repo.write("config.py", format!("token = \"{}\"\n", token(1))).commit("Add");
    let register = |arguments: &[&str], input: &str| {
        let all: Vec<&str> = ["register"].iter().chain(arguments).copied().collect();
        let ran = run(&mut program(repo.path(), &all), input);
        assert_eq!(ran.code, 0, "{}", ran.err);
    };
    let print =
        |seed| keytrail::secret::FingerprintKey::public().fingerprint(token(seed).as_bytes()).to_string();
    register(&["--name", "bot", "--owner", "ops"], &token(1));
    register(&["--fingerprint", &print(1), "--update", "--purpose", "Deploys"], "");
    register(&["--fingerprint", &print(1), "--rotate-to", &print(2)], "");
    register(&["--fingerprint", &print(1), "--revoke", "--evidence", "https://tickets.example/1"], "");
    let waive = |arguments: &[&str]| {
        let all: Vec<&str> = ["waive"].iter().chain(arguments).copied().collect();
        let ran = run(&mut program(repo.path(), &all), "");
        assert_eq!(ran.code, 0, "{}", ran.err);
    };
    let of = ["--at", "config.py:1", "--reason", "It goes", "--owner", "ops"];
    waive(&[&of[..], &["--days", "10"]].concat());
    waive(&[&of[..], &["--days", "20"]].concat());
    waive(&["prune", "--unused"]);
    waive(&["prune", "--now", "2026-03-01"]);
    let log = ledger(repo.path(), &["log", "--json"]);
    let told: Vec<String> = log
        .lines()
        .skip(1)
        .map(|line| {
            let event = &serde_json::from_str::<serde_json::Value>(line).unwrap()["event"];
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            let is = |name: &str| match text(name) {
                found if found == print(1) => " one".to_owned(),
                found if found == print(2) => " two".to_owned(),
                _ => String::new(),
            };
            let whom = ["fingerprint", "old", "new"].map(is).concat();
            format!("{}{whom} {}", text("type"), text("action")).trim_end().to_owned()
        })
        .collect();
    assert_eq!(
        told,
        [
            "registration one added",
            "registration one changed",
            "rotation one two",
            "revocation one",
            "waiver one added",
            "waiver one changed",
            "waiver one expired",
        ]
    );
    assert!(!log.contains(&token(1)));
    ledger(repo.path(), &["verify"]);
}
