//! The value of a Basic authorization (RFC 7617): base64 of a name, a colon and a password.

use super::{Outcome, encode};
use crate::detect::judge::generic::is_stand_in_password;
use std::ops::Range;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    super::alone(text, secret, |value| {
        let Some(decoded) = encode::base64(value) else {
            return Outcome::refuted("it is no base64");
        };
        let Some(colon) = memchr::memchr(b':', &decoded) else {
            return Outcome::refuted("it does not decode to a name and a password");
        };
        let is_text = std::str::from_utf8(&decoded).is_ok_and(|text| !text.chars().any(char::is_control));
        if !is_text || colon + 1 == decoded.len() {
            return Outcome::refuted("it does not decode to a name and a password");
        }
        if is_stand_in_password(&decoded[colon + 1..]) {
            return Outcome::refuted("the password in it reads like a word");
        }
        Outcome::unknown().with("decodes to a name and a password")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    fn verdict(pair: &str) -> Verdict {
        let value = data_encoding::BASE64.encode(pair.as_bytes());
        judge(value.as_bytes(), 0..value.len()).verdict
    }

    #[test]
    fn a_pair_is_told_from_other_base64() {
        assert_eq!(verdict(&["deploy:", "x7Kq9zP2mVbT"].concat()), Verdict::Unknown);
        assert!(matches!(verdict("user:password"), Verdict::Refuted(_)));
        assert!(matches!(verdict("no colon at all"), Verdict::Refuted(_)));
        assert!(matches!(judge(b"configuration", 0..13).verdict, Verdict::Refuted(_)));
    }
}
