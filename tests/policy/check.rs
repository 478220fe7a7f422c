//! `keytrail policy`, and the gate of `scan`.

use super::{NOW, broken, line, print, run, run_at, token};
use crate::common::Repo;
use std::fs;

const OWN: &str = "version = 1\n\n[policy]\n\n[[policy.rule]]\nid = \"no-classic\"\ntitle = \"No classic tokens\"\n\
                   severity = \"medium\"\ncontrols = [\"soc2:CC6.3\", \"own:SEC-1\"]\nrules = [\"github-pat-classic\"]\n\
                   forbid = true\n";

#[test]
fn a_violation_gates_a_scan_and_is_in_its_reports() {
    let repo = Repo::init();
    repo.write("keytrail.toml", OWN).write("app.py", line(&token(1)));
    repo.commit("one");
    let report = run(&repo, &["scan", "-f", "json"]).ends(1).json();
    assert_eq!(broken(&report), ["no-classic"]);
    let violation = &report["violations"][0];
    assert_eq!(violation["location"]["path"], "app.py");
    assert_eq!(violation["location"]["line"], 1);
    assert_eq!(violation["fingerprint"], print(&token(1)).as_str());
    assert_eq!(violation["controls"][0], "own:SEC-1");
    assert_eq!(report["policy"]["blocking"], 1);
    let shown = run(&repo, &["scan"]).ends(1).out;
    assert!(shown.contains("medium[policy/no-classic]: No classic tokens"), "{shown}");
    assert!(shown.contains("= evidence for: SEC-1; SOC 2 2017 (2022) CC6.3"), "{shown}");
    assert!(shown.contains("policy: 1 violation, which blocks"), "{shown}");
    assert!(!shown.contains(&token(1)));
    // The gate knows severities of violations.
    let only_policy =
        "version = 1\n[gate]\nfail-on = \"critical\"\n[[policy.rule]]\nid = \"it\"\nforbid = true\n";
    repo.write("keytrail.toml", only_policy);
    repo.write(".keytrail-baseline.json", "");
    fs::remove_file(repo.path().join(".keytrail-baseline.json")).unwrap();
    let mild = run(&repo, &["scan", "-f", "json", "--fail-on", "never"]).ends(0).json();
    assert_eq!(mild["policy"]["violations"], 1);
    assert_eq!(mild["policy"]["blocking"], 0);
}

#[test]
fn a_staged_token_that_breaks_a_rule_stops_the_hook() {
    let repo = Repo::init();
    repo.write("keytrail.toml", format!("{OWN}\n[gate]\nfail-on = \"medium\"\n")).write("a.py", "x = 1\n");
    repo.commit("one");
    run(&repo, &["hook", "run", "pre-commit"]).ends(0);
    repo.write("a.py", line(&token(2))).add();
    let told = run(&repo, &["hook", "run", "pre-commit"]).ends(1);
    assert!(told.out.contains("policy/no-classic"), "{}", told.out);
}

#[test]
fn known_and_allowed_findings_leave_the_gate_in_peace() {
    let repo = Repo::init();
    repo.write("keytrail.toml", format!("{OWN}\n[scan]\nbaseline = \"known.json\"\n"));
    repo.write("old.py", line(&token(3)));
    repo.write(
        "t.py",
        format!("{} # keytrail:allow github-pat-classic -- test data\n", line(&token(4)).trim_end()),
    );
    repo.commit("one");
    run(&repo, &["baseline", "--no-config", "-o", "known.json"]).ends(0);
    let report = run(&repo, &["scan", "-f", "json"]).ends(0).json();
    assert_eq!(broken(&report), [""; 0]);
    // An audit asks about what is known too; what is marked is excused.
    let audit = run(&repo, &["policy", "check", "-f", "json"]).ends(1).json();
    assert_eq!(broken(&audit), ["no-classic"]);
    let verdict =
        audit["policy"]["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "no-classic").unwrap();
    assert_eq!((verdict["violated"].as_u64(), verdict["excused"].as_u64()), (Some(1), Some(1)));
}

#[test]
fn the_history_is_asked_for_what_only_it_knows() {
    let repo = Repo::init();
    repo.write(
        "keytrail.toml",
        "version = 1\n\n[policy]\n\n[[policy.rule]]\nid = \"signed\"\nsigned-commits = true\nseverity = \"low\"\n\n\
         [[policy.rule]]\nid = \"revoked-soon\"\nmax-lingering-days = 7\n",
    );
    repo.write("a.py", line(&token(5)));
    repo.commit("in");
    repo.write("a.py", "import os\n");
    repo.commit("out");
    // The files of today have nothing to say; the verdict is no pass.
    let today = run(&repo, &["policy", "check", "-f", "json"]).ends(0).json();
    let outcome = |report: &serde_json::Value, id: &str| {
        let rules = report["policy"]["rules"].as_array().unwrap();
        rules.iter().find(|rule| rule["id"] == id).unwrap()["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome(&today, "signed"), "not applicable");
    assert_eq!(outcome(&today, "revoked-soon"), "not applicable");
    let whole = run(&repo, &["policy", "check", "--history", "--no-cache", "-f", "json"]).ends(1).json();
    assert_eq!(broken(&whole), ["revoked-soon", "signed"]);
    assert!(
        whole["violations"][0]["message"].as_str().unwrap().contains("gone from HEAD since 2023-11-14"),
        "{whole}"
    );
    // A week after it went out it is in time.
    let soon =
        run_at(&repo, "2023-11-16", &["policy", "check", "--history", "--no-cache", "-f", "json"]).json();
    assert_eq!(broken(&soon), ["signed"]);
    // The registry knows that it was revoked.
    repo.write(
        "keytrail.tokens.toml",
        format!(
            "version = 1\nkey = \"public\"\n\n[[token]]\nfingerprint = \"{}\"\nname = \"ci\"\nowner = \"ops\"\n\
             purpose = \"builds\"\nstatus = \"revoked\"\nrevoked = {{ when = 2023-11-15 }}\n\n[owners.ops]\n",
            print(&token(5))
        ),
    );
    let revoked = run(&repo, &["policy", "check", "--history", "--no-cache", "-f", "json"]).ends(0).json();
    assert_eq!(broken(&revoked), [""; 0], "{revoked}");
}

#[test]
fn every_format_tells_a_check() {
    let repo = Repo::init();
    run(&repo, &["policy", "init", "--framework", "pci-dss-4.0.1", "--framework", "gdpr"]).ends(0);
    let again = run(&repo, &["policy", "init"]).ends(2);
    assert!(again.err.contains("has a [policy] already"), "{}", again.err);
    repo.write("a.py", line(&token(6)));
    repo.commit("one");
    let shown = run(&repo, &["policy", "check"]).ends(1).out;
    for part in [
        "high[policy/no-classic-github-tokens]",
        "high[policy/no-secret-in-repository]",
        "--> a.py:1",
        "not applicable every-token-owned: ",
        "GDPR 2016/679 25(2)",
        "PCI DSS 4.0.1 8.6.2",
        "A rule that is kept is evidence for a control",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("no secrets found") && !shown.to_lowercase().contains("compliant"), "{shown}");
    let sarif = run(&repo, &["policy", "check", "-f", "sarif"]).ends(1).json();
    let run_of = &sarif["runs"][0];
    assert_eq!(run_of["automationDetails"]["id"], "keytrail/policy/");
    let names: Vec<&str> =
        run_of["taxonomies"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["pci-dss-4.0.1", "gdpr"]);
    assert_eq!(run_of["tool"]["driver"]["supportedTaxonomies"].as_array().map(Vec::len), Some(2));
    let junit = run(&repo, &["policy", "check", "-f", "junit"]).ends(1).out;
    assert!(
        junit.contains("keytrail.policy.no-secret-in-repository") && junit.contains("<skipped"),
        "{junit}"
    );
    let github = run(&repo, &["policy", "check", "-f", "github"]).ends(1).out;
    assert!(github.contains("::error file=a.py,line=1,title=No usable secret stands"), "{github}");
    let csv = run(&repo, &["scan", "-f", "csv"]).ends(1).out;
    assert!(
        csv.lines().any(|row| row.starts_with("violation,high,,policy/no-secret-in-repository,")),
        "{csv}"
    );
    for report in [&shown, &junit, &github, &csv] {
        assert!(!report.contains(&token(6)));
    }
}

#[test]
fn lists_and_pages_tell_rules_and_controls() {
    let repo = Repo::init();
    let starters = run(&repo, &["policy", "list"]).ends(0);
    assert!(
        starters.out.contains("nist-800-53-r5") && starters.err.contains("policy init"),
        "{}",
        starters.out
    );
    let rules = run(&repo, &["policy", "list", "--framework", "soc2"]).ends(0).out;
    assert!(rules.contains("signed-introductions") && rules.contains("soc2:CC8.1"), "{rules}");
    let controls = run(&repo, &["policy", "list", "--controls"]).ends(0).out;
    assert!(controls.contains("nist-800-53-r5:IA-5(7)"), "{controls}");
    let rule = run(&repo, &["policy", "show", "rotated-every-90-days"]).ends(0).out;
    assert!(rule.contains("replaced every 90 days, with 14 days of grace"), "{rule}");
    let control = run(&repo, &["policy", "show", "nist-800-53-r5:AU-9(3)"]).ends(0).out;
    assert!(control.contains("ledger") && control.contains("In our own words"), "{control}");
    let framework = run(&repo, &["policy", "show", "iso-27001-2022"]).ends(0).out;
    assert!(framework.contains("evidence: no-secret-in-repository"), "{framework}");
    let wrong = run(&repo, &["policy", "show", "rotated-every-90-day"]).ends(2);
    assert!(wrong.err.contains("did you mean \"rotated-every-90-days\""), "{}", wrong.err);
    let none = run(&repo, &["policy", "check"]).ends(2);
    assert!(none.err.contains("there is no [policy]"), "{}", none.err);
    repo.write(
        "keytrail.toml",
        "version = 1\n[[policy.rule]]\nid = \"a\"\nforbid = true\nrules = [\"github-pat-clasic\"]\n",
    );
    let typo = run(&repo, &["scan"]).ends(2);
    assert!(typo.err.contains("did you mean \"github-pat-classic\""), "{}", typo.err);
    assert!(typo.err.contains("keytrail.toml:5:10"), "{}", typo.err);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let repo = Repo::init();
    run(&repo, &["policy", "init", "--framework", "hipaa"]).ends(0);
    for seed in 10..15 {
        repo.write(format!("{seed}.py"), line(&token(seed)));
    }
    repo.commit("one");
    for format in ["json", "sarif", "junit"] {
        let check = || run(&repo, &["policy", "check", "-f", format]).out;
        assert_eq!(check(), check(), "{format}");
    }
    assert_eq!(NOW, "2026-06-01");
}

#[test]
fn tokens_that_other_runs_know_are_asked_about_too() {
    let other = Repo::init();
    other.write("a.py", line(&token(1)));
    other.commit("one");
    run(&other, &["inventory", "--db", "../tokens.db", "-f", "json=../tokens.json", "."]).ends(0);
    let repo = Repo::init();
    repo.write("keytrail.toml", "version = 1\n[policy]\nframeworks = [\"gdpr\"]\n");
    repo.commit("one");
    for name in ["tokens.db", "tokens.json"] {
        std::fs::copy(other.beside(name), repo.beside(name)).unwrap();
    }
    run(&repo, &["policy", "check"]).ends(0);
    for others in [["--db", "../tokens.db"], ["--inventory", "../tokens.json"]] {
        let all = [&["policy", "check", "-f", "json"], &others[..]].concat();
        let told = run(&repo, &all).ends(1).json();
        assert!(broken(&told).contains(&"no-secret-in-repository".to_owned()), "{told}");
    }
    for others in [["--db", "none.db"], ["--inventory", "none.json"]] {
        let ran = run(&repo, &[&["policy", "check"], &others[..]].concat()).ends(2);
        assert!(ran.err.contains(others[1]), "{}", ran.err);
    }
}
