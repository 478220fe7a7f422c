//! Deltas: an object as pieces of another one and bytes of its own (`gitformat-pack(5)`,
//! "Deltified representation").

use crate::detect::probe::Common;

/// Why a delta cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// It ends in the middle of something.
    #[error("its delta is cut short")]
    Cut,
    /// It was made for a base of another length.
    #[error("its delta is for another object than its base")]
    OtherBase,
    /// It copies what the base does not have.
    #[error("its delta reaches outside its base")]
    Outside,
    /// It makes more or fewer bytes than it says.
    #[error("its delta makes an object of another length than it says")]
    OtherLength,
    /// The reserved instruction.
    #[error("its delta has an instruction that git does not know")]
    Unknown,
    /// Longer than anything that git makes into a delta.
    #[error("its delta makes far more bytes than are stored of it")]
    TooLarge,
}

/// Objects made by deltas are no longer: git makes none of files over 512 MiB
/// (`core.bigFileThreshold`), and a few bytes of delta may stand for any number.
const MOST: usize = 2 << 30;
/// Nor are they, from this length on, so many times longer than what they are made from.
const LARGE: usize = 64 << 20;
const MOST_TIMES: usize = 16;

/// Puts the result into `into` and the pieces that come from the base into `copied`; what both
/// held before is gone. Pieces that follow each other in both are one: git cuts long ones up.
pub fn apply(
    base: &[u8],
    delta: &[u8],
    into: &mut Vec<u8>,
    copied: &mut Vec<Common>,
) -> Result<(), DeltaError> {
    into.clear();
    copied.clear();
    let mut rest = delta;
    if length(&mut rest)? != base.len() {
        return Err(DeltaError::OtherBase);
    }
    let wanted = length(&mut rest)?;
    let is_bomb = wanted > LARGE && wanted / MOST_TIMES > base.len() + delta.len();
    if wanted > MOST || is_bomb || into.try_reserve(wanted).is_err() {
        return Err(DeltaError::TooLarge);
    }
    while let Some((&instruction, after)) = rest.split_first() {
        rest = after;
        if instruction & 0x80 == 0 {
            if instruction == 0 {
                return Err(DeltaError::Unknown);
            }
            let (own, after) = rest.split_at_checked(usize::from(instruction)).ok_or(DeltaError::Cut)?;
            rest = after;
            into.extend_from_slice(own);
        } else {
            let from = number(instruction, 4, &mut rest)?;
            let length = match number(instruction >> 4, 3, &mut rest)? {
                0 => 0x1_0000,
                length => length,
            };
            let end = from.checked_add(length).ok_or(DeltaError::Outside)?;
            let piece = base.get(from..end).ok_or(DeltaError::Outside)?;
            let to = into.len();
            match copied.last_mut() {
                Some(last) if last.from + last.length == from && last.to + last.length == to => {
                    last.length += length;
                }
                _ => copied.push(Common { from, to, length }),
            }
            // What is over is never made: many copies of a large piece would fill the memory.
            if to + length > wanted {
                return Err(DeltaError::OtherLength);
            }
            into.extend_from_slice(piece);
        }
    }
    if into.len() == wanted { Ok(()) } else { Err(DeltaError::OtherLength) }
}

/// A length: seven bits a byte, the lowest first.
fn length(rest: &mut &[u8]) -> Result<usize, DeltaError> {
    let mut value = 0_usize;
    for shift in (0..usize::BITS - 7).step_by(7) {
        let (&byte, after) = rest.split_first().ok_or(DeltaError::Cut)?;
        *rest = after;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(DeltaError::TooLarge)
}

/// A number of which only some bytes are there, as the bits of `which` tell, the lowest first.
fn number(which: u8, count: u32, rest: &mut &[u8]) -> Result<usize, DeltaError> {
    let mut value = 0;
    for place in 0..count {
        if which >> place & 1 == 1 {
            let (&byte, after) = rest.split_first().ok_or(DeltaError::Cut)?;
            *rest = after;
            value |= usize::from(byte) << (8 * place);
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn applied(base: &[u8], delta: &[u8]) -> Result<(Vec<u8>, Vec<Common>), DeltaError> {
        let (mut into, mut copied) = (b"old".to_vec(), Vec::new());
        apply(base, delta, &mut into, &mut copied).map(|()| (into, copied))
    }

    #[test]
    fn pieces_that_follow_each_other_are_one() {
        let delta = [6, 9, 0x90, 2, 0x91, 2, 3, 1, b'x', 0x91, 1, 3];
        let copied = [Common { from: 0, to: 0, length: 5 }, Common { from: 1, to: 6, length: 3 }];
        assert_eq!(applied(b"abcdef", &delta), Ok((b"abcdexbcd".to_vec(), copied.to_vec())));
    }

    #[test]
    fn what_is_broken_is_told() {
        for (delta, error) in [
            (&[][..], DeltaError::Cut),
            (&[0x86], DeltaError::Cut),
            (&[5, 1, 1, b'x'], DeltaError::OtherBase),
            (&[6, 1, 0], DeltaError::Unknown),
            (&[6, 3, 3, b'x'], DeltaError::Cut),
            (&[6, 1, 0x91], DeltaError::Cut),
            (&[6, 9, 0x91, 1, 9], DeltaError::Outside),
            (&[6, 2, 0x91, 0, 3], DeltaError::OtherLength),
            (&[6, 4, 0x91, 0, 3], DeltaError::OtherLength),
            (&[6, 0xff, 0xff, 0xff, 0xff, 0xff, 1], DeltaError::TooLarge),
            (&[6, 0x80, 0x80, 0x80, 0x40], DeltaError::TooLarge),
            (&[0xff; 12], DeltaError::TooLarge),
        ] {
            assert_eq!(applied(b"abcdef", delta), Err(error), "{delta:?}");
        }
    }

    proptest! {
        /// Whatever the instructions: no panic, and what is said to be copied is the same on both sides.
        #[test]
        fn copies_are_copies(base in prop::collection::vec(any::<u8>(), 0..60), delta in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut whole = vec![base.len() as u8, delta.len() as u8];
            whole.extend(&delta);
            if let Ok((made, copied)) = applied(&base, &whole) {
                for piece in copied {
                    prop_assert_eq!(&made[piece.to..piece.to + piece.length], &base[piece.from..piece.from + piece.length]);
                }
            }
        }
    }
}
