//! Tells of versions of texts whether anything would be reported of them, at the price of what
//! changed.
//!
//! A probe remembers of every text where keywords stand, how far round each of them its rules look,
//! and whether something came of it. In the next version a keyword that was copied with all of its
//! surroundings says what it said before; only new keywords, and those near something new, are
//! looked at. `docs/history.md` has the reasoning.
//!
//! It knows no path and answers for all of them: whatever [`Engine::scan`] reports at some path, a
//! probe calls hot. The other way round it may err.

use crate::detect::candidate::{self, Look};
use crate::detect::judge::generic::Surroundings;
use crate::detect::near_miss::Services;
use crate::detect::prefilter::{self, Owners};
use crate::detect::{Engine, Match, checks, decode};
use crate::level::Confidence;
use crate::rule::Rule;
use crate::rule::pack::{self, Landmark, MARKER_OWNER, Matcher};
use std::ops::Range;
use std::sync::Arc;

/// A piece that two versions of a text have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Common {
    /// Where it stands in the older one.
    pub from: usize,
    /// Where it stands in the newer one.
    pub to: usize,
    /// How long it is.
    pub length: usize,
}

/// So far round something new the text is decoded once more: further than what belongs to an escape,
/// a joint of literals or the end of a run reaches.
const DECODED_ROUND: usize = 512;
/// How far before and after a name the value that is given to it may stand, and what the judge looks
/// at beyond it.
const ASSIGNMENT: Reach = Reach { before: 768, after: 2560 };
/// How far outside its window a candidate of a pattern is weighed by what stands there.
const WEIGHED_ROUND: usize = 128;
/// `kind: Secret` and what may stand between.
const MANIFEST: usize = 64;
/// A macro that joins literals reads on so far.
const MACRO: usize = 4096 + 64;

/// How far round a keyword's first byte something looks.
#[derive(Debug, Clone, Copy, Default)]
struct Reach {
    before: usize,
    after: usize,
}

impl Reach {
    fn of(rule: &Rule) -> Self {
        if matches!(rule.matcher, Matcher::Assignment(_)) {
            return ASSIGNMENT;
        }
        let within = rule.companions.iter().map(|companion| companion.within as usize).max().unwrap_or(0);
        let more = within + WEIGHED_ROUND;
        let read_on = rule.check.is_some_and(checks::reads_on);
        let (behind, ahead) = if read_on { (checks::READ_BEHIND, checks::READ_AHEAD) } else { (0, 0) };
        Self { before: rule.before as usize + more + behind, after: rule.after as usize + more + ahead }
    }

    /// The window in which all of a rule's matches stand.
    fn window(rule: &Rule) -> Self {
        Self { before: rule.before as usize, after: rule.after as usize }
    }

    fn unite(&mut self, other: Self) {
        self.before = self.before.max(other.before);
        self.after = self.after.max(other.after);
    }
}

/// What is known of the rules that share a keyword.
#[derive(Debug, Clone, Copy, Default)]
struct Sharing {
    /// Whether any of them is asked at all.
    is_asked: bool,
    /// The furthest that any of them looks.
    reach: Reach,
    /// How far round the keyword the text is decoded with it; nothing if what is decoded round
    /// something new is enough.
    decoded: Reach,
}

impl Sharing {
    fn add(&mut self, rule: &Rule) {
        let reach = Reach::of(rule);
        self.is_asked = true;
        self.reach.unite(reach);
        // A long token may stand in the text in pieces that are joined or escaped, of which the first
        // has the keyword and the last one is new. The judge of assignments looks at the beginning of
        // a value.
        let is_long = reach.before.max(reach.after) > DECODED_ROUND;
        if is_long && !matches!(rule.matcher, Matcher::Assignment(_)) {
            self.decoded.unite(reach);
        }
    }
}

/// What a place of a text is remembered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// A keyword: where its owners are listed, and its length.
    Keyword(u32, u8),
    /// An allow marker, or what looks like one.
    Marker,
    /// A landmark of the decoder.
    Landmark(Landmark),
    /// Something that is found in what is encoded there.
    Encoded,
}

/// A place of a text that says something about it.
#[derive(Debug, Clone)]
struct Spot {
    at: u32,
    /// What it says depends on this part of the text and no other.
    start: u32,
    end: u32,
    sort: Sort,
    /// What came of it, reported or not.
    given: Option<Arc<Given>>,
    /// Whether something would be reported.
    is_hot: bool,
}

/// What came of a keyword, in the version in which it was looked at.
#[derive(Debug)]
struct Given {
    /// Where the keyword stood.
    at: usize,
    candidates: Vec<Match>,
}

/// What is known of a text before it is scanned: everything that comes of its keywords, for any path.
#[derive(Debug)]
pub struct Known {
    given: Vec<(usize, Arc<Given>)>,
    /// Where the decoder's landmarks stand, ascending.
    pub(super) landmarks: Vec<(Landmark, usize)>,
    /// Whether there are allow markers of ours.
    pub(super) has_markers: bool,
    /// Whether anything comes of what is encoded.
    pub(super) has_encoded: bool,
}

/// Whether a rule's candidate counts at a path.
pub(super) enum Fits {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// That has to be asked again.
    Ask,
}

impl Known {
    /// How many pieces of knowledge these are.
    pub fn len(&self) -> usize {
        self.given.len() + self.landmarks.len()
    }

    /// Whether nothing is known to come of the text's keywords.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds the candidates that fit, by their places in the text, and the places of keywords that
    /// have to be asked again.
    pub(super) fn candidates(
        &self,
        fits: impl Fn(usize) -> Fits,
        candidates: &mut Vec<Match>,
        again: &mut Vec<usize>,
    ) {
        for (at, given) in &self.given {
            if given.candidates.iter().any(|found| matches!(fits(found.rule), Fits::Ask)) {
                again.push(*at);
                continue;
            }
            let shifted = |place: &Range<usize>| {
                let shift = |place: usize| place + at - given.at;
                shift(place.start)..shift(place.end)
            };
            let fitting = given.candidates.iter().filter(|found| matches!(fits(found.rule), Fits::Yes));
            candidates.extend(fitting.map(|found| Match {
                span: shifted(&found.span),
                parts: found.parts.iter().map(|(name, part)| (name.clone(), shifted(part))).collect(),
                ..found.clone()
            }));
        }
    }
}

/// What is remembered of a text.
#[derive(Debug, Default)]
pub struct Traces {
    /// Sorted by place.
    spots: Vec<Spot>,
    is_binary: bool,
    /// Whether it has a manifest of secrets, of which any line may be one.
    has_manifest: bool,
}

impl Traces {
    /// Whether something would be reported of the text.
    pub fn is_hot(&self) -> bool {
        self.spots.iter().any(|spot| spot.is_hot)
    }

    /// What a scan of the text need not find out again.
    pub fn known(&self) -> Known {
        let given = self.spots.iter().filter_map(|spot| Some((spot.at as usize, spot.given.clone()?)));
        let landmarks = self.spots.iter().filter_map(|spot| match spot.sort {
            Sort::Landmark(landmark) => Some((landmark, spot.at as usize)),
            _ => None,
        });
        Known {
            given: given.collect(),
            landmarks: landmarks.collect(),
            has_markers: self.spots.iter().any(|spot| spot.sort == Sort::Marker),
            has_encoded: self.spots.iter().any(|spot| spot.sort == Sort::Encoded),
        }
    }
}

/// Which matches count.
pub struct Floor<'a> {
    /// The least confidence that is reported.
    pub confidence: Confidence,
    /// Rules whose matches count whatever their confidence, because settings may raise it.
    pub any_of: &'a (dyn Fn(&str) -> bool + Sync),
}

/// Asks an engine about versions of texts.
pub struct Probe<'e> {
    engine: &'e Engine,
    floor: Confidence,
    /// For each rule, whether its matches count whatever their confidence.
    counts_all: Vec<bool>,
    /// By the place of a list of owners.
    sharing: Vec<Sharing>,
}

impl<'e> Probe<'e> {
    /// Makes a probe.
    pub fn new(engine: &'e Engine, floor: &Floor<'_>) -> Self {
        let rules = engine.pack.rules();
        let counts_all: Vec<bool> = rules.iter().map(|rule| (floor.any_of)(rule.id)).collect();
        let mut sharing = Vec::new();
        for owners in engine.prefilter.all_owners() {
            let mut together = Sharing::default();
            let place = owners.place() as usize;
            for owner in owners {
                let index = owner as usize;
                match rules.get(index) {
                    Some(rule) if engine.is_active[index] => {
                        together.add(rule);
                    }
                    Some(_) => {}
                    None => together.is_asked = true,
                }
            }
            sharing.resize(place + 1, Sharing::default());
            sharing[place] = together;
        }
        Self { engine, floor: floor.confidence, counts_all, sharing }
    }

    /// Looks at a whole text.
    pub fn whole(&self, text: &[u8], is_binary: bool) -> Traces {
        let all = 0..text.len();
        let mut looking = Looking::new(self, text, is_binary);
        looking.find(all.clone());
        looking.to_decode = vec![all];
        let has_manifest = !is_binary && decode::manifest::is_secret(text);
        looking.decode(has_manifest);
        Traces { spots: looking.spots, is_binary, has_manifest }
    }

    /// Looks at the newer version of a text. `older` and its length are those of the other one, and
    /// `common` is what the newer one took from it, sorted by `to`; pieces that follow each other in
    /// both have to be one.
    pub fn newer(
        &self,
        text: &[u8],
        is_binary: bool,
        older: &Traces,
        older_length: usize,
        common: &[Common],
    ) -> Traces {
        if is_binary != older.is_binary || common.is_empty() || u32::try_from(text.len()).is_err() {
            return self.whole(text, is_binary);
        }
        let fresh = fresh(common, older_length, text.len());
        let has_manifest = !is_binary
            && (older.has_manifest
                || widened(&fresh, MANIFEST, text.len())
                    .iter()
                    .any(|part| decode::manifest::is_secret(&text[part.clone()])));
        let mut looking = Looking::new(self, text, is_binary);
        let searched = looking.search_fresh(&fresh);
        looking.inherit(older, older_length, common, &searched);
        if has_manifest {
            looking.to_decode.push(0..text.len());
        } else {
            looking.to_decode.extend(widened(&fresh, DECODED_ROUND, text.len()));
        }
        looking.decode(has_manifest);
        Traces { spots: looking.spots, is_binary, has_manifest }
    }
}

/// What is new in a version: what was not taken from the older one, and, as empty parts, the seams
/// where it goes on otherwise than it did there.
fn fresh(common: &[Common], older_length: usize, length: usize) -> Vec<Range<usize>> {
    let mut fresh = Vec::with_capacity(common.len() + 1);
    // The ends of a text are seams like others if something else stood there.
    let (mut at, mut follows) = (0, Some(0));
    for piece in common {
        if piece.to > at || follows != Some(piece.from) {
            fresh.push(at..piece.to);
        }
        at = piece.to + piece.length;
        follows = Some(piece.from + piece.length);
    }
    if at < length || follows != Some(older_length) {
        fresh.push(at..length);
    }
    fresh
}

/// The first spot at or after a place, looked for near `near`, where it mostly is.
fn first_from(spots: &[Spot], near: usize, place: usize) -> usize {
    /// So many steps cost no more than halving.
    const STEPS: usize = 8;
    let is_before = |spot: &Spot| (spot.at as usize) < place;
    if near == 0 || spots.get(near - 1).is_some_and(is_before) {
        let steps = spots[near..].iter().take(STEPS).take_while(|spot| is_before(spot)).count();
        if steps < STEPS {
            return near + steps;
        }
        return near + steps + spots[near + steps..].partition_point(is_before);
    }
    spots.partition_point(is_before)
}

/// Parts with so much round each of them; those that meet are one.
fn widened(parts: &[Range<usize>], round: usize, length: usize) -> Vec<Range<usize>> {
    let mut wide: Vec<Range<usize>> = Vec::new();
    for part in parts {
        let (start, end) = (part.start.saturating_sub(round), (part.end + round).min(length));
        match wide.last_mut() {
            Some(last) if last.end >= start => last.end = last.end.max(end),
            _ => wide.push(start..end),
        }
    }
    wide
}

/// One look at a text.
struct Looking<'a> {
    probe: &'a Probe<'a>,
    text: &'a [u8],
    is_binary: bool,
    /// Scratch space.
    candidates: Vec<Match>,
    /// The last run of digits that a landmark began in, and where it ends.
    run: Range<usize>,
    /// The last token in pieces that a keyword began in, and somewhat more.
    joined: Range<usize>,
    spots: Vec<Spot>,
    /// The parts of the text to decode.
    to_decode: Vec<Range<usize>>,
}

impl<'a> Looking<'a> {
    fn new(probe: &'a Probe<'a>, text: &'a [u8], is_binary: bool) -> Self {
        let (candidates, spots, to_decode) = (Vec::new(), Vec::new(), Vec::new());
        Self { probe, text, is_binary, candidates, run: 0..0, joined: 0..0, spots, to_decode }
    }

    /// Finds the keywords that new bytes are part of; returns where keywords were looked for.
    fn search_fresh(&mut self, fresh: &[Range<usize>]) -> Vec<Range<usize>> {
        let mut searched: Vec<Range<usize>> = Vec::with_capacity(fresh.len());
        for part in fresh {
            let start = part.start.saturating_sub(prefilter::STEM);
            match searched.last_mut() {
                Some(last) if last.end >= start => last.end = last.end.max(part.end),
                _ => searched.push(start..part.end),
            }
        }
        for own in &searched {
            self.find(own.clone());
        }
        searched
    }

    /// Takes over what is known of what was copied. `searched` are the parts in which keywords were
    /// looked for.
    fn inherit(&mut self, older: &Traces, older_length: usize, common: &[Common], searched: &[Range<usize>]) {
        let (length, prefilter) = (self.text.len(), &self.probe.engine.prefilter);
        self.spots.reserve(older.spots.len());
        let mut searched = searched.iter().peekable();
        let mut next = 0;
        for piece in common {
            let end = piece.from + piece.length;
            let first = first_from(&older.spots, next, piece.from);
            next = first;
            for spot in &older.spots[first..] {
                let at = spot.at as usize;
                if at >= end {
                    break;
                }
                let new_at = at - piece.from + piece.to;
                while searched.next_if(|own| own.end <= new_at).is_some() {}
                // A keyword that begins so near the end of a piece was looked for among the new ones.
                let is_searched = searched.peek().is_some_and(|own| own.start <= new_at);
                if is_searched && spot.sort != Sort::Encoded {
                    continue;
                }
                // A keyword that is cut off is none any more.
                if matches!(spot.sort, Sort::Keyword(_, length) if at + usize::from(length).min(prefilter::STEM) > end)
                {
                    continue;
                }
                let (start, stop) = (spot.start as usize, spot.end as usize);
                let is_whole = start >= piece.from && stop <= end
                    // What was cut off at an end of the text may go on now.
                    && (start > 0 || piece.to == 0 && piece.from == 0)
                    && (stop < older_length || piece.to + piece.length == length);
                if is_whole {
                    let shifted = |place: u32| (place as usize - piece.from + piece.to) as u32;
                    self.spots.push(Spot {
                        at: shifted(spot.at),
                        start: shifted(spot.start),
                        end: shifted(spot.end),
                        sort: spot.sort,
                        given: spot.given.clone(),
                        is_hot: spot.is_hot,
                    });
                    continue;
                }
                match spot.sort {
                    Sort::Keyword(owners, length) => {
                        self.keyword(prefilter.owners_at(owners), length.into(), new_at);
                    }
                    Sort::Marker => self.marker(new_at),
                    Sort::Landmark(landmark) => self.landmark(landmark, new_at),
                    Sort::Encoded => {
                        let start = new_at.saturating_sub(at - start);
                        self.to_decode.push(start..(new_at + (stop - at)).min(length));
                    }
                }
            }
        }
    }

    /// Looks at the keywords that begin in a part of the text.
    fn find(&mut self, own: Range<usize>) {
        let Self { probe, text, .. } = *self;
        let prefilter = &probe.engine.prefilter;
        prefilter.find_stems(text, own, |owners, length, start| self.keyword(owners, length, start));
    }

    /// Looks at a keyword.
    fn keyword(&mut self, owners: Owners<'_>, length: usize, at: usize) {
        let Self { probe, text, is_binary, .. } = *self;
        let place = owners.place();
        let Sharing { is_asked, reach, decoded } = probe.sharing[place as usize];
        if !is_asked {
            return;
        }
        let engine = probe.engine;
        let keyword = at..at + length;
        // Where only the stem stands, a change after it may make the keyword whole.
        let is_whole = engine.prefilter.is_whole(text, place, length, at);
        let mut is_rule = false;
        // How much was looked at: no more than it takes to see that there is nothing.
        let mut looked_at = Reach { before: 0, after: length };
        for owner in owners {
            if owner == MARKER_OWNER {
                self.marker(at);
                continue;
            }
            if let Some(landmark) = pack::landmark(owner) {
                self.landmark(landmark, at);
                continue;
            }
            let rule = &engine.pack.rules()[owner as usize];
            if is_binary && !candidate::stands_alone(rule) || !engine.is_active[owner as usize] {
                continue;
            }
            is_rule = true;
            if !is_whole {
                continue;
            }
            match candidate::look(rule, text, &keyword) {
                Look::Promising => {
                    looked_at.unite(Reach::of(rule));
                    let services = Services { prefilter: &engine.prefilter, pack: &engine.pack };
                    let around = Surroundings { text, is_code: false };
                    let candidates = &mut self.candidates;
                    candidate::propose(rule, owner as usize, around, services, keyword.clone(), candidates);
                }
                Look::NotFollowed(count) => looked_at.unite(Reach { before: 0, after: length + count }),
                Look::Missing => looked_at.unite(Reach::window(rule)),
            }
        }
        if is_rule {
            let is_hot = self.candidates.iter().any(|found| probe.counts(found));
            let candidates = std::mem::take(&mut self.candidates);
            let given = (!candidates.is_empty()).then(|| Arc::new(Given { at, candidates }));
            if decoded.after > 0 {
                looked_at.unite(reach);
            } else if given.is_none() && looked_at.before == 0 && looked_at.after <= prefilter::STEM {
                // It is found again wherever that changes.
                return;
            }
            let reach = looked_at;
            let mut spot = Spot { given, is_hot, ..self.spot(at, reach, Sort::Keyword(place, length as u8)) };
            if decoded.after > 0 {
                // In the text the pieces take more room than joined.
                if !self.joined.contains(&at) {
                    self.joined = at..decode::joined_end(text, at).map_or(at, |end| end + DECODED_ROUND);
                }
                // What is escaped or in base64 is followed back to its beginning from what is new in it.
                if !self.joined.is_empty() || decoded.after > MACRO {
                    let end = self.joined.end.max(at + decoded.after).min(text.len());
                    spot.end = spot.end.max(end as u32);
                    self.to_decode.push(at.saturating_sub(decoded.before)..end);
                }
            }
            self.spots.push(spot);
        }
    }

    fn spot(&self, at: usize, reach: Reach, sort: Sort) -> Spot {
        Spot {
            at: at as u32,
            start: at.saturating_sub(reach.before) as u32,
            end: (at + reach.after).min(self.text.len()) as u32,
            sort,
            given: None,
            is_hot: false,
        }
    }

    fn marker(&mut self, at: usize) {
        self.spots.push(Spot { is_hot: true, ..self.spot(at, Reach::default(), Sort::Marker) });
    }

    fn landmark(&mut self, landmark: Landmark, at: usize) {
        let after = if landmark == Landmark::Concat {
            MACRO
        } else {
            // A run that is full of landmarks is measured once.
            if !self.run.contains(&at) {
                self.run = at..run_end(self.text, at);
            }
            self.run.end - at + DECODED_ROUND
        };
        let spot = self.spot(at, Reach { before: DECODED_ROUND, after }, Sort::Landmark(landmark));
        self.to_decode.push(spot.start as usize..spot.end as usize);
        self.spots.push(spot);
    }

    /// Decodes the parts that are to be decoded.
    fn decode(&mut self, has_manifest: bool) {
        // Stable, because that is fast for what is sorted in stretches.
        self.spots.sort_by_key(|spot| spot.at);
        if !self.probe.engine.decodes {
            return;
        }
        let mut parts = std::mem::take(&mut self.to_decode);
        parts.sort_by_key(|part| part.start);
        let mut found = Vec::new();
        let mut done = 0;
        let mut parts = parts.into_iter().peekable();
        while let Some(mut part) = parts.next() {
            if part.end <= done && done > 0 {
                continue;
            }
            part.start =
                if part.start < done { part.start.min(done) } else { run_start(self.text, part.start) };
            loop {
                while let Some(next) = parts.next_if(|next| next.start <= part.end) {
                    part.end = part.end.max(next.end);
                }
                part.end = run_end(self.text, part.end);
                if parts.peek().is_none_or(|next| next.start > part.end) {
                    break;
                }
            }
            done = part.end;
            self.decode_part(&part, has_manifest, &mut found);
        }
        if !found.is_empty() {
            for (place, is_hot) in found {
                let at = place.start as u32;
                let start = place.start.saturating_sub(DECODED_ROUND) as u32;
                let end = (place.end + DECODED_ROUND).min(self.text.len()) as u32;
                self.spots.push(Spot { at, start, end, sort: Sort::Encoded, given: None, is_hot });
            }
            self.spots.sort_by_key(|spot| spot.at);
        }
    }

    fn decode_part(&self, part: &Range<usize>, has_manifest: bool, found: &mut Vec<(Range<usize>, bool)>) {
        let Self { probe, text, is_binary, .. } = *self;
        let first = self.spots.partition_point(|spot| (spot.at as usize) < part.start);
        let inside = self.spots[first..].iter().take_while(|spot| (spot.at as usize) < part.end);
        let landmarks: Vec<(Landmark, usize)> = inside
            .filter_map(|spot| match spot.sort {
                Sort::Landmark(landmark) => Some((landmark, spot.at as usize - part.start)),
                _ => None,
            })
            .collect();
        let subject = decode::Subject { text: &text[part.clone()], is_code: false, is_binary };
        let mut hit = |place: Range<usize>, is_hot: bool| {
            found.push((part.start + place.start..part.start + place.end, is_hot));
        };
        let is_wanted = |candidate: &Match| probe.counts(candidate);
        decode::sift(probe.engine, subject, has_manifest, &landmarks, &is_wanted, &mut hit);
    }
}

impl Probe<'_> {
    fn counts(&self, found: &Match) -> bool {
        found.confidence >= self.floor || self.counts_all[found.rule]
    }
}

/// The bytes that may stand in base64, in hexadecimal digits or in escapes that stand in a row.
static DIGITS: [bool; 256] = decode::table(b"+/-_=\\%&#;");

#[inline]
fn is_digit(byte: u8) -> bool {
    DIGITS[usize::from(byte)]
}

/// The least digits of a line that go on in the next one.
const LEAST_LINE: usize = 20;

/// Where the run of digits ends that a place lies in, or that begins on the next line.
fn run_end(text: &[u8], at: usize) -> usize {
    let mut end = at;
    loop {
        let line = end;
        end += text[end..].iter().take_while(|&&byte| is_digit(byte)).count();
        let before = text[..line].iter().rev().take(LEAST_LINE).take_while(|&&byte| is_digit(byte)).count();
        if end - line + before < LEAST_LINE {
            return end;
        }
        match after_line_end(&text[end..]) {
            Some(skip) => end += skip,
            None => return end,
        }
    }
}

/// The length of a line end with the indentation after it, if digits follow.
fn after_line_end(rest: &[u8]) -> Option<usize> {
    let line_end = usize::from(rest.first() == Some(&b'\r'));
    if rest.get(line_end) != Some(&b'\n') {
        return None;
    }
    let indent =
        rest[line_end + 1..].iter().take(256).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let next = line_end + 1 + indent;
    rest.get(next).is_some_and(|&byte| is_digit(byte)).then_some(next)
}

/// Where the run of digits begins that a place lies in.
fn run_start(text: &[u8], at: usize) -> usize {
    let mut start = at.min(text.len());
    loop {
        start -= text[..start].iter().rev().take_while(|&&byte| is_digit(byte)).count();
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
        let indent = text[..start].iter().rev().take(256).take_while(blank).count();
        let before = &text[..start - indent];
        let Some(before) = before.strip_suffix(b"\n") else { return start };
        let before = before.strip_suffix(b"\r").unwrap_or(before);
        let digits = before.iter().rev().take(LEAST_LINE).take_while(|&&byte| is_digit(byte)).count();
        if digits < LEAST_LINE {
            return start;
        }
        start = before.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::RuleChoice;
    use crate::document::Document;
    use crate::origin::{Origin, OriginKind, RepoPath};
    use crate::rule::{Pack, template};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static ENGINE: LazyLock<Engine> =
        LazyLock::new(|| Engine::new(Arc::new(Pack::embedded().unwrap()), &RuleChoice::default()));

    const FLOOR: Floor<'static> = Floor { confidence: Confidence::Medium, any_of: &|_| false };
    static PROBE: LazyLock<Probe<'static>> = LazyLock::new(|| Probe::new(&ENGINE, &FLOOR));

    /// Every example and counterexample of every rule, and what is encoded in many ways.
    static TEMPLATES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let pack = ENGINE.pack();
        let examples = (0..pack.rules().len()).map(|index| pack.examples(index));
        let mut all: Vec<String> = examples
            .flat_map(|examples| [&examples.examples[..], &examples.counterexamples[..]].concat())
            .collect();
        all.sort();
        all.dedup();
        all
    });

    /// A text of some lines; some of them hold a secret, in the clear or encoded.
    fn text(seeds: &[(u8, u32)]) -> Vec<u8> {
        let mut text = Vec::new();
        for &(sort, seed) in seeds {
            let template = &TEMPLATES[seed as usize % TEMPLATES.len()];
            let example = template::expand(template, u64::from(seed)).unwrap();
            let line = match sort % 12 {
                0..=2 => example,
                3 => data_encoding::BASE64.encode(&example).into_bytes(),
                4 => {
                    let digits = data_encoding::BASE64.encode(&example).into_bytes();
                    digits.chunks(64).collect::<Vec<_>>().join(&b"\n  "[..])
                }
                5 => example.iter().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect(),
                6 => serde_json::to_vec(&String::from_utf8_lossy(&example)).unwrap(),
                7 => {
                    let half = example.len() / 2;
                    [b"x = \"", &example[..half], b"\" +\n  \"", &example[half..], b"\""].concat()
                }
                8 => {
                    let value = data_encoding::BASE64.encode(&template::expand("{{alnum 14}}", 1).unwrap());
                    format!("kind: Secret\ndata:\n  password: {value}").into_bytes()
                }
                9 => b"    return compute(left, right) + offset;\n".repeat(1 + seed as usize % 40),
                _ => format!("let value_{seed} = table[{seed}];").into_bytes(),
            };
            text.extend(line);
            text.push(b'\n');
        }
        text
    }

    /// Makes a newer version of a text by edits: what is kept, what is put in.
    fn edited(older: &[u8], edits: &[(u16, u16, Vec<u8>)]) -> (Vec<u8>, Vec<Common>) {
        let (mut newer, mut common) = (Vec::new(), Vec::<Common>::new());
        let mut keep = |newer: &mut Vec<u8>, from: usize, to: usize| {
            if from >= to {
                return;
            }
            match common.last_mut() {
                Some(last) if last.from + last.length == from && last.to + last.length == newer.len() => {
                    last.length += to - from;
                }
                _ => common.push(Common { from, to: newer.len(), length: to - from }),
            }
            newer.extend_from_slice(&older[from..to]);
        };
        let mut at = 0;
        for (start, length, put_in) in edits {
            let length = usize::from(*length) % 400;
            if start % 7 == 0 {
                // A piece from anywhere: it may have moved or come twice.
                let from = usize::from(*start) % (older.len() + 1);
                keep(&mut newer, from, (from + length).min(older.len()));
            } else {
                let start = (at + usize::from(*start) % 900).min(older.len());
                keep(&mut newer, at, start);
                at = (start + length).min(older.len());
            }
            newer.extend_from_slice(put_in);
        }
        keep(&mut newer, at, older.len());
        (newer, common)
    }

    /// What the traces say, but for the extent of what is encoded.
    fn said(traces: &Traces) -> impl PartialEq + std::fmt::Debug + use<> {
        let (encoded, plain): (Vec<&Spot>, Vec<&Spot>) =
            traces.spots.iter().partition(|spot| spot.sort == Sort::Encoded);
        let said = |spot: &Spot| (spot.at, format!("{:?}", spot.sort), spot.given.is_some(), spot.is_hot);
        let mut plain: Vec<_> = plain.into_iter().map(said).collect();
        plain.sort();
        let is_hot = encoded.iter().any(|spot| spot.is_hot);
        (plain, (!encoded.is_empty(), is_hot))
    }

    /// Whether anything is reported of a text at one path or another; and that it is the same with what
    /// a probe knows.
    fn is_reported(text: &[u8], known: &Known) -> bool {
        ["a.rs", "a.py", "a.js", "a.php", "a.yaml", ".env", "a.json", "a.html", "a", "package-lock.json"]
            .iter()
            .any(|path| {
                let (path, origin) = (RepoPath::new(*path), Arc::new(Origin::plain(OriginKind::Blob)));
                let document = Document::whole(text, &path, &origin);
                let scanned = ENGINE.scan(&document);
                let at_places = ENGINE.scan(&Document { known: Some(known), ..document });
                assert_eq!(at_places.matches, scanned.matches, "{}", String::from_utf8_lossy(text));
                scanned.matches.iter().any(|found| found.confidence >= Confidence::Medium)
            })
    }

    fn lines() -> impl Strategy<Value = Vec<(u8, u32)>> {
        prop::collection::vec((any::<u8>(), any::<u32>()), 1..14)
    }

    fn edits() -> impl Strategy<Value = Vec<(u16, u16, Vec<u8>)>> {
        let put_in = prop_oneof![
            3 => Just(Vec::new()),
            2 => prop::collection::vec(any::<u8>(), 0..3),
            2 => "[a-zA-Z0-9=+/_ -]{0,40}".prop_map(String::into_bytes),
            2 => prop::collection::vec((any::<u8>(), any::<u32>()), 1..2).prop_map(|seeds| text(&seeds)),
        ];
        prop::collection::vec((any::<u16>(), prop_oneof![Just(0), any::<u16>()], put_in), 1..5)
    }

    /// A token that is longer than what is decoded round something new.
    fn long_token() -> Vec<u8> {
        let head = "{{b64url:{\"alg\":\"HS256\",\"typ\":\"JWT\"}}}";
        let claims = "{{b64url:{\"iss\":\"keytrail\",\"sub\":\"{{alnum 600}}\",\"iat\":1700000000}}}";
        template::expand(&format!("{head}.{claims}.{{{{base64url 43}}}}"), 1).unwrap()
    }

    /// Whether a text is found out when its end is new, and nothing is before.
    fn is_found_when_grown(newer: &[u8], older_length: usize) -> bool {
        let older = &newer[..older_length];
        let before = PROBE.whole(older, false);
        assert!(!before.is_hot() && is_reported(newer, &PROBE.whole(newer, false).known()));
        let common = [Common { from: 0, to: 0, length: older_length }];
        PROBE.newer(newer, false, &before, older_length, &common).is_hot()
    }

    #[test]
    fn the_last_piece_of_a_joined_token_makes_it_whole() {
        let token = long_token();
        let (body, signature) = token.split_at(token.len() - 43);
        for (size, indent) in [(60, 2), (12, 60)] {
            let joint = format!("\" +\n{}\"", " ".repeat(indent));
            let pieces: Vec<_> = body.chunks(size).collect();
            let older = [b"t = \"", &pieces.join(joint.as_bytes())[..]].concat();
            let newer = [&older, joint.as_bytes(), signature, b"\""].concat();
            assert!(is_found_when_grown(&newer, older.len()), "{size}");
        }
    }

    #[test]
    fn the_end_of_an_escaped_token_makes_it_whole() {
        let token = long_token();
        for escape in [
            |byte: u8| format!("&#{byte};"),
            |byte: u8| format!("%{byte:02x}"),
            |byte: u8| format!("\\u{byte:04x}"),
        ] {
            let escaped = |bytes: &[u8]| bytes.iter().flat_map(|&byte| escape(byte).into_bytes()).collect();
            let (newer, older): (Vec<u8>, Vec<u8>) = (escaped(&token), escaped(&token[..token.len() - 43]));
            assert!(is_found_when_grown(&newer, older.len()), "{}", escape(b'.'));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        /// What is known of an older version never makes a difference, and nothing that is reported is
        /// missed.
        #[test]
        fn a_newer_version_is_as_hot_as_if_it_were_the_first(
            lines in lines(),
            rounds in prop::collection::vec(edits(), 1..4),
        ) {
            let mut older = text(&lines);
            let mut traces = PROBE.whole(&older, false);
            prop_assert!(traces.is_hot() || !is_reported(&older, &traces.known()), "missed: {}", String::from_utf8_lossy(&older));
            for edits in rounds {
                let (newer, common) = edited(&older, &edits);
                let next = PROBE.newer(&newer, false, &traces, older.len(), &common);
                let whole = PROBE.whole(&newer, false);
                prop_assert_eq!(said(&next), said(&whole), "older: {}\nnewer: {}\n{:?}", String::from_utf8_lossy(&older), String::from_utf8_lossy(&newer), common);
                prop_assert!(next.is_hot() || !is_reported(&newer, &next.known()), "missed: {}", String::from_utf8_lossy(&newer));
                (older, traces) = (newer, next);
            }
        }
    }
}
