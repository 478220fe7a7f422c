//! Atlassian tokens end in eight hexadecimal digits that are said to be a CRC-32. Over what is not
//! documented, so a few natural inputs are tried: a hit proves the token (chance: one in a hundred
//! million), a miss says nothing.

use super::{Outcome, alone};
use std::ops::Range;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |token| {
        let Some((start, sum)) = token.split_at_checked(token.len().saturating_sub(8)) else {
            return Outcome::unknown();
        };
        let Ok(sum) = data_encoding::HEXUPPER_PERMISSIVE.decode(sum) else { return Outcome::unknown() };
        let bare = start.strip_suffix(b"=").unwrap_or(start);
        let past_prefix = |text: &[u8]| {
            let prefix = if text.starts_with(b"ATBB") { 4 } else { 12 };
            text.get(prefix..).map(crc32fast::hash)
        };
        let sums = [
            Some(crc32fast::hash(start)),
            Some(crc32fast::hash(bare)),
            past_prefix(start),
            past_prefix(bare),
        ];
        let holds =
            sums.into_iter().flatten().any(|crc| crc.to_be_bytes() == *sum || crc.to_le_bytes() == *sum);
        if holds { Outcome::proved("checksum holds (CRC-32)") } else { Outcome::unknown() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    #[test]
    fn a_checksum_that_holds_proves_and_another_says_nothing() {
        let start = format!("ATATT3xFfGF0{}=", "aB3_".repeat(43));
        let token = format!("{start}{:08X}", crc32fast::hash(start.as_bytes()));
        assert!(matches!(judge(token.as_bytes(), 0..token.len()).verdict, Verdict::Proved(_)));
        let token = format!("{start}00000000");
        assert_eq!(judge(token.as_bytes(), 0..token.len()).verdict, Verdict::Unknown);
    }
}
