//! `keytrail waive`, and what waivers do to scans and checks.

use super::{broken, line, print, run, run_at, token};
use crate::common::Repo;
use std::fs;

fn status(report: &serde_json::Value) -> &str {
    report["findings"][0]["status"].as_str().expect("a finding")
}

#[test]
fn a_waiver_is_granted_counts_and_ends() {
    let repo = Repo::init();
    repo.write("src/app.py", format!("import os\n{}", line(&token(1))));
    repo.commit("one");
    run(&repo, &["scan"]).ends(1);
    let granted = run(
        &repo,
        &[
            "waive",
            "--at",
            "src/app.py:2",
            "--reason",
            "ends in July",
            "--owner",
            "ops",
            "--ticket",
            "OPS-7",
            "--days",
            "30",
        ],
    )
    .ends(0);
    assert!(granted.err.contains("(github-pat-classic) is waived until 2026-07-01"), "{}", granted.err);
    let file = fs::read_to_string(repo.path().join("keytrail.waivers.toml")).unwrap();
    assert!(file.contains(&print(&token(1))) && !file.contains(&token(1)), "{file}");
    let report = run(&repo, &["scan", "-f", "json"]).ends(0).json();
    assert_eq!(status(&report), "waived");
    assert_eq!(report["summary"]["waived"], 1);
    assert_eq!(report["findings"][0]["waiver"]["owner"], "ops");
    assert_eq!(report["findings"][0]["waiver"]["until"], "2026-07-01T00:00:00Z");
    let shown = run(&repo, &["scan"]).ends(0).out;
    assert!(shown.contains("(1 waived)"), "{shown}");
    let sarif = run(&repo, &["scan", "-f", "sarif", "--sarif-suppressed"]).ends(0).json();
    let suppression = &sarif["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!(suppression["kind"], "external");
    assert!(suppression["justification"].as_str().unwrap().contains("ops until 2026-07-01: ends in July"));
    let csv = run(&repo, &["scan", "-f", "csv"]).ends(0).out;
    assert!(csv.contains("\nwaived,"), "{csv}");
    let listed = run(&repo, &["waive", "list", "-f", "json"]).ends(0).json();
    assert_eq!(listed["waivers"][0]["state"], "in force");
    // It ends, is told, and the finding counts again.
    let over = run_at(&repo, "2026-07-01", &["scan", "-f", "json"]).ends(1).json();
    assert_eq!(status(&over), "open");
    let warning = over["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains("keytrail.waivers.toml:7: ")
            && warning.contains("ended on 2026-07-01, and what it covered counts again"),
        "{warning}"
    );
    let pruned = run_at(&repo, "2026-07-01", &["waive", "prune"]).ends(0);
    assert!(pruned.err.contains("1 taken out, 0 left"), "{}", pruned.err);
    assert!(run(&repo, &["scan"]).ends(1).out.contains("1 secret"));
}

#[test]
fn another_secret_on_the_same_line_is_never_covered() {
    let repo = Repo::init();
    repo.write("keytrail.toml", "version = 1\n[policy]\nframeworks = []\n");
    repo.write("a.py", line(&token(1)));
    repo.commit("one");
    run(&repo, &["waive", "--at", "a.py:1", "--reason", "r", "--owner", "o", "--days", "10"]).ends(0);
    run(&repo, &["scan"]).ends(0);
    repo.write("a.py", line(&token(2)));
    let report = run(&repo, &["scan", "-f", "json"]).ends(1).json();
    assert_eq!(status(&report), "open");
    let told = report["warnings"].to_string();
    assert!(told.contains("it is another one") && told.contains("covers nothing"), "{told}");
    let check = run(&repo, &["policy", "check", "-f", "json"]).ends(1).json();
    assert_eq!(broken(&check), ["waiver-changed", "waiver-unused"]);
    // A scan of one other file knows nothing of it.
    repo.write("b.py", "x = 1\n");
    let part = run(&repo, &["scan", "-f", "json", "b.py"]).ends(0).json();
    assert_eq!(part["warnings"].as_array().map(Vec::len), Some(0), "{part}");
}

#[test]
fn a_path_and_two_secrets_on_a_line() {
    let repo = Repo::init();
    repo.write("a.py", line(&token(1))).write("b.py", line(&token(1)));
    repo.write("two.py", format!("{} {}", line(&token(2)).trim_end(), line(&token(3))));
    repo.commit("one");
    let two =
        run(&repo, &["waive", "--at", "two.py:1", "--reason", "r", "--owner", "o", "--days", "9"]).ends(2);
    assert!(two.err.contains("2 secrets stand on line 1"), "{}", two.err);
    assert!(two.err.contains(&print(&token(3))) && !two.err.contains(&token(3)), "{}", two.err);
    let none =
        run(&repo, &["waive", "--at", "a.py:7", "--reason", "r", "--owner", "o", "--days", "9"]).ends(2);
    assert!(
        none.err.contains("no secret was found on line 7") && none.err.contains("but on 1"),
        "{}",
        none.err
    );
    run(&repo, &["waive", "--at", "a.py:1", "--path", "--reason", "r", "--owner", "o", "--days", "9"])
        .ends(0);
    let open = run(&repo, &["scan", "-f", "json", "a.py", "b.py"]).ends(1).json();
    assert_eq!(status(&open), "open", "b.py has it too");
    let fingerprint = print(&token(1));
    let everywhere =
        ["waive", "--fingerprint", &fingerprint, "--reason", "r", "--owner", "o", "--expires", "2026-06-20"];
    run(&repo, &everywhere).ends(0);
    let waived = run(&repo, &["scan", "-f", "json", "a.py", "b.py"]).ends(0).json();
    assert_eq!(status(&waived), "waived");
    let again = run(&repo, &everywhere).ends(0);
    assert!(again.err.contains("takes the place of the waiver of o"), "{}", again.err);
    assert_eq!(run(&repo, &["waive", "list"]).ends(0).out.lines().count(), 3);
}

#[test]
fn the_policy_caps_and_names_owners() {
    let repo = Repo::init();
    repo.write("keytrail.toml", "version = 1\n[policy]\nowners = [\"ops\"]\nwaiver-max-days = 20\n");
    repo.write("a.py", line(&token(1)));
    repo.commit("one");
    let waive = |owner: &str, days: &str| {
        run(&repo, &["waive", "--at", "a.py:1", "--reason", "r", "--owner", owner, "--days", days])
    };
    let long = waive("ops", "21").ends(2);
    assert!(long.err.contains("would last 21 days, and 20 are allowed"), "{}", long.err);
    let stranger = waive("eve", "5").ends(2);
    assert!(stranger.err.contains("none of the owners"), "{}", stranger.err);
    waive("ops", "20").ends(0);
    // Written by hand, it is capped all the same.
    let path = repo.path().join("keytrail.waivers.toml");
    let text = fs::read_to_string(&path).unwrap().replace("2026-06-21", "2036-01-01");
    fs::write(&path, text).unwrap();
    run_at(&repo, "2026-06-20", &["scan"]).ends(0);
    let late = run_at(&repo, "2026-06-21", &["policy", "check", "-f", "json"]).ends(1).json();
    assert_eq!(broken(&late), ["waiver-expired", "waiver-too-long"]);
}

#[test]
fn waivers_are_excuses_in_a_check_and_in_the_trail() {
    let repo = Repo::init();
    repo.write("keytrail.toml", "version = 1\n[policy]\nframeworks = [\"gdpr\"]\n");
    repo.write("a.py", line(&token(1)));
    repo.commit("one");
    run(&repo, &["waive", "--at", "a.py:1", "--reason", "r", "--owner", "o", "--days", "10"]).ends(0);
    let check = run(&repo, &["policy", "check", "--history", "--no-cache", "-f", "json"]).ends(0).json();
    assert_eq!(broken(&check), [""; 0]);
    let rules = check["policy"]["rules"].as_array().unwrap();
    let verdict = rules.iter().find(|rule| rule["id"] == "no-secret-in-repository").unwrap();
    assert_eq!(verdict["excused"], 1);
    assert!(verdict["evidence"][0]["why"].as_str().unwrap().contains("waived by o until 2026-06-11"));
    let trail = run(&repo, &["trail", "--no-cache", "-f", "json"]).ends(0).out;
    assert!(trail.contains("\"waived\""), "{trail}");
}

#[test]
fn the_inventory_knows_what_is_waived() {
    let repo = Repo::init();
    repo.write("a.py", line(&token(1)));
    repo.commit("one");
    let now = "2026-01-01";
    run_at(&repo, now, &["waive", "--at", "a.py:1", "--reason", "r", "--owner", "o", "--days", "10"]).ends(0);
    let state = |now: &str, history: &[&str]| {
        let all = [&["inventory", "-f", "json"], history].concat();
        let told: serde_json::Value =
            serde_json::from_str(&run_at(&repo, now, &all).ends(0).out).expect("JSON is JSON");
        told["entries"][0]["state"].as_str().expect("a state").to_owned()
    };
    for history in [&[][..], &["--history"]] {
        assert_eq!(state("2026-01-05", history), "waived");
        assert_eq!(state("2026-01-12", history), "exposed");
    }
}

#[test]
fn unused_waivers_are_pruned_by_the_whole_history() {
    let repo = Repo::init();
    repo.write("a.py", line(&token(1)));
    repo.commit("in");
    repo.write("a.py", "x = 1\n");
    repo.commit("out");
    for secret in [token(1), token(9)] {
        let fingerprint = print(&secret);
        run(
            &repo,
            &["waive", "--fingerprint", &fingerprint, "--reason", "r", "--owner", "o", "--days", "10"],
        )
        .ends(0);
    }
    let dry = run(&repo, &["waive", "prune", "--unused", "--dry-run"]).ends(0);
    assert!(dry.err.contains("1 would be taken out"), "{}", dry.err);
    let pruned = run(&repo, &["waive", "prune", "--unused"]).ends(0);
    assert!(pruned.err.contains(&print(&token(9))) && pruned.err.contains("1 left"), "{}", pruned.err);
    let left = fs::read_to_string(repo.path().join("keytrail.waivers.toml")).unwrap();
    assert!(left.contains(&print(&token(1))) && !left.contains(&print(&token(9))), "{left}");
}

#[test]
fn a_wrong_file_is_told_with_its_place() {
    let repo = Repo::init();
    repo.write("a.py", "x = 1\n");
    let print = print("x");
    let good = format!(
        "fingerprint = \"{print}\"\nreason = \"r\"\nowner = \"o\"\ncreated = 2026-01-01\nexpires = 2026-02-01\n"
    );
    for (text, parts) in [
        ("key-id = \"public\"".to_owned(), &["keytrail.waivers.toml:1:1: version: missing"][..]),
        ("version = 2".to_owned(), &["not a version that this keytrail reads"]),
        ("version = 1".to_owned(), &["key-id: missing"]),
        ("version = 1\nkey-id = \"00112233\"".to_owned(), &["this run uses public"]),
        (
            format!("version = 1\nkey-id = \"public\"\n[[waiver]]\n{good}resaon = \"x\"\n"),
            &["did you mean `reason`"],
        ),
        (
            format!("version = 1\nkey-id = \"public\"\n[[waiver]]\n{good}[[waiver]]\n{good}"),
            &["same secret and path above"],
        ),
        (
            "version = 1\nkey-id = \"public\"\n[[waiver]]\nreason = \"\"\n".to_owned(),
            &["has no `owner`", "one line of text"],
        ),
        (
            format!("version = 1\nkey-id = \"public\"\n[[waiver]]\n{}", good.replace("2026-02", "2025-02")),
            &["ends before it was granted"],
        ),
    ] {
        repo.write("keytrail.waivers.toml", &text);
        let ran = run(&repo, &["scan"]).ends(2);
        for part in parts {
            assert!(ran.err.contains(part), "{text}: {}", ran.err);
        }
    }
}

#[test]
fn a_waiver_may_stand_in_the_settings() {
    let repo = Repo::init();
    repo.write(
        "keytrail.toml",
        format!(
            "version = 1\n\n[[waiver]]\nfingerprint = \"{}\"\nreason = \"r\"\nowner = \"o\"\ncreated = 2026-05-30\n\
             expires = 2026-06-10\n",
            print(&token(1))
        ),
    );
    repo.write("a.py", line(&token(1)));
    repo.commit("one");
    assert_eq!(status(&run(&repo, &["scan", "-f", "json"]).ends(0).json()), "waived");
}
