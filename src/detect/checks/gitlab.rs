//! GitLab's routable tokens: prefix, base64url payload, `.`, version, `.`, the payload's length in
//! two base36 digits, CRC-32 of all before it in seven (GitLab's design document "Routable tokens";
//! a first version had no version part).

use super::{Outcome, encode};
use std::ops::Range;

const LENGTH: usize = 2;
const SUM: usize = 7;
/// Random bytes before the routing part.
const RANDOM: usize = 16;
/// An instance may put a prefix of its own before GitLab's.
const LONGEST_INSTANCE_PREFIX: usize = 20;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    let Some(token) = text.get(secret.clone()) else { return Outcome::unknown() };
    let Some((payload, length)) = parts(token) else { return Outcome::unknown() };
    if encode::from_base36(length) != Some(payload.len() as u64) {
        return Outcome::refuted("the length inside does not fit");
    }
    let mut outcome = if sum_holds(token) {
        Outcome::proved("length and checksum hold (CRC-32)")
    } else {
        let before = text[..secret.start]
            .iter()
            .rev()
            .take(LONGEST_INSTANCE_PREFIX)
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            .count();
        let whole = secret.start - before..secret.end;
        if before == 0 || !sum_holds(&text[whole.clone()]) {
            return Outcome::refuted("checksum does not hold (CRC-32)");
        }
        let mut outcome = Outcome::proved("length and checksum hold (CRC-32)");
        outcome.span = Some(whole);
        outcome
    };
    outcome.notes.extend(routing(payload));
    outcome
}

/// The payload and its stated length, if the token has the form.
fn parts(token: &[u8]) -> Option<(&[u8], &[u8])> {
    let from = token.iter().position(|&byte| byte == b'-')? + 1;
    let to = from + token[from..].iter().position(|&byte| byte == b'.')?;
    let tail = &token[to + 1..];
    let tail = match tail.iter().position(|&byte| byte == b'.') {
        Some(2) => &tail[3..],
        Some(_) => return None,
        None => tail,
    };
    (tail.len() == LENGTH + SUM).then(|| (&token[from..to], &tail[..LENGTH]))
}

fn sum_holds(token: &[u8]) -> bool {
    let (before, sum) = token.split_at(token.len().saturating_sub(SUM));
    encode::from_base36(sum) == Some(u64::from(crc32fast::hash(before)))
}

/// What the payload says of the token's owner: lines such as `u:k4`, numbers in base36.
fn routing(payload: &[u8]) -> Option<String> {
    let bytes = encode::base64(payload)?;
    let (&length, rest) = bytes.split_last()?;
    let from = rest.len().checked_sub(usize::from(length))?;
    if from < RANDOM {
        return None;
    }
    let mut facts = Vec::new();
    for line in std::str::from_utf8(&rest[from..]).ok()?.lines() {
        let (key, value) = line.split_once(':')?;
        let name = match key {
            "o" => "organization",
            "g" => "group",
            "p" => "project",
            "u" => "user",
            "c" => "cell",
            _ => continue,
        };
        facts.push(format!("{name} {}", encode::from_base36(value.as_bytes())?));
    }
    (!facts.is_empty()).then(|| format!("belongs to {}", facts.join(", ")))
}

/// Takes the token up to the point before the length, gives length and checksum.
pub fn complete(token_so_far: &[u8]) -> Option<String> {
    let from = token_so_far.iter().position(|&byte| byte == b'-')? + 1;
    let to = from + token_so_far[from..].iter().position(|&byte| byte == b'.')?;
    if token_so_far.last() != Some(&b'.') {
        return None;
    }
    let length = encode::base36((to - from) as u64, LENGTH);
    let sum = crc32fast::hash(&[token_so_far, length.as_bytes()].concat());
    Some(format!("{length}{}", encode::base36(u64::from(sum), SUM)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    /// Built as GitLab's generator does it.
    fn token(prefix: &str) -> String {
        let routing = "c:1\no:2\nu:rs";
        let mut bytes = (0..16u8).map(|n| n * 7 + 3).collect::<Vec<_>>();
        bytes.extend_from_slice(routing.as_bytes());
        bytes.push(routing.len() as u8);
        let start = format!("{prefix}{}.01.", data_encoding::BASE64URL_NOPAD.encode(&bytes));
        format!("{start}{}", complete(start.as_bytes()).unwrap())
    }

    #[test]
    fn a_whole_token_is_proved_and_names_its_owner() {
        let token = token("glpat-");
        let outcome = judge(token.as_bytes(), 0..token.len());
        assert!(matches!(outcome.verdict, Verdict::Proved(_)));
        assert_eq!(outcome.notes, ["belongs to cell 1, organization 2, user 1000"]);
    }

    #[test]
    fn a_changed_byte_is_refuted_and_the_old_form_is_open() {
        let good = token("glrt-");
        let bad = good.replacen(&good[8..9], if &good[8..9] == "x" { "y" } else { "x" }, 1);
        assert!(matches!(judge(bad.as_bytes(), 0..bad.len()).verdict, Verdict::Refuted(_)));
        let longer = good.replacen("glrt-", "glrt-A", 1);
        assert_eq!(
            judge(longer.as_bytes(), 0..longer.len()).verdict,
            Verdict::Refuted("the length inside does not fit")
        );
        let old = format!("glpat-{}", "aB3-_".repeat(4));
        assert_eq!(judge(old.as_bytes(), 0..old.len()).verdict, Verdict::Unknown);
    }

    #[test]
    fn a_prefix_of_the_instance_belongs_to_the_token() {
        let start = format!("acme-glpat-{}.01.", "A".repeat(27));
        let length = encode::base36(27, 2);
        let sum = crc32fast::hash(format!("{start}{length}").as_bytes());
        let token = format!("t={start}{length}{}", encode::base36(u64::from(sum), 7));
        let from = token.find("glpat-").unwrap();
        let outcome = judge(token.as_bytes(), from..token.len());
        assert!(matches!(outcome.verdict, Verdict::Proved(_)));
        assert_eq!(outcome.span, Some(2..token.len()));
    }
}
