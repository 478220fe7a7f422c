//! What the next commit would contain, as the index has it.

use crate::coverage::{Coverage, Gap};
use crate::origin::{Origin, OriginKind, RepoPath};
use crate::source::changes::{Change, Delivery, changes, in_all, options};
use crate::source::container::Limits;
use crate::source::filter::PathFilter;
use crate::source::repository::{Handle, Handles, explain_index};
use crate::source::{Source, SourceError, Visit};
use git2::{ErrorCode, Index, Oid, Tree};
use rayon::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;

/// Under so many files, starting threads takes longer than reading the files.
const FEW: usize = 32;

/// The staged files, each whole, with the lines that the next commit adds.
///
/// In a merge a line is added if neither HEAD nor any commit being merged has it.
#[derive(Clone, Default)]
pub struct Staged<'a> {
    /// A place in the repository; without one, git's environment variables and the current folder
    /// say which repository and which index.
    pub path: Option<PathBuf>,
    /// Which paths are wanted.
    pub filter: Option<PathFilter<'a>>,
    /// How far archives are opened.
    pub containers: Limits,
}

impl Source for Staged<'_> {
    fn read(&self, visit: &Visit<'_>, coverage: &Coverage) -> Result<(), SourceError> {
        let handles = Handles::open(self.path.as_deref())?;
        let changes = staged(&mut handles.take()?, coverage)?;
        let limits = self.containers;
        let delivery = Delivery { handles: &handles, filter: self.filter, limits, visit, coverage };
        let size = if changes.len() < FEW { FEW } else { 8 };
        let deliver = |changes: &[Change]| -> Result<(), SourceError> {
            let handle = handles.take()?;
            let odb = handle.odb().map_err(|error| unreadable(&handle, "its objects", &error))?;
            for change in changes {
                let blob = Some(change.id.to_string());
                let origin = Arc::new(Origin { blob, ..Origin::plain(OriginKind::Index) });
                delivery.change(&odb, change, &origin);
            }
            Ok(())
        };
        if changes.len() < FEW {
            return deliver(&changes);
        }
        changes.par_chunks(size).try_for_each(deliver)
    }
}

/// What differs from HEAD and from every commit being merged.
fn staged(handle: &mut Handle<'_>, coverage: &Coverage) -> Result<Vec<Change>, SourceError> {
    let mut merging = Vec::new();
    match handle.mergehead_foreach(|id| {
        merging.push(*id);
        true
    }) {
        Err(error) if error.code() != ErrorCode::NotFound => {
            return Err(unreadable(handle, "MERGE_HEAD", &error));
        }
        _ => {}
    }
    let index = handle.index().map_err(|error| {
        SourceError::Unreadable(format!("{}: {}", handle.path().display(), explain_index(&error)))
    })?;
    report_conflicts(&index, coverage);
    let mut trees = vec![head_tree(handle)?];
    for id in merging {
        trees.push(Some(tree_of(handle, id)?));
    }
    let mut comparisons = Vec::new();
    for tree in &trees {
        let compare = || handle.diff_tree_to_index(tree.as_ref(), Some(&index), Some(&mut options()));
        comparisons.push(
            changes(compare, coverage).map_err(|error| unreadable(handle, "the staged changes", &error))?,
        );
    }
    let mut changes = in_all(comparisons);
    // `git add --intent-to-add` notes a file without staging any of it.
    changes.retain(|change| {
        !index.get_path(&change.path.to_match(), 0).is_some_and(|entry| {
            git2::IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended).is_intent_to_add()
        })
    });
    Ok(changes)
}

fn report_conflicts(index: &Index, coverage: &Coverage) {
    if !index.has_conflicts() {
        return;
    }
    for entry in index.iter() {
        let stage = entry.flags >> 12 & 3;
        if stage != 0 {
            let why =
                "still in conflict, so it is not known what will be committed; resolve it and `git add` it";
            coverage.leave_out(Gap::Conflict, RepoPath::new(entry.path), why);
        }
    }
}

/// The tree of HEAD; `None` before the first commit.
fn head_tree<'r>(handle: &'r Handle<'_>) -> Result<Option<Tree<'r>>, SourceError> {
    match handle.head() {
        Ok(head) => match head.peel_to_tree() {
            Ok(tree) => Ok(Some(tree)),
            Err(error) => Err(unreadable(handle, "the commit of HEAD", &error)),
        },
        Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => Ok(None),
        Err(error) => Err(unreadable(handle, "HEAD", &error)),
    }
}

fn tree_of<'r>(handle: &'r Handle<'_>, commit: Oid) -> Result<Tree<'r>, SourceError> {
    handle
        .find_commit(commit)
        .and_then(|commit| commit.tree())
        .map_err(|error| unreadable(handle, &format!("commit {commit}, which is being merged,"), &error))
}

fn unreadable(handle: &Handle<'_>, what: &str, error: &git2::Error) -> SourceError {
    SourceError::Unreadable(format!(
        "{}: {what} cannot be read: {}; run `git fsck`",
        handle.path().display(),
        error.message()
    ))
}
