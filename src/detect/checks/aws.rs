//! AWS access key ids: four letters of type and 16 characters of base32. In keys made since 2019
//! the first 40 bits after the top one are the number of the account (found by several researchers
//! and confirmed by `aws sts get-access-key-info`, which answers the same without credentials).

use super::{Outcome, alone};
use std::ops::Range;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |id| {
        let Some(tail) = id.get(4..).filter(|tail| tail.len() == 16) else { return Outcome::unknown() };
        if tail.ends_with(b"EXAMPLE") {
            return Outcome::refuted("the sample key id of AWS's documentation");
        }
        match account(tail) {
            Some(account) => Outcome::unknown().with(format!("AWS account {account:012}")),
            None => Outcome::unknown(),
        }
    })
}

fn account(tail: &[u8]) -> Option<u64> {
    let bytes = data_encoding::BASE32.decode(tail).ok()?;
    let top = bytes.first_chunk::<6>()?.iter().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    let account = top >> 7 & 0xff_ffff_ffff;
    // Ids of the old form have the top bit clear, and no account has more than 12 digits.
    (top >> 47 == 1 && account < 1_000_000_000_000).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    fn id(account: u64) -> String {
        let top = 1 << 47 | account << 7 | 5;
        let mut bytes = u64::to_be_bytes(top << 16)[..6].to_vec();
        bytes.extend([9, 8, 7, 6]);
        format!("AKIA{}", data_encoding::BASE32.encode(&bytes))
    }

    #[test]
    fn the_account_number_is_noted() {
        let id = id(123_456_789_012);
        let outcome = judge(id.as_bytes(), 0..id.len());
        assert_eq!(outcome.verdict, Verdict::Unknown);
        assert_eq!(outcome.notes, ["AWS account 123456789012"]);
    }

    #[test]
    fn old_and_sample_ids_tell_no_account() {
        let old = format!("AKIAI{}", "ABCDE".repeat(3));
        assert_eq!(judge(old.as_bytes(), 0..20), Outcome::unknown());
        let sample = format!("AKIAIOSFODNN7{}", "EXAMPLE");
        assert!(matches!(judge(sample.as_bytes(), 0..20).verdict, Verdict::Refuted(_)));
    }
}
