//! What of a push is scanned, in real repositories.

use crate::sandbox::Sandbox;
use git2::Repository;
use keytrail::hook::{HookError, Scope, push, receive};

fn open(sandbox: &Sandbox) -> Repository {
    Repository::open(sandbox.repo()).expect("a repository")
}

/// The subjects of the commits in a scope, as git itself counts them.
fn commits(sandbox: &Sandbox, scope: &Scope) -> String {
    if scope.is_empty() {
        return String::new();
    }
    let mut arguments = vec!["log".to_owned(), "--format=%s".to_owned()];
    arguments.extend(scope.tips.iter().cloned());
    arguments.extend(scope.hide.iter().map(|id| format!("^{id}")));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    sandbox.git(&arguments).lines().collect::<Vec<_>>().join(" ")
}

fn id(sandbox: &Sandbox, revision: &str) -> String {
    sandbox.git(&["rev-parse", revision])
}

#[test]
fn a_server_scans_what_no_reference_has() {
    let sandbox = Sandbox::new();
    sandbox.git(&["checkout", "-q", "--detach"]);
    for message in ["second", "third"] {
        sandbox.commit(message).expect("made");
    }
    let (zero, main, head) = ("0".repeat(40), id(&sandbox, "main"), id(&sandbox, "HEAD"));
    let lines = format!(
        "{main} {head} refs/heads/main\n{zero} {main} refs/heads/same\n{main} {zero} refs/heads/gone\n"
    );
    let updates = receive::parse(&mut lines.as_bytes()).expect("well-formed");
    let scope = receive::scope(&open(&sandbox), &updates).expect("readable");
    assert_eq!(commits(&sandbox, &scope), "third second");
    assert_eq!(scope.hide, [main]);
    let scope = receive::scope(&open(&sandbox), &updates[1..]).expect("readable");
    assert!(scope.is_empty(), "{scope:?}");
}

#[test]
fn a_push_is_scanned_down_to_what_the_remote_has() {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q", "--bare", "../up.git"]);
    sandbox.git(&["remote", "add", "up", "../up.git"]);
    sandbox.git(&["push", "-q", "up", "main"]);
    sandbox.commit("second").expect("made");
    let (zero, head, unknown) = ("0".repeat(40), id(&sandbox, "HEAD"), "1".repeat(40));
    let scoped = |remote: Option<&str>, line: String| {
        let scope = push::decide(&open(&sandbox), remote, &mut line.as_bytes(), None).expect("readable");
        commits(&sandbox, &scope)
    };
    assert_eq!(scoped(Some("up"), format!("x {head} refs/heads/new {zero}\n")), "second");
    assert_eq!(scoped(Some("up"), format!("x {head} refs/heads/main {unknown}\n")), "second");
    assert_eq!(scoped(Some("other"), format!("x {head} refs/heads/new {zero}\n")), "second first");
    let first = id(&sandbox, "HEAD~1");
    assert_eq!(scoped(Some("../up.git"), format!("x {head} refs/heads/main {first}\n")), "second");
    assert_eq!(scoped(Some("up"), format!("(delete) {zero} refs/heads/main {first}\n")), "");
    assert_eq!(scoped(Some("up"), String::new()), "");
    assert_eq!(scoped(None, String::new()), "");
}

#[test]
fn the_framework_says_the_same_in_variables() {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q", "--bare", "../up.git"]);
    sandbox.git(&["remote", "add", "up", "../up.git"]);
    let scoped = |framework: push::Framework| {
        push::decide(&open(&sandbox), None, &mut "".as_bytes(), Some(&framework))
            .map(|scope| commits(&sandbox, &scope))
    };
    let root = push::Framework {
        remote: Some("up".to_owned()),
        local_branch: Some("refs/heads/main".to_owned()),
        ..push::Framework::default()
    };
    assert_eq!(scoped(root.clone()).expect("readable"), "first");
    assert_eq!(scoped(push::Framework::default()).expect("readable"), "first");
    sandbox.git(&["push", "-q", "up", "main"]);
    assert_eq!(scoped(root.clone()).expect("readable"), "");
    sandbox.commit("second").expect("made");
    sandbox.commit("third").expect("made");
    let range = push::Framework {
        from: Some("HEAD~1".to_owned()),
        to: Some(id(&sandbox, "HEAD")),
        ..push::Framework::default()
    };
    assert_eq!(scoped(range.clone()).expect("readable"), "third");
    assert_eq!(scoped(push::Framework { from: None, ..root.clone() }).expect("readable"), "third second");
    assert_eq!(scoped(push::Framework::default()).expect("readable"), "third second");
    let error = scoped(push::Framework { to: Some("nothing".to_owned()), ..range }).expect_err("told");
    assert!(matches!(error, HookError::Revision { variable: "PRE_COMMIT_TO_REF", .. }), "{error}");
    assert!(!error.is_usage());
    // Git's own lines count more than variables that may have been left in the environment.
    let line = format!("x {} refs/heads/main {}\n", id(&sandbox, "HEAD"), "0".repeat(40));
    let scope =
        push::decide(&open(&sandbox), Some("up"), &mut line.as_bytes(), Some(&push::Framework::default()));
    assert_eq!(commits(&sandbox, &scope.expect("readable")), "third second");
}

#[test]
fn repositories_of_sha_256_work() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("sha256");
    sandbox.git(&["init", "-q", "--object-format=sha256", "../sha256"]);
    sandbox.commit_in(&folder, "first").expect("made");
    sandbox.git_in(&folder, &["update-ref", "refs/remotes/up/main", "HEAD"]);
    sandbox.commit_in(&folder, "second").expect("made");
    let head = sandbox.git_in(&folder, &["rev-parse", "HEAD"]);
    let first = sandbox.git_in(&folder, &["rev-parse", "HEAD~1"]);
    let line = format!("x {head} refs/heads/main {}\n", "0".repeat(64));
    let repo = Repository::open(&folder).expect("a repository");
    let scope = push::decide(&repo, Some("up"), &mut line.as_bytes(), None).expect("readable");
    assert_eq!(scope, Scope { tips: vec![head], hide: vec![first] });
    sandbox.install_in(&folder, &[]).expect("installed");
    sandbox.block(true);
    sandbox.commit_in(&folder, "third").expect_err("blocked");
}
