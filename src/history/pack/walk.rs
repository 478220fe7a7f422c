//! Goes through the forest of a pack: every object is made once from the one that it is a delta
//! of, and what was learned about that one is at hand.
//!
//! Each worker goes down a tree depth first and holds only the objects whose deltas it has not
//! taken yet. The largest trees come first, and a worker that has nothing left gets a branch of
//! another's tree.

use super::delta::{DeltaError, apply};
use super::{Base, NONE, Pack};
use crate::detect::probe::Common;
use crate::source::object::{Kind, ObjectError};
use git2::Oid;
use libdeflater::Decompressor;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What an object is made from.
pub struct From<'a, S> {
    /// What was learned about the other object.
    pub state: &'a S,
    /// The length of the other object.
    pub length: usize,
    /// What was taken from it, by its place in the new object.
    pub copied: &'a [Common],
}

/// Sees every object that a walk makes.
pub trait Visitor: Sync {
    /// What is kept of an object until the last delta of it was made.
    type State: Send + Sync;

    /// Looks at an object. Called from many threads.
    fn object(&self, entry: u32, bytes: &[u8], from: Option<From<'_, Self::State>>) -> Self::State;

    /// Hears of an entry that cannot be made; of those that are made from it, it hears as well.
    fn lost(&self, entry: u32, error: &ObjectError);
}

/// Gets objects that are not in a pack but the bases of some of its deltas.
pub type Elsewhere<'a> = dyn Fn(Oid) -> Result<(Kind, Vec<u8>), ObjectError> + Sync + 'a;

/// Makes all objects of one kind that a pack holds. With `wanted`, only those entries that it is
/// true for are made; it has to be true for what they are made from as well.
pub fn walk<V: Visitor>(
    pack: &Pack,
    kind: Kind,
    wanted: Option<&(dyn Fn(u32) -> bool + Sync)>,
    elsewhere: &Elsewhere<'_>,
    visitor: &V,
) {
    let is_wanted = |entry: u32| wanted.is_none_or(|wanted| wanted(entry));
    let mut roots: Vec<(u64, u32)> = pack
        .roots()
        .iter()
        .filter(|&&(entry, base)| {
            (base == Base::Whole(kind) || matches!(base, Base::Elsewhere(_))) && is_wanted(entry)
        })
        .map(|&(entry, _)| (pack.stored_len(entry), entry))
        .collect();
    // A tree's weight is what it takes in the file; only large ones matter.
    for (weight, root) in &mut roots {
        *weight += tree_weight(pack, *root);
    }
    roots.sort_by_key(|&(weight, root)| (std::cmp::Reverse(weight.ilog2()), root));
    let threads = rayon::current_num_threads().clamp(1, roots.len().max(1));
    let shared = Shared {
        roots,
        next: AtomicUsize::new(0),
        board: Mutex::new(Board { offers: Vec::new(), busy: threads }),
        changed: Condvar::new(),
        hungry: AtomicUsize::new(0),
        held: AtomicUsize::new(0),
    };
    std::thread::scope(|scope| {
        let work = || {
            Worker {
                pack,
                kind,
                wanted,
                elsewhere,
                visitor,
                shared: &shared,
                inflater: Inflater::default(),
                spare: Vec::new(),
                copied: Vec::new(),
            }
            .run();
        };
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
}

/// How much of the file hangs under an entry, as far as it is worth counting.
fn tree_weight(pack: &Pack, root: u32) -> u64 {
    /// Whether a tree has more entries than this or not makes no difference.
    const MOST: usize = 10_000;
    let (mut weight, mut count) = (0, 0);
    let mut waiting = vec![pack.first_child(root)];
    while let Some(entry) = waiting.pop() {
        if entry == NONE || count > MOST {
            continue;
        }
        count += 1;
        weight += pack.stored_len(entry);
        waiting.push(pack.next_sibling(entry));
        waiting.push(pack.first_child(entry));
    }
    weight
}

/// An object with deltas that are not made yet.
struct Node<S> {
    bytes: Vec<u8>,
    state: S,
}

struct Branch<S> {
    node: Arc<Node<S>>,
    next: u32,
}

struct Board<S> {
    /// Branches that someone gave away.
    offers: Vec<Branch<S>>,
    /// Workers that may still give something away.
    busy: usize,
}

struct Shared<S> {
    roots: Vec<(u64, u32)>,
    next: AtomicUsize,
    board: Mutex<Board<S>>,
    changed: Condvar,
    /// Workers that wait for a branch.
    hungry: AtomicUsize,
    /// How many bytes the objects have whose deltas are not made yet.
    held: AtomicUsize,
}

/// So many bytes of objects wait for their deltas, and one object more a worker: more only come
/// together where many large versions each have more than one made from them.
const MOST_HELD: usize = 2 << 30;

impl<S> Shared<S> {
    fn board(&self) -> MutexGuard<'_, Board<S>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A branch from someone else; `None` when everything is done.
    fn wait(&self) -> Option<Branch<S>> {
        let mut board = self.board();
        board.busy -= 1;
        self.hungry.fetch_add(1, Ordering::Relaxed);
        let offer = loop {
            if let Some(offer) = board.offers.pop() {
                board.busy += 1;
                break Some(offer);
            }
            if board.busy == 0 {
                self.changed.notify_all();
                break None;
            }
            board = self.changed.wait(board).unwrap_or_else(PoisonError::into_inner);
        };
        self.hungry.fetch_sub(1, Ordering::Relaxed);
        offer
    }

    fn offer(&self, branch: Branch<S>) {
        self.board().offers.push(branch);
        self.changed.notify_one();
    }
}

/// A worker that panics is busy no more, so that the others end and the panic is seen.
struct Leaving<'a, S>(&'a Shared<S>);

impl<S> Drop for Leaving<'_, S> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.board().busy -= 1;
            self.0.changed.notify_all();
        }
    }
}

struct Worker<'a, V: Visitor> {
    pack: &'a Pack,
    kind: Kind,
    wanted: Option<&'a (dyn Fn(u32) -> bool + Sync)>,
    elsewhere: &'a Elsewhere<'a>,
    visitor: &'a V,
    shared: &'a Shared<V::State>,
    inflater: Inflater,
    /// Buffers to use again.
    spare: Vec<Vec<u8>>,
    copied: Vec<Common>,
}

impl<V: Visitor> Worker<'_, V> {
    fn run(mut self) {
        let leaving = Leaving(self.shared);
        loop {
            let taken = self.shared.next.fetch_add(1, Ordering::Relaxed);
            let Some(&(_, root)) = self.shared.roots.get(taken) else { break };
            if let Some(branch) = self.root(root) {
                self.go_down(branch);
            }
        }
        while let Some(branch) = self.shared.wait() {
            self.go_down(branch);
        }
        drop(leaving);
    }

    fn root(&mut self, entry: u32) -> Option<Branch<V::State>> {
        let base = self.pack.roots().binary_search_by_key(&entry, |&(root, _)| root).ok();
        let base = base.map_or(Base::Broken, |at| self.pack.roots()[at].1);
        let mut bytes = self.spare.pop().unwrap_or_default();
        let read = match base {
            Base::Elsewhere(id) => match (self.elsewhere)(id) {
                Ok((kind, _)) if kind != self.kind => {
                    self.spare.push(bytes);
                    return None;
                }
                Ok((_, base)) => self.made_from(&base, entry, &mut bytes),
                Err(error) => Err(error),
            },
            _ => self.inflater.object(self.pack, entry, &mut bytes),
        };
        if let Err(error) = read {
            self.lose(entry, &error);
            self.spare.push(bytes);
            return None;
        }
        let state = self.visitor.object(entry, &bytes, None);
        self.branch(entry, bytes, state)
    }

    /// What hangs under an entry; if that is nothing, its buffer is used again.
    fn branch(&mut self, entry: u32, bytes: Vec<u8>, state: V::State) -> Option<Branch<V::State>> {
        let next = self.pack.first_child(entry);
        if next == NONE {
            self.recycle(bytes);
            return None;
        }
        let held = &self.shared.held;
        if held.load(Ordering::Relaxed) > MOST_HELD {
            let why = "too many large versions of files wait for each other".to_owned();
            self.lose_below(entry, &ObjectError::Corrupt(why));
            return None;
        }
        held.fetch_add(bytes.len(), Ordering::Relaxed);
        Some(Branch { node: Arc::new(Node { bytes, state }), next })
    }

    fn recycle(&mut self, bytes: Vec<u8>) {
        /// A larger buffer is not worth its memory.
        const MOST_BYTES: usize = 1 << 20;
        const MOST_SPARE: usize = 8;
        if bytes.capacity() <= MOST_BYTES && self.spare.len() < MOST_SPARE {
            self.spare.push(bytes);
        }
    }

    fn go_down(&mut self, branch: Branch<V::State>) {
        let mut stack = vec![branch];
        while let Some(mut branch) = stack.pop() {
            let entry = branch.next;
            branch.next = self.pack.next_sibling(entry);
            let node = Arc::clone(&branch.node);
            if branch.next == NONE {
                drop(branch);
            } else {
                stack.push(branch);
                if self.shared.hungry.load(Ordering::Relaxed) > 0 {
                    // The oldest branch has the most under it.
                    self.shared.offer(stack.remove(0));
                }
            }
            let below = self.child(entry, &node);
            if let Some(node) = Arc::into_inner(node) {
                self.shared.held.fetch_sub(node.bytes.len(), Ordering::Relaxed);
                self.recycle(node.bytes);
            }
            stack.extend(below);
        }
    }

    fn child(&mut self, entry: u32, base: &Node<V::State>) -> Option<Branch<V::State>> {
        if self.wanted.is_some_and(|wanted| !wanted(entry)) {
            return None;
        }
        let mut bytes = self.spare.pop().unwrap_or_default();
        if let Err(error) = self.made_from(&base.bytes, entry, &mut bytes) {
            self.lose(entry, &error);
            self.spare.push(bytes);
            return None;
        }
        let from = From { state: &base.state, length: base.bytes.len(), copied: &self.copied };
        let state = self.visitor.object(entry, &bytes, Some(from));
        self.branch(entry, bytes, state)
    }

    fn made_from(&mut self, base: &[u8], entry: u32, into: &mut Vec<u8>) -> Result<(), ObjectError> {
        let delta = self.inflater.delta(self.pack, entry)?;
        apply(base, delta, into, &mut self.copied).map_err(|error| match error {
            DeltaError::TooLarge => ObjectError::Bomb,
            error => ObjectError::Corrupt(error.to_string()),
        })
    }

    /// Tells of an entry that cannot be made, and of all under it.
    fn lose(&self, entry: u32, error: &ObjectError) {
        self.visitor.lost(entry, error);
        self.lose_below(entry, error);
    }

    fn lose_below(&self, entry: u32, error: &ObjectError) {
        let mut waiting = vec![self.pack.first_child(entry)];
        while let Some(entry) = waiting.pop() {
            if entry != NONE {
                self.visitor.lost(entry, error);
                waiting.push(self.pack.next_sibling(entry));
                waiting.push(self.pack.first_child(entry));
            }
        }
    }
}

/// Inflates what entries hold.
pub struct Inflater {
    inflater: Decompressor,
    delta: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Self {
        Self { inflater: Decompressor::new(), delta: Vec::new() }
    }
}

impl Inflater {
    /// The bytes of an entry that is whole.
    ///
    /// # Errors
    ///
    /// [`ObjectError::Corrupt`] if it cannot be inflated to the length that its header tells.
    pub fn object(&mut self, pack: &Pack, entry: u32, into: &mut Vec<u8>) -> Result<(), ObjectError> {
        let (compressed, length) = entry_bytes(pack, entry)?;
        into.clear();
        into.resize(length, 0);
        self.inflate(compressed, into)
    }

    /// The delta that an entry holds.
    ///
    /// # Errors
    ///
    /// [`ObjectError::Corrupt`] if it cannot be inflated to the length that its header tells.
    pub fn delta(&mut self, pack: &Pack, entry: u32) -> Result<&[u8], ObjectError> {
        let (compressed, length) = entry_bytes(pack, entry)?;
        let mut delta = std::mem::take(&mut self.delta);
        if delta.len() < length {
            delta.resize(length, 0);
        }
        let inflated = self.inflate(compressed, &mut delta[..length]);
        self.delta = delta;
        inflated.map(|()| &self.delta[..length])
    }

    fn inflate(&mut self, compressed: &[u8], into: &mut [u8]) -> Result<(), ObjectError> {
        let broken = |why: &str| Err(ObjectError::Corrupt(why.to_owned()));
        match self.inflater.zlib_decompress(compressed, into) {
            Ok(length) if length == into.len() => Ok(()),
            Ok(_) | Err(libdeflater::DecompressionError::InsufficientSpace) => {
                broken("it is not as long as its header says")
            }
            Err(libdeflater::DecompressionError::BadData) => broken("it cannot be inflated"),
        }
    }
}

/// What an entry holds, still compressed, and its length when inflated.
fn entry_bytes(pack: &Pack, entry: u32) -> Result<(&[u8], usize), ObjectError> {
    /// Deflate makes no more of a byte than this (RFC 1951: 258 bytes of two bits), so that a header
    /// cannot ask for memory that no data will fill.
    const MOST_RATIO: u64 = 1032;
    let (compressed, length) =
        pack.compressed(entry).ok_or_else(|| ObjectError::Corrupt("its header cannot be read".to_owned()))?;
    let most = (compressed.len() as u64).saturating_mul(MOST_RATIO);
    match usize::try_from(length) {
        Ok(length) if length as u64 <= most => Ok((compressed, length)),
        _ => Err(ObjectError::Corrupt("it is not as long as its header says".to_owned())),
    }
}
