//! Which paths a scan wants.

use crate::origin::RepoPath;

/// Says whether a path is wanted (true) or left out on purpose (false); the flag tells a folder.
/// A folder that is not wanted is not entered. It is called from many threads.
pub type PathFilter<'a> = &'a (dyn Fn(&RepoPath, bool) -> bool + Sync);

/// Whether a file is wanted, together with every folder that it lies in.
pub fn wants(filter: Option<PathFilter<'_>>, path: &RepoPath) -> bool {
    let Some(filter) = filter else { return true };
    let bytes = path.as_bytes();
    let folders = memchr::memchr_iter(b'/', bytes).filter(|&at| at > 0);
    folders.map(|at| RepoPath::new(&bytes[..at])).all(|folder| filter(&folder, true)) && filter(path, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_left_out_takes_its_files_with_it() {
        let filter = |path: &RepoPath, folder: bool| !(folder && path.as_bytes() == b"a/vendor");
        assert!(!wants(Some(&filter), &RepoPath::new("a/vendor/x/y")));
        assert!(wants(Some(&filter), &RepoPath::new("a/vendored/x")));
        assert!(wants(Some(&filter), &RepoPath::new("a/vendor")));
        assert!(wants(None, &RepoPath::new("a/vendor/x")));
    }
}
