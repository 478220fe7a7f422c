//! Of candidates that overlap, the most telling one stays.

use crate::detect::Match;
use crate::kind::Kind;
use crate::level::Confidence;
use crate::rule::Pack;
use crate::rule::pack::Matcher;

/// How telling a match is: a proof first, then a shape of a provider's own over a context rule over
/// a form that many share over a mere name, then confidence, then the longer secret, then a fixed order.
fn rank(found: &Match, pack: &Pack) -> impl Ord + use<> {
    (strength(found, pack), found.span.len(), std::cmp::Reverse(found.rule))
}

/// How telling a match is by its rule and its proof alone, wherever it stands.
pub fn strength(found: &Match, pack: &Pack) -> impl Ord + use<> {
    let rule = &pack.rules()[found.rule];
    let telling = match (rule.matcher, rule.kind) {
        (Matcher::Assignment(_), _) | (_, Kind::Generic) => 0,
        (_, Kind::Identifier) => 1,
        // A password without a mark of its own can stand in any address.
        (Matcher::Pattern(_), Kind::Password) if rule.public_prefix < 3 => 1,
        // A form that any service uses says less than the name of the service that stands near.
        (Matcher::Pattern(_), Kind::ConnectionString | Kind::Jwt) => 2,
        // Several services share a shape: a rule that knows it and saw the service's name too is
        // more telling than one that only knows it.
        (Matcher::Context(..), _) if rule.public_prefix >= 3 || rule.confidence >= Confidence::High => 5,
        (Matcher::Context(..), _) => 3,
        (Matcher::Pattern(_), _) => 4,
    };
    // A match that a check refuted or the judge doubts makes room for a better one.
    let is_doubted = found.confidence == Confidence::Low && rule.confidence > Confidence::Low;
    let believed = if is_doubted { 0 } else { telling };
    (found.confidence == Confidence::Certain && telling > 2, believed, rule.public_prefix, found.confidence)
}

/// Drops what another match explains better; the rest comes out sorted by place.
pub fn resolve(mut candidates: Vec<Match>, pack: &Pack) -> Vec<Match> {
    if candidates.len() > 1 {
        candidates.sort_by(|a, b| {
            rank(b, pack)
                .cmp(&rank(a, pack))
                .then_with(|| (a.span.start, a.span.end).cmp(&(b.span.start, b.span.end)))
        });
        let mut kept: Vec<Match> = Vec::with_capacity(candidates.len());
        // `taken` holds the spans that are explained, sorted, so that a file of a million matches
        // stays fast.
        let mut taken = std::collections::BTreeMap::new();
        for candidate in candidates {
            let before = taken.range(..candidate.span.end).next_back();
            if before.is_some_and(|(_, &end)| end > candidate.span.start) {
                continue;
            }
            taken.insert(candidate.span.start, candidate.span.end);
            kept.push(candidate);
        }
        // An id that is reported as the half of a pair needs no report of its own.
        let parts: std::collections::BTreeSet<(usize, usize)> =
            kept.iter().flat_map(|found| &found.parts).map(|(_, part)| (part.start, part.end)).collect();
        kept.retain(|found| {
            pack.rules()[found.rule].kind != Kind::Identifier
                || !parts.contains(&(found.span.start, found.span.end))
        });
        candidates = kept;
        candidates.sort_by_key(|found| (found.span.start, found.span.end));
    }
    candidates
}
