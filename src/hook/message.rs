//! Where the message of the commit that is being made stands.

use super::HookError;
use git2::Repository;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The file or files to scan in a commit-msg hook.
///
/// Git names the file as the hook's argument. The pre-commit framework hands it on only to hooks
/// that take file names and sets no variable for it, so without an argument the file is the one that
/// git wrote last: `COMMIT_EDITMSG`, or `MERGE_MSG` where `git merge` makes the commit by itself. A
/// clock too coarse to tell gives both.
///
/// # Errors
/// Neither file is there.
pub fn files(repo: &Repository, argument: Option<&Path>) -> Result<Vec<PathBuf>, HookError> {
    if let Some(path) = argument {
        return Ok(vec![path.to_path_buf()]);
    }
    // A linked worktree has its own: `path` is the worktree's git directory, not the common one.
    let written = |name: &str| -> Option<(SystemTime, PathBuf)> {
        let path = repo.path().join(name);
        Some((path.metadata().ok()?.modified().ok()?, path))
    };
    match (written("COMMIT_EDITMSG"), written("MERGE_MSG")) {
        (Some((commit, path)), Some((merge, _))) if commit > merge => Ok(vec![path]),
        (Some((commit, _)), Some((merge, path))) if commit < merge => Ok(vec![path]),
        (Some((_, commit)), Some((_, merge))) => Ok(vec![commit, merge]),
        (Some((_, path)), None) | (None, Some((_, path))) => Ok(vec![path]),
        (None, None) => Err(HookError::NoMessage { git_dir: repo.path().to_path_buf() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::time::Duration;

    #[test]
    fn takes_the_message_that_was_written_last() {
        let folder = tempfile::tempdir().expect("a folder");
        let repo = Repository::init(folder.path()).expect("a repository");
        assert!(matches!(files(&repo, None), Err(HookError::NoMessage { .. })));
        let (commit, merge) = (repo.path().join("COMMIT_EDITMSG"), repo.path().join("MERGE_MSG"));
        let write = |path: &Path, seconds: u64| {
            fs::write(path, "message").expect("written");
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds);
            File::options().write(true).open(path).and_then(|file| file.set_modified(time)).expect("set");
        };
        write(&commit, 1);
        assert_eq!(files(&repo, None).expect("one"), std::slice::from_ref(&commit));
        write(&merge, 2);
        assert_eq!(files(&repo, None).expect("one"), std::slice::from_ref(&merge));
        write(&commit, 2);
        assert_eq!(files(&repo, None).expect("both"), [commit.clone(), merge.clone()]);
        write(&commit, 3);
        assert_eq!(files(&repo, None).expect("one"), [commit]);
        let named = Path::new("some/FILE");
        assert_eq!(files(&repo, Some(named)).expect("as named"), [named]);
    }
}
