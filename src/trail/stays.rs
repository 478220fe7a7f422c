//! At which commits a secret stands somewhere, and the uninterrupted stays that these make.

use crate::past::{Change, Past};
use git2::Oid;
use std::collections::{BTreeMap, BTreeSet};

/// At which commits a secret is there. Nothing is kept of those before the first.
#[derive(Debug, Clone)]
pub struct Held {
    first: usize,
    is_held: Vec<bool>,
}

impl Held {
    /// At none of so many commits.
    pub fn none(commits: usize) -> Self {
        Self { first: commits, is_held: Vec::new() }
    }

    /// At which commits a path has a blob that `has` knows. `changes` are those of the path.
    pub fn of(past: &Past, changes: &[Change], has: &dyn Fn(Oid) -> bool) -> Self {
        let commits = past.commits.len();
        let holds = |change: &Change| change.blob.is_some_and(has);
        let Some(first) = changes.iter().find(|change| holds(change)).map(|change| change.commit as usize)
        else {
            return Self::none(commits);
        };
        let mut held = Self { first, is_held: Vec::with_capacity(commits - first) };
        let mut changes = changes.iter().skip_while(|change| (change.commit as usize) < first).peekable();
        for (at, commit) in past.commits.iter().enumerate().skip(first) {
            let here = match changes.next_if(|change| change.commit as usize == at) {
                Some(change) => holds(change),
                None => commit.parents.first().is_some_and(|&parent| held.has(parent)),
            };
            held.is_held.push(here);
        }
        held
    }

    /// Whether it is there at a commit.
    pub fn has(&self, commit: u32) -> bool {
        (commit as usize)
            .checked_sub(self.first)
            .and_then(|at| self.is_held.get(at))
            .copied()
            .unwrap_or(false)
    }

    /// The first commit with it.
    pub fn first(&self) -> Option<u32> {
        (!self.is_held.is_empty()).then_some(self.first as u32)
    }

    /// Adds the commits of another one.
    pub fn join(&mut self, other: &Self) {
        if other.first < self.first {
            let mut longer = other.clone();
            longer.join(self);
            *self = longer;
            return;
        }
        for (at, _) in other.is_held.iter().enumerate().filter(|(_, is_held)| **is_held) {
            self.is_held[other.first - self.first + at] = true;
        }
    }
}

/// A stay: commits that have the secret at a path, each joined to the next by a parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first commit.
    pub since: u32,
    /// The commit that ended it; `None` if a ref's last commit is part of it, or nothing came after.
    pub until: Option<u32>,
    /// The first commit that took it out anywhere, though other refs may have kept it.
    pub went: Option<u32>,
    /// The blob of the first commit.
    pub blob: Option<Oid>,
    /// How many blobs it had.
    pub versions: u32,
    /// Whether HEAD is part of it.
    pub in_head: bool,
}

/// The stays at a path, in the order in which they began.
pub fn spans(past: &Past, held: &Held, changes: &[Change], tips: &[u32]) -> Vec<Span> {
    let Some(first) = held.first() else { return Vec::new() };
    // Which piece each commit belongs to, before pieces that meet are joined.
    let mut piece_of: Vec<u32> = Vec::new();
    let mut pieces = Pieces::default();
    let of = |piece_of: &[u32], commit: u32| piece_of[(commit - first) as usize];
    for (at, commit) in (first..).zip(&past.commits[first as usize..]) {
        let mut holding = commit.parents.iter().copied().filter(|&parent| held.has(parent));
        if held.has(at) {
            let piece = match holding.next() {
                Some(parent) => {
                    let piece = of(&piece_of, parent);
                    holding.for_each(|other| pieces.join(piece, of(&piece_of, other)));
                    piece
                }
                None => pieces.begin(at),
            };
            piece_of.push(piece);
        } else {
            piece_of.push(u32::MAX);
            let had: Vec<u32> = holding.collect();
            // A merge with a parent that does not have it only brings in what another commit did.
            let is_own = had.len() == commit.parents.len();
            for parent in had {
                pieces.end(of(&piece_of, parent), at, is_own);
            }
        }
    }
    for &tip in tips.iter().filter(|&&tip| held.has(tip)) {
        pieces.last_of_ref(of(&piece_of, tip));
    }
    for change in changes.iter().filter(|change| held.has(change.commit)) {
        pieces.version(of(&piece_of, change.commit), change);
    }
    let newest = past.head().filter(|&commit| held.has(commit)).map(|commit| of(&piece_of, commit));
    pieces.spans(newest)
}

/// The least of the firsts and the greatest of the lasts.
fn both(one: Option<(u32, u32)>, other: Option<(u32, u32)>) -> Option<(u32, u32)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
        (one, other) => one.or(other),
    }
}

/// Pieces of a stay that are being joined: each knows the one that it was joined to, and the
/// earliest one knows all.
#[derive(Default)]
struct Pieces(Vec<Piece>);

#[derive(Default)]
struct Piece {
    joined: u32,
    since: u32,
    /// The first and the last commit that took it out.
    own_ends: Option<(u32, u32)>,
    /// The same of merges that brought such a commit in.
    other_ends: Option<(u32, u32)>,
    is_last: bool,
    blobs: BTreeSet<Oid>,
    first_blob: Option<(u32, Oid)>,
}

impl Pieces {
    fn begin(&mut self, since: u32) -> u32 {
        let number = self.0.len() as u32;
        self.0.push(Piece { joined: number, since, ..Piece::default() });
        number
    }

    fn root(&mut self, piece: u32) -> u32 {
        let mut root = piece;
        while self.0[root as usize].joined != root {
            root = self.0[root as usize].joined;
        }
        let mut at = piece;
        while self.0[at as usize].joined != root {
            at = std::mem::replace(&mut self.0[at as usize].joined, root);
        }
        root
    }

    fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.root(one), self.root(other));
        let (kept, gone) = (one.min(other), one.max(other));
        if kept == gone {
            return;
        }
        let gone = std::mem::replace(&mut self.0[gone as usize], Piece { joined: kept, ..Piece::default() });
        let kept = &mut self.0[kept as usize];
        kept.since = kept.since.min(gone.since);
        kept.own_ends = both(kept.own_ends, gone.own_ends);
        kept.other_ends = both(kept.other_ends, gone.other_ends);
    }

    fn end(&mut self, piece: u32, commit: u32, is_own: bool) {
        let root = self.root(piece);
        let piece = &mut self.0[root as usize];
        let ends = if is_own { &mut piece.own_ends } else { &mut piece.other_ends };
        *ends = both(*ends, Some((commit, commit)));
    }

    fn last_of_ref(&mut self, piece: u32) {
        let root = self.root(piece);
        self.0[root as usize].is_last = true;
    }

    fn version(&mut self, piece: u32, change: &Change) {
        let root = self.root(piece);
        let piece = &mut self.0[root as usize];
        let Some(blob) = change.blob else { return };
        piece.blobs.insert(blob);
        if piece.first_blob.is_none_or(|(commit, _)| change.commit < commit) {
            piece.first_blob = Some((change.commit, blob));
        }
    }

    fn spans(mut self, head: Option<u32>) -> Vec<Span> {
        let head = head.map(|piece| self.root(piece));
        let roots: BTreeMap<u32, Piece> =
            (0..).zip(self.0).filter(|(at, piece)| piece.joined == *at).collect();
        let mut spans: Vec<Span> = roots
            .into_iter()
            .map(|(at, piece)| {
                let ends = piece.own_ends.or(piece.other_ends);
                Span {
                    since: piece.since,
                    until: ends.map(|(_, last)| last).filter(|_| !piece.is_last),
                    went: ends.map(|(first, _)| first),
                    blob: piece.first_blob.map(|(_, blob)| blob),
                    versions: piece.blobs.len() as u32,
                    in_head: head == Some(at),
                }
            })
            .collect();
        spans.sort_unstable_by_key(|span| span.since);
        spans
    }
}

/// Which commits have the secret, or one before them that leads to them; `messages` are commits
/// with it in their message.
pub fn reached(past: &Past, held: &Held, messages: &[u32]) -> Vec<bool> {
    let first = held.first().into_iter().chain(messages.iter().copied()).min();
    let mut reached = vec![false; past.commits.len()];
    for &message in messages {
        reached[message as usize] = true;
    }
    for (at, commit) in (0..).zip(&past.commits).skip(first.map_or(usize::MAX, |first| first as usize)) {
        reached[at as usize] = held.has(at)
            || reached[at as usize]
            || commit.parents.iter().any(|&parent| reached[parent as usize]);
    }
    reached
}

/// For each commit without the secret, the one that took it out of the line that leads here: the
/// last on the line of first parents after which none has it, or, if that line never had it, the
/// last commit before here that took it out.
pub fn left(past: &Past, held: &Held) -> Vec<Option<u32>> {
    let mut of_line: Vec<Option<u32>> = vec![None; past.commits.len()];
    let mut of_any = of_line.clone();
    let Some(first) = held.first() else { return of_line };
    for (at, commit) in (0..).zip(&past.commits).skip(first as usize) {
        if held.has(at) {
            continue;
        }
        if let Some(&parent) = commit.parents.first() {
            of_line[at as usize] = if held.has(parent) { Some(at) } else { of_line[parent as usize] };
        }
        let has_left = commit.parents.iter().any(|&parent| held.has(parent)).then_some(at);
        let earlier = commit.parents.iter().filter_map(|&parent| of_any[parent as usize]).max();
        of_any[at as usize] = has_left.or(earlier);
    }
    of_line.into_iter().zip(of_any).map(|(line, any)| line.or(any)).collect()
}
