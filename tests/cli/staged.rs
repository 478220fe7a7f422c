//! `scan --staged` and the hooks in the states that a repository can be in.

use crate::common::Repo;
use crate::{Ran, found, keytrail, leaky, run, scan, token};

const RULE: &str = "github-pat-classic";

/// A hook of the pre-commit framework: what it sets besides `PRE_COMMIT` itself.
fn framework(repo: &Repo, variables: &[(&str, &str)]) -> Ran {
    let mut command = keytrail(repo.path(), &["hook", "run", "pre-push"]);
    run(command.env("PRE_COMMIT", "1").envs(variables.iter().copied()))
}

#[test]
fn a_linked_worktree_has_an_index_of_its_own() {
    let repo = leaky();
    let linked = repo.beside("linked tree");
    repo.git(&["worktree", "add", "-q", "-b", "linked", linked.to_str().unwrap()]);
    std::fs::write(linked.join("here.py"), format!("t = '{}'\n", token(2))).unwrap();
    repo.git(&["-C", linked.to_str().unwrap(), "add", "-A"]);
    assert_eq!(found(&linked, &["--staged"]), [format!("here.py:1 {RULE}")]);
    assert_eq!(found(repo.path(), &["--staged"]), [""; 0]);
    assert_eq!(found(&linked, &[]).len(), 2, "the tree has what main has, too");
    let in_history = [format!("here.py:1 {RULE}"), format!("src/config.py:3 {RULE}")];
    assert_eq!(found(&linked, &["--history"]), in_history, "what is staged is in the object store");
}

#[test]
fn before_the_first_commit_all_that_is_staged_is_new() {
    let repo = Repo::init();
    repo.write("a.py", format!("t = '{}'\n", token(2))).add();
    assert_eq!(found(repo.path(), &["--staged"]), [format!("a.py:1 {RULE}")]);
    let ran = run(&mut keytrail(repo.path(), &["hook", "run", "pre-commit"]));
    assert_eq!(ran.code, 1, "{}", ran.told());
    repo.git(&["rm", "-q", "--cached", "a.py"]);
    assert_eq!(scan(repo.path(), &["--staged"]).code, 0);
}

#[test]
fn a_merge_blocks_only_for_what_neither_side_has() {
    let repo = leaky();
    repo.git(&["checkout", "-q", "-b", "theirs"]);
    repo.write("theirs.py", format!("t = '{}'\n", token(2))).commit("Theirs");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("ours.py", "a = 1\n").commit("Ours");
    repo.git(&["merge", "-q", "--no-commit", "--no-ff", "theirs"]);
    assert_eq!(found(repo.path(), &["--staged"]), [""; 0]);
    repo.write("ours.py", format!("a = 1\nb = '{}'\n", token(3))).add();
    assert_eq!(found(repo.path(), &["--staged"]), [format!("ours.py:2 {RULE}")]);
}

#[test]
fn a_conflict_is_no_pass() {
    let repo = leaky();
    repo.git(&["checkout", "-q", "-b", "theirs"]);
    repo.write("src/config.py", "theirs = 1\n").commit("Theirs");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("src/config.py", "ours = 1\n").commit("Ours");
    repo.try_git(&["merge", "-q", "theirs"]).unwrap_err();
    let ran = scan(repo.path(), &["--staged"]);
    assert_eq!(ran.code, 3, "{}", ran.told());
    assert!(ran.out.contains("src/config.py") && ran.out.contains("conflict"), "{}", ran.told());
}

#[test]
fn a_rename_counts_only_for_the_lines_that_change() {
    let repo = Repo::init();
    let old = format!("a = 1\nb = 2\nc = 3\nd = 4\nt = '{}'\n", token(1));
    repo.write("old.py", &old).commit("Add it");
    repo.git(&["mv", "old.py", "new name.py"]);
    assert_eq!(found(repo.path(), &["--staged"]), [""; 0]);
    repo.write("new name.py", format!("{old}u = '{}'\n", token(2))).add();
    assert_eq!(found(repo.path(), &["--staged"]), [format!("new name.py:6 {RULE}")]);
}

#[test]
fn an_intent_to_add_is_not_in_the_next_commit() {
    let repo = leaky();
    repo.write("later.py", format!("t = '{}'\n", token(2)));
    repo.git(&["add", "-N", "later.py"]);
    let ran = scan(repo.path(), &["--staged"]);
    assert_eq!(ran.code, 0, "{}", ran.told());
    repo.git(&["add", "later.py"]);
    assert_eq!(found(repo.path(), &["--staged"]), [format!("later.py:1 {RULE}")]);
}

#[test]
fn line_endings_that_git_turns_make_no_line_new() {
    let repo = Repo::init();
    repo.git(&["config", "core.autocrlf", "true"]);
    let old = format!("a = 1\r\nt = '{}'\r\n", token(1));
    repo.write("a.py", &old).commit("Add it");
    repo.write("a.py", format!("{old}b = 2\r\n")).add();
    assert_eq!(found(repo.path(), &["--staged"]), [""; 0]);
    repo.write("a.py", format!("{old}u = '{}'\r\n", token(2))).add();
    assert_eq!(found(repo.path(), &["--staged"]), [format!("a.py:3 {RULE}")]);
}

#[test]
fn from_a_subfolder_the_whole_index_is_scanned() {
    let repo = leaky();
    repo.write("top.py", format!("t = '{}'\n", token(2)))
        .write("sub/low.py", format!("t = '{}'\n", token(3)))
        .add();
    let expected = [format!("sub/low.py:1 {RULE}"), format!("top.py:1 {RULE}")];
    assert_eq!(found(&repo.path().join("sub"), &["--staged"]), expected);
    let ran = run(&mut keytrail(&repo.path().join("sub"), &["hook", "run", "pre-commit"]));
    assert!(ran.code == 1 && ran.out.contains("top.py:1:6"), "{}", ran.told());
}

#[test]
fn attributes_that_hide_a_file_from_git_diff_hide_nothing() {
    let repo = leaky();
    repo.write(".gitattributes", "*.env -diff\n*.lock binary\n")
        .write("prod.env", format!("TOKEN={}\n", token(2)))
        .write("a.lock", format!("TOKEN={}\n", token(3)))
        .add();
    assert_eq!(found(repo.path(), &["--staged"]), [format!("a.lock:1 {RULE}"), format!("prod.env:1 {RULE}")]);
}

#[test]
fn a_staged_object_that_is_missing_is_no_pass() {
    let repo = leaky();
    repo.write("a.py", format!("t = '{}'\n", token(2))).add();
    repo.lose(&repo.git(&["rev-parse", ":a.py"]));
    let ran = run(&mut keytrail(repo.path(), &["hook", "run", "pre-commit"]));
    assert_eq!(ran.code, 3, "{}", ran.told());
    assert!(ran.out.contains("a.py") && ran.out.contains("git fsck"), "{}", ran.told());
}

#[test]
fn a_push_by_the_pre_commit_framework() {
    let repo = leaky();
    let old = repo.git(&["rev-parse", "HEAD"]);
    repo.write("a.py", format!("t = '{}'\n", token(2)));
    let new = repo.commit("Add a token");
    let range = [
        ("PRE_COMMIT_REMOTE_NAME", "origin"),
        ("PRE_COMMIT_LOCAL_BRANCH", "refs/heads/main"),
        ("PRE_COMMIT_FROM_REF", old.as_str()),
        ("PRE_COMMIT_TO_REF", new.as_str()),
    ];
    let ran = framework(&repo, &range);
    assert_eq!(ran.code, 1, "{}", ran.told());
    assert!(ran.out.contains("a.py:1:6") && !ran.out.contains("src/config.py"), "{}", ran.told());
    // What the range does not reach does not count.
    let back = [("PRE_COMMIT_FROM_REF", new.as_str()), ("PRE_COMMIT_TO_REF", new.as_str())];
    assert_eq!(framework(&repo, &back).code, 0);
    // For a root commit the framework names no range.
    let root = framework(&repo, &range[..2]);
    assert!(root.code == 1 && root.out.contains("src/config.py:3:10"), "{}", root.told());
    // Called by hand: what no tracking branch has.
    assert_eq!(framework(&repo, &[]).code, 1);
    repo.git(&["update-ref", "refs/remotes/origin/main", &new]);
    assert_eq!(framework(&repo, &[]).code, 0);
    let wrong = framework(&repo, &[("PRE_COMMIT_TO_REF", "nowhere")]);
    assert_eq!(wrong.code, 3, "{}", wrong.told());
    assert!(wrong.err.contains("PRE_COMMIT_TO_REF") && wrong.err.contains("nowhere"), "{}", wrong.told());
}
