//! JSON Web Tokens in compact form: signed (RFC 7515 and RFC 7519) and encrypted (RFC 7516), with
//! the registered claims and the usual ones for scopes and roles: `scope` and `client_id` of RFC
//! 8693, `azp` of `OpenID` Connect Core, `scp`, `roles`, `tid` and `appid` of Microsoft Entra's
//! reference of access-token claims, `permissions` of Auth0, `role` and `ref` of Supabase.

use super::json::{first_text, list, moment, object, text};
use crate::facts::{Environment, Expiry, KeyFacts, TokenFacts};
use serde_json::{Map, Value};

/// The facts of a JWT; `None` if it is none.
pub fn facts(secret: &[u8]) -> Option<TokenFacts> {
    if !secret.starts_with(b"e") {
        return None;
    }
    let mut parts = secret.split(|&byte| byte == b'.');
    let (header, payload) = (parts.next()?, parts.next()?);
    parts.next()?;
    let more = parts.count();
    let header = object(header)?;
    let algorithm = text(&header, "alg")?;
    let mut facts = match more {
        0 => match object(payload) {
            Some(claims) => signed(&claims, &algorithm),
            // RFC 7515 signs any bytes.
            None => super::form(format!("JWS ({algorithm})")),
        },
        2 => {
            let cipher = text(&header, "enc")?;
            super::form(format!("JWE ({algorithm}, {cipher})"))
        }
        _ => return None,
    };
    facts.key = Some(KeyFacts { algorithm, ..KeyFacts::default() });
    for name in ["kid", "typ"] {
        // Nearly all are of the type JWT.
        let value = text(&header, name).filter(|value| !value.eq_ignore_ascii_case("JWT"));
        facts.more.extend(value.map(|value| (name.to_owned(), value)));
    }
    Some(facts)
}

fn signed(claims: &Map<String, Value>, algorithm: &str) -> TokenFacts {
    let at = |name: &str| moment(claims.get(name)?);
    // RFC 7519, section 4.1.4: without `exp` nothing in the token ends it.
    let expires = if claims.contains_key("exp") { at("exp").map(Expiry::At) } else { Some(Expiry::Never) };
    let revocable = match expires {
        Some(Expiry::Never) => "only by changing the key that signed it, unless its issuer keeps a deny list",
        _ => "not before it expires, unless its issuer keeps a deny list",
    };
    let mut facts = TokenFacts {
        form: Some(format!("JWT ({algorithm})")),
        environment: environment(claims),
        account: first_text(claims, &["tid", "org_id", "tenant", "ref"]),
        subject: text(claims, "sub"),
        issuer: text(claims, "iss"),
        audience: list(claims, "aud"),
        scopes: scopes(claims),
        issued: at("iat"),
        not_before: at("nbf"),
        expires,
        revocable: Some(revocable.to_owned()),
        ..TokenFacts::default()
    };
    let client = first_text(claims, &["azp", "client_id", "appid", "cid"]);
    for (name, value) in [("client", client), ("jti", text(claims, "jti"))] {
        facts.more.extend(value.map(|value| (name.to_owned(), value)));
    }
    facts
}

fn scopes(claims: &Map<String, Value>) -> Vec<String> {
    let mut scopes = Vec::new();
    for name in ["scope", "scp", "scopes", "roles", "role", "permissions"] {
        for scope in list(claims, name) {
            if !scopes.contains(&scope) && scopes.len() < super::text::MOST {
                scopes.push(scope);
            }
        }
    }
    scopes
}

fn environment(claims: &Map<String, Value>) -> Option<Environment> {
    if let Some(live) = claims.get("livemode").and_then(Value::as_bool) {
        return Some(if live { Environment::Live } else { Environment::Test });
    }
    match first_text(claims, &["environment", "env"])?.to_ascii_lowercase().as_str() {
        "live" | "prod" | "production" => Some(Environment::Live),
        "test" | "testing" | "sandbox" | "dev" | "development" | "staging" => Some(Environment::Test),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Moment;
    use data_encoding::BASE64URL_NOPAD;
    use serde_json::json;

    fn part(value: &Value) -> String {
        BASE64URL_NOPAD.encode(value.to_string().as_bytes())
    }

    fn token(header: &Value, claims: &Value) -> Vec<u8> {
        format!("{}.{}.{}", part(header), part(claims), BASE64URL_NOPAD.encode(&[7; 32])).into_bytes()
    }

    #[test]
    fn claims_become_facts() {
        let claims = json!({
            "iss": "https://issuer.example", "sub": "ada", "aud": ["api", "web"], "iat": 1_700_000_000,
            "exp": 1_700_003_600.5, "scope": "read write", "roles": ["admin", "read"], "tid": "t-1",
            "azp": "app", "jti": "j-1", "env": "Production",
        });
        let facts =
            facts(&token(&json!({ "alg": "RS256", "typ": "JWT", "kid": "k-1" }), &claims)).expect("a JWT");
        assert_eq!(facts.form.as_deref(), Some("JWT (RS256)"));
        assert_eq!(facts.subject.as_deref(), Some("ada"));
        assert_eq!(facts.account.as_deref(), Some("t-1"));
        assert_eq!(facts.audience, ["api", "web"]);
        assert_eq!(facts.scopes, ["read", "write", "admin"]);
        assert_eq!(facts.environment, Some(Environment::Live));
        assert_eq!(facts.ends().map(Moment::seconds), Some(1_700_003_600));
        let more: Vec<_> = facts.more.iter().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!(more, ["client app", "jti j-1", "kid k-1"]);
    }

    #[test]
    fn without_an_end_it_never_expires() {
        let of = |claims: Value| facts(&token(&json!({ "alg": "HS256" }), &claims)).expect("a JWT").expires;
        assert_eq!(of(json!({ "sub": "x" })), Some(Expiry::Never));
        assert_eq!(of(json!({ "exp": "soon" })), None, "an end that cannot be read is not no end");
        let milliseconds = of(json!({ "exp": 1_700_000_000_000_i64 }));
        assert_eq!(milliseconds, Moment::from_seconds(1_700_000_000).map(Expiry::At));
    }

    #[test]
    fn other_payloads_tell_what_they_can() {
        let header = part(&json!({ "alg": "RSA-OAEP", "enc": "A256GCM", "kid": "k" }));
        let text = facts(format!("{header}.AAAA.AAAA.AAAA.AAAA").as_bytes()).expect("a JWE");
        assert_eq!((text.form.as_deref(), text.expires), (Some("JWE (RSA-OAEP, A256GCM)"), None));
        assert_eq!(text.more["kid"], "k");
        let header = part(&json!({ "alg": "ES256" }));
        let bytes =
            facts(format!("{header}.{}.AAAA", BASE64URL_NOPAD.encode(b"hello")).as_bytes()).expect("a JWS");
        assert_eq!((bytes.form.as_deref(), bytes.expires), (Some("JWS (ES256)"), None));
    }

    #[test]
    fn what_is_no_jwt_tells_nothing() {
        for text in ["", "a.b.c", "..", "eyJ.eyJ.x", "e30.e30.e30", "e30.e30.e30.e30"] {
            assert_eq!(facts(text.as_bytes()), None, "{text}");
        }
    }
}
