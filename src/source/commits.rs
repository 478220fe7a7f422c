//! What each of some commits brings: its message, and its files with the lines that it adds.

use crate::coverage::Coverage;
use crate::origin::{CommitInfo, Origin, OriginKind, RepoPath};
use crate::source::changes::{Change, Delivery, changes, in_all, options};
use crate::source::graph::Commit;
use crate::source::object::{Kind, ObjectError, Objects, parse, read_as};
use crate::source::repository::Handle;
use crate::source::text::{Subject, deliver as deliver_text};
use crate::source::{SourceError, Visit};
use git2::{ErrorCode, Oid, Tree};
use rayon::prelude::*;
use std::sync::Arc;

/// The path under which the message of a commit is reported.
pub const COMMIT_MESSAGE: &str = "commit-message";

/// Hands the message of a commit to the visitor and returns what reports show about it.
///
/// # Errors
///
/// [`ObjectError`] if the commit cannot be read; it is in the account then.
pub fn deliver_message(
    objects: &dyn Objects,
    commit: Oid,
    order: u64,
    reachable: Option<bool>,
    visit: &Visit<'_>,
    coverage: &Coverage,
) -> Result<Arc<CommitInfo>, ObjectError> {
    let mut bytes = Vec::new();
    let parsed = read_as(objects, commit, Kind::Commit, &mut bytes).and_then(|()| {
        parse(&bytes, objects.format()).ok_or_else(|| ObjectError::Corrupt("malformed commit".to_owned()))
    });
    let parsed = parsed.inspect_err(|error| error.report(commit, "a commit", coverage))?;
    let info = Arc::new(parsed.info(commit));
    let origin = Arc::new(Origin {
        commit: Some(Arc::clone(&info)),
        order,
        reachable,
        ..Origin::plain(OriginKind::CommitMessage)
    });
    let path = RepoPath::new(COMMIT_MESSAGE);
    deliver_text(
        parsed.message,
        Subject { path: &path, origin: &origin, added: None, known: None },
        visit,
        coverage,
    );
    Ok(info)
}

/// Hands the messages and the changes of commits to the visitor; the place of a commit in
/// `commits` is its order.
///
/// # Errors
///
/// [`SourceError::Unreadable`] if the repository cannot be opened for another thread.
pub fn deliver(commits: &[Commit], delivery: &Delivery<'_>) -> Result<(), SourceError> {
    let Delivery { handles, visit, coverage, .. } = *delivery;
    coverage.commits(commits.len() as u64);
    let changed = commits.par_iter().enumerate().map_init(
        || handles.take(),
        |handle, (order, commit)| {
            let order = order as u64;
            let Ok(info) = deliver_message(handles, commit.id, order, None, visit, coverage) else {
                return Vec::new();
            };
            let changed = match handle {
                Ok(handle) => changed(handle, handles, commit, coverage),
                Err(error) => Err(ObjectError::Corrupt(error.to_string())),
            };
            match changed {
                Ok(changed) => changed.into_iter().map(|change| (order, Arc::clone(&info), change)).collect(),
                Err(error) => {
                    error.report(commit.id, "the changes of a commit: one of its trees", coverage);
                    Vec::new()
                }
            }
        },
    );
    let changed: Vec<_> = changed.flatten_iter().collect();
    changed.par_chunks(16).try_for_each(|changed| {
        let handle = handles.take()?;
        let odb = handle.odb().map_err(|error| SourceError::Unreadable(error.message().to_owned()))?;
        for (order, info, change) in changed {
            let origin = Arc::new(Origin {
                commit: Some(Arc::clone(info)),
                order: *order,
                blob: Some(change.id.to_string()),
                ..Origin::plain(OriginKind::Blob)
            });
            delivery.change(&odb, change, &origin);
        }
        Ok(())
    })
}

/// What is in a commit's tree and in no parent's. A parent that is not there (which is in the
/// account) cannot have had anything.
fn changed(
    handle: &Handle<'_>,
    objects: &dyn Objects,
    commit: &Commit,
    coverage: &Coverage,
) -> Result<Vec<Change>, ObjectError> {
    let tree = tree(handle, commit.tree)?;
    let mut bytes = Vec::new();
    let mut parents = Vec::new();
    for &id in &commit.parents {
        if read_as(objects, id, Kind::Commit, &mut bytes).is_ok()
            && let Some(parent) = parse(&bytes, objects.format())
        {
            parents.push(Some(self::tree(handle, parent.target)?));
        }
    }
    if parents.is_empty() {
        parents.push(None);
    }
    let mut comparisons = Vec::new();
    for parent in &parents {
        let compare = || handle.diff_tree_to_tree(parent.as_ref(), Some(&tree), Some(&mut options()));
        comparisons.push(changes(compare, coverage).map_err(|error| lost(&error))?);
    }
    Ok(in_all(comparisons))
}

fn tree<'r>(handle: &'r Handle<'_>, id: Oid) -> Result<Tree<'r>, ObjectError> {
    handle.find_tree(id).map_err(|error| lost(&error))
}

fn lost(error: &git2::Error) -> ObjectError {
    match error.code() {
        ErrorCode::NotFound => ObjectError::Missing,
        _ => ObjectError::Corrupt(error.message().to_owned()),
    }
}
