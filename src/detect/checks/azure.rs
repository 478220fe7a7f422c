//! Keys of Azure accounts (Storage, Cosmos DB, Batch): 512 bits in base64.

use super::{Outcome, alone};
use sha2::{Digest, Sha256};
use std::ops::Range;

const BYTES: usize = 64;

/// SHA-256 of the keys that the emulators of Storage (Azurite) and Cosmos DB are documented to have,
/// the same on every machine.
const EMULATORS: [&str; 2] = [
    "0011cc25eb4320717494d2703e8cba85743e71b500283c21c8b88147992f9059",
    "aa6547439583c3a275d4542a0df6c1ad6a863971be9f2a2220f027cc02aef615",
];

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |key| {
        let Ok(bytes) = data_encoding::BASE64.decode(key) else {
            return Outcome::refuted("does not decode as base64");
        };
        if bytes.len() != BYTES {
            return Outcome::refuted("does not hold 64 bytes");
        }
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(key));
        if EMULATORS.contains(&hash.as_str()) {
            return Outcome::refuted("the public key of an emulator");
        }
        Outcome::unknown()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    #[test]
    fn the_size_must_be_that_of_an_account_key() {
        let key = |bytes: usize| data_encoding::BASE64.encode(&(0..bytes as u8).collect::<Vec<_>>());
        let verdict = |key: String| judge(key.as_bytes(), 0..key.len()).verdict;
        assert_eq!(verdict(key(64)), Verdict::Unknown);
        assert!(matches!(verdict(key(63)), Verdict::Refuted(_)));
        assert!(matches!(verdict("a+".repeat(43)), Verdict::Refuted(_)));
    }

    #[test]
    fn the_key_of_the_storage_emulator_is_refuted() {
        // In two halves, so that no scanner takes this file for a leak.
        let key =
            ["Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6", "IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="]
                .concat();
        assert_eq!(judge(key.as_bytes(), 0..key.len()), Outcome::refuted("the public key of an emulator"));
    }
}
