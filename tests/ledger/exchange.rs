//! A ledger in a git ref, between repositories.

use crate::common::Repo;
use crate::{append, ledger, try_ledger};
use std::fs;

const GIT: &[&str] = &["--git"];

/// A ledger in git with a remote that has it, and a clone that got it from there.
fn three() -> (Repo, Repo, Repo) {
    let remote = Repo::init_with(&["--bare"]);
    let here = Repo::init();
    here.write("a", "a").commit("First");
    here.git(&["remote", "add", "origin", &remote.path().display().to_string()]);
    ledger(here.path(), &["init", "--git", "--origin", "example.org/ledger"]);
    append(here.path(), GIT, r#"{"type":"test","n":1}"#);
    assert!(ledger(here.path(), &["push"]).contains("as it is here"));
    let there = Repo::init();
    there.git(&["remote", "add", "origin", &remote.path().display().to_string()]);
    assert!(ledger(there.path(), &["fetch"]).contains("got the ledger"));
    (remote, here, there)
}

fn log(repo: &Repo) -> String {
    ledger(repo.path(), &["log", "--git", "--json"])
}

#[test]
fn entries_go_from_one_to_the_other() {
    let (_remote, here, there) = three();
    assert_eq!(log(&here), log(&there));
    append(there.path(), GIT, r#"{"type":"test","n":2}"#);
    append(there.path(), GIT, r#"{"type":"test","n":3}"#);
    assert!(ledger(there.path(), &["fetch"]).contains("2 entries here are not at origin yet"));
    ledger(there.path(), &["push"]);
    assert!(ledger(here.path(), &["fetch"]).contains("got 2 entries"));
    assert_eq!(log(&here), log(&there));
    assert!(ledger(here.path(), &["fetch"]).contains("nothing new"));
    // A checkpoint is a commit without a new entry; it travels too.
    let key = there.beside("key");
    let key = key.to_str().unwrap();
    ledger(there.path(), &["keygen", "--git", "--key", key]);
    let signed = ledger(there.path(), &["checkpoint", "--git", "--key", key]);
    ledger(there.path(), &["push"]);
    assert!(ledger(here.path(), &["fetch"]).contains("got a checkpoint"));
    assert_eq!(here.git(&["show", "refs/keytrail/ledger:checkpoint"]), signed.trim_end());
    ledger(here.path(), &["verify", "--git", "--verifier", &format!("{key}.pub")]);
    // No ref but the ledger's is left behind.
    assert_eq!(here.git(&["for-each-ref", "--format=%(refname)", "refs/keytrail"]), "refs/keytrail/ledger");
    assert_eq!(here.git(&["status", "--porcelain"]), "");
}

#[test]
fn who_is_behind_has_to_fetch_before_a_push() {
    let (_remote, here, there) = three();
    append(there.path(), GIT, r#"{"type":"test"}"#);
    ledger(there.path(), &["push"]);
    let ran = try_ledger(here.path(), &["push"], "");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("1 entries that are not here; get them first"), "{}", ran.err);
}

#[test]
fn a_fork_is_refused_in_both_directions() {
    let (_remote, here, there) = three();
    append(here.path(), GIT, r#"{"type":"test","by":"here"}"#);
    append(there.path(), GIT, r#"{"type":"test","by":"there"}"#);
    ledger(there.path(), &["push"]);
    let before = log(&here);
    for command in ["fetch", "push"] {
        let ran = try_ledger(here.path(), &[command], "");
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.err.contains("forked: entry 2 is another one here than there"), "{}", ran.err);
    }
    assert_eq!(log(&here), before);
    assert_eq!(here.git(&["for-each-ref", "--format=%(refname)", "refs/keytrail"]), "refs/keytrail/ledger");
}

#[test]
fn a_remote_whose_ledger_was_changed_is_refused() {
    let (_remote, here, there) = three();
    append(there.path(), GIT, r#"{"type":"test","word":"right"}"#);
    append(there.path(), GIT, r#"{"type":"test"}"#);
    // Somebody edits the newest piece by hand and pushes that.
    let piece = there.git(&["show", "refs/keytrail/ledger:entries/000000000000.jsonl"]);
    fs::write(there.beside("piece"), piece.replace("right", "wrong") + "\n").unwrap();
    let blob = there.git(&["hash-object", "-w", there.beside("piece").to_str().unwrap()]);
    let made = |input: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        crate::prepare(&mut command, there.path());
        crate::run(command.args(arguments), input).out.trim().to_owned()
    };
    let folder = made(&format!("100644 blob {blob}\t000000000000.jsonl\n"), &["mktree"]);
    let top = made(&format!("040000 tree {folder}\tentries\n"), &["mktree"]);
    let commit = there.git(&["commit-tree", "-p", "refs/keytrail/ledger", "-m", "edit", &top]);
    there.git(&["push", "-q", "origin", &format!("{commit}:refs/keytrail/ledger")]);
    let before = log(&here);
    let ran = try_ledger(here.path(), &["fetch"], "");
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("the remote's ledger: entry 2 is not right"), "{}", ran.err);
    assert_eq!(log(&here), before);
}

#[test]
fn a_remote_without_a_ledger_is_told() {
    let remote = Repo::init_with(&["--bare"]);
    let here = Repo::init();
    let address = remote.path().display().to_string();
    let ran = try_ledger(here.path(), &["fetch", &address], "");
    assert_eq!((ran.code, ran.err.contains("has no ledger")), (2, true), "{}", ran.err);
    let ran = try_ledger(here.path(), &["fetch", "no-such-remote"], "");
    assert_eq!((ran.code, ran.err.contains("cannot be asked")), (3, true), "{}", ran.err);
}
