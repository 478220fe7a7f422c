//! Sources inside real hooks of git, with the variables that git sets for them: each hook runs
//! this test binary again.
#![allow(missing_docs, clippy::unwrap_used)]
#![cfg(unix)]

mod common;

use common::{Repo, gather};
use keytrail::source::Source;
use keytrail::source::container::Limits;
use keytrail::source::message::Message;
use keytrail::source::revision::{NewCommits, Revisions, Selection};
use keytrail::source::staged::Staged;
use std::env;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Says what a hook has to scan, and where to write what it saw.
const HOOK: &str = "KEYTRAIL_TEST_HOOK";
const OUTPUT: &str = "KEYTRAIL_TEST_OUTPUT";

/// Not a test by itself: the hooks run it.
#[test]
#[ignore = "run by the hooks of the other tests"]
fn inside_a_hook() {
    let Some(hook) = env::var_os(HOOK) else { return };
    let source: Box<dyn Source> = match hook.to_str().unwrap() {
        "pre-commit" => Box::new(Staged::default()),
        "pre-commit-path" => Box::new(Staged { path: Some(PathBuf::from(".")), ..Staged::default() }),
        "commit-msg" => Box::new(Message { path: PathBuf::from(".git/COMMIT_EDITMSG"), cleanup: None }),
        "pre-receive" => Box::new(pushed(&["refs/*"])),
        "pre-push" => Box::new(pushed(&["refs/remotes/origin/*"])),
        other => panic!("{other}"),
    };
    let found = gather(&*source);
    let mut lines: Vec<String> = found
        .documents
        .iter()
        .map(|seen| format!("{}: {}", seen.path, seen.added_text().join("|").trim_end()))
        .collect();
    lines.extend(found.report.left_out.iter().map(|item| format!("left out {item}")));
    fs::write(env::var_os(OUTPUT).unwrap(), lines.join("\n")).unwrap();
}

/// Reads `old new ref` (pre-receive) or `ref new ref old` (pre-push) from standard input.
fn pushed(known_refs: &[&str]) -> Revisions<'static> {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).unwrap();
    let tips = input.lines().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
    let known_refs = known_refs.iter().map(|&glob| glob.to_owned()).collect();
    let new = NewCommits { tips, known: Vec::new(), known_refs };
    Revisions { path: None, what: Selection::New(new), filter: None, containers: Limits::default() }
}

fn install(folder: &Path, name: &str, kind: &str, output: &Path) {
    let hook = folder.join("hooks").join(name);
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let script = format!(
        "#!/bin/sh\n{HOOK}={kind} {OUTPUT}='{}' exec '{}' --exact inside_a_hook --ignored --nocapture >&2\n",
        output.display(),
        env::current_exe().unwrap().display(),
    );
    fs::write(&hook, script).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A repository with a hook, and what the hook last saw.
fn hooked(name: &str, kind: &str) -> (Repo, impl Fn() -> Vec<String>) {
    let repo = Repo::init();
    let output = repo.beside("output");
    install(&repo.path().join(".git"), name, kind, &output);
    (repo, move || seen(&output))
}

fn seen(output: &Path) -> Vec<String> {
    let text = fs::read_to_string(output).unwrap_or_else(|_| "the hook did not run".to_owned());
    fs::remove_file(output).ok();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn every_way_to_commit_shows_its_own_index() {
    for kind in ["pre-commit", "pre-commit-path"] {
        let (repo, seen) = hooked("pre-commit", kind);
        repo.write("a", "a1\n").write("b", "b1\n").write("sub/c", "c1\n").commit("first");
        assert_eq!(seen(), ["a: a1", "b: b1", "sub/c: c1"]);
        repo.write("a", "a1\na2\n").write("b", "b1\nb2\n");
        repo.git(&["add", "a"]);
        repo.git(&["commit", "-q", "-m", "one file, past the index", "b"]);
        assert_eq!(seen(), ["b: b2"]);
        repo.write("sub/c", "c1\nc2\n");
        repo.git(&["commit", "-q", "-a", "-m", "all"]);
        assert_eq!(seen(), ["a: a2", "sub/c: c2"]);
        repo.write("sub/d", "d1\n");
        repo.git(&["add", "sub/d"]);
        repo.git(&["-C", "sub", "commit", "-q", "-m", "from a subfolder"]);
        assert_eq!(seen(), ["sub/d: d1"]);
        let linked = repo.beside("linked");
        repo.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
        fs::write(linked.join("a"), "a1\na2\na3\n").unwrap();
        repo.git(&["-C", linked.to_str().unwrap(), "commit", "-q", "-a", "-m", "in a worktree"]);
        assert_eq!(seen(), ["a: a3"]);
    }
}

#[test]
fn a_repository_apart_from_its_files() {
    let (repo, seen) = hooked("pre-commit", "pre-commit");
    let files = repo.beside("files");
    fs::create_dir(&files).unwrap();
    fs::write(files.join("x"), "x1\n").unwrap();
    let git_dir = format!("--git-dir={}", repo.path().join(".git").display());
    let work_tree = format!("--work-tree={}", files.display());
    repo.git(&[&git_dir, &work_tree, "add", "-A"]);
    repo.git(&[&git_dir, &work_tree, "commit", "-q", "-m", "apart"]);
    assert_eq!(seen(), ["x: x1"]);
}

#[test]
fn messages_are_read_as_git_will_keep_them() {
    let (repo, seen) = hooked("commit-msg", "commit-msg");
    let message = "Title\n\n# remark\nbody\n";
    let edited = |arguments: &[&str]| {
        let mut all = vec!["commit", "-q", "--allow-empty"];
        all.extend(arguments);
        let mut command = repo.command(&all);
        fs::write(
            repo.beside("edit"),
            format!("#!/bin/sh\nprintf '{}' >\"$1\"\n", message.replace('\n', "\\n")),
        )
        .unwrap();
        fs::set_permissions(repo.beside("edit"), fs::Permissions::from_mode(0o755)).unwrap();
        let editor = format!("'{}'", repo.beside("edit").display());
        assert!(command.env("GIT_EDITOR", editor).status().unwrap().success());
        seen()
    };
    let path = ".git/COMMIT_EDITMSG";
    assert_eq!(edited(&[]), [format!("{path}: Title|||body").replace("|||", "||        |")]);
    assert_eq!(repo.git(&["log", "-1", "--format=%B"]), "Title\n\nbody");
    // Without an editor git keeps what looks like a comment.
    repo.git(&["commit", "-q", "--allow-empty", "-m", message]);
    assert_eq!(seen(), [format!("{path}: Title||# remark|body")]);
    assert_eq!(repo.git(&["log", "-1", "--format=%B"]), "Title\n\n# remark\nbody");
    repo.git(&["config", "commit.cleanup", "whitespace"]);
    assert_eq!(edited(&[]), [format!("{path}: Title||# remark|body")]);
    repo.git(&["config", "commit.cleanup", "strip"]);
    repo.git(&["config", "core.commentChar", ";"]);
    assert_eq!(edited(&[]), [format!("{path}: Title||# remark|body")]);
}

#[test]
fn a_server_sees_new_objects_in_quarantine() {
    let server = Repo::init_with(&["--bare"]);
    let output = server.beside("output");
    install(server.path(), "pre-receive", "pre-receive", &output);
    let repo = Repo::init();
    let url = format!("file://{}", server.path().display());
    repo.git(&["remote", "add", "origin", &url]);
    repo.write("a", "a1\n").commit("first");
    repo.git(&["push", "-q", "origin", "main"]);
    assert_eq!(seen(&output), ["a: a1", "commit-message: first"]);
    repo.write("a", "a1\na2\n").commit("second");
    repo.write("a", "a1\n").commit("third");
    repo.git(&["tag", "-a", "-m", "the tag says", "v1"]);
    repo.git(&["push", "-q", "origin", "main", "v1"]);
    let expected = ["a: a2", "commit-message: second", "commit-message: third", "tag-message: the tag says"];
    assert_eq!(seen(&output), expected);
    repo.git(&["push", "-q", "origin", "main:refs/heads/again", ":refs/tags/v1"]);
    assert_eq!(seen(&output), [""; 0]);
    let blob = repo.git_with_input(&["hash-object", "-w", "--stdin"], b"only a blob");
    repo.git(&["tag", "of-blob", &blob]);
    repo.git(&["push", "-q", "origin", "of-blob"]);
    assert_eq!(seen(&output), [format!("the pushed ref {blob}: only a blob")]);
}

#[test]
fn a_push_shows_what_the_remote_does_not_have() {
    let server = Repo::init_with(&["--bare"]);
    let (repo, seen) = hooked("pre-push", "pre-push");
    repo.git(&["remote", "add", "origin", &format!("file://{}", server.path().display())]);
    repo.write("a", "a1\n").commit("first");
    repo.git(&["push", "-q", "origin", "main"]);
    assert_eq!(seen(), ["a: a1", "commit-message: first"]);
    repo.write("a", "a1\na2\n").commit("second");
    repo.git(&["push", "-q", "origin", "main"]);
    assert_eq!(seen(), ["a: a2", "commit-message: second"]);
}
