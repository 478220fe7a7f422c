//! Puts what stands in the clear and what is encoded together, so that nothing comes twice.

use crate::detect::{Match, resolve};
use crate::rule::Pack;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

/// Something found in a view.
#[derive(Debug)]
pub struct Found {
    /// The match, by its place outside the view.
    pub own: Match,
    /// Which view it is of. Matches of one view are different secrets, even where they share a place.
    pub view: usize,
    /// Whether the view is the text itself with a few characters changed.
    pub in_place: bool,
}

/// The matches that stay, sorted by place.
///
/// Of an encoded and a plain match that overlap the more telling one stays. Between equals it is
/// the plain one where only escapes were replaced, and the decoded one where the whole was encoded.
///
/// A plain match of the very digits that an encoded secret is written in, by a rule for such values,
/// learns what they stand for.
pub fn merge(mut plain: Vec<Match>, mut found: Vec<Found>, pack: &Pack) -> Vec<Match> {
    if found.is_empty() {
        return plain;
    }
    let strength = |found: &Match| resolve::strength(found, pack);
    found.sort_by_key(|found| {
        (
            Reverse(strength(&found.own)),
            found.own.decoded.as_ref().map_or(0, |decoded| decoded.ways.len()),
            found.view,
            found.own.span.start,
        )
    });
    let beats = |found: &Found, plain: &Match| {
        let (own, other) = (strength(&found.own), strength(plain));
        own > other || (own == other && !found.in_place)
    };
    // Plain matches are sorted and do not overlap.
    let overlapping = |plain: &[Match], span: &Range<usize>| {
        let first = plain.partition_point(|plain| plain.span.end <= span.start);
        let count = plain[first..].iter().take_while(|plain| plain.span.start < span.end).count();
        first..first + count
    };
    let mut is_beaten = vec![false; plain.len()];
    for found in &found {
        for index in overlapping(&plain, &found.own.span) {
            is_beaten[index] = is_beaten[index] || beats(found, &plain[index]);
        }
    }
    let mut taken: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    let mut kept: Vec<Match> = Vec::new();
    for Found { own, view, in_place } in found {
        let near = overlapping(&plain, &own.span);
        if let Some(index) = near.clone().find(|&index| !is_beaten[index]) {
            let other = &mut plain[index];
            let padding = other.span.end.checked_sub(own.span.end);
            let is_same = other.span.start == own.span.start && padding.is_some_and(|length| length <= 2);
            if is_same && near.len() == 1 && !in_place && other.decoded.is_none() {
                other.decoded = own.decoded.filter(|_| other.parts.is_empty());
            }
            continue;
        }
        let before = taken.range(..own.span.end).next_back();
        if before.is_some_and(|(_, &(end, of))| end > own.span.start && of != view) {
            continue;
        }
        let entry = taken.entry(own.span.start).or_insert((own.span.end, view));
        entry.0 = entry.0.max(own.span.end);
        kept.push(own);
    }
    kept.extend(plain.into_iter().zip(is_beaten).filter(|(_, is_beaten)| !is_beaten).map(|(plain, _)| plain));
    kept.sort_by_key(|found| (found.span.start, found.span.end));
    kept
}
