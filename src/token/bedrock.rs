//! API keys of Amazon Bedrock
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html>): a short-term key is a
//! presigned request (`presigned`) in base64, a long-term one base64 of the name of a user that
//! AWS made, which ends with the account, and a secret.

use super::query::Query;
use super::text::shown_bytes;
use super::{Around, Carrier, encode, form, presigned};
use crate::facts::TokenFacts;

/// The facts of either key.
pub fn facts(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    if let Some(body) = carrier.secret.strip_prefix(b"bedrock-api-key-") {
        return short_term(body);
    }
    let bytes = encode::base64(carrier.secret.strip_prefix(b"ABSK")?)?;
    // What follows the colon is the secret.
    let name = bytes.split(|&byte| byte == b':').next()?;
    let mut facts = form("long-term Bedrock API key");
    let at = memchr::memmem::rfind(name, b"-at-")?;
    let account = &name[at + 4..];
    if account.len() != 12 || !account.iter().all(u8::is_ascii_digit) {
        return Some(facts);
    }
    facts.account = shown_bytes(account);
    facts.subject = shown_bytes(name);
    Some(facts)
}

fn short_term(body: &[u8]) -> Option<TokenFacts> {
    let bytes = encode::base64(body)?;
    let mut facts =
        std::str::from_utf8(&bytes).ok().and_then(|text| presigned::of(&Query::of(text))).unwrap_or_default();
    facts.form = Some("short-term Bedrock API key".to_owned());
    facts.more.remove("host");
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Moment;

    fn of(secret: &str) -> TokenFacts {
        let carrier = Carrier { rule: "aws-bedrock-api-key", secret: secret.as_bytes(), parts: &[] };
        facts(&carrier, Around::default()).expect("facts")
    }

    #[test]
    fn a_short_term_key_is_a_presigned_request() {
        let request = "bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x%2F20260101%2Feu-west-1%2Fbedrock%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=43200&X-Amz-Signature=00&Version=1";
        let facts = of(&format!("bedrock-api-key-{}", data_encoding::BASE64.encode(request.as_bytes())));
        assert_eq!(facts.form.as_deref(), Some("short-term Bedrock API key"));
        assert_eq!(facts.ends(), Moment::parse("2026-01-01T12:00:00Z").ok());
        assert_eq!(facts.more["region"], "eu-west-1");
    }

    #[test]
    fn a_long_term_key_names_its_user_and_no_secret() {
        let inside = format!("BedrockAPIKey-ab12-at-{}:{}", "123456789012", "c2VjcmV0".repeat(6));
        let facts = of(&format!("ABSK{}", data_encoding::BASE64.encode(inside.as_bytes())));
        assert_eq!(facts.account.as_deref(), Some("123456789012"));
        assert_eq!(facts.subject.as_deref(), Some("BedrockAPIKey-ab12-at-123456789012"));
        assert!(!format!("{facts:?}").contains("c2Vj"));
    }
}
