//! A look at one text, whole or by what changed.

use super::Probe;
use super::changes::{Common, Copied};
use super::reach::{DECODED_ROUND, Reach, Sharing};
use super::runs::{run_end, run_start};
use super::traces::{Encoded, Given, Sort, Spot, Traces, first_from};
use crate::detect::candidate::{self, Look, Runless};
use crate::detect::judge::generic::Surroundings;
use crate::detect::near_miss::Services;
use crate::detect::prefilter::{self, Owners};
use crate::detect::{Match, decode};
use crate::rule::pack::{self, Landmark, MARKER_OWNER};
use std::ops::Range;
use std::sync::Arc;

/// A macro that joins literals reads on so far.
const MACRO: usize = 4096 + 64;

/// One look at a text.
pub struct Looking<'a> {
    probe: &'a Probe<'a>,
    text: &'a [u8],
    is_binary: bool,
    /// Scratch space.
    candidates: Vec<Match>,
    runless: Runless,
    /// The last run of digits that a landmark began in, and where it ends.
    run: Range<usize>,
    /// The last token in pieces that a keyword began in, and somewhat more.
    joined: Range<usize>,
    pub spots: Vec<Spot>,
    pub encoded: Vec<Encoded>,
    /// The parts of the text to decode.
    pub to_decode: Vec<Range<usize>>,
}

impl<'a> Looking<'a> {
    pub fn new(probe: &'a Probe<'a>, text: &'a [u8], is_binary: bool) -> Self {
        Self {
            probe,
            text,
            is_binary,
            candidates: Vec::new(),
            runless: Runless::default(),
            run: 0..0,
            joined: 0..0,
            spots: Vec::new(),
            encoded: Vec::new(),
            to_decode: Vec::new(),
        }
    }

    /// Finds the keywords that new bytes are part of; returns where keywords were looked for.
    pub fn search_fresh(&mut self, fresh: &[Range<usize>]) -> Vec<Range<usize>> {
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
    pub fn inherit(
        &mut self,
        older: &Traces,
        older_length: usize,
        common: &[Common],
        searched: &[Range<usize>],
    ) {
        let copied = Copied { older_length, length: self.text.len() };
        let prefilter = &self.probe.engine.prefilter;
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
                if searched.peek().is_some_and(|own| own.start <= new_at) {
                    continue;
                }
                // A keyword that is cut off is none any more.
                if matches!(spot.sort, Sort::Keyword(_, length) if at + usize::from(length).min(prefilter::STEM) > end)
                {
                    continue;
                }
                if copied.is_same(piece, spot.start as usize..spot.end as usize) {
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
                }
            }
        }
        if !older.encoded.is_empty() {
            self.inherit_encoded(&older.encoded, copied, common);
        }
    }

    /// The same for what is encoded. Of what was cut up, each piece is decoded anew.
    fn inherit_encoded(&mut self, older: &[Encoded], copied: Copied, common: &[Common]) {
        for piece in common {
            let end = piece.from + piece.length;
            let first = older.partition_point(|part| part.end <= piece.from);
            for part in older[first..].iter().take_while(|part| part.start < end) {
                let shifted = |place: usize| place.clamp(piece.from, end) - piece.from + piece.to;
                let (start, end) = (shifted(part.start), shifted(part.end));
                if copied.is_same(piece, part.start..part.end) {
                    self.encoded.push(Encoded { start, end, ..*part });
                } else {
                    self.to_decode.push(start..end);
                }
            }
        }
    }

    /// Looks at the keywords that begin in a part of the text.
    pub fn find(&mut self, own: Range<usize>) {
        let Self { probe, text, .. } = *self;
        let prefilter = &probe.engine.prefilter;
        prefilter.find_stems(text, own, |owners, length, start| self.keyword(owners, length, start));
    }

    /// Looks at a keyword.
    fn keyword(&mut self, owners: Owners<'_>, length: usize, at: usize) {
        let Self { probe, text, is_binary, .. } = *self;
        let place = owners.place();
        let Sharing { is_asked, decoded } = probe.sharing[place as usize];
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
            if decoded.after > 0 {
                // A token in pieces may be whole as soon as the first ones are joined.
                looked_at.unite(Reach::window(rule));
            }
            if !is_whole {
                continue;
            }
            match candidate::look(rule, owner as usize, text, &keyword, &mut self.runless) {
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
            if decoded.after == 0
                && given.is_none()
                && looked_at.before == 0
                && looked_at.after <= prefilter::STEM
            {
                // It is found again wherever that changes.
                return;
            }
            let sort = Sort::Keyword(place, length as u8);
            let mut spot = Spot { given, is_hot, ..self.spot(at, looked_at, sort) };
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
    pub fn decode(&mut self, has_manifest: bool) {
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
        self.encoded.extend(found.into_iter().map(|(place, is_hot)| Encoded {
            start: place.start.saturating_sub(DECODED_ROUND),
            end: (place.end + DECODED_ROUND).min(self.text.len()),
            is_hot,
        }));
        self.encoded.sort_by_key(|part| part.start);
        self.encoded.dedup_by(|next, part| {
            let meets = next.start <= part.end;
            if meets {
                part.end = part.end.max(next.end);
                part.is_hot |= next.is_hot;
            }
            meets
        });
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
