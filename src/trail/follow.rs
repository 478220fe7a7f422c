//! Follows secrets through a history: from the commits at which their blobs came to a path or left
//! it to what a person wants to know of each.

use crate::finding::{Finding, Status};
use crate::origin::{OriginKind, RepoPath};
use crate::past::{Change, Past, Tip, Version};
use crate::trail::life::{CommitRecord, Introduction, Life, Moved, PlaceSort, Reach, Replacement, Stay};
use crate::trail::mainline::Mainline;
use crate::trail::request::pull_request;
use crate::trail::rotation::{self, Rotation, Slot};
use crate::trail::stays::{self, Held, Span};
use crate::trail::token::Token;
use git2::Oid;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Reads commits by their places in the graph: each with its record and its message.
pub type Records<'a> = dyn Fn(&[u32]) -> HashMap<u32, (CommitRecord, Vec<u8>)> + 'a;

/// Of so many paths of one secret it is known at which commits each had it, to tell where copies
/// came from. What is in more paths than that is everywhere.
const MOST_SOURCES: usize = 64;

/// For each secret and path a step is taken for each commit; so many are taken in all, which is some
/// ten seconds. Histories made by hand to be slow need more.
const MOST_STEPS: usize = 20_000_000_000;

/// How many paths of a secret are followed at least and at most: each is told of on its own.
const PATHS: std::ops::RangeInclusive<usize> = 200..=10_000;

/// The lives of the findings, in their order. `cut` is told of secrets that are at too many paths to follow all of them.
pub fn follow(
    past: &Past,
    findings: &[Finding],
    versions: &[Version],
    records: &Records<'_>,
    cut: &mut dyn FnMut(&Finding, usize),
) -> Vec<Life> {
    let index = Index::of(past, findings, versions);
    let mainline = Mainline::of(past);
    let mut drafts: Vec<Draft> = (0..findings.len()).into_par_iter().map(|at| index.draft(at)).collect();
    let first: Vec<Option<u32>> =
        drafts.iter().map(|draft| draft.introduced.map(|(commit, _)| commit)).collect();
    let kinds = |at: usize| (&findings[at].rule.provider, findings[at].rule.kind);
    let slots: Vec<Slot<'_>> = drafts
        .iter()
        .enumerate()
        .flat_map(|(secret, draft)| draft.stays.iter().map(move |stay| (secret, stay)))
        .filter_map(|(secret, stay)| {
            let since = stay.span?.since;
            Some(Slot { secret, path: &stay.path, name: stay.name.as_deref(), since, went: stay.span?.went })
        })
        .collect();
    let rotations = rotation::find(&slots, &first, &|one, other| kinds(one) == kinds(other));
    for (draft, finding) in drafts.iter_mut().zip(findings) {
        if draft.paths_left_out > 0 {
            cut(finding, draft.paths_left_out);
        }
        draft.merged_by = draft.introduced.and_then(|(commit, _)| mainline.arrival(commit));
    }

    let mut wanted: BTreeSet<u32> = drafts.iter().flat_map(Draft::commits).collect();
    wanted.extend(rotations.iter().map(|rotation| rotation.commit));
    let wanted: Vec<u32> = wanted.into_iter().collect();
    let records = records(&wanted);
    let mut lives: Vec<Life> = drafts
        .into_iter()
        .zip(findings)
        .map(|(draft, finding)| draft.life(finding, &records, past))
        .collect();
    for Rotation { old, new, path, name, commit } in rotations {
        let Some((commit, _)) = records.get(&commit) else { continue };
        let replacement =
            Replacement { fingerprint: findings[new].fingerprint, path, name, commit: commit.clone() };
        lives[old].replaced_by.push(replacement);
        if !lives[new].replaces.contains(&findings[old].fingerprint) {
            lives[new].replaces.push(findings[old].fingerprint);
        }
    }
    lives
}

/// What is asked of the past again and again.
struct Index<'a> {
    past: &'a Past,
    /// Of each finding, the documents that it was seen in.
    versions: Vec<Vec<&'a Version>>,
    /// The paths that each blob ever had.
    paths: HashMap<Oid, BTreeSet<u32>>,
    /// The number of each commit.
    commits: HashMap<Oid, u32>,
    /// Where refs end.
    tips: Vec<u32>,
    /// How many paths of a secret are followed.
    most_paths: usize,
}

impl<'a> Index<'a> {
    fn of(past: &'a Past, findings: &[Finding], versions: &'a [Version]) -> Self {
        let number: HashMap<_, usize> = findings.iter().map(|finding| finding.fingerprint).zip(0..).collect();
        let mut of_finding = vec![Vec::new(); findings.len()];
        for version in versions {
            if let Some(&at) = number.get(&version.fingerprint) {
                of_finding[at].push(version);
            }
        }
        for versions in &mut of_finding {
            // Threads report them in any order.
            versions.sort_by_key(|version| (&version.path, &version.blob, version.line, &version.commit));
        }
        let mut paths: HashMap<Oid, BTreeSet<u32>> = HashMap::new();
        for Change { path, blob, .. } in &past.changes {
            if let Some(blob) = blob {
                paths.entry(*blob).or_default().insert(*path);
            }
        }
        let is_message = |version: &Version| version.commit.is_some();
        let commits = if versions.iter().any(is_message) {
            past.commits.iter().map(|commit| commit.id).zip(0..).collect()
        } else {
            HashMap::new()
        };
        let mut tips: Vec<u32> = past.refs.iter().filter_map(|named| commit_of(&named.tip)).collect();
        tips.sort_unstable();
        tips.dedup();
        let steps = past.commits.len().max(1) * findings.len().max(1);
        let most_paths = (MOST_STEPS / steps).clamp(*PATHS.start(), *PATHS.end());
        Self { past, versions: of_finding, paths, commits, tips, most_paths }
    }

    /// The changes of one path.
    fn changes(&self, path: u32) -> &'a [Change] {
        let changes = &self.past.changes;
        let start = changes.partition_point(|change| change.path < path);
        let end = changes.partition_point(|change| change.path <= path);
        &changes[start..end]
    }

    fn draft(&self, at: usize) -> Draft {
        let mut draft = Draft::default();
        let mut by_blob: BTreeMap<Oid, Vec<&Version>> = BTreeMap::new();
        for version in &self.versions[at] {
            match version.kind {
                OriginKind::CommitMessage | OriginKind::TagMessage => self.message(version, &mut draft),
                _ => {
                    if let Some(blob) = version.blob.as_deref().and_then(object_id) {
                        by_blob.entry(blob).or_default().push(version);
                    }
                }
            }
        }
        let mut paths: BTreeSet<u32> = BTreeSet::new();
        for (blob, versions) in &by_blob {
            match self.paths.get(blob) {
                Some(found) => paths.extend(found),
                None => draft
                    .stays
                    .extend(versions.first().map(|version| StayDraft::alone(version, PlaceSort::Blob))),
            }
        }
        let mut whole = Held::none(self.past.commits.len());
        let mut sources: Vec<(u32, Held)> = Vec::new();
        draft.paths_left_out = paths.len().saturating_sub(self.most_paths);
        for path in paths.into_iter().take(self.most_paths) {
            let held = Held::of(self.past, self.changes(path), &|blob| by_blob.contains_key(&blob));
            let spans = stays::spans(self.past, &held, self.changes(path), &self.tips);
            for span in spans {
                let version =
                    span.blob.and_then(|blob| by_blob.get(&blob)).and_then(|versions| versions.first());
                let Some(version) = version else { continue };
                draft.stays.push(StayDraft {
                    path: inside(&self.past.paths[path as usize], &version.path),
                    name: version.name.clone(),
                    line: version.line,
                    sort: PlaceSort::File,
                    versions: span.versions,
                    in_head: self.past.head().is_some_and(|head| held.has(head) && span.in_head),
                    span: Some(span),
                    at: Some(path),
                    from: None,
                });
            }
            whole.join(&held);
            if sources.len() < MOST_SOURCES {
                sources.push((path, held));
            }
        }
        for stay in &mut draft.stays {
            stay.from = self.origin(stay, &sources);
        }
        draft.stays.sort_by(|one, other| one.key().cmp(&other.key()));
        let first = whole.first();
        if let Some(first) = first.filter(|&first| draft.introduced.is_none_or(|(other, _)| first < other)) {
            let stay = draft.stays.iter().position(|stay| stay.span.is_some_and(|span| span.since == first));
            draft.introduced = stay.map(|stay| (first, stay));
        } else if let Some((commit, _)) = draft.introduced {
            let is_it = |stay: &StayDraft| stay.span.is_some_and(|span| span.since == commit);
            draft.introduced = draft.stays.iter().position(is_it).map(|stay| (commit, stay));
        }
        draft.in_head = self.past.head().is_some_and(|head| whole.has(head));
        draft.allowed = allowed(&draft.stays, &by_blob, &self.versions[at]);
        self.reach(&whole, &by_blob, &mut draft);
        draft
    }

    /// A secret in a message never leaves.
    fn message(&self, version: &Version, draft: &mut Draft) {
        let id = version.commit.as_deref().and_then(object_id);
        if version.kind == OriginKind::TagMessage {
            draft.tags.extend(id);
            draft.stays.push(StayDraft::alone(version, PlaceSort::TagMessage));
            return;
        }
        let mut stay = StayDraft::alone(version, PlaceSort::CommitMessage);
        if let Some(&commit) = id.and_then(|id| self.commits.get(&id)) {
            stay.span = Some(Span {
                since: commit,
                until: None,
                went: None,
                blob: None,
                versions: 1,
                in_head: false,
            });
            draft.messages.push(commit);
            if draft.introduced.is_none_or(|(first, _)| commit < first) {
                draft.introduced = Some((commit, 0));
            }
        }
        draft.stays.push(stay);
    }

    /// Where the same commit had the secret before.
    fn origin(&self, stay: &StayDraft, sources: &[(u32, Held)]) -> Option<Moved> {
        let (path, since) = (stay.at?, stay.span?.since);
        let parents = &self.past.commits[since as usize].parents;
        let mut others = sources
            .iter()
            .filter(|(other, held)| *other != path && parents.iter().any(|&parent| held.has(parent)))
            .peekable();
        let name = |path: u32| self.past.paths[path as usize].clone();
        let first = others.peek().map(|(path, _)| *path)?;
        let moved = others.find(|(_, held)| !held.has(since));
        Some(moved.map_or_else(|| Moved::CopiedFrom(name(first)), |(path, _)| Moved::MovedFrom(name(*path))))
    }

    /// Which refs reach it.
    fn reach(&self, whole: &Held, by_blob: &BTreeMap<Oid, Vec<&Version>>, draft: &mut Draft) {
        let reached = stays::reached(self.past, whole, &draft.messages);
        let left = stays::left(self.past, whole);
        for named in &self.past.refs {
            let of_tag = named.tags.iter().any(|tag| draft.tags.contains(tag));
            let found = match &named.tip {
                Tip::Commit(commit) => {
                    let holds = whole.has(*commit);
                    let left = left[*commit as usize].filter(|_| !holds);
                    (of_tag || reached[*commit as usize]).then_some((holds || of_tag, left))
                }
                Tip::Blobs(blobs) => {
                    let holds = of_tag || blobs.iter().any(|blob| by_blob.contains_key(blob));
                    holds.then_some((true, None))
                }
            };
            if let Some((holds, left)) = found {
                draft.refs.push((named.name.clone(), holds, left));
            }
        }
    }
}

/// The id that 40 or 64 hexadecimal digits stand for.
fn object_id(digits: &str) -> Option<Oid> {
    Oid::from_bytes(&data_encoding::HEXLOWER.decode(digits.as_bytes()).ok()?).ok()
}

fn commit_of(tip: &Tip) -> Option<u32> {
    match tip {
        Tip::Commit(commit) => Some(*commit),
        Tip::Blobs(_) => None,
    }
}

/// The path of what is inside the file at `path`, if it was read inside of one like it.
fn inside(path: &RepoPath, read_at: &RepoPath) -> RepoPath {
    let bytes = read_at.as_bytes();
    match memchr::memmem::find(bytes, b"!/") {
        Some(at) => RepoPath::new([path.as_bytes(), &bytes[at..]].concat()),
        None => path.clone(),
    }
}

/// The reason of the first allow marker if all that still stands has one.
fn allowed(
    stays: &[StayDraft],
    by_blob: &BTreeMap<Oid, Vec<&Version>>,
    versions: &[&Version],
) -> Option<String> {
    let standing: Vec<&&Version> = stays
        .iter()
        .filter_map(|stay| stay.span.filter(|span| span.until.is_none())?.blob)
        .filter_map(|blob| by_blob.get(&blob)?.first())
        .collect();
    let counted: Vec<&&Version> = if standing.is_empty() { versions.iter().collect() } else { standing };
    let is_all = counted.iter().all(|version| version.allowed.is_some());
    counted.first().filter(|_| is_all)?.allowed.clone()
}

/// A life without the records of its commits.
#[derive(Default)]
struct Draft {
    stays: Vec<StayDraft>,
    /// The first commit, and which of the stays it begins.
    introduced: Option<(u32, usize)>,
    merged_by: Option<u32>,
    refs: Vec<(String, bool, Option<u32>)>,
    in_head: bool,
    allowed: Option<String>,
    /// Commits with it in their message.
    messages: Vec<u32>,
    /// Tags with it in their message.
    tags: Vec<Oid>,
    paths_left_out: usize,
}

struct StayDraft {
    path: RepoPath,
    name: Option<String>,
    line: u64,
    sort: PlaceSort,
    versions: u32,
    in_head: bool,
    span: Option<Span>,
    /// Its path in the past.
    at: Option<u32>,
    from: Option<Moved>,
}

impl StayDraft {
    /// A place that no folder of a commit has.
    fn alone(version: &Version, sort: PlaceSort) -> Self {
        Self {
            path: version.path.clone(),
            name: version.name.clone(),
            line: version.line,
            sort,
            versions: 1,
            in_head: false,
            span: None,
            at: None,
            from: None,
        }
    }

    /// Oldest first, and what no commit has last.
    fn key(&self) -> (u32, &RepoPath, PlaceSort, u64) {
        (self.span.map_or(u32::MAX, |span| span.since), &self.path, self.sort, self.line)
    }
}

impl Draft {
    /// The commits that are told of.
    fn commits(&self) -> impl Iterator<Item = u32> {
        let spans = self.stays.iter().filter_map(|stay| stay.span);
        let of_stays = spans.flat_map(|span| [Some(span.since), span.until]);
        let of_refs = self.refs.iter().map(|(_, _, left)| *left);
        let own = [self.introduced.map(|(commit, _)| commit), self.merged_by];
        of_stays.chain(of_refs).chain(own).flatten()
    }

    fn life(self, finding: &Finding, records: &HashMap<u32, (CommitRecord, Vec<u8>)>, past: &Past) -> Life {
        let record = |commit: u32| records.get(&commit).map(|(record, _)| record.clone());
        let request = |commit: u32| records.get(&commit).and_then(|(_, message)| pull_request(message));
        let introduced = self.introduced.and_then(|(commit, stay)| {
            Some(Introduction {
                commit: record(commit)?,
                path: self.stays[stay].path.clone(),
                line: self.stays[stay].line,
                merged_by: self.merged_by.and_then(record),
                pull_request: self.merged_by.and_then(request).or_else(|| request(commit)),
                is_cut: past.commits[commit as usize].is_cut,
            })
        });
        let refs = self.refs.into_iter();
        let refs = refs.map(|(name, holds, left)| Reach { name, holds, left: left.and_then(record) });
        let stays = self.stays.into_iter().map(|stay| Stay {
            path: stay.path,
            name: stay.name.map(|name| finding.without_secret(&name).into_owned()),
            line: stay.line,
            sort: stay.sort,
            since: stay.span.and_then(|span| record(span.since)),
            until: stay.span.and_then(|span| record(span.until?)),
            versions: stay.versions,
            from: stay.from,
            in_head: stay.in_head,
        });
        Life {
            token: Token::of(finding),
            introduced,
            stays: stays.collect(),
            refs: refs.collect(),
            in_head: self.in_head,
            replaced_by: Vec::new(),
            replaces: Vec::new(),
            allowed: self.allowed.map(|reason| finding.without_secret(&reason).into_owned()),
            in_baseline: finding.status == Status::Baseline,
            waived_until: None,
        }
    }
}
