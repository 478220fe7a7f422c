//! The ledger, end to end: what it survives, what it finds, what it refuses.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;

mod commands;
mod crash;
mod exchange;
mod scans;
mod writers;

use common::Repo;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a run of the program left behind.
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The program, away from the settings of this machine.
pub fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keytrail"));
    prepare(&mut command, folder);
    command.args(arguments);
    command
}

/// Keeps this machine's settings away from a command.
pub fn prepare(command: &mut Command, folder: &Path) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("GIT_") || text.starts_with("KEYTRAIL_") {
            command.env_remove(&name);
        }
    }
    command.env_remove("RUST_LOG").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("KEYTRAIL_NOW", "2026-01-31T09:30:00Z").current_dir(folder);
}

/// Runs a command to its end with something on its standard input.
pub fn run(command: &mut Command, input: &str) -> Ran {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that does not read its input to the end closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// `keytrail ledger …`, which must go well; returns what it prints.
pub fn ledger(folder: &Path, arguments: &[&str]) -> String {
    let ran = try_ledger(folder, arguments, "");
    assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.out, ran.err);
    ran.out
}

/// `keytrail ledger …` with something on its standard input.
pub fn try_ledger(folder: &Path, arguments: &[&str], input: &str) -> Ran {
    let all: Vec<&str> = ["ledger"].iter().chain(arguments).copied().collect();
    run(&mut program(folder, &all), input)
}

/// Records one event and returns its number.
pub fn append(folder: &Path, flags: &[&str], event: &str) -> u64 {
    let all: Vec<&str> = ["append"].iter().chain(flags).copied().collect();
    let ran = try_ledger(folder, &all, event);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out.trim().parse().unwrap()
}

/// A repository with a ledger in a file.
pub fn with_ledger() -> Repo {
    let repo = Repo::init();
    ledger(repo.path(), &["init", "--origin", "example.org/ledger"]);
    repo
}
