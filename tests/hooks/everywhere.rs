//! `--global`: one folder of hooks for all repositories of a user.

use crate::sandbox::Sandbox;
use keytrail::hook::{Done, Stage};
use std::fs;

#[test]
fn every_repository_is_checked_and_its_own_hooks_still_run() {
    let sandbox = Sandbox::new();
    for name in ["pre-commit", "prepare-commit-msg", "post-commit", "reference-transaction"] {
        sandbox.hook(name, &format!("#!/bin/sh\necho \"own {name} $1\" >>\"$LOG\"\n"));
    }
    let report = sandbox.install_global(&[Stage::PreCommit, Stage::CommitMsg]).expect("installed");
    assert_eq!(report.folder, sandbox.path("home/.config/keytrail/hooks"));
    assert!(report.changes.iter().all(|change| change.done == Done::Installed), "{report:?}");
    assert_eq!(
        sandbox.git(&["config", "--global", "--type=path", "core.hooksPath"]),
        report.folder.to_string_lossy()
    );
    sandbox.commit("one").expect("passes");
    let log = sandbox.log();
    let expected = [
        "own pre-commit ",
        "keytrail hook run pre-commit",
        "own prepare-commit-msg .git/COMMIT_EDITMSG",
        "keytrail hook run commit-msg .git/COMMIT_EDITMSG",
        "own post-commit ",
    ];
    let plain: Vec<&str> = log.lines().filter(|line| !line.contains("reference-transaction")).collect();
    assert_eq!(plain, expected);
    assert!(log.contains("own reference-transaction committed"), "{log}");
    sandbox.block(true);
    sandbox.commit("two").expect_err("blocked");
    let other = sandbox.path("other");
    fs::create_dir(&other).expect("made");
    sandbox.git_in(&other, &["init", "-q"]);
    sandbox.commit_in(&other, "blocked").expect_err("a repository that knows nothing of keytrail");
}

#[test]
fn own_hooks_are_found_in_worktrees_and_read_the_list_of_a_push() {
    let sandbox = Sandbox::new();
    sandbox.hook("pre-push", "#!/bin/sh\nsed \"s|^|own $1: |\" >>\"$LOG\"\n");
    sandbox.install_global(&[Stage::PrePush]).expect("installed");
    sandbox.git(&["worktree", "add", "-q", "../linked", "-b", "linked"]);
    sandbox.git(&["init", "-q", "--bare", "../up.git"]);
    sandbox.git_in(&sandbox.path("linked"), &["push", "-q", "../up.git", "linked"]);
    let log = sandbox.log();
    assert!(log.contains("own ../up.git: refs/heads/linked "), "{log}");
    assert!(log.contains("  stdin: refs/heads/linked "), "{log}");
}

#[test]
fn a_repository_with_a_hook_of_keytrails_is_checked_once() {
    let sandbox = Sandbox::new();
    sandbox.hook("pre-commit", "#!/bin/sh\necho earlier >>\"$LOG\"\n");
    sandbox.install(&[]);
    sandbox.install_global(&[]).expect("installed");
    sandbox.commit("one").expect("passes");
    assert_eq!(sandbox.log(), "earlier\nkeytrail hook run pre-commit\n");
}

#[test]
fn uninstalling_leaves_the_home_as_it_was() {
    let sandbox = Sandbox::new();
    let before = sandbox.snapshot("home");
    sandbox.install_global(&[]).expect("installed");
    let report = sandbox.install_global(&[Stage::PrePush]).expect("again");
    assert_eq!(report.changes[0].done, Done::Installed);
    assert_eq!(sandbox.install_global(&[]).expect("again").changes[0].done, Done::Unchanged);

    let report = sandbox.uninstall_global(&[Stage::PreCommit]);
    assert_eq!(report.changes[0].done, Done::Removed);
    sandbox.hook("pre-commit", "#!/bin/sh\necho own >>\"$LOG\"\n");
    sandbox.commit("handed over").expect("passes");
    assert_eq!(sandbox.log(), "own\n");

    let report = sandbox.uninstall_global(&[]);
    let done: Vec<Done> = report.changes.iter().map(|change| change.done).collect();
    assert_eq!(done, [Done::NotInstalled, Done::Removed, Done::NotInstalled]);
    assert!(report.notices.is_empty(), "{report:?}");
    let mut after = sandbox.snapshot("home");
    // The folder of settings may be anyone's, so it stays.
    after.remove(&sandbox.path("home/.config"));
    assert_eq!(after, before);
}

#[test]
fn a_global_folder_that_is_there_is_used_and_left() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("home/my hooks");
    sandbox.git(&["config", "--global", "core.hooksPath", "~/my hooks"]);
    sandbox.script("home/my hooks/pre-commit", "#!/bin/sh\necho mine >>\"$LOG\"\n");
    let before = sandbox.snapshot("home");
    let report = sandbox.install_global(&[]).expect("installed");
    assert_eq!(report.folder, folder);
    assert_eq!(report.changes[0].done, Done::Chained);
    sandbox.commit("one").expect("passes");
    assert_eq!(sandbox.log(), "mine\nkeytrail hook run pre-commit\n");
    sandbox.uninstall_global(&[]);
    assert_eq!(sandbox.snapshot("home"), before);
}

#[test]
fn hooks_that_others_put_into_the_folder_stay_in_force() {
    let sandbox = Sandbox::new();
    sandbox.script("home/.config/keytrail/hooks/post-commit", "#!/bin/sh\necho theirs >>\"$LOG\"\n");
    sandbox.install_global(&[]).expect("installed");
    sandbox.commit("one").expect("passes");
    assert_eq!(sandbox.log(), "keytrail hook run pre-commit\ntheirs\n");
    let report = sandbox.uninstall_global(&[]);
    assert!(report.notices.iter().any(|notice| notice.contains("post-commit")), "{report:?}");
    sandbox.commit("two").expect("passes");
    assert_eq!(sandbox.log(), "theirs\n");
}

#[test]
fn a_setting_of_the_system_is_not_hidden() {
    let mut sandbox = Sandbox::new();
    sandbox.write("system", "[core]\n\thooksPath = /srv/team-hooks\n");
    sandbox.environment.no_system = false;
    sandbox.environment.git_config_system = Some(sandbox.path("system"));
    let before = sandbox.snapshot("home");
    let error = sandbox.install_global(&[]).expect_err("refused").to_string();
    assert!(error.contains("/srv/team-hooks") && error.contains("system"), "{error}");
    assert_eq!(sandbox.snapshot("home"), before);
}

#[test]
fn a_relative_global_path_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "--global", "core.hooksPath", ".githooks"]);
    let error = sandbox.install_global(&[]).expect_err("refused").to_string();
    assert!(error.contains("relative"), "{error}");
}

#[test]
fn a_configuration_that_cannot_be_written_leaves_nothing_behind() {
    let mut sandbox = Sandbox::new();
    sandbox.environment.git_config_global = Some("/dev/null".into());
    let error = sandbox.install_global(&[]).expect_err("no file").to_string();
    assert!(error.contains("/dev/null"), "{error}");
    assert!(!sandbox.path("home/.config/keytrail").exists());
}
