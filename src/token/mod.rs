//! What a token's own bytes tell: its kind, account, scopes, issue and expiry dates. One file a
//! format, each a pure function; nothing is asked of anybody and no signature is checked. What each
//! format tells, and where that is written, is in `docs/token-facts.md`.

mod aws;
mod azure;
mod azure_sas;
mod bedrock;
mod cloudfront;
mod discord;
pub mod encode;
mod github;
mod gitlab;
mod google;
mod grafana;
mod ids;
mod json;
mod jwt;
pub mod key;
mod kinds;
mod macaroon;
mod onepassword;
mod presigned;
mod query;
mod sentry;
mod slack;
mod text;

use crate::facts::TokenFacts;

pub use aws::account as aws_account;
pub use discord::snowflake;

/// What is known of a secret before its bytes are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Carrier<'a> {
    /// The id of the rule that found it, which begins with the provider's: `github-pat-classic`.
    pub rule: &'a str,
    /// The secret's bytes.
    pub secret: &'a [u8],
    /// What was found beside it, by its name: `access key id`.
    pub parts: &'a [(&'a str, &'a [u8])],
}

/// The text round a secret. A signature is the secret of a signed address, and the rest of the
/// address tells what it opens and until when.
#[derive(Debug, Clone, Copy, Default)]
pub struct Around<'a> {
    /// What stands before it.
    pub before: &'a [u8],
    /// What stands after it.
    pub after: &'a [u8],
}

impl<'a> Around<'a> {
    /// What stands round a stretch of a text, as far as it may matter.
    pub fn of(text: &'a [u8], span: &std::ops::Range<usize>) -> Self {
        /// As much as the checks look at (`detect::checks`), so that it makes no difference where a
        /// long file is cut.
        const BEHIND: usize = 4 << 10;
        const AHEAD: usize = 32 << 10;
        let before = text.get(..span.start).unwrap_or_default();
        let after = text.get(span.end..).unwrap_or_default();
        Self {
            before: &before[before.len().saturating_sub(BEHIND)..],
            after: &after[..after.len().min(AHEAD)],
        }
    }
}

/// Longer secrets are not looked into, but for armoured keys.
const LONGEST: usize = 64 << 10;

/// Reads one form; `None` if the bytes are not of it.
type Decoder = fn(&Carrier<'_>, Around<'_>) -> Option<TokenFacts>;

/// Which decoder reads what a rule finds, by the start of the rule's id. The first that tells
/// something speaks.
const BY_RULE: &[(&str, Decoder)] = &[
    ("1password-", onepassword::facts),
    ("aws-access-key-id", aws::key_id),
    ("aws-secret-", aws::secret_key),
    ("aws-session-token", aws::session_token),
    ("aws-bedrock-", bedrock::facts),
    ("aws-presigned-url", presigned::facts),
    ("aws-cloudfront-", cloudfront::facts),
    ("azure-sas", azure_sas::facts),
    ("azure-", azure::facts),
    ("discord-", discord::facts),
    ("fly-io-macaroon", macaroon::fly_io),
    ("gcp-gemini-key", google::facts),
    ("gcp-signed-url", presigned::facts),
    ("gcp-service-account-key", google::service_account),
    ("github-", github::facts),
    ("gitlab-", gitlab::facts),
    ("google-", google::facts),
    ("grafana-", grafana::facts),
    ("kubernetes-kubeconfig-client-key", key::facts),
    ("postman-", ids::postman),
    ("private-key-putty", key::putty),
    ("pypi-", macaroon::pypi),
    ("sentry-", sentry::facts),
    ("slack-", slack::facts),
];

/// Reads what a token tells of itself.
pub fn facts(carrier: &Carrier<'_>) -> TokenFacts {
    facts_in(carrier, Around::default())
}

/// Reads what a token tells of itself, and what the text round it tells of it.
pub fn facts_in(carrier: &Carrier<'_>, around: Around<'_>) -> TokenFacts {
    if carrier.secret.len() > LONGEST {
        return key::facts(carrier, around).unwrap_or_default();
    }
    BY_RULE
        .iter()
        .filter(|(start, _)| carrier.rule.starts_with(start))
        .find_map(|(_, decoder)| decoder(carrier, around))
        .or_else(|| by_bytes(carrier, around))
        .unwrap_or_default()
}

/// What is known by its first bytes, whatever rule found it.
fn by_bytes(carrier: &Carrier<'_>, around: Around<'_>) -> Option<TokenFacts> {
    let secret = carrier.secret;
    match secret {
        [b'-', b'-', b'-', ..] | [b'L', b'S', b'0', b't', ..] => key::facts(carrier, around),
        [b'e', ..] => jwt::facts(secret),
        // Macaroons begin with the length of their first packet, or with version 2 and a field.
        [b'M', b'D', b'A', ..] | [b'A', b'g', b'E' | b'I', ..] => macaroon::facts(secret),
        _ => None,
    }
    .or_else(|| kinds::facts(carrier))
    .or_else(|| ids::uuid(secret))
}

/// Facts that tell no more than what a token is.
fn form(form: impl Into<String>) -> TokenFacts {
    TokenFacts { form: Some(form.into()), ..TokenFacts::default() }
}

#[cfg(test)]
mod tests;
