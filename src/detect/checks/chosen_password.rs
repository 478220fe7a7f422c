//! Passwords that people choose, in addresses and statements: sample ones are no secret.

use super::Outcome;
use crate::detect::judge::generic::is_stand_in_password;
use std::ops::Range;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    super::alone(text, secret, |value| {
        if is_stand_in_password(value) {
            Outcome::refuted("it reads like a word, as in samples")
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
    fn words_are_told_from_what_someone_uses() {
        let verdict = |value: &str| judge(value.as_bytes(), 0..value.len()).verdict;
        for sample in ["password", "letmein123", "secret", "changeme", "yourpassword"] {
            assert!(matches!(verdict(sample), Verdict::Refuted(_)), "{sample}");
        }
        assert_eq!(verdict(&["x7Kq", "9zP2mVbT"].concat()), Verdict::Unknown);
    }
}
