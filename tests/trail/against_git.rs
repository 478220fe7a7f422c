//! Random histories with branches and merges: what the trail tells of each token against what `git
//! ls-tree` and `git rev-list` say, put together the plain way.

use crate::common::Repo;
use crate::histories::Random;
use crate::{life, token, trail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Where tokens stand at a commit: the number of the token by path.
type Files = BTreeMap<String, usize>;

const PATHS: [&str; 6] = ["a.env", "b.env", "src/a.env", "src/deep/b.env", "lib/c.env", "lib/a.env"];
const TOKENS: usize = 4;

/// A stream for `git fast-import` of commits on a few branches.
fn stream(random: &mut Random, tokens: &[String]) -> String {
    let mut stream = String::new();
    let mut blobs = 0;
    // The files of each branch's last commit, and that commit's mark.
    let mut branches: Vec<(Files, usize)> = Vec::new();
    for commit in 1..=random.between(6, 30) {
        let at = if branches.is_empty() || (branches.len() < 4 && random.chance(20)) {
            let from = branches.get(random.below(branches.len())).cloned();
            branches.push(from.unwrap_or_default());
            branches.len() - 1
        } else {
            random.below(branches.len())
        };
        let (mut files, parent) = branches[at].clone();
        let merged = (branches.len() > 1 && parent > 0 && random.chance(25))
            .then(|| branches[random.below(branches.len())].clone())
            .filter(|(_, mark)| *mark > 0 && *mark != parent);
        if let Some((theirs, _)) = &merged {
            // Some of theirs, as conflicts are resolved one way or the other.
            for path in PATHS {
                if random.chance(60) {
                    match theirs.get(path) {
                        Some(token) => files.insert(path.to_owned(), *token),
                        None => files.remove(path),
                    };
                }
            }
        }
        for _ in 0..random.below(3) {
            let path = random.pick(&PATHS).to_owned();
            match random.below(5) {
                0 | 1 => drop(files.insert(path, random.below(TOKENS))),
                2 => drop(files.remove(&path)),
                // Moved or copied.
                3 => {
                    if let Some(token) = files.remove(&path) {
                        files.insert(random.pick(&PATHS).to_owned(), token);
                    }
                }
                _ => {
                    if let Some(&token) = files.get(&path) {
                        files.insert(random.pick(&PATHS).to_owned(), token);
                    }
                }
            }
        }
        // Dates lie now and then.
        let time = 1_700_000_000 + 3600 * i64::try_from(commit).expect("a small number")
            - if random.chance(10) { 90_000 } else { 0 };
        let message = format!("commit {commit}");
        let _ = write!(
            stream,
            "commit refs/heads/b{at}\nmark :{commit}\nauthor A <a@example.com> {time} +0000\n\
             committer C <c@example.com> {time} +0000\ndata {}\n{message}\n",
            message.len()
        );
        if parent > 0 {
            let _ = writeln!(stream, "from :{parent}");
        }
        if let Some((_, mark)) = &merged {
            let _ = writeln!(stream, "merge :{mark}");
        }
        stream.push_str("deleteall\nM 100644 inline README\ndata 2\nhi\n");
        for (path, &token) in &files {
            blobs += 1;
            // Versions differ in what stands round the token.
            let padding = "# note\n".repeat(random.below(3));
            let text = format!("{padding}TOKEN={}\n", tokens[token]);
            let _ = write!(stream, "M 100644 inline {path}\ndata {}\n{text}", text.len());
        }
        branches[at] = (files, commit);
        if random.chance(15) {
            let _ = write!(stream, "reset refs/tags/t{blobs}x{commit}\nfrom :{commit}\n\n");
        }
    }
    stream.push_str("done\n");
    stream
}

/// What git says.
struct Said {
    /// The parents of each commit.
    parents: BTreeMap<String, Vec<String>>,
    /// The paths of each token at each commit.
    held: BTreeMap<String, Vec<BTreeSet<String>>>,
    /// The last commit of each ref, HEAD among them.
    refs: BTreeMap<String, String>,
}

impl Said {
    fn by(repo: &Repo, tokens: &[String]) -> Self {
        let list = repo.git(&["rev-list", "--parents", "--all"]);
        let parents: BTreeMap<String, Vec<String>> = list
            .lines()
            .map(|line| {
                let mut ids = line.split(' ').map(str::to_owned);
                (ids.next().expect("a commit"), ids.collect())
            })
            .collect();
        let mut texts: BTreeMap<String, Option<usize>> = BTreeMap::new();
        let held = parents
            .keys()
            .map(|commit| {
                let mut paths = vec![BTreeSet::new(); tokens.len()];
                for line in repo.git(&["ls-tree", "-r", commit]).lines() {
                    let (head, path) = line.split_once('\t').expect("a line of ls-tree");
                    let blob = head.rsplit(' ').next().expect("an id").to_owned();
                    let token = texts.entry(blob.clone()).or_insert_with(|| {
                        let text = repo.git(&["cat-file", "blob", &blob]);
                        tokens.iter().position(|token| text.contains(token.as_str()))
                    });
                    if let Some(token) = token {
                        paths[*token].insert(path.to_owned());
                    }
                }
                (commit.clone(), paths)
            })
            .collect();
        let list = repo.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        let mut refs: BTreeMap<String, String> = list
            .lines()
            .map(|line| line.split_once(' ').expect("two words"))
            .map(|(name, id)| (name.to_owned(), id.to_owned()))
            .collect();
        refs.insert("HEAD".to_owned(), repo.git(&["rev-parse", "HEAD"]));
        Self { parents, held, refs }
    }

    fn has(&self, commit: &str, token: usize) -> bool {
        !self.held[commit][token].is_empty()
    }

    fn reaches(&self, commit: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![self.parents.get_key_value(commit).expect("a commit").0.as_str()];
        while let Some(at) = waiting.pop() {
            if seen.insert(at) {
                waiting.extend(self.parents[at].iter().map(String::as_str));
            }
        }
        seen
    }

    /// The commits of the stays at a path, each as the set of its commits.
    fn stays(&self, token: usize, path: &str) -> Vec<BTreeSet<&str>> {
        let has = |commit: &str| self.held[commit][token].contains(path);
        let mut left: BTreeSet<&str> = self.held.keys().map(String::as_str).filter(|id| has(id)).collect();
        let mut stays = Vec::new();
        while let Some(first) = left.pop_first() {
            let mut stay = BTreeSet::from([first]);
            loop {
                let joined: Vec<&str> = left
                    .iter()
                    .copied()
                    .filter(|&id| {
                        stay.iter().any(|&other| {
                            let is_parent = |one: &str, of: &str| self.parents[of].iter().any(|id| id == one);
                            is_parent(id, other) || is_parent(other, id)
                        })
                    })
                    .collect();
                if joined.is_empty() {
                    break;
                }
                for id in joined {
                    left.remove(id);
                    stay.insert(id);
                }
            }
            stays.push(stay);
        }
        stays
    }

    fn check(&self, token: usize, life: &Value) {
        self.check_refs(token, life);
        let introduced = life["introduced"]["commit"]["id"].as_str().expect("a commit brought it in");
        assert!(self.has(introduced, token), "{introduced} has it");
        let older = self.reaches(introduced);
        assert_eq!(older.iter().filter(|id| self.has(id, token)).count(), 1, "none before has it");
        let mut told: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for stay in life["stays"].as_array().expect("a list") {
            told.entry(stay["path"].as_str().expect("a path")).or_default().push(stay);
        }
        let paths: BTreeSet<&str> =
            self.held.values().flat_map(|held| held[token].iter().map(String::as_str)).collect();
        assert_eq!(told.keys().copied().collect::<BTreeSet<_>>(), paths);
        for (path, told) in told {
            let stays = self.stays(token, path);
            assert_eq!(told.len(), stays.len(), "stays at {path}");
            for stay in told {
                let since = stay["since"]["id"].as_str().expect("a commit");
                let commits = stays.iter().find(|commits| commits.contains(since)).expect("it is in one");
                assert!(self.parents[since].iter().all(|id| !commits.contains(id.as_str())));
                let is_last = self.refs.values().any(|tip| commits.contains(tip.as_str()));
                match stay["until"]["id"].as_str() {
                    Some(until) => {
                        assert!(!is_last && !commits.contains(until));
                        assert!(self.parents[until].iter().any(|id| commits.contains(id.as_str())));
                    }
                    None => assert!(is_last, "{path} since {since}"),
                }
                assert_eq!(stay["in_head"], commits.contains(self.refs["HEAD"].as_str()));
                self.check_origin(token, stay, path, since);
            }
        }
    }

    /// Whether it is told rightly where it came from.
    fn check_origin(&self, token: usize, stay: &Value, path: &str, since: &str) {
        let before: BTreeSet<&str> = self.parents[since]
            .iter()
            .flat_map(|parent| self.held[parent][token].iter().map(String::as_str))
            .filter(|other| *other != path)
            .collect();
        let now = &self.held[since][token];
        let gone = before.iter().any(|path| !now.contains(*path));
        match (stay["from"]["how"].as_str(), stay["from"]["path"].as_str()) {
            (Some("moved-from"), Some(from)) => assert!(before.contains(from) && !now.contains(from)),
            (Some("copied-from"), Some(from)) => assert!(before.contains(from) && !gone),
            (None, None) => assert!(before.is_empty(), "{path} at {since} came from {before:?}"),
            other => panic!("{other:?}"),
        }
    }

    fn check_refs(&self, token: usize, life: &Value) {
        let told: BTreeMap<&str, &Value> = life["refs"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|reach| (reach["name"].as_str().expect("a name"), reach))
            .collect();
        for (name, tip) in &self.refs {
            let reaches = self.reaches(tip).iter().any(|id| self.has(id, token));
            let Some(reach) = told.get(name.as_str()) else {
                assert!(!reaches, "{name} reaches it");
                continue;
            };
            assert!(reaches, "{name} does not reach it");
            assert_eq!(reach["holds"], self.has(tip, token), "{name}");
            let mut firsts = vec![tip.as_str()];
            while let Some(parent) = self.parents[*firsts.last().expect("a tip")].first() {
                firsts.push(parent);
            }
            let left = reach["left"]["id"].as_str();
            match firsts.iter().position(|id| self.has(id, token)) {
                Some(0) => assert_eq!(left, None, "{name}"),
                Some(at) => assert_eq!(left, Some(firsts[at - 1]), "{name}"),
                None => {
                    let left = left.expect("something took it out");
                    assert!(!self.has(left, token) && self.reaches(tip).contains(left));
                    assert!(self.parents[left].iter().any(|id| self.has(id, token)));
                }
            }
        }
        assert!(told.len() <= self.refs.len());
        assert_eq!(life["in_head"], self.has(&self.refs["HEAD"], token));
    }
}

/// `KEYTRAIL_REPOSITORIES` says how many histories are made.
#[test]
fn every_word_agrees_with_git() {
    let count = std::env::var("KEYTRAIL_REPOSITORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let tokens: Vec<String> = (0..TOKENS as u64).map(|n| token(900 + n)).collect();
    let mut checked = 0;
    for seed in 0..count {
        let random = &mut Random::new(seed);
        let repo = Repo::init();
        repo.git_with_input(&["fast-import", "--quiet", "--done"], stream(random, &tokens).as_bytes());
        repo.git(&["symbolic-ref", "HEAD", "refs/heads/b0"]);
        if random.chance(50) {
            repo.git(&["repack", "-adfq", "--depth=50", "--window=50"]);
        }
        let said = Said::by(&repo, &tokens);
        let told = trail(&repo, &[]);
        let found = said.held.values().flat_map(|held| held.iter().enumerate());
        let found: BTreeSet<usize> =
            found.filter(|(_, paths)| !paths.is_empty()).map(|(token, _)| token).collect();
        assert_eq!(told["lives"].as_array().expect("a list").len(), found.len(), "seed {seed}");
        for token in found {
            println!("seed {seed}, token {token}");
            said.check(token, life(&told, &tokens[token]));
            checked += 1;
        }
    }
    assert!(checked >= count, "most histories hold tokens");
}
