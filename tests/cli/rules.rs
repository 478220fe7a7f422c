//! Commands about rules, and what is generated from the command line's definition.

use crate::common::Repo;
use crate::{keytrail, run};

fn told(arguments: &[&str]) -> (i32, String) {
    let ran = run(&mut keytrail(Repo::folder().path(), arguments));
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    (ran.code, ran.out + &ran.err)
}

#[test]
fn every_rule_of_the_pack_passes_its_test() {
    let (code, text) = told(&["rules", "test"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.ends_with("0 failures\n"), "{text}");
}

#[test]
fn rules_are_listed_shown_and_explained() {
    let (code, list) = told(&["rules", "list"]);
    assert_eq!(code, 0);
    assert!(list.lines().count() >= 60 && list.contains("github-pat-classic"));
    let (code, json) = told(&["rules", "list", "--json"]);
    assert_eq!((code, json.lines().count()), (0, list.lines().count()));
    let (code, shown) = told(&["rules", "show", "github-pat-classic"]);
    assert_eq!(code, 0);
    assert!(shown.contains("keywords") && shown.contains("CRC-32") || shown.contains("check"), "{shown}");
    let (code, explained) = told(&["explain", "github-pat-classic"]);
    assert_eq!(code, 0);
    assert!(explained.contains("Revoke it") && explained.contains("https://docs.github.com"), "{explained}");
    let (code, wrong) = told(&["explain", "github-pat"]);
    assert_eq!(code, 2);
    assert!(wrong.contains("github-pat-classic"), "{wrong}");
}

#[test]
fn completions_and_manual_pages_come_out() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, script) = told(&["completions", shell]);
        assert!(code == 0 && script.contains("keytrail"), "{shell}");
    }
    let (code, page) = told(&["man"]);
    assert!(code == 0 && page.contains(".TH"));
    let folder = Repo::folder();
    let ran = run(&mut keytrail(folder.path(), &["man", "--dir", "."]));
    assert_eq!(ran.code, 0);
    assert!(folder.path().join("keytrail-scan.1").exists());
}

#[test]
fn the_first_screen_of_help_is_enough() {
    let (code, help) = told(&["--help"]);
    assert_eq!(code, 0);
    assert!(help.lines().count() <= 40, "{help}");
    for word in ["scan --staged", "scan --history", "hook install", "Exit codes"] {
        assert!(help.contains(word), "{word}");
    }
}
