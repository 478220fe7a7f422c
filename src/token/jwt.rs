//! JSON Web Tokens (RFC 7519) in the compact form of RFC 7515: the registered claims, and the usual
//! ones for scopes and roles (`scope` of RFC 8693, `scp` and `roles` of Microsoft Entra).

use crate::facts::{Expiry, KeyFacts, TokenFacts};
use crate::moment::Moment;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

/// A claim longer than this is no name that people need to see.
const LONGEST: usize = 256;

/// The facts of a JWT; `None` if it is none.
pub fn facts(secret: &[u8]) -> Option<TokenFacts> {
    let mut parts = secret.split(|&byte| byte == b'.');
    let header = object(parts.next()?)?;
    let claims = object(parts.next()?)?;
    parts.next()?;
    let algorithm = text(&header, "alg")?;
    let at = |name: &str| moment(claims.get(name)?);
    Some(TokenFacts {
        form: Some(format!("JWT ({algorithm})")),
        subject: text(&claims, "sub"),
        issuer: text(&claims, "iss"),
        audience: list(&claims, "aud"),
        scopes: ["scope", "scp", "roles"].iter().flat_map(|name| list(&claims, name)).collect(),
        issued: at("iat"),
        not_before: at("nbf"),
        // RFC 7519, section 4.1.4: without `exp` nothing in the token ends it.
        expires: Some(at("exp").map_or(Expiry::Never, Expiry::At)),
        key: Some(KeyFacts { algorithm, ..KeyFacts::default() }),
        ..TokenFacts::default()
    })
}

fn object(part: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part).ok()?).ok()
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    let text = object.get(name)?.as_str()?;
    (!text.is_empty() && text.len() <= LONGEST).then(|| text.to_owned())
}

/// A claim that is one text, several with spaces between them, or a list.
fn list(object: &Map<String, Value>, name: &str) -> Vec<String> {
    let of_text = |text: &str| -> Vec<String> {
        text.split(' ').filter(|word| !word.is_empty() && word.len() <= LONGEST).map(str::to_owned).collect()
    };
    match object.get(name) {
        Some(Value::String(text)) => of_text(text),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).flat_map(of_text).collect(),
        _ => Vec::new(),
    }
}

/// A `NumericDate`: seconds since 1970, perhaps with a fraction.
fn moment(value: &Value) -> Option<Moment> {
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    Moment::from_seconds(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token(header: &Value, claims: &Value) -> Vec<u8> {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        format!("{}.{}.{}", part(header), part(claims), BASE64URL_NOPAD.encode(&[7; 32])).into_bytes()
    }

    #[test]
    fn claims_become_facts() {
        let claims = json!({
            "iss": "https://issuer.example", "sub": "ada", "aud": ["api", "web"], "iat": 1_700_000_000,
            "exp": 1_700_003_600.5, "scope": "read write", "roles": ["admin"],
        });
        let facts = facts(&token(&json!({ "alg": "RS256" }), &claims)).expect("a JWT");
        assert_eq!(facts.form.as_deref(), Some("JWT (RS256)"));
        assert_eq!(facts.subject.as_deref(), Some("ada"));
        assert_eq!(facts.audience, ["api", "web"]);
        assert_eq!(facts.scopes, ["read", "write", "admin"]);
        assert_eq!(facts.ends().map(Moment::seconds), Some(1_700_003_600));
    }

    #[test]
    fn without_an_end_it_never_expires() {
        let facts = facts(&token(&json!({ "alg": "HS256" }), &json!({ "sub": "x" }))).expect("a JWT");
        assert_eq!(facts.expires, Some(Expiry::Never));
    }

    #[test]
    fn what_is_no_jwt_tells_nothing() {
        for text in ["", "a.b.c", "..", "eyJ.eyJ.x", "e30.e30.e30"] {
            assert_eq!(facts(text.as_bytes()), None, "{text}");
        }
    }
}
