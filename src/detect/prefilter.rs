//! Finds the keywords of all rules in one pass.
//!
//! For each keyword the rarest four bytes in it are its *gram*. The pass hashes the four bytes at
//! every position, letters folded to one case, and looks the hash up in a table of 16 KiB of bits
//! that stays in the first-level cache; only where the bit is set is the keyword itself compared.
//! There is no state from one position to the next, so the processor works on many at once, and
//! nothing needs to be built but the table: `docs/prefilter.md` has the measurements beside
//! Aho-Corasick automata, which the tests hold this against.

use crate::detect::gram_rarity::rarity;
use crate::rule::keyword::{Follow, Keyword};
use std::collections::BTreeMap;
use std::ops::Range;

const HASH_BITS: u32 = 17;
const WORDS: usize = 1 << (HASH_BITS - 6);
const FOLD: u64 = 0x2020_2020_2020_2020;

/// A keyword with the callers it has.
#[derive(Debug)]
struct Entry {
    keyword: Keyword,
    owners: Vec<u32>,
}

/// Where a gram stands in a keyword.
#[derive(Debug, Clone, Copy)]
struct Use {
    entry: u32,
    offset: u8,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    gram: u32,
    start: u32,
    count: u32,
}

/// The search for a set of keywords.
#[derive(Debug)]
pub struct Prefilter {
    bits: Box<[u64; WORDS]>,
    slots: Vec<Slot>,
    uses: Vec<Use>,
    entries: Vec<Entry>,
    most_offset: usize,
}

impl Prefilter {
    /// Takes keywords with their owners. A keyword of three bytes needs to know what follows it.
    pub fn new<'a>(keywords: impl Iterator<Item = (&'a Keyword, Option<&'a Follow>, u32)>) -> Self {
        let mut merged: BTreeMap<(&Keyword, Option<[u8; 32]>), Vec<u32>> = BTreeMap::new();
        for (keyword, follow, owner) in keywords {
            // What follows matters to a short keyword only, because it fills up its gram.
            let follow = follow.filter(|_| keyword.text.len() < 4).map(folded_members);
            merged.entry((keyword, follow)).or_default().push(owner);
        }
        let mut entries = Vec::with_capacity(merged.len());
        let mut by_gram: BTreeMap<u32, Vec<Use>> = BTreeMap::new();
        for ((keyword, follow), owners) in merged {
            let entry = entries.len() as u32;
            match <&[u8; 3]>::try_from(keyword.text.as_slice()) {
                Ok(&[a, b, c]) => {
                    let next = follow.unwrap_or([0xff; 32]);
                    for byte in (0..=255u8).filter(|byte| next[usize::from(byte >> 3)] >> (byte & 7) & 1 == 1)
                    {
                        by_gram.entry(fold([a, b, c, byte])).or_default().push(Use { entry, offset: 0 });
                    }
                }
                Err(_) => {
                    if let Some((offset, gram)) = rarest(&keyword.text) {
                        by_gram.entry(fold(gram)).or_default().push(Use { entry, offset });
                    }
                }
            }
            entries.push(Entry { keyword: keyword.clone(), owners });
        }
        Self::assemble(entries, &by_gram)
    }

    fn assemble(entries: Vec<Entry>, by_gram: &BTreeMap<u32, Vec<Use>>) -> Self {
        let mut bits = Box::new([0; WORDS]);
        let mut slots = vec![Slot::default(); (by_gram.len() * 4).next_power_of_two().max(64)];
        let mut all = Vec::new();
        let mut most_offset = 0;
        for (&gram, uses) in by_gram {
            let hash = hash(gram);
            bits[hash as usize >> 6] |= 1 << (hash & 63);
            let mut at = hash as usize & (slots.len() - 1);
            while slots[at].count > 0 {
                at = (at + 1) & (slots.len() - 1);
            }
            slots[at] = Slot { gram, start: all.len() as u32, count: uses.len() as u32 };
            all.extend(uses);
            most_offset =
                uses.iter().map(|used| usize::from(used.offset)).max().unwrap_or(0).max(most_offset);
        }
        Self { bits, slots, uses: all, entries, most_offset }
    }

    /// Calls `hit(owners, keyword's length, keyword's start)` for each keyword that starts in `own`.
    pub fn find(&self, text: &[u8], own: Range<usize>, mut hit: impl FnMut(&[u32], usize, usize)) {
        if text.len() < 4 || own.is_empty() {
            return;
        }
        let end = (own.end + self.most_offset).min(text.len() - 3);
        let mut at = own.start;
        // Eight positions need eleven bytes; twelve are loaded.
        while at + 8 <= end && at + 12 <= text.len() {
            let (low, high) = (load(text, at) | FOLD, load(text, at + 4) | FOLD);
            let grams = [
                low as u32,
                (low >> 8) as u32,
                (low >> 16) as u32,
                (low >> 24) as u32,
                high as u32,
                (high >> 8) as u32,
                (high >> 16) as u32,
                (high >> 24) as u32,
            ];
            let any = grams.iter().fold(0, |any, &gram| any | self.bit(gram));
            if any & 1 == 1 {
                for (ahead, &gram) in grams.iter().enumerate() {
                    if self.bit(gram) & 1 == 1 {
                        self.verify(text, &own, at + ahead, gram, &mut hit);
                    }
                }
            }
            at += 8;
        }
        while at < end {
            let gram = fold([text[at], text[at + 1], text[at + 2], text[at + 3]]);
            if self.bit(gram) & 1 == 1 {
                self.verify(text, &own, at, gram, &mut hit);
            }
            at += 1;
        }
        // A keyword of three bytes at the very end of a text is followed by nothing, so that no
        // rule that has one can match there.
    }

    /// The lowest bit tells whether some keyword has a gram of this hash.
    #[inline]
    fn bit(&self, gram: u32) -> u64 {
        let hash = hash(gram);
        self.bits[(hash >> 6) as usize & (WORDS - 1)] >> (hash & 63)
    }

    #[inline(never)]
    fn verify(
        &self,
        text: &[u8],
        own: &Range<usize>,
        at: usize,
        gram: u32,
        hit: &mut impl FnMut(&[u32], usize, usize),
    ) {
        let mut slot = hash(gram) as usize & (self.slots.len() - 1);
        loop {
            let found = self.slots[slot];
            if found.count == 0 {
                return;
            }
            if found.gram == gram {
                for used in &self.uses[found.start as usize..(found.start + found.count) as usize] {
                    let entry = &self.entries[used.entry as usize];
                    let Some(start) = at.checked_sub(usize::from(used.offset)) else { continue };
                    let length = entry.keyword.text.len();
                    let Some(candidate) = text.get(start..start + length) else { continue };
                    let same = if entry.keyword.any_case {
                        candidate.eq_ignore_ascii_case(&entry.keyword.text)
                    } else {
                        candidate == entry.keyword.text
                    };
                    if same && own.contains(&start) {
                        hit(&entry.owners, length, start);
                    }
                }
                return;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }
}

#[inline]
fn load(text: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&text[at..at + 8]);
    u64::from_le_bytes(bytes)
}

#[inline]
fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)
}

/// The four bytes as one number, letters in lower case (and some marks changed, which the
/// comparison sorts out).
#[inline]
fn fold(gram: [u8; 4]) -> u32 {
    u32::from_le_bytes(gram) | FOLD as u32
}

fn rarest(text: &[u8]) -> Option<(u8, [u8; 4])> {
    text.windows(4)
        .take(200)
        .enumerate()
        .map(|(offset, gram)| (offset as u8, [gram[0], gram[1], gram[2], gram[3]]))
        .max_by_key(|&(offset, gram)| (rarity(gram), std::cmp::Reverse(offset)))
}

/// The bytes that may follow, as a bit set over folded bytes.
fn folded_members(follow: &Follow) -> [u8; 32] {
    let mut members = [0; 32];
    for byte in follow.set.iter() {
        let byte = byte | 0x20;
        members[usize::from(byte >> 3)] |= 1 << (byte & 7);
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::keyword::ByteSet;
    use proptest::prelude::*;

    fn keyword(text: &str, any_case: bool) -> Keyword {
        Keyword { text: text.into(), any_case }
    }

    fn found(
        keywords: &[Keyword],
        follow: Option<&Follow>,
        text: &[u8],
        own: Range<usize>,
    ) -> Vec<(u32, usize)> {
        let filter = Prefilter::new(
            keywords.iter().enumerate().map(|(owner, keyword)| (keyword, follow, owner as u32)),
        );
        let mut hits = Vec::new();
        filter.find(text, own, |owners, _, start| hits.extend(owners.iter().map(|&owner| (owner, start))));
        hits.sort_unstable();
        hits
    }

    #[test]
    fn a_short_keyword_is_found_by_what_follows_it() {
        let mut set = ByteSet::EMPTY;
        (b'a'..=b'z').for_each(|byte| set.insert(byte));
        let follow = Follow { set, count: 1 };
        let text = b"hf_ hf_x hf_9 xhf_q";
        assert_eq!(found(&[keyword("hf_", false)], Some(&follow), text, 0..text.len()), [(0, 4), (0, 15)]);
    }

    proptest! {
        /// The same hits as Aho-Corasick automata, on texts that are full of the keywords' letters.
        #[test]
        fn finds_what_aho_corasick_finds(
            words in prop::collection::vec(("[abAB_-]{4,9}", any::<bool>()), 1..20),
            text in "[abAB_ -]{0,300}",
            cut in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        ) {
            let words: Vec<Keyword> = words
                .into_iter()
                .map(|(word, any_case)| keyword(&if any_case { word.to_ascii_lowercase() } else { word }, any_case))
                .collect();
            let text = text.as_bytes();
            let (a, b) = (cut.0.index(text.len() + 1), cut.1.index(text.len() + 1));
            let own = a.min(b)..a.max(b);
            let mut expected = Vec::new();
            for any_case in [false, true] {
                let chosen: Vec<(u32, &Keyword)> =
                    (0..).zip(&words).filter(|(_, word)| word.any_case == any_case).collect();
                let automaton = aho_corasick::AhoCorasick::builder()
                    .ascii_case_insensitive(any_case)
                    .build(chosen.iter().map(|(_, word)| &word.text))
                    .unwrap();
                for hit in automaton.find_overlapping_iter(text) {
                    if own.contains(&hit.start()) {
                        expected.push((chosen[hit.pattern().as_usize()].0, hit.start()));
                    }
                }
            }
            expected.sort_unstable();
            prop_assert_eq!(found(&words, None, text, own), expected);
        }
    }
}
