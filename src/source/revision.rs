//! Commits and trees that the user names: a range, what a branch adds, one revision, what is
//! being pushed.

use crate::coverage::Coverage;
use crate::origin::RepoPath;
use crate::source::changes::Delivery;
use crate::source::container::Limits;
use crate::source::filter::PathFilter;
use crate::source::graph::reachable;
use crate::source::object::{IdSet, Kind, Objects, parse, read_as};
use crate::source::repository::{Handle, Handles};
use crate::source::tips::Tips;
use crate::source::{Source, SourceError, Visit, commits, treeish};
use git2::{ErrorCode, Object, ObjectType, Oid};
use std::path::PathBuf;
use std::sync::Arc;

/// Part of a repository's history.
#[derive(Clone)]
pub struct Revisions<'a> {
    /// A place in the repository; without one, git's environment variables and the current folder
    /// say which repository and which objects.
    pub path: Option<PathBuf>,
    /// Which part.
    pub what: Selection,
    /// Which paths are wanted.
    pub filter: Option<PathFilter<'a>>,
    /// How far archives are opened.
    pub containers: Limits,
}

/// Which part of history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// `A..B`: commits that B reaches and A does not; `A...B`: those that only one of them
    /// reaches. A side left out is HEAD.
    Range(String),
    /// What HEAD has since it parted from this revision, as in a pull request.
    Since(String),
    /// Every file of one tree, whole.
    Rev(String),
    /// What is being pushed.
    New(NewCommits),
}

/// Commits that are new to someone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewCommits {
    /// The new ends of refs: whole object ids. All zeros, which stand for a ref that is being
    /// deleted, are passed over.
    pub tips: Vec<String>,
    /// Object ids that are there already, such as the old ends. What is not known here is passed
    /// over.
    pub known: Vec<String>,
    /// Refs whose commits are there already, with `*` for anything: `refs/*`,
    /// `refs/remotes/origin/*`.
    pub known_refs: Vec<String>,
}

impl Source for Revisions<'_> {
    fn read(&self, visit: &Visit<'_>, coverage: &Coverage) -> Result<(), SourceError> {
        let handles = Handles::open(self.path.as_deref())?;
        let limits = self.containers;
        let delivery = Delivery { handles: &handles, filter: self.filter, limits, visit, coverage };
        let handle = handles.take()?;
        let (tips, hide) = match &self.what {
            Selection::Range(range) => ends(&handle, range)?,
            Selection::Since(revision) => since(&handle, revision)?,
            Selection::Rev(revision) => return snapshot(&handle, revision, &delivery),
            Selection::New(new) => return pushed(handle, new, &delivery),
        };
        drop(handle);
        let commits = reachable(&handles, &tips, &hide, &handles.shallow(), coverage);
        commits::deliver(&commits, &delivery)
    }
}

fn unknown(handle: &Handle<'_>, revision: &str, error: &git2::Error) -> SourceError {
    let fetch = if handle.is_shallow() {
        "; this is a shallow clone, so it may not have been fetched: git fetch --unshallow"
    } else {
        ""
    };
    SourceError::Usage(match error.code() {
        ErrorCode::Ambiguous => format!("revision `{revision}` fits more than one object; give more of it"),
        ErrorCode::NotFound => format!("unknown revision `{revision}`{fetch}"),
        _ => format!("revision `{revision}` cannot be understood: {}{fetch}", error.message()),
    })
}

fn object<'r>(handle: &'r Handle<'_>, revision: &str) -> Result<Object<'r>, SourceError> {
    handle.revparse_single(revision).map_err(|error| unknown(handle, revision, &error))
}

/// The commit of a revision; the empty one is HEAD.
fn commit(handle: &Handle<'_>, revision: &str) -> Result<Oid, SourceError> {
    let revision = if revision.is_empty() { "HEAD" } else { revision };
    match object(handle, revision)?.peel(ObjectType::Commit) {
        Ok(commit) => Ok(commit.id()),
        Err(_) => Err(SourceError::Usage(format!("revision `{revision}` is not a commit"))),
    }
}

/// The commits to begin with and those to leave out.
type Ends = (Vec<Oid>, Vec<Oid>);

fn ends(handle: &Handle<'_>, range: &str) -> Result<Ends, SourceError> {
    let usage = || SourceError::Usage(format!("`{range}` is not a range; write it as A..B or A...B"));
    let (from, to) = range.split_once("..").ok_or_else(usage)?;
    if from.is_empty() && matches!(to, "" | ".") {
        return Err(usage());
    }
    let (symmetric, to) = to.strip_prefix('.').map_or((false, to), |to| (true, to));
    let (from, to) = (commit(handle, from)?, commit(handle, to)?);
    if !symmetric {
        return Ok((vec![to], vec![from]));
    }
    Ok((vec![from, to], merge_bases(handle, from, to)?))
}

fn merge_bases(handle: &Handle<'_>, one: Oid, other: Oid) -> Result<Vec<Oid>, SourceError> {
    match handle.merge_bases(one, other) {
        Ok(bases) => Ok(bases.to_vec()),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(Vec::new()),
        Err(error) => Err(SourceError::Unreadable(format!(
            "the merge base of {one} and {other} cannot be found: {}; run `git fsck`",
            error.message()
        ))),
    }
}

fn since(handle: &Handle<'_>, revision: &str) -> Result<Ends, SourceError> {
    let (theirs, ours) = (commit(handle, revision)?, commit(handle, "HEAD")?);
    let bases = merge_bases(handle, theirs, ours)?;
    if !bases.is_empty() {
        return Ok((vec![ours], bases));
    }
    let what = format!("`{revision}` and HEAD have no commit in common");
    Err(if handle.is_shallow() {
        SourceError::Unreadable(format!(
            "{what} in this shallow clone; fetch more of it (git fetch --unshallow; in GitHub Actions: \
             fetch-depth: 0)"
        ))
    } else {
        SourceError::Usage(format!("{what}; use --range {revision}..HEAD for all of HEAD's commits"))
    })
}

/// Every file of a tree, or the one file that `REVISION:PATH` names.
fn snapshot(handle: &Handle<'_>, revision: &str, delivery: &Delivery<'_>) -> Result<(), SourceError> {
    let object = object(handle, revision)?;
    let mut bytes = Vec::new();
    let info = object.peel(ObjectType::Commit).ok().and_then(|commit| {
        read_as(delivery.handles, commit.id(), Kind::Commit, &mut bytes).ok()?;
        Some(Arc::new(parse(&bytes, Objects::format(delivery.handles))?.info(commit.id())))
    });
    let inside = revision.split_once(':').map_or("", |(_, path)| path).trim_end_matches('/');
    if object.kind() == Some(ObjectType::Blob) {
        let path = RepoPath::new(if inside.is_empty() { revision } else { inside });
        return treeish::deliver(&[(object.id(), path)], None, 0, delivery);
    }
    let tree = object
        .peel(ObjectType::Tree)
        .map_err(|error| SourceError::Unreadable(format!("the tree of `{revision}`: {}", error.message())))?;
    let prefix = inside.as_bytes();
    let files = treeish::files(delivery.handles, tree.id(), prefix, delivery.filter, delivery.coverage);
    treeish::deliver(&files, info.as_ref(), 0, delivery)
}

/// What is reachable from new tips and not yet known: commits with what each adds, and tags,
/// trees and blobs that are pushed by themselves.
fn pushed(handle: Handle<'_>, new: &NewCommits, delivery: &Delivery<'_>) -> Result<(), SourceError> {
    let Delivery { handles, filter, visit, coverage, .. } = *delivery;
    let mut known: Vec<Oid> = new.known.iter().filter_map(|id| handles.parse_id(id)).collect();
    for glob in &new.known_refs {
        let refs = handle.references_glob(glob).map_err(|error| {
            SourceError::Unreadable(format!("refs `{glob}` cannot be read: {}", error.message()))
        })?;
        // A ref that cannot be read makes nothing known: more is scanned.
        known.extend(refs.flatten().filter_map(|reference| reference.target()));
    }
    drop(handle);
    let known: IdSet = known.into_iter().filter(|id| !id.is_zero()).collect();
    let mut hidden = Tips::default();
    for &id in &known {
        hidden.add(handles, id, "a known ref", &Coverage::default());
    }
    let mut tips = Tips::except(known);
    for text in &new.tips {
        let id = handles.parse_id(text).ok_or_else(|| {
            SourceError::Usage(format!("`{text}` is not a whole object id of this repository"))
        })?;
        if !id.is_zero() {
            tips.add(handles, id, &format!("the pushed ref {text}"), coverage);
        }
    }
    let commits = reachable(handles, &tips.commits, &hidden.commits, &handles.shallow(), coverage);
    commits::deliver(&commits, delivery)?;
    let order = commits.len() as u64;
    tips.deliver_tags(order, None, visit, coverage);
    let mut files: Vec<_> = tips.blobs.iter().map(|(id, name)| (*id, RepoPath::new(name.as_str()))).collect();
    for (tree, _) in &tips.trees {
        files.extend(treeish::files(handles, *tree, b"", filter, coverage));
    }
    treeish::deliver(&files, None, order, delivery)
}
