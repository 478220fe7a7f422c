//! How rare a piece of text is in source code, so that the prefilter can search for the rarest
//! piece of a keyword and a pattern can be found by the rarest of its fixed texts.
//!
//! Only speed depends on it, never what is found.

use std::collections::HashMap;
use std::sync::OnceLock;

/// The commonest pieces with their rarity; made by `scripts/common-grams.py` from 60 MB of Rust, C,
/// Python, JavaScript and Markdown.
static COMMON: &str = include_str!("common-grams.tsv");

/// The rarity of a piece that is not among the commonest.
const RARE: u32 = 136;

fn common() -> &'static HashMap<u32, u32> {
    static TABLE: OnceLock<HashMap<u32, u32>> = OnceLock::new();
    TABLE.get_or_init(|| {
        COMMON
            .lines()
            .filter_map(|line| {
                let (gram, rarity) = line.split_once('\t')?;
                Some((u32::from_str_radix(gram, 16).ok()?, rarity.parse().ok()?))
            })
            .collect()
    })
}

/// Shares of all pieces are counted in parts of 2^32; this is the one of a piece that is not among
/// the commonest, a fraction of the last of those.
pub const RARE_SHARE: u32 = 1 << (32 - RARE / 8 - 2);

/// The commonest pieces, folded, as little-endian numbers, with their shares; sorted.
pub fn commonest() -> Vec<(u32, u32)> {
    // 2^32 times 2^(-eighths/8).
    const EIGHTHS: [u64; 8] = [
        4_294_967_296,
        3_938_502_376,
        3_611_622_603,
        3_311_872_529,
        3_037_000_500,
        2_784_941_738,
        2_553_802_834,
        2_341_847_524,
    ];
    let share = |rarity: u32| (EIGHTHS[rarity as usize & 7] >> (rarity >> 3)) as u32;
    let mut all: Vec<(u32, u32)> =
        common().iter().map(|(gram, &rarity)| (gram.swap_bytes(), share(rarity.max(8)))).collect();
    all.sort_unstable();
    all
}

/// The share of a folded gram in [`commonest`].
pub fn share(commonest: &[(u32, u32)], gram: u32) -> u32 {
    commonest.binary_search_by_key(&gram, |&(other, _)| other).map_or(RARE_SHARE, |at| commonest[at].1)
}

/// How rare four bytes are whatever their case, in eighths of a bit: -8 log2 of their share among
/// all pieces of four bytes.
pub fn rarity(gram: [u8; 4]) -> u32 {
    let folded = u32::from_be_bytes(gram) | 0x2020_2020;
    common().get(&folded).copied().unwrap_or(RARE)
}

/// The rarest four bytes of a text and where they stand, the first of several; `None` for a
/// shorter text.
pub fn rarest(text: &[u8]) -> Option<(usize, [u8; 4])> {
    text.windows(4)
        .enumerate()
        .map(|(offset, gram)| (offset, [gram[0], gram[1], gram[2], gram[3]]))
        .max_by_key(|&(offset, gram)| (rarity(gram), std::cmp::Reverse(offset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_piece_of_a_word_is_found() {
        assert!(rarity(*b"tion") < rarity(*b"qzxj"));
        assert_eq!(rarity(*b"TION"), rarity(*b"tion"));
        let text = b"the password of";
        let (at, gram) = rarest(text).unwrap();
        assert_eq!(&text[at..at + 4], &gram);
        assert!(text.windows(4).all(|other| rarity(other.try_into().unwrap()) <= rarity(gram)));
        assert_eq!(rarest(b"abc"), None);
    }
}
