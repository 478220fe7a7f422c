//! All of a history, every blob read whole: the plain way, which the other one is held against.

use crate::coverage::Coverage;
use crate::history::attribution::{Attribution, Root, attribute};
use crate::history::objects::Catalog;
use crate::history::{Start, dangling_order, roots_of, staged, without_folder};
use crate::origin::{CommitInfo, Origin, OriginKind, RepoPath};
use crate::source::SourceError;
use crate::source::commits::deliver_message;
use crate::source::container::Reading;
use crate::source::filter::wants;
use crate::source::graph::{Commit, load, reachable};
use crate::source::object::{IdMap, IdSet};
use crate::source::repository::Handles;
use crate::source::text::Subject;
use crate::source::tips::Tips;
use crate::source::treeish;
use git2::{ObjectType, Oid};
use rayon::prelude::*;
use std::sync::Arc;

/// Reads everything in a repository's object stores.
///
/// # Errors
///
/// [`SourceError::Unreadable`] if the repository cannot be opened for another thread.
pub fn read(handles: &Handles, reading: &Reading<'_>) -> Result<(), SourceError> {
    let Reading { visit, coverage, filter, .. } = *reading;
    let stored = Stored::list(handles, coverage)?;
    let mut start = Start::find(handles, &|_| false, coverage)?;
    let commits = reachable(handles, &start.tips.commits, &[], &handles.shallow(), coverage);
    coverage.commits(commits.len() as u64);
    let dangling = stored.dangling(handles, &commits);
    let mut roots = roots_of(&commits, &mut start.tips);
    let first_dangling = roots.len();
    roots.extend(dangling.iter().map(|commit| Root::Tree(commit.tree)));
    // The commit of each root, where it has one.
    let mut infos: Vec<Option<Arc<CommitInfo>>> = vec![None; roots.len()];
    let numbered = (0..).zip(&commits).chain((first_dangling..).zip(&dangling));
    let numbered: Vec<(usize, &Commit)> = numbered.collect();
    let told: Vec<_> = numbered
        .par_iter()
        .map(|&(order, commit)| {
            let is_reachable = Some(order < first_dangling);
            (order, deliver_message(handles, commit.id, order as u64, is_reachable, visit, coverage).ok())
        })
        .collect();
    for (order, info) in told {
        infos[order] = info;
    }
    start.tips.deliver_tags(commits.len() as u64, Some(true), visit, coverage);
    let mut others = Tips::default();
    for &tag in stored.tags.iter().filter(|&&id| !start.tips.has(id)) {
        others.add(handles, tag, "a tag that no ref points to", coverage);
    }
    others.deliver_tags(first_dangling as u64, Some(false), visit, coverage);

    let attribution = attribute(handles, &roots, filter, coverage);
    let in_head = blobs_of_head(handles, start.head);
    deliver(handles, attribution, &infos, first_dangling, &in_head, reading)?;
    // Where a filter leaves blobs out, everything has to be looked at once more without it, to know
    // which of the others are in no folder at all.
    let everywhere = attribute(handles, &roots, None, &Coverage::default());
    let known: IdSet = everywhere.blobs().iter().map(|blob| blob.id).collect();
    let nowhere: Vec<Oid> = stored.blobs.into_iter().filter(|id| !known.contains(id)).collect();
    let staged = if nowhere.is_empty() { IdMap::default() } else { staged(handles)? };
    nowhere.par_iter().try_for_each(|&id| {
        let handle = handles.take()?;
        let odb = handle.odb().map_err(|error| SourceError::Unreadable(error.message().to_owned()))?;
        let (path, is_staged) = without_folder(id, &staged);
        if !wants(filter, &path) {
            return Ok(());
        }
        let origin = Arc::new(Origin {
            kind: OriginKind::Blob,
            commit: None,
            order: u64::from(u32::MAX),
            in_head: Some(false),
            reachable: Some(is_staged),
            blob: Some(id.to_string()),
        });
        match handles.read_from(&odb, id) {
            Ok(object) => reading
                .bytes(object.data(), Subject { path: &path, origin: &origin, added: None, known: None }),
            Err(error) => error.report(id, "a blob that no folder has", coverage),
        }
        Ok(())
    })
}

/// What is in the object stores.
#[derive(Default)]
struct Stored {
    commits: Vec<Oid>,
    tags: Vec<Oid>,
    blobs: Vec<Oid>,
}

impl Stored {
    fn list(handles: &Handles, coverage: &Coverage) -> Result<Self, SourceError> {
        let lost = |error: &git2::Error| SourceError::Unreadable(error.message().to_owned());
        let handle = handles.take()?;
        let odb = handle.odb().map_err(|error| lost(&error))?;
        let mut stored = Self::default();
        // libgit2 can list the objects of a SHA-1 repository only.
        for id in Catalog::open(handles, coverage)?.ids() {
            if handles.refusal(id).is_some() {
                stored.blobs.push(id);
                continue;
            }
            match odb.read_header(id) {
                Ok((_, ObjectType::Commit)) => stored.commits.push(id),
                Ok((_, ObjectType::Tag)) => stored.tags.push(id),
                // What cannot be read is told when it is read.
                Ok((_, ObjectType::Blob)) | Err(_) => stored.blobs.push(id),
                Ok(_) => {}
            }
        }
        Ok(stored)
    }

    /// The commits that nothing reaches.
    fn dangling(&self, handles: &Handles, reached: &[Commit]) -> Vec<Commit> {
        if self.commits.len() <= reached.len() {
            return Vec::new();
        }
        let known: IdMap<Commit> =
            self.commits.iter().filter_map(|&id| Some((id, load(handles, id).ok()?))).collect();
        dangling_order(&known, reached)
    }
}

/// The blobs in the tree of HEAD. What cannot be read of it has been told already.
fn blobs_of_head(handles: &Handles, tree: Option<Oid>) -> IdSet {
    let files = tree.map(|tree| treeish::files(handles, tree, b"", None, &Coverage::default()));
    files.into_iter().flatten().map(|(id, _)| id).collect()
}

/// Reads the blobs and hands them over, versions of a file one after the other, because they are
/// deltas of each other and share what libgit2 keeps in memory.
fn deliver(
    handles: &Handles,
    mut attribution: Attribution,
    infos: &[Option<Arc<CommitInfo>>],
    first_dangling: usize,
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
                reachable: Some((blob.order as usize) < first_dangling),
                blob: Some(blob.id.to_string()),
            });
            reading.bytes(object.data(), Subject { path: &path, origin: &origin, added: None, known: None });
        }
        Ok(())
    })
}
