//! Finds the keywords of all rules in one pass.
//!
//! For each keyword four bytes in it are its *gram*. The pass hashes the four bytes at every
//! position, letters folded to one case, and looks the hash up in a table of one byte each that is
//! nearly empty; only where the byte fits the gram is the keyword itself compared. There is no state
//! from one position to the next, so the processor works on many at once. Grams and the hash are
//! chosen so that common pieces of source code meet empty places. `docs/prefilter.md` has the
//! measurements beside Aho-Corasick automata, which the tests hold this against.
//!
//! The whole search is one block of bytes, laid out by the build script for the embedded pack and
//! used as it stands: nothing is built when the program starts. All numbers are little-endian.

mod layout;

use std::borrow::Cow;
use std::ops::Range;

const HASH_BITS: u32 = 19;
/// The size of the table of tags, which the block begins with.
const TAGS: usize = 1 << HASH_BITS;
/// Marks a place of the table that several grams share.
const SHARED: u8 = 0xff;
/// So many first bytes of a keyword, its *stem*, are searched for; the rest is compared after them.
/// With shorter stems, less round a change has to be searched.
pub const STEM: usize = 20;
const FOLD: u64 = 0x2020_2020_2020_2020;
/// How many hash functions are tried when the program is built.
pub const THOROUGH: u32 = 24;
/// How many are tried when it runs, where trying costs more than it saves.
pub const QUICK: u32 = 1;

/// After the tags: the multiplier of the hash, the counts of slots, uses and owners.
const COUNTS: usize = 4 * 4;
/// A slot of the hash table from grams to uses: gram, first use or `EMPTY`.
const SLOT: usize = 2 * 4;
const EMPTY: usize = u32::MAX as usize;
/// Before a list of owners: their number, and where the keyword's text starts.
const HEAD: usize = 2 * 4;
/// Where a gram stands in a keyword: start of the keyword's text, place of its owners (a head, then
/// they), the gram's offset in it, its length, flags, and its byte next to the gram.
const USE: usize = 3 * 4;
const ANY_CASE: u8 = 1;
/// The last use of its gram.
const LAST: u8 = 2;
/// The byte next to the gram is the one before it.
const BEFORE: u8 = 4;
/// The byte next to the gram is the one after it.
const AFTER: u8 = 8;

/// The search for a set of keywords.
#[derive(Debug)]
pub struct Prefilter {
    bytes: Cow<'static, [u8]>,
    multiplier: u32,
    /// Number of slots less one; a power of two less one.
    slot_mask: usize,
    slots: usize,
    uses: usize,
    owners: usize,
    texts: usize,
    most_offset: usize,
}

impl Prefilter {
    /// Takes a block that [`layout`](Self::layout) made. `None` if it is cut short.
    pub fn from_bytes(bytes: Cow<'static, [u8]>) -> Option<Self> {
        let counts: [u8; COUNTS] = bytes.get(TAGS..TAGS + COUNTS)?.try_into().ok()?;
        let count =
            |at: usize| u32::from_le_bytes([counts[at], counts[at + 1], counts[at + 2], counts[at + 3]]);
        let (slot_count, use_count, owner_count) = (count(4) as usize, count(8) as usize, count(12) as usize);
        let slots = TAGS + COUNTS;
        let uses = slots + slot_count * SLOT;
        let owners = uses + use_count * USE;
        let texts = owners + owner_count * 4;
        if texts > bytes.len() || !slot_count.is_power_of_two() {
            return None;
        }
        let offsets = bytes[uses..owners].chunks_exact(USE).map(|used| usize::from(used[8]));
        let most_offset = offsets.max().unwrap_or(0);
        Some(Self {
            multiplier: count(0),
            slot_mask: slot_count - 1,
            slots,
            uses,
            owners,
            texts,
            most_offset,
            bytes,
        })
    }

    /// The owners that are listed at a place, which [`Owners::place`] told.
    #[inline]
    pub fn owners_at(&self, place: u32) -> Owners<'_> {
        let at = self.owners + place as usize * 4;
        Owners { rest: &self.bytes[at + HEAD..][..self.number(at) * 4], place }
    }

    /// All lists of owners.
    pub fn all_owners(&self) -> impl Iterator<Item = Owners<'_>> {
        let count = ((self.texts - self.owners) / 4) as u32;
        let mut next = 0;
        std::iter::from_fn(move || {
            let owners = (next < count).then(|| self.owners_at(next))?;
            next += ((HEAD + owners.rest.len()) / 4) as u32;
            Some(owners)
        })
    }

    /// Whether the keyword whose stem was found at `start`, with its owners listed at `place`, goes
    /// on as it should.
    #[inline]
    pub fn is_whole(&self, text: &[u8], place: u32, length: usize, start: usize) -> bool {
        length <= STEM || self.goes_on(text, place, length, start)
    }

    #[inline(never)]
    fn goes_on(&self, text: &[u8], place: u32, length: usize, start: usize) -> bool {
        let number = self.number(self.owners + place as usize * 4 + 4);
        let keyword = &self.bytes[self.texts + number / 2..][..length];
        text.get(start..start + length).is_some_and(|found| is_same(found, keyword, number % 2 == 1))
    }

    #[inline]
    fn number(&self, at: usize) -> usize {
        let mut number = [0; 4];
        number.copy_from_slice(&self.bytes[at..at + 4]);
        u32::from_le_bytes(number) as usize
    }

    /// Calls `hit(owners, keyword's length, keyword's start)` for each keyword that starts in `own`.
    pub fn find(&self, text: &[u8], own: Range<usize>, mut hit: impl FnMut(Owners<'_>, usize, usize)) {
        self.find_stems(text, own, |owners, length, start| {
            if self.is_whole(text, owners.place, length, start) {
                hit(owners, length, start);
            }
        });
    }

    /// Calls `hit(owners, keyword's length, keyword's start)` for each keyword whose stem starts in
    /// `own`; [`is_whole`](Self::is_whole) tells whether all of it stands there.
    pub fn find_stems(&self, text: &[u8], own: Range<usize>, mut hit: impl FnMut(Owners<'_>, usize, usize)) {
        let Some(tags) = self.bytes.first_chunk::<TAGS>() else { return };
        if text.len() < 4 || own.is_empty() {
            return;
        }
        let multiplier = self.multiplier;
        let end = (own.end + self.most_offset).min(text.len() - 3);
        let mut at = own.start;
        // Eight positions need eleven bytes; twelve are loaded. Those after the end do no harm.
        while at < end && at + 12 <= text.len() {
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
            let any = grams.iter().fold(0, |any, &gram| any | tags[place(gram, multiplier)]);
            if any != 0 {
                self.stop(tags, text, &own, at, low, high, &mut hit);
            }
            at += 8;
        }
        while at < end {
            let gram = fold([text[at], text[at + 1], text[at + 2], text[at + 3]]);
            if may_be(tags, gram, multiplier) {
                self.verify(text, &own, at, gram, &mut hit);
            }
            at += 1;
        }
        // A keyword of three bytes at the very end of a text is followed by nothing, so that no
        // rule that has one can match there.
    }

    /// Looks closer at eight positions of which one at least has a tag.
    #[inline(never)]
    #[allow(clippy::too_many_arguments)] // What the pass has at hand, in registers.
    fn stop(
        &self,
        tags: &[u8; TAGS],
        text: &[u8],
        own: &Range<usize>,
        at: usize,
        low: u64,
        high: u64,
        hit: &mut impl FnMut(Owners<'_>, usize, usize),
    ) {
        // Without branches: which position it is cannot be foreseen.
        let mut fitting = 0u32;
        for ahead in 0..4 {
            let (first, second) = ((low >> (8 * ahead)) as u32, (high >> (8 * ahead)) as u32);
            fitting |= u32::from(may_be(tags, first, self.multiplier)) << ahead;
            fitting |= u32::from(may_be(tags, second, self.multiplier)) << (ahead + 4);
        }
        while fitting != 0 {
            let ahead = fitting.trailing_zeros();
            fitting &= fitting - 1;
            let half = if ahead < 4 { low } else { high };
            self.verify(text, own, at + ahead as usize, (half >> (8 * (ahead & 3))) as u32, hit);
        }
    }

    #[inline]
    fn verify(
        &self,
        text: &[u8],
        own: &Range<usize>,
        at: usize,
        gram: u32,
        hit: &mut impl FnMut(Owners<'_>, usize, usize),
    ) {
        let mut slot = hash(gram, self.multiplier) as usize & self.slot_mask;
        loop {
            let here = self.slots + slot * SLOT;
            let first = self.number(here + 4);
            if first == EMPTY {
                return;
            }
            if self.number(here) == gram as usize {
                for used in self.bytes[self.uses + first * USE..self.owners].chunks_exact(USE) {
                    self.compare(text, own, at, used, hit);
                    if used[10] & LAST != 0 {
                        return;
                    }
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
        used: &[u8],
        hit: &mut impl FnMut(Owners<'_>, usize, usize),
    ) {
        let (offset, length, flags, beside) =
            (usize::from(used[8]), usize::from(used[9]), used[10], used[11]);
        let Some(start) = at.checked_sub(offset) else { return };
        let stem = length.min(STEM);
        let Some(candidate) = text.get(start..start + stem) else { return };
        // One byte more than the gram sorts most of the others out.
        let differs = |place: Option<&u8>| place.is_some_and(|byte| byte | 0x20 != beside);
        if flags & BEFORE != 0 && differs(candidate.get(offset.wrapping_sub(1)))
            || flags & AFTER != 0 && differs(candidate.get(offset + 4))
        {
            return;
        }
        let numbers = [u32_at(used, 0), u32_at(used, 4)];
        let keyword = &self.bytes[self.texts + numbers[0]..][..stem];
        if is_same(candidate, keyword, flags & ANY_CASE != 0) && own.contains(&start) {
            hit(self.owners_at(numbers[1] as u32), length, start);
        }
    }
}

#[inline]
fn is_same(found: &[u8], keyword: &[u8], any_case: bool) -> bool {
    if any_case { found.eq_ignore_ascii_case(keyword) } else { found == keyword }
}

/// Who asked for a keyword.
#[derive(Debug)]
pub struct Owners<'a> {
    rest: &'a [u8],
    place: u32,
}

impl Owners<'_> {
    /// Where they are listed: a small number that names the list.
    pub fn place(&self) -> u32 {
        self.place
    }
}

impl Iterator for Owners<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (first, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*first))
    }
}

#[inline]
fn load(text: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&text[at..at + 8]);
    u64::from_le_bytes(bytes)
}

#[inline]
fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
}

#[inline]
fn hash(gram: u32, multiplier: u32) -> u32 {
    gram.wrapping_mul(multiplier) >> (32 - HASH_BITS)
}

/// A gram's place in the table of tags.
#[inline]
fn place(gram: u32, multiplier: u32) -> usize {
    hash(gram, multiplier) as usize & (TAGS - 1)
}

/// Tells most grams of one place apart: neither 0, which is no gram, nor `SHARED`.
#[inline]
fn tag(gram: u32) -> u8 {
    ((gram.wrapping_mul(0x85eb_ca6b) >> 24) as u8).clamp(1, SHARED - 1)
}

#[inline]
fn may_be(tags: &[u8; TAGS], gram: u32, multiplier: u32) -> bool {
    let found = tags[place(gram, multiplier)];
    // No tag is 0, so that an empty place fits nothing.
    (found == SHARED) | (found == tag(gram))
}

/// The four bytes as one number, letters in lower case (and some marks changed, which the
/// comparison sorts out).
#[inline]
fn fold(gram: [u8; 4]) -> u32 {
    u32::from_le_bytes(gram) | FOLD as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::keyword::{ByteSet, Follow, Keyword};
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
        let filter = Prefilter::from_bytes(Prefilter::layout(keywords, 3).into()).unwrap();
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
            words in prop::collection::vec(("[abAB_-]{4,9}|[aB]{18,24}", any::<bool>()), 1..20),
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
