//! What is over by itself: a token that says so opens nothing any more, so it weighs less. It is
//! still told, since what it was and where it leaked may matter, and its word is only a claim.

use crate::finding::Finding;
use crate::level::Severity;
use crate::moment::Moment;

/// Ranks tokens that have expired by `now` as low and puts them after all others, whose order stays.
pub fn rank(findings: &mut [Finding], now: Moment) {
    for finding in findings.iter_mut().filter(|finding| finding.facts.is_expired(now)) {
        finding.severity = Severity::Low;
    }
    findings.sort_by_key(|finding| finding.facts.is_expired(now));
}
