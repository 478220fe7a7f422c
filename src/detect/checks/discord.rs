//! Discord bot tokens: base64 of the bot's id, a date, a signature, joined by dots. The id is a
//! snowflake: its upper 42 bits are milliseconds since the start of 2015 (Discord's reference).

use super::{Outcome, alone, encode};
use crate::token::snowflake;
use std::ops::Range;

/// No snowflake of this program's lifetime is younger than the end of 2049.
const LAST: i64 = 2_524_607_999;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |token| {
        let first = token.split(|&byte| byte == b'.').next().unwrap_or_default();
        let Some((id, made)) = encode::base64(first).and_then(|bytes| snowflake(&bytes)) else {
            return Outcome::refuted("the first part is no id");
        };
        if made.seconds() > LAST {
            return Outcome::refuted("the id inside was made in the far future");
        }
        let made = made.date();
        Outcome::proved("the bot's id decodes").with(format!("bot {id}")).with(format!("account made {made}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    fn token(id: &str) -> String {
        format!("{}.{}.{}", data_encoding::BASE64_NOPAD.encode(id.as_bytes()), "aB3dE5", "x".repeat(38))
    }

    #[test]
    fn the_id_and_its_date_are_noted() {
        // The sample of Discord's reference: made 2016-04-30 11:18:25.796 UTC.
        let token = token("175928847299117063");
        let outcome = judge(token.as_bytes(), 0..token.len());
        assert_eq!(outcome.verdict, Verdict::Proved("the bot's id decodes"));
        assert_eq!(outcome.notes, ["bot 175928847299117063", "account made 2016-04-30"]);
    }

    #[test]
    fn other_first_parts_are_refuted() {
        for id in ["hello", "0759288472991170", "99999999999999999999", "17592884729911706x"] {
            let token = token(id);
            assert!(matches!(judge(token.as_bytes(), 0..token.len()).verdict, Verdict::Refuted(_)), "{id}");
        }
    }
}
