//! Which objects a push brings: the tips to scan from, and what the other side has already.

use super::HookError;
use git2::{Oid, Repository};
use std::collections::BTreeSet;

/// A stretch of history: all that can be reached from `tips` and not from `hide`. Ids are
/// hexadecimal, sorted, each once. They may name tags, and a tip may name a tree or a blob.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Where to start. Empty: there is nothing to scan.
    pub tips: Vec<String>,
    /// Where to stop; every one of them is in the repository.
    pub hide: Vec<String>,
}

impl Scope {
    /// Whether there is nothing to scan.
    pub fn is_empty(&self) -> bool {
        self.tips.is_empty()
    }
}

/// Collects a [`Scope`].
pub(super) struct Gather<'repo> {
    repo: &'repo Repository,
    tips: BTreeSet<String>,
    hide: BTreeSet<String>,
}

impl<'repo> Gather<'repo> {
    pub(super) fn new(repo: &'repo Repository) -> Self {
        Self { repo, tips: BTreeSet::new(), hide: BTreeSet::new() }
    }

    pub(super) fn tip(&mut self, id: &str) {
        self.tips.insert(id.to_ascii_lowercase());
    }

    /// Hides an object if it is here. One that is not cannot be hidden: more is scanned then.
    pub(super) fn hide(&mut self, id: &str) -> Result<(), HookError> {
        let odb = self.repo.odb().map_err(|error| self.unreadable(error))?;
        if Oid::from_str_ext(id, self.repo.object_format()).is_ok_and(|id| odb.exists(id)) {
            self.hide.insert(id.to_ascii_lowercase());
        }
        Ok(())
    }

    /// Hides what all references with this prefix point to.
    pub(super) fn hide_references(&mut self, prefix: &[u8]) -> Result<(), HookError> {
        let references = self.repo.references().map_err(|error| self.unreadable(error))?;
        let odb = self.repo.odb().map_err(|error| self.unreadable(error))?;
        for reference in references {
            let reference = reference.map_err(|error| self.unreadable(error))?;
            // A symbolic reference adds nothing: what it leads to is a reference too.
            let Some(target) = reference.target() else { continue };
            if reference.name_bytes().starts_with(prefix) && odb.exists(target) {
                self.hide.insert(target.to_string());
            }
        }
        Ok(())
    }

    /// Adds the revision that a variable of the environment names and tells its id.
    pub(super) fn resolve(&self, variable: &'static str, revision: &str) -> Result<String, HookError> {
        match self.repo.revparse_single(revision) {
            Ok(object) => Ok(object.id().to_string()),
            Err(error) => Err(HookError::Revision { variable, revision: revision.to_owned(), error }),
        }
    }

    pub(super) fn finish(self) -> Scope {
        Scope {
            // What the other side has as it stands brings nothing new.
            tips: self.tips.difference(&self.hide).cloned().collect(),
            hide: self.hide.into_iter().collect(),
        }
    }

    fn unreadable(&self, error: git2::Error) -> HookError {
        HookError::References { path: self.repo.path().to_path_buf(), error }
    }
}
