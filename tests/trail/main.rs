//! `keytrail trail` on real repositories: told lives against what git says of every commit.

#[path = "../common/histories.rs"]
mod histories;

#[path = "../common/mod.rs"]
mod common;

mod against_git;
mod lives;

use common::Repo;
use serde_json::Value;
use std::process::{Command, Stdio};

/// A token of GitHub's with its checksum, made when the test runs.
fn token(seed: u64) -> String {
    let template = [&["gh", "p_"].concat(), "{{alnum 30}}{{sum github}}"].concat();
    let bytes = keytrail::rule::template::expand(&template, seed).expect("the template is right");
    String::from_utf8(bytes).expect("a token is text")
}

/// The program's standard output, standard error and exit code.
fn run(repo: &Repo, arguments: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keytrail"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("GIT_") || name.starts_with("KEYTRAIL_") {
            command.env_remove(name);
        }
    }
    let output = command
        .current_dir(repo.path())
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
    (text(output.stdout), text(output.stderr), output.status.code().expect("an exit code"))
}

/// The trail as JSON.
fn trail(repo: &Repo, arguments: &[&str]) -> Value {
    let mut all = vec!["trail", "-f", "json", "--no-cache"];
    all.extend(arguments);
    let (out, err, code) = run(repo, &all);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).expect("JSON is JSON")
}

/// The life of a token.
fn life<'a>(trail: &'a Value, token: &str) -> &'a Value {
    let fingerprint = keytrail::secret::FingerprintKey::public().fingerprint(token.as_bytes()).to_string();
    let lives = trail["lives"].as_array().expect("a list");
    lives
        .iter()
        .find(|life| life["token"]["fingerprint"] == fingerprint.as_str())
        .expect("the token is there")
}
