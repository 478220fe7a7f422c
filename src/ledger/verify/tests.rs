use super::*;
use crate::ledger::event::Event;
use crate::ledger::key::Signer;
use crate::moment::Moment;
use proptest::prelude::*;

fn signer() -> Signer {
    Signer::from_seed("example.org/log", &[9; 32]).expect("a name")
}

/// The lines of a ledger with so many entries; `salt` makes another history.
fn ledger(entries: u64, salt: &str) -> Vec<Vec<u8>> {
    let at = Moment::from_seconds(1_700_000_000).expect("a time");
    let header = Event::Header { version: 1, origin: "example.org/log".to_owned() };
    let mut lines = vec![entry::encode(0, None, &header, at).expect("a line")];
    for number in 1..entries {
        let text = format!(r#"{{"type":"test","number":{number},"salt":"{salt}"}}"#);
        let event = serde_json::from_str(&text).expect("an event");
        let prev = lines.last().map(|line| tree::leaf(line));
        lines.push(entry::encode(number, prev, &event, at).expect("a line"));
    }
    lines
}

fn bytes(lines: &[Vec<u8>]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect()
}

fn checkpoint(lines: &[Vec<u8>]) -> SignedCheckpoint {
    let tree = Tree::new(lines.iter().map(|line| tree::leaf(line)).collect());
    let head = Checkpoint { origin: "example.org/log".to_owned(), size: tree.size(), root: tree.root() };
    SignedCheckpoint::sign(head, &signer()).expect("an origin")
}

/// A look by somebody who holds a checkpoint of these lines and the key.
fn look(bytes: &[u8], held: &[SignedCheckpoint]) -> Verification {
    let held: Vec<Held> =
        held.iter().map(|one| Held { place: "held".to_owned(), checkpoint: one.clone() }).collect();
    verify(bytes, &Ok(None), &held, &[signer().verifier().clone()])
}

fn first_wrong(bytes: &[u8], held: &SignedCheckpoint) -> Option<u64> {
    let found = look(bytes, std::slice::from_ref(held));
    assert_eq!(found.verdict(), Verdict::Tampered);
    found.fault.map(|fault| fault.entry)
}

/// The entry that a byte belongs to, the line feed included.
fn entry_at(lines: &[Vec<u8>], at: usize) -> u64 {
    let mut end = 0;
    for (number, line) in lines.iter().enumerate() {
        end += line.len() + 1;
        if at < end {
            return number as u64;
        }
    }
    lines.len() as u64
}

#[test]
fn a_ledger_that_nobody_touched_verifies() {
    for entries in [1, 2, 3, 7, 8, 9] {
        let lines = ledger(entries, "");
        let found = look(&bytes(&lines), &[checkpoint(&lines[..1]), checkpoint(&lines)]);
        assert_eq!(
            (found.verdict(), found.proved(), found.limits()),
            (Verdict::Verified, entries, Vec::new())
        );
    }
}

#[test]
fn every_flipped_bit_is_found_in_its_entry() {
    let lines = ledger(5, "");
    let (whole, held) = (bytes(&lines), checkpoint(&lines));
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[at] ^= 1 << bit;
            assert_eq!(first_wrong(&changed, &held), Some(entry_at(&lines, at)), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn every_dropped_or_added_byte_is_found_in_its_entry() {
    let lines = ledger(4, "");
    let (whole, held) = (bytes(&lines), checkpoint(&lines));
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        let byte = changed.remove(at);
        // Of two equal neighbours it makes no difference which one goes.
        assert_eq!(first_wrong(&changed, &held), Some(entry_at(&lines, at)), "byte {at}");
        for new in [b'0', b'\n', byte.wrapping_add(1)] {
            let mut changed = whole.clone();
            changed.insert(at, new);
            // A line feed at the start of a line makes an empty line before it, which is that entry's
            // place; at its end it makes one after it.
            let expected = entry_at(&lines, at) + u64::from(new == b'\n' && whole[at] == b'\n');
            // After the last entry that is one too many, which no checkpoint covers, but no entry.
            assert_eq!(first_wrong(&changed, &held), Some(expected), "{new} at {at}");
        }
    }
}

#[test]
fn every_truncation_is_found() {
    let lines = ledger(4, "");
    let (whole, held) = (bytes(&lines), checkpoint(&lines));
    for end in 0..whole.len() {
        assert_eq!(first_wrong(&whole[..end], &held), Some(entry_at(&lines, end)), "cut at {end}");
    }
}

#[test]
fn every_dropped_swapped_repeated_or_foreign_entry_is_found() {
    let lines = ledger(6, "");
    let foreign = ledger(6, "foreign");
    let held = checkpoint(&lines);
    for at in 0..lines.len() {
        let mut dropped = lines.clone();
        dropped.remove(at);
        assert_eq!(first_wrong(&bytes(&dropped), &held), Some(at as u64), "dropped {at}");
        for other in at + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(at, other);
            assert_eq!(first_wrong(&bytes(&swapped), &held), Some(at as u64), "swapped {at} and {other}");
        }
        for from in 0..lines.len() {
            let mut repeated = lines.clone();
            repeated.insert(at, lines[from].clone());
            // A copy of an entry before itself: the second of the two is the wrong one.
            let expected = if from == at { at + 1 } else { at };
            assert_eq!(first_wrong(&bytes(&repeated), &held), Some(expected as u64), "{from} again at {at}");
        }
        if at > 0 {
            // Right by itself, with the right number, but of another history.
            let mut replaced = lines.clone();
            replaced[at].clone_from(&foreign[at]);
            let found = first_wrong(&bytes(&replaced), &held).expect("an entry");
            assert!(found == at as u64 || found + 1 == at as u64, "{at} of another history: {found}");
        }
    }
}

#[test]
fn a_rewritten_end_is_found_by_who_holds_a_checkpoint() {
    let (lines, other) = (ledger(9, ""), ledger(9, "rewritten"));
    // Entries 1 to 8 of another history, with every sum and hash worked out anew.
    let found = look(&bytes(&other), &[checkpoint(&lines[..1]), checkpoint(&lines[..5])]);
    assert_eq!(found.verdict(), Verdict::Tampered);
    let fault = found.fault.expect("a fault");
    assert_eq!((fault.entry, fault.up_to), (1, Some(4)));
    // Who holds nothing cannot see it, and is told so.
    let found = look(&bytes(&other), &[]);
    assert_eq!((found.verdict(), found.proved()), (Verdict::Unproved, 0));
    let found = verify(&bytes(&other), &Ok(None), &[], &[]);
    assert_eq!((found.verdict(), found.limits().len()), (Verdict::Verified, 1));
}

#[test]
fn a_checkpoint_of_somebody_else_does_not_count() {
    let lines = ledger(3, "");
    let head = checkpoint(&lines).checkpoint;
    let stranger = Signer::from_seed("example.org/log", &[1; 32]).expect("a name");
    let foreign = SignedCheckpoint::sign(head.clone(), &stranger).expect("an origin");
    let found = look(&bytes(&lines), std::slice::from_ref(&foreign));
    assert_eq!((found.verdict(), found.proved()), (Verdict::Tampered, 0));
    // The one beside the ledger counts only with a signature that was checked.
    let found = verify(&bytes(&lines), &Ok(Some(foreign)), &[], &[]);
    assert_eq!((found.verdict(), found.proved()), (Verdict::Verified, 0));
    let renamed = Checkpoint { origin: "example.org/other".to_owned(), ..head };
    let other = SignedCheckpoint::sign(renamed, &signer()).expect("an origin");
    assert_eq!(look(&bytes(&lines), &[other]).verdict(), Verdict::Tampered);
}

#[test]
fn a_torn_end_is_no_tampering_unless_a_checkpoint_covers_it() {
    let lines = ledger(4, "");
    let whole = bytes(&lines);
    let held = checkpoint(&lines[..3]);
    let start = bytes(&lines[..3]).len();
    for end in start..whole.len() {
        let found = look(&whole[..end], std::slice::from_ref(&held));
        assert_eq!((found.verdict(), found.torn), (Verdict::Verified, (end - start) as u64));
    }
}

proptest! {
    #[test]
    fn any_other_bytes_are_found(entries in 2_u64..40, cut in any::<(u32, u32)>(), put in prop::collection::vec(any::<u8>(), 0..80)) {
        let lines = ledger(entries, "");
        let (whole, held) = (bytes(&lines), checkpoint(&lines));
        let mut range = [cut.0 as usize % whole.len(), cut.1 as usize % whole.len()];
        range.sort_unstable();
        let changed = [&whole[..range[0]], &put, &whole[range[1]..]].concat();
        prop_assume!(changed != whole);
        let found = look(&changed, &[held]);
        prop_assert_eq!(found.verdict(), Verdict::Tampered);
        // All that is before the change is right, so that no entry before it may be named.
        prop_assert!(found.fault.expect("a fault").entry >= entry_at(&lines, range[0]));
    }
}
