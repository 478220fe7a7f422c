//! Cisco's type 7 passwords: two digits that say where in a fixed text to begin, then the password's
//! bytes in hexadecimal digits, each combined with the next byte of that text (XOR). The text has
//! been public since 1995; Cisco's "Understand Cisco IOS Password Encryption" says that the form is
//! no protection.

use super::{Outcome, alone};
use data_encoding::HEXUPPER_PERMISSIVE;
use std::ops::Range;

const TEXT: &[u8; 53] = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87";

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |sealed| match open(sealed) {
        Some(password) if password.len() >= 4 => Outcome::proved("decodes to a password (Cisco type 7)"),
        Some(_) => Outcome::unknown(),
        None => Outcome::refuted("does not decode to a password (Cisco type 7)"),
    })
}

/// The password that a value hides, if all of it can be typed.
fn open(sealed: &[u8]) -> Option<Vec<u8>> {
    let (start, digits) = sealed.split_first_chunk()?;
    let password = combined(number(*start)?, &HEXUPPER_PERMISSIVE.decode(digits).ok()?);
    (!password.is_empty() && password.iter().all(|byte| (b' '..=b'~').contains(byte))).then_some(password)
}

/// Hides a made-up password behind the two digits of a start.
pub fn complete(token_so_far: &[u8]) -> Option<String> {
    let start = number(token_so_far.try_into().ok()?).filter(|&start| start < 20)?;
    Some(hide(start, b"k7Rw2mXq"))
}

fn hide(start: usize, password: &[u8]) -> String {
    HEXUPPER_PERMISSIVE.encode(&combined(start, password))
}

/// Bytes combined with those of the text from a start on: hides what is plain, shows what is hidden.
fn combined(start: usize, bytes: &[u8]) -> Vec<u8> {
    bytes.iter().zip(TEXT.iter().cycle().skip(start)).map(|(byte, other)| byte ^ other).collect()
}

/// What two decimal digits say.
fn number(digits: [u8; 2]) -> Option<usize> {
    let [tens, ones] = digits.map(|digit| usize::from(digit.wrapping_sub(b'0')));
    (tens < 10 && ones < 10).then_some(tens * 10 + ones)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    #[test]
    fn what_is_hidden_comes_out_again() {
        let hidden = format!("07{}", hide(7, b"cisco-1995"));
        assert_eq!(open(hidden.as_bytes()).as_deref(), Some(&b"cisco-1995"[..]));
        assert!(matches!(judge(hidden.as_bytes(), 0..hidden.len()).verdict, Verdict::Proved(_)));
        for other in ["07", "0", "99FFFFFFFFFF", "070C28548", "07zz"] {
            assert!(
                matches!(judge(other.as_bytes(), 0..other.len()).verdict, Verdict::Refuted(_)),
                "{other}"
            );
        }
    }

    #[test]
    fn a_value_that_others_publish_decodes() {
        // It stands in many published configurations.
        let sealed = ["0822", "455D0A16"].concat();
        assert_eq!(open(sealed.as_bytes()).as_deref(), Some(&b"cisco"[..]));
    }
}
