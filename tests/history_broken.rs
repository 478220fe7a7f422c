//! Repositories that are damaged, or forged to do harm: a scan of history finds in them what it finds
//! in the whole ones, or tells what it could not read. It does not panic and does not hang.
//!
//! `KEYTRAIL_DAMAGES` is the number of damages at random, `KEYTRAIL_DAMAGE` the seed of one to try
//! again. What fails names its seed.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;
#[path = "common/packs.rs"]
mod packs;

use common::Repo;
use git2::Oid;
use keytrail::coverage::{Coverage, CoverageReport, Gap};
use keytrail::detect::probe::{Floor, Probe};
use keytrail::detect::{Engine, RuleChoice};
use keytrail::document::Document;
use keytrail::history::History;
use keytrail::level::Confidence;
use keytrail::rule::{Pack, template};
use keytrail::source::{Source, SourceError};
use packs::{BLOB, COMMIT, Delta, OFS_DELTA, Packed, TREE, commit, id_of, tree_entry};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::time::Duration;
use tempfile::TempDir;

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Arc::new(Pack::embedded().unwrap()), &RuleChoice::default()));
static PROBE: LazyLock<Probe<'static>> =
    LazyLock::new(|| Probe::new(&ENGINE, &Floor { confidence: Confidence::Medium, any_of: &|_| false }));

/// A secret in a place: path, commit, blob, rule, where it stands.
type Found = BTreeSet<(String, String, String, &'static str, usize)>;

/// What a scan says.
struct Said {
    found: Found,
    report: CoverageReport,
}

impl Said {
    fn is_told(&self, of: &str) -> bool {
        self.report.left_out.iter().any(|item| item.what.contains(of))
    }
}

fn read(path: &Path, probe: Option<&Probe<'_>>) -> Result<Said, SourceError> {
    let found = Mutex::new(Found::new());
    let coverage = Coverage::default();
    let visit = |document: &Document<'_>| {
        for hit in ENGINE.scan(document).matches {
            if hit.confidence >= Confidence::Medium {
                let commit = document.origin.commit.as_ref().map_or("", |commit| &commit.id);
                found.lock().unwrap().insert((
                    document.path.to_string(),
                    commit.to_owned(),
                    document.origin.blob.clone().unwrap_or_default(),
                    ENGINE.pack().rules()[hit.rule].id,
                    hit.span.start,
                ));
            }
        }
    };
    History { path: Some(path.to_owned()), probe, ..History::default() }.read(&visit, &coverage)?;
    Ok(Said { found: found.into_inner().unwrap(), report: coverage.finish() })
}

/// Far more than a scan takes: only one that never ends is stopped by it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Scans by what changed.
fn scan(path: &Path, name: &str) -> Result<Said, SourceError> {
    let (done, waiting) = mpsc::channel();
    let path = path.to_owned();
    let scanning = std::thread::spawn(move || {
        let said = read(&path, Some(&PROBE));
        // Nobody waits any more if it took too long.
        let _ = done.send(());
        said
    });
    match waiting.recv_timeout(PATIENCE) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name}: the scan does not end"),
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => {}
    }
    scanning.join().unwrap_or_else(|_| panic!("{name}: the scan panicked"))
}

/// Scans what is damaged: it is found whole, or something is told.
fn check(path: &Path, expected: &Found, name: &str) -> Option<Said> {
    match scan(path, name) {
        Err(error) => {
            assert!(!error.to_string().is_empty(), "{name}");
            None
        }
        Ok(said) => {
            let names_it = |what: &str| {
                what.contains("object ")
                    || ["objects", "refs", "HEAD", "history"].iter().any(|part| what.contains(part))
            };
            for item in &said.report.left_out {
                assert!(names_it(&item.what) && !item.why.is_empty(), "{name}: {item}");
            }
            assert!(
                !said.report.is_complete() || said.found == *expected,
                "{name}: nothing is told, and this is found: {:?}\ninstead of: {expected:?}",
                said.found
            );
            Some(said)
        }
    }
}

/// A token of GitHub's with its checksum, made when the test runs.
fn token(seed: u64) -> String {
    let template = "{{lb}}{{alnum 30}}{{sum github}}".replace("{{lb}}", &["gh", "p_"].concat());
    String::from_utf8(template::expand(&template, seed).unwrap()).unwrap()
}

/// A repository as the files of its `.git` folder.
struct Snapshot {
    files: Vec<(PathBuf, Vec<u8>)>,
    expected: Found,
}

impl Snapshot {
    fn of(repo: &Repo) -> Self {
        let root = repo.path().join(".git");
        let mut files = Vec::new();
        let mut waiting = vec![root.clone()];
        while let Some(folder) = waiting.pop() {
            for entry in fs::read_dir(&folder).unwrap().flatten() {
                let path = entry.path();
                let name = path.strip_prefix(&root).unwrap().to_owned();
                if path.is_dir() {
                    if !["hooks", "logs", "info"].iter().any(|other| name.starts_with(other)) {
                        waiting.push(path);
                    }
                } else {
                    files.push((name, fs::read(path).unwrap()));
                }
            }
        }
        files.sort();
        let expected = read(repo.path(), None).unwrap_or_else(|error| panic!("{error}"));
        assert!(expected.report.is_complete(), "{:?}", expected.report.left_out);
        let snapshot = Self { files, expected: expected.found };
        let whole = snapshot.placed(&[]);
        let said = scan(whole.path(), "whole").unwrap();
        assert!(said.report.is_complete() && said.found == snapshot.expected, "{:?}", said.report);
        snapshot
    }

    /// Writes the repository anew, some of its files with other contents or, with `None`, not at all.
    fn placed(&self, changed: &[(usize, Option<Vec<u8>>)]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (at, (name, content)) in self.files.iter().enumerate() {
            let content = match changed.iter().find(|&&(other, _)| other == at) {
                Some((_, None)) => continue,
                Some((_, Some(content))) => content,
                None => content,
            };
            let path = folder.path().join(".git").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        for name in ["refs", "objects"] {
            fs::create_dir_all(folder.path().join(".git").join(name)).unwrap();
        }
        folder
    }

    /// The files that end so, the largest first: a large pack has a large index.
    fn ending(&self, ending: &str) -> Vec<usize> {
        let ends = |name: &Path| name.extension().is_some_and(|own| own == ending);
        let mut all: Vec<usize> = (0..self.files.len()).filter(|&at| ends(&self.files[at].0)).collect();
        all.sort_by_key(|&at| std::cmp::Reverse(self.files[at].1.len()));
        all
    }

    fn loose(&self) -> Vec<usize> {
        let is_loose = |name: &Path| {
            let folder = name.strip_prefix("objects").ok().and_then(|name| name.parent());
            folder.is_some_and(|folder| folder.as_os_str().len() == 2)
        };
        (0..self.files.len()).filter(|&at| is_loose(&self.files[at].0)).collect()
    }
}

/// Versions of files, folders, tags, secrets in each kind of object, in two packs and loose, reachable
/// and not.
fn history() -> Repo {
    let repo = Repo::init();
    let line = |n: usize| format!("line {n} of a text that is long enough to be worth a delta\n");
    let text = |changed: usize| -> String {
        (0..40).map(|n| if n == changed { format!("line {n} is another\n") } else { line(n) }).collect()
    };
    for n in 0..12 {
        let mut words = text(n * 3);
        if n == 5 {
            words = format!("{words}t = '{}'\n", token(1));
        }
        repo.write("a/b/words.py", &words).write(format!("a/f{}.py", n % 5), text(n + 7));
        if n < 3 {
            repo.write(format!("c/d/e{n}.txt"), format!("{}{n}\n", text(n)));
        }
        let message = if n == 7 { format!("Use {}", token(2)) } else { format!("Commit {n}") };
        repo.commit(&message);
        if n == 9 {
            repo.git(&["tag", "-a", "-m", &format!("With {}", token(3)), "v1"]);
            repo.git(&["repack", "-q", "-adf"]);
        }
    }
    repo.git(&["checkout", "-q", "-b", "gone"]);
    repo.write("gone.py", format!("t = '{}'\n", token(4))).commit("Gone");
    repo.git(&["repack", "-q", "-d"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["branch", "-q", "-D", "gone"]);
    repo.write("loose.py", format!("{}t = '{}'\n", text(3), token(5))).commit("Loose");
    for name in [".git/ORIG_HEAD", ".git/index", ".git/COMMIT_EDITMSG"] {
        // The first two would keep objects alive.
        let _ = fs::remove_file(repo.path().join(name));
    }
    repo
}

/// Made once: most tests damage the same one.
static HISTORY: LazyLock<Snapshot> = LazyLock::new(|| Snapshot::of(&history()));

/// Numbers that look random (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((value ^ value >> 31) % below.max(1) as u64) as usize
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..=self.roll(most)).map(|_| self.roll(256) as u8).collect()
    }
}

/// Where the tables of an index of version 2 begin.
struct Tables {
    count: usize,
    ids: usize,
    sums: usize,
    offsets: usize,
}

impl Tables {
    fn of(index: &[u8]) -> Self {
        let count = u32::from_be_bytes(index[8 + 255 * 4..8 + 256 * 4].try_into().unwrap()) as usize;
        let ids = 8 + 256 * 4;
        Self { count, ids, sums: ids + 20 * count, offsets: ids + 24 * count }
    }
}

/// Exchanges what stands at two places.
fn swap(bytes: &mut [u8], one: usize, other: usize, length: usize) {
    for n in 0..length {
        bytes.swap(one + n, other + n);
    }
}

/// Damages an index where it hurts; returns what was done.
fn damage_index(index: &mut [u8], dice: &mut Dice) -> &'static str {
    let Tables { count, ids, sums, offsets } = Tables::of(index);
    let (one, other) = (dice.roll(count), dice.roll(count));
    let put =
        |index: &mut [u8], at: usize, value: u32| index[at..at + 4].copy_from_slice(&value.to_be_bytes());
    let offset = |index: &[u8]| {
        let at = offsets + 4 * one;
        u32::from_be_bytes(index[at..at + 4].try_into().unwrap())
    };
    match dice.roll(12) {
        0 => {
            swap(index, offsets + 4 * one, offsets + 4 * other, 4);
            "two offsets swapped"
        }
        1 => {
            swap(index, offsets + 4 * one, offsets + 4 * other, 4);
            swap(index, sums + 4 * one, sums + 4 * other, 4);
            "two objects swapped"
        }
        2 => {
            index.copy_within(offsets + 4 * one..offsets + 4 * one + 4, offsets + 4 * other);
            "twice the same place"
        }
        3 => {
            let inside = offset(index) + 1 + dice.roll(40) as u32;
            put(index, offsets + 4 * one, inside);
            "into the middle of an entry"
        }
        4 => {
            put(index, offsets + 4 * one, 0x7fff_0000 - dice.roll(1000) as u32);
            "outside the pack"
        }
        5 => {
            put(index, offsets + 4 * one, 1 << 31 | dice.roll(3) as u32);
            "into the table of large offsets"
        }
        6 => {
            index[ids + 20 * one + dice.roll(20)] ^= 1 << dice.roll(8);
            "a bit of an id"
        }
        7 => {
            swap(index, ids + 20 * one, ids + 20 * other, 20);
            "two ids swapped"
        }
        8 => {
            put(index, 8 + 4 * dice.roll(256), dice.roll(2 * count) as u32);
            "the fan-out"
        }
        9 => {
            index[4 + dice.roll(4)] ^= 1 << dice.roll(8);
            "the version"
        }
        10 => {
            put(index, offsets + 4 * one, dice.roll(12) as u32);
            "into the header of the pack"
        }
        _ => {
            put(index, sums + 4 * one, dice.roll(1 << 20) as u32);
            "a checksum"
        }
    }
}

/// Damages bytes in any way; returns what was done.
fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) -> &'static str {
    let at = dice.roll(bytes.len());
    match dice.roll(7) {
        0 | 1 => {
            bytes[at] ^= 1 << dice.roll(8);
            "a bit flipped"
        }
        2 => {
            let new = dice.bytes(16);
            let end = (at + new.len()).min(bytes.len());
            bytes[at..end].copy_from_slice(&new[..end - at]);
            "overwritten"
        }
        3 => {
            let new = dice.bytes(8);
            bytes.splice(at..at, new);
            "inserted"
        }
        4 => {
            let end = (at + 1 + dice.roll(16)).min(bytes.len());
            bytes.drain(at..end);
            "deleted"
        }
        5 => {
            bytes.truncate(at);
            "cut off"
        }
        _ => {
            let end = (at + 1 + dice.roll(4096)).min(bytes.len());
            bytes[at..end].fill(0);
            "zeros"
        }
    }
}

/// Flips a bit in the header of an entry: its type, its length, what it is made from.
fn damage_header(pack: &mut [u8], index: &[u8], dice: &mut Dice) -> &'static str {
    let Tables { count, offsets, .. } = Tables::of(index);
    let at = offsets + 4 * dice.roll(count);
    let offset = u32::from_be_bytes(index[at..at + 4].try_into().unwrap()) as usize;
    pack[offset + dice.roll(4)] ^= 1 << dice.roll(8);
    "the header of an entry"
}

/// How many damages are tried at random; the default takes some seconds without optimisation.
fn damages() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    match number("KEYTRAIL_DAMAGE") {
        Some(seed) => seed..seed + 1,
        None => 0..number("KEYTRAIL_DAMAGES").unwrap_or(200),
    }
}

#[test]
fn damages_at_random() {
    let history = &*HISTORY;
    let (packs, indexes, loose) = (history.ending("pack"), history.ending("idx"), history.loose());
    assert!(packs.len() == 2 && indexes.len() == 2 && !loose.is_empty());
    let (mut told, mut found) = (0, 0);
    for seed in damages() {
        let mut dice = Dice(seed);
        let pair = dice.roll(2);
        let (pack, index) = (packs[pair], indexes[pair]);
        let mut changed: Vec<(usize, Option<Vec<u8>>)> = Vec::new();
        let mut names = Vec::new();
        for _ in 0..=dice.roll(2) {
            let (at, how) = match dice.roll(8) {
                0 | 1 => (pack, 0),
                2 | 3 => (pack, 1),
                4 => (index, 0),
                5 | 6 => (index, 2),
                _ => (loose[dice.roll(loose.len())], 0),
            };
            if changed.iter().any(|&(other, _)| other == at) {
                continue;
            }
            let mut bytes = history.files[at].1.clone();
            let what = match how {
                0 => damage(&mut bytes, &mut dice),
                1 => damage_header(&mut bytes, &history.files[index].1, &mut dice),
                _ => damage_index(&mut bytes, &mut dice),
            };
            names.push(format!("{}: {what}", history.files[at].0.display()));
            changed.push((at, Some(bytes)));
        }
        let folder = history.placed(&changed);
        let name = format!("KEYTRAIL_DAMAGE={seed} ({})", names.join(", "));
        match check(folder.path(), &history.expected, &name) {
            Some(said) if said.report.is_complete() => found += 1,
            _ => told += 1,
        }
    }
    if damages().count() > 100 {
        assert!(told > 20 && found > 0, "told: {told}, found: {found}");
    }
}

#[test]
fn a_pack_or_an_index_that_is_not_there_or_no_file() {
    let history = &*HISTORY;
    for (pair, ending) in [(0, "pack"), (1, "pack"), (0, "idx"), (1, "idx")] {
        let at = history.ending(ending)[pair];
        let name = history.files[at].0.file_name().unwrap().to_str().unwrap();
        let folder = history.placed(&[(at, None)]);
        let said = check(folder.path(), &history.expected, name).unwrap();
        assert!(said.is_told(name.split('.').next().unwrap()), "{name}: {:?}", said.report.left_out);
        fs::create_dir(folder.path().join(".git").join(&history.files[at].0)).unwrap();
        let said = check(folder.path(), &history.expected, name).unwrap();
        assert!(said.is_told(name.split('.').next().unwrap()), "{name}: {:?}", said.report.left_out);
        let folder = history.placed(&[(at, Some(Vec::new()))]);
        let said = check(folder.path(), &history.expected, name).unwrap();
        assert!(said.is_told(name.split('.').next().unwrap()), "{name}: {:?}", said.report.left_out);
    }
}

#[test]
fn alternates_in_a_circle_and_that_are_not_there() {
    let history = &*HISTORY;
    let folder = history.placed(&[]);
    let other = history.placed(&[]);
    let objects = |folder: &TempDir| folder.path().join(".git/objects");
    let alternates = |folder: &TempDir, lines: &str| {
        fs::create_dir_all(objects(folder).join("info")).unwrap();
        fs::write(objects(folder).join("info/alternates"), lines).unwrap();
    };
    alternates(&folder, &format!("../objects\n{}\n", objects(&other).display()));
    alternates(&other, &format!("{}\n.\n", objects(&folder).display()));
    let said = check(folder.path(), &history.expected, "circle").unwrap();
    assert!(said.report.is_complete(), "{:?}", said.report.left_out);
    // What only the other one has is looked for there as well.
    alternates(&folder, "/no/such/folder/objects\n");
    let said = check(folder.path(), &history.expected, "nowhere").unwrap();
    assert!(said.is_told("/no/such/folder/objects") && said.found == history.expected);
    alternates(&folder, "\n#\n\0\n\u{1}\n");
    check(folder.path(), &history.expected, "nonsense");
}

/// A repository of one pack that is written byte by byte.
struct Forged {
    folder: TempDir,
    pack: Packed,
    tree: Vec<u8>,
}

impl Forged {
    /// One with a secret in a file `a.py`.
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let git_dir = folder.path().join(".git");
        fs::create_dir_all(git_dir.join("objects/pack")).unwrap();
        fs::create_dir_all(git_dir.join("refs/heads")).unwrap();
        fs::write(git_dir.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::write(git_dir.join("config"), "[core]\nrepositoryformatversion = 0\nbare = false\n").unwrap();
        let mut forged = Self { folder, pack: Packed::default(), tree: Vec::new() };
        let text = format!("t = '{}'\n", token(9));
        let id = forged.pack.whole(BLOB, text.as_bytes());
        forged.name("a.py", id);
        forged
    }

    fn git_dir(&self) -> PathBuf {
        self.folder.path().join(".git")
    }

    /// Puts a file into the root.
    fn name(&mut self, name: &str, id: Oid) {
        self.tree.extend(tree_entry("100644", name, id));
    }

    /// Ends the pack with a tree and a commit and scans it.
    fn check(mut self, name: &str) -> Said {
        let tree = std::mem::take(&mut self.tree);
        let tree = self.pack.whole(TREE, &tree);
        let head = self.pack.whole(COMMIT, &commit(tree, &[], "Begin"));
        self.write(head);
        let said = scan(self.folder.path(), name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(said.found.iter().any(|hit| hit.0 == "a.py"), "{name}: {:?}", said.report.left_out);
        said
    }

    fn write(&mut self, head: Oid) {
        let git_dir = self.git_dir();
        fs::write(git_dir.join("refs/heads/main"), format!("{head}\n")).unwrap();
        std::mem::take(&mut self.pack).write(&git_dir);
    }
}

/// An id that stands for nothing else.
fn some_id(number: u32) -> Oid {
    id_of(BLOB, format!("some id {number}").as_bytes())
}

/// A text without secrets.
fn plain_text() -> Vec<u8> {
    (0..60).flat_map(|n| format!("let value_{n} = table[{n}];\n").into_bytes()).collect()
}

#[test]
fn deltas_that_are_wrong() {
    let base = plain_text();
    let length = base.len();
    let deltas: [(&str, Vec<u8>); 9] = [
        ("a wrong base length", Delta::new(length + 1, 10).copy(0, 10).0),
        ("a wrong result length", Delta::new(length, 11).copy(0, 10).0),
        ("a result that is too long", Delta::new(length, 9).copy(0, 10).0),
        ("a copy outside the base", Delta::new(length, 10).copy(length - 5, 10).0),
        ("a copy far outside the base", Delta::new(length, 10).copy(0xffff_ffff, 0xff_ffff).0),
        ("the reserved instruction", [Delta::new(length, 10).copy(0, 10).0, vec![0]].concat()),
        ("cut off", Delta::new(length, 10).0.into_iter().chain([0xff, 1]).collect()),
        ("no delta at all", Vec::new()),
        ("a length without an end", vec![0xff; 40]),
    ];
    for (name, delta) in deltas {
        let mut forged = Forged::new();
        let offset = forged.pack.bytes.len() as u64;
        let whole = forged.pack.whole(BLOB, &base);
        let (broken, under) = (some_id(1), some_id(2));
        let at = forged.pack.ofs_delta(broken, offset, &delta);
        forged.pack.ofs_delta(under, at, &Delta::new(10, 4).copy(2, 4).0);
        forged.name("b", whole);
        forged.name("c", broken);
        forged.name("d", under);
        let said = forged.check(name);
        for id in [broken, under] {
            assert!(said.is_told(&id.to_string()), "{name}: {:?}", said.report.left_out);
        }
        assert!(!said.is_told(&whole.to_string()), "{name}: {:?}", said.report.left_out);
    }
}

#[test]
fn deltas_of_nothing() {
    for (name, distance) in [
        ("itself", 0_u64),
        ("the middle of an entry", 3),
        ("the header of the pack", u64::MAX),
        ("before the file", 1 << 40),
        ("far before the file", 1 << 62),
    ] {
        let mut forged = Forged::new();
        let here = forged.pack.bytes.len() as u64;
        let distance = if distance == u64::MAX { here - 4 } else { distance };
        let delta = packs::deflated(&Delta::new(10, 10).copy(0, 10).0);
        let broken = some_id(1);
        forged.pack.raw(broken, OFS_DELTA, 11, &packs::distance_bytes(distance), &delta);
        forged.name("b", broken);
        let said = forged.check(name);
        assert!(said.is_told(&broken.to_string()), "{name}: {:?}", said.report.left_out);
    }
}

#[test]
fn deltas_in_a_circle() {
    for circle in 1..4_u32 {
        let mut forged = Forged::new();
        for n in 0..circle {
            let (own, base) = (some_id(n), some_id((n + 1) % circle));
            forged.pack.ref_delta(own, base, &Delta::new(10, 10).copy(0, 10).0);
            forged.name(&format!("b{n}"), own);
        }
        // One that hangs on the circle.
        forged.pack.ref_delta(some_id(9), some_id(0), &Delta::new(10, 10).copy(0, 10).0);
        forged.name("c", some_id(9));
        let said = forged.check("a circle");
        for n in (0..circle).chain([9]) {
            assert!(said.is_told(&some_id(n).to_string()), "{n}: {:?}", said.report.left_out);
        }
    }
}

#[test]
fn deltas_of_what_is_not_in_the_pack() {
    let base = plain_text();
    let secret = format!("t = '{}'\n", token(10));
    let mut made = base[..500].to_vec();
    made.extend_from_slice(secret.as_bytes());
    let delta = Delta::new(base.len(), made.len()).copy(0, 500).put(secret.as_bytes()).0;
    let made_id = id_of(BLOB, &made);
    // Nowhere at all.
    let mut forged = Forged::new();
    forged.pack.ref_delta(made_id, some_id(1), &delta);
    forged.name("b.py", made_id);
    let said = forged.check("nowhere");
    assert!(said.is_told(&made_id.to_string()), "{:?}", said.report.left_out);
    // In a loose file, where libgit2 does not look for it.
    let mut forged = Forged::new();
    let repository = git2::Repository::open(forged.folder.path()).unwrap();
    let base_id = repository.blob(&base).unwrap();
    forged.pack.ref_delta(made_id, base_id, &delta);
    let harmless = id_of(BLOB, &base[..100]);
    forged.pack.ref_delta(harmless, base_id, &Delta::new(base.len(), 100).copy(0, 100).0);
    forged.name("b.py", made_id);
    forged.name("c.py", harmless);
    forged.name("d.py", base_id);
    let said = forged.check("loose");
    assert!(said.found.iter().any(|hit| hit.0 == "b.py"), "{:?}", said.report.left_out);
    assert!(said.report.is_complete(), "{:?}", said.report.left_out);
    // A tree that is made from a loose blob is told as well.
    let mut forged = Forged::new();
    let repository = git2::Repository::open(forged.folder.path()).unwrap();
    let base_id = repository.blob(&base).unwrap();
    let folder = id_of(TREE, b"some tree");
    forged.pack.ref_delta(folder, base_id, &delta);
    forged.tree.extend(tree_entry("40000", "b", folder));
    let said = forged.check("a tree of a blob");
    assert!(said.is_told(&folder.to_string()), "{:?}", said.report.left_out);
}

#[test]
fn headers_that_are_not_true() {
    let text = plain_text();
    let zeros = packs::deflated(&vec![0; 20 << 20]);
    for (name, kind, length, content) in [
        ("2^60 bytes", BLOB, 1 << 60, packs::deflated(&text)),
        ("2^63 bytes", BLOB, 1 << 63, packs::deflated(&text)),
        ("less than is there", BLOB, 10, packs::deflated(&text)),
        ("more than is there", BLOB, text.len() as u64 + 1, packs::deflated(&text)),
        ("a bomb", BLOB, 10, zeros.clone()),
        ("a bomb that is told to be larger", BLOB, 21 << 20, zeros),
        ("nothing", BLOB, 10, Vec::new()),
        ("nothing and no length", BLOB, 0, Vec::new()),
        ("no zlib", BLOB, 10, vec![0; 40]),
        ("an unknown type", 5, 10, packs::deflated(b"0123456789")),
        ("another unknown type", 0, 10, packs::deflated(b"0123456789")),
        ("no data of a delta", OFS_DELTA, 10, Vec::new()),
    ] {
        let mut forged = Forged::new();
        let broken = some_id(1);
        forged.pack.raw(broken, kind, length, &[], &content);
        forged.name("b", broken);
        let said = forged.check(name);
        assert!(said.is_told(&broken.to_string()), "{name}: {:?}", said.report.left_out);
    }
}

/// A few bytes that stand for gigabytes are refused before they are made.
#[test]
fn deltas_that_make_gigabytes() {
    let mut forged = Forged::new();
    let base = vec![b'\n'; 1 << 20];
    let offset = forged.pack.bytes.len() as u64;
    forged.pack.whole(BLOB, &base);
    let length = base.len();
    for (n, gigabytes) in [(0_u32, 1_usize), (1, 3), (2, 1 << 20)] {
        let pieces = gigabytes.min(3) << 10;
        let delta = (0..pieces).fold(Delta::new(length, gigabytes << 30), |delta, _| delta.copy(0, length));
        forged.pack.ofs_delta(some_id(n), offset, &delta.0);
        forged.name(&format!("b{n}"), some_id(n));
    }
    let before = peak();
    let said = forged.check("gigabytes");
    for n in 0..3 {
        assert!(said.is_told(&some_id(n).to_string()), "{:?}", said.report.left_out);
    }
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after - before.min(after) < 700 << 10, "{before} KiB before, {after} KiB after");
    }
}

/// The most memory that this process had until now, in KiB.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn trees_that_are_wrong() {
    let cut = |mut tree: Vec<u8>, by: usize| {
        tree.truncate(tree.len() - by);
        tree
    };
    let secret = format!("t = '{}'\n", token(10));
    for (name, tree) in [
        ("cut in the id", cut(tree_entry("100644", "x.py", some_id(1)), 5)),
        ("cut in the name", b"100644 x".to_vec()),
        ("cut in the mode", b"100".to_vec()),
        ("no mode", tree_entry("", "x.py", some_id(1))),
        ("a mode that is no number", tree_entry("1x0644", "x.py", some_id(1))),
        ("a mode that is too large", tree_entry("7777777777777777", "x.py", some_id(1))),
    ] {
        let mut forged = Forged::new();
        let inner = forged.pack.whole(BLOB, secret.as_bytes());
        let tree = [tree_entry("100644", "b.py", inner), tree].concat();
        let tree = forged.pack.whole(TREE, &tree);
        forged.tree.extend(tree_entry("40000", "d", tree));
        let said = forged.check(name);
        assert!(said.is_told(&tree.to_string()), "{name}: {:?}", said.report.left_out);
        assert!(said.found.iter().any(|hit| hit.0 == "d/b.py"), "{name}: {:?}", said.found);
        // The same where nothing in it is of interest.
        let mut forged = Forged::new();
        let tree = forged.pack.whole(TREE, &tree_entry("1x0644", "x.py", some_id(1)));
        forged.tree.extend(tree_entry("40000", "d", tree));
        let said = forged.check(name);
        assert!(said.is_told(&tree.to_string()), "{name}: {:?}", said.report.left_out);
    }
}

/// What a folder calls a file is a folder, and the other way round.
#[test]
fn objects_of_another_kind_than_folders_and_commits_say() {
    let secret = format!("t = '{}'\n", token(10));
    let mut forged = Forged::new();
    let inner = forged.pack.whole(BLOB, b"inner\n");
    let folder = forged.pack.whole(TREE, &tree_entry("100644", "b.py", inner));
    let blob = forged.pack.whole(BLOB, secret.as_bytes());
    let harmless = forged.pack.whole(BLOB, b"harmless\n");
    forged.name("folder.py", folder);
    forged.tree.extend(tree_entry("40000", "d", blob));
    forged.tree.extend(tree_entry("40000", "e", harmless));
    let said = forged.check("kinds");
    assert!(said.is_told(&blob.to_string()) && said.is_told(&harmless.to_string()));
    // A blob for the folder of a commit, in a pack and loose.
    for is_loose in [false, true] {
        let mut forged = Forged::new();
        let root = if is_loose {
            git2::Repository::open(forged.folder.path()).unwrap().blob(b"no folder\n").unwrap()
        } else {
            forged.pack.whole(BLOB, b"no folder\n")
        };
        let head = forged.pack.whole(COMMIT, &commit(root, &[], "Begin"));
        forged.write(head);
        let said = scan(forged.folder.path(), "a blob for a root").unwrap();
        assert!(said.is_told(&root.to_string()), "{:?}", said.report.left_out);
    }
    // Loose ones.
    let mut forged = Forged::new();
    let blob = git2::Repository::open(forged.folder.path()).unwrap().blob(b"no folder\n").unwrap();
    forged.tree.extend(tree_entry("40000", "d", blob));
    let said = forged.check("a loose blob for a folder");
    assert!(said.is_told(&blob.to_string()), "{:?}", said.report.left_out);
}

#[test]
fn trees_that_hold_themselves() {
    for depth in 1..4_u32 {
        let mut forged = Forged::new();
        let secret = forged.pack.whole(BLOB, format!("t = '{}'\n", token(10)).as_bytes());
        // Each names the next, and the last the first; the ids are not theirs.
        for n in 0..depth {
            let mut tree = tree_entry("100644", "b.py", secret);
            tree.extend(tree_entry("40000", "d", some_id((n + 1) % depth)));
            forged.pack.raw(some_id(n), TREE, tree.len() as u64, &[], &packs::deflated(&tree));
        }
        forged.tree.extend(tree_entry("40000", "d", some_id(0)));
        let said = forged.check("a folder in itself");
        assert!(said.is_told(&some_id(0).to_string()), "{:?}", said.report.left_out);
    }
}

#[test]
fn commits_that_are_wrong() {
    for (name, text) in [
        ("empty", ""),
        ("no tree", "author A U Thor <a@b.c> 1700000000 +0000\n\nmessage\n"),
        ("a tree that is none", "tree 123\n\nmessage\n"),
        ("a parent that is none", "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent x\n\nmessage\n"),
    ] {
        let mut forged = Forged::new();
        let tree = forged.tree.clone();
        let tree = forged.pack.whole(TREE, &tree);
        let broken = forged.pack.whole(COMMIT, text.as_bytes());
        let head = forged.pack.whole(COMMIT, &commit(tree, &[broken], "Go on"));
        forged.write(head);
        let said = scan(forged.folder.path(), name).unwrap();
        assert!(said.is_told(&broken.to_string()), "{name}: {:?}", said.report.left_out);
        assert!(said.found.iter().any(|hit| hit.0 == "a.py"), "{name}: {:?}", said.found);
        // One that nothing reaches may hold anything.
        let mut forged = Forged::new();
        let broken = forged.pack.whole(COMMIT, text.as_bytes());
        let said = forged.check(name);
        assert!(said.is_told(&broken.to_string()), "{name}: {:?}", said.report.left_out);
    }
}

#[test]
fn commits_that_are_their_own_ancestors() {
    for length in 1..4_u32 {
        let mut forged = Forged::new();
        let tree = forged.tree.clone();
        let tree = forged.pack.whole(TREE, &tree);
        for n in 0..length {
            let text = commit(tree, &[some_id((n + 1) % length)], "In a circle");
            forged.pack.raw(some_id(n), COMMIT, text.len() as u64, &[], &packs::deflated(&text));
        }
        let head = forged.pack.whole(COMMIT, &commit(tree, &[some_id(0)], "Go on"));
        forged.write(head);
        let said = scan(forged.folder.path(), "a circle of commits").unwrap();
        assert!(said.is_told(&some_id(0).to_string()), "{:?}", said.report.left_out);
        assert!(said.found.iter().any(|hit| hit.0 == "a.py"), "{:?}", said.found);
    }
}

/// Two objects of an index that stand for each other, with checksums that are right: a forger did it.
#[test]
fn commits_that_stand_for_each_other() {
    let mut forged = Forged::new();
    let tree = forged.tree.clone();
    let tree = forged.pack.whole(TREE, &tree);
    let empty = forged.pack.whole(TREE, b"");
    let one = commit(empty, &[], "One");
    let two = commit(tree, &[id_of(COMMIT, &one)], "Two");
    for (id, text) in [(id_of(COMMIT, &two), &one), (id_of(COMMIT, &one), &two)] {
        forged.pack.raw(id, COMMIT, text.len() as u64, &[], &packs::deflated(text));
    }
    let head = forged.pack.whole(COMMIT, &commit(empty, &[id_of(COMMIT, &two)], "Three"));
    forged.write(head);
    let said = scan(forged.folder.path(), "two commits swapped").unwrap();
    assert!(said.is_told(&id_of(COMMIT, &two).to_string()), "{:?}", said.report.left_out);
    assert_eq!(said.found.len(), 1);
}

#[test]
fn chains_of_thousands_and_tens_of_thousands_of_one_base() {
    let secret = format!("t = '{}'\n", token(10));
    let mut forged = Forged::new();
    let mut text = plain_text()[..200].to_vec();
    let mut before = forged.pack.bytes.len() as u64;
    forged.pack.whole(BLOB, &text);
    for n in 0..5_000_u32 {
        let own = if n == 4_998 { secret.clone() } else { format!("{n}\n") };
        let delta = Delta::new(text.len(), 200 + own.len()).copy(0, 200).put(own.as_bytes()).0;
        text.truncate(200);
        text.extend_from_slice(own.as_bytes());
        let id = id_of(BLOB, &text);
        before = forged.pack.ofs_delta(id, before, &delta);
        if n > 4_990 {
            forged.name(&format!("b{n}.py"), id);
        }
    }
    let said = forged.check("a deep chain");
    assert!(said.report.is_complete(), "{:?}", said.report.left_out);
    assert!(said.found.iter().any(|hit| hit.0 == "b4998.py"), "{:?}", said.found);

    let mut forged = Forged::new();
    let base = forged.pack.bytes.len() as u64;
    forged.pack.whole(BLOB, b"// one\n");
    for n in 0..50_000_u32 {
        let own = if n == 40_000 { secret.clone() } else { format!("{n}\n") };
        let text = format!("// one\n{own}");
        let id = id_of(BLOB, text.as_bytes());
        let delta = Delta::new(7, text.len()).copy(0, 7).put(own.as_bytes()).0;
        forged.pack.ofs_delta(id, base, &delta);
        if n % 10_000 == 0 {
            forged.name(&format!("c{n}.py"), id);
        }
    }
    let said = forged.check("many of one");
    assert!(said.report.is_complete(), "{:?}", said.report.left_out);
    assert!(said.found.iter().any(|hit| hit.0 == "c40000.py"), "{:?}", said.found);
}

/// The index of several packs is read by libgit2 alone.
#[test]
fn an_index_of_all_packs_that_is_damaged() {
    let repo = history();
    repo.git(&["multi-pack-index", "write"]);
    let history = Snapshot::of(&repo);
    let is_it = |(name, _): &(PathBuf, Vec<u8>)| name.ends_with("multi-pack-index");
    let at = history.files.iter().position(is_it).unwrap();
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let mut bytes = history.files[at].1.clone();
        let what = if seed % 4 == 0 {
            // The offsets of all objects: chunks are listed after the header, with their places.
            let list = bytes.windows(4).position(|name| name == b"OOFF").unwrap();
            let place = |at: usize| u64::from_be_bytes(bytes[at + 4..at + 12].try_into().unwrap()) as usize;
            let (from, to) = (place(list), place(list + 12));
            let outside = 0x7fff_0000 - dice.roll(1 << 20) as u32;
            for at in (from..to).step_by(8) {
                bytes[at + 4..at + 8].copy_from_slice(&outside.to_be_bytes());
            }
            "outside the pack"
        } else {
            damage(&mut bytes, &mut dice)
        };
        // A forger would set the checksum right.
        if seed % 2 == 0 && bytes.len() > 20 {
            let end = bytes.len() - 20;
            let sum = packs::sha1(&bytes[..end]);
            bytes.splice(end.., sum);
        }
        let folder = history.placed(&[(at, Some(bytes))]);
        check(folder.path(), &history.expected, &format!("index of all packs, {seed}: {what}"));
    }
}

/// An index of version 1 has no checksums of entries, so that the one of the whole pack has to do.
#[test]
fn an_index_of_the_old_version() {
    let repo = history();
    repo.git(&["config", "pack.indexVersion", "1"]);
    repo.git(&["repack", "-q", "-adf"]);
    repo.git(&["prune", "--expire=now"]);
    let old = Snapshot::of(&repo);
    let packs = old.ending("pack");
    for seed in 0..30 {
        let mut dice = Dice(seed);
        let mut bytes = old.files[packs[0]].1.clone();
        let at = dice.roll(bytes.len());
        bytes[at] ^= 1 << dice.roll(8);
        let folder = old.placed(&[(packs[0], Some(bytes))]);
        check(folder.path(), &old.expected, &format!("old index, {seed}"));
    }
}

/// A bit in the header of an entry makes a file of a folder, or puts a delta on another base: what it
/// makes then may be as long as it should be.
#[test]
fn every_header_of_a_pack_damaged_in_turn() {
    let history = &*HISTORY;
    for (pack, index) in history.ending("pack").into_iter().zip(history.ending("idx")) {
        let index = &history.files[index].1;
        let Tables { count, offsets, .. } = Tables::of(index);
        for n in 0..count {
            let at = offsets + 4 * n;
            let offset = u32::from_be_bytes(index[at..at + 4].try_into().unwrap()) as usize;
            for (byte, bit) in [(0, 0x10), (0, 0x20), (1, 0x01), (2, 0x01), (3, 0x02)] {
                let mut bytes = history.files[pack].1.clone();
                bytes[offset + byte] ^= bit;
                let folder = history.placed(&[(pack, Some(bytes))]);
                check(folder.path(), &history.expected, &format!("header {n}, byte {byte}"));
            }
        }
    }
}

/// What git cannot tell from a sound index: all that is known of an object is its id.
#[test]
fn every_object_of_an_index_lost_in_turn() {
    let history = &*HISTORY;
    let at = history.ending("idx")[0];
    let index = &history.files[at].1;
    let Tables { count, ids, .. } = Tables::of(index);
    for n in (0..count).step_by(3) {
        let mut index = index.clone();
        index[ids + 20 * n + 19] ^= 1;
        let folder = history.placed(&[(at, Some(index))]);
        check(folder.path(), &history.expected, &format!("object {n} lost"));
    }
}

#[test]
fn what_is_told_of_a_damaged_history_is_the_same_every_time() {
    let history = &*HISTORY;
    let at = history.ending("pack")[0];
    let mut bytes = history.files[at].1.clone();
    let end = bytes.len() - 200;
    for n in (100..end).step_by(300) {
        bytes[n] ^= 0x10;
    }
    let folder = history.placed(&[(at, Some(bytes))]);
    let first = check(folder.path(), &history.expected, "damaged in many places").unwrap();
    let gaps: BTreeSet<Gap> = first.report.left_out.iter().map(|item| item.gap).collect();
    assert!(gaps.contains(&Gap::Corrupt), "{:?}", first.report.left_out);
    for _ in 0..3 {
        let again = check(folder.path(), &history.expected, "damaged in many places").unwrap();
        assert_eq!((&again.found, &again.report), (&first.found, &first.report));
    }
}
