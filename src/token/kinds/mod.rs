//! What a token's prefix tells: its kind, whether it opens production or a test environment, and
//! what else stands in it in the clear: a data centre, a bot's number, an id.

mod table;

use super::text::shown_bytes;
use super::{Carrier, ids};
use crate::facts::{Environment, TokenFacts};
use crate::moment::Moment;
use table::TABLE;

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// How the ids of the rules begin that find it.
    pub rule: &'static str,
    /// How it begins.
    pub prefix: &'static str,
    /// What it is.
    pub form: &'static str,
    /// What it opens, if its prefix tells.
    pub environment: Option<Environment>,
}

/// The facts that a prefix tells, with those of the id that stands in the token.
pub fn facts(carrier: &Carrier<'_>) -> Option<TokenFacts> {
    let rule = carrier.rule;
    let known = TABLE
        .iter()
        .find(|kind| rule.starts_with(kind.rule) && carrier.secret.starts_with(kind.prefix.as_bytes()));
    let mut facts = known
        .map(|kind| TokenFacts {
            form: Some(kind.form.to_owned()),
            environment: kind.environment,
            ..TokenFacts::default()
        })
        .unwrap_or_default();
    beyond(carrier, &mut facts);
    facts.issued = facts.issued.or_else(|| ids::uuid(carrier.secret)?.issued);
    (!facts.is_empty()).then_some(facts)
}

/// What a provider's tokens tell beyond their prefix.
fn beyond(carrier: &Carrier<'_>, facts: &mut TokenFacts) {
    let secret = carrier.secret;
    let provider = carrier.rule.split('-').next().unwrap_or_default();
    let part = |name: &str| carrier.parts.iter().find(|(own, _)| *own == name).map(|(_, part)| *part);
    let until = |mark: u8| secret.split(|&byte| byte == mark).next().and_then(shown_bytes);
    let mut more = |name: &str, value: Option<String>| {
        facts.more.extend(value.map(|value| (name.to_owned(), value)));
    };
    match provider {
        // `pat` and 14 characters are the token's id, which the settings page shows.
        "airtable" if secret.starts_with(b"pat") => more("token id", until(b'.')),
        // `dp.st.CONFIG.…` names the environment's configuration.
        "doppler" if secret.starts_with(b"dp.st.") => {
            let mut parts = secret.split(|&byte| byte == b'.').skip(2);
            let config = parts.next().filter(|_| parts.next().is_some()).and_then(shown_bytes);
            facts.environment = config.as_deref().and_then(|config| match config {
                "prd" | "prod" | "production" => Some(Environment::Live),
                "dev" | "stg" | "staging" | "test" => Some(Environment::Test),
                _ => None,
            });
            facts.more.extend(config.map(|config| ("config".to_owned(), config)));
        }
        // The token's public half, by which it is listed.
        "dynatrace" => {
            let id = secret.iter().rposition(|&byte| byte == b'.').map(|end| &secret[..end]);
            more("token id", id.and_then(shown_bytes));
        }
        "hashicorp" if secret.starts_with(b"hvb.") || secret.starts_with(b"b.") => {
            facts.revocable = Some("not by itself: with its parent token, or when it expires".to_owned());
        }
        "hashicorp" if memchr::memmem::find(secret, b".atlasv1.").is_some() => {
            facts.form = Some("user, team or organization API token".to_owned());
        }
        // `pat-eu1-…` names the region of the data centre.
        "hubspot" if secret.starts_with(b"pat-") => {
            more("region", secret[4..].split(|&byte| byte == b'-').next().and_then(shown_bytes));
        }
        "mailchimp" => {
            let at = secret.iter().rposition(|&byte| byte == b'-').map_or(secret.len(), |at| at + 1);
            facts.form = Some("API key".to_owned());
            facts.more.extend(shown_bytes(&secret[at..]).map(|name| ("data centre".to_owned(), name)));
        }
        "mapbox" => mapbox(secret, facts),
        "ngrok" => facts.issued = ids::ksuid(secret),
        "razorpay" => {
            if let Some(id) = part("key id") {
                facts.form = Some("key secret".to_owned());
                facts.environment = match id.get(..9) {
                    Some(b"rzp_live_") => Some(Environment::Live),
                    Some(b"rzp_test_") => Some(Environment::Test),
                    _ => None,
                };
            }
        }
        "shopify" => facts.account = part("shop").and_then(shown_bytes),
        "snipcart" => facts.issued = snipcart(secret),
        "tailscale" if secret.starts_with(b"tskey-") => {
            more("key id", secret.split(|&byte| byte == b'-').nth(2).and_then(shown_bytes));
        }
        // `12345678:AA…`: the number of the bot's account.
        "telegram" => {
            facts.form = Some("bot token".to_owned());
            facts.subject = until(b':').map(|id| format!("bot {id}"));
        }
        "twilio" => {
            facts.account = match carrier.rule {
                "twilio-account-sid" => shown_bytes(secret),
                _ => part("account SID").and_then(shown_bytes),
            };
            if carrier.rule == "twilio-auth-token" {
                facts.form = Some("auth token of the account".to_owned());
            }
        }
        "upstash" if secret.starts_with(b"eyJ") => {
            facts.form = Some("QStash token".to_owned());
            facts.account =
                super::json::object(secret).and_then(|object| super::json::text(&object, "UserID"));
        }
        _ => {}
    }
}

/// Snipcart: base64 of a UUID and of a time in steps of 100 ns since the year 1, as .NET counts.
fn snipcart(secret: &[u8]) -> Option<Moment> {
    const DIGITS: usize = 18;
    const FROM_YEAR_1: i64 = 62_135_596_800;
    let at = memchr::memchr(b'_', secret)?;
    let bytes = super::encode::base64(&secret[at + 1..])?;
    let digits = bytes.get(bytes.len().checked_sub(DIGITS)?..)?;
    let ticks: i64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    ids::plausible(ticks / 10_000_000 - FROM_YEAR_1)
}

/// Mapbox: `sk.`, base64 JSON with the user (`u`) and the token's id (`a`), `.`, signature
/// (<https://docs.mapbox.com/api/accounts/tokens/#token-format>).
fn mapbox(secret: &[u8], facts: &mut TokenFacts) {
    let mut parts = secret.split(|&byte| byte == b'.');
    facts.form = match parts.next() {
        Some(b"sk") => Some("secret access token".to_owned()),
        Some(b"pk") => Some("public access token".to_owned()),
        Some(b"tk") => Some("temporary access token".to_owned()),
        _ => return,
    };
    if let Some(object) = parts.next().and_then(super::json::object) {
        facts.account = super::json::text(&object, "u");
        let expires = object.get("exp").and_then(super::json::moment);
        facts.expires = expires.map(crate::facts::Expiry::At);
        facts.more.extend(super::json::text(&object, "a").map(|id| ("token id".to_owned(), id)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rule: &str, secret: &str, parts: &[(&str, &[u8])]) -> TokenFacts {
        facts(&Carrier { rule, secret: secret.as_bytes(), parts }).expect("facts")
    }

    #[test]
    fn a_prefix_counts_only_for_its_provider() {
        let secret = format!("{}_{}", "sk_test", "a1B2".repeat(6));
        let stripe = of("stripe-test-secret-key", &secret, &[]);
        assert_eq!(
            (stripe.form.as_deref(), stripe.environment),
            (Some("secret key"), Some(Environment::Test))
        );
        assert_eq!(facts(&Carrier { rule: "generic-secret", secret: secret.as_bytes(), parts: &[] }), None);
    }

    #[test]
    fn no_row_is_hidden_by_an_earlier_one() {
        for (at, later) in TABLE.iter().enumerate() {
            for earlier in &TABLE[..at] {
                assert!(
                    !(later.rule.starts_with(earlier.rule) && later.prefix.starts_with(earlier.prefix)),
                    "{later:?} can never speak"
                );
            }
        }
    }

    #[test]
    fn ids_in_the_clear_are_told() {
        let body = "a1B2".repeat(10);
        assert_eq!(
            of("mailchimp-api-key", &format!("{}-us12", "0a".repeat(16)), &[]).more["data centre"],
            "us12"
        );
        assert_eq!(
            of("telegram-bot-token", &format!("123456789:AA{body}"), &[]).subject.as_deref(),
            Some("bot 123456789")
        );
        let doppler = of("doppler-token", &format!("dp.st.prd.{body}"), &[]);
        assert_eq!((doppler.environment, doppler.more["config"].as_str()), (Some(Environment::Live), "prd"));
        assert!(of("doppler-token", &format!("dp.st.{body}"), &[]).more.is_empty(), "not the secret itself");
        assert_eq!(of("hubspot-private-app-token", "pat-eu1-x", &[]).more["region"], "eu1");
        let sid = format!("AC{}", "0f".repeat(16));
        assert_eq!(of("twilio-auth-token", &body, &[("account SID", sid.as_bytes())]).account, Some(sid));
        let key = of("razorpay-key-secret", &body, &[("key id", b"rzp_test_x")]);
        assert_eq!(key.environment, Some(Environment::Test));
        let inside = format!("{}{}", "00000000-0000-4000-8000-000000000000", 638_396_640_000_000_000_i64);
        let snipcart = format!("S_{}", data_encoding::BASE64_NOPAD.encode(inside.as_bytes()));
        // 1 January 2024, by .NET's `new DateTime(2024, 1, 1).Ticks`.
        assert_eq!(of("snipcart-secret-key", &snipcart, &[]).issued, Moment::parse("2024-01-01").ok());
        let mapbox =
            format!("sk.{}.{body}", data_encoding::BASE64URL_NOPAD.encode(br#"{"u":"ada","a":"ck1"}"#));
        assert_eq!(of("mapbox-secret-token", &mapbox, &[]).account.as_deref(), Some("ada"));
    }
}
