//! What is over by itself: a token that says so opens nothing any more, so it weighs less. It is
//! still told, since what it was and where it leaked may matter, and its word is only a claim.

use crate::finding::Finding;
use crate::level::Severity;
use crate::moment::Moment;

/// Makes tokens that have expired by `now` low, in their order.
pub fn lower(findings: &mut [Finding], now: Moment) {
    for finding in findings.iter_mut().filter(|finding| finding.facts.is_expired(now)) {
        finding.severity = Severity::Low;
    }
}

/// Makes tokens that have expired by `now` low and puts them after all others, whose order stays.
pub fn rank(findings: &mut [Finding], now: Moment) {
    lower(findings, now);
    findings.sort_by_key(|finding| finding.facts.is_expired(now));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Expiry;
    use crate::policy::sample;

    #[test]
    fn what_is_over_comes_last_and_the_rest_keeps_its_order() {
        let moment = |text| Moment::parse(text).expect("a date");
        let ends = [Some("2025-01-01"), None, Some("2027-01-01"), Some("2026-11-22")];
        let mut findings: Vec<Finding> = ["a", "b", "c", "d"]
            .iter()
            .zip(ends)
            .map(|(path, end)| {
                let mut finding = sample::finding(path, &[path]);
                finding.facts.expires = end.map(|end| Expiry::At(moment(end)));
                finding
            })
            .collect();
        rank(&mut findings, moment("2026-11-22"));
        let told: Vec<_> =
            findings.iter().map(|one| (one.primary().path.to_string(), one.severity)).collect();
        let expected =
            [("b", Severity::High), ("c", Severity::High), ("a", Severity::Low), ("d", Severity::Low)];
        assert_eq!(told, expected.map(|(path, severity)| (path.to_owned(), severity)));
    }
}
