//! What changed between trees, and handing each changed file with its added lines to the visitor.

use crate::coverage::Coverage;
use crate::origin::{Origin, RepoPath};
use crate::source::Visit;
use crate::source::container::{Limits, Reading};
use crate::source::filter::{PathFilter, wants};
use crate::source::lines::{self, Lines};
use crate::source::repository::Handles;
use crate::source::text::Subject;
use git2::{Delta, Diff, DiffFindOptions, DiffOptions, FileMode, Odb, Oid};
use std::collections::HashMap;
use std::sync::Arc;

/// Over so many renamed candidates git compares no contents either (`diff.renameLimit`).
const RENAME_LIMIT: usize = 1000;

/// A file that is new or differs from each of the trees it was compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its path now.
    pub path: RepoPath,
    /// Its blob now.
    pub id: Oid,
    /// Its blobs before, one for each of the trees that has the file.
    pub before: Vec<Oid>,
}

/// How trees are compared.
pub fn options() -> DiffOptions {
    let mut options = DiffOptions::new();
    options.ignore_submodules(false).skip_binary_check(true).context_lines(0);
    options
}

/// The files that a comparison shows as new or changed. Submodules go into the account.
///
/// `compare` makes the comparison; it is called again if looking for renames fails, which needs
/// the contents of files that are gone.
///
/// # Errors
///
/// Those of libgit2.
pub fn changes<'r>(
    compare: impl Fn() -> Result<Diff<'r>, git2::Error>,
    coverage: &Coverage,
) -> Result<Vec<Change>, git2::Error> {
    let mut diff = compare()?;
    let has = |status: Delta| diff.deltas().any(|delta| delta.status() == status);
    if has(Delta::Added) && has(Delta::Deleted) {
        let mut find = DiffFindOptions::new();
        find.renames(true).rename_limit(RENAME_LIMIT);
        if diff.find_similar(Some(&mut find)).is_err() {
            diff = compare()?;
        }
    }
    let mut changes = Vec::new();
    for delta in diff.deltas() {
        let (old, new) = (delta.old_file(), delta.new_file());
        let from = match delta.status() {
            Delta::Modified | Delta::Renamed => matches!(
                old.mode(),
                FileMode::Blob | FileMode::BlobExecutable | FileMode::BlobGroupWritable | FileMode::Link
            )
            .then(|| old.id()),
            Delta::Added | Delta::Copied | Delta::Typechange => None,
            _ => continue,
        };
        let path = RepoPath::new(new.path_bytes().unwrap_or_default());
        if new.mode() == FileMode::Commit {
            coverage.notice(submodule(&path));
        } else if from != Some(new.id()) {
            changes.push(Change { path, id: new.id(), before: from.into_iter().collect() });
        }
    }
    Ok(changes)
}

/// What is told about a submodule.
pub fn submodule(path: &RepoPath) -> String {
    format!("{path}: a submodule, whose commits are in another repository, not scanned")
}

/// Of several comparisons of the same files with different trees, what differs from every tree:
/// the rest was in one of them before.
pub fn in_all(mut comparisons: Vec<Vec<Change>>) -> Vec<Change> {
    let Some(mut common) = comparisons.pop() else { return Vec::new() };
    for other in comparisons {
        let mut other: HashMap<RepoPath, Vec<Oid>> =
            other.into_iter().map(|change| (change.path, change.before)).collect();
        common.retain_mut(|change| match other.remove(&change.path) {
            Some(before) => {
                change.before.extend(before);
                true
            }
            None => false,
        });
    }
    common
}

/// Hands changed files to the visitor.
pub struct Delivery<'a> {
    /// The repository.
    pub handles: &'a Handles,
    /// Which paths are wanted.
    pub filter: Option<PathFilter<'a>>,
    /// How far archives are opened.
    pub limits: Limits,
    /// Whom to call.
    pub visit: &'a Visit<'a>,
    /// The account.
    pub coverage: &'a Coverage,
}

impl Delivery<'_> {
    /// Hands a blob to the visitor, with the lines that are in none of the blobs before it; none
    /// before means all lines. A blob that adds no line is not handed over. An archive has no lines
    /// of its own: a changed one counts whole.
    pub fn change(&self, odb: &Odb<'_>, change: &Change, origin: &Arc<Origin>) {
        if !wants(self.filter, &change.path) {
            return;
        }
        let object = match self.handles.read_from(odb, change.id) {
            Ok(object) => object,
            Err(error) => {
                return error.report(change.id, format_args!("the blob of {}", change.path), self.coverage);
            }
        };
        let Self { filter, limits, visit, coverage, .. } = *self;
        let reading = Reading { limits, filter, visit, coverage };
        let whole = reading.kind(object.data(), &change.path).is_some_and(|kind| !kind.keeps_lines());
        let added = if whole { None } else { self.added(odb, change, object.data()) };
        if added.as_ref().is_none_or(|lines| !lines.is_empty()) {
            let subject = Subject { path: &change.path, origin, added: added.as_deref(), known: None };
            reading.bytes(object.data(), subject);
        }
    }

    fn added(&self, odb: &Odb<'_>, change: &Change, now: &[u8]) -> Option<Lines> {
        let mut all: Option<Lines> = None;
        for &id in &change.before {
            match self.handles.read_from(odb, id) {
                Ok(before) => {
                    if let Some(added) = lines::added(before.data(), now) {
                        all = Some(all.map_or(added.clone(), |lines| lines::intersect(&lines, &added)));
                    }
                }
                Err(error) => self.coverage.notice(format!(
                    "{}: all lines count as added, because the version before (object {id}) is {error}",
                    change.path
                )),
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_from_every_parent_is_kept() {
        let id = |digit: u8| Oid::from_bytes(&[digit; 20]).expect("twenty bytes");
        let change = |path: &str, before: &[Oid]| Change {
            path: RepoPath::new(path),
            id: id(9),
            before: before.to_vec(),
        };
        let ours = vec![change("both", &[id(1)]), change("ours", &[]), change("new", &[])];
        let theirs = vec![change("new", &[]), change("theirs", &[]), change("both", &[id(2)])];
        let all = in_all(vec![ours, theirs]);
        assert_eq!(all, [change("new", &[]), change("both", &[id(2), id(1)])]);
        assert_eq!(in_all(Vec::new()), []);
    }
}
