//! Key pairs of Solana as its tools keep them: the 64 bytes of an Ed25519 key pair as a list of
//! numbers. The second half is the public key of the first, which proves both.

use super::{Outcome, alone};
use ed25519_dalek::SigningKey;
use std::ops::Range;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |list| {
        let Some(bytes) = bytes(list) else { return Outcome::refuted("not 64 bytes") };
        let (seed, public) = bytes.split_at(32);
        let Ok(seed) = <[u8; 32]>::try_from(seed) else { return Outcome::unknown() };
        if SigningKey::from_bytes(&seed).verifying_key().as_bytes() == public {
            Outcome::proved("the public key belongs to the private one (Ed25519)")
        } else {
            Outcome::refuted("the second half is not the public key of the first (Ed25519)")
        }
    })
}

fn bytes(list: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(list).ok()?;
    let bytes: Vec<u8> = text.split(',').map(|number| number.trim().parse().ok()).collect::<Option<_>>()?;
    (bytes.len() == 64).then_some(bytes)
}

/// Adds a whole list to an opening bracket, made from a fixed seed.
pub fn complete(token_so_far: &[u8]) -> Option<String> {
    let seed = token_so_far.ends_with(b"[").then_some([0x5a; 32])?;
    let key = SigningKey::from_bytes(&seed);
    let numbers: Vec<String> = key.to_keypair_bytes().iter().map(u8::to_string).collect();
    Some(numbers.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    #[test]
    fn a_pair_is_proved_and_other_lists_are_not() {
        let pair = complete(b"[").unwrap();
        assert!(matches!(judge(pair.as_bytes(), 0..pair.len()).verdict, Verdict::Proved(_)));
        let spaced = pair.replace(',', ", ");
        assert!(matches!(judge(spaced.as_bytes(), 0..spaced.len()).verdict, Verdict::Proved(_)));
        for bad in [pair.replacen("90", "91", 1), "1,2,3".into(), vec!["7"; 64].join(",")] {
            assert!(matches!(judge(bad.as_bytes(), 0..bad.len()).verdict, Verdict::Refuted(_)), "{bad}");
        }
    }
}
