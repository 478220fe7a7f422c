//! All files of one tree.

use crate::coverage::Coverage;
use crate::origin::{CommitInfo, Origin, OriginKind, RepoPath};
use crate::source::SourceError;
use crate::source::changes::{Change, Delivery, submodule};
use crate::source::filter::PathFilter;
use crate::source::object::{EntryKind, Kind, Objects, entries, read_as};
use git2::Oid;
use rayon::prelude::*;
use std::sync::Arc;

/// A file of a tree.
pub type File = (Oid, RepoPath);

/// Puts a name under a folder; the empty folder is the root.
pub fn child(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}

/// Lists the files of a tree, in no order. Subtrees that cannot be read and submodules go into
/// the account.
pub fn files(
    objects: &dyn Objects,
    tree: Oid,
    prefix: &[u8],
    filter: Option<PathFilter<'_>>,
    coverage: &Coverage,
) -> Vec<File> {
    let mut files = Vec::new();
    let mut bytes = Vec::new();
    let mut waiting = vec![(tree, prefix.to_vec())];
    while let Some((id, folder)) = waiting.pop() {
        let role = || format!("the tree of folder `{}`", RepoPath::new(folder.as_slice()));
        if let Err(error) = read_as(objects, id, Kind::Tree, &mut bytes) {
            error.report(id, role(), coverage);
            continue;
        }
        for entry in entries(&bytes, objects.format()) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    error.report(id, role(), coverage);
                    break;
                }
            };
            let path = RepoPath::new(child(&folder, entry.name));
            if filter.is_some_and(|wanted| !wanted(&path, entry.kind == EntryKind::Tree)) {
                continue;
            }
            match entry.kind {
                EntryKind::Tree => waiting.push((entry.id, path.as_bytes().to_vec())),
                EntryKind::Blob => files.push((entry.id, path)),
                EntryKind::Submodule => coverage.notice(submodule(&path)),
            }
        }
    }
    files
}

/// Hands files whole to the visitor.
///
/// # Errors
///
/// [`SourceError::Unreadable`] if the repository cannot be opened for another thread.
pub fn deliver(
    files: &[File],
    commit: Option<&Arc<CommitInfo>>,
    order: u64,
    delivery: &Delivery<'_>,
) -> Result<(), SourceError> {
    files.par_chunks(16).try_for_each(|files| {
        let handle = delivery.handles.take()?;
        let odb = handle.odb().map_err(|error| SourceError::Unreadable(error.message().to_owned()))?;
        for (id, path) in files {
            let origin = Arc::new(Origin {
                commit: commit.cloned(),
                order,
                blob: Some(id.to_string()),
                ..Origin::plain(OriginKind::Blob)
            });
            let whole = Change { path: path.clone(), id: *id, before: Vec::new() };
            delivery.change(&odb, &whole, &origin);
        }
        Ok(())
    })
}
