//! All of a repository's history: every blob and message in its object stores, each once, with the
//! commit that brought it in, whether anything reaches it or not.

pub mod attribution;
pub mod cache;
mod delta;
mod folders;
mod members;
mod names;
pub mod objects;
pub mod pack;
pub mod recall;
pub mod roots;
pub mod sift;
pub mod trees;
mod whole;

use crate::coverage::Coverage;
use crate::detect::probe::Probe;
use crate::history::attribution::Root;
use crate::history::cache::Cache;
use crate::history::recall::Recall;
use crate::history::roots::NamedObject;
use crate::origin::RepoPath;
use crate::source::container::{Limits, Reading};
use crate::source::filter::PathFilter;
use crate::source::graph::{Commit, reachable_by};
use crate::source::object::{IdMap, IdSet, Kind, ObjectError, parse, read_as};
use crate::source::repository::Handles;
use crate::source::tips::Tips;
use crate::source::{Source, SourceError, Visit};
use git2::Oid;
use std::path::PathBuf;

/// Where blobs are reported that are in no folder: where `git fsck --lost-found` puts them.
pub const LOST_FOUND: &str = "lost-found/other/";

/// The whole history of a repository, bare or not.
///
/// That is every blob in its object stores, and the messages of commits and annotated tags: those
/// that a ref, the stash (each entry of its reflog) or the HEAD of any of its worktrees can reach,
/// and, told apart, those that nothing reaches any more. Memory is bounded by the number of commits
/// and objects, not by what they hold.
#[derive(Clone, Default)]
pub struct History<'a> {
    /// A place in the repository; without one, git's environment variables and the current folder
    /// say which repository.
    pub path: Option<PathBuf>,
    /// Which paths are wanted. A blob counts if any of its paths is.
    pub filter: Option<PathFilter<'a>>,
    /// How far archives are opened.
    pub containers: Limits,
    /// What tells which blobs have to be scanned at all; without it all are.
    pub probe: Option<&'a Probe<'a>>,
    /// A hash of the program, its rules and its settings, to remember by it what was found out of
    /// blobs. Only together with a probe.
    pub cache: Option<cache::Key>,
    /// Who wants to know the past of what is found. Only together with a probe.
    pub recall: Option<&'a Recall<'a>>,
}

impl Source for History<'_> {
    fn read(&self, visit: &Visit<'_>, coverage: &Coverage) -> Result<(), SourceError> {
        let handles = Handles::open(self.path.as_deref())?;
        let reading = Reading { limits: self.containers, filter: self.filter, visit, coverage };
        match self.probe {
            Some(probe) => {
                let cache = self.cache.map(|settings| Cache::new(&handles, settings));
                delta::read(&handles, probe, cache.as_ref(), self.recall, &reading)
            }
            None => whole::read(&handles, &reading),
        }
    }
}

/// Where a history begins.
struct Start {
    /// What refs name.
    named: Vec<NamedObject>,
    tips: Tips,
    /// The tree of HEAD.
    head: Option<Oid>,
}

impl Start {
    /// Finds it. `is_commit` knows commits that need not be read for that.
    fn find(
        handles: &Handles,
        is_commit: &dyn Fn(Oid) -> bool,
        coverage: &Coverage,
    ) -> Result<Self, SourceError> {
        let mut tips = Tips::default();
        let named = roots::find(handles, coverage)?;
        for root in &named {
            if is_commit(root.id) {
                tips.add_commit(root.id);
            } else {
                tips.add(handles, root.id, &root.name, coverage);
            }
        }
        let head = || {
            let handle = handles.take().ok()?;
            let commit = handle.head().ok()?.target()?;
            let mut bytes = Vec::new();
            read_as(handles, commit, Kind::Commit, &mut bytes).ok()?;
            Some(parse(&bytes, handles.format())?.target)
        };
        Ok(Self { named, tips, head: head() })
    }
}

/// The trees of the commits in their order, and then what refs point to without a commit.
fn roots_of(commits: &[Commit], tips: &mut Tips) -> Vec<Root> {
    let mut roots: Vec<_> = commits.iter().map(|commit| Root::Tree(commit.tree)).collect();
    tips.trees.sort_unstable();
    tips.blobs.sort_unstable();
    roots.extend(tips.trees.iter().map(|(id, _)| Root::Tree(*id)));
    roots.extend(tips.blobs.iter().map(|(id, name)| Root::Blob(*id, name.as_bytes().to_vec())));
    roots
}

/// The commits that nothing reaches, each after its parents.
fn dangling_order(known: &IdMap<Commit>, reached: &[Commit]) -> Vec<Commit> {
    if known.len() <= reached.len() {
        return Vec::new();
    }
    let reached: IdSet = reached.iter().map(|commit| commit.id).collect();
    let mut tips: Vec<Oid> = known.keys().filter(|id| !reached.contains(id)).copied().collect();
    tips.sort_unstable();
    // A parent that is missing here was never told to be there.
    let load = |id: Oid| match known.get(&id) {
        Some(commit) if !reached.contains(&id) => Ok(commit.clone()),
        _ => Err(ObjectError::Missing),
    };
    reachable_by(&load, &tips, &[], &IdSet::default(), &Coverage::default())
}

/// Where a blob is reported that no folder has, and whether anything keeps it: it may be staged.
fn without_folder(id: Oid, staged: &IdMap<RepoPath>) -> (RepoPath, bool) {
    match staged.get(&id) {
        Some(path) => (path.clone(), true),
        None => (RepoPath::new(format!("{LOST_FOUND}{id}")), false),
    }
}

/// What is staged in the worktrees, by object. An index that cannot be read keeps nothing: what it
/// names is reported all the same.
fn staged(handles: &Handles) -> Result<IdMap<RepoPath>, SourceError> {
    let handle = handles.take()?;
    let names = handle.worktrees().ok();
    let linked = names
        .iter()
        .flat_map(|names| names.iter().flatten().flatten())
        .filter_map(|name| git2::Repository::open_from_worktree(&handle.find_worktree(name).ok()?).ok());
    let mut staged = IdMap::default();
    let mut add = |repository: &git2::Repository| {
        for entry in repository.index().iter().flat_map(git2::Index::iter) {
            staged.entry(entry.id).or_insert_with(|| RepoPath::new(entry.path));
        }
    };
    add(&handle);
    linked.for_each(|repository| add(&repository));
    Ok(staged)
}
