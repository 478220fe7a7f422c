//! End to end: the real binary on real repositories, whole outputs compared.

#[path = "../common/mod.rs"]
mod common;

#[path = "../common/archives.rs"]
mod archive_files;
mod archives;
mod cache;
mod config;
mod encoded;
mod expiry;
mod gate;
mod hooks;
mod places;
mod reports;
mod repositories;
mod rules;
mod staged;

use common::Repo;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A token of GitHub's with its checksum, made when the test runs.
pub fn token(seed: u64) -> String {
    filled("{{lb}}{{alnum 30}}{{sum github}}".replace("{{lb}}", &["gh", "p_"].concat()).as_str(), seed)
}

/// A template of `docs/rule-format.md`, filled in.
pub fn filled(template: &str, seed: u64) -> String {
    let bytes = keytrail::rule::template::expand(template, seed).expect("the template is right");
    String::from_utf8(bytes).expect("templates of these tests make text")
}

/// What a run of the program left behind.
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Exit code, standard output and standard error, for a snapshot: times and temporary folders
    /// replaced by words.
    pub fn told(&self) -> String {
        let time = |text: &str| {
            let mut lines = Vec::new();
            for line in text.lines() {
                lines.push(match line.rsplit_once(" in ") {
                    Some((before, _)) if line.contains("read ") && line.ends_with("ms") => {
                        format!("{before} in TIME")
                    }
                    _ => line.to_owned(),
                });
            }
            lines.join("\n")
        };
        format!("exit code {}\n--- out\n{}\n--- err\n{}", self.code, time(&self.out), self.err.trim_end())
    }
}

/// The program, away from the settings of this machine.
pub fn keytrail(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keytrail"));
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("GIT_")
            || name_text.starts_with("KEYTRAIL_")
            || name_text.starts_with("PRE_COMMIT")
        {
            command.env_remove(&name);
        }
    }
    command
        .env_remove("RUST_LOG")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        // Reports tell ages, so that each run is at the same time.
        .env("KEYTRAIL_NOW", "2026-11-22T12:00:00Z")
        .current_dir(folder)
        .args(arguments);
    command
}

/// Runs it to its end.
pub fn run(command: &mut Command) -> Ran {
    let output = command.stdin(Stdio::null()).output().expect("the program starts");
    ran(output)
}

/// Runs it with something on its standard input.
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Ran {
    use std::io::Write;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that does not read its input to the end closes the pipe.
    let _ = child.stdin.take().expect("it is piped").write_all(input);
    ran(child.wait_with_output().expect("the program ends"))
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().expect("no signal ended it"),
        out: String::from_utf8(output.stdout).expect("it writes UTF-8"),
        err: String::from_utf8(output.stderr).expect("it writes UTF-8"),
    }
}

/// `keytrail scan` with arguments, in a folder.
pub fn scan(folder: &Path, arguments: &[&str]) -> Ran {
    let mut all = vec!["scan"];
    all.extend(arguments);
    run(&mut keytrail(folder, &all))
}

/// Where each finding is: `path:line rule`, from the JSON report.
pub fn found(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let mut all = vec!["-f", "json"];
    all.extend(arguments);
    let ran = scan(folder, &all);
    let report: serde_json::Value =
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.told()));
    let mut found = Vec::new();
    for finding in report["findings"].as_array().expect("findings") {
        for location in finding["locations"].as_array().expect("locations") {
            found.push(format!(
                "{}:{} {}",
                location["path"].as_str().expect("a path"),
                location["start"]["line"],
                finding["rule"]["id"].as_str().or(finding["rule"].as_str()).expect("a rule")
            ));
        }
    }
    found.sort();
    found
}

/// A repository with one file that holds a token.
pub fn leaky() -> Repo {
    let repo = Repo::init();
    repo.write("src/config.py", format!("import os\n\ntoken = \"{}\"\n", token(1)));
    repo.commit("Add the configuration");
    repo
}
