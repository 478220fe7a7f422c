//! Finds the keywords of all rules in one pass.
//!
//! For each keyword the rarest four bytes in it are its *gram*. The pass hashes the four bytes at
//! every position, letters folded to one case, and looks the hash up in a table of one byte each
//! that is nearly empty; only where the byte fits the gram is the keyword itself compared. There is
//! no state from one position to the next, so the processor works on many at once.
//! `docs/prefilter.md` has the measurements beside Aho-Corasick automata, which the tests hold this
//! against.
//!
//! The whole search is one block of bytes, laid out by the build script for the embedded pack and
//! used as it stands: nothing is built when the program starts. All numbers are little-endian.

use crate::rule::keyword::{Follow, Keyword};
use crate::rule::rarity::rarest;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

const HASH_BITS: u32 = 18;
/// The size of the table of tags, which the block begins with.
const TAGS: usize = 1 << HASH_BITS;
/// Marks a place of the table that several grams share.
const SHARED: u8 = 0xff;
const FOLD: u64 = 0x2020_2020_2020_2020;

/// After the tags: the counts of slots, uses, entries and owners.
const COUNTS: usize = 4 * 4;
/// A slot of the hash table from grams to uses: gram, first use, number of uses.
const SLOT: usize = 3 * 4;
/// Where a gram stands in a keyword: entry, offset.
const USE: usize = 2 * 4;
/// A keyword: start of its text, length of its text with the bit `ANY_CASE`, first owner, number
/// of owners.
const ENTRY: usize = 4 * 4;
const ANY_CASE: u32 = 1 << 31;

/// The search for a set of keywords.
#[derive(Debug)]
pub struct Prefilter {
    bytes: Cow<'static, [u8]>,
    /// Number of slots less one; a power of two less one.
    slot_mask: usize,
    slots: usize,
    uses: usize,
    entries: usize,
    owners: usize,
    texts: usize,
    most_offset: usize,
}

/// Collects the parts of a block.
#[derive(Default)]
struct Builder {
    entries: Vec<u8>,
    owners: Vec<u8>,
    texts: Vec<u8>,
    by_gram: BTreeMap<u32, Vec<(u32, u32)>>,
}

impl Prefilter {
    /// Lays out the block for keywords with their owners. A keyword of three bytes needs to know
    /// what follows it.
    pub fn layout<'a>(keywords: impl Iterator<Item = (&'a Keyword, Option<&'a Follow>, u32)>) -> Vec<u8> {
        let mut merged: BTreeMap<(&Keyword, Option<[u8; 32]>), Vec<u32>> = BTreeMap::new();
        for (keyword, follow, owner) in keywords {
            // What follows matters to a short keyword only, because it fills up its gram.
            let follow = follow.filter(|_| keyword.text.len() < 4).map(folded_members);
            merged.entry((keyword, follow)).or_default().push(owner);
        }
        let mut builder = Builder::default();
        for ((keyword, follow), owners) in merged {
            builder.add(keyword, follow, &owners);
        }
        builder.finish()
    }

    /// Takes a block that [`layout`](Self::layout) made. `None` if it is cut short.
    pub fn from_bytes(bytes: Cow<'static, [u8]>) -> Option<Self> {
        let counts: [u8; COUNTS] = bytes.get(TAGS..TAGS + COUNTS)?.try_into().ok()?;
        let count = |at: usize| {
            u32::from_le_bytes([counts[at], counts[at + 1], counts[at + 2], counts[at + 3]]) as usize
        };
        let slots = TAGS + COUNTS;
        let uses = slots + count(0) * SLOT;
        let entries = uses + count(4) * USE;
        let owners = entries + count(8) * ENTRY;
        let texts = owners + count(12) * 4;
        if texts > bytes.len() || !count(0).is_power_of_two() {
            return None;
        }
        let mut search =
            Self { bytes, slot_mask: count(0) - 1, slots, uses, entries, owners, texts, most_offset: 0 };
        search.most_offset = (uses..entries).step_by(USE).map(|at| search.number(at + 4)).max().unwrap_or(0);
        Some(search)
    }

    #[inline]
    fn number(&self, at: usize) -> usize {
        let mut number = [0; 4];
        number.copy_from_slice(&self.bytes[at..at + 4]);
        u32::from_le_bytes(number) as usize
    }

    /// Calls `hit(owners, keyword's length, keyword's start)` for each keyword that starts in `own`.
    pub fn find(&self, text: &[u8], own: Range<usize>, mut hit: impl FnMut(Owners<'_>, usize, usize)) {
        let Some(tags) = self.bytes.first_chunk::<TAGS>() else { return };
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
            let any = grams.iter().fold(0, |any, &gram| any | tags[place(gram)]);
            if any != 0 {
                for (ahead, &gram) in grams.iter().enumerate() {
                    if may_be(tags, gram) {
                        self.verify(text, &own, at + ahead, gram, &mut hit);
                    }
                }
            }
            at += 8;
        }
        while at < end {
            let gram = fold([text[at], text[at + 1], text[at + 2], text[at + 3]]);
            if may_be(tags, gram) {
                self.verify(text, &own, at, gram, &mut hit);
            }
            at += 1;
        }
        // A keyword of three bytes at the very end of a text is followed by nothing, so that no
        // rule that has one can match there.
    }

    #[inline(never)]
    fn verify(
        &self,
        text: &[u8],
        own: &Range<usize>,
        at: usize,
        gram: u32,
        hit: &mut impl FnMut(Owners<'_>, usize, usize),
    ) {
        let mut slot = hash(gram) as usize & self.slot_mask;
        loop {
            let here = self.slots + slot * SLOT;
            let count = self.number(here + 8);
            if count == 0 {
                return;
            }
            if self.number(here) == gram as usize {
                let first = self.uses + self.number(here + 4) * USE;
                for used in (first..first + count * USE).step_by(USE) {
                    self.compare(text, own, at, used, hit);
                }
                return;
            }
            slot = (slot + 1) & self.slot_mask;
        }
    }

    #[inline]
    fn compare(
        &self,
        text: &[u8],
        own: &Range<usize>,
        at: usize,
        used: usize,
        hit: &mut impl FnMut(Owners<'_>, usize, usize),
    ) {
        let entry = self.entries + self.number(used) * ENTRY;
        let Some(start) = at.checked_sub(self.number(used + 4)) else { return };
        let flagged = self.number(entry + 4) as u32;
        let length = (flagged & !ANY_CASE) as usize;
        let keyword = self.texts + self.number(entry);
        let (Some(candidate), keyword) =
            (text.get(start..start + length), &self.bytes[keyword..keyword + length])
        else {
            return;
        };
        let is_same = if flagged & ANY_CASE == 0 {
            candidate == keyword
        } else {
            candidate.eq_ignore_ascii_case(keyword)
        };
        if is_same && own.contains(&start) {
            let first = self.owners + self.number(entry + 8) * 4;
            let owners = &self.bytes[first..first + self.number(entry + 12) * 4];
            hit(Owners(owners), length, start);
        }
    }
}

/// Who asked for a keyword.
#[derive(Debug)]
pub struct Owners<'a>(&'a [u8]);

impl Iterator for Owners<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (first, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*first))
    }
}

impl Builder {
    fn add(&mut self, keyword: &Keyword, follow: Option<[u8; 32]>, owners: &[u32]) {
        let entry = (self.entries.len() / ENTRY) as u32;
        match <&[u8; 3]>::try_from(keyword.text.as_slice()) {
            Ok(&[a, b, c]) => {
                let next = follow.unwrap_or([0xff; 32]);
                // Folding maps bytes onto those that have the bit 0x20, so only they occur.
                let folded =
                    |byte: &u8| byte & 0x20 != 0 && next[usize::from(byte >> 3)] >> (byte & 7) & 1 == 1;
                for byte in (0..=255u8).filter(folded) {
                    self.by_gram.entry(fold([a, b, c, byte])).or_default().push((entry, 0));
                }
            }
            Err(_) => {
                if let Some((offset, gram)) = rarest(&keyword.text) {
                    self.by_gram.entry(fold(gram)).or_default().push((entry, offset as u32));
                }
            }
        }
        let flag = if keyword.any_case { ANY_CASE } else { 0 };
        let numbers = [
            self.texts.len() as u32,
            keyword.text.len() as u32 | flag,
            (self.owners.len() / 4) as u32,
            owners.len() as u32,
        ];
        self.entries.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        self.texts.extend_from_slice(&keyword.text);
        self.owners.extend(owners.iter().flat_map(|owner| owner.to_le_bytes()));
    }

    fn finish(self) -> Vec<u8> {
        let mut tags = vec![0; TAGS];
        let slot_count = (self.by_gram.len() * 2).next_power_of_two().max(64);
        let mut slots = vec![[0u32; 3]; slot_count];
        let mut uses: Vec<u8> = Vec::new();
        for (&gram, of_gram) in &self.by_gram {
            let shared = tags[place(gram)] != 0;
            tags[place(gram)] = if shared { SHARED } else { tag(gram) };
            let mut slot = hash(gram) as usize & (slot_count - 1);
            while slots[slot][2] != 0 {
                slot = (slot + 1) & (slot_count - 1);
            }
            slots[slot] = [gram, (uses.len() / USE) as u32, of_gram.len() as u32];
            uses.extend(
                of_gram.iter().flat_map(|&(entry, offset)| [entry, offset]).flat_map(u32::to_le_bytes),
            );
        }
        let counts = [slot_count, uses.len() / USE, self.entries.len() / ENTRY, self.owners.len() / 4];
        let counts = counts.iter().flat_map(|&count| (count as u32).to_le_bytes()).collect();
        let slots = slots.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
        [tags, counts, slots, uses, self.entries, self.owners, self.texts].concat()
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

/// A gram's place in the table of tags.
#[inline]
fn place(gram: u32) -> usize {
    hash(gram) as usize & (TAGS - 1)
}

/// Tells most grams of one place apart: neither 0, which is no gram, nor `SHARED`.
#[inline]
fn tag(gram: u32) -> u8 {
    ((gram.wrapping_mul(0x85eb_ca6b) >> 24) as u8).clamp(1, SHARED - 1)
}

#[inline]
fn may_be(tags: &[u8; TAGS], gram: u32) -> bool {
    let found = tags[place(gram)];
    found != 0 && (found == SHARED || found == tag(gram))
}

/// The four bytes as one number, letters in lower case (and some marks changed, which the
/// comparison sorts out).
#[inline]
fn fold(gram: [u8; 4]) -> u32 {
    u32::from_le_bytes(gram) | FOLD as u32
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
        let keywords = keywords.iter().enumerate().map(|(owner, keyword)| (keyword, follow, owner as u32));
        let filter = Prefilter::from_bytes(Prefilter::layout(keywords).into()).unwrap();
        let mut hits = Vec::new();
        filter.find(text, own, |owners, _, start| hits.extend(owners.map(|owner| (owner, start))));
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
