//! The Merkle tree of RFC 6962, section 2.1, over the lines of a ledger.
//!
//! The tree is kept as all its full subtrees, two hashes a leaf, so that any proof takes a look at
//! as many hashes as it has.

use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The hash of a leaf: of the byte 0 and the leaf's bytes.
pub fn leaf(bytes: &[u8]) -> Hash {
    Sha256::new_with_prefix([0]).chain_update(bytes).finalize().into()
}

/// The hash of an inner node: of the byte 1 and its children's hashes.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The hash of the tree without leaves: of nothing.
pub fn empty() -> Hash {
    Sha256::digest([]).into()
}

/// A tree whose leaves are known.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The full subtrees by height: those of one leaf, of two, of four and so on.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// The tree over these leaf hashes.
    pub fn new(leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let above = below
                .chunks_exact(2)
                .filter_map(|pair| pair.first_chunk::<2>())
                .map(|[left, right]| node(left, right))
                .collect();
            levels.push(above);
        }
        Self { levels }
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.leaves().len() as u64
    }

    /// The hashes of the leaves.
    pub fn leaves(&self) -> &[Hash] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    /// The hash at its top.
    pub fn root(&self) -> Hash {
        self.part(0, self.size())
    }

    /// The root that the tree of the first `size` leaves had; `None` if there are not so many.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        (size <= self.size()).then(|| self.part(0, size))
    }

    /// `MTH(D[start..end])` of the RFC, for the ranges that it cuts a tree into.
    fn part(&self, start: u64, end: u64) -> Hash {
        let size = end - start;
        if size == 0 {
            return empty();
        }
        if size.is_power_of_two() && start.is_multiple_of(size) {
            let level = self.levels.get(size.trailing_zeros() as usize);
            if let Some(hash) = level.and_then(|level| level.get((start / size) as usize)) {
                return *hash;
            }
        }
        let half = split(size);
        node(&self.part(start, start + half), &self.part(start + half, end))
    }

    /// `PATH(number, D[size])` (section 2.1.1): the hashes that lead from a leaf to the root of the
    /// first `size` leaves, the leaf's neighbour first. `None` if there is no such leaf or size.
    pub fn inclusion(&self, number: u64, size: u64) -> Option<Vec<Hash>> {
        if number >= size || size > self.size() {
            return None;
        }
        let (mut start, mut end) = (0, size);
        let mut path = Vec::new();
        while end - start > 1 {
            let middle = start + split(end - start);
            if number < middle {
                path.push(self.part(middle, end));
                end = middle;
            } else {
                path.push(self.part(start, middle));
                start = middle;
            }
        }
        path.reverse();
        Some(path)
    }

    /// `PROOF(first, D[second])` (section 2.1.2): the hashes that show that the tree of `second` leaves
    /// begins with that of `first`. `None` unless 0 < `first` <= `second` <= size.
    pub fn consistency(&self, first: u64, second: u64) -> Option<Vec<Hash>> {
        if first == 0 || first > second || second > self.size() {
            return None;
        }
        let (mut start, mut end) = (0, second);
        let mut path = Vec::new();
        // Whether the range is one that the verifier knows already: the whole first tree.
        let mut known = true;
        while first < end {
            let middle = start + split(end - start);
            if first <= middle {
                path.push(self.part(middle, end));
                end = middle;
            } else {
                path.push(self.part(start, middle));
                start = middle;
                known = false;
            }
        }
        if !known {
            path.push(self.part(start, end));
        }
        path.reverse();
        Some(path)
    }
}

/// The largest power of two below `size`, which is 2 or more.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2); `None` if it has too many or
/// too few hashes.
pub fn root_from_inclusion(leaf: Hash, number: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if number >= size {
        return None;
    }
    let (mut index, mut last, mut hash) = (number, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if index & 1 == 1 || index == last {
            hash = node(sibling, &hash);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sibling);
        }
        index >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// Whether a consistency proof leads from one root to the other (RFC 9162, section 2.1.4.2).
pub fn is_consistent(first: u64, first_root: Hash, second: u64, second_root: Hash, path: &[Hash]) -> bool {
    if first == 0 || first > second {
        return false;
    }
    if first == second {
        return path.is_empty() && first_root == second_root;
    }
    let mut hashes = path.iter();
    let start = if first.is_power_of_two() { Some(&first_root) } else { hashes.next() };
    let Some(start) = start else { return false };
    let (mut index, mut last) = (first - 1, second - 1);
    while index & 1 == 1 {
        index >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (*start, *start);
    for hash in hashes {
        if last == 0 {
            return false;
        }
        if index & 1 == 1 || index == last {
            old = node(hash, &old);
            new = node(hash, &new);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            new = node(&new, hash);
        }
        index >>= 1;
        last >>= 1;
    }
    last == 0 && old == first_root && new == second_root
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree(size: u64) -> Tree {
        Tree::new((0..size).map(|number| leaf(&number.to_be_bytes())).collect())
    }

    /// `MTH` as the RFC writes it down, without anything kept.
    fn plain(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty(),
            [one] => *one,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
                node(&plain(left), &plain(right))
            }
        }
    }

    #[test]
    fn known_roots() {
        // SHA-256 of nothing, and of the one byte 0.
        let hex = data_encoding::HEXLOWER;
        assert_eq!(
            hex.encode(&tree(0).root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex.encode(&Tree::new(vec![leaf(b"")]).root()),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
    }

    #[test]
    fn every_proof_of_small_trees_holds_and_no_other_does() {
        let whole = tree(33);
        for size in 0..=33 {
            let root = whole.root_at(size).expect("it has so many");
            assert_eq!(root, plain(&whole.leaves()[..size as usize]));
            for number in 0..size {
                let path = whole.inclusion(number, size).expect("it is in there");
                let leaf = whole.leaves()[number as usize];
                assert_eq!(root_from_inclusion(leaf, number, size, &path), Some(root));
                for other in (0..size).filter(|other| *other != number) {
                    assert_ne!(
                        root_from_inclusion(leaf, other, size, &path),
                        Some(root),
                        "{number} as {other}"
                    );
                }
            }
            assert_eq!(whole.inclusion(size, size), None);
            for first in 1..=size {
                let before = whole.root_at(first).expect("it has so many");
                let path = whole.consistency(first, size).expect("both are there");
                assert!(is_consistent(first, before, size, root, &path), "{first} {size}");
                for other in (1..=size).filter(|other| *other != first) {
                    assert!(!is_consistent(other, before, size, root, &path), "{first} as {other} of {size}");
                }
                assert!(!is_consistent(first, leaf(b"other"), size, root, &path));
            }
        }
        assert_eq!(whole.consistency(0, 5), None);
        assert_eq!(whole.consistency(6, 5), None);
        assert_eq!(whole.consistency(5, 34), None);
    }

    proptest! {
        #[test]
        fn a_changed_proof_does_not_hold(size in 2_u64..3000, a in any::<u64>(), b in any::<u64>(), bit in 0_usize..256) {
            let whole = tree(size);
            let (number, first) = (a % size, 1 + b % (size - 1));
            let leaf = whole.leaves()[number as usize];
            let path = whole.inclusion(number, size).expect("it is in there");
            prop_assert_eq!(root_from_inclusion(leaf, number, size, &path), Some(whole.root()));
            let steps = whole.consistency(first, size).expect("both are there");
            let before = whole.root_at(first).expect("it has so many");
            prop_assert!(is_consistent(first, before, size, whole.root(), &steps));
            for at in 0..path.len() {
                let mut wrong = path.clone();
                wrong[at][bit / 8] ^= 1 << (bit % 8);
                prop_assert_ne!(root_from_inclusion(leaf, number, size, &wrong), Some(whole.root()));
            }
            for at in 0..steps.len() {
                let mut wrong = steps.clone();
                wrong[at][bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!is_consistent(first, before, size, whole.root(), &wrong));
            }
            prop_assert!(!is_consistent(first, before, size, whole.root(), &steps[..steps.len() - 1]));
            prop_assert_eq!(root_from_inclusion(leaf, number, size, &path[..path.len() - 1]), None);
        }
    }
}
