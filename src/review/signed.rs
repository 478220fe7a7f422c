//! What the ledger tells of the reviews before: when one was signed last, and what was found or
//! closed since.

use super::{Changes, Review, Schedule};
use crate::ledger::{Entry, Event};
use std::collections::{BTreeMap, BTreeSet};

/// When a review was signed last.
pub fn schedule(every: Option<u32>, entries: &[Entry]) -> Schedule {
    let mut schedule = Schedule { every, ..Schedule::default() };
    for entry in entries {
        if let Event::ReviewSignOff { reviewer, report, .. } = &entry.event {
            schedule.last = Some(entry.at);
            schedule.reviewer = Some(reviewer.clone());
            schedule.report = Some(report.clone());
        }
    }
    schedule
}

/// What the recorded scans found and closed since the last sign-off; nothing to compare with if there
/// is none.
pub fn changes(review: &Review, entries: &[Entry]) -> Changes {
    let is_sign_off = |entry: &Entry| matches!(entry.event, Event::ReviewSignOff { .. });
    let Some(at) = entries.iter().rposition(is_sign_off) else { return Changes::default() };
    let known: BTreeSet<&str> = review.tokens.iter().map(|token| token.fingerprint.as_str()).collect();
    let (mut new, mut gone) = (BTreeSet::new(), BTreeMap::new());
    for entry in &entries[at + 1..] {
        match &entry.event {
            Event::FindingOpened(one) => {
                gone.remove(&one.fingerprint);
                new.insert(one.fingerprint.clone());
            }
            Event::FindingClosed(one) => {
                new.remove(&one.fingerprint);
                gone.insert(one.fingerprint.clone(), one.rule.clone());
            }
            _ => {}
        }
    }
    Changes {
        since: Some(format!("the review signed on {}, by the scans in the ledger", entries[at].at.date())),
        new: new.into_iter().filter(|print| known.contains(print.as_str())).collect(),
        gone: gone.into_iter().filter(|(print, _)| !known.contains(print.as_str())).collect(),
        ..Changes::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::ledger::event::Finding;

    fn entry(number: u64, event: Event) -> Entry {
        let at = sample::day("2026-01-01").plus_days(number as i64).expect("in range");
        Entry { number, at, event, hash: crate::ledger::tree::leaf(b"") }
    }

    #[test]
    fn the_last_sign_off_counts_and_what_came_after_it() {
        let review = sample::review();
        let finding = |print: &str| Finding {
            fingerprint: print.to_owned(),
            rule: "a-rule".to_owned(),
            path: "a".to_owned(),
            scope: "history".to_owned(),
        };
        let signed = |who: &str| Event::ReviewSignOff {
            reviewer: who.to_owned(),
            report: "00".repeat(32),
            verdict: "clean".to_owned(),
            reviewed: None,
            remark: None,
        };
        let (old, new) = (&review.tokens[0].fingerprint, &review.tokens[1].fingerprint);
        let mut entries = vec![entry(1, Event::FindingOpened(finding(old)))];
        assert_eq!(schedule(Some(9), &entries).last, None);
        assert_eq!(changes(&review, &entries), Changes::default());
        entries.push(entry(2, signed("Ada")));
        entries.push(entry(3, signed("Grace")));
        entries.push(entry(4, Event::FindingOpened(finding(new))));
        entries.push(entry(5, Event::FindingOpened(finding("gone"))));
        entries.push(entry(6, Event::FindingClosed(finding("gone"))));
        let schedule = schedule(Some(9), &entries);
        assert_eq!((schedule.reviewer.as_deref(), schedule.last), (Some("Grace"), Some(entries[2].at)));
        let changes = changes(&review, &entries);
        assert_eq!(changes.new, [new.clone()]);
        assert_eq!(changes.gone, [("gone".to_owned(), "a-rule".to_owned())]);
        assert!(changes.since.expect("a sign-off").contains("2026-01-04"));
    }
}
