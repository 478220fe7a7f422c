//! How long it took from exposure to removal, rotation and the end of a token.

use super::TokenView;
use crate::moment::Moment;
use serde::{Deserialize, Serialize};

/// Times over all tokens that were in the history. A token that has not come so far is not in a
/// median; it is counted as open.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// From the commit that brought it in to the one that took it out of HEAD.
    pub to_removal: Option<Span>,
    /// From the commit that brought it in to its replacement.
    pub to_rotation: Option<Span>,
    /// From removal to the replacement; negative where the replacement came first.
    pub removal_to_rotation: Option<Span>,
    /// From the commit that brought it in to its end: revoked, or expired by itself.
    pub to_end: Option<Span>,
    /// How many tokens still stand in HEAD.
    pub not_removed: u64,
    /// How many that were in the history may still work.
    pub not_ended: u64,
}

/// Days over several tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// How many tokens it was taken over.
    pub tokens: u64,
    /// The median in days: of an even number, the mean of the two in the middle.
    pub median: f64,
    /// The most days.
    pub worst: i64,
    /// The fingerprint of the token that took the most.
    #[serde(rename = "worst_fingerprint")]
    pub worst_token: String,
}

impl Times {
    /// Takes the times of all tokens.
    pub fn of(tokens: &[TokenView], now: Moment) -> Self {
        let found = || tokens.iter().filter(|token| token.introduced.is_some());
        let end = |token: &TokenView| {
            let ended = token.expires.filter(|end| *end <= now);
            [token.revoked.filter(|when| *when <= now), ended].into_iter().flatten().min()
        };
        let span = |from: &dyn Fn(&TokenView) -> Option<Moment>,
                    to: &dyn Fn(&TokenView) -> Option<Moment>| {
            Span::of(found().filter_map(|token| Some((to(token)?.days_since(from(token)?), token))))
        };
        Self {
            to_removal: span(&|token| token.introduced, &|token| token.removed),
            to_rotation: span(&|token| token.introduced, &|token| token.rotated),
            removal_to_rotation: span(&|token| token.removed, &|token| token.rotated),
            to_end: span(&|token| token.introduced, &end),
            not_removed: found().filter(|token| token.removed.is_none()).count() as u64,
            not_ended: found().filter(|token| end(token).is_none()).count() as u64,
        }
    }
}

impl Span {
    fn of<'a>(days: impl Iterator<Item = (i64, &'a TokenView)>) -> Option<Self> {
        let mut days: Vec<_> = days.collect();
        days.sort_by(|(days, token), (other_days, other)| {
            days.cmp(other_days).then_with(|| other.fingerprint.cmp(&token.fingerprint))
        });
        let (worst, token) = days.last()?;
        let half = days.len() / 2;
        let upper = days.get(half)?.0 as f64;
        let median =
            if days.len() % 2 == 1 { upper } else { f64::midpoint(days.get(half - 1)?.0 as f64, upper) };
        Some(Self {
            tokens: days.len() as u64,
            median,
            worst: *worst,
            worst_token: token.fingerprint.clone(),
        })
    }

    /// The median for people: `3.5`, `12`.
    pub fn median_text(&self) -> String {
        if self.median.fract() == 0.0 { format!("{:.0}", self.median) } else { format!("{:.1}", self.median) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn token(introduced: &str, removed: Option<&str>, rotated: Option<&str>) -> TokenView {
        let day = |text: &str| Moment::parse(text).expect("a date");
        TokenView {
            fingerprint: format!("{introduced}{removed:?}"),
            introduced: Some(day(introduced)),
            removed: removed.map(day),
            rotated: rotated.map(day),
            expires: None,
            revoked: None,
            ..sample::token(1)
        }
    }

    #[test]
    fn median_and_worst() {
        let now = Moment::parse("2026-06-01").expect("a date");
        let tokens = [
            token("2026-01-01", Some("2026-01-02"), Some("2026-01-05")),
            token("2026-01-01", Some("2026-01-11"), Some("2026-01-06")),
            token("2026-01-01", Some("2026-01-04"), None),
            token("2026-02-01", None, None),
        ];
        let times = Times::of(&tokens, now);
        let removal = times.to_removal.expect("three were removed");
        assert_eq!((removal.tokens, removal.median_text().as_str(), removal.worst), (3, "3", 10));
        let rotation = times.to_rotation.expect("two were rotated");
        assert_eq!((rotation.tokens, rotation.median_text().as_str(), rotation.worst), (2, "4.5", 5));
        let between = times.removal_to_rotation.expect("two have both");
        assert_eq!((between.median, between.worst), (-1.0, 3), "one was replaced before it was removed");
        assert_eq!((times.not_removed, times.not_ended, times.to_end), (1, 4, None));
        assert_eq!(Times::of(&[], now), Times::default());
    }

    #[test]
    fn a_token_that_has_not_expired_yet_has_not_ended() {
        let now = Moment::parse("2026-06-01").expect("a date");
        let mut one = token("2026-01-01", None, None);
        one.expires = now.plus_days(1);
        assert_eq!(Times::of(&[one.clone()], now).not_ended, 1);
        one.expires = Some(now);
        assert_eq!(Times::of(&[one], now).to_end.expect("it ended").worst, 151);
    }
}
