//! Finds secrets that are encoded: base64, hex, percent, HTML and string escapes, gzip inside those,
//! literals that a program joins. `docs/decoding.md` has the reasons.
//!
//! What is encoded is found where it stands in a text, decoded into a [`View`], searched with the
//! same rules, and decoded again, to a bounded depth. All decoding of one document is bounded by a
//! multiple of its length, so that no input makes it long.

mod der;
mod digits;
mod escapes;
mod gzip;
mod html;
mod join;
pub mod manifest;
mod map;
mod merge;
mod percent;
mod runs;
mod string;
mod view;

#[cfg(test)]
mod tests;

use crate::detect::judge::generic::Surroundings;
use crate::detect::{Engine, Match, Own, file_kind};
use crate::origin::RepoPath;
use crate::rule::pack::Landmark;
use crate::secret::{Masked, Secret};
use digits::Run;
pub use escapes::table;
use join::Joints;
pub use join::joined_end;
use merge::Found;
use runs::Digits;
use std::ops::Range;
use std::sync::Arc;
use view::View;

/// How many encodings inside one another are undone.
pub const DEPTH: usize = 5;
/// The sum of all decoded bytes is at most so many times the document's length …
const MOST_RATIO: usize = 8;
/// … and this much more, for the sake of small ones.
const MOST_EXTRA: usize = 64 << 10;

/// What a match was decoded from.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// The secret as it is when decoded.
    pub secret: Arc<Secret>,
    /// How it was decoded, outermost first: `base64`, `gzip`.
    pub ways: Vec<&'static str>,
    /// What the parts beside it look like when decoded and masked, in the order of the match's parts.
    pub parts: Vec<Masked>,
}

impl PartialEq for Decoded {
    fn eq(&self, other: &Self) -> bool {
        self.secret.expose() == other.secret.expose() && self.ways == other.ways && self.parts == other.parts
    }
}

impl Eq for Decoded {}

/// A text that is searched, with what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The text.
    pub text: &'a [u8],
    /// Whether it is source code.
    pub is_code: bool,
    /// Whether it is no text.
    pub is_binary: bool,
}

/// What the search of a text for encoded secrets comes to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// All matches, those that stand in the clear among them, sorted by place.
    pub matches: Vec<Match>,
    /// Whether something was left because the bounds of decoding were reached.
    pub is_cut: bool,
}

/// Adds what is encoded in a text to what stands in it in the clear. Matches that begin outside
/// `own` are left to another document.
pub fn search(
    engine: &Engine,
    path: &RepoPath,
    subject: Subject<'_>,
    own: &Range<usize>,
    plain: Vec<Match>,
    landmarks: &[(Landmark, usize)],
) -> Outcome {
    let mut search = Search {
        engine,
        path: Some(path),
        joints: Joints::of(path),
        reads_html: file_kind::holds_html(path),
        budget: budget(subject.text),
        is_cut: false,
        sieve: None,
    };
    let mut found = search.views(subject, landmarks, 0);
    found.retain(|found| own.contains(&found.own.span.start));
    Outcome { matches: merge::merge(plain, found, engine.pack()), is_cut: search.is_cut }
}

/// Where something is encoded in a text that would be found at one path or another; `hit` is called
/// with the place of each, and with whether any of the candidates there `is_wanted`.
///
/// This finds more than [`search`] does, and nothing less: every way in which any language joins
/// literals is tried. Manifests of secrets are passed over unless there is one.
pub fn sift(
    engine: &Engine,
    subject: Subject<'_>,
    has_manifest: bool,
    landmarks: &[(Landmark, usize)],
    is_wanted: &dyn Fn(&Match) -> bool,
    hit: &mut dyn FnMut(Range<usize>, bool),
) {
    let mut search = Search {
        engine,
        path: None,
        joints: Joints::default(),
        reads_html: true,
        budget: budget(subject.text).saturating_mul(Joints::ALL.len()),
        is_cut: false,
        sieve: Some(Sieve { is_wanted, hit, place: 0..0, has_manifest }),
    };
    search.views(subject, landmarks, 0);
}

/// How many bytes may be decoded of a text.
fn budget(text: &[u8]) -> usize {
    text.len().saturating_mul(MOST_RATIO).saturating_add(MOST_EXTRA)
}

/// What is only asked where something is.
struct Sieve<'a> {
    is_wanted: &'a dyn Fn(&Match) -> bool,
    hit: &'a mut dyn FnMut(Range<usize>, bool),
    /// The place in the outermost text of what is being looked into.
    place: Range<usize>,
    /// Whether the outermost text has a manifest of secrets.
    has_manifest: bool,
}

struct Search<'a> {
    engine: &'a Engine,
    path: Option<&'a RepoPath>,
    joints: Joints,
    reads_html: bool,
    /// How many bytes may still be decoded.
    budget: usize,
    is_cut: bool,
    /// Takes the place of the path and of what is found.
    sieve: Option<Sieve<'a>>,
}

impl Search<'_> {
    /// What the views of a text hold, by their places in that text.
    fn views(&mut self, subject: Subject<'_>, landmarks: &[(Landmark, usize)], depth: usize) -> Vec<Found> {
        let mut found = Vec::new();
        if depth >= DEPTH {
            return found;
        }
        let text = subject.text;
        self.encoded(text, landmarks, depth, &mut found);
        if !subject.is_binary {
            let mut continued = Vec::new();
            let reads_html = self.reads_html;
            escapes::find(
                text,
                subject.is_code,
                reads_html,
                &mut |view| self.look_into(&view, depth, &mut found),
                &mut |at| continued.push(at),
            );
            let macros: Vec<usize> = of(landmarks, Landmark::Concat).collect();
            let ways: Vec<Joints> = match self.sieve {
                None => vec![self.joints],
                Some(_) if continued.is_empty() && macros.is_empty() => join::ways(text).collect(),
                // These may stand near an operator of any language.
                Some(_) if join::ways(text).next().is_some() => Joints::ALL.to_vec(),
                Some(_) => Joints::CONTINUED.to_vec(),
            };
            for joints in ways {
                join::find(text, joints, subject.is_code, &continued, &macros, &mut |view| {
                    self.look_into(&view, depth, &mut found);
                });
            }
            let is_without = depth == 0 && self.sieve.as_ref().is_some_and(|sieve| !sieve.has_manifest);
            if !subject.is_code && !is_without {
                manifest::find(text, &mut |view| self.look_into(&view, depth, &mut found));
            }
        }
        found
    }

    /// Base64 and hex.
    fn encoded(
        &mut self,
        text: &[u8],
        landmarks: &[(Landmark, usize)],
        depth: usize,
        found: &mut Vec<Found>,
    ) {
        let mut streams: Vec<Range<usize>> = Vec::new();
        for (landmark, digits) in [(Landmark::Gzip64, Digits::Base64), (Landmark::Gzip16, Digits::Hex)] {
            let mut from = 0;
            for start in of(landmarks, landmark) {
                if start >= from {
                    let run = Run::read(text, start, digits, self.room(digits));
                    from = run.end;
                    if let Some(view) = run.inflated(self.budget) {
                        self.is_cut |= run.is_cut || view.text.len() == self.budget;
                        streams.push(start..run.end);
                        self.look_into(&view, depth, found);
                    }
                }
            }
        }
        streams.sort_by_key(|stream| stream.start);
        runs::find(text, |digits, start| {
            let after = streams.partition_point(|stream| stream.end <= start);
            if let Some(stream) = streams.get(after).filter(|stream| stream.start <= start) {
                return stream.end;
            }
            let run = Run::read(text, start, digits, self.room(digits));
            self.is_cut |= run.is_cut;
            if let Some(view) = run.text() {
                self.look_into(&view, depth, found);
            }
            run.end
        });
        let mut from = 0;
        for start in of(landmarks, Landmark::Der64) {
            if start >= from {
                let (view, end) = der::key(text, start);
                from = end;
                if let Some(view) = view {
                    self.look_into(&view, depth, found);
                }
            }
        }
    }

    /// How many digits may still be decoded.
    fn room(&self, digits: Digits) -> usize {
        match digits {
            Digits::Base64 => self.budget / 3 * 4,
            Digits::Hex => self.budget.saturating_mul(2),
        }
    }

    /// Searches a view, and the views of it; what is found is told by its place in the view's source.
    fn look_into(&mut self, view: &View, depth: usize, found: &mut Vec<Found>) {
        let Some(left) = self.budget.checked_sub(view.text.len()) else {
            self.is_cut = true;
            return;
        };
        self.budget = left;
        let subject = Subject { text: &view.text, is_code: view.is_code, is_binary: view.is_binary };
        let around = Surroundings { text: &view.text, is_code: view.is_code };
        if let Some(sieve) = &mut self.sieve
            && depth == 0
            && let Some(place) = view.map.source(&(0..view.text.len()))
        {
            sieve.place = place;
        }
        let sift = |candidates: &mut [Match]| {
            if let Some(Sieve { is_wanted, hit, place, .. }) = &mut self.sieve {
                let mut counting = candidates.iter().filter(|found| view.counts.has(&found.span)).peekable();
                if counting.peek().is_some() {
                    hit(place.clone(), counting.any(is_wanted));
                }
            }
        };
        let plain =
            self.engine.search(around, Own::Part(0..view.text.len()), self.path, view.is_binary, sift);
        let inner = self.views(subject, &plain.landmarks, depth + view.ways.len());
        if plain.matches.is_empty() && inner.is_empty() {
            return;
        }
        let number = found.len();
        for inner in merge::merge(plain.matches, inner, self.engine.pack()) {
            if view.counts.has(&inner.span)
                && let Some(own) = outside(view, inner)
            {
                found.push(Found { own, view: number, in_place: view.is_in_place() });
            }
        }
    }
}

/// A match in a view, by its place in the view's source.
fn outside(view: &View, found: Match) -> Option<Match> {
    let Match { rule, span, confidence, notes, parts, decoded } = found;
    let decoded = match decoded {
        Some(mut decoded) => {
            decoded.ways.splice(0..0, view.ways.iter().copied());
            decoded
        }
        None => Decoded {
            secret: Arc::new(Secret::new(&view.text[span.clone()])),
            ways: view.ways.to_vec(),
            parts: parts.iter().map(|(_, part)| Masked::of(&view.text[part.clone()], 4)).collect(),
        },
    };
    let span = view.map.source(&span)?;
    let parts = parts
        .into_iter()
        .map(|(name, part)| view.map.source(&part).map(|part| (name, part)))
        .collect::<Option<Vec<_>>>()?;
    Some(Match { rule, span, confidence, notes, parts, decoded: Some(decoded) })
}

/// The places of one kind of landmark, ascending.
fn of(landmarks: &[(Landmark, usize)], kind: Landmark) -> impl Iterator<Item = usize> {
    landmarks.iter().filter(move |(landmark, _)| *landmark == kind).map(|&(_, at)| at)
}

/// How many of a hundred bytes are of a text, rounded down. Bytes over 0x7f count if all of them
/// together are UTF-8.
fn text_share(bytes: &[u8]) -> usize {
    let utf8 = std::str::from_utf8(bytes).is_ok();
    let is_text =
        |byte: &&u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~') || (utf8 && **byte >= 0x80);
    bytes.iter().filter(is_text).count() * 100 / bytes.len().max(1)
}
