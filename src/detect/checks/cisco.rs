//! Cisco's type 7 passwords: two digits that say where in a fixed text to begin, then the password's
//! bytes in hexadecimal digits, each combined with the next byte of that text (XOR). The text has
//! been public since 1995; Cisco's "Understand Cisco IOS Password Encryption" says that the form is
//! no protection.

use super::{Outcome, alone};
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
    let (start, rest) = sealed.split_at_checked(2)?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let start = start.iter().all(u8::is_ascii_digit).then(|| start[0] % 16 * 10 + start[1] % 16)?;
    let password = rest
        .chunks(2)
        .enumerate()
        .map(|(at, pair)| {
            let byte = (digit(pair[0])? << 4 | digit(*pair.get(1)?)?) as u8;
            let byte = byte ^ TEXT[(usize::from(start) + at) % TEXT.len()];
            (b' '..=b'~').contains(&byte).then_some(byte)
        })
        .collect::<Option<Vec<u8>>>()?;
    (!password.is_empty()).then_some(password)
}

/// Hides a made-up password behind the two digits of a start.
pub fn complete(token_so_far: &[u8]) -> Option<String> {
    let start = match token_so_far {
        [tens @ b'0'..=b'1', ones @ b'0'..=b'9'] => usize::from(tens % 16 * 10 + ones % 16),
        _ => return None,
    };
    Some(hide(start, b"k7Rw2mXq"))
}

fn hide(start: usize, password: &[u8]) -> String {
    let hidden = |(at, byte): (usize, &u8)| format!("{:02X}", byte ^ TEXT[(start + at) % TEXT.len()]);
    password.iter().enumerate().map(hidden).collect()
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
