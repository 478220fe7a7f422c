//! All of history by what changed, held against reading every version whole, and both against what
//! git itself tells: random repositories in every form of storage that git has.
//!
//! `KEYTRAIL_REPOSITORIES` sets how many repositories are made; `KEYTRAIL_SEED` makes one alone, and
//! leaves it in its temporary folder.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;
#[path = "common/histories.rs"]
mod histories;

use common::Repo;
use histories::{History as Story, Random};
use keytrail::coverage::{Coverage, CoverageReport};
use keytrail::detect::probe::{Floor, Probe};
use keytrail::detect::{Engine, Match, RuleChoice};
use keytrail::document::Document;
use keytrail::history::{History, cache};
use keytrail::level::Confidence;
use keytrail::origin::{Origin, OriginKind, RepoPath};
use keytrail::rule::Pack;
use keytrail::scan::Scan;
use keytrail::settings::{ConfigFile, Overrides, Settings};
use keytrail::source::container::{Limits, Reading};
use keytrail::source::filter::PathFilter;
use keytrail::source::text::{Subject, deliver};
use keytrail::source::{Source, SourceError, Visit};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// What a user may set, with the engine and the probe that it asks for.
struct Setup {
    settings: Settings,
    engine: &'static Engine,
    probe: Probe<'static>,
}

impl Setup {
    fn new(file: &str) -> Self {
        let file = ConfigFile::parse(Path::new("keytrail.toml"), &format!("version = 1\n{file}")).unwrap();
        let settings = Settings::resolve(Some(file), Overrides::default(), Overrides::default()).unwrap();
        let off = settings.rule_overrides.keys().filter(|id| !settings.rule_enabled(id));
        let choice = RuleChoice { disabled: off.cloned().collect(), no_decode: !settings.decode };
        let engine: &'static Engine =
            Box::leak(Box::new(Engine::new(Arc::new(Pack::embedded().unwrap()), &choice)));
        let raises = |id: &str| settings.rule_overrides.get(id).is_some_and(|own| own.confidence.is_some());
        let probe = Probe::new(engine, &Floor { confidence: settings.confidence, any_of: &raises });
        Self { settings, engine, probe }
    }

    /// The settings of the repository of a seed: most often none.
    fn of(seed: u64) -> &'static Self {
        const FILES: [&str; 6] = [
            "",
            "[report]\nconfidence = \"low\"",
            "[report]\nconfidence = \"high\"",
            "[scan]\ndecode = false",
            "[scan]\nmax-archive-depth = 0",
            "[scan]\nexclude = [\"vendor/\", \"*.md\", \"**/main.rs\"]\n\
             [rule.generic-password]\nenabled = false\n\
             [rule.alibaba-sts-access-key-id]\nconfidence = \"high\"\n\
             [rule.coinbase-cdp-key-name]\nconfidence = \"medium\"",
        ];
        static SETUPS: [OnceLock<Setup>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];
        let which = Random::new(seed ^ 0x5e77).below(3 * FILES.len());
        let which = if which < FILES.len() { which } else { 0 };
        SETUPS[which].get_or_init(|| Self::new(FILES[which]))
    }

    fn reports(&self, found: &Match) -> bool {
        let raised =
            || self.settings.rule_overrides.get(self.rule(found)).is_some_and(|own| own.confidence.is_some());
        found.confidence >= self.settings.confidence || raised()
    }

    fn rule(&self, found: &Match) -> &'static str {
        self.engine.pack().rules()[found.rule].id
    }

    fn limits(&self) -> Limits {
        Limits { depth: self.settings.max_archive_depth, max_file_size: self.settings.max_file_size }
    }

    /// What is reported of a document.
    fn hits(&self, document: &Document<'_>) -> Vec<Hit> {
        let origin = document.origin;
        let object = origin.blob.clone().or_else(|| Some(origin.commit.as_ref()?.id.clone()));
        let matches = self.engine.scan(document).matches.into_iter().filter(|found| self.reports(found));
        matches
            .map(|found| Hit {
                object: object.clone().unwrap_or_default(),
                path: document.path.as_bytes().escape_ascii().to_string(),
                rule: self.rule(&found),
                span: (found.span.start, found.span.end),
                confidence: found.confidence,
                secret: found.secret(document.text).escape_ascii().to_string(),
            })
            .collect()
    }
}

/// So many repositories are made of each form if nobody says otherwise.
const EACH: usize = 6;

/// How the objects of a repository are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Each in a file of its own.
    Loose,
    /// The same, and some are gone.
    Losing,
    /// In the pack that the import made.
    Imported,
    /// In one pack, all deltas made anew.
    Repacked,
    /// With long chains of deltas.
    Deep,
    /// As `git gc --aggressive` leaves it, with what nothing reaches in a pack of its own or loose.
    Collected,
    /// In one pack with what nothing reaches.
    Kept,
    /// In one pack whose deltas name their bases by id.
    ByName,
    /// With an index of the first version.
    OldIndex,
    /// With an index and no reverse index.
    NoReverse,
    /// With ids of SHA-256.
    Sha256,
    /// In several packs and loose ones.
    Several,
    /// In several packs that hold some objects more than once.
    Overlapping,
    /// In several packs with one index over all.
    MultiIndex,
    /// With a file of all commits.
    CommitGraph,
    /// A clone that keeps only what is new.
    Shared,
    /// A clone that knows another one.
    Referenced,
    /// A working tree with staged content, and another one beside it.
    Worktrees,
    /// A clone of the newest commits.
    Shallow,
    /// A clone without blobs, or with some.
    Partial,
}

/// A repository of a form. The others have to stay as long as it does.
struct Built {
    repo: Repo,
    others: Vec<Repo>,
    story: Story,
}

impl Built {
    fn new(seed: u64, arguments: &[&str]) -> Self {
        let repo = Repo::folder();
        repo.git(&[&["init", "-q"], arguments].concat());
        let digits = if arguments.contains(&"--object-format=sha256") { 64 } else { 40 };
        Self { repo, others: Vec::new(), story: Story::new(seed, digits) }
    }

    /// More commits. Fewer objects than `loose` are written as loose ones.
    fn import(&mut self, commits: usize, loose: usize) {
        let stream = self.story.stream(commits);
        let limit = format!("fastimport.unpackLimit={loose}");
        self.repo.git_with_input(
            &["-c", &limit, "-c", "core.fsync=none", "fast-import", "--quiet", "--force"],
            &stream,
        );
    }

    /// Takes some refs away and adds other ones.
    fn move_refs(&mut self, random: &mut Random) {
        let mut lines = String::new();
        for branch in self.story.branches() {
            if branch != "refs/heads/main" && random.chance(40) {
                writeln!(lines, "delete {branch}").unwrap();
                self.story.forget(&branch);
            }
        }
        self.repo.git_with_input(&["update-ref", "--stdin"], lines.as_bytes());
        if random.chance(25) {
            // Where history is too short there is nothing to go back to.
            let _ = self.repo.try_git(&["update-ref", "refs/heads/main", "refs/heads/main~2"]);
        }
        if random.chance(15) {
            let _ = self.repo.try_git(&["update-ref", "--no-deref", "HEAD", "refs/heads/main~1"]);
        }
        if random.chance(15) {
            let _ = self.repo.try_git(&["update-ref", "refs/tags/of-tree", "refs/heads/main~1^{tree}"]);
        }
        if random.chance(15) {
            let id = self.repo.git_with_input(&["hash-object", "-w", "--stdin"], &self.story.text());
            self.repo.git(&["update-ref", "refs/tags/of-blob", &id]);
        }
        if random.chance(15) {
            self.repo.git_with_input(&["hash-object", "-w", "--stdin"], &self.story.text());
        }
    }

    fn repack(&self, before: &[&str], more: &[&str]) {
        self.repo.git(&[before, &["repack", "-q"], more].concat());
    }

    /// The repository becomes a clone of what it was.
    fn cloned(&mut self, arguments: &[&str], by_url: bool) {
        let clone = Repo::folder();
        let other = std::mem::replace(&mut self.repo, clone);
        let path = other.path().display().to_string();
        let url = if by_url { format!("file://{path}") } else { path };
        self.repo.git(&[&["clone", "-q"], arguments, &[url.as_str(), "."]].concat());
        self.others.push(other);
    }

    fn make(form: Form, seed: u64) -> Self {
        // The same seed makes another history in each form.
        let seed = seed << 8 | form as u64;
        let mut random = Random::new(seed ^ 0x00f0_4000);
        let random = &mut random;
        let bare: &[&str] = if random.chance(50) { &["--bare"] } else { &[] };
        let arguments = match form {
            Form::Sha256 => [bare, &["--object-format=sha256"]].concat(),
            Form::Worktrees => Vec::new(),
            _ => bare.to_vec(),
        };
        let mut built = Self::new(seed, &arguments);
        let loose = |random: &mut Random| if random.chance(50) { 1 } else { 100_000 };
        let commits = random.between(5, 45);
        let first = match form {
            Form::Loose | Form::Losing => 100_000,
            Form::Imported | Form::Overlapping => 1,
            _ => loose(random),
        };
        built.import(commits, first);
        let early = random.chance(50);
        if early {
            built.move_refs(random);
        }
        let (depth, window) =
            (format!("--depth={}", random.between(5, 50)), format!("--window={}", random.between(5, 100)));
        let anew = ["-adf", depth.as_str(), window.as_str()];
        match form {
            Form::Loose | Form::Imported => {}
            Form::Losing => {
                let mut files: Vec<PathBuf> = Vec::new();
                let objects = built.repo.path().join(built.repo.git(&["rev-parse", "--git-path", "objects"]));
                for folder in fs::read_dir(objects).unwrap().flatten() {
                    if folder.file_name().len() == 2 {
                        files.extend(fs::read_dir(folder.path()).unwrap().flatten().map(|file| file.path()));
                    }
                }
                files.sort();
                let kept: BTreeSet<String> = ["refs/heads/main", "HEAD"]
                    .iter()
                    .filter_map(|name| built.repo.try_git(&["rev-parse", name]).ok())
                    .collect();
                for _ in 0..random.between(1, 3) {
                    let file = &files[random.below(files.len())];
                    let id = format!("{}", file.display()).replace('/', "");
                    if !kept.iter().any(|tip| id.ends_with(tip)) {
                        // One may come up twice.
                        let _ = fs::remove_file(file);
                    }
                }
            }
            Form::Repacked => built.repack(&[], &anew),
            Form::Deep => built.repack(&[], &["-adf", "--depth=4095", "--window=50"]),
            Form::Collected => {
                let cruft = if random.chance(50) { "--cruft" } else { "--no-cruft" };
                let prune = if random.chance(70) { "--prune=never" } else { "--prune=now" };
                built.repo.git(&["gc", "-q", "--aggressive", cruft, prune]);
            }
            Form::Kept => built.repack(&[], &["-adfk", depth.as_str(), window.as_str()]),
            Form::ByName => built.repack(&["-c", "repack.useDeltaBaseOffset=false"], &anew),
            Form::OldIndex => {
                built.repack(&["-c", "pack.indexVersion=1", "-c", "pack.writeReverseIndex=false"], &anew);
            }
            Form::NoReverse => built.repack(&["-c", "pack.writeReverseIndex=false"], &anew),
            Form::Sha256 => {
                if random.chance(70) {
                    built.repack(&[], &anew);
                }
            }
            Form::Several | Form::Overlapping | Form::MultiIndex | Form::CommitGraph => {
                let all = if form == Form::Overlapping { "-af" } else { "-df" };
                for _ in 0..random.between(1, 3) {
                    built.repack(&[], &[all, depth.as_str()]);
                    let (more, loose) = (random.between(1, 15), loose(random));
                    built.import(more, loose);
                }
                if form != Form::Several {
                    built.repack(&[], &[all, depth.as_str()]);
                }
                if form == Form::MultiIndex {
                    built.repo.git(&["multi-pack-index", "write", "--no-progress"]);
                }
                if form == Form::CommitGraph {
                    built.repo.git(&["commit-graph", "write", "--reachable", "--no-progress"]);
                }
            }
            Form::Shared | Form::Referenced => {
                for _ in 0..random.between(1, 2) {
                    if random.chance(50) {
                        built.repack(&[], &anew);
                    }
                    if form == Form::Shared {
                        built.cloned(&["--mirror", "--shared"], false);
                    } else {
                        let other = built.repo.path().display().to_string();
                        built.cloned(&["--mirror", "--reference", &other], true);
                    }
                    let (more, loose) = (random.between(1, 15), loose(random));
                    built.import(more, loose);
                }
                if random.chance(50) {
                    built.repack(&[], &["-adfl", depth.as_str()]);
                }
            }
            Form::Worktrees => built.stage(random),
            Form::Shallow | Form::Partial => {
                built.repo.git(&["config", "uploadpack.allowFilter", "true"]);
                built.repo.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
                let depth = format!("--depth={}", random.between(1, 8));
                let bare = if random.chance(50) { "--bare" } else { "--no-checkout" };
                let cut = if form == Form::Shallow { depth.as_str() } else { "--filter=blob:none" };
                let blobs = built.repo.git(&[
                    "rev-list",
                    "--objects",
                    "--all",
                    "--no-object-names",
                    "--filter=object:type=blob",
                    "--filter-provided-objects",
                ]);
                built.cloned(&[cut, bare, "--no-single-branch"], true);
                let wanted: Vec<&str> = blobs.lines().filter(|_| random.chance(30)).collect();
                if form == Form::Partial && random.chance(60) && !wanted.is_empty() {
                    built.repo.git(&[&["fetch", "-q", "origin"], &wanted[..]].concat());
                }
            }
        }
        if !early && form != Form::Partial {
            if matches!(form, Form::Shallow) {
                built.story.forget_all();
            }
            built.move_refs(random);
        }
        built
    }

    /// A linked worktree, and content that is staged in both.
    fn stage(&mut self, random: &mut Random) {
        let linked = self.repo.beside("linked");
        let linked = linked.to_str().unwrap();
        self.repo.git(&["worktree", "add", "-q", "--no-checkout", "--detach", linked, "refs/heads/main"]);
        for (folder, name) in [(".", "staged here.yaml"), (linked, "staged there.py"), (linked, "again.env")]
        {
            if random.chance(70) {
                let id = self.repo.git_with_input(&["hash-object", "-w", "--stdin"], &self.story.text());
                let entry = format!("100644,{id},{name}");
                self.repo.git(&["-C", folder, "update-index", "--add", "--cacheinfo", &entry]);
            }
        }
        if random.chance(50) {
            self.repack(&[], &["-adf"]);
        }
    }
}

/// Something that is reported of a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    /// The blob, the commit or the tag.
    object: String,
    /// With the path inside of a container.
    path: String,
    rule: &'static str,
    span: (usize, usize),
    confidence: Confidence,
    secret: String,
}

/// What one reading of a repository comes to.
#[derive(Default)]
struct Told {
    /// With where each document comes from.
    hits: BTreeSet<(Hit, String)>,
    /// The objects that were handed over, with whether something reaches them, and their paths.
    objects: BTreeMap<String, (Option<bool>, Vec<u8>)>,
    findings: String,
    warnings: Vec<String>,
    coverage: CoverageReport,
}

/// Hands everything to a second visitor as well.
struct Both<'a> {
    source: &'a dyn Source,
    also: &'a Visit<'a>,
}

impl Source for Both<'_> {
    fn read(&self, visit: &Visit<'_>, coverage: &Coverage) -> Result<(), SourceError> {
        let both = |document: &Document<'_>| {
            visit(document);
            (self.also)(document);
        };
        self.source.read(&both, coverage)
    }
}

/// The part of a path that git knows.
fn outside(path: &[u8]) -> Vec<u8> {
    path[..memchr::memmem::find(path, b"!/").unwrap_or(path.len())].to_vec()
}

fn told(path: &Path, setup: &Setup, by_delta: bool, cache: Option<cache::Key>) -> Told {
    let told = Mutex::new(Told::default());
    let also = |document: &Document<'_>| {
        let (hits, origin) = (setup.hits(document), document.origin);
        let shown = format!("{origin:?}");
        let mut told = told.lock().unwrap();
        let object = origin.blob.clone().unwrap_or_else(|| origin.commit.as_ref().unwrap().id.clone());
        told.objects.insert(object, (origin.reachable, outside(document.path.as_bytes())));
        told.hits.extend(hits.into_iter().map(|hit| (hit, shown.clone())));
    };
    let coverage = Coverage::default();
    let scan = Scan::new(setup.engine, &setup.settings, &coverage, true);
    let wants = |path: &RepoPath, folder: bool| setup.settings.wants(path, folder);
    let filter: Option<PathFilter<'_>> = if setup.settings.leaves_out() { Some(&wants) } else { None };
    let probe = by_delta.then_some(&setup.probe);
    let history = History {
        path: Some(path.to_owned()),
        filter,
        containers: setup.limits(),
        probe,
        cache,
        recall: None,
    };
    scan.read(&Both { source: &history, also: &also }).unwrap();
    let (findings, warnings) = scan.finish();
    let findings = format!("{findings:#?}");
    Told { findings, warnings, coverage: coverage.finish(), ..told.into_inner().unwrap() }
}

/// What git prints.
fn git(repo: &Repo, arguments: &[&str], input: Option<&[u8]>) -> Vec<u8> {
    let mut command = repo.command(arguments);
    // What a partial clone left out is not to be got now.
    command.env("GIT_NO_LAZY_FETCH", "1");
    if let Some(input) = input {
        let file = repo.beside("input");
        fs::write(&file, input).unwrap();
        command.stdin(fs::File::open(&file).unwrap());
    }
    let output = command.stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What git alone tells of the objects that something reaches.
#[derive(Default)]
struct Plain {
    /// Every object but folders.
    objects: BTreeSet<String>,
    /// Those that no ref reaches: they are only staged.
    staged: BTreeSet<String>,
    hits: BTreeSet<Hit>,
}

/// Reads every object with git alone; `paths` tells the path of each blob.
fn plain(repo: &Repo, setup: &Setup, paths: &BTreeMap<String, (Option<bool>, Vec<u8>)>) -> Plain {
    let list = |from: &[&str]| {
        git(
            repo,
            &[&["rev-list", "--objects", "--no-object-names", "--missing=allow-any"], from].concat(),
            None,
        )
    };
    let set = |ids: &[u8]| -> BTreeSet<String> {
        String::from_utf8_lossy(ids).lines().map(str::to_owned).collect()
    };
    let (ids, of_refs) = (list(&["--all", "--indexed-objects"]), list(&["--all"]));
    let stored = git(repo, &["cat-file", "--batch", "--buffer"], Some(&ids));
    let mut plain = Plain { staged: &set(&ids) - &set(&of_refs), ..Plain::default() };
    let mut rest = stored.as_slice();
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = std::str::from_utf8(&rest[..end]).unwrap();
        let fields: Vec<&str> = line.split(' ').collect();
        rest = &rest[end + 1..];
        let &[id, kind, length] = fields.as_slice() else { continue };
        let (bytes, after) = rest.split_at(length.parse().unwrap());
        rest = &after[1..];
        if kind == "tree" {
            continue;
        }
        let found = Mutex::new(Vec::new());
        let visit = |document: &Document<'_>| found.lock().unwrap().extend(setup.hits(document));
        let (coverage, blob) = (Coverage::default(), Some(id.to_owned()));
        if kind == "blob" {
            // A filter may want none of its paths.
            if setup.settings.leaves_out() && !paths.contains_key(id) {
                continue;
            }
            let path = RepoPath::new(paths.get(id).map_or(&b"?"[..], |(_, path)| path));
            let origin = Arc::new(Origin { blob, ..Origin::plain(OriginKind::Blob) });
            let subject = Subject { path: &path, origin: &origin, added: None, known: None };
            let limits = setup.limits();
            Reading { limits, filter: None, visit: &visit, coverage: &coverage }.bytes(bytes, subject);
        } else {
            let (path, kind) = match kind {
                "commit" => ("commit-message", OriginKind::CommitMessage),
                _ => ("tag-message", OriginKind::TagMessage),
            };
            let (path, origin) = (RepoPath::new(path), Arc::new(Origin { blob, ..Origin::plain(kind) }));
            let start = memchr::memmem::find(bytes, b"\n\n").map_or(bytes.len(), |at| at + 2);
            let subject = Subject { path: &path, origin: &origin, added: None, known: None };
            deliver(&bytes[start..], subject, &visit, &coverage);
        }
        plain.objects.insert(id.to_owned());
        plain.hits.extend(found.into_inner().unwrap());
    }
    plain
}

/// The places that git knows of each blob: what was added in any commit, and what a tag of a folder
/// has.
fn places(repo: &Repo) -> BTreeSet<(String, Vec<u8>)> {
    let log = ["log", "--all", "--raw", "-z", "-m", "--root", "--no-renames", "--no-abbrev", "--format="];
    let mut places = BTreeSet::new();
    let log = git(repo, &log, None);
    let mut fields = log.split(|&byte| byte == 0);
    while let Some(field) = fields.next() {
        let shown = String::from_utf8_lossy(field);
        let Some(id) = shown.trim_start().strip_prefix(':').and_then(|line| line.split(' ').nth(3)) else {
            continue;
        };
        places.insert((id.to_owned(), fields.next().unwrap_or_default().to_vec()));
    }
    if repo.try_git(&["rev-parse", "--verify", "refs/tags/of-tree"]).is_ok() {
        let list = git(repo, &["ls-tree", "-r", "-z", "refs/tags/of-tree"], None);
        for entry in list.split(|&byte| byte == 0) {
            let Some(tab) = memchr::memchr(b'\t', entry) else { continue };
            let fields = String::from_utf8_lossy(&entry[..tab]).into_owned();
            places
                .insert((fields.split(' ').nth(2).unwrap_or_default().to_owned(), entry[tab + 1..].to_vec()));
        }
    }
    places
}

/// The differences of two sets.
fn differences<T: Ord + std::fmt::Debug>(what: &str, one: &BTreeSet<T>, other: &BTreeSet<T>) -> String {
    let mut text = String::new();
    for (side, more) in
        [("only the first", one.difference(other)), ("only the second", other.difference(one))]
    {
        for item in more.take(6) {
            writeln!(text, "{what}: {side} has {item:?}").unwrap();
        }
    }
    text
}

/// How many objects were there, and how many of them the way by what changed looked at whole.
#[derive(Default)]
struct Tally {
    repositories: AtomicUsize,
    documents: AtomicUsize,
    handed_over: AtomicUsize,
    hits: AtomicUsize,
}

/// The differences of two accounts. The way by what changed tells of each submodule's commit at one
/// path, where the other one tells of it in every folder that has it.
fn accounts(delta: &CoverageReport, whole: &CoverageReport) -> String {
    let mut wrong = String::new();
    for (what, one, other) in [
        ("documents", delta.documents, whole.documents),
        ("bytes", delta.bytes, whole.bytes),
        ("commits", delta.commits, whole.commits),
    ] {
        if one != other {
            writeln!(wrong, "{one} {what} by delta, {other} whole").unwrap();
        }
    }
    let set = |report: &CoverageReport| report.left_out.iter().map(ToString::to_string).collect();
    wrong += &differences("left out by delta and whole", &set(delta), &set(whole));
    let is_submodule = |notice: &&String| notice.contains("a submodule, ");
    let (some, all): (BTreeSet<&String>, BTreeSet<&String>) = (
        delta.notices.iter().collect(),
        whole.notices.iter().filter(|notice| !is_submodule(notice)).collect(),
    );
    let told: BTreeSet<&String> = some.iter().copied().filter(|notice| !is_submodule(notice)).collect();
    wrong += &differences("notices by delta and whole", &told, &all);
    for notice in some.iter().filter(|&notice| is_submodule(notice)) {
        if !whole.notices.contains(notice) {
            writeln!(wrong, "only by delta: {notice}").unwrap();
        }
    }
    let has_any = |report: &CoverageReport| report.notices.iter().any(|notice| is_submodule(&notice));
    if has_any(delta) != has_any(whole) {
        writeln!(wrong, "one way alone tells of submodules").unwrap();
    }
    wrong
}

fn compare(form: Form, seed: u64, built: &Built, tally: &Tally) -> String {
    let path = built.repo.path();
    let setup = Setup::of(seed);
    let (mut delta, whole) = (told(path, setup, true, None), told(path, setup, false, None));
    let mut wrong = differences("hits by delta and whole", &delta.hits, &whole.hits);
    // What is kept for the next scan, and then used.
    for round in ["first", "second"] {
        let kept = told(path, setup, true, Some([7; 32]));
        if (&kept.hits, &kept.findings, &kept.warnings) != (&delta.hits, &delta.findings, &delta.warnings) {
            writeln!(wrong, "the {round} scan with a cache differs from one without").unwrap();
        }
        wrong += &accounts(&kept.coverage, &delta.coverage);
    }
    if wrong.is_empty() && delta.findings != whole.findings {
        let differs = delta.findings.lines().zip(whole.findings.lines()).find(|(one, other)| one != other);
        writeln!(wrong, "findings by delta and whole: {differs:?}").unwrap();
    }
    if delta.warnings != whole.warnings {
        writeln!(wrong, "warnings by delta: {:?}\nwhole: {:?}", delta.warnings, whole.warnings).unwrap();
    }
    if setup.settings.leaves_out() {
        // The way by what changed counts blobs that it has no need to find a path for, be it one that
        // is left out.
        let (by_delta, wholly) = (&delta.coverage, &whole.coverage);
        if by_delta.documents < wholly.documents || by_delta.bytes < wholly.bytes {
            writeln!(wrong, "fewer documents or bytes by delta than whole").unwrap();
        }
        (delta.coverage.documents, delta.coverage.bytes) = (whole.coverage.documents, whole.coverage.bytes);
    }
    wrong += &accounts(&delta.coverage, &whole.coverage);
    for (object, (reachable, path)) in &delta.objects {
        if whole.objects.get(object) != Some(&(*reachable, path.clone())) {
            let other = whole.objects.get(object);
            writeln!(wrong, "object {object} by delta: {reachable:?}, {path:?}; whole: {other:?}").unwrap();
        }
    }
    // git tells nothing of what is below an object that is lost.
    if form != Form::Losing {
        let plain = plain(&built.repo, setup, &whole.objects);
        let is_reached = |hit: &&(Hit, String)| plain.objects.contains(&hit.0.object);
        let hits = delta.hits.iter().filter(is_reached).map(|(hit, _)| hit.clone()).collect();
        wrong += &differences("hits by delta and by git", &hits, &plain.hits);
        // What is staged and in a commit that nothing reaches counts as that commit's.
        let reached = whole.objects.iter().filter(|(_, (reachable, _))| *reachable == Some(true));
        let reached: BTreeSet<String> = reached.map(|(object, _)| object.clone()).collect();
        let sure = |objects: &BTreeSet<String>| objects - &plain.staged;
        let (of_whole, of_git) = (sure(&reached), sure(&plain.objects));
        // Nor does a filter always let through the place at which something is reached.
        if !setup.settings.leaves_out() {
            wrong += &differences("objects that are reached, whole and by git", &of_whole, &of_git);
        }
        let places = places(&built.repo);
        for (object, (_, path)) in whole.objects.iter().filter(|(object, _)| plain.objects.contains(*object))
        {
            let is_named = path.starts_with(b"refs/")
                || path.ends_with(b"-message")
                || matches!(path.as_slice(), b"staged here.yaml" | b"staged there.py" | b"again.env");
            let is_kept = reached.contains(object);
            if is_kept && !is_named && !places.contains(&(object.clone(), path.clone())) {
                let path = String::from_utf8_lossy(path);
                writeln!(wrong, "object {object} was never at {path}").unwrap();
            }
        }
    }
    tally.repositories.fetch_add(1, Ordering::Relaxed);
    tally.documents.fetch_add(whole.objects.len(), Ordering::Relaxed);
    tally.handed_over.fetch_add(delta.objects.len(), Ordering::Relaxed);
    tally.hits.fetch_add(whole.hits.len(), Ordering::Relaxed);
    wrong
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number")))
}

/// Makes repositories of some forms and compares what the readings of each tell.
fn check(test: &str, forms: &[Form]) {
    /// All forms together.
    const FORMS: usize = 20;
    let alone = number("KEYTRAIL_SEED");
    let seeds: Vec<u64> = match (alone, number("KEYTRAIL_REPOSITORIES")) {
        (Some(seed), _) => vec![seed],
        (None, Some(count)) => (0..(count as usize * forms.len()).div_ceil(FORMS) as u64).collect(),
        (None, None) => (0..(EACH * forms.len()) as u64).collect(),
    };
    let (next, tally, wrong) = (AtomicUsize::new(0), Tally::default(), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from).min(seeds.len()) {
            scope.spawn(|| {
                while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let form = forms[seed as usize % forms.len()];
                    let built = Built::make(form, seed);
                    let problems = compare(form, seed, &built, &tally);
                    if !problems.is_empty() {
                        wrong.lock().unwrap().push((seed, form, problems));
                    }
                    if alone.is_some() {
                        println!("{form:?} with seed {seed}: {}", built.repo.path().display());
                        std::mem::forget(built);
                    }
                }
            });
        }
    });
    let Tally { repositories, documents, handed_over, hits } = tally;
    println!(
        "{test}: {repositories:?} repositories with {documents:?} blobs and messages, of which \
         {handed_over:?} were looked at whole; {hits:?} matches"
    );
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort_by_key(|&(seed, ..)| seed);
    let count = wrong.len();
    let mut told = String::new();
    for (seed, form, problems) in wrong.iter().take(5) {
        let again = format!("KEYTRAIL_SEED={seed} cargo test --test history_delta {test}");
        writeln!(told, "\n{form:?}; alone: {again}\n{problems}").unwrap();
    }
    assert!(wrong.is_empty(), "{count} of {repositories:?} repositories{told}");
}

#[test]
fn loose_objects_and_packs_of_imports() {
    check("loose_objects_and_packs_of_imports", &[Form::Loose, Form::Imported, Form::Losing]);
}

#[test]
fn one_pack() {
    check("one_pack", &[Form::Repacked, Form::Deep, Form::Collected, Form::Kept]);
}

#[test]
fn formats_of_packs_and_ids() {
    check("formats_of_packs_and_ids", &[Form::ByName, Form::OldIndex, Form::NoReverse, Form::Sha256]);
}

#[test]
fn several_packs() {
    check("several_packs", &[Form::Several, Form::Overlapping, Form::MultiIndex, Form::CommitGraph]);
}

#[test]
fn objects_of_others_and_worktrees() {
    check("objects_of_others_and_worktrees", &[Form::Shared, Form::Referenced, Form::Worktrees]);
}

#[test]
fn clones_that_lack_something() {
    check("clones_that_lack_something", &[Form::Shallow, Form::Partial]);
}
