//! Policies and waivers, end to end: the real binary on real repositories.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;

mod check;
mod waive;

use common::Repo;
use serde_json::Value;
use std::process::{Command, Stdio};

/// The day that the tests take for today.
pub const NOW: &str = "2026-06-01";

/// A classic token of GitHub's with its checksum, made when the test runs.
pub fn token(seed: u64) -> String {
    let template = [&["gh", "p_"].concat(), "{{alnum 30}}{{sum github}}"].concat();
    let bytes = keytrail::rule::template::expand(&template, seed).expect("the template is right");
    String::from_utf8(bytes).expect("a token is text")
}

/// The fingerprint of a secret under the public key.
pub fn print(secret: &str) -> String {
    keytrail::secret::FingerprintKey::public().fingerprint(secret.as_bytes()).to_string()
}

/// A line with a secret in it.
pub fn line(secret: &str) -> String {
    format!("GITHUB_TOKEN = \"{secret}\"\n")
}

/// What a run left behind.
pub struct Ran {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// The exit code.
    pub code: i32,
}

impl Ran {
    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }

    /// Fails unless the run ended so.
    #[track_caller]
    #[allow(clippy::return_self_not_must_use, reason = "most runs are only checked for how they end")]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }
}

/// Runs the program at a time of its own.
pub fn run_at(repo: &Repo, now: &str, arguments: &[&str]) -> Ran {
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
        .env("KEYTRAIL_NOW", now)
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
    Ran {
        out: text(output.stdout),
        err: text(output.stderr),
        code: output.status.code().expect("an exit code"),
    }
}

/// Runs the program today.
pub fn run(repo: &Repo, arguments: &[&str]) -> Ran {
    run_at(repo, NOW, arguments)
}

/// The rules of the violations in a report.
pub fn broken(report: &Value) -> Vec<String> {
    let all = report["violations"].as_array().expect("violations");
    all.iter()
        .map(|one| one["rule"].as_str().expect("a rule").trim_start_matches("policy/").to_owned())
        .collect()
}
