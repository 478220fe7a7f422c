//! Where history begins: refs, HEADs and the stash.

use crate::coverage::{Coverage, Gap};
use crate::source::SourceError;
use crate::source::repository::Handles;
use git2::Oid;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// An object that something in the repository names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedObject {
    /// What names it: `refs/heads/main`, `HEAD`, `refs/stash@{2}`.
    pub name: String,
    /// The object.
    pub id: Oid,
}

/// Everything that keeps objects alive and that people can get at: all refs, also those of linked
/// worktrees, every HEAD, and all entries of the stash. Sorted by name.
///
/// # Errors
///
/// [`SourceError::Unreadable`] if the repository cannot be opened once more. A ref that cannot be
/// read goes into the account.
pub fn find(handles: &Handles, coverage: &Coverage) -> Result<Vec<NamedObject>, SourceError> {
    let mut roots = BTreeSet::new();
    let mut names = BTreeSet::new();
    let handle = handles.take()?;
    match handle.references() {
        Ok(references) => {
            for reference in references {
                let reference = match reference {
                    Ok(reference) => reference,
                    Err(error) => {
                        coverage.leave_out(
                            Gap::Corrupt,
                            "a ref",
                            format_args!("cannot be read: {}", error.message()),
                        );
                        continue;
                    }
                };
                let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
                // A symbolic ref leads to another ref, which has its own turn.
                if let Some(id) = reference.target() {
                    roots.insert(NamedObject { name: name.clone(), id });
                }
                names.insert(name);
            }
        }
        Err(error) => coverage.leave_out(
            Gap::Corrupt,
            "the refs",
            format_args!("cannot be read: {}; run: git fsck", error.message()),
        ),
    }
    match handle.reflog("refs/stash") {
        Ok(stash) => {
            let entries = stash.iter().enumerate();
            roots.extend(
                entries.map(|(n, entry)| NamedObject {
                    name: format!("refs/stash@{{{n}}}"),
                    id: entry.id_new(),
                }),
            );
        }
        Err(error) => coverage.leave_out(
            Gap::Corrupt,
            "the stash",
            format_args!("its reflog cannot be read: {}; look at .git/logs/refs/stash", error.message()),
        ),
    }
    drop(handle);
    let common = handles.common_dir();
    let mut files = Files { handles, coverage, known: &names, roots: &mut roots };
    files.head(common, "HEAD");
    // libgit2 passes over files under refs that it cannot read without a word.
    files.folder(&common.join("refs"), "refs", "");
    for worktree in fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten() {
        let shown = format!("worktrees/{}/", worktree.file_name().to_string_lossy());
        files.head(&worktree.path(), &format!("{shown}HEAD"));
        files.folder(&worktree.path().join("refs"), "refs", &shown);
    }
    Ok(roots.into_iter().collect())
}

struct Files<'a> {
    handles: &'a Handles,
    coverage: &'a Coverage,
    /// Names that libgit2 has given already.
    known: &'a BTreeSet<String>,
    roots: &'a mut BTreeSet<NamedObject>,
}

impl Files<'_> {
    fn head(&mut self, folder: &Path, name: &str) {
        self.file(&folder.join("HEAD"), name.to_owned());
    }

    /// Reads the refs in a folder that are not known yet.
    fn folder(&mut self, folder: &Path, name: &str, prefix: &str) {
        let mut waiting: Vec<(PathBuf, String)> = vec![(folder.to_owned(), name.to_owned())];
        while let Some((folder, name)) = waiting.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    self.lost(&format!("{prefix}{name}"), &error.to_string());
                    continue;
                }
            };
            for entry in entries.flatten() {
                let name = format!("{name}/{}", entry.file_name().to_string_lossy());
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => waiting.push((entry.path(), name)),
                    _ if self.is_news(&name, prefix) => {
                        self.file(&entry.path(), format!("{prefix}{name}"));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whether a file is a ref that libgit2 has not given; one that ends in `.lock` is no ref.
    fn is_news(&self, name: &str, prefix: &str) -> bool {
        let lock = Path::new(name).extension().is_some_and(|end| end == "lock");
        !lock && (!prefix.is_empty() || !self.known.contains(name))
    }

    /// Reads a file that holds an object id, or the name of a ref, which has its own turn.
    fn file(&mut self, path: &Path, name: String) {
        match fs::read(path) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let text = text.trim();
                if let Some(id) = self.handles.parse_id(text) {
                    self.roots.insert(NamedObject { name, id });
                } else if !text.starts_with("ref:") {
                    self.lost(&name, "it holds no object id");
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.lost(&name, &error.to_string()),
        }
    }

    fn lost(&self, name: &str, why: &str) {
        self.coverage.leave_out(
            Gap::Corrupt,
            name,
            format_args!(
                "this ref cannot be read ({why}), so what only it reaches was not scanned; run: git fsck"
            ),
        );
    }
}
