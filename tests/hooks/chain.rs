//! Beside other hooks: both run, either one can block, and each sees what it would see alone.

use crate::sandbox::Sandbox;
use keytrail::hook::{Done, Stage};

#[test]
fn the_earlier_hook_runs_first_and_either_one_blocks() {
    let sandbox = Sandbox::new();
    sandbox.hook("pre-commit", "#!/bin/sh\necho \"earlier $*\" >>\"$LOG\"\n[ ! -e stop ]\n");
    assert_eq!(sandbox.install(&[]).changes[0].done, Done::Chained);
    sandbox.commit("both pass").expect("passes");
    assert_eq!(sandbox.log(), "earlier \nkeytrail hook run pre-commit\n");
    sandbox.write("work tree/stop", "");
    sandbox.commit("blocked by the earlier").expect_err("blocked");
    assert_eq!(sandbox.log(), "earlier \n");
    std::fs::remove_file(sandbox.path("work tree/stop")).expect("removed");
    sandbox.block(true);
    sandbox.commit("blocked by keytrail").expect_err("blocked");
    assert_eq!(sandbox.log(), "earlier \nkeytrail hook run pre-commit\n");
}

#[test]
fn both_read_the_whole_list_of_a_push() {
    let sandbox = Sandbox::new();
    sandbox
        .hook("pre-push", "#!/bin/sh\necho \"earlier $*\" >>\"$LOG\"\nsed 's/^/  earlier: /' >>\"$LOG\"\n");
    sandbox.install(&[Stage::PrePush]);
    sandbox.git(&["init", "-q", "--bare", "../up.git"]);
    sandbox.git(&["push", "-q", "../up.git", "main", "main:copy"]);
    let log = sandbox.log();
    assert_eq!(log.matches("  earlier: refs/heads/main ").count(), 2, "{log}");
    assert_eq!(log.matches("  stdin: refs/heads/main ").count(), 2, "{log}");
    assert!(log.contains("earlier ../up.git ../up.git\n"), "{log}");
    assert!(log.contains("keytrail hook run pre-push ../up.git ../up.git\n"), "{log}");
}

#[test]
fn an_earlier_hook_that_does_not_read_the_list_harms_nothing() {
    let sandbox = Sandbox::new();
    sandbox.hook("pre-push", "#!/bin/sh\nexit 0\n");
    sandbox.install(&[Stage::PrePush]);
    for number in 0..300 {
        sandbox.git(&["tag", &format!("v{number}")]);
    }
    sandbox.git(&["init", "-q", "--bare", "../up.git"]);
    let output = sandbox.try_git_in(&sandbox.repo(), &["push", "-q", "--tags", "../up.git"]);
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(sandbox.log().matches("  stdin: ").count(), 300);
}

#[test]
fn an_earlier_hook_that_is_not_runnable_stays_off() {
    let sandbox = Sandbox::new();
    sandbox.write("work tree/.git/hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    sandbox.install(&[]);
    sandbox.commit("passes").expect("git would not have run it either");
}

#[test]
fn the_earlier_hook_keeps_its_name() {
    // As husky 9 does: one short file for each hook, which looks at its own name and folder.
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "core.hooksPath", ".husky/_"]);
    sandbox.write("work tree/.husky/_/.gitignore", "*");
    sandbox.write(
        "work tree/.husky/_/h",
        "echo \"manager $(basename \"$0\") in $(dirname \"$0\")\" >>\"$LOG\"\nexit 0\n",
    );
    for shebang in ["#!/usr/bin/env sh", "#!/bin/sh -e", "#!/usr/bin/env bash"] {
        let text = format!("{shebang}\n. \"$(dirname \"$0\")/h\"\n");
        sandbox.script("work tree/.husky/_/pre-commit", &text);
        let report = sandbox.install(&[]);
        assert_eq!(report.changes[0].done, Done::Chained);
        assert!(report.notices.iter().any(|notice| notice.contains("husky")), "{report:?}");
        sandbox.commit(shebang).expect("passes");
        assert_eq!(sandbox.log(), "manager pre-commit in .husky/_\nkeytrail hook run pre-commit\n");
        sandbox.uninstall(&[]);
        assert_eq!(sandbox.read("work tree/.husky/_/pre-commit"), text);
    }
}

#[test]
fn an_earlier_hook_that_starts_itself_again_runs_once() {
    // As husky 5 to 8 do, to run the hook with `sh -e`.
    let sandbox = Sandbox::new();
    sandbox.hook(
        "pre-commit",
        "#!/usr/bin/env sh\nif [ -z \"$again\" ]; then again=1; export again; sh -e \"$0\" \"$@\"; exit $?; fi\necho body >>\"$LOG\"\n",
    );
    sandbox.install(&[]);
    sandbox.commit("once").expect("passes");
    assert_eq!(sandbox.log(), "body\nkeytrail hook run pre-commit\n");
    sandbox.block(true);
    sandbox.commit("still checked").expect_err("blocked");
}

#[test]
fn a_push_made_by_an_earlier_hook_is_checked_too() {
    let sandbox = Sandbox::new();
    sandbox.hook("pre-push", "#!/bin/sh\n[ \"$1\" = mirror ] || { git push -q mirror main; exit $?; }\n");
    sandbox.install(&[Stage::PrePush]);
    sandbox.git(&["init", "-q", "--bare", "../up.git"]);
    sandbox.git(&["init", "-q", "--bare", "../mirror.git"]);
    sandbox.git(&["remote", "add", "mirror", "../mirror.git"]);
    sandbox.git(&["remote", "add", "up", "../up.git"]);
    sandbox.git(&["push", "-q", "up", "main"]);
    let log = sandbox.log();
    assert!(log.contains("pre-push mirror ") && log.contains("pre-push up "), "{log}");
}

#[test]
fn a_program_as_the_earlier_hook_runs_and_is_told() {
    let sandbox = Sandbox::new();
    sandbox.hook("commit-msg", "#!/usr/bin/awk -f\nBEGIN { print \"awk\" >>ENVIRON[\"LOG\"]; exit 0 }\n");
    let report = sandbox.install(&[Stage::CommitMsg]);
    assert!(report.notices.iter().any(|notice| notice.contains("no shell script")), "{report:?}");
    sandbox.commit("passes").expect("passes");
    assert_eq!(sandbox.log(), "awk\nkeytrail hook run commit-msg .git/COMMIT_EDITMSG\n");
}

#[test]
fn the_scripts_are_plain_posix() {
    let sandbox = Sandbox::new();
    sandbox.install(&Stage::INSTALLABLE);
    for shell in ["sh", "bash", "dash", "busybox"] {
        for stage in Stage::INSTALLABLE {
            let script = sandbox.path("work tree/.git/hooks").join(stage.name());
            let mut command = sandbox.command(&sandbox.repo(), shell);
            if shell == "busybox" {
                command.arg("sh");
            }
            // A shell that this machine does not have says nothing about the script.
            let Ok(output) = command.arg("-n").arg(&script).output() else { continue };
            assert!(output.status.success(), "{shell} {stage}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
