//! Macaroons: packets of version 1 and fields of version 2 (libmacaroons,
//! <https://github.com/rescrv/libmacaroons/blob/master/doc/format.txt>), with the caveats of `PyPI`
//! (<https://github.com/pypi/warehouse>, `warehouse/macaroons/caveats`) and the usual ones about
//! time. The signature, which is the secret, is not kept.

#![allow(clippy::unnecessary_wraps, reason = "all decoders have the same signature")]

use super::encode;
use super::json::moment;
use super::text::{shown, shown_bytes};
use super::{Around, Carrier, form};
use crate::facts::{Expiry, TokenFacts};
use crate::moment::Moment;
use serde_json::Value;

/// How many caveats are read.
const MOST: usize = 32;

/// What a macaroon says.
#[derive(Debug, Default)]
struct Macaroon<'a> {
    version: u8,
    location: &'a [u8],
    identifier: &'a [u8],
    /// Conditions, and whether somebody else has to confirm them.
    caveats: Vec<(&'a [u8], bool)>,
}

/// The facts of a macaroon in base64.
pub fn facts(secret: &[u8]) -> Option<TokenFacts> {
    let bytes = encode::base64(secret)?;
    let macaroon = read(&bytes)?;
    let mut facts = form(format!("macaroon (version {})", macaroon.version));
    facts.issuer = shown_bytes(macaroon.location);
    let id = shown_bytes(macaroon.identifier)
        .filter(|_| macaroon.identifier.iter().all(|byte| (b' '..=b'~').contains(byte)));
    facts.more.extend(id.map(|id| ("identifier".to_owned(), id)));
    let mut others = Vec::new();
    let mut is_open = true;
    for (caveat, by_other) in macaroon.caveats.iter().take(MOST) {
        if *by_other {
            // Its condition is encrypted for the one who confirms it.
            is_open = false;
        } else if !pypi_caveat(caveat, &mut facts) && !time_caveat(caveat, &mut facts) {
            others.extend(shown_bytes(caveat));
        }
    }
    if !others.is_empty() {
        facts.more.insert("caveats".to_owned(), others.join("; "));
    }
    if !is_open {
        facts.more.insert("third party".to_owned(), "has to confirm a caveat".to_owned());
    }
    if facts.expires.is_none() && is_open && others.is_empty() && macaroon.caveats.len() <= MOST {
        facts.expires = Some(Expiry::Never);
    }
    Some(facts)
}

/// The facts of `PyPI`'s upload tokens.
pub fn pypi(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    let mut facts = facts(carrier.secret.strip_prefix(b"pypi-")?)?;
    facts.form = Some("API token".to_owned());
    if facts.issuer.as_deref() == Some("test.pypi.org") {
        facts.environment = Some(crate::facts::Environment::Test);
    } else if facts.issuer.as_deref() == Some("pypi.org") {
        facts.environment = Some(crate::facts::Environment::Live);
    }
    Some(facts)
}

/// Fly.io's macaroons are `MessagePack` of a form of their own; the prefix tells the sort
/// (<https://github.com/superfly/macaroon>).
pub fn fly_io(_: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    Some(form("macaroon of Fly.io"))
}

fn read(bytes: &[u8]) -> Option<Macaroon<'_>> {
    match bytes {
        [2, rest @ ..] => version_2(rest),
        [b'0'..=b'9' | b'a'..=b'f', ..] => version_1(bytes),
        _ => None,
    }
}

/// Packets: four hexadecimal digits of length, a name, a space, the value, a line feed.
fn version_1(mut bytes: &[u8]) -> Option<Macaroon<'_>> {
    let mut macaroon = Macaroon { version: 1, ..Macaroon::default() };
    let mut is_signed = false;
    while let Some(length) = bytes.get(..4) {
        let length = usize::from_str_radix(std::str::from_utf8(length).ok()?, 16).ok()?;
        let packet = bytes.get(4..length)?;
        bytes = &bytes[length..];
        let (name, value) = packet.strip_suffix(b"\n")?.split_at(memchr::memchr(b' ', packet)?);
        let value = value.get(1..)?;
        match name {
            b"location" => macaroon.location = value,
            b"identifier" => macaroon.identifier = value,
            b"cid" if macaroon.caveats.len() <= MOST => macaroon.caveats.push((value, false)),
            b"vid" => macaroon.caveats.last_mut()?.1 = true,
            b"signature" => is_signed = true,
            _ => {}
        }
    }
    (is_signed && !macaroon.identifier.is_empty()).then_some(macaroon)
}

/// Fields: a type and a length as varints, the content; sections end with a zero.
fn version_2(mut bytes: &[u8]) -> Option<Macaroon<'_>> {
    const END: u64 = 0;
    const LOCATION: u64 = 1;
    const IDENTIFIER: u64 = 2;
    const VERIFICATION: u64 = 4;
    const SIGNATURE: u64 = 6;
    let mut macaroon = Macaroon { version: 2, ..Macaroon::default() };
    let mut is_head = true;
    while !bytes.is_empty() {
        let field = varint(&mut bytes)?;
        if field == END {
            is_head = false;
            continue;
        }
        let length = usize::try_from(varint(&mut bytes)?).ok()?;
        let (content, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        match field {
            LOCATION if is_head => macaroon.location = content,
            IDENTIFIER if is_head => macaroon.identifier = content,
            IDENTIFIER if macaroon.caveats.len() <= MOST => macaroon.caveats.push((content, false)),
            VERIFICATION => macaroon.caveats.last_mut()?.1 = true,
            SIGNATURE => return (!macaroon.identifier.is_empty()).then_some(macaroon),
            _ => {}
        }
    }
    None
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..63).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn narrow(facts: &mut TokenFacts, from: Option<Moment>, until: Option<Moment>) {
    // All caveats have to hold, so the narrowest do.
    facts.not_before = facts.not_before.max(from);
    if let Some(until) = until {
        facts.expires = Some(Expiry::At(facts.ends().map_or(until, |known| known.min(until))));
    }
}

/// A caveat of `PyPI`, as a list with a number first or in one of the forms before it; whether it is
/// one.
fn pypi_caveat(caveat: &[u8], facts: &mut TokenFacts) -> bool {
    let Ok(caveat) = serde_json::from_slice::<Value>(caveat) else { return false };
    let scopes = |kind: &str, names: &Value| -> Vec<String> {
        let names = names.as_array().map(Vec::as_slice).unwrap_or_default();
        names
            .iter()
            .take(MOST)
            .filter_map(|name| Some(format!("{kind}:{}", shown(name.as_str()?)?)))
            .collect()
    };
    match &caveat {
        Value::Array(fields) => {
            match (fields.first().and_then(Value::as_u64), &fields[fields.len().min(1)..]) {
                (Some(0), [until, from]) => narrow(facts, moment(from), moment(until)),
                (Some(1), [names]) => facts.scopes.extend(scopes("project", names)),
                (Some(2), [ids]) => facts.scopes.extend(scopes("project-id", ids)),
                (Some(3), [user]) => {
                    facts.subject = user.as_str().and_then(shown).map(|id| format!("user {id}"));
                }
                (Some(4), [publisher, ..]) => {
                    facts.subject = publisher.as_str().and_then(shown).map(|id| format!("publisher {id}"));
                }
                _ => return false,
            }
        }
        Value::Object(fields) => {
            if let (Some(until), Some(from)) = (fields.get("exp"), fields.get("nbf")) {
                narrow(facts, moment(from), moment(until));
            } else if let Some(ids) = fields.get("project_ids") {
                facts.scopes.extend(scopes("project-id", ids));
            } else {
                match fields.get("permissions") {
                    Some(Value::String(_)) => facts.scopes.push("user".to_owned()),
                    Some(Value::Object(own)) if own.contains_key("projects") => {
                        facts.scopes.extend(scopes("project", &own["projects"]));
                    }
                    _ => return false,
                }
            }
        }
        _ => return false,
    }
    true
}

/// `time < 2026-01-01T00:00Z` as libmacaroons' manual has it, and `time-before …` of the bakery;
/// whether it is one.
fn time_caveat(caveat: &[u8], facts: &mut TokenFacts) -> bool {
    let Ok(text) = std::str::from_utf8(caveat) else { return false };
    let Some((name, value)) = text.trim().split_once([' ', '=', '<']) else { return false };
    let value = value.trim_start_matches([' ', '=', '<', ':']).trim();
    if !matches!(
        name,
        "time" | "time-before" | "expires" | "expiry" | "expiration" | "before" | "valid_until"
    ) || text.contains('>')
    {
        return false;
    }
    let at = match value.parse::<i64>() {
        Ok(_) => moment(&Value::from(value)),
        Err(_) => time(value),
    };
    if at.is_some() {
        narrow(facts, None, at);
    }
    at.is_some()
}

/// A time that may lack its seconds or its zone, which then is UTC.
fn time(text: &str) -> Option<Moment> {
    let text = text.replace(' ', "T");
    let whole = [text.clone(), format!("{text}Z"), format!("{}:00Z", text.trim_end_matches('Z'))];
    whole.iter().find_map(|text| Moment::parse(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A macaroon of version 2 with these caveats.
    fn version_two(location: &str, caveats: &[&str]) -> String {
        let mut bytes = vec![2];
        let mut field = |kind: u8, content: &[u8]| {
            bytes.extend([kind, content.len() as u8]);
            bytes.extend(content);
        };
        field(1, location.as_bytes());
        field(2, b"id-1");
        bytes.push(0);
        for caveat in caveats {
            bytes.extend([2, caveat.len() as u8]);
            bytes.extend(caveat.as_bytes());
            bytes.push(0);
        }
        bytes.push(0);
        bytes.extend([6, 32]);
        bytes.extend([7; 32]);
        data_encoding::BASE64URL_NOPAD.encode(&bytes)
    }

    fn token(caveats: &[&str]) -> TokenFacts {
        let secret = format!("{}-{}", "pypi", version_two("pypi.org", caveats));
        let carrier = Carrier { rule: "pypi-upload-token", secret: secret.as_bytes(), parts: &[] };
        pypi(&carrier, Around::default()).expect("a macaroon")
    }

    #[test]
    fn a_token_of_pypi_tells_project_and_dates() {
        let facts = token(&[
            "[0, 1800000000, 1700000000]",
            "[1, [\"requests\", \"flask\"]]",
            "{\"exp\":1790000000,\"nbf\":1}",
        ]);
        assert_eq!(facts.scopes, ["project:requests", "project:flask"]);
        assert_eq!(facts.ends().map(Moment::seconds), Some(1_790_000_000), "the narrowest holds");
        assert_eq!(facts.not_before.map(Moment::seconds), Some(1_700_000_000));
        assert_eq!((facts.issuer.as_deref(), facts.more["identifier"].as_str()), (Some("pypi.org"), "id-1"));
        let old = token(&["{\"version\": 1, \"permissions\": \"user\"}"]);
        assert_eq!((old.scopes, old.expires), (vec!["user".to_owned()], Some(Expiry::Never)));
        let user = token(&["[3, \"u-1\"]"]);
        assert_eq!(user.subject.as_deref(), Some("user u-1"));
    }

    #[test]
    fn version_one_and_its_caveats_are_read() {
        // The packets of libmacaroons' manual, with a made-up signature.
        let packet =
            |name: &str, value: &str| format!("{:04x}{name} {value}\n", 6 + name.len() + value.len());
        let text = [
            packet("location", "http://mybank/"),
            packet("identifier", "we used our secret key"),
            packet("cid", "account = 3735928559"),
            packet("cid", "time < 2030-01-01T00:00"),
            packet("signature", &"x".repeat(32)),
        ]
        .concat();
        let facts =
            facts(data_encoding::BASE64URL_NOPAD.encode(text.as_bytes()).as_bytes()).expect("a macaroon");
        assert_eq!(facts.form.as_deref(), Some("macaroon (version 1)"));
        assert_eq!(facts.issuer.as_deref(), Some("http://mybank/"));
        assert_eq!(facts.more["caveats"], "account = 3735928559");
        assert_eq!(facts.ends(), Moment::parse("2030-01-01").ok());
    }

    #[test]
    fn what_is_cut_off_tells_nothing() {
        let whole = version_two("pypi.org", &["[3, \"u\"]"]);
        for end in 0..whole.len() - 44 {
            assert!(facts(&whole.as_bytes()[..end]).is_none());
        }
    }
}
