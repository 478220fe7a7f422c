//! GitHub's tokens: the kind by its prefix
//! (<https://docs.github.com/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats>),
//! the lifetimes that are documented as fixed ("Token expiration and revocation", "Refreshing user
//! access tokens"), and the JSON Web Token in installation tokens of the new, long form.

use super::text::shown_bytes;
use super::{Around, Carrier, form, jwt};
use crate::facts::{Expiry, TokenFacts};

/// Prefix, name, and when it ends by itself, where that is certain.
const KINDS: [(&[u8], &str, Option<&str>); 6] = [
    (b"ghp_", "classic personal access token", None),
    (b"github_pat_", "fine-grained personal access token", None),
    (b"gho_", "OAuth access token", None),
    (b"ghu_", "GitHub App user access token", None),
    (b"ghs_", "GitHub App installation token", Some("an hour after it was issued")),
    (b"ghr_", "GitHub App refresh token", Some("six months after it was issued, or when it is used")),
];

/// The facts of a token of GitHub.
pub fn facts(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    let secret = carrier.secret;
    let (prefix, name, ends) = KINDS.iter().find(|(prefix, ..)| secret.starts_with(prefix))?;
    let mut facts = if *prefix == b"ghs_" { stateless(&secret[4..]) } else { None }.unwrap_or_default();
    facts.form = Some((*name).to_owned());
    if !matches!(facts.expires, Some(Expiry::At(_))) {
        facts.expires = None;
        facts.more.extend(ends.map(|ends| ("ends".to_owned(), ends.to_owned())));
    }
    Some(facts)
}

/// The app's number, `_`, a JSON Web Token.
fn stateless(body: &[u8]) -> Option<TokenFacts> {
    let at = memchr::memchr(b'_', body)?;
    let (app, token) = (&body[..at], &body[at + 1..]);
    let mut facts = jwt::facts(token).unwrap_or_else(|| form(""));
    // A token of GitHub's can be revoked whatever it is made of.
    facts.revocable = None;
    if !app.is_empty() && app.iter().all(u8::is_ascii_digit) {
        facts.more.extend(shown_bytes(app).map(|app| ("app".to_owned(), app)));
    }
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Moment;

    fn of(secret: &str) -> TokenFacts {
        facts(&Carrier { rule: "github-x", secret: secret.as_bytes(), parts: &[] }, Around::default())
            .expect("facts")
    }

    #[test]
    fn prefixes_tell_the_kind() {
        let body = "aB3".repeat(12);
        assert_eq!(of(&format!("{}_{body}", "ghp")).form.as_deref(), Some("classic personal access token"));
        assert_eq!(
            of(&format!("{}_{body}", "github_pat")).form.as_deref(),
            Some("fine-grained personal access token")
        );
        let installation = of(&format!("{}_{body}", "ghs"));
        assert_eq!(installation.more["ends"], "an hour after it was issued");
    }

    #[test]
    fn a_long_installation_token_tells_its_end_and_app() {
        let part = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
        let token = format!(
            "{}_{}_{}.{}.{}",
            "ghs",
            12345,
            part(r#"{"alg":"ES256"}"#),
            part(r#"{"iat":1799996400,"exp":1800000000}"#),
            "x".repeat(86)
        );
        let facts = of(&token);
        assert_eq!(facts.form.as_deref(), Some("GitHub App installation token"));
        assert_eq!(facts.ends().map(Moment::seconds), Some(1_800_000_000));
        assert_eq!((facts.more["app"].as_str(), facts.more.contains_key("ends")), ("12345", false));
    }
}
