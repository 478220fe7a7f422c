//! Files on disk: what git tracks, what it does not ignore, and any other folder or file.

use crate::coverage::{Coverage, Gap};
use crate::origin::{Origin, OriginKind, RepoPath};
use crate::source::container::{Limits, Reading};
use crate::source::file::{FileReader, FileRules};
use crate::source::filter::{PathFilter, wants};
use crate::source::worktree::{Tracked, Worktree};
use crate::source::{Source, SourceError, Visit};
use ignore::{DirEntry, WalkBuilder, WalkState};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Files and folders on disk.
///
/// In a repository that is what git tracks (ignored or not) and what it does not ignore, with
/// paths relative to the root; elsewhere it is every file, with paths relative to the folder
/// (where there are several such folders, each begins with the folder as it was given). A path
/// given by name is scanned even if git ignores it, and may be a symbolic link, a pipe or a
/// device; none of these is followed or opened when a walk comes by it.
#[derive(Clone, Default)]
pub struct Tree<'a> {
    /// Files and folders; empty stands for the current folder.
    pub paths: Vec<PathBuf>,
    /// Whether to go into submodules and other repositories inside.
    pub nested: bool,
    /// Files with more bytes are left out, and that is told.
    pub max_file_size: Option<u64>,
    /// Which paths are wanted.
    pub filter: Option<PathFilter<'a>>,
    /// How far archives are opened.
    pub containers: Limits,
}

/// A folder to walk.
struct Start {
    /// The folder, absolute.
    folder: PathBuf,
    /// What relative paths are relative to, a folder above or the folder itself.
    base: PathBuf,
    /// What is put before relative paths.
    prefix: Vec<u8>,
    /// The repository, unless it is a plain folder.
    worktree: Option<Worktree>,
}

impl Start {
    /// The path to report.
    fn shown(&self, path: &Path) -> RepoPath {
        join(&self.prefix, path.strip_prefix(&self.base).unwrap_or(path))
    }
}

fn join(prefix: &[u8], relative: &Path) -> RepoPath {
    let relative = RepoPath::from_path(relative);
    match (prefix, relative.as_bytes()) {
        ([], _) => relative,
        (prefix, []) => RepoPath::new(prefix),
        (prefix, relative) => RepoPath::new([prefix, b"/", relative].concat()),
    }
}

/// What is the same for the whole scan.
struct Scan<'a> {
    tree: &'a Tree<'a>,
    visit: &'a Visit<'a>,
    coverage: &'a Coverage,
    origin: Arc<Origin>,
    /// Files already read; only kept where the given paths overlap.
    done: Option<Mutex<HashSet<PathBuf>>>,
}

impl Source for Tree<'_> {
    fn read(&self, visit: &Visit<'_>, coverage: &Coverage) -> Result<(), SourceError> {
        let here = [PathBuf::from(".")];
        let paths = if self.paths.is_empty() { &here[..] } else { &self.paths[..] };
        let (mut starts, mut files) = (Vec::new(), Vec::new());
        let mut worktrees = HashMap::new();
        for path in paths {
            let kind = fs::metadata(path).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => SourceError::Usage(format!("{}: {error}", path.display())),
                _ => SourceError::Unreadable(format!("{}: cannot be read: {error}", path.display())),
            })?;
            if kind.is_dir() {
                starts.push(start(path, paths.len() > 1, &mut worktrees)?);
            } else {
                files.push((path, shown_file(path, kind.is_file(), &mut worktrees)));
            }
        }
        files.sort_unstable();
        files.dedup();
        let overlap = starts.iter().enumerate().any(|(n, start)| {
            starts.iter().enumerate().any(|(m, other)| n != m && start.folder.starts_with(&other.folder))
        });
        let done = (overlap || !files.is_empty() && !starts.is_empty()).then(|| Mutex::new(HashSet::new()));
        let origin = Arc::new(Origin::plain(OriginKind::File));
        let scan = Scan { tree: self, visit, coverage, origin, done };
        files.into_par_iter().for_each_init(FileReader::default, |reader, (path, shown)| {
            // Walks come by files under their real paths.
            let real = scan.done.is_some().then(|| path.canonicalize().ok()).flatten();
            if wants(self.filter, &shown) {
                scan.file(reader, real.as_deref().unwrap_or(path), &shown);
            }
        });
        for start in starts {
            scan.walk(start);
        }
        Ok(())
    }
}

type Worktrees = HashMap<PathBuf, Option<Worktree>>;

/// Where a walk of a given folder starts.
fn start(path: &Path, several: bool, worktrees: &mut Worktrees) -> Result<Start, SourceError> {
    let folder = path
        .canonicalize()
        .map_err(|error| SourceError::Unreadable(format!("{}: cannot be read: {error}", path.display())))?;
    let worktree = worktrees.entry(folder.clone()).or_insert_with(|| Worktree::find(&folder)).clone();
    Ok(match worktree {
        Some(worktree) => {
            Start { base: worktree.root.clone(), folder, prefix: Vec::new(), worktree: Some(worktree) }
        }
        None if several => {
            let prefix = RepoPath::from_path(path);
            let prefix = prefix.as_bytes().strip_suffix(b"/").unwrap_or(prefix.as_bytes()).to_vec();
            Start { base: folder.clone(), folder, prefix, worktree: None }
        }
        None => Start { base: folder.clone(), folder, prefix: Vec::new(), worktree: None },
    })
}

/// The path to report for a file given by name. A symbolic link keeps its own name, and what is
/// no file (`/dev/fd/63`) the name that was given.
fn shown_file(path: &Path, regular: bool, worktrees: &mut Worktrees) -> RepoPath {
    let name = path.file_name().map(Path::new).filter(|_| regular);
    let Some(name) = name else { return RepoPath::from_path(path) };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(folder) = parent.canonicalize() else { return RepoPath::from_path(path) };
    match worktrees.entry(folder.clone()).or_insert_with(|| Worktree::find(&folder)) {
        Some(worktree) => {
            RepoPath::from_path(&folder.strip_prefix(&worktree.root).unwrap_or(&folder).join(name))
        }
        None => RepoPath::from_path(name),
    }
}

impl Scan<'_> {
    fn file(&self, reader: &mut FileReader, path: &Path, shown: &RepoPath) {
        if let Some(done) = &self.done
            && !done.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned())
        {
            return;
        }
        let reading = Reading {
            limits: self.tree.containers,
            filter: self.tree.filter,
            visit: self.visit,
            coverage: self.coverage,
        };
        reader.read(
            path,
            shown,
            &FileRules { origin: &self.origin, reading, max_size: self.tree.max_file_size },
        );
    }

    /// Walks a folder, and then the repositories found inside if they are asked for.
    fn walk(&self, start: Start) {
        let mut waiting = vec![start];
        while let Some(start) = waiting.pop() {
            let nested = Mutex::new(Vec::new());
            self.walk_one(&start, &nested);
            for folder in nested.into_inner().unwrap_or_else(PoisonError::into_inner) {
                let prefix = start.shown(&folder).as_bytes().to_vec();
                let worktree = Worktree::at(&folder);
                waiting.push(Start { base: folder.clone(), folder, prefix, worktree });
            }
        }
    }

    fn walk_one(&self, start: &Start, nested: &Mutex<Vec<PathBuf>>) {
        let tracked = start.worktree.as_ref().map(|worktree| match worktree.tracked() {
            Ok(tracked) => tracked,
            Err(why) => {
                let what = worktree.index_path();
                let why = format!("{why} (tracked files that are ignored as well are not scanned)");
                self.coverage.leave_out(Gap::Unreadable, what.display(), why);
                Tracked::default()
            }
        });
        walker(start).build_parallel().run(|| {
            let mut reader = FileReader::default();
            let tracked = tracked.as_ref();
            Box::new(move |entry| match entry {
                Ok(entry) => self.entry(start, tracked, nested, &mut reader, &entry),
                Err(error) => {
                    self.walk_error(start, &error);
                    WalkState::Continue
                }
            })
        });
        let Some(tracked) = tracked else { return };
        let inside = RepoPath::from_path(start.folder.strip_prefix(&start.base).unwrap_or(Path::new("")));
        tracked.unseen(inside.as_bytes()).par_iter().for_each_init(FileReader::default, |reader, path| {
            self.ignored_but_tracked(start, reader, path);
        });
        for path in &tracked.submodules {
            let folder = start.base.join(path.to_match());
            let asked_for = folder.starts_with(&start.folder);
            if asked_for && self.tree.nested && Worktree::at(&folder).is_none() {
                let shown = start.shown(&folder);
                self.coverage.notice(format!("{shown}: submodule that is not checked out, not scanned"));
            }
        }
    }

    /// One thing that the walk came by.
    fn entry(
        &self,
        start: &Start,
        tracked: Option<&Tracked>,
        nested: &Mutex<Vec<PathBuf>>,
        reader: &mut FileReader,
        entry: &DirEntry,
    ) -> WalkState {
        let Some(kind) = entry.file_type() else { return WalkState::Continue };
        if entry.depth() == 0 {
            return WalkState::Continue;
        }
        if start.worktree.is_some() && entry.file_name() == ".git" {
            return WalkState::Skip;
        }
        let path = entry.path();
        let shown = start.shown(path);
        if kind.is_dir() {
            if self.tree.filter.is_some_and(|wanted| !wanted(&shown, true)) {
                return WalkState::Skip;
            }
            if Worktree::at(path).is_some() {
                if self.tree.nested {
                    nested.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
                } else {
                    self.coverage.notice(format!(
                        "{shown}: another repository (a submodule or a nested clone), not scanned"
                    ));
                }
                return WalkState::Skip;
            }
            return WalkState::Continue;
        }
        if let Some(tracked) = tracked {
            match start.prefix.as_slice() {
                [] => tracked.seen(shown.as_bytes()),
                prefix => tracked.seen(shown.as_bytes().get(prefix.len() + 1..).unwrap_or_default()),
            }
        }
        if kind.is_symlink() || self.tree.filter.is_some_and(|wanted| !wanted(&shown, false)) {
            return WalkState::Continue;
        }
        if kind.is_file() {
            self.file(reader, path, &shown);
        } else {
            self.coverage.notice(format!("{shown}: a pipe, socket or device, not scanned"));
        }
        WalkState::Continue
    }

    /// A tracked file that the walk did not come by: it is ignored, or gone, or left out.
    fn ignored_but_tracked(&self, start: &Start, reader: &mut FileReader, path: &RepoPath) {
        let disk = start.base.join(path.to_match());
        let shown = start.shown(&disk);
        if !wants(self.tree.filter, &shown) {
            return;
        }
        let between = disk.ancestors().skip(1).take_while(|folder| *folder != start.base);
        // What lies behind a symbolic link is another file than the one that git tracks.
        if between.into_iter().any(|folder| !folder.symlink_metadata().is_ok_and(|kind| kind.is_dir())) {
            return;
        }
        match disk.symlink_metadata() {
            Ok(kind) if kind.is_file() => self.file(reader, &disk, &shown),
            Ok(_) => {}
            Err(error) if gone(&error) => {}
            Err(error) => self.coverage.unreadable(&shown, &error),
        }
    }

    fn walk_error(&self, start: &Start, error: &ignore::Error) {
        match error {
            ignore::Error::WithPath { path, err } => match err.io_error() {
                Some(io) if gone(io) => {}
                Some(io) => self.coverage.unreadable(&start.shown(path), io),
                None => self.walk_error(start, err),
            },
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
                self.walk_error(start, err);
            }
            // A rule in an ignore file that makes no sense ignores nothing, as in git.
            ignore::Error::Partial(_)
            | ignore::Error::Glob { .. }
            | ignore::Error::UnrecognizedFileType(_)
            | ignore::Error::InvalidDefinition => {}
            ignore::Error::Io(_) | ignore::Error::Loop { .. } => {
                self.coverage.leave_out(Gap::Unreadable, start.folder.display(), error);
            }
        }
    }
}

/// Whether a file went away while the walk was under way, so that there is nothing to scan.
fn gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The walk with git's ignore rules in a repository, and with none elsewhere.
fn walker(start: &Start) -> WalkBuilder {
    let mut builder = WalkBuilder::new(&start.folder);
    builder
        .standard_filters(false)
        .follow_links(false)
        .threads(rayon::current_num_threads())
        .current_dir(&start.base);
    if let Some(worktree) = &start.worktree {
        // The crate would look for the excludes itself, but knows fewer places than git.
        for excludes in worktree.excludes() {
            // Nothing is lost by a rule that makes no sense: it ignores nothing.
            drop(builder.add_ignore(excludes));
        }
        builder.git_ignore(true).require_git(!worktree.is_apart()).parents(start.folder != start.base);
    }
    builder
}
