//! AWS access key ids, and the secret keys that stand beside them. The prefixes are those of "IAM
//! identifiers"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>).
//! In ids made since 2019 the first 40 bits after the top one are the number of the account (found
//! by several researchers and confirmed by `aws sts get-access-key-info`, which answers the same).

#![allow(clippy::unnecessary_wraps, reason = "all decoders have the same signature")]

use super::{Around, Carrier, form};
use crate::facts::{Expiry, TokenFacts};

const TEMPORARY: &str = "at the end of its session, at most 36 hours after it was issued";

/// The number of the account in an access key id.
pub fn account(id: &[u8]) -> Option<u64> {
    let tail = id.get(4..).filter(|tail| tail.len() == 16)?;
    let bytes = data_encoding::BASE32.decode(tail).ok()?;
    let top = bytes.first_chunk::<6>()?.iter().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    let account = top >> 7 & 0xff_ffff_ffff;
    // Ids of the old form have the top bit clear, and no account has more than 12 digits.
    (top >> 47 == 1 && account < 1_000_000_000_000).then_some(account)
}

/// What an access key id tells, with `what` for its secret or itself.
pub fn of_id(id: &[u8], what: &str) -> TokenFacts {
    let (sort, expires, ends) = match id.first_chunk::<4>() {
        Some(b"AKIA") => ("long-term ", Some(Expiry::Never), None),
        Some(b"ASIA") => ("temporary ", None, Some(TEMPORARY)),
        Some(b"ABIA") => ("service bearer token ", None, None),
        Some(b"ACCA") => ("context-specific ", None, None),
        _ => ("", None, None),
    };
    let mut facts = form(format!("{sort}{what}"));
    facts.account = account(id).map(|account| format!("{account:012}"));
    facts.expires = expires;
    if ends.is_some() {
        facts.revocable = Some("by revoking the sessions of its role or user".to_owned());
    }
    facts.more.extend(ends.map(|ends| ("ends".to_owned(), ends.to_owned())));
    facts
}

/// The facts of an access key id.
pub fn key_id(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    Some(of_id(carrier.secret, "access key id"))
}

/// The facts of a secret access key: those of the id beside it.
pub fn secret_key(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    let id = carrier.parts.iter().find(|(name, _)| *name == "access key id");
    Some(match id {
        Some((_, id)) => of_id(id, "secret access key"),
        None => form("secret access key"),
    })
}

/// The facts of a session token.
pub fn session_token(_: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    let mut facts = form("temporary session token");
    facts.revocable = Some("by revoking the sessions of its role or user".to_owned());
    facts.more.insert("ends".to_owned(), TEMPORARY.to_owned());
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key id with an account inside.
    fn id(prefix: &str, account: u64) -> String {
        let top = 1 << 47 | account << 7 | 5;
        let mut bytes = u64::to_be_bytes(top << 16)[..6].to_vec();
        bytes.extend([9, 8, 7, 6]);
        format!("{prefix}{}", data_encoding::BASE32.encode(&bytes))
    }

    #[test]
    fn the_account_and_the_sort_are_told() {
        let id = id("AKIA", 12_345_678_901);
        let parts: &[(&str, &[u8])] = &[("access key id", id.as_bytes())];
        let carrier = Carrier { rule: "aws-secret-access-key", secret: &[b'x'; 40], parts };
        let facts = secret_key(&carrier, Around::default()).expect("facts");
        assert_eq!(facts.form.as_deref(), Some("long-term secret access key"));
        assert_eq!(facts.account.as_deref(), Some("012345678901"));
        assert_eq!(facts.expires, Some(Expiry::Never));
    }

    #[test]
    fn a_temporary_id_ends_by_itself() {
        let facts = of_id(id("ASIA", 999_999_999_999).as_bytes(), "access key id");
        assert_eq!(facts.form.as_deref(), Some("temporary access key id"));
        assert_eq!((facts.account.as_deref(), facts.expires), (Some("999999999999"), None));
        assert!(facts.more["ends"].contains("36 hours"));
    }

    #[test]
    fn old_ids_tell_no_account() {
        assert_eq!(account(format!("AKIAI{}", "ABCDE".repeat(3)).as_bytes()), None);
        assert_eq!(account(b"AKIA"), None);
    }
}
