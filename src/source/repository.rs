//! Opening repositories: where they are, handles for every thread, and errors that say what to do.

use crate::coverage::Coverage;
use crate::source::SourceError;
use crate::source::object::{IdMap, IdSet, Kind, ObjectError, Objects};
use crate::source::stores::{read_loose, stores};
use crate::source::worktree;
use git2::{ErrorCode, ObjectFormat, ObjectType, Odb, OdbLookupFlags, Oid, Repository, RepositoryOpenFlags};
use std::env;
use std::ffi::OsStr;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// How to open the same repository once more.
#[derive(Debug, Clone)]
enum Reopen {
    /// As git's environment variables say.
    Environment,
    /// By its own folder (`.git`), without the environment.
    Folder(PathBuf),
}

/// A repository that many threads read: libgit2's handles are for one thread each, so every
/// worker borrows its own and gives it back.
pub struct Handles {
    reopen: Reopen,
    idle: Mutex<Vec<Repository>>,
    format: ObjectFormat,
    git_dir: PathBuf,
    common_dir: PathBuf,
    promisor: bool,
    stores: OnceLock<Vec<PathBuf>>,
    refused: OnceLock<IdMap<ObjectError>>,
}

/// An object that was read.
pub enum Object<'a> {
    /// A loose one.
    Loose(Kind, Vec<u8>),
    /// One that libgit2 read.
    Packed(git2::OdbObject<'a>),
}

impl Object<'_> {
    /// Its bytes.
    pub fn data(&self) -> &[u8] {
        match self {
            Self::Loose(_, bytes) => bytes,
            Self::Packed(object) => object.data(),
        }
    }
}

/// A borrowed handle.
pub struct Handle<'a> {
    handles: &'a Handles,
    repository: Option<Repository>,
}

impl Deref for Handle<'_> {
    type Target = Repository;

    fn deref(&self) -> &Repository {
        self.repository.as_ref().expect("a handle holds its repository until it is dropped")
    }
}

impl DerefMut for Handle<'_> {
    fn deref_mut(&mut self) -> &mut Repository {
        self.repository.as_mut().expect("a handle holds its repository until it is dropped")
    }
}

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        if let Some(repository) = self.repository.take() {
            self.handles.lock().push(repository);
        }
    }
}

impl Handles {
    /// Opens the repository that `path` lies in; without a path, the one that git's environment
    /// variables name (as in a hook), else the one of the current folder.
    ///
    /// # Errors
    ///
    /// [`SourceError::Usage`] where there is no repository, [`SourceError::Unreadable`] where
    /// there is one that cannot be opened.
    pub fn open(path: Option<&Path>) -> Result<Self, SourceError> {
        let Some(path) = path else {
            let repository = Repository::open_from_env().map_err(|error| explain(&error, Path::new(".")))?;
            return Ok(Self::new(Reopen::Environment, repository));
        };
        let found = Repository::open_ext(path, RepositoryOpenFlags::empty(), [] as [&OsStr; 0])
            .map_err(|error| explain(&error, path))?;
        // In a hook a path argument names the repository that git's variables speak of, most of
        // the time; then the index and the objects that they name are the right ones.
        let in_hook = ["GIT_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"];
        if in_hook.iter().any(|name| env::var_os(name).is_some())
            && let Ok(ours) = Repository::open_from_env()
            && same_folder(ours.path(), found.path())
        {
            return Ok(Self::new(Reopen::Environment, ours));
        }
        Ok(Self::new(Reopen::Folder(found.path().to_owned()), found))
    }

    fn new(reopen: Reopen, repository: Repository) -> Self {
        // The walks rely on it, and another part of the process may have turned it off.
        git2::opts::strict_hash_verification(true);
        let promisor = repository.config().and_then(|config| is_promisor(&config)).unwrap_or(false);
        Self {
            reopen,
            format: repository.object_format(),
            git_dir: repository.path().to_owned(),
            common_dir: repository.commondir().to_owned(),
            promisor,
            stores: OnceLock::new(),
            refused: OnceLock::new(),
            idle: Mutex::new(vec![repository]),
        }
    }

    /// A handle for the calling thread.
    ///
    /// # Errors
    ///
    /// [`SourceError::Unreadable`] if another handle is needed and cannot be opened.
    pub fn take(&self) -> Result<Handle<'_>, SourceError> {
        let idle = self.lock().pop();
        let repository = match idle {
            Some(repository) => repository,
            None => match &self.reopen {
                Reopen::Environment => Repository::open_from_env(),
                Reopen::Folder(folder) => {
                    Repository::open_ext(folder, RepositoryOpenFlags::NO_SEARCH, [] as [&OsStr; 0])
                }
            }
            .map_err(|error| explain(&error, &self.git_dir))?,
        };
        Ok(Handle { handles: self, repository: Some(repository) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Repository>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object format: SHA-1 or SHA-256.
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// The repository's own folder; in a linked worktree that of the worktree.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The folder of everything that worktrees share.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The folders that objects are kept in, without those that they name in their turn.
    pub fn object_folders(&self) -> Vec<PathBuf> {
        let own = self.common_dir.join("objects");
        match self.reopen {
            Reopen::Folder(_) => vec![own],
            Reopen::Environment => {
                let first = env::var_os("GIT_OBJECT_DIRECTORY").map_or(own, PathBuf::from);
                let others = env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES").unwrap_or_default();
                std::iter::once(first).chain(env::split_paths(&others)).collect()
            }
        }
    }

    /// Refuses to read some objects from now on; what is refused once stays so.
    pub fn refuse(&self, objects: IdMap<ObjectError>) {
        // Whoever comes second has looked at the same files.
        let _ = self.refused.set(objects);
    }

    /// Why an object is not read, if it is one of those.
    pub fn refusal(&self, id: Oid) -> Option<&ObjectError> {
        self.refused.get()?.get(&id)
    }

    /// Whether the repository is a partial clone, whose objects are fetched when git needs them.
    pub fn is_partial_clone(&self) -> bool {
        self.promisor
    }

    /// The commits whose parents were never fetched (file `shallow`, one id a line).
    pub fn shallow(&self) -> IdSet {
        let text = std::fs::read_to_string(self.common_dir.join("shallow")).unwrap_or_default();
        text.lines().filter_map(|line| self.parse_id(line.trim())).collect()
    }

    /// A whole object id in hexadecimal.
    pub fn parse_id(&self, text: &str) -> Option<Oid> {
        let digits = match self.format {
            ObjectFormat::Sha256 => 64,
            ObjectFormat::Sha1 => 40,
        };
        if text.len() == digits { Oid::from_str_ext(text, self.format).ok() } else { None }
    }

    /// Reads an object through an object database of this repository.
    ///
    /// # Errors
    ///
    /// [`ObjectError`] if it is missing or cannot be read.
    pub fn read_from<'a>(&self, odb: &'a Odb<'_>, id: Oid) -> Result<Object<'a>, ObjectError> {
        if let Some(error) = self.refusal(id) {
            return Err(error.clone());
        }
        // What is wrong with the list of stores is told by those who list them.
        let stores = self.stores.get_or_init(|| stores(&self.object_folders(), &Coverage::default()));
        let mut bytes = Vec::new();
        if let Some(read) = read_loose(stores, id, self.format, &mut bytes) {
            return read.map(|kind| Object::Loose(kind, bytes));
        }
        // libgit2 lists the pack folder anew for each object that it does not find, and a partial
        // clone may miss a million.
        if self.promisor && !odb.exists_ext(id, OdbLookupFlags::NO_REFRESH) {
            return Err(ObjectError::NeverFetched);
        }
        odb.read(id).map(Object::Packed).map_err(|error| match error.code() {
            ErrorCode::NotFound if self.promisor => ObjectError::NeverFetched,
            ErrorCode::NotFound => ObjectError::Missing,
            _ => ObjectError::Corrupt(error.message().to_owned()),
        })
    }
}

impl Objects for Handles {
    fn read(&self, id: Oid, into: &mut Vec<u8>) -> Result<Kind, ObjectError> {
        let broken = |error: String| ObjectError::Corrupt(error);
        let handle = self.take().map_err(|error| broken(error.to_string()))?;
        let odb = handle.odb().map_err(|error| broken(error.message().to_owned()))?;
        let object = match self.read_from(&odb, id)? {
            Object::Packed(object) => object,
            Object::Loose(kind, bytes) => {
                *into = bytes;
                return Ok(kind);
            }
        };
        into.clear();
        into.extend_from_slice(object.data());
        match object.kind() {
            ObjectType::Commit => Ok(Kind::Commit),
            ObjectType::Tree => Ok(Kind::Tree),
            ObjectType::Blob => Ok(Kind::Blob),
            ObjectType::Tag => Ok(Kind::Tag),
            ObjectType::Any => Err(broken("unknown type of object".to_owned())),
        }
    }

    fn format(&self) -> ObjectFormat {
        self.format
    }
}

fn same_folder(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

fn is_promisor(config: &git2::Config) -> Result<bool, git2::Error> {
    let mut entries = config.entries(Some("^remote\\..*\\.promisor$"))?;
    while let Some(entry) = entries.next() {
        if entry?.value().is_ok_and(|value| git2::Config::parse_bool(value).unwrap_or(false)) {
            return Ok(true);
        }
    }
    Ok(config.get_entry("extensions.partialclone").is_ok())
}

/// Turns libgit2's refusal into words with a next step.
fn explain(error: &git2::Error, path: &Path) -> SourceError {
    let message = error.message();
    let shown = path.display();
    if error.code() == ErrorCode::Owner {
        let folder = message.split('\'').nth(1).unwrap_or_default();
        return SourceError::Unreadable(format!(
            "{shown}: the repository belongs to another user, so git's settings in it are not trusted; \
             if you trust it, run: git config --global --add safe.directory '{folder}'"
        ));
    }
    if let Some(extension) = message.split("unsupported extension name extensions.").nth(1) {
        let step = match extension.trim() {
            "refstorage" => {
                "its refs are kept as a reftable, which cannot be read yet; \
                 run: git refs migrate --ref-format=files"
            }
            "partialclone" => {
                "it is marked as a partial clone the old way; with git 2.24 or later run: \
                 git config --unset extensions.partialClone"
            }
            _ => "a repository with this extension cannot be read",
        };
        return SourceError::Unreadable(format!(
            "{shown}: the repository uses the extension `{}`: {step}",
            extension.trim()
        ));
    }
    if message.contains("unsupported repository version") || message.contains("unknown object format") {
        return SourceError::Unreadable(format!("{shown}: the repository cannot be read: {message}"));
    }
    if error.code() == ErrorCode::NotFound {
        if let Err(error) = path.metadata() {
            return SourceError::Usage(format!("{shown}: {error}"));
        }
        return match worktree::dot_git_above(path) {
            Some(git) => SourceError::Unreadable(format!(
                "{shown}: {} is not a whole repository: {message}; run `git status` there to see what is wrong",
                git.display()
            )),
            None => SourceError::Usage(format!("{shown}: not in a git repository")),
        };
    }
    SourceError::Unreadable(format!("{shown}: the repository cannot be opened: {message}"))
}

/// Says why an index cannot be read and what to do about it.
pub fn explain_index(error: &git2::Error) -> String {
    let message = error.message();
    let step = if message.contains("'link'") {
        "it is a split index, which cannot be read; run: git update-index --no-split-index"
    } else if message.contains("'sdir'") {
        "it is a sparse index, which cannot be read; run: git sparse-checkout reapply --no-sparse-index"
    } else {
        "run `git status`; if git cannot read it either, delete it and run `git reset` to make it anew"
    };
    format!("the index cannot be read: {message}; {step}")
}
