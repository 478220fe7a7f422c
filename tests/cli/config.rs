//! `keytrail.toml`, allow markers and the baseline.

use crate::common::Repo;
use crate::{filled, found, keytrail, leaky, run, scan, token};

#[test]
fn a_mistake_names_file_line_and_key() {
    let repo = leaky();
    repo.write(
        "keytrail.toml",
        "version = 1\n[scan]\nexlude = []\n[rule.github-pat-clasic]\nenabled = false\n",
    );
    let ran = scan(repo.path(), &[]);
    assert_eq!(ran.code, 2, "{}", ran.told());
    assert!(ran.err.contains("keytrail.toml:3") && ran.err.contains("exclude"), "{}", ran.told());
    repo.write("keytrail.toml", "version = 1\n[rule.github-pat-clasic]\nenabled = false\n");
    let ran = scan(repo.path(), &[]);
    assert_eq!(ran.code, 2, "{}", ran.told());
    assert!(ran.err.contains("did you mean `github-pat-classic`"), "{}", ran.told());
}

#[test]
fn the_file_is_found_from_below_and_flags_go_over_it() {
    let repo = leaky();
    repo.write("keytrail.toml", "version = 1\n[scan]\nexclude = [\"src/**\"]\n[gate]\nfail-on = \"never\"\n");
    assert_eq!(found(&repo.path().join("src"), &["."]), [""; 0]);
    assert_eq!(found(repo.path(), &["--no-config"]).len(), 1);
    repo.write("keytrail.toml", "version = 1\n[gate]\nfail-on = \"never\"\n");
    assert_eq!(scan(repo.path(), &[]).code, 0);
    assert_eq!(scan(repo.path(), &["--fail-on", "any"]).code, 1);
    let mut command = keytrail(repo.path(), &["scan"]);
    assert_eq!(run(command.env("KEYTRAIL_FAIL_ON", "high")).code, 1);
}

#[test]
fn rules_can_be_switched_off_and_weighed_anew() {
    let repo = leaky();
    repo.write("keytrail.toml", "version = 1\n[rule.github-pat-classic]\nseverity = \"low\"\n");
    assert!(scan(repo.path(), &[]).out.starts_with("low[github-pat-classic]"));
    repo.write("keytrail.toml", "version = 1\n[rule.github-pat-classic]\nexclude = [\"src/**\"]\n");
    assert_eq!(found(repo.path(), &[]), [""; 0]);
    repo.write(
        "keytrail.toml",
        "version = 1\n[rule.github-pat-classic]\nenabled = false\n[rule.generic-token]\nenabled = false\n",
    );
    assert_eq!(found(repo.path(), &[]), [""; 0]);
}

#[test]
fn a_rule_of_ones_own() {
    let repo = Repo::init();
    let rule = r#"
version = 1
[provider]
id = "acme"
name = "Acme"
references = ["https://acme.example/tokens"]
revoke = "Delete it."
rotate = "Make another."
[[rule]]
id = "acme-token"
name = "Acme token"
description = "A token of Acme's."
opens = "All of Acme."
kind = "access-token"
severity = "high"
confidence = "high"
pattern = '''\b(?<secret>acme_[a-z0-9]{16})\b'''
examples = ["acme_{{lower-alnum 16}}"]
counterexamples = ["acme_{{lower-alnum 15}}"]
"#;
    repo.write("own/acme.toml", rule);
    repo.write("a.txt", format!("key {}\n", filled("acme_{{lower-alnum 16}}", 1)));
    assert_eq!(found(repo.path(), &["--rules", "own", "--exclude", "own/**"]), ["a.txt:1 acme-token"]);
    repo.write("keytrail.toml", "version = 1\n[scan]\nrules = [\"own\"]\n");
    assert_eq!(found(repo.path(), &["a.txt"]), ["a.txt:1 acme-token"]);
    let tested = run(&mut keytrail(repo.path(), &["rules", "test", "acme-token", "--rules", "own"]));
    assert_eq!((tested.code, tested.out.as_str()), (0, "1 rules tested, 0 failures\n"));
    repo.write("own/acme.toml", rule.replace("[a-z0-9]{16}", "[a-z0-9]{16,}"));
    let ran = scan(repo.path(), &[]);
    assert_eq!(ran.code, 2, "{}", ran.told());
    assert!(ran.err.contains("acme-token") && ran.err.contains("reach"), "{}", ran.told());
    repo.write("own/acme.toml", rule.replace("acme_[", "a[").replace("acme-token", "github-pat-classic"));
    assert_eq!(scan(repo.path(), &[]).code, 2);
}

#[test]
fn a_marker_allows_its_rule_with_a_reason() {
    let repo = Repo::init();
    let marked = |marker: &str| {
        repo.write("a.py", format!("t = '{}'  # {}\n", token(1), marker.replace("ALLOW", "keytrail:allow")));
        scan(repo.path(), &[])
    };
    let ran = marked("ALLOW github-pat-classic -- revoked in May");
    assert_eq!(ran.code, 0, "{}", ran.told());
    assert!(ran.out.contains("1 allowed"), "{}", ran.told());
    for (marker, problem) in [
        ("ALLOW github-pat-classic", "reason"),
        ("ALLOW -- revoked", "names no rule"),
        ("ALLOW github-pat-clasic -- revoked", "there is no such rule"),
        ("keytrail:ignore github-pat-classic -- revoked", "the only marker is"),
    ] {
        let ran = marked(marker);
        assert_eq!(ran.code, 1, "{}", ran.told());
        assert!(ran.out.contains(problem), "{marker}: {}", ran.told());
    }
    repo.write("a.py", format!("t = '{}'  # gitleaks:allow\n", token(1)));
    assert_eq!(scan(repo.path(), &[]).code, 1);
    assert_eq!(scan(repo.path(), &["--peer-markers"]).code, 0);
}

#[test]
fn a_baseline_lets_only_what_is_new_count() {
    let repo = leaky();
    let ran = run(&mut keytrail(repo.path(), &["baseline"]));
    assert_eq!(ran.code, 0, "{}", ran.told());
    let file = std::fs::read_to_string(repo.path().join(".keytrail-baseline.json")).unwrap();
    assert!(!file.contains(&token(1)) && file.contains("src/config.py"), "{file}");
    let with = ["--baseline", ".keytrail-baseline.json"];
    assert_eq!(scan(repo.path(), &with).code, 0);
    // An edit above it moves the line, and the finding stays known.
    repo.write("src/config.py", format!("import os\nimport sys\n\n\ntoken = \"{}\"\n", token(1)));
    assert_eq!(scan(repo.path(), &with).code, 0);
    repo.write("b.py", format!("t = '{}'\n", token(2)));
    assert_eq!(scan(repo.path(), &with).code, 1);
    let mut keyed = keytrail(repo.path(), &["scan", "--baseline", ".keytrail-baseline.json"]);
    let ran = run(keyed.env("KEYTRAIL_KEY", "a key of twenty-four bytes"));
    assert_eq!(ran.code, 2, "{}", ran.told());
    assert!(ran.err.contains("fingerprint key"), "{}", ran.told());
}
