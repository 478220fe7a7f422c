//! What a scan of files needs to know about the repository they lie in: its root, what it
//! tracks, and where its ignore rules are. It is read straight from the files, so that it works
//! for a repository that libgit2 refuses to open.

use crate::origin::RepoPath;
use crate::source::repository::explain_index;
use git2::{Config, ConfigLevel, Index, ObjectFormat};
use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The mode of an index entry that is a commit of another repository.
const SUBMODULE: u32 = 0o160_000;

/// A repository's files on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worktree {
    /// The topmost folder.
    pub root: PathBuf,
    /// The folder with this worktree's index.
    git_dir: PathBuf,
    /// The folder of what all worktrees share.
    common_dir: PathBuf,
}

impl Worktree {
    /// The worktree that a folder lies in; `folder` is absolute and without symbolic links.
    pub fn find(folder: &Path) -> Option<Self> {
        folder.ancestors().find_map(Self::at).or_else(|| Self::from_environment(folder))
    }

    /// The worktree whose root is `folder`.
    pub fn at(folder: &Path) -> Option<Self> {
        let git_dir = git_dir(&folder.join(".git"))?;
        Some(Self::new(folder.to_owned(), git_dir))
    }

    /// `GIT_DIR` with `GIT_WORK_TREE`, the way home folders are kept in git.
    fn from_environment(folder: &Path) -> Option<Self> {
        let git_dir = PathBuf::from(env::var_os("GIT_DIR")?).canonicalize().ok()?;
        let root = PathBuf::from(env::var_os("GIT_WORK_TREE")?).canonicalize().ok()?;
        folder.starts_with(&root).then(|| Self::new(root, git_dir))
    }

    fn new(root: PathBuf, git_dir: PathBuf) -> Self {
        let common_dir = match fs::read_to_string(git_dir.join("commondir")) {
            Ok(text) => git_dir.join(text.trim_end_matches(['\n', '\r'])),
            Err(_) => git_dir.clone(),
        };
        Self { root, git_dir, common_dir }
    }

    /// The folder of what all worktrees share.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// Whether the ignore rules of folders have to be read without a `.git` that shows the root.
    pub fn is_apart(&self) -> bool {
        !self.root.join(".git").exists()
    }

    /// The path of the index, for messages.
    pub fn index_path(&self) -> PathBuf {
        self.git_dir.join("index")
    }

    /// Reads which files are tracked.
    ///
    /// # Errors
    ///
    /// In words, if the index cannot be read.
    pub fn tracked(&self) -> Result<Tracked, String> {
        let sha256 = Config::open(&self.common_dir.join("config"))
            .and_then(|config| config.get_string("extensions.objectformat"))
            .is_ok_and(|format| format.eq_ignore_ascii_case("sha256"));
        let format = if sha256 { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 };
        let index = Index::open_ext(&self.index_path(), format).map_err(|error| explain_index(&error))?;
        let mut tracked = Tracked { files: HashMap::with_capacity(index.len()), submodules: Vec::new() };
        for entry in index.iter() {
            if entry.mode == SUBMODULE {
                tracked.submodules.push(RepoPath::new(entry.path));
            } else {
                tracked.files.insert(entry.path, AtomicBool::new(false));
            }
        }
        Ok(tracked)
    }

    /// The files with ignore rules for the whole repository, the weakest first:
    /// `core.excludesFile` and `info/exclude` (`gitignore(5)`).
    pub fn excludes(&self) -> Vec<PathBuf> {
        let named = config(Some(&self.common_dir)).and_then(|config| config.get_path("core.excludesfile"));
        let global = named.ok().or_else(|| {
            let folder = env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty());
            let folder = folder.map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".config")))?;
            Some(folder.join("git/ignore"))
        });
        global
            .into_iter()
            .chain([self.common_dir.join("info/exclude")])
            .filter(|path| path.is_file())
            .collect()
    }
}

/// The files that a repository tracks, each with a mark for whether the walk came by.
#[derive(Debug, Default)]
pub struct Tracked {
    files: HashMap<Vec<u8>, AtomicBool>,
    /// The paths of submodules.
    pub submodules: Vec<RepoPath>,
}

impl Tracked {
    /// Notes that the walk came by a file.
    pub fn seen(&self, path: &[u8]) {
        if let Some(seen) = self.files.get(path) {
            seen.store(true, Ordering::Relaxed);
        }
    }

    /// The tracked files under a folder (empty: the root) that the walk did not come by, sorted.
    pub fn unseen(&self, folder: &[u8]) -> Vec<RepoPath> {
        let inside = |path: &[u8]| {
            folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.first() == Some(&b'/'))
        };
        let unseen = self.files.iter().filter(|(path, seen)| !seen.load(Ordering::Relaxed) && inside(path));
        let mut unseen: Vec<_> = unseen.map(|(path, _)| RepoPath::new(path.as_slice())).collect();
        unseen.sort();
        unseen
    }
}

/// The repository's folder that a `.git` entry is or points to, if it is one.
fn git_dir(dot_git: &Path) -> Option<PathBuf> {
    let kind = fs::metadata(dot_git).ok()?;
    let folder = if kind.is_dir() {
        dot_git.to_owned()
    } else if kind.is_file() && kind.len() < 1 << 16 {
        let text = fs::read(dot_git).ok()?;
        let target = text.strip_prefix(b"gitdir: ")?.trim_ascii_end();
        dot_git.parent()?.join(RepoPath::new(target).to_match())
    } else {
        return None;
    };
    // HEAD may be a symbolic link to a branch that has no commit yet.
    folder.join("HEAD").symlink_metadata().ok().map(|_| folder)
}

/// The nearest `.git` above a path, whole or broken.
pub fn dot_git_above(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    path.ancestors().map(|folder| folder.join(".git")).find(|git| git.symlink_metadata().is_ok())
}

/// git's settings, found the way git finds them, with those of a repository on top.
///
/// # Errors
///
/// Those of libgit2, if a file with settings is malformed.
pub fn config(common_dir: Option<&Path>) -> Result<Config, git2::Error> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from);
    let mut config = Config::new()?;
    let no_system =
        env::var("GIT_CONFIG_NOSYSTEM").is_ok_and(|value| Config::parse_bool(value).unwrap_or(false));
    let system = variable("GIT_CONFIG_SYSTEM").or_else(|| Config::find_system().ok());
    if let Some(path) = system.filter(|_| !no_system) {
        config.add_file(&path, ConfigLevel::System, false)?;
    }
    if let Some(path) = variable("GIT_CONFIG_GLOBAL") {
        config.add_file(&path, ConfigLevel::Global, false)?;
    } else {
        if let Ok(path) = Config::find_xdg() {
            config.add_file(&path, ConfigLevel::XDG, false)?;
        }
        if let Ok(path) = Config::find_global() {
            config.add_file(&path, ConfigLevel::Global, false)?;
        }
    }
    if let Some(folder) = common_dir {
        config.add_file(&folder.join("config"), ConfigLevel::Local, false)?;
    }
    Ok(config)
}
