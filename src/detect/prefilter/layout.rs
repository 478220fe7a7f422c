//! Lays out the block that the search works on: chooses a gram for each keyword and a hash function
//! for all.

use super::{
    AFTER, ANY_CASE, BEFORE, EMPTY, LAST, Prefilter, SHARED, STEM, TAGS, USE, fold, hash, place, tag,
};
use crate::rule::keyword::{Follow, Keyword};
use crate::rule::rarity;
use std::collections::BTreeMap;

impl Prefilter {
    /// Lays out the block for keywords of at most 255 bytes with their owners. A keyword of three
    /// bytes needs to know what follows it. The best of so many hash functions is taken.
    pub fn layout<'a>(
        keywords: impl Iterator<Item = (&'a Keyword, Option<&'a Follow>, u32)>,
        tries: u32,
    ) -> Vec<u8> {
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
        builder.finish(tries)
    }
}

/// Collects the parts of a block.
#[derive(Default)]
struct Builder {
    keywords: Vec<Entry>,
    owners: Vec<u8>,
    texts: Vec<u8>,
}

/// A keyword that is to be laid out.
struct Entry {
    /// Its text and its owners: where they begin.
    starts: [u32; 2],
    text: Vec<u8>,
    any_case: bool,
    /// The grams to choose from: where in the keyword, and the folded bytes. A keyword of three
    /// bytes needs all of them.
    grams: Vec<(usize, u32)>,
}

impl Entry {
    fn needs_all(&self) -> bool {
        self.text.len() < 4
    }
}

impl Builder {
    fn add(&mut self, keyword: &Keyword, follow: Option<[u8; 32]>, owners: &[u32]) {
        let grams = match <&[u8; 3]>::try_from(keyword.text.as_slice()) {
            Ok(&[a, b, c]) => {
                let next = follow.unwrap_or([0xff; 32]);
                // Folding maps bytes onto those that have the bit 0x20, so only they occur.
                let folded =
                    |byte: &u8| byte & 0x20 != 0 && next[usize::from(byte >> 3)] >> (byte & 7) & 1 == 1;
                (0..=255u8).filter(folded).map(|byte| (0, fold([a, b, c, byte]))).collect()
            }
            Err(_) => keyword
                .text
                .windows(4)
                .take(STEM - 3)
                .map(|gram| fold([gram[0], gram[1], gram[2], gram[3]]))
                .enumerate()
                .collect(),
        };
        let starts = [self.texts.len() as u32, (self.owners.len() / 4) as u32];
        self.keywords.push(Entry { starts, text: keyword.text.clone(), any_case: keyword.any_case, grams });
        self.texts.extend_from_slice(&keyword.text);
        let text = starts[0] * 2 + u32::from(keyword.any_case);
        self.owners.extend([owners.len() as u32, text].iter().flat_map(|number| number.to_le_bytes()));
        self.owners.extend(owners.iter().flat_map(|owner| owner.to_le_bytes()));
    }

    fn finish(mut self, tries: u32) -> Vec<u8> {
        // Those that have no choice come first, so that the others can go where places are taken.
        self.keywords.sort_by_key(|entry| if entry.needs_all() { 0 } else { entry.grams.len() });
        let common = rarity::commonest();
        let mut best: Option<(u64, u32, Vec<usize>)> = None;
        let mut multiplier = 0x9e37_79b1u32;
        for _ in 0..tries {
            let (cost, chosen) = choose(&self.keywords, &common, multiplier);
            if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
                best = Some((cost, multiplier, chosen));
            }
            multiplier = multiplier.wrapping_mul(0x915f_77f5).wrapping_add(0x4f32_c1d2) | 1;
        }
        let (_, multiplier, chosen) = best.unwrap_or_default();
        self.lay_out(multiplier, &chosen)
    }

    fn lay_out(self, multiplier: u32, chosen: &[usize]) -> Vec<u8> {
        let mut by_gram: BTreeMap<u32, Vec<(&Entry, usize)>> = BTreeMap::new();
        for (entry, &choice) in self.keywords.iter().zip(chosen) {
            for &(offset, gram) in chosen_of(entry, choice) {
                by_gram.entry(gram).or_default().push((entry, offset));
            }
        }
        let mut tags = vec![0; TAGS];
        let slot_count = (by_gram.len() * 2).next_power_of_two().max(64);
        let mut slots = vec![[0, EMPTY as u32]; slot_count];
        let mut uses: Vec<u8> = Vec::new();
        for (&gram, of_gram) in &by_gram {
            let shared = tags[place(gram, multiplier)] != 0;
            tags[place(gram, multiplier)] = if shared { SHARED } else { tag(gram) };
            let mut slot = hash(gram, multiplier) as usize & (slot_count - 1);
            while slots[slot][1] != EMPTY as u32 {
                slot = (slot + 1) & (slot_count - 1);
            }
            slots[slot] = [gram, (uses.len() / USE) as u32];
            for (number, &(entry, offset)) in of_gram.iter().enumerate() {
                let mut flags = u8::from(entry.any_case) * ANY_CASE;
                if number + 1 == of_gram.len() {
                    flags |= LAST;
                }
                let after = entry.text.get(offset + 4).filter(|_| offset + 4 < STEM);
                let before = offset.checked_sub(1).and_then(|before| entry.text.get(before));
                let beside = match (after, before) {
                    (Some(&byte), _) => {
                        flags |= AFTER;
                        byte | 0x20
                    }
                    (None, Some(&byte)) => {
                        flags |= BEFORE;
                        byte | 0x20
                    }
                    (None, None) => 0,
                };
                uses.extend(entry.starts.iter().flat_map(|number| number.to_le_bytes()));
                uses.extend([offset as u8, entry.text.len() as u8, flags, beside]);
            }
        }
        let counts = [multiplier as usize, slot_count, uses.len() / USE, self.owners.len() / 4];
        let counts = counts.iter().flat_map(|&count| (count as u32).to_le_bytes()).collect();
        let slots = slots.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
        [tags, counts, slots, uses, self.owners, self.texts].concat()
    }
}

/// The grams that a choice puts into the table.
fn chosen_of(entry: &Entry, choice: usize) -> &[(usize, u32)] {
    if entry.needs_all() { &entry.grams } else { entry.grams.get(choice..=choice).unwrap_or_default() }
}

/// Chooses a gram for each keyword, by what it costs: all common text that stops the pass at its
/// place in the table (nothing where that place is taken already), and the gram's own occurrences,
/// at which keywords are compared.
fn choose(keywords: &[Entry], common: &[(u32, u32)], multiplier: u32) -> (u64, Vec<usize>) {
    let mut stops = vec![0u32; TAGS];
    for &(gram, share) in common {
        stops[place(gram, multiplier)] += share;
    }
    // What a place costs for text that is not among the commonest.
    let least = rarity::RARE_SHARE;
    let mut taken: BTreeMap<usize, u32> = BTreeMap::new();
    let mut total = 0;
    let mut chosen = Vec::with_capacity(keywords.len());
    for entry in keywords {
        let cost = |taken: &BTreeMap<usize, u32>, gram: u32| {
            let place = place(gram, multiplier);
            let own = u64::from(rarity::share(common, gram));
            match taken.get(&place) {
                // Two grams at a place have no tag to be told apart by.
                Some(&other) if other != gram => own + u64::from(stops[place]) + 4 * u64::from(least),
                Some(_) => own,
                None => own + u64::from(stops[place].max(least)),
            }
        };
        let choice = (0..entry.grams.len()).min_by_key(|&at| cost(&taken, entry.grams[at].1)).unwrap_or(0);
        for &(_, gram) in chosen_of(entry, choice) {
            total += cost(&taken, gram);
            taken.insert(place(gram, multiplier), gram);
        }
        chosen.push(choice);
    }
    (total, chosen)
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
