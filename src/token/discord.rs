//! Discord's bot tokens: base64 of the bot's id, a date, a signature, joined by dots. The id is a
//! snowflake (<https://discord.com/developers/docs/reference#snowflakes>): its upper 42 bits are
//! milliseconds since the start of 2015. The date counts seconds from 1 January 2011 in the older
//! tokens, and from 1970 in some (discord.py's documentation, "Tokens"); what it gives is told only
//! if the bot was there by then.

use super::text::shown_bytes;
use super::{Around, Carrier, encode, form};
use crate::facts::{Expiry, TokenFacts};
use crate::moment::Moment;

/// The start of 2015 in milliseconds.
const EPOCH_MS: u64 = 1_420_070_400_000;
/// The start of 2011.
const TOKEN_EPOCH: i64 = 1_293_840_000;
/// No token of this program's lifetime is younger than the end of 2049.
const LAST: i64 = 2_524_607_999;

/// An id from its digits, with the moment that it was made; `None` if it is none.
pub fn snowflake(digits: &[u8]) -> Option<(u64, Moment)> {
    if !(17..=20).contains(&digits.len()) || digits[0] == b'0' || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let id: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let seconds = i64::try_from((EPOCH_MS + (id >> 22)) / 1000).ok()?;
    Some((id, Moment::from_seconds(seconds)?))
}

/// The facts of a bot token or a webhook.
pub fn facts(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    let secret = carrier.secret;
    if let Some(at) = memchr::memmem::find(secret, b"webhooks/") {
        let digits = secret[at + 9..].split(|&byte| byte == b'/').next()?;
        let (_, made) = snowflake(digits)?;
        let mut facts = form("webhook");
        facts.subject = shown_bytes(digits).map(|id| format!("webhook {id}"));
        facts.issued = Some(made);
        facts.expires = Some(Expiry::Never);
        return Some(facts);
    }
    let mut parts = secret.split(|&byte| byte == b'.');
    let (id, made) = snowflake(&encode::base64(parts.next()?)?)?;
    let mut facts = form("bot token");
    facts.subject = Some(format!("bot {id}"));
    facts.issued = parts.next().and_then(|date| issued(date, made));
    facts.expires = Some(Expiry::Never);
    facts.more.insert("bot made".to_owned(), made.to_string());
    Some(facts)
}

/// The token's own date, if it is one: not before its bot was made.
fn issued(date: &[u8], made: Moment) -> Option<Moment> {
    let bytes = encode::base64(date).filter(|bytes| bytes.len() == 4)?;
    let seconds = bytes.iter().fold(0i64, |number, &byte| number << 8 | i64::from(byte));
    [seconds, seconds + TOKEN_EPOCH]
        .into_iter()
        .find(|&seconds| seconds >= made.seconds() && seconds <= LAST)
        .and_then(Moment::from_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(secret: &str) -> Option<TokenFacts> {
        facts(
            &Carrier { rule: "discord-bot-token", secret: secret.as_bytes(), parts: &[] },
            Around::default(),
        )
    }

    fn token(date: u32) -> String {
        // The id in Discord's reference, made 2016-04-30 11:18:25.796 UTC.
        let id = data_encoding::BASE64_NOPAD.encode(b"175928847299117063");
        let date = data_encoding::BASE64URL_NOPAD.encode(&date.to_be_bytes());
        format!("{id}.{date}.{}", "x".repeat(38))
    }

    #[test]
    fn the_bot_and_both_dates_are_told() {
        let facts = of(&token(1_700_000_000)).expect("facts");
        assert_eq!(facts.subject.as_deref(), Some("bot 175928847299117063"));
        assert_eq!(facts.more["bot made"], "2016-04-30T11:18:25Z");
        assert_eq!(facts.issued.map(Moment::seconds), Some(1_700_000_000));
        let old = of(&token(300_000_000)).expect("facts");
        assert_eq!(old.issued.map(Moment::seconds), Some(1_593_840_000));
        assert_eq!(of(&token(1)).and_then(|facts| facts.issued), None);
    }

    #[test]
    fn what_is_no_id_tells_nothing() {
        assert_eq!(of("abc.def.ghi"), None);
        assert_eq!(snowflake(b"99999999999999999999"), None);
    }
}
