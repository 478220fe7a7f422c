//! Slack tokens and webhooks carry ids of the team, the user and the app. Nothing in them can be
//! recomputed, but the ids of documentation are easy to tell from real ones.

use super::{Outcome, alone};
use std::ops::Range;

const WEBHOOK: &[u8] = b"/services/";

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |secret| {
        let plausible = match memchr::memmem::find(secret, WEBHOOK) {
            Some(at) => secret[at + WEBHOOK.len()..].split(|&byte| byte == b'/').all(varied),
            None => secret
                .split(|&byte| byte == b'-')
                .filter(|part| part.len() >= 8 && part.iter().all(u8::is_ascii_digit))
                .all(|id| varied(id) && !counts_up(id)),
        };
        if plausible { Outcome::unknown() } else { Outcome::refuted("an id inside is a placeholder") }
    })
}

/// Whether an id has more than one character after its first.
fn varied(id: &[u8]) -> bool {
    match id {
        [_, second, rest @ ..] => rest.is_empty() || rest.iter().any(|byte| byte != second),
        _ => true,
    }
}

/// Whether the digits of an id are `1234567890…` or `9876543210…`.
fn counts_up(id: &[u8]) -> bool {
    let step = |step: u8| id.windows(2).all(|pair| (pair[1] + 10 - pair[0]) % 10 == step);
    step(1) || step(9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    fn verdict(secret: &str) -> Verdict {
        judge(secret.as_bytes(), 0..secret.len()).verdict
    }

    #[test]
    fn placeholder_ids_are_refuted() {
        let tail = "aB3dE5".repeat(4);
        assert_eq!(
            verdict(&format!("xoxb-{}-{}-{tail}", 2_384_190_571_u64, 3_910_284_756_120_u64)),
            Verdict::Unknown
        );
        assert!(matches!(
            verdict(&format!("xoxb-{}-{}-{tail}", 1_234_567_890, 3_910_284_756_120_u64)),
            Verdict::Refuted(_)
        ));
        assert!(matches!(verdict(&format!("xoxb-{}-{tail}", "0".repeat(12))), Verdict::Refuted(_)));
    }

    #[test]
    fn placeholder_webhooks_are_refuted() {
        let url = |team: &str, hook: &str, tail: &str| {
            format!("https://hooks.slack.com/services/{team}/{hook}/{tail}")
        };
        assert_eq!(verdict(&url("T02ABCDEF", "B07GHIJKL", &"aB3dE5".repeat(4))), Verdict::Unknown);
        assert!(matches!(verdict(&url("T00000000", "B00000000", &"X".repeat(24))), Verdict::Refuted(_)));
        assert!(matches!(verdict(&url("T02ABCDEF", "B07GHIJKL", &"X".repeat(24))), Verdict::Refuted(_)));
    }
}
