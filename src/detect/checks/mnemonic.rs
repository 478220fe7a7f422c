//! Mnemonic sentences of wallets (BIP 39): 12 to 24 words of one list, each of which stands for eleven
//! bits. The last bits are the first ones of the others' SHA-256.

use super::{Outcome, alone};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::LazyLock;

/// The English list of BIP 39, in the order of the alphabet.
static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("bip39-english.txt").lines().collect());
/// How many bits a word stands for.
const BITS: usize = 11;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |sentence| {
        let sentence = String::from_utf8_lossy(sentence).to_lowercase();
        if holds(&sentence) {
            Outcome::proved("words and checksum hold (BIP 39)")
        } else {
            Outcome::refuted("a word or the checksum does not fit (BIP 39)")
        }
    })
}

fn holds(sentence: &str) -> bool {
    let Some(numbers) =
        sentence.split_whitespace().map(|word| WORDS.binary_search(&word).ok()).collect::<Option<Vec<_>>>()
    else {
        return false;
    };
    if !matches!(numbers.len(), 12 | 15 | 18 | 21 | 24) {
        return false;
    }
    let bits: Vec<bool> =
        numbers.iter().flat_map(|number| (0..BITS).rev().map(move |bit| number >> bit & 1 == 1)).collect();
    // A bit of checksum for every 32 bits of entropy.
    let (entropy, sum) = bits.split_at(bits.len() * 32 / 33);
    let hash = Sha256::digest(bytes(entropy));
    bytes(sum).first().is_some_and(|found| found >> (8 - sum.len()) == hash[0] >> (8 - sum.len()))
}

/// Bits as bytes, the first one highest, filled up with zeros.
fn bytes(bits: &[bool]) -> Vec<u8> {
    bits.chunks(8)
        .map(|byte| byte.iter().enumerate().fold(0, |byte, (at, &bit)| byte | u8::from(bit) << (7 - at)))
        .collect()
}

/// Adds a whole sentence, made of words of one letter's section and the first last word that fits.
pub fn complete(_: &[u8]) -> Option<String> {
    let start = WORDS.get(1000..1011)?.join(" ");
    WORDS.iter().map(|last| format!("{start} {last}")).find(|sentence| holds(sentence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    #[test]
    fn the_list_is_whole_and_in_order() {
        assert!(WORDS.len() == 1 << BITS && WORDS.is_sorted());
    }

    #[test]
    fn sentences_are_proved_by_their_checksum() {
        // Two of the test vectors of BIP 39, of 12 and 24 words.
        let first = format!("{}about", "abandon ".repeat(11));
        let last = format!("{}vote", "zoo ".repeat(23));
        for good in [first.clone(), last, complete(b"").unwrap()] {
            assert!(matches!(judge(good.as_bytes(), 0..good.len()).verdict, Verdict::Proved(_)), "{good}");
        }
        for bad in [first.replace("about", "above"), first.replacen(' ', " hello ", 1), "abandon".into()] {
            assert!(matches!(judge(bad.as_bytes(), 0..bad.len()).verdict, Verdict::Refuted(_)), "{bad}");
        }
    }
}
