//! Grafana's tokens: service accounts (`glsa_`), Cloud access policies (`glc_` and base64 JSON:
//! `o` the organisation, `n` the name, `m.r` the region) and API keys of old (base64 JSON: `n` the
//! name, `id` the organisation). The key itself (`k`) is never read. Grafana's documentation,
//! "Service accounts" and "Access policies", and its source for the JSON (`pkg/components/apikeygen`).

use super::json::{object, text};
use super::{Around, Carrier, form};
use crate::facts::TokenFacts;
use serde_json::Value;

/// The facts of a token of Grafana.
pub fn facts(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    let secret = carrier.secret;
    if secret.starts_with(b"glsa_") {
        return Some(form("service account token"));
    }
    if let Some(body) = secret.strip_prefix(b"glc_") {
        let object = object(body)?;
        let mut facts = form("Cloud access policy token");
        facts.account = text(&object, "o").map(|id| format!("organization {id}"));
        facts.subject = text(&object, "n");
        let region = object.get("m").and_then(Value::as_object).and_then(|more| text(more, "r"));
        facts.more.extend(region.map(|region| ("region".to_owned(), region)));
        return Some(facts);
    }
    let object = secret.starts_with(b"eyJ").then(|| object(secret)).flatten()?;
    let mut facts = form("legacy API key");
    facts.account = text(&object, "id").map(|id| format!("organization {id}"));
    facts.subject = text(&object, "n");
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(secret: &str) -> TokenFacts {
        facts(&Carrier { rule: "grafana-x", secret: secret.as_bytes(), parts: &[] }, Around::default())
            .expect("facts")
    }

    #[test]
    fn the_json_inside_is_read_but_for_the_key() {
        let base64 = |json: &str| data_encoding::BASE64.encode(json.as_bytes());
        let cloud = of(&format!(
            "{}_{}",
            "glc",
            base64(r#"{"o":"652992","n":"stack-1","k":"hidden","m":{"r":"us"}}"#)
        ));
        assert_eq!(
            (cloud.account.as_deref(), cloud.subject.as_deref()),
            (Some("organization 652992"), Some("stack-1"))
        );
        assert_eq!(cloud.more["region"], "us");
        let old = of(&base64(r#"{"k":"hidden","n":"ci","id":1}"#));
        assert_eq!((old.account.as_deref(), old.subject.as_deref()), (Some("organization 1"), Some("ci")));
        assert!(!format!("{cloud:?}{old:?}").contains("hidden"));
        assert_eq!(
            of(&format!("{}_{}", "glsa", "a".repeat(41))).form.as_deref(),
            Some("service account token")
        );
    }
}
