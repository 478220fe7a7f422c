//! End to end: registry and inventory, by the real binary. Every secret is made when a test runs, and
//! none of them may show anywhere.

#[path = "../common/mod.rs"]
mod common;

mod feeds;
mod organisation;
mod registry;

use common::Repo;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// A token of GitHub's with its checksum.
pub fn token(seed: u64) -> String {
    filled(&["gh", "p_{{alnum 30}}{{sum github}}"].concat(), seed)
}

/// A template of `docs/rule-format.md`, filled in.
pub fn filled(template: &str, seed: u64) -> String {
    let bytes = keytrail::rule::template::expand(template, seed).expect("the template is right");
    String::from_utf8(bytes).expect("templates of these tests make text")
}

/// What a run left behind.
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// All that was told.
    pub fn told(&self) -> String {
        format!("exit code {}\n--- out\n{}\n--- err\n{}", self.code, self.out, self.err)
    }

    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.told()))
    }
}

/// Runs the program in a folder, away from the settings of this machine, with something on its
/// standard input and with more variables.
pub fn run_with(folder: &Path, arguments: &[&str], input: &[u8], variables: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keytrail"));
    command.env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("KEYTRAIL_NOW", "2026-06-01T12:00:00Z")
        .envs(variables.iter().copied())
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    // A program that does not read its input to the end closes the pipe.
    let _ = child.stdin.take().expect("it is piped").write_all(input);
    let output = child.wait_with_output().expect("the program ends");
    Ran {
        code: output.status.code().expect("no signal ended it"),
        out: String::from_utf8(output.stdout).expect("it writes UTF-8"),
        err: String::from_utf8(output.stderr).expect("it writes UTF-8"),
    }
}

/// The same without input.
pub fn run(folder: &Path, arguments: &[&str]) -> Ran {
    run_with(folder, arguments, b"", &[])
}

/// Runs it and expects an exit code.
pub fn expect(code: i32, folder: &Path, arguments: &[&str]) -> Ran {
    let ran = run(folder, arguments);
    assert_eq!(ran.code, code, "{arguments:?}: {}", ran.told());
    ran
}

/// The fingerprint of a token, as scans tell it.
pub fn fingerprint(token: &str) -> String {
    keytrail::secret::FingerprintKey::public().fingerprint(token.as_bytes()).to_string()
}

/// Fails if any of these values stands in a text or in any file of a folder, `.git` and the files that
/// are named aside; also in base64.
pub fn assert_unseen(values: &[&str], told: &[&Ran], folder: &Path, but: &[&str]) {
    let mut needles: Vec<Vec<u8>> = Vec::new();
    for value in values {
        needles.push(value.as_bytes().to_vec());
        needles.push(data_encoding::BASE64_NOPAD.encode(value.as_bytes()).into_bytes());
    }
    let holds = |text: &[u8]| needles.iter().any(|needle| memchr::memmem::find(text, needle).is_some());
    for ran in told {
        assert!(!holds(ran.told().as_bytes()), "a value was told");
    }
    for file in std::fs::read_dir(folder).expect("a folder") {
        let file = file.expect("an entry");
        let name = file.file_name().to_string_lossy().into_owned();
        if file.path().is_file() && !but.contains(&name.as_str()) {
            assert!(!holds(&std::fs::read(file.path()).expect("readable")), "a value stands in {name}");
        }
    }
}

/// A repository with one file that holds a token.
pub fn leaky(seed: u64) -> Repo {
    let repo = Repo::init();
    repo.write("config.py", format!("token = \"{}\"\n", token(seed)));
    repo.commit("Add the configuration");
    repo
}
