//! Repositories in temporary folders, made by the git program, and a visitor that collects.

#![allow(dead_code)] // Each test binary uses its own part.

use keytrail::coverage::{Coverage, CoverageReport, Gap};
use keytrail::document::Document;
use keytrail::origin::{Origin, OriginKind};
use keytrail::source::{Source, SourceError};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use tempfile::TempDir;

/// A git repository that goes away with the value.
pub struct Repo {
    holder: TempDir,
    root: PathBuf,
}

impl Repo {
    /// An empty repository.
    pub fn init() -> Self {
        Self::init_with(&[])
    }

    /// An empty repository, with more arguments for `git init`.
    pub fn init_with(arguments: &[&str]) -> Self {
        Self::try_init(arguments).expect("git can make a repository")
    }

    /// The same, or `None` if this git does not know an argument.
    pub fn try_init(arguments: &[&str]) -> Option<Self> {
        let repo = Self::folder();
        let mut all = vec!["init", "-q"];
        all.extend(arguments);
        repo.try_git(&all).ok()?;
        repo.identify();
        Some(repo)
    }

    /// A clone, with more arguments for `git clone`.
    pub fn clone_of(other: &Repo, arguments: &[&str]) -> Self {
        let repo = Self::folder();
        let url = format!("file://{}", other.path().display());
        let mut all = vec!["clone", "-q"];
        all.extend(arguments);
        all.extend([url.as_str(), "."]);
        repo.git(&all);
        repo.identify();
        repo
    }

    /// A folder that is no repository.
    pub fn folder() -> Self {
        let holder = TempDir::new().expect("a temporary folder");
        let root = holder.path().join("a place");
        fs::create_dir(&root).expect("a folder");
        Self { root: root.canonicalize().expect("it is there"), holder }
    }

    fn identify(&self) {
        for (key, value) in
            [("user.name", "A U Thor"), ("user.email", "author@example.com"), ("commit.gpgsign", "false")]
        {
            self.git(&["config", key, value]);
        }
    }

    /// The root.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// A path beside the root that goes away with it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.holder.path().canonicalize().expect("it is there").join(name)
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> &Self {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("it has a parent")).expect("a folder");
        fs::write(path, content).expect("a file");
        self
    }

    /// Stages everything.
    pub fn add(&self) -> &Self {
        self.git(&["add", "-A"]);
        self
    }

    /// Stages everything, commits it and returns the commit's id. Each commit is a minute later
    /// than the one before.
    pub fn commit(&self, message: &str) -> String {
        self.add();
        let count =
            self.try_git(&["rev-list", "--count", "--all"]).map_or(0, |text| text.parse().unwrap_or(0));
        self.commit_at(message, 1_700_000_000 + 60 * count)
    }

    /// Commits what is staged at a time given in seconds since 1970.
    pub fn commit_at(&self, message: &str, time: i64) -> String {
        let date = format!("{time} +0100");
        let mut command = self.command(&["commit", "-q", "--allow-empty", "-m", message]);
        run(command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date)).expect("git commits");
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git here and returns what it prints, without the end of the last line.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.try_git(arguments).unwrap_or_else(|error| panic!("git {arguments:?}: {error}"))
    }

    /// The same where git may fail; the error is what it says.
    pub fn try_git(&self, arguments: &[&str]) -> Result<String, String> {
        run(&mut self.command(arguments))
    }

    /// Runs git here with something on its standard input.
    pub fn git_with_input(&self, arguments: &[&str], input: &[u8]) -> String {
        let file = self.beside("input");
        fs::write(&file, input).expect("a file");
        run(self.command(arguments).stdin(fs::File::open(&file).expect("it is there"))).expect("git works")
    }

    /// git, ready to be run here, away from the settings of this machine and of a hook that runs
    /// these tests.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GIT_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(&self.root)
            .args([
                "-c",
                "init.defaultBranch=main",
                "-c",
                "protocol.file.allow=always",
                "-c",
                "maintenance.auto=false",
            ])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", "1700000000 +0100")
            .env("GIT_COMMITTER_DATE", "1700000000 +0100")
            .env("GIT_EDITOR", "true")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command
    }

    /// The path of the loose file of an object.
    pub fn loose(&self, id: &str) -> PathBuf {
        let objects = self.git(&["rev-parse", "--git-path", "objects"]);
        self.root.join(objects).join(&id[..2]).join(&id[2..])
    }

    /// Deletes the loose file of an object.
    pub fn lose(&self, id: &str) {
        fs::remove_file(self.loose(id)).expect("the object is loose");
    }
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A document as the visitor saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub path: String,
    pub raw_path: Vec<u8>,
    pub text: String,
    pub added: Option<Vec<Range<u64>>>,
    pub origin: Origin,
}

impl Seen {
    /// The id of the commit.
    pub fn commit(&self) -> &str {
        self.origin.commit.as_ref().map_or("", |commit| &commit.id)
    }

    /// The text of the lines that count.
    pub fn added_text(&self) -> Vec<&str> {
        let counts = |line: u64| {
            self.added.as_ref().is_none_or(|added| added.iter().any(|range| range.contains(&line)))
        };
        self.text.lines().zip(1..).filter(|&(_, line)| counts(line)).map(|(text, _)| text).collect()
    }
}

/// What a source gave, sorted by path, commit and text.
#[derive(Debug)]
pub struct Gathered {
    pub documents: Vec<Seen>,
    pub report: CoverageReport,
}

impl Gathered {
    /// The paths of the documents.
    pub fn paths(&self) -> Vec<&str> {
        self.documents.iter().map(|seen| seen.path.as_str()).collect()
    }

    /// The documents of one kind.
    pub fn of(&self, kind: OriginKind) -> Vec<&Seen> {
        self.documents.iter().filter(|seen| seen.origin.kind == kind).collect()
    }

    /// The only document at a path.
    pub fn at(&self, path: &str) -> &Seen {
        let found: Vec<_> = self.documents.iter().filter(|seen| seen.path == path).collect();
        assert_eq!(found.len(), 1, "documents at {path}: {:?}", self.paths());
        found[0]
    }

    /// The only document with this text in it.
    pub fn with(&self, text: &str) -> &Seen {
        let found: Vec<_> = self.documents.iter().filter(|seen| seen.text.contains(text)).collect();
        assert_eq!(found.len(), 1, "documents with {text}: {found:?}");
        found[0]
    }

    /// Whether any document has this text.
    pub fn has(&self, text: &str) -> bool {
        self.documents.iter().any(|seen| seen.text.contains(text))
    }

    /// The sorts of gap.
    pub fn gaps(&self) -> Vec<Gap> {
        self.report.left_out.iter().map(|item| item.gap).collect()
    }

    /// That nothing was left out.
    pub fn whole(self) -> Self {
        assert!(self.report.is_complete(), "{:?}", self.report.left_out);
        self
    }
}

/// Reads a source to its end.
pub fn try_gather(source: &dyn Source) -> Result<Gathered, SourceError> {
    let documents = Mutex::new(Vec::new());
    let coverage = Coverage::default();
    let visit = |document: &Document<'_>| {
        let seen = Seen {
            path: document.path.to_string(),
            raw_path: document.path.as_bytes().to_vec(),
            text: String::from_utf8_lossy(document.text).into_owned(),
            added: document.added.map(<[_]>::to_vec),
            origin: Origin::clone(document.origin),
        };
        documents.lock().expect("no visitor panics").push(seen);
    };
    source.read(&visit, &coverage)?;
    let mut documents = documents.into_inner().expect("no visitor panics");
    documents.sort_by(|a, b| {
        let key = |seen: &Seen| (seen.raw_path.clone(), seen.origin.order, seen.text.clone());
        key(a).cmp(&key(b))
    });
    Ok(Gathered { documents, report: coverage.finish() })
}

/// The same where it has to work.
pub fn gather(source: &dyn Source) -> Gathered {
    try_gather(source).unwrap_or_else(|error| panic!("{error}"))
}

/// Tells what is wrong with a SARIF log by the official schema.
pub fn sarif_problems() -> impl Fn(&serde_json::Value) -> Vec<String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/sarif-schema-2.1.0.json");
    let text = fs::read_to_string(file).expect("the schema is there");
    let mut schema: serde_json::Value = serde_json::from_str(&text).expect("a schema is JSON");
    drop_broken_patterns(&mut schema);
    let validator = jsonschema::validator_for(&schema).expect("the schema is right but for one pattern");
    move |log| validator.iter_errors(log).map(|error| error.to_string()).collect()
}

/// The published schema has a pattern with a stray bracket, which no validator compiles.
fn drop_broken_patterns(schema: &mut serde_json::Value) {
    match schema {
        serde_json::Value::Object(object) => {
            if object
                .get("pattern")
                .and_then(|pattern| pattern.as_str())
                .is_some_and(|text| text.contains("[a-zA-Z]{2}|"))
            {
                object.remove("pattern");
            }
            object.values_mut().for_each(drop_broken_patterns);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(drop_broken_patterns),
        _ => {}
    }
}
