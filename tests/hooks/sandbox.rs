//! A home, a repository and a stand-in program, all in one temporary folder.

use keytrail::hook::{self, Environment, HookError, Report, Request, Stage};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Writes its arguments and, if it is given any, its standard input to `$LOG`, then blocks if a
/// file named `block` says so.
const STAND_IN: &str = r#"#!/bin/sh
{
    echo "keytrail $*"
    case $3 in pre-push) sed 's/^/  stdin: /' ;; esac
} >>"$LOG"
[ ! -e "$LOG.block" ] || exit 3
"#;

pub struct Sandbox {
    root: tempfile::TempDir,
    pub environment: Environment,
}

impl Sandbox {
    /// With a repository `work tree` that has one commit. The folders have spaces in their names.
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let at = root.path().canonicalize().expect("a real path");
        let environment = Environment {
            home: Some(at.join("home")),
            git_config_global: Some(at.join("home/.gitconfig")),
            no_system: true,
            ..Environment::default()
        };
        let sandbox = Self { root, environment };
        for folder in ["home", "bin", "work tree/sub"] {
            fs::create_dir_all(sandbox.path(folder)).expect("made");
        }
        sandbox.write(
            "home/.gitconfig",
            "[user]\n\tname = Test\n\temail = test@example.org\n[commit]\n\tgpgsign = false\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n",
        );
        sandbox.script("bin/keytrail", STAND_IN);
        sandbox.git(&["init", "-q"]);
        sandbox.write("work tree/sub/file", "one\n");
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-qm", "first"]);
        sandbox
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().expect("a real path").join(name)
    }

    pub fn repo(&self) -> PathBuf {
        self.path("work tree")
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("text")
    }

    pub fn script(&self, name: &str, text: &str) {
        self.write(name, text);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).expect("set");
    }

    /// A hook in the repository's own folder.
    pub fn hook(&self, name: &str, text: &str) {
        self.script(&format!("work tree/.git/hooks/{name}"), text);
    }

    /// Makes the stand-in block, or pass again.
    pub fn block(&self, block: bool) {
        if block {
            self.write("log.block", "");
        } else {
            fs::remove_file(self.path("log.block")).expect("removed");
        }
    }

    /// What hooks and the stand-in wrote since the last call.
    pub fn log(&self) -> String {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        let _ = fs::remove_file(self.path("log"));
        log
    }

    pub fn command(&self, folder: &Path, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var("PATH").expect("a PATH");
        command.current_dir(folder);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GIT_") {
                command.env_remove(name);
            }
        }
        command
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("HOME", self.path("home"))
            .env("LOG", self.path("log"))
            .env("GIT_CONFIG_GLOBAL", self.path("home/.gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("XDG_CONFIG_HOME");
        command
    }

    pub fn try_git_in(&self, folder: &Path, arguments: &[&str]) -> Output {
        self.command(folder, "git").args(arguments).output().expect("git runs")
    }

    /// Runs git in the repository; it must succeed.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.repo(), arguments)
    }

    pub fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.try_git_in(folder, arguments);
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Commits a change in the repository; the error is what git said.
    pub fn commit(&self, message: &str) -> Result<(), String> {
        self.commit_in(&self.repo(), message)
    }

    pub fn commit_in(&self, folder: &Path, message: &str) -> Result<(), String> {
        fs::write(folder.join("change"), message).expect("written");
        self.git_in(folder, &["add", "change"]);
        let output = self.try_git_in(folder, &["commit", "-qm", message]);
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    fn request<'a>(&'a self, folder: &'a Path, stages: &'a [Stage]) -> Request<'a> {
        Request { folder, stages, global: false, environment: &self.environment }
    }

    pub fn install(&self, stages: &[Stage]) -> Report {
        self.install_in(&self.repo(), stages).expect("installed")
    }

    pub fn install_in(&self, folder: &Path, stages: &[Stage]) -> Result<Report, HookError> {
        hook::install(self.request(folder, stages))
    }

    pub fn uninstall(&self, stages: &[Stage]) -> Report {
        hook::uninstall(self.request(&self.repo(), stages)).expect("uninstalled")
    }

    pub fn install_global(&self, stages: &[Stage]) -> Result<Report, HookError> {
        hook::install(Request { global: true, ..self.request(Path::new("/"), stages) })
    }

    pub fn uninstall_global(&self, stages: &[Stage]) -> Report {
        hook::uninstall(Request { global: true, ..self.request(Path::new("/"), stages) })
            .expect("uninstalled")
    }

    /// Every file below a folder with its mode and bytes (of a link, where it leads).
    pub fn snapshot(&self, folder: &str) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.path(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let metadata = path.symlink_metadata().expect("there");
                let bytes = if metadata.is_dir() {
                    folders.push(path.clone());
                    Vec::new()
                } else if metadata.is_symlink() {
                    fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes()
                } else {
                    fs::read(&path).expect("bytes")
                };
                found.insert(path, (metadata.permissions().mode(), bytes));
            }
        }
        found
    }
}
