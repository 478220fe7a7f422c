//! Presigned addresses of Amazon S3 and its like, of Signature Version 4
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>) and Version 2
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>), and of Google Cloud
//! Storage, V4 (<https://cloud.google.com/storage/docs/authentication/signatures>) and V2. The
//! signature is the secret; the parameters beside it tell the rest.

use super::query::Query;
use super::text::shown;
use super::{Around, Carrier, aws};
use crate::facts::{Expiry, TokenFacts};
use crate::moment::Moment;

/// The facts of a presigned address.
pub fn facts(_: &Carrier<'_>, around: Around<'_>) -> Option<TokenFacts> {
    of(&Query::round(around))
}

/// The facts of an address whose parameters are at hand.
pub fn of(query: &Query) -> Option<TokenFacts> {
    let mut facts = v4(query, "X-Amz").or_else(|| v4(query, "X-Goog")).or_else(|| v2(query))?;
    facts.more.extend(query.host.clone().map(|host| ("host".to_owned(), host)));
    Some(facts)
}

/// `KEY/20130524/us-east-1/s3/aws4_request`, a date and a number of seconds.
fn v4(query: &Query, vendor: &str) -> Option<TokenFacts> {
    let get = |name: &str| query.raw(&format!("{vendor}-{name}"));
    let credential = get("Credential")?;
    let mut scope = credential.rsplitn(5, '/');
    let (_terminator, service, region) = (scope.next()?, scope.next()?, scope.next()?);
    let (_day, key) = (scope.next()?, scope.next()?);
    let signed = get("Date").and_then(basic_time);
    let ends = signed.zip(get("Expires").and_then(|seconds| seconds.parse().ok()));
    let expires = ends.and_then(|(signed, seconds): (Moment, i64)| {
        Moment::from_seconds(signed.seconds().checked_add(seconds)?)
    });
    let is_google = vendor == "X-Goog";
    let mut facts = if is_google { of_google(key, "V4") } else { of_amazon(key, "Signature Version 4") };
    // S3 without a service in the scope is not possible, but others use the form too.
    if !is_google && service != "s3" {
        facts.form =
            shown(service).map(|service| format!("presigned request to {service} (Signature Version 4)"));
    }
    facts.issued = signed;
    facts.expires = expires.map(Expiry::At);
    if region != "auto" {
        facts.more.extend(shown(region).map(|region| ("region".to_owned(), region)));
    }
    if get("Security-Token").is_some() {
        facts.more.insert(
            "ends".to_owned(),
            "with the session of the temporary credentials that signed it, if that is earlier".to_owned(),
        );
    }
    Some(facts)
}

/// A key and a time in seconds since 1970.
fn v2(query: &Query) -> Option<TokenFacts> {
    let expires = query.raw("Expires").and_then(|text| Moment::from_seconds(text.parse().ok()?));
    let mut facts = match (query.raw("AWSAccessKeyId"), query.raw("GoogleAccessId")) {
        (Some(key), _) => of_amazon(key, "Signature Version 2"),
        (None, Some(mail)) => of_google(mail, "V2"),
        (None, None) => return None,
    };
    facts.expires = expires.map(Expiry::At);
    Some(facts)
}

fn of_amazon(key: &str, version: &str) -> TokenFacts {
    TokenFacts {
        form: Some(format!("S3 presigned URL ({version})")),
        revocable: Some(if key.starts_with("ASIA") {
            "by revoking the sessions of the role or user that signed it".to_owned()
        } else {
            "by deactivating the access key that signed it".to_owned()
        }),
        account: aws::account(key.as_bytes()).map(|account| format!("{account:012}")),
        ..TokenFacts::default()
    }
}

fn of_google(mail: &str, version: &str) -> TokenFacts {
    TokenFacts {
        form: Some(format!("Cloud Storage signed URL ({version})")),
        account: super::google::project_of(mail),
        // HMAC keys have an id in place of an address.
        subject: mail.contains('@').then(|| shown(mail)).flatten(),
        revocable: Some("by deleting the key of the service account that signed it".to_owned()),
        ..TokenFacts::default()
    }
}

/// ISO 8601's basic form, `20130524T000000Z`.
fn basic_time(text: &str) -> Option<Moment> {
    if text.len() != 16 || !text.is_ascii() {
        return None;
    }
    let (date, time) = text.split_once('T')?;
    let part = |text: &'_ str, at: usize, to: usize| text.get(at..to).map(str::to_owned);
    Moment::parse(&format!(
        "{}-{}-{}T{}:{}:{}",
        part(date, 0, 4)?,
        part(date, 4, 6)?,
        part(date, 6, 8)?,
        part(time, 0, 2)?,
        part(time, 2, 4)?,
        part(time, 4, 7)?
    ))
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(address: &str) -> TokenFacts {
        of(&Query::of(address)).expect("a presigned address")
    }

    #[test]
    fn version_four_counts_from_its_date() {
        // Date and lifetime of the example in Amazon's reference.
        let facts = facts(&format!(
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host",
            "AKIA".to_owned() + &"I".repeat(16)
        ));
        assert_eq!(facts.form.as_deref(), Some("S3 presigned URL (Signature Version 4)"));
        assert_eq!(facts.ends(), Moment::parse("2013-05-25").ok());
        assert_eq!(facts.lifetime_days(), Some(1));
        assert_eq!(
            (facts.more["region"].as_str(), facts.more["host"].as_str()),
            ("us-east-1", "examplebucket.s3.amazonaws.com")
        );
    }

    #[test]
    fn google_names_the_account_that_signed() {
        let four = facts(
            "https://storage.googleapis.com/b/o?X-Goog-Credential=ci%40acme.iam.gserviceaccount.com%2F20260101%2Fauto%2Fstorage%2Fgoog4_request&X-Goog-Date=20260101T120000Z&X-Goog-Expires=60",
        );
        assert_eq!(four.subject.as_deref(), Some("ci@acme.iam.gserviceaccount.com"));
        assert_eq!(
            (four.account.as_deref(), four.ends()),
            (Some("acme"), Moment::parse("2026-01-01T12:01:00Z").ok())
        );
        let two = facts(
            "https://storage.googleapis.com/b/o?GoogleAccessId=ci%40acme.iam.gserviceaccount.com&Expires=1700000000",
        );
        assert_eq!(two.form.as_deref(), Some("Cloud Storage signed URL (V2)"));
        assert_eq!(two.ends().map(Moment::seconds), Some(1_700_000_000));
    }

    #[test]
    fn what_lacks_a_key_tells_nothing() {
        assert_eq!(of(&Query::of("https://a.example/?Expires=1&Signature=x")), None);
        assert_eq!(basic_time("2013052\u{e9}T00000Z"), None);
        assert_eq!(basic_time("20130524T000000Z"), Moment::parse("2013-05-24").ok());
    }
}
