//! Values whose shape many things share: what reads like words is a name, no token.

use super::Outcome;
use crate::detect::judge::words;
use std::ops::Range;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    super::alone(text, secret, |value| {
        // Random letters and digits may read like a word by chance, but hardly without digits, or at
        // length with dashes as between words.
        let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
        let is_joined = value.len() >= 20 && value.iter().any(|byte| matches!(byte, b'-' | b'_'));
        if (digits * 8 < value.len() || is_joined) && words::is_wordy(value) {
            Outcome::refuted("it reads like a name made of words")
        } else {
            Outcome::unknown()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    #[test]
    fn names_are_told_from_tokens() {
        let verdict = |value: &str| judge(value.as_bytes(), 0..value.len()).verdict;
        for name in [
            "currentConditionsProvider",
            "authentication",
            "default_request_handler",
            "data-2010-2020-with-time-zone",
        ] {
            assert!(matches!(verdict(name), Verdict::Refuted(_)), "{name}");
        }
        for token in [["q7Zk2", "xP0vB4tW9n"].concat(), ["9f3b1c", "77ad02e4d8"].concat()] {
            assert_eq!(verdict(&token), Verdict::Unknown, "{token}");
        }
    }
}
