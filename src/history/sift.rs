//! Sorts out the objects that something would be reported of, by what changed from version to
//! version.

use crate::coverage::Coverage;
use crate::detect::probe::{Known, Probe, Traces};
use crate::history::cache::{Verdict, Verdicts};
use crate::history::objects::Catalog;
use crate::history::pack::walk::{Elsewhere, From, Visitor, walk};
use crate::history::pack::{NONE, Pack};
use crate::origin::RepoPath;
use crate::source::container::Reading;
use crate::source::graph::Commit;
use crate::source::object::{Kind, ObjectError, Objects, is_named, parse};
use crate::source::repository::Handles;
use crate::source::text::{self, Readable, STRETCH};
use git2::{ObjectFormat, Oid};
use rayon::prelude::*;
use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What was sorted out, by number.
#[derive(Debug, Default)]
pub struct Sifted {
    /// Blobs of which something may be reported; sorted.
    pub blobs: Vec<Hot>,
    /// Commits whose message may be reported; sorted.
    pub messages: Vec<u32>,
    /// Annotated tags; sorted.
    pub tags: Vec<u32>,
    /// All commits.
    pub commits: Vec<Commit>,
    /// Folders that only libgit2 can read; sorted.
    pub folders: Vec<u32>,
    /// The kinds of all objects that had to be read to know them.
    pub kinds: Vec<(u32, Kind)>,
    /// What was learned of blobs.
    learned: Vec<(u32, Verdict)>,
    /// Objects that cannot be read, with the reason; sorted, each once.
    pub lost: Vec<(u32, ObjectError)>,
}

/// A blob of which something may be reported.
#[derive(Debug)]
pub struct Hot {
    /// Its number.
    pub number: u32,
    /// What a scan need not find out again, if that was kept.
    pub known: Option<Known>,
}

/// So many pieces of knowledge are kept in all: 48 MiB.
const MOST_KNOWN: usize = 2 << 20;

/// Goes through all commits, tags and blobs.
///
/// What is `known` of blobs is taken as it is, and what is learned of the others is added to it.
pub fn sift(
    catalog: &Catalog,
    handles: &Handles,
    probe: &Probe<'_>,
    reading: &Reading<'_>,
    known: &mut Verdicts,
) -> Sifted {
    let sieve = Sieve {
        catalog,
        probe,
        reading,
        format: handles.format(),
        kept: AtomicUsize::new(0),
        sifted: Mutex::default(),
        known,
    };
    for (pack, start) in catalog.packs() {
        for kind in [Kind::Commit, Kind::Tag] {
            walk(pack, kind, None, &elsewhere(handles), &Sorter { sieve: &sieve, kind, start });
        }
        let unknown = (0..pack.len()).filter(|&entry| {
            let number = start + entry;
            let may_be_blob = catalog.kind(number).is_none_or(|kind| kind == Kind::Blob);
            may_be_blob && sieve.known.get(number).is_none() && catalog.is_first(number)
        });
        let needed = pack.with_bases(unknown);
        let wanted = |entry: u32| needed[entry as usize];
        let sorter = Sorter { sieve: &sieve, kind: Kind::Blob, start };
        walk(pack, Kind::Blob, Some(&wanted), &elsewhere(handles), &sorter);
    }
    sieve.loose(handles);
    for number in 0..catalog.len() as u32 {
        if let Some(verdict) = sieve.known.get(number) {
            sieve.count(number, verdict, None);
        }
    }
    for (pack, start) in catalog.packs() {
        unlinked(catalog, pack, start, &mut sieve.sifted().lost);
    }
    sieve.lost(handles);
    let mut sifted = sieve.sifted.into_inner().unwrap_or_else(PoisonError::into_inner);
    sifted.blobs.sort_unstable_by_key(|hot| hot.number);
    sifted.messages.sort_unstable();
    sifted.tags.sort_unstable();
    sifted.folders.sort_unstable();
    sort(&mut sifted.lost);
    known.add(catalog, std::mem::take(&mut sifted.learned));
    sifted
}

/// Sorts what is lost; of what is lost for several reasons, one counts.
pub fn sort(lost: &mut Vec<(u32, ObjectError)>) {
    lost.sort_by_cached_key(|(number, why)| (*number, why.to_string()));
    lost.dedup_by_key(|&mut (number, _)| number);
}

/// Reads an object the plain way that the walk through a pack could not make: libgit2 checks it
/// against its id and may get it from elsewhere. `why` is what the walk said.
pub fn read_again(
    handles: &Handles,
    id: Oid,
    why: &ObjectError,
    into: &mut Vec<u8>,
) -> Result<Kind, ObjectError> {
    if *why == ObjectError::Bomb {
        return Err(ObjectError::Bomb);
    }
    handles.read(id, into).map_err(|error| match (why, error) {
        (ObjectError::Corrupt(why), ObjectError::Corrupt(error)) if *why != error => {
            ObjectError::Corrupt(format!("{why}; {error}"))
        }
        (_, error) => error,
    })
}

/// Reads bases that are not in a pack.
pub fn elsewhere(handles: &Handles) -> Box<Elsewhere<'_>> {
    Box::new(|id: Oid| {
        let mut bytes = Vec::new();
        handles.read(id, &mut bytes).map(|kind| (kind, bytes))
    })
}

/// Entries that hang under no whole object.
fn unlinked(catalog: &Catalog, pack: &Pack, start: u32, lost: &mut Vec<(u32, ObjectError)>) {
    let of_pack = start..start + pack.len();
    let unknown = of_pack.filter(|&number| catalog.kind(number).is_none());
    let mut under_another = std::collections::BTreeSet::new();
    for &(root, base) in pack.roots() {
        if matches!(base, crate::history::pack::Base::Elsewhere(_)) {
            let mut waiting = vec![root];
            while let Some(entry) = waiting.pop() {
                if entry != NONE {
                    under_another.insert(entry);
                    waiting.push(pack.first_child(entry));
                    if entry != root {
                        waiting.push(pack.next_sibling(entry));
                    }
                }
            }
        }
    }
    let why = "its bytes in the pack are not what the index tells of, or it is made from such an object";
    lost.extend(
        unknown
            .filter(|number| !under_another.contains(&(number - start)))
            .map(|number| (number, ObjectError::Corrupt(why.to_owned()))),
    );
}

struct Sieve<'a> {
    catalog: &'a Catalog,
    probe: &'a Probe<'a>,
    reading: &'a Reading<'a>,
    format: ObjectFormat,
    /// How many pieces of knowledge are kept.
    kept: AtomicUsize,
    sifted: Mutex<Sifted>,
    /// What was known before.
    known: &'a Verdicts,
}

/// What is remembered of an object while deltas of it are made.
enum Remembered {
    /// A text, with what its probe saw.
    Text(Traces),
    /// Something that every version of is looked at anew.
    Other,
}

struct Sorter<'a> {
    sieve: &'a Sieve<'a>,
    kind: Kind,
    start: u32,
}

impl Visitor for Sorter<'_> {
    type State = Remembered;

    fn object(&self, entry: u32, bytes: &[u8], from: Option<From<'_, Remembered>>) -> Remembered {
        let number = self.start + entry;
        let is_first = self.sieve.catalog.is_first(number);
        if self.sieve.catalog.kind(number).is_none() {
            // It is made from something that is not in its pack.
            self.sieve.sifted().kinds.push((number, self.kind));
        }
        match self.kind {
            Kind::Blob => {
                let (remembered, is_hot) = self.sieve.blob(bytes, from);
                if is_first {
                    self.sieve.blob_seen(number, bytes.len(), is_hot, &remembered);
                }
                remembered
            }
            kind => {
                if is_first {
                    self.sieve.other(number, kind, bytes);
                }
                Remembered::Other
            }
        }
    }

    fn lost(&self, entry: u32, error: &ObjectError) {
        let number = self.start + entry;
        if self.sieve.catalog.is_first(number) {
            self.sieve.sifted().lost.push((number, error.clone()));
        }
    }
}

impl Sieve<'_> {
    fn sifted(&self) -> std::sync::MutexGuard<'_, Sifted> {
        self.sifted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn loose(&self, handles: &Handles) {
        let all: Vec<(Oid, u32)> = self.catalog.loose().collect();
        all.par_iter().for_each(|&(id, number)| {
            if !self.catalog.is_first(number) || self.known.get(number).is_some() {
                return;
            }
            let mut bytes = Vec::new();
            match handles.read(id, &mut bytes) {
                Ok(kind) => self.alone(number, kind, &bytes),
                Err(error) => self.sifted().lost.push((number, error)),
            }
        });
    }

    /// Reads what was lost on the walks through the packs once more, the plain way.
    fn lost(&self, handles: &Handles) {
        let mut lost = std::mem::take(&mut self.sifted().lost);
        sort(&mut lost);
        lost.into_par_iter().for_each(|(number, why)| {
            if number >= self.catalog.loose_start() {
                return self.sifted().lost.push((number, why));
            }
            let mut bytes = Vec::new();
            match read_again(handles, self.catalog.id(number), &why, &mut bytes) {
                Ok(kind) => {
                    if kind == Kind::Tree {
                        self.sifted().folders.push(number);
                    }
                    self.alone(number, kind, &bytes);
                }
                Err(error) => self.sifted().lost.push((number, error)),
            }
        });
    }

    /// Looks at an object that libgit2 read.
    fn alone(&self, number: u32, kind: Kind, bytes: &[u8]) {
        self.sifted().kinds.push((number, kind));
        if kind == Kind::Blob {
            let (remembered, is_hot) = self.blob(bytes, None);
            self.blob_seen(number, bytes.len(), is_hot, &remembered);
        } else {
            self.other(number, kind, bytes);
        }
    }

    fn blob_seen(&self, number: u32, length: usize, is_hot: bool, remembered: &Remembered) {
        if self.known.get(number).is_some() {
            return;
        }
        let has_room =
            |known: &Known| self.kept.fetch_add(known.len(), Ordering::Relaxed) + known.len() <= MOST_KNOWN;
        let known = match remembered {
            // A longer one is scanned in stretches.
            Remembered::Text(traces) if is_hot && length <= STRETCH => Some(traces.known()).filter(has_room),
            _ => None,
        };
        let verdict = Verdict { is_hot, length: length.try_into().unwrap_or(u32::MAX) };
        self.count(number, verdict, known);
        self.sifted().learned.push((number, verdict));
    }

    fn count(&self, number: u32, verdict: Verdict, known: Option<Known>) {
        if verdict.is_hot {
            // It is counted when it is scanned.
            self.sifted().blobs.push(Hot { number, known });
        } else {
            self.reading.coverage.document();
            self.reading.coverage.bytes(u64::from(verdict.length));
        }
    }

    /// Whether something would be reported of a blob.
    fn blob(&self, bytes: &[u8], from: Option<From<'_, Remembered>>) -> (Remembered, bool) {
        /// Places in a text are remembered in four bytes each.
        const MOST: usize = 1 << 30;
        if bytes.len() > MOST || self.is_container(bytes) {
            return (Remembered::Other, true);
        }
        let (text, is_binary) = match text::readable(bytes) {
            Readable::AsItIs { is_binary } => (Cow::Borrowed(bytes), is_binary),
            Readable::Decoded(text) => (Cow::Owned(text), false),
        };
        let traces = match (from, &text) {
            (Some(From { state: Remembered::Text(older), length, copied }), Cow::Borrowed(_)) => {
                self.probe.newer(&text, is_binary, older, length, copied)
            }
            _ => self.probe.whole(&text, is_binary),
        };
        let is_hot = traces.is_hot();
        let remembered =
            if matches!(text, Cow::Borrowed(_)) { Remembered::Text(traces) } else { Remembered::Other };
        (remembered, is_hot)
    }

    /// Whether a blob may be one that is opened, wherever it lies.
    fn is_container(&self, bytes: &[u8]) -> bool {
        // A notebook is told by its name, and by what every notebook has.
        let is_json = bytes.trim_ascii_start().first() == Some(&b'{');
        self.reading.limits.depth > 0
            && (self.reading.kind(bytes, &RepoPath::default()).is_some()
                || is_json && memchr::memmem::find(bytes, b"\"cells\"").is_some())
    }

    /// Looks at a commit, a tag or a folder.
    fn other(&self, number: u32, kind: Kind, bytes: &[u8]) {
        if kind == Kind::Tag {
            self.sifted().tags.push(number);
        }
        if kind != Kind::Commit {
            return;
        }
        let Some(parsed) = parse(bytes, self.format) else {
            let error = ObjectError::Corrupt("malformed commit".to_owned());
            return self.sifted().lost.push((number, error));
        };
        let id = self.catalog.id(number);
        // The order of commits relies on it. libgit2 has done it for those that it read.
        let is_packed = number < self.catalog.loose_start();
        if is_packed && !is_named(id, Kind::Commit, bytes) {
            let error = ObjectError::Corrupt("it is not what its id says".to_owned());
            return self.sifted().lost.push((number, error));
        }
        let (is_hot, time) = (self.message(parsed.message), parsed.time());
        let mut sifted = self.sifted();
        sifted.commits.push(Commit { id, tree: parsed.target, parents: parsed.parents, time });
        if is_hot {
            sifted.messages.push(number);
        }
    }

    fn message(&self, message: &[u8]) -> bool {
        let is_hot = match text::readable(message) {
            Readable::AsItIs { is_binary } => self.probe.whole(message, is_binary).is_hot(),
            Readable::Decoded(text) => self.probe.whole(&text, false).is_hot(),
        };
        if !is_hot {
            let coverage: &Coverage = self.reading.coverage;
            coverage.document();
            coverage.bytes(message.len() as u64);
        }
        is_hot
    }
}
