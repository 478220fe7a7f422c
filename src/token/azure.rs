//! Keys of Azure that say of themselves what they are: Common Annotated Security Keys and their
//! forerunners with four letters at a fixed place (Microsoft's `security-utilities`,
//! <https://github.com/microsoft/security-utilities>), and Entra client secrets, whose fourth
//! character is a version before `Q~` (same source, `AadClientApp…Signature`).

use super::{Around, Carrier, form};
use crate::facts::{Expiry, TokenFacts};
use crate::moment::Moment;

/// Base64's digits, which years and months are counted with.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Where the parts of a common annotated key stand.
const MARK: usize = 52;
const DATE: usize = 58;
const SIGNATURE: usize = 76;
const SIGNATURE_LENGTH: usize = 4;

/// The four letters of annotated keys.
const ANNOTATED: [(&str, &str); 10] = [
    ("ACOG", "AI services"),
    ("APIM", "API Management"),
    ("AZAC", "App Configuration"),
    ("AZCS", "Communication Services"),
    ("AZDO", "DevOps personal access token"),
    ("AZEG", "Event Grid"),
    ("AZFR", "Fluid Relay"),
    ("AZMP", "Maps"),
    ("AZMR", "Mixed Reality"),
    ("msql", "SQL"),
];

/// The letters of earlier keys, where they begin, and the length of the key.
const SIGNED: [(&str, usize, usize, &str); 13] = [
    ("+ASt", 76, 88, "Storage account key"),
    ("ACDb", 76, 88, "Cosmos DB key"),
    ("+ABa", 76, 88, "Batch account key"),
    ("+AMC", 76, 88, "Machine Learning (classic) key"),
    ("APIM", 76, 88, "API Management key"),
    ("AIoT", 33, 44, "IoT Hub key"),
    ("+ASb", 33, 44, "Service Bus key"),
    ("+AEh", 33, 44, "Event Hubs key"),
    ("+ARm", 33, 44, "Relay key"),
    ("AzCa", 33, 44, "Cache for Redis key"),
    ("AzFu", 44, 56, "Function key"),
    ("AzSe", 42, 52, "Search key"),
    ("+ACR", 42, 52, "Container Registry password"),
];

/// The facts of a key of Azure.
pub fn facts(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    let secret = carrier.secret;
    match carrier.rule {
        "azure-entra-client-secret" => return client_secret(secret),
        "azure-entra-refresh-token" => return Some(form("Entra refresh token")),
        _ => {}
    }
    annotated(secret).or_else(|| {
        let (.., name) = SIGNED.iter().find(|(letters, at, length, _)| {
            secret.len() == *length && secret[*at..].starts_with(letters.as_bytes())
        })?;
        let mut facts = form(format!("Azure {name}"));
        facts.expires = Some(Expiry::Never);
        Some(facts)
    })
}

fn annotated(secret: &[u8]) -> Option<TokenFacts> {
    if !matches!(secret.len(), 84 | 88) || !secret[MARK..].starts_with(b"JQQJ9") {
        return None;
    }
    let letters = std::str::from_utf8(&secret[SIGNATURE..SIGNATURE + SIGNATURE_LENGTH]).ok()?;
    let known = ANNOTATED.iter().find(|(own, _)| own.eq_ignore_ascii_case(letters));
    let mut facts = match known {
        Some((own, name)) if *own == "AZDO" => form(format!("Azure {name}")),
        Some((_, name)) => form(format!("Azure {name} key")),
        None => form("Azure key"),
    };
    let digit = |at: usize| DIGITS.iter().position(|digit| *digit == secret[at]);
    // The year counts from 2024, the month from A.
    if let (Some(year @ 0..=61), Some(month @ 0..=11)) = (digit(DATE), digit(DATE + 1)) {
        facts.issued = Moment::parse(&format!("{:04}-{:02}-01", 2024 + year, month + 1)).ok();
        facts.more.insert("issued".to_owned(), "in this month; the key tells no day".to_owned());
    }
    match secret[MARK + 5] {
        b'D' => facts.more.insert("derived".to_owned(), "from another key".to_owned()),
        b'H' => facts.more.insert("derived".to_owned(), "by hashing data with another key".to_owned()),
        _ => None,
    };
    // They come from a key that tells only that it is one; letters that are no signature are random.
    if letters.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        facts.more.insert("signature".to_owned(), letters.to_owned());
    }
    // Keys of services live until they are rotated; a personal access token of DevOps does not.
    if !letters.eq_ignore_ascii_case("AZDO") {
        facts.expires = Some(Expiry::Never);
    }
    Some(facts)
}

fn client_secret(secret: &[u8]) -> Option<TokenFacts> {
    let version = secret.get(3..6).filter(|mark| mark[0].is_ascii_digit() && &mark[1..] == b"Q~")?[0];
    let mut facts = form("Entra client secret");
    facts.more.insert("version".to_owned(), char::from(version).to_string());
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rule: &str, secret: &str) -> Option<TokenFacts> {
        facts(&Carrier { rule, secret: secret.as_bytes(), parts: &[] }, Around::default())
    }

    /// 84 characters with these for kind, date and letters.
    fn key(kind: char, date: &str, letters: &str) -> String {
        format!("{}JQQJ9{kind}{date}{}{letters}{}", "a1".repeat(26), "Zz".repeat(8), "wxyz")
    }

    #[test]
    fn an_annotated_key_tells_its_service_and_month() {
        let facts = of("azure-signed-key", &key('9', "BC", "ACOG")).expect("facts");
        assert_eq!(facts.form.as_deref(), Some("Azure AI services key"));
        assert_eq!(facts.issued, Moment::parse("2025-03-01").ok());
        assert_eq!(facts.more["signature"], "ACOG");
        let derived = of("azure-signed-key", &key('D', "AL", "zZzZ")).expect("facts");
        assert_eq!(
            (derived.form.as_deref(), derived.issued),
            (Some("Azure key"), Moment::parse("2024-12-01").ok())
        );
        assert_eq!(derived.more["derived"], "from another key");
    }

    #[test]
    fn earlier_keys_are_known_by_their_letters() {
        let storage = format!("{}+ASt{}==", "a1".repeat(38), "bcdefg");
        assert_eq!(
            of("azure-storage-account-key", &storage).and_then(|facts| facts.form).as_deref(),
            Some("Azure Storage account key")
        );
        assert_eq!(of("azure-storage-account-key", &"a".repeat(88)), None);
    }

    #[test]
    fn a_client_secret_tells_its_version() {
        let facts = of("azure-entra-client-secret", &format!("abc8Q~{}", "x".repeat(34))).expect("facts");
        assert_eq!(facts.more["version"], "8");
    }
}
