//! The gate: whether a run passes, and the exit code that says so.

use crate::coverage::CoverageReport;
use crate::finding::Finding;
use crate::level::{Confidence, Severity};
use crate::policy::Violation;
use std::fmt;

/// What makes a run fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailOn {
    /// Any finding.
    #[default]
    Any,
    /// A finding of this severity or a higher one.
    Severity(Severity),
    /// Nothing that is found.
    Never,
}

impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Any => "any",
            Self::Severity(severity) => severity.name(),
            Self::Never => "never",
        })
    }
}

/// What passes and what does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    fail_on: FailOn,
    least: Confidence,
    allow_incomplete: bool,
}

impl Gate {
    /// A gate that fails on `fail_on`, and on an incomplete scan unless that is allowed.
    ///
    /// Only findings of confidence medium and up count, and only those that are reported: nobody
    /// should have to look for what stops a commit.
    pub fn new(fail_on: FailOn, reported: Confidence, allow_incomplete: bool) -> Self {
        Self { fail_on, least: reported.max(Confidence::Medium), allow_incomplete }
    }

    /// What makes it fail.
    pub fn fail_on(&self) -> FailOn {
        self.fail_on
    }

    /// The least severity that blocks; `None` if nothing does.
    pub fn least_severity(&self) -> Option<Severity> {
        match self.fail_on {
            FailOn::Any => Some(Severity::Low),
            FailOn::Severity(least) => Some(least),
            FailOn::Never => None,
        }
    }

    /// Whether an incomplete scan may pass.
    pub fn allows_incomplete(&self) -> bool {
        self.allow_incomplete
    }

    /// Whether this finding alone fails the run.
    pub fn blocks(&self, finding: &Finding) -> bool {
        finding.is_open()
            && finding.confidence >= self.least
            && match self.fail_on {
                FailOn::Any => true,
                FailOn::Severity(least) => finding.severity >= least,
                FailOn::Never => false,
            }
    }

    /// Whether a finding is sure enough to count.
    pub fn counts(&self, finding: &Finding) -> bool {
        finding.confidence >= self.least
    }

    /// Whether this violation of the policy alone fails the run.
    pub fn blocks_violation(&self, violation: &Violation) -> bool {
        self.least_severity().is_some_and(|least| violation.severity >= least)
    }

    /// Judges a run.
    ///
    /// What was found counts more than what was not read: a scan that is incomplete and blocked is
    /// [`Outcome::Blocked`], since its findings have to go in any case, and says `incomplete` too.
    pub fn decide(
        &self,
        findings: &[Finding],
        violations: &[Violation],
        coverage: &CoverageReport,
    ) -> Outcome {
        let incomplete = !coverage.is_complete();
        let blocking = findings.iter().filter(|finding| self.blocks(finding)).count()
            + violations.iter().filter(|violation| self.blocks_violation(violation)).count();
        match blocking {
            0 if incomplete && !self.allow_incomplete => Outcome::Incomplete,
            0 => Outcome::Clean,
            blocking => Outcome::Blocked { blocking, incomplete },
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing stands in the way.
    Clean,
    /// There are findings at or over the threshold.
    Blocked {
        /// How many.
        blocking: usize,
        /// Whether something could not be read as well, so that there may be more.
        incomplete: bool,
    },
    /// The command line or the configuration is wrong: nothing was scanned.
    Misuse,
    /// Something could not be read, and nothing that was read is in the way.
    Incomplete,
}

impl Outcome {
    /// The exit code of the process.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Blocked { .. } => 1,
            Self::Misuse => 2,
            Self::Incomplete => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::{Coverage, Gap};
    use crate::finding::{Status, Waived};
    use crate::policy::sample::finding;

    fn open(severity: Severity, confidence: Confidence) -> Finding {
        Finding { severity, confidence, ..finding("s", &["a"]) }
    }

    fn gap() -> CoverageReport {
        let coverage = Coverage::default();
        coverage.leave_out(Gap::Unreadable, "a", "cannot be read");
        coverage.finish()
    }

    #[test]
    fn the_default_counts_medium_confidence_and_up() {
        let gate = Gate::new(FailOn::default(), Confidence::Low, false);
        let complete = CoverageReport::default();
        let low = open(Severity::Critical, Confidence::Low);
        assert_eq!(gate.decide(&[low], &[], &complete), Outcome::Clean);
        let medium = open(Severity::Low, Confidence::Medium);
        assert_eq!(
            gate.decide(&[medium], &[], &complete),
            Outcome::Blocked { blocking: 1, incomplete: false }
        );
    }

    #[test]
    fn what_is_not_reported_does_not_block() {
        let gate = Gate::new(FailOn::Any, Confidence::High, false);
        assert!(!gate.blocks(&open(Severity::Critical, Confidence::Medium)));
        assert!(gate.blocks(&open(Severity::Low, Confidence::Certain)));
    }

    #[test]
    fn a_severity_is_a_threshold_and_never_is_never() {
        let high = Gate::new(FailOn::Severity(Severity::High), Confidence::Medium, false);
        assert!(!high.blocks(&open(Severity::Medium, Confidence::Certain)));
        assert!(high.blocks(&open(Severity::High, Confidence::Medium)));
        assert!(high.blocks(&open(Severity::Critical, Confidence::Medium)));
        assert!(!high.blocks(&open(Severity::Critical, Confidence::Low)));
        let never = Gate::new(FailOn::Never, Confidence::Medium, false);
        assert!(!never.blocks(&open(Severity::Critical, Confidence::Certain)));
    }

    #[test]
    fn only_open_findings_block() {
        let gate = Gate::new(FailOn::Any, Confidence::Medium, false);
        let waived = Waived {
            owner: "ada".to_owned(),
            reason: "ends soon".to_owned(),
            ticket: None,
            until: crate::moment::Moment::parse("2026-01-01").expect("a date"),
        };
        for status in [Status::Baseline, Status::Allowed("a test key".to_owned()), Status::Waived(waived)] {
            let known = Finding { status, ..open(Severity::Critical, Confidence::Certain) };
            assert!(!gate.blocks(&known));
        }
    }

    #[test]
    fn findings_win_over_gaps_and_gaps_over_nothing() {
        let found = || [open(Severity::High, Confidence::High)];
        let strict = Gate::new(FailOn::Any, Confidence::Medium, false);
        let outcome = strict.decide(&found(), &[], &gap());
        assert_eq!(outcome, Outcome::Blocked { blocking: 1, incomplete: true });
        assert_eq!(outcome.exit_code(), 1);
        assert_eq!(strict.decide(&[], &[], &gap()).exit_code(), 3);
        let lenient = Gate::new(FailOn::Any, Confidence::Medium, true);
        assert_eq!(lenient.decide(&[], &[], &gap()), Outcome::Clean);
        assert_eq!(lenient.decide(&found(), &[], &gap()).exit_code(), 1);
        let never = Gate::new(FailOn::Never, Confidence::Medium, false);
        assert_eq!(never.decide(&found(), &[], &gap()), Outcome::Incomplete, "a gap is no finding");
        assert_eq!((Outcome::Clean.exit_code(), Outcome::Misuse.exit_code()), (0, 2));
    }

    #[test]
    fn violations_count_like_findings() {
        let violation = |severity| Violation {
            rule: "r".to_owned(),
            title: String::new(),
            severity,
            message: String::new(),
            controls: Vec::new(),
            subject: None,
            token: None,
            place: None,
        };
        let high = Gate::new(FailOn::Severity(Severity::High), Confidence::Medium, false);
        let complete = CoverageReport::default();
        assert_eq!(high.decide(&[], &[violation(Severity::Medium)], &complete), Outcome::Clean);
        let both = [violation(Severity::High), violation(Severity::Critical), violation(Severity::Low)];
        assert_eq!(high.decide(&[], &both, &complete), Outcome::Blocked { blocking: 2, incomplete: false });
        let never = Gate::new(FailOn::Never, Confidence::Medium, false);
        assert!(!never.blocks_violation(&violation(Severity::Critical)));
        assert!(
            Gate::new(FailOn::Any, Confidence::Medium, false).blocks_violation(&violation(Severity::Low))
        );
    }
}
