//! When reviews are due.

use crate::moment::Moment;
use serde::{Deserialize, Serialize};

/// When the last review was signed, and when the next one is due.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The days from one signed review to the next that the policy allows; `None` if it says nothing.
    pub every: Option<u32>,
    /// When the last review was signed, by the ledger.
    pub last: Option<Moment>,
    /// Who signed it.
    pub reviewer: Option<String>,
    /// The SHA-256 of the report that was signed.
    pub report: Option<String>,
}

impl Schedule {
    /// When the next signed review is due; `None` without an interval or a first review.
    pub fn due(&self) -> Option<Moment> {
        self.last?.plus_days(i64::from(self.every?))
    }

    /// What to tell the reader if a review was missed.
    pub fn missed(&self, now: Moment) -> Option<String> {
        let every = self.every?;
        let Some(last) = self.last else {
            return Some(format!(
                "the policy asks for a signed review every {every} days, and the ledger has none yet"
            ));
        };
        let due = self.due()?;
        (due < now).then(|| {
            format!(
                "a signed review was due on {} ({} days ago): the policy asks for one every {every} days, and the \
                 last was signed on {}",
                due.date(),
                now.days_since(due),
                last.date()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_review_is_told() {
        let day = |text| Moment::parse(text).expect("a date");
        let mut schedule = Schedule { every: Some(90), ..Schedule::default() };
        assert!(schedule.missed(day("2026-04-01")).expect("none yet").contains("none yet"));
        schedule.last = Some(day("2026-01-01"));
        assert_eq!(schedule.due(), Some(day("2026-04-01")));
        assert_eq!(schedule.missed(day("2026-04-01")), None, "the last day is in time");
        let told = schedule.missed(day("2026-04-11")).expect("late");
        assert!(told.contains("due on 2026-04-01 (10 days ago)"), "{told}");
        schedule.every = None;
        assert_eq!(schedule.missed(day("2036-01-01")), None);
    }
}
