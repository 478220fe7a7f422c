//! AWS access key ids: four letters of type and 16 characters of base32, which hold the number of the
//! account in keys made since 2019 (`token::aws_account`).

use super::{Outcome, alone};
use crate::token::aws_account;
use std::ops::Range;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |id| {
        let Some(tail) = id.get(4..).filter(|tail| tail.len() == 16) else { return Outcome::unknown() };
        if tail.ends_with(b"EXAMPLE") {
            return Outcome::refuted("the sample key id of AWS's documentation");
        }
        match aws_account(id) {
            Some(account) => Outcome::unknown().with(format!("AWS account {account:012}")),
            None => Outcome::unknown(),
        }
    })
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
