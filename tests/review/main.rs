//! The review end to end: the repository of `fixtures/life` walked with every command that tells of
//! tokens, the tutorial run line by line, and reports signed.

#![cfg(unix)]

mod sign;
mod tutorial;
mod walk;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The root of this project.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A command of bash's, away from the settings of this machine, with the program on PATH.
fn bash(folder: &Path, script: &str) -> Command {
    let mut command = Command::new("bash");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["GIT_", "KEYTRAIL_"].iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    let program = Path::new(env!("CARGO_BIN_EXE_keytrail")).parent().expect("it lies in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .current_dir(folder)
        .args(["-c", script])
        .env("PATH", format!("{}:{path}", program.display()))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("LC_ALL", "C")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

/// Exit code, standard output and standard error.
fn ran(folder: &Path, script: &str) -> (i32, String, String) {
    let output = bash(folder, script).output().expect("bash starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("no signal ended it"), text(output.stdout), text(output.stderr))
}

/// The repository of `fixtures/life`, named `shop`.
fn life() -> (TempDir, PathBuf) {
    let holder = TempDir::new().expect("a folder");
    let build = root().join("fixtures/life/build.sh");
    let (code, out, err) = ran(holder.path(), &format!("bash '{}' shop", build.display()));
    assert_eq!(code, 0, "{out}{err}");
    let shop = holder.path().canonicalize().expect("it is there").join("shop");
    (holder, shop)
}
