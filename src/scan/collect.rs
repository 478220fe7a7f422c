//! Puts sightings of the same secret together, whatever the order in which threads report them.

use crate::facts::TokenFacts;
use crate::finding::{Finding, Location, Part, Status};
use crate::kind::Kind;
use crate::level::Confidence;
use crate::origin::{OriginKind, RepoPath};
use crate::rule::Pack;
use crate::rule::pack::Matcher;
use crate::secret::{Fingerprint, Masked, Secret};
use crate::settings::Settings;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A secret seen at one place.
#[derive(Debug)]
pub struct Sighting {
    /// The rule that saw it.
    pub rule: usize,
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// Its bytes.
    pub secret: Secret,
    /// Its mask.
    pub masked: Masked,
    /// What was proved or noticed.
    pub notes: Vec<String>,
    /// What was found beside it.
    pub parts: Vec<Part>,
    /// What its bytes tell.
    pub facts: TokenFacts,
    /// The place.
    pub location: Location,
}

/// Where a place belongs among the places of a secret. Versions of a file that hold the secret
/// share one place; elsewhere each spot is its own.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PlaceKey {
    Versions(RepoPath),
    Spot(RepoPath, OriginKind, Option<String>, u64),
}

impl PlaceKey {
    fn of(location: &Location) -> Self {
        let origin = &location.origin;
        if origin.kind == OriginKind::Blob && origin.commit.is_some() {
            return Self::Versions(location.path.clone());
        }
        let commit = origin.commit.as_ref().map(|commit| commit.id.clone());
        Self::Spot(location.path.clone(), origin.kind, commit, location.span.start.byte)
    }
}

/// One secret while it is being collected.
#[derive(Debug)]
struct Draft {
    /// The sighting that speaks for the secret: the most telling one.
    best: (Telling, Sighting),
    places: BTreeMap<PlaceKey, Place>,
}

/// A place of a secret, with the versions of the file that have it there.
#[derive(Debug)]
struct Place {
    location: Location,
    blobs: BTreeSet<Option<String>>,
}

impl Place {
    fn of(location: Location) -> Self {
        Self { blobs: BTreeSet::from([location.origin.blob.clone()]), location }
    }
}

/// The order in which sightings may speak for a secret; the greatest does.
type Telling = (Confidence, u8, usize, Reverse<usize>, Reverse<(u64, RepoPath, u64)>);

fn telling(sighting: &Sighting, pack: &Pack) -> Telling {
    let rule = &pack.rules()[sighting.rule];
    let own = match (rule.matcher, rule.kind) {
        (Matcher::Assignment(_), _) | (_, Kind::Generic) => 0,
        (Matcher::Context(..), _) => 1,
        (Matcher::Pattern(_), _) => 2,
    };
    let location = &sighting.location;
    let place = (location.origin.order, location.path.clone(), location.span.start.byte);
    (location.confidence, own, sighting.parts.len(), Reverse(sighting.rule), Reverse(place))
}

/// Collects sightings.
#[derive(Debug, Default)]
pub struct Collector {
    drafts: BTreeMap<Fingerprint, Draft>,
}

impl Collector {
    /// Adds one sighting.
    pub fn add(&mut self, sighting: Sighting, pack: &Pack) {
        let (key, location) = (PlaceKey::of(&sighting.location), sighting.location.clone());
        let telling = telling(&sighting, pack);
        match self.drafts.entry(sighting.fingerprint) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(Draft {
                    best: (telling, sighting),
                    places: BTreeMap::from([(key, Place::of(location))]),
                });
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let draft = entry.get_mut();
                if telling > draft.best.0 {
                    draft.best = (telling, sighting);
                }
                match draft.places.entry(key) {
                    std::collections::btree_map::Entry::Vacant(entry) => {
                        entry.insert(Place::of(location));
                    }
                    std::collections::btree_map::Entry::Occupied(mut entry) => {
                        merge(entry.get_mut(), location);
                    }
                }
            }
        }
    }

    /// The findings, the most severe first, then the surest, then by place.
    pub fn finish(self, pack: &Pack, settings: &Settings) -> Vec<Finding> {
        let mut findings: Vec<Finding> =
            self.drafts.into_values().map(|draft| finding(draft, pack, settings)).collect();
        findings.sort_by(|a, b| {
            let place = |finding: &Finding| {
                let first = finding.primary();
                (first.path.clone(), first.span.start.byte, first.origin.order)
            };
            (b.severity, b.confidence)
                .cmp(&(a.severity, a.confidence))
                .then_with(|| place(a).cmp(&place(b)))
                .then_with(|| a.fingerprint.cmp(&b.fingerprint))
        });
        findings
    }
}

/// Of two versions of a file the earlier one tells where the secret came in.
fn merge(place: &mut Place, other: Location) {
    place.blobs.insert(other.origin.blob.clone());
    let known = &mut place.location;
    let age =
        |location: &Location| (location.origin.order, location.span.start.byte, location.origin.blob.clone());
    let either = |a: Option<bool>, b: Option<bool>| match (a, b) {
        (Some(a), Some(b)) => Some(a || b),
        (a, b) => a.or(b),
    };
    let in_head = either(known.origin.in_head, other.origin.in_head);
    let reachable = either(known.origin.reachable, other.origin.reachable);
    let confidence = known.confidence.max(other.confidence);
    // An allow marker in one version does not speak for the others.
    let is_allowed = known.allowed.is_some() && other.allowed.is_some();
    if age(&other) < age(known) {
        *known = other;
    }
    known.confidence = confidence;
    known.allowed = known.allowed.take().filter(|_| is_allowed);
    if (known.origin.in_head, known.origin.reachable) != (in_head, reachable) {
        let origin = Arc::make_mut(&mut known.origin);
        (origin.in_head, origin.reachable) = (in_head, reachable);
    }
}

fn finding(draft: Draft, pack: &Pack, settings: &Settings) -> Finding {
    let (_, best) = draft.best;
    let versions = |place: Place| Location { versions: place.blobs.len() as u32, ..place.location };
    let mut locations: Vec<Location> = draft.places.into_values().map(versions).collect();
    // Where the secret still stands comes first, then where it first stood.
    locations.sort_by(|a, b| {
        let place = |location: &Location| {
            (
                location.allowed.is_some(),
                location.origin.order,
                location.path.clone(),
                location.span.start.byte,
            )
        };
        place(a).cmp(&place(b))
    });
    let open = locations.iter().filter(|location| location.allowed.is_none());
    let confidence = open.clone().map(|location| location.confidence).max();
    let status = match (&confidence, locations.first().and_then(|first| first.allowed.as_ref())) {
        (None, Some(allowed)) => Status::Allowed(allowed.reason.clone()),
        _ => Status::Open,
    };
    let rule = pack.info(best.rule).clone();
    let severity =
        settings.rule_overrides.get(&rule.id).and_then(|own| own.severity).unwrap_or(rule.severity);
    Finding {
        severity,
        confidence: confidence.unwrap_or(best.location.confidence),
        rule,
        secret: best.secret,
        masked: best.masked,
        fingerprint: best.fingerprint,
        notes: best.notes,
        parts: best.parts,
        facts: best.facts,
        locations,
        status,
    }
}
