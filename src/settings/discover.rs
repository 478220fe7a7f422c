//! Finds the `keytrail.toml` that belongs to what is scanned.

use super::file::FILE_NAME;
use std::path::{Path, PathBuf};

/// Looks for `keytrail.toml` in the folder that is scanned (or that holds the file that is scanned)
/// and upwards, to the root of the repository if there is one round it, else to the root of the
/// file system.
///
/// Anything of that name counts, even what cannot be read, so that a broken file is told rather
/// than passed over.
pub fn discover(scanned: &Path) -> Option<PathBuf> {
    let scanned = resolved(scanned);
    for folder in scanned.ancestors().filter(|folder| folder.is_dir()) {
        let candidate = folder.join(FILE_NAME);
        if candidate.symlink_metadata().is_ok() {
            return Some(candidate);
        }
        if is_repository(folder) {
            return None;
        }
    }
    None
}

/// The path with its links and `..` resolved, so that its ancestors are those of the real folder.
fn resolved(path: &Path) -> PathBuf {
    // Windows writes resolved paths in a form (`\\?\C:\...`) that people do not know, and resolves
    // `..` in the other function too.
    #[cfg(not(windows))]
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Whether a folder is the root of a work tree (`.git` is a folder, or a file in a linked work tree
/// or submodule) or a bare repository.
fn is_repository(folder: &Path) -> bool {
    folder.join(".git").symlink_metadata().is_ok()
        || (folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_search_goes_up_and_stops_at_the_repository() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        let deep = root.join("repo/a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(root.join(FILE_NAME), "version = 1").unwrap();
        assert_eq!(discover(&deep), Some(root.join(FILE_NAME)), "no repository: all the way up");

        fs::create_dir(root.join("repo/.git")).unwrap();
        assert_eq!(discover(&deep), None, "stops at the repository's root");

        fs::write(root.join("repo").join(FILE_NAME), "version = 1").unwrap();
        assert_eq!(discover(&deep), Some(root.join("repo").join(FILE_NAME)));

        fs::write(deep.join("file.txt"), "x").unwrap();
        fs::write(root.join("repo/a").join(FILE_NAME), "version = 1").unwrap();
        let nearest = Some(root.join("repo/a").join(FILE_NAME));
        assert_eq!(discover(&deep.join("file.txt")), nearest, "a file: from its folder");
        assert_eq!(discover(&deep.join("../b/")), nearest);
    }

    #[test]
    fn bare_repositories_and_linked_work_trees_are_roots_too() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        fs::write(root.join(FILE_NAME), "version = 1").unwrap();
        let bare = root.join("bare.git");
        fs::create_dir_all(bare.join("objects")).unwrap();
        fs::create_dir_all(bare.join("refs")).unwrap();
        assert!(discover(&bare).is_some());
        fs::write(bare.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        assert_eq!(discover(&bare), None);
        let linked = root.join("linked");
        fs::create_dir(&linked).unwrap();
        fs::write(linked.join(".git"), "gitdir: elsewhere\n").unwrap();
        assert_eq!(discover(&linked), None);
    }
}
