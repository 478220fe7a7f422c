//! One repository: where hooks go, that they block and pass, and that nothing of them stays.

use crate::sandbox::Sandbox;
use keytrail::hook::{self, Done, HookError, Request, Stage};
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn a_commit_is_blocked_and_passes() {
    let sandbox = Sandbox::new();
    let report = sandbox.install(&[]);
    assert_eq!(report.changes.len(), 1);
    assert_eq!((report.changes[0].stage, report.changes[0].done), (Stage::PreCommit, Done::Installed));
    assert!(report.notices.is_empty(), "{:?}", report.notices);
    sandbox.commit("passes").expect("not blocked");
    assert_eq!(sandbox.log(), "keytrail hook run pre-commit\n");
    sandbox.block(true);
    sandbox.commit("is blocked").expect_err("blocked");
    assert_eq!(sandbox.git(&["log", "-1", "--format=%s"]), "passes");
    sandbox.git(&["commit", "-q", "--no-verify", "-m", "skipped"]);
    sandbox.block(false);
    assert_eq!(sandbox.install(&[]).changes[0].done, Done::Unchanged);
}

#[test]
fn the_message_and_the_push_are_handed_over() {
    let sandbox = Sandbox::new();
    sandbox.install(&[Stage::CommitMsg, Stage::PrePush]);
    sandbox.commit("second").expect("passes");
    assert_eq!(sandbox.log(), "keytrail hook run commit-msg .git/COMMIT_EDITMSG\n");
    sandbox.git(&["init", "-q", "--bare", "../up.git"]);
    sandbox.git(&["remote", "add", "up", "../up.git"]);
    sandbox.git(&["push", "-q", "up", "main", "main:copy"]);
    let (id, zero) = (sandbox.git(&["rev-parse", "main"]), "0".repeat(40));
    let expected = format!(
        "  stdin: refs/heads/main {id} refs/heads/copy {zero}\n  stdin: refs/heads/main {id} refs/heads/main {zero}\nkeytrail hook run pre-push up ../up.git"
    );
    let mut lines: Vec<String> = sandbox.log().lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, expected.lines().collect::<Vec<_>>());
    sandbox.block(true);
    assert!(!sandbox.try_git_in(&sandbox.repo(), &["push", "-q", "up", "main:third"]).status.success());
}

#[test]
fn without_the_program_it_fails_closed_and_says_what_to_do() {
    let sandbox = Sandbox::new();
    sandbox.install(&[Stage::PreCommit, Stage::PrePush]);
    fs::remove_file(sandbox.path("bin/keytrail")).expect("removed");
    let said = sandbox.commit("unchecked").expect_err("refused");
    for words in ["not on PATH", "cargo install", "git commit --no-verify", ".git/hooks/pre-commit"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    sandbox.git(&["init", "-q", "--bare", "../up.git"]);
    let output = sandbox.try_git_in(&sandbox.repo(), &["push", "-q", "../up.git", "main"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("git push --no-verify"));
    sandbox.script("home/.cargo/bin/keytrail", "#!/bin/sh\necho cargo >>\"$LOG\"\n");
    sandbox.commit("checked").expect("found where cargo puts it");
    assert_eq!(sandbox.log(), "cargo\n");
}

#[test]
fn uninstalling_leaves_everything_as_it_was() {
    let sandbox = Sandbox::new();
    sandbox.hook("pre-commit", "#!/bin/sh\nexit 0 # no newline");
    sandbox.write("work tree/.git/hooks/pre-push", "not runnable\n");
    symlink("../../elsewhere", sandbox.path("work tree/.git/hooks/commit-msg")).expect("linked");
    let before = sandbox.snapshot("work tree");
    let report = sandbox.install(&Stage::INSTALLABLE);
    assert!(report.changes.iter().all(|change| change.done == Done::Chained), "{report:?}");
    assert_ne!(sandbox.snapshot("work tree"), before);
    let report = sandbox.uninstall(&[]);
    assert!(report.changes.iter().all(|change| change.done == Done::Restored), "{report:?}");
    assert_eq!(sandbox.snapshot("work tree"), before);
    let report = sandbox.uninstall(&[]);
    assert!(report.changes.iter().all(|change| change.done == Done::NotInstalled), "{report:?}");
}

#[test]
fn a_folder_made_for_the_hooks_goes_with_them() {
    let sandbox = Sandbox::new();
    fs::remove_dir_all(sandbox.path("work tree/.git/hooks")).expect("removed");
    let before = sandbox.snapshot("work tree");
    sandbox.install(&Stage::INSTALLABLE);
    sandbox.commit_in(&sandbox.repo(), "x").expect("passes");
    assert!(sandbox.log().contains("pre-commit"));
    sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
    sandbox.uninstall(&[Stage::PreCommit]);
    sandbox.uninstall(&[]);
    assert!(!sandbox.path("work tree/.git/hooks").exists());
    assert!(before.keys().all(|path| path.exists()));
}

#[test]
fn a_relative_hooks_path_starts_at_the_top_of_the_tree() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "core.hooksPath", "my hooks/git"]);
    let report = sandbox.install_in(&sandbox.path("work tree/sub"), &[]).expect("installed");
    assert_eq!(report.folder, sandbox.path("work tree/my hooks/git"));
    assert!(report.notices.iter().any(|notice| notice.contains("part of the working tree")), "{report:?}");
    sandbox.block(true);
    sandbox.commit_in(&sandbox.path("work tree/sub"), "blocked").expect_err("git found it there");
    assert!(!sandbox.path("work tree/.git/hooks/pre-commit").exists());
}

#[test]
fn a_hooks_path_in_the_home_folder_is_found_and_told() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "core.hooksPath", "~/team"]);
    let report = sandbox.install(&[]);
    assert_eq!(report.folder, sandbox.path("home/team"));
    assert!(report.notices.iter().any(|notice| notice.contains("out of this repository")), "{report:?}");
    sandbox.commit("one").expect("passes");
    assert_eq!(sandbox.log(), "keytrail hook run pre-commit\n");
    sandbox.git(&["config", "--unset", "core.hooksPath"]);
    sandbox.git(&["config", "--global", "core.hooksPath", &sandbox.path("home/all").to_string_lossy()]);
    let report = sandbox.install(&[]);
    assert_eq!(report.folder, sandbox.path("home/all"));
    assert!(report.notices.iter().any(|notice| notice.contains("every repository")), "{report:?}");
}

#[test]
fn a_hooks_path_that_is_no_folder_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "core.hooksPath", "/dev/null"]);
    let error = sandbox.install_in(&sandbox.repo(), &[]).expect_err("refused").to_string();
    assert!(error.contains("/dev/null") && error.contains("runs no hooks"), "{error}");
}

#[test]
fn linked_worktrees_and_bare_repositories_share_one_folder() {
    let sandbox = Sandbox::new();
    sandbox.git(&["worktree", "add", "-q", "../linked", "-b", "linked"]);
    let linked = sandbox.path("linked");
    let report = sandbox.install_in(&linked, &Stage::INSTALLABLE).expect("installed");
    assert_eq!(report.folder, sandbox.path("work tree/.git/hooks"));
    sandbox.commit_in(&linked, "in the worktree").expect("passes");
    let log = sandbox.log();
    assert!(log.starts_with("keytrail hook run pre-commit\nkeytrail hook run commit-msg "), "{log}");
    sandbox.block(true);
    sandbox.commit("in the main tree").expect_err("the same hook");

    sandbox.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    let bare = sandbox.path("bare.git");
    let report = sandbox.install_in(&bare, &[]).expect("installed");
    assert_eq!(report.folder, bare.join("hooks"));
    assert!(report.notices.iter().any(|notice| notice.contains("pre-receive")), "{report:?}");
    sandbox.git_in(&bare, &["worktree", "add", "-q", "../of-bare", "main"]);
    sandbox.commit_in(&sandbox.path("of-bare"), "blocked").expect_err("the bare repository's hook");
}

#[test]
fn git_dir_names_the_repository() {
    let sandbox = Sandbox::new();
    let mut environment = sandbox.environment.clone();
    environment.git_dir = Some(sandbox.path("work tree/.git"));
    let elsewhere = sandbox.path("home");
    let request = Request { folder: &elsewhere, stages: &[], global: false, environment: &environment };
    assert_eq!(hook::install(request).expect("installed").folder, sandbox.path("work tree/.git/hooks"));
}

#[test]
fn what_cannot_be_done_is_told() {
    let sandbox = Sandbox::new();
    let error = sandbox.install_in(&sandbox.path("home"), &[]).expect_err("no repository");
    assert!(matches!(error, HookError::NotARepository { .. }), "{error}");
    let error = sandbox.install_in(&sandbox.repo(), &[Stage::PreReceive]).expect_err("by hand");
    assert!(matches!(error, HookError::NotInstallable(Stage::PreReceive)), "{error}");
    sandbox.write("work tree/file", "");
    sandbox.git(&["config", "core.hooksPath", "file/hooks"]);
    let error = sandbox.install_in(&sandbox.repo(), &[]).expect_err("not writable");
    assert!(matches!(error, HookError::File { .. }) && error.to_string().contains("file/hooks"), "{error}");
}
