//! What counts in a report: which findings and places are open, and how many there are.

use super::Report;
use crate::finding::{Finding, Location, Status};
use crate::level::Severity;

/// The severities, worst first.
pub(super) const SEVERITIES: [Severity; 4] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

/// How many there are of each.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    /// Findings that count.
    pub(super) open: u64,
    /// Their places, allowed ones aside.
    pub(super) places: u64,
    /// Findings that count, in the order of [`SEVERITIES`].
    pub(super) by_severity: [u64; 4],
    /// Findings whose every place carries an allow marker.
    pub(super) allowed: u64,
    /// Findings in the baseline.
    pub(super) baseline: u64,
    /// Findings that a waiver covers.
    pub(super) waived: u64,
    /// Allowed places of findings that count for another place.
    pub(super) allowed_places: u64,
}

impl Counts {
    pub(super) fn of(report: &Report<'_>) -> Self {
        let mut counts = Self::default();
        for finding in report.findings {
            match finding.status {
                Status::Allowed(_) => counts.allowed += 1,
                Status::Baseline => counts.baseline += 1,
                Status::Waived(_) => counts.waived += 1,
                Status::Open => {
                    let places = open_places(finding).count();
                    counts.open += 1;
                    counts.places += places as u64;
                    counts.allowed_places += (finding.locations.len() - places) as u64;
                    for (severity, count) in SEVERITIES.iter().zip(&mut counts.by_severity) {
                        *count += u64::from(*severity == finding.severity);
                    }
                }
            }
        }
        counts
    }
}

/// The findings that count.
pub(super) fn open<'a>(report: &Report<'a>) -> impl Iterator<Item = &'a Finding> + use<'a> {
    report.findings.iter().filter(|finding| finding.is_open())
}

/// The places that make a finding count: none unless it is open.
pub(super) fn open_places(finding: &Finding) -> impl Iterator<Item = &Location> {
    let marks = marks_count(finding);
    finding
        .locations
        .iter()
        .filter(move |location| finding.is_open() && !(marks && location.allowed.is_some()))
}

/// Whether allow markers hide places: an open finding has to show somewhere, even if all its places
/// were marked.
pub(super) fn marks_count(finding: &Finding) -> bool {
    finding.locations.iter().any(|location| location.allowed.is_none())
}
