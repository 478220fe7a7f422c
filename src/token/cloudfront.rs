//! Signed addresses and cookies of Amazon `CloudFront`, with a canned policy
//! (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html>)
//! or a custom one (`…-custom-policy.html` there), which is base64 JSON with `+=/` written as `-_~`.

use super::query::Query;
use super::text::shown;
use super::{Around, Carrier};
use crate::facts::{Expiry, TokenFacts};
use crate::moment::Moment;
use serde_json::Value;

/// Policies beyond this are not read.
const LONGEST: usize = 4096;

/// The facts of a signed address.
pub fn facts(_: &Carrier<'_>, around: Around<'_>) -> Option<TokenFacts> {
    of(&Query::round(around))
}

fn of(query: &Query) -> Option<TokenFacts> {
    let key = query.get("Key-Pair-Id")?;
    let mut facts = TokenFacts {
        form: Some("CloudFront signed URL".to_owned()),
        expires: query
            .raw("Expires")
            .and_then(|text| Moment::from_seconds(text.parse().ok()?))
            .map(Expiry::At),
        revocable: Some("by taking the public key out of the distribution's key group".to_owned()),
        ..TokenFacts::default()
    };
    facts.more.insert("key pair id".to_owned(), key);
    facts.more.extend(query.host.clone().map(|host| ("host".to_owned(), host)));
    if let Some(policy) = query.raw("Policy").and_then(policy) {
        let statement = &policy["Statement"][0];
        let condition = &statement["Condition"];
        let at = |name: &str| Moment::from_seconds(condition[name]["AWS:EpochTime"].as_i64()?);
        facts.expires = at("DateLessThan").map(Expiry::At);
        facts.not_before = at("DateGreaterThan");
        let more = [("resource", &statement["Resource"]), ("ip", &condition["IpAddress"]["AWS:SourceIp"])];
        for (name, value) in more {
            facts.more.extend(value.as_str().and_then(shown).map(|value| (name.to_owned(), value)));
        }
    }
    Some(facts)
}

fn policy(text: &str) -> Option<Value> {
    if text.len() > LONGEST {
        return None;
    }
    let base64: Vec<u8> = text
        .bytes()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'=',
            b'~' => b'/',
            byte => byte,
        })
        .collect();
    serde_json::from_slice(&super::encode::base64(&base64)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_policies_tell_their_end() {
        let canned =
            of(&Query::of("https://d1.cloudfront.net/a?Expires=1767290400&Signature=&Key-Pair-Id=K2"))
                .expect("facts");
        assert_eq!(canned.ends(), Moment::parse("2026-01-01T18:00:00Z").ok());
        let json = r#"{"Statement":[{"Resource":"https://d1.cloudfront.net/*","Condition":{"IpAddress":{"AWS:SourceIp":"192.0.2.0/24"},"DateGreaterThan":{"AWS:EpochTime":1296860176},"DateLessThan":{"AWS:EpochTime":1296860226}}}]}"#;
        let policy = data_encoding::BASE64
            .encode(json.as_bytes())
            .replace('+', "-")
            .replace('=', "_")
            .replace('/', "~");
        let custom =
            of(&Query::of(&format!("https://d1.cloudfront.net/a?Policy={policy}&Signature=&Key-Pair-Id=K2")))
                .expect("facts");
        assert_eq!(custom.ends().map(Moment::seconds), Some(1_296_860_226));
        assert_eq!(custom.not_before.map(Moment::seconds), Some(1_296_860_176));
        assert_eq!((custom.more["ip"].as_str(), custom.more["key pair id"].as_str()), ("192.0.2.0/24", "K2"));
    }
}
