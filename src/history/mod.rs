//! All of a repository's history: every blob and message that anything in it can reach, each
//! once, with the commit that brought it in.

pub mod attribution;
pub mod roots;

use crate::coverage::Coverage;
use crate::history::attribution::{Attribution, Root, attribute};
use crate::origin::{CommitInfo, Origin, OriginKind, RepoPath};
use crate::source::commits::deliver_message;
use crate::source::container::{Limits, Reading};
use crate::source::filter::PathFilter;
use crate::source::graph::{Commit, reachable};
use crate::source::object::{IdSet, Kind, parse, read_as};
use crate::source::repository::Handles;
use crate::source::text::Subject;
use crate::source::tips::Tips;
use crate::source::{Source, SourceError, Visit, treeish};
use rayon::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;

/// The whole history of a repository, bare or not.
///
/// That is every blob that a ref, the stash (each entry of its reflog) or the HEAD of any of its
/// worktrees can reach, and the messages of commits and annotated tags. Memory is bounded by the
/// number of commits and objects, not by what they hold.
#[derive(Clone, Default)]
pub struct History<'a> {
    /// A place in the repository; without one, git's environment variables and the current folder
    /// say which repository.
    pub path: Option<PathBuf>,
    /// Which paths are wanted. A blob counts if any of its paths is.
    pub filter: Option<PathFilter<'a>>,
    /// How far archives are opened.
    pub containers: Limits,
}

impl Source for History<'_> {
    fn read(&self, visit: &Visit<'_>, coverage: &Coverage) -> Result<(), SourceError> {
        let handles = Handles::open(self.path.as_deref())?;
        let mut tips = Tips::default();
        for root in roots::find(&handles, coverage)? {
            tips.add(&handles, root.id, &root.name, coverage);
        }
        let commits = reachable(&handles, &tips.commits, &[], &handles.shallow(), coverage);
        coverage.commits(commits.len() as u64);
        let infos: Vec<Option<Arc<CommitInfo>>> = commits
            .par_iter()
            .enumerate()
            .map(|(order, commit)| deliver_message(&handles, commit.id, order as u64, visit, coverage).ok())
            .collect();
        tips.deliver_tags(commits.len() as u64, visit, coverage);
        let attribution = attribute(&handles, &roots_of(&commits, &mut tips), self.filter, coverage);
        let in_head = blobs_of_head(&handles);
        let reading = Reading { limits: self.containers, filter: self.filter, visit, coverage };
        deliver(&handles, attribution, &infos, &in_head, &reading)
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

/// The blobs in the tree of HEAD. What cannot be read of it has been told already.
fn blobs_of_head(handles: &Handles) -> IdSet {
    let head = || {
        let handle = handles.take().ok()?;
        let commit = handle.head().ok()?.target()?;
        let mut bytes = Vec::new();
        read_as(handles, commit, Kind::Commit, &mut bytes).ok()?;
        Some(parse(&bytes, handles.format())?.target)
    };
    let files = head().map(|tree| treeish::files(handles, tree, b"", None, &Coverage::default()));
    files.into_iter().flatten().map(|(id, _)| id).collect()
}

/// Reads the blobs and hands them over, versions of a file one after the other, because they are
/// deltas of each other and share what libgit2 keeps in memory.
fn deliver(
    handles: &Handles,
    mut attribution: Attribution,
    infos: &[Option<Arc<CommitInfo>>],
    in_head: &IdSet,
    reading: &Reading<'_>,
) -> Result<(), SourceError> {
    attribution.sort_by_path();
    attribution.blobs().par_chunks(64).try_for_each(|blobs| {
        let handle = handles.take()?;
        let odb = handle.odb().map_err(|error| SourceError::Unreadable(error.message().to_owned()))?;
        for blob in blobs {
            let path: RepoPath = attribution.path(blob);
            let object = match handles.read_from(&odb, blob.id) {
                Ok(object) => object,
                Err(error) => {
                    error.report(blob.id, format_args!("the blob of {path}"), reading.coverage);
                    continue;
                }
            };
            let origin = Arc::new(Origin {
                kind: OriginKind::Blob,
                commit: infos.get(blob.order as usize).cloned().flatten(),
                order: u64::from(blob.order),
                in_head: Some(in_head.contains(&blob.id)),
                blob: Some(blob.id.to_string()),
            });
            reading.bytes(object.data(), Subject { path: &path, origin: &origin, added: None });
        }
        Ok(())
    })
}
