//! Sentry's tokens: the kind by its prefix and the JSON inside those of organisations
//! (Sentry, RFC 0091 "CI upload tokens", <https://github.com/getsentry/rfcs/blob/main/text/0091-ci-upload-tokens.md>).

use super::json::{moment, object, text};
use super::{Around, Carrier, form};
use crate::facts::{Expiry, TokenFacts};

/// The facts of a token of Sentry.
pub fn facts(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    let body = match carrier.secret {
        [b's', b'n', b't', b'r', b'y', b'u', b'_', ..] => return Some(form("user auth token")),
        [b's', b'n', b't', b'r', b'y', b'i', b'_', ..] => return Some(form("integration token")),
        [b's', b'n', b't', b'r', b'y', b'a', b'_', ..] => return Some(form("app token")),
        [b's', b'n', b't', b'r', b'y', b's', b'_', body @ ..] => body,
        _ => return None,
    };
    let object = object(&body[..memchr::memrchr(b'_', body)?])?;
    let mut facts = form("organization auth token");
    facts.account = text(&object, "org");
    facts.issuer = text(&object, "url");
    facts.issued = object.get("iat").and_then(moment);
    facts.expires = Some(Expiry::Never);
    facts.more.extend(text(&object, "region_url").map(|region| ("region".to_owned(), region)));
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_inside_is_read() {
        let json = r#"{"iat":1700000000.5,"url":"https://sentry.io","region_url":"https://us.sentry.io","org":"acme"}"#;
        let token =
            format!("{}_{}_{}", "sntrys", data_encoding::BASE64.encode(json.as_bytes()), "aB3".repeat(14));
        let carrier = Carrier { rule: "sentry-organization-token", secret: token.as_bytes(), parts: &[] };
        let facts = facts(&carrier, Around::default()).expect("facts");
        assert_eq!(
            (facts.account.as_deref(), facts.issuer.as_deref()),
            (Some("acme"), Some("https://sentry.io"))
        );
        assert_eq!(facts.issued.map(crate::moment::Moment::seconds), Some(1_700_000_000));
        assert_eq!(facts.more["region"], "https://us.sentry.io");
    }
}
