//! 1Password's service account tokens: `ops_` and base64 JSON
//! (<https://developer.1password.com/docs/service-accounts/security/#service-account-token-contents>).
//! Most of its fields are secrets; only the sign-in address, the account's address and the device
//! are read.

use super::json::{object, text};
use super::{Around, Carrier, form};
use crate::facts::TokenFacts;

/// The facts of a credential of 1Password.
pub fn facts(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    if carrier.secret.starts_with(b"A3-") {
        let mut facts = form("Secret Key of an account");
        facts.revocable = Some("by regenerating the Secret Key".to_owned());
        return Some(facts);
    }
    let object = object(carrier.secret.strip_prefix(b"ops_")?)?;
    let mut facts = form("service account token");
    facts.subject = text(&object, "email");
    facts.issuer = text(&object, "signInAddress");
    facts.more.extend(text(&object, "deviceUuid").map(|device| ("device".to_owned(), device)));
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_field_is_told() {
        let json = r#"{"signInAddress":"acme.1password.com","userAuth":{"method":"SRPg-4096","salt":"hidden"},"email":"x1@1passwordserviceaccounts.com","srpX":"hidden","muk":{"k":"hidden"},"secretKey":"hidden","throttleSecret":{"seed":"hidden"},"deviceUuid":"d1"}"#;
        let token = format!("{}_{}", "ops", data_encoding::BASE64URL_NOPAD.encode(json.as_bytes()));
        let carrier =
            Carrier { rule: "1password-service-account-token", secret: token.as_bytes(), parts: &[] };
        let facts = facts(&carrier, Around::default()).expect("facts");
        assert_eq!(facts.issuer.as_deref(), Some("acme.1password.com"));
        assert_eq!(facts.subject.as_deref(), Some("x1@1passwordserviceaccounts.com"));
        assert!(!format!("{facts:?}").contains("hidden"));
    }
}
