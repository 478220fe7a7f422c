//! Which source a command reads: flags to sources.

use crate::cli::replay::Replay;
use crate::cli::{Failure, output};
use crate::detect::probe::Probe;
use crate::history::{History, cache};
use crate::origin::RepoPath;
use crate::policy::waivers::Seen;
use crate::settings::{Settings, value};
use crate::source::Source;
use crate::source::container::{self, Limits};
use crate::source::filter::PathFilter;
use crate::source::message::Message;
use crate::source::revision::{Revisions, Selection};
use crate::source::staged::Staged;
use crate::source::stdin::Stdin;
use crate::source::tree::Tree;
use crate::source::worktree::Worktree;
use clap::Args;
use std::path::{Path, PathBuf};

/// Flags that choose what is scanned.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "What to scan (the files of the current folder, if nothing is said)")]
pub struct SourceArgs {
    /// Files and folders; with the flags below, the repository.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// What the next commit would contain; only lines that it adds count.
    #[arg(long, group = "what")]
    pub staged: bool,
    /// The commits of a range, such as main..HEAD; only lines that they add count.
    #[arg(long, group = "what", value_name = "A..B")]
    pub range: Option<String>,
    /// The commits since HEAD left REV, as in a pull request.
    #[arg(long, group = "what", value_name = "REV")]
    pub since: Option<String>,
    /// All files of one revision.
    #[arg(long, group = "what", value_name = "TREEISH")]
    pub rev: Option<String>,
    /// Every version of every file in the repository, and all messages, whether a ref reaches them or
    /// not.
    #[arg(long, group = "what")]
    pub history: bool,
    /// Read every version whole instead of what changed: slower, with the same findings.
    #[arg(long, requires = "history")]
    pub no_delta: bool,
    /// Neither use nor keep what earlier scans of the history found out.
    #[arg(long, requires = "history")]
    pub no_cache: bool,
    /// Standard input.
    #[arg(long, group = "what", conflicts_with = "paths")]
    pub stdin: bool,
    /// The name to report for standard input.
    #[arg(long, requires = "stdin", value_name = "NAME", default_value = "<stdin>")]
    pub stdin_path: PathBuf,
    /// The file with a commit message, as git hands it to a commit-msg hook.
    #[arg(long, group = "what", value_name = "FILE", conflicts_with = "paths")]
    pub commit_msg: Option<PathBuf>,
}

/// The sources of a run.
pub struct Chosen<'a> {
    /// What to read, in order.
    pub sources: Vec<Box<dyn Source + 'a>>,
    /// The repository or folder that paths are relative to.
    pub root: Option<PathBuf>,
    /// Whether it is a repository.
    pub is_repository: bool,
    /// What may be told without a scan.
    pub replay: Option<Replay>,
    /// How much of what waivers speak of is looked at.
    pub seen: Seen,
}

impl SourceArgs {
    /// Where to look for `keytrail.toml`.
    pub fn place(&self) -> Result<PathBuf, Failure> {
        named_or_current(self.paths.first().map(PathBuf::as_path))
    }

    /// Whether what a scan finds out is kept for the next one.
    pub fn is_cached(&self) -> bool {
        self.history && !self.no_delta && !self.no_cache
    }

    /// The repository that is meant, for flags that read one.
    pub fn repository(&self) -> Result<Option<PathBuf>, Failure> {
        match self.paths.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            _ => Err(Failure::text(
                "name one repository: --staged, --range, --since, --rev and --history read one",
            )),
        }
    }
}

// The two rooms do not know each other.
const _: () = assert!(container::DEPTH == value::ARCHIVE_DEPTH);

/// How far archives are opened.
pub fn containers(settings: &Settings) -> Limits {
    Limits { depth: settings.max_archive_depth, max_file_size: settings.max_file_size }
}

/// Turns flags into sources.
pub fn choose<'a>(
    args: &SourceArgs,
    filter: PathFilter<'a>,
    settings: &Settings,
    probe: Option<&'a Probe<'a>>,
    cache: Option<cache::Key>,
) -> Result<Chosen<'a>, Failure> {
    if args.stdin {
        let name = RepoPath::from_path(&args.stdin_path);
        return Ok(Chosen {
            sources: vec![Box::new(Stdin::new(name).containers(containers(settings)))],
            root: None,
            is_repository: false,
            replay: None,
            seen: Seen::Part,
        });
    }
    if let Some(path) = &args.commit_msg {
        return Ok(message(path.clone()));
    }
    let Some(what) = args.selection() else {
        if args.staged || args.history {
            let path = args.repository()?;
            let place = path.clone();
            let source: Box<dyn Source + 'a> = if args.staged {
                Box::new(Staged { path, filter: Some(filter), containers: containers(settings) })
            } else {
                let (filter, probe) =
                    (settings.leaves_out().then_some(filter), probe.filter(|_| !args.no_delta));
                Box::new(History {
                    path,
                    filter,
                    containers: containers(settings),
                    probe,
                    cache,
                    recall: None,
                })
            };
            let mut chosen = repository(source, place.as_deref());
            if args.history {
                chosen.seen = Seen::All;
            }
            return Ok(chosen);
        }
        return tree(args, filter, settings);
    };
    let path = args.repository()?;
    let place = path.clone();
    Ok(repository(
        Box::new(Revisions { path, what, filter: Some(filter), containers: containers(settings) }),
        place.as_deref(),
    ))
}

impl SourceArgs {
    /// The part of history that is asked for.
    fn selection(&self) -> Option<Selection> {
        let range = self.range.clone().map(Selection::Range);
        let since = self.since.clone().map(Selection::Since);
        range.or(since).or_else(|| self.rev.clone().map(Selection::Rev))
    }
}

/// A commit message's file.
pub fn message<'a>(path: PathBuf) -> Chosen<'a> {
    Chosen {
        sources: vec![Box::new(Message { path, cleanup: None })],
        root: None,
        is_repository: false,
        replay: None,
        seen: Seen::Part,
    }
}

/// A source that reads the repository at `path`, or the one of the current folder.
pub fn repository<'a>(source: Box<dyn Source + 'a>, path: Option<&Path>) -> Chosen<'a> {
    let root = worktree(path.unwrap_or(Path::new("."))).map(|worktree| worktree.root);
    Chosen { sources: vec![source], root, is_repository: true, replay: None, seen: Seen::Part }
}

fn tree<'a>(args: &SourceArgs, filter: PathFilter<'a>, settings: &Settings) -> Result<Chosen<'a>, Failure> {
    let first = args.place()?;
    let worktree = worktree(&first);
    let is_repository = worktree.is_some();
    let root = worktree.map_or_else(|| plain_root(&first), |worktree| Some(worktree.root));
    let tree = Tree {
        paths: args.paths.clone(),
        nested: settings.nested,
        max_file_size: settings.max_file_size,
        filter: Some(filter),
        containers: containers(settings),
    };
    let is_whole = args.paths.len() <= 1 && root.is_some() && first.canonicalize().ok() == root;
    let seen = match (is_whole, is_repository) {
        (false, _) => Seen::Part,
        (true, true) => Seen::Files,
        // Without a history the files are all.
        (true, false) => Seen::All,
    };
    Ok(Chosen { sources: vec![Box::new(tree)], root, is_repository, replay: None, seen })
}

/// A place that is named, which has to be there, else the current folder.
pub fn named_or_current(path: Option<&Path>) -> Result<PathBuf, Failure> {
    match path {
        Some(path) if path.exists() => Ok(path.to_owned()),
        Some(path) => Err(Failure::text(format!("{}: there is no such file or folder", path.display()))),
        None => output::current_folder(),
    }
}

/// The root of the repository that a place lies in.
pub fn root_of(place: &Path) -> Option<PathBuf> {
    worktree(place).map(|worktree| worktree.root)
}

fn worktree(place: &Path) -> Option<Worktree> {
    let place = place.canonicalize().ok()?;
    if place.is_dir() { Worktree::find(&place) } else { Worktree::find(place.parent()?) }
}

/// What paths are relative to outside a repository: the folder, or the one that the file lies in.
fn plain_root(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    if path.is_dir() { Some(path) } else { path.parent().map(Path::to_owned) }
}
