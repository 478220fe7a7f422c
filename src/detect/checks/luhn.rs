//! Card numbers: the last digit makes the Luhn sum a multiple of ten (ISO/IEC 7812-1).

use super::{Outcome, alone};
use std::ops::Range;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |number| {
        let Some(digits) = digits(number).filter(|digits| (12..=19).contains(&digits.len())) else {
            return Outcome::refuted("not 12 to 19 digits");
        };
        if digits.iter().all(|digit| *digit == digits[0]) {
            return Outcome::refuted("one digit only");
        }
        // One number in ten passes by chance, so a sum that holds proves nothing.
        if sum(&digits, 0).is_multiple_of(10) {
            Outcome::unknown().with("check digit holds (Luhn)")
        } else {
            Outcome::refuted("check digit does not hold (Luhn)")
        }
    })
}

/// The digits without the spaces and hyphens that people write between them.
fn digits(text: &[u8]) -> Option<Vec<u8>> {
    text.iter()
        .filter(|byte| !matches!(byte, b' ' | b'-'))
        .map(|byte| byte.is_ascii_digit().then(|| byte - b'0'))
        .collect()
}

/// The Luhn sum; `doubled` tells whether the last digit (0) or the one before (1) counts once.
fn sum(digits: &[u8], doubled: usize) -> u32 {
    digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, &digit)| {
            let value = u32::from(digit) << ((at + doubled) % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum()
}

pub fn complete(token_so_far: &[u8]) -> Option<String> {
    let start = token_so_far.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    let digits = digits(&token_so_far[start..]).filter(|digits| !digits.is_empty())?;
    Some(((10 - sum(&digits, 1) % 10) % 10).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    #[test]
    fn the_check_digit_is_computed() {
        // 7992739871 with check digit 3 is the example of the standard's annex.
        assert_eq!(complete(b"7992739871").as_deref(), Some("3"));
        let card = format!("4242{}424{}", "42424242", 2);
        assert_eq!(judge(card.as_bytes(), 0..card.len()).verdict, Verdict::Unknown);
        let bad = format!("4242{}424{}", "42424242", 3);
        assert!(matches!(judge(bad.as_bytes(), 0..bad.len()).verdict, Verdict::Refuted(_)));
    }
}
