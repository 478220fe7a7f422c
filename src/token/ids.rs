//! Ids that hold the moment at which they were made: UUIDs of versions 1, 6 and 7 (RFC 9562,
//! sections 5.1, 5.6 and 5.7), KSUIDs (<https://github.com/segmentio/ksuid>), and BSON `ObjectId`s
//! (<https://www.mongodb.com/docs/manual/reference/bson-types/#objectid>). Read only where a
//! provider's tokens are such ids, and told only if the date is one of this program's lifetime.

use super::{Around, Carrier, form};
use crate::facts::TokenFacts;
use crate::moment::Moment;

/// The start of the year 2000, and the end of 2049.
const PLAUSIBLE: std::ops::RangeInclusive<i64> = 946_684_800..=2_524_607_999;

/// A moment of this program's lifetime.
pub fn plausible(seconds: i64) -> Option<Moment> {
    PLAUSIBLE.contains(&seconds).then(|| Moment::from_seconds(seconds)).flatten()
}

/// The date of a token that is a UUID, or ends with one after a prefix.
pub fn uuid(secret: &[u8]) -> Option<TokenFacts> {
    const LENGTH: usize = 36;
    let from = secret.len().checked_sub(LENGTH)?;
    let text = &secret[from..];
    if from > 0 && !matches!(secret[from - 1], b'-' | b'_' | b'.' | b':')
        || [8, 13, 18, 23].iter().any(|&at| text[at] != b'-')
    {
        return None;
    }
    let hex: Vec<u8> = text.iter().copied().filter(|&byte| byte != b'-').collect();
    let bytes: [u8; 16] = data_encoding::HEXLOWER_PERMISSIVE.decode(&hex).ok()?.try_into().ok()?;
    let issued = uuid_time(u128::from_be_bytes(bytes))?;
    Some(TokenFacts { issued: Some(issued), ..TokenFacts::default() })
}

fn uuid_time(uuid: u128) -> Option<Moment> {
    /// From the start of the Gregorian calendar to 1970, in steps of 100 ns.
    const GREGORIAN: i64 = 0x01b2_1dd2_1381_4000;
    if uuid >> 62 & 0b11 != 0b10 {
        return None;
    }
    let high = (uuid >> 64) as u64;
    let low_12 = high & 0xfff;
    let ticks = match uuid >> 76 & 0xf {
        1 => low_12 << 48 | (high >> 16 & 0xffff) << 32 | high >> 32,
        6 => (high >> 32) << 28 | (high >> 16 & 0xffff) << 12 | low_12,
        7 => return plausible(i64::try_from((high >> 16) / 1000).ok()?),
        _ => return None,
    };
    plausible((i64::try_from(ticks).ok()? - GREGORIAN) / 10_000_000)
}

/// The date of a KSUID, which 27 characters of base 62 hold; what follows is not looked at.
pub fn ksuid(text: &[u8]) -> Option<Moment> {
    const EPOCH: i64 = 1_400_000_000;
    let digits = text.get(..27)?;
    // 160 bits, of which the upper 32 are seconds: base 62 to base 2³² with the carry kept small.
    let mut limbs = [0u32; 5];
    for &byte in digits {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        };
        let mut carry = u64::from(digit);
        for limb in limbs.iter_mut().rev() {
            carry += u64::from(*limb) * 62;
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            return None;
        }
    }
    plausible(i64::from(limbs[0]) + EPOCH)
}

/// The date of an `ObjectId` of 24 hexadecimal digits.
fn object_id(hex: &[u8]) -> Option<Moment> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(hex).ok().filter(|bytes| bytes.len() == 12)?;
    plausible(bytes[..4].iter().fold(0i64, |seconds, &byte| seconds << 8 | i64::from(byte)))
}

/// Postman's API keys: `PMAK-`, an `ObjectId`, `-`, the secret. Postman does not say so; what its
/// keys hold there counts up with the date, and is told only as the date it would be.
pub fn postman(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    let id = carrier.secret.strip_prefix(b"PMAK-")?.split(|&byte| byte == b'-').next()?;
    let mut facts = form("API key");
    facts.issued = object_id(id);
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<i64> {
        uuid(text.as_bytes())?.issued.map(Moment::seconds)
    }

    #[test]
    fn the_test_vectors_of_rfc_9562_give_their_date() {
        // Appendix A: 2022-02-22T19:22:22Z, the same moment in all three versions.
        for text in [
            "C232AB00-9414-11EC-B3C8-9F6BDECED846",
            "1EC9414C-232A-6B00-B3C8-9F6BDECED846",
            "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        ] {
            assert_eq!(seconds(text), Some(1_645_557_742), "{text}");
            assert_eq!(seconds(&format!("access-{text}")), Some(1_645_557_742));
        }
        assert_eq!(seconds("919108f7-52d1-4320-9bac-f847db4148a8"), None, "random");
    }

    #[test]
    fn a_ksuid_gives_its_date() {
        // The example of segmentio/ksuid: 2017-10-09 21:00:47 -0700.
        let token = ["0ujtsYcgvSTl8PAuAdqWYSMnLOv", "_x"].concat();
        assert_eq!(ksuid(token.as_bytes()).map(Moment::seconds), Some(1_507_608_047));
        assert_eq!(ksuid("z".repeat(27).as_bytes()), None, "more than 160 bits");
        assert_eq!(ksuid(b"short"), None);
    }

    #[test]
    fn an_object_id_gives_its_date() {
        // MongoDB's manual: ObjectId("507f1f77bcf86cd799439011") is of 2012-10-17T21:13:27Z.
        assert_eq!(object_id(b"507f1f77bcf86cd799439011").map(Moment::seconds), Some(1_350_508_407));
        assert_eq!(object_id(b"ffffffffbcf86cd799439011"), None);
    }
}
