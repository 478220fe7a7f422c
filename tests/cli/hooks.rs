//! Hooks that run the real program from real git commands.

use crate::common::Repo;
use crate::{keytrail, leaky, run, run_with_input, token};
use std::path::Path;
use std::process::Command;

/// git with the program on its PATH.
#[allow(clippy::unwrap_used)] // A test may fail here.
fn git(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_keytrail")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") || name.to_string_lossy().starts_with("KEYTRAIL_") {
            command.env_remove(name);
        }
    }
    let output = command
        .current_dir(folder)
        .args(arguments)
        .env("PATH", path)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn a_commit_with_a_secret_is_stopped() {
    let repo = leaky();
    let ran = run(&mut keytrail(repo.path(), &["hook", "install", "--pre-commit", "--commit-msg"]));
    assert_eq!(ran.code, 0, "{}", ran.told());
    repo.write("b.py", format!("t = '{}'\n", token(2)));
    repo.add();
    let (ok, text) = git(repo.path(), &["commit", "-m", "Add b"]);
    assert!(!ok && text.contains("b.py:1:6") && !text.contains(&token(2)), "{text}");
    repo.write("b.py", "t = 1\n");
    repo.add();
    let (ok, text) = git(repo.path(), &["commit", "-m", &format!("Use {}", token(3))]);
    assert!(!ok && text.contains("github-pat-classic"), "{text}");
    let (ok, text) = git(repo.path(), &["commit", "-m", "Add b"]);
    assert!(ok, "{text}");
    // `commit -a` and `commit FILE` have an index of their own.
    repo.write("b.py", format!("t = '{}'\n", token(4)));
    assert!(!git(repo.path(), &["commit", "-a", "-m", "Change b"]).0);
    assert!(!git(repo.path(), &["commit", "b.py", "-m", "Change b"]).0);
    let ran = run(&mut keytrail(repo.path(), &["hook", "uninstall"]));
    assert_eq!(ran.code, 0, "{}", ran.told());
    assert!(git(repo.path(), &["commit", "-a", "-m", "Change b"]).0);
}

#[test]
fn a_push_with_a_secret_is_stopped_even_if_it_was_taken_out_again() {
    let repo = Repo::init();
    repo.write("a.txt", "a\n");
    repo.commit("Add a");
    let remote = repo.beside("remote.git");
    repo.git(&["init", "-q", "--bare", remote.to_str().unwrap()]);
    repo.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    assert_eq!(run(&mut keytrail(repo.path(), &["hook", "install", "--pre-push"])).code, 0);
    let (ok, text) = git(repo.path(), &["push", "origin", "main"]);
    assert!(ok, "{text}");
    repo.write("a.txt", format!("{}\n", token(5)));
    repo.commit("Add a token");
    repo.write("a.txt", "a\n");
    repo.commit("Take it out");
    let (ok, text) = git(repo.path(), &["push", "origin", "main"]);
    assert!(!ok && text.contains("a.txt:1:1"), "{text}");
}

#[test]
fn a_server_refuses_new_objects_inside_the_quarantine() {
    let repo = leaky();
    let remote = repo.beside("remote.git");
    repo.git(&["init", "-q", "--bare", remote.to_str().unwrap()]);
    let hook = remote.join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\nexec keytrail hook run pre-receive\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    repo.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    let (ok, text) = git(repo.path(), &["push", "origin", "main"]);
    assert!(!ok && text.contains("src/config.py:3:10"), "{text}");
    let clean = Repo::init();
    clean.write("a.txt", "a\n");
    clean.commit("Add a");
    let (ok, text) = git(clean.path(), &["push", remote.to_str().unwrap(), "main"]);
    assert!(ok, "{text}");
}

#[test]
fn lines_that_git_would_not_send_are_refused() {
    let repo = leaky();
    let ran = run_with_input(&mut keytrail(repo.path(), &["hook", "run", "pre-receive"]), b"nonsense\n");
    assert_eq!(ran.code, 2, "{}", ran.told());
    assert!(ran.err.contains('1'), "{}", ran.told());
}
