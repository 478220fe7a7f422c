//! The pipeline: a source's documents go through the engine, what is found in many places becomes
//! one finding, and the account of what was read is closed.

mod collect;

use crate::coverage::Coverage;
use crate::detect::allow::{self, Marker};
use crate::detect::{Engine, Match, Scanned};
use crate::document::{Document, Encoding, Positions};
use crate::excerpt::excerpt;
use crate::finding::{Allowed, Finding, Location};
use crate::level::Confidence;
use crate::line_hash::line_hashes;
use crate::origin::{OriginKind, Position, Span};
use crate::past::Version;
use crate::secret::Masked;
use crate::settings::Settings;
use crate::source::{Source, SourceError};
use crate::token::{self, Around, Carrier};
use collect::{Collector, Sighting};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// A scan that is ready to run.
#[derive(Debug)]
pub struct Scan<'a> {
    engine: &'a Engine,
    settings: &'a Settings,
    /// Whether GitHub's line hashes are wanted; they cost a pass over each file with findings.
    line_hashes: bool,
    coverage: &'a Coverage,
    collector: Mutex<Collector>,
    warnings: Mutex<BTreeSet<String>>,
    /// Every document that a secret was seen in, where somebody follows them.
    versions: Option<Mutex<Vec<Version>>>,
}

impl<'a> Scan<'a> {
    /// Puts a scan together. `coverage` is handed in so that a progress bar can watch it.
    pub fn new(
        engine: &'a Engine,
        settings: &'a Settings,
        coverage: &'a Coverage,
        line_hashes: bool,
    ) -> Self {
        Self {
            engine,
            settings,
            line_hashes,
            coverage,
            collector: Mutex::default(),
            warnings: Mutex::default(),
            versions: None,
        }
    }

    /// Keeps every document that a secret was seen in, for [`versions`](Self::versions).
    #[must_use]
    pub fn keeping_versions(self) -> Self {
        Self { versions: Some(Mutex::default()), ..self }
    }

    /// Every document that a secret was seen in up to now, in an order of its own.
    pub fn versions(&self) -> Vec<Version> {
        let kept = self.versions.as_ref();
        kept.map_or_else(Vec::new, |kept| kept.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Reads a source to its end. May be called for one source after another.
    pub fn read(&self, source: &dyn Source) -> Result<(), SourceError> {
        source.read(&|document| self.visit(document), self.coverage)
    }

    /// Closes the scan. The account is closed by its owner.
    pub fn finish(self) -> (Vec<Finding>, Vec<String>) {
        let collector = self.collector.into_inner().unwrap_or_else(PoisonError::into_inner);
        let warnings = self.warnings.into_inner().unwrap_or_else(PoisonError::into_inner);
        (collector.finish(self.engine.pack(), self.settings), warnings.into_iter().collect())
    }

    fn visit(&self, document: &Document<'_>) {
        if self.settings.excluded(document.path) {
            return;
        }
        let scanned = self.engine.scan(document);
        if scanned.has_markers {
            self.check_markers(document);
        }
        if scanned.is_cut {
            let warning = format!(
                "{}: more is encoded in it than is decoded of one file; the rest was scanned as it stands",
                document.path
            );
            self.warn(warning);
        }
        let mut positions = Positions::new(document);
        let reported: Vec<Reported<'_>> = scanned
            .matches
            .iter()
            .filter_map(|found| {
                let confidence = self.confidence(document, found)?;
                let span = positions.span(&found.span);
                touches(document.added, &span).then_some(Reported { found, confidence, span })
            })
            .collect();
        if reported.is_empty() {
            return;
        }
        let masks = self.masks(document, &scanned.matches);
        let page = Page { document, scanned: &scanned, longest: longest(&masks), masks: &masks };
        let hashes = self.hashes(document, &reported);
        let sightings: Vec<Sighting> =
            reported.iter().zip(hashes).map(|(one, hash)| self.sighting(&page, one, hash)).collect();
        if let Some(kept) = &self.versions {
            let seen = sightings.iter().map(version);
            kept.lock().unwrap_or_else(PoisonError::into_inner).extend(seen);
        }
        let mut collector = self.collector.lock().unwrap_or_else(PoisonError::into_inner);
        for sighting in sightings {
            collector.add(sighting, self.engine.pack());
        }
    }

    fn warn(&self, warning: String) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).insert(warning);
    }

    /// How sure settings let us be of a match; `None` if it is not reported at all.
    fn confidence(&self, document: &Document<'_>, found: &Match) -> Option<Confidence> {
        let rule = &self.engine.pack().rules()[found.rule];
        let confidence = match self.settings.rule_overrides.get(rule.id) {
            Some(own) if own.exclude.matches(document.path) => return None,
            // A user's word on a rule holds for its plain matches, not for what is proved or doubted.
            Some(own) if found.confidence == rule.confidence => own.confidence.unwrap_or(found.confidence),
            _ => found.confidence,
        };
        (confidence >= self.settings.confidence).then_some(confidence)
    }

    fn mask(&self, document: &Document<'_>, found: &Match) -> Masked {
        let rule = &self.engine.pack().rules()[found.rule];
        Masked::of(found.secret(document.text), usize::from(rule.public_prefix))
    }

    /// Every stretch of the document that must not be shown.
    fn masks(&self, document: &Document<'_>, matches: &[Match]) -> Vec<(Range<usize>, Masked)> {
        let mut masks: Vec<_> =
            matches.iter().map(|found| (found.span.clone(), self.mask(document, found))).collect();
        for found in matches {
            let parts = found.parts.iter().enumerate();
            masks.extend(parts.map(|(at, (_, part))| (part.clone(), part_mask(document, found, at, part))));
        }
        masks.sort_by_key(|(span, _)| (span.start, span.end));
        masks
    }

    fn hashes(&self, document: &Document<'_>, reported: &[Reported<'_>]) -> Vec<Option<String>> {
        let is_whole =
            document.own == (0..document.text.len()) && document.start.line == Position::START.line;
        // GitHub reads every file as UTF-8, so that its hashes of any other say nothing.
        if !self.line_hashes || !is_whole || document.encoding != Encoding::Bytes {
            return vec![None; reported.len()];
        }
        let lines: Vec<u64> = reported.iter().map(|one| one.span.start.line).collect();
        line_hashes(document.text, &lines)
    }

    fn sighting(&self, page: &Page<'_, '_>, one: &Reported<'_>, line_hash: Option<String>) -> Sighting {
        let Page { document, masks, longest, .. } = *page;
        let Reported { found, confidence, span } = *one;
        let bytes = found.secret(document.text);
        let parts = found
            .parts
            .iter()
            .enumerate()
            .map(|(at, (name, part))| crate::finding::Part {
                name: name.clone(),
                masked: part_mask(document, found, at, part),
            })
            .collect();
        let rule = &self.engine.pack().rules()[found.rule];
        let beside: Vec<(&str, &[u8])> = found
            .parts
            .iter()
            .filter_map(|(name, part)| Some((name.as_str(), document.text.get(part.clone())?)))
            .collect();
        let carrier = Carrier { rule: rule.id, secret: bytes, parts: &beside };
        Sighting {
            // What is decoded does not stand in this text.
            facts: match found.decoded {
                Some(_) => token::facts(&carrier),
                None => token::facts_in(&carrier, Around::of(document.text, &found.span)),
            },
            rule: found.rule,
            fingerprint: self.settings.key.fingerprint(bytes),
            secret: crate::secret::Secret::new(bytes),
            masked: self.mask(document, found),
            notes: found.notes.clone(),
            parts,
            location: Location {
                path: document.path.clone(),
                span,
                origin: document.origin.clone(),
                confidence,
                excerpt: excerpt(document.text, found.span.clone(), near(masks, longest, &found.span)),
                line_hash,
                decoded: found
                    .decoded
                    .iter()
                    .flat_map(|decoded| &decoded.ways)
                    .map(|&way| way.into())
                    .collect(),
                allowed: self.allowed(page, found, span.start.line),
                versions: 1,
            },
        }
    }

    /// The marker that allows a match, if there is one.
    fn allowed(&self, page: &Page<'_, '_>, found: &Match, line: u64) -> Option<Allowed> {
        if !page.scanned.has_markers && !self.settings.peer_markers {
            return None;
        }
        let text = page.document.text;
        let id = self.engine.pack().rules()[found.rule].id;
        // The lines from a marker to the finding.
        let lines_from = |marker: &Marker| match text.get(marker.at()..found.span.start) {
            Some(between) => memchr::memchr_iter(b'\n', between).count() as u64,
            None => 0,
        };
        let markers = allow::markers_near(text, found.span.start, self.settings.peer_markers);
        for marker in &markers {
            if let Marker::Malformed { problem, .. } = marker {
                self.warn(format!("{}:{}: {problem}", page.document.path, line - lines_from(marker)));
            }
        }
        markers.into_iter().find_map(|marker| {
            let reason = marker.allows(id)?;
            let shows_secret = matches!(&marker, Marker::Valid { reason_at, .. } if holds_match(&page.scanned.matches, reason_at));
            let reason = if shows_secret { "(not shown: it holds a secret)".to_owned() } else { reason };
            Some(Allowed { reason, line: line - lines_from(&marker) })
        })
    }

    /// Tells about markers that cannot work.
    fn check_markers(&self, document: &Document<'_>) {
        let mut positions = Positions::new(document);
        for marker in allow::scan_markers(document.text).take(MOST_MARKERS) {
            if !document.own.contains(&marker.at()) {
                continue;
            }
            let problems = match &marker {
                Marker::Malformed { problem, .. } => vec![(*problem).to_owned()],
                Marker::Valid { rules, .. } => rules
                    .iter()
                    .filter(|id| self.engine.pack().find(id).is_none())
                    .map(|id| format!("the marker allows `{id}`, and there is no such rule; `keytrail rules list` shows all"))
                    .collect(),
                Marker::Peer { .. } => Vec::new(),
            };
            let line = positions.at(marker.at()).line;
            for problem in problems {
                self.warn(format!("{}:{line}: {problem}", document.path));
            }
        }
    }
}

/// A match that goes into the report.
struct Reported<'s> {
    found: &'s Match,
    confidence: Confidence,
    span: Span,
}

/// What the sightings of one document share.
struct Page<'p, 'd> {
    document: &'p Document<'d>,
    scanned: &'p Scanned,
    /// Every stretch that must not be shown, sorted.
    masks: &'p [(Range<usize>, Masked)],
    /// The length of the longest of these.
    longest: usize,
}

/// The mask of what belongs to a secret.
fn part_mask(document: &Document<'_>, found: &Match, at: usize, part: &Range<usize>) -> Masked {
    let decoded = found.decoded.as_ref().and_then(|decoded| decoded.parts.get(at).cloned());
    decoded.unwrap_or_else(|| Masked::of(&document.text[part.clone()], 4))
}

/// Nobody reads more complaints about the markers of one file.
const MOST_MARKERS: usize = 1000;

/// Whether a stretch touches a match; `matches` are sorted and do not overlap.
fn holds_match(matches: &[Match], stretch: &Range<usize>) -> bool {
    let next = matches.partition_point(|found| found.span.end <= stretch.start);
    matches.get(next).is_some_and(|found| found.span.start < stretch.end)
}

fn longest(masks: &[(Range<usize>, Masked)]) -> usize {
    masks.iter().map(|(span, _)| span.len()).max().unwrap_or(0)
}

/// The masks that can touch the line that a report shows; `masks` is sorted, and none is longer
/// than `longest`.
fn near<'m>(
    masks: &'m [(Range<usize>, Masked)],
    longest: usize,
    span: &Range<usize>,
) -> &'m [(Range<usize>, Masked)] {
    /// More than a report shows of a line.
    const REACH: usize = 1024;
    let first = masks.partition_point(|(mask, _)| mask.start + longest + REACH < span.start);
    let last = masks.partition_point(|(mask, _)| mask.start <= span.end + REACH);
    &masks[first..last.max(first)]
}

/// What is kept of a sighting for a trail.
fn version(sighting: &Sighting) -> Version {
    let location = &sighting.location;
    let origin = &location.origin;
    let is_message = matches!(origin.kind, OriginKind::CommitMessage | OriginKind::TagMessage);
    Version {
        fingerprint: sighting.fingerprint,
        kind: origin.kind,
        blob: origin.blob.clone(),
        commit: origin.commit.as_ref().filter(|_| is_message).map(|commit| commit.id.clone()),
        path: location.path.clone(),
        line: location.span.start.line,
        name: location.excerpt.name().map(str::to_owned),
        allowed: location.allowed.as_ref().map(|allowed| allowed.reason.clone()),
    }
}

/// Whether a span touches a line that counts.
fn touches(added: Option<&[Range<u64>]>, span: &Span) -> bool {
    added.is_none_or(|ranges| {
        let after = ranges.partition_point(|range| range.end <= span.start.line);
        ranges.get(after).is_some_and(|range| range.start <= span.end.line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_counts_if_it_touches_an_added_line() {
        let span = |start, end| {
            let at = |line| Position { byte: 0, line, column: 1 };
            Span { start: at(start), end: at(end) }
        };
        let added = [2..4, 9..10];
        let touched = |start, end| touches(Some(&added), &span(start, end));
        assert!(
            !touched(1, 1)
                && touched(1, 2)
                && touched(3, 3)
                && !touched(4, 8)
                && touched(4, 9)
                && !touched(10, 12)
        );
        assert!(touches(None, &span(1, 1)));
        assert!(!touches(Some(&[]), &span(1, 1)));
    }
}
