//! What is remembered of a text.

use crate::detect::Match;
use crate::rule::pack::Landmark;
use std::ops::Range;
use std::sync::Arc;

/// What a place of a text is remembered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A keyword: where its owners are listed, and its length.
    Keyword(u32, u8),
    /// An allow marker, or what looks like one.
    Marker,
    /// A landmark of the decoder.
    Landmark(Landmark),
}

/// A place of a text that says something about it.
#[derive(Debug, Clone)]
pub struct Spot {
    pub at: u32,
    /// What it says depends on this part of the text and no other.
    pub start: u32,
    pub end: u32,
    pub sort: Sort,
    /// What came of it, reported or not.
    pub given: Option<Arc<Given>>,
    /// Whether something would be reported.
    pub is_hot: bool,
}

/// A part of a text in which something is found that is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoded {
    pub start: usize,
    pub end: usize,
    /// Whether something would be reported.
    pub is_hot: bool,
}

/// What came of a keyword, in the version in which it was looked at.
#[derive(Debug)]
pub struct Given {
    /// Where the keyword stood.
    pub at: usize,
    pub candidates: Vec<Match>,
}

/// What is known of a text before it is scanned: everything that comes of its keywords, for any path.
#[derive(Debug)]
pub struct Known {
    given: Vec<(usize, Arc<Given>)>,
    /// Where the decoder's landmarks stand, ascending.
    pub(in crate::detect) landmarks: Vec<(Landmark, usize)>,
    /// Whether there are allow markers of ours.
    pub(in crate::detect) has_markers: bool,
    /// Whether anything comes of what is encoded.
    pub(in crate::detect) has_encoded: bool,
}

/// Whether a rule's candidate counts at a path.
pub(in crate::detect) enum Fits {
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
    pub(in crate::detect) fn candidates(
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
    pub(super) spots: Vec<Spot>,
    /// Sorted by place; none meets another.
    pub(super) encoded: Vec<Encoded>,
    pub(super) is_binary: bool,
    /// Whether it has a manifest of secrets, of which any line may be one.
    pub(super) has_manifest: bool,
}

impl Traces {
    /// Whether something would be reported of the text.
    pub fn is_hot(&self) -> bool {
        self.spots.iter().any(|spot| spot.is_hot) || self.encoded.iter().any(|part| part.is_hot)
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
            has_encoded: !self.encoded.is_empty(),
        }
    }
}

/// The first spot at or after a place, looked for from `near` on, where it mostly is.
pub fn first_from(spots: &[Spot], near: usize, place: usize) -> usize {
    let is_before = |spot: &Spot| (spot.at as usize) < place;
    if near > 0 && !spots.get(near - 1).is_some_and(is_before) {
        return spots.partition_point(is_before);
    }
    // In steps of twice the length, and back in between the last two.
    let (mut at, mut step) = (near, 1);
    while spots.get(at + step - 1).is_some_and(is_before) {
        at += step;
        step *= 2;
    }
    let end = (at + step - 1).min(spots.len());
    at + spots[at..end].partition_point(is_before)
}
