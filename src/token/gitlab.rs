//! GitLab's tokens: the kind by its prefix (<https://docs.gitlab.com/security/tokens/#token-prefixes>)
//! and the routing part of routable tokens
//! (<https://handbook.gitlab.com/handbook/engineering/architecture/design-documents/cells/routable_tokens/>).

use super::encode;
use super::{Around, Carrier, form};
use crate::facts::TokenFacts;

const KINDS: [(&str, &str); 16] = [
    ("glpat-", "personal, project or group access token"),
    ("gloas-", "OAuth application secret"),
    ("gldt-", "deploy token"),
    ("glrt-", "runner authentication token"),
    ("glrtr-", "runner registration token"),
    ("glcbt-", "CI/CD job token"),
    ("glptt-", "trigger token"),
    ("glft-", "feed token"),
    ("glimt-", "incoming mail token"),
    ("glagent-", "Kubernetes agent token"),
    ("glwt-", "workspace token"),
    ("glsoat-", "SCIM token"),
    ("glffct-", "feature flags client token"),
    ("gloat-", "OAuth access token"),
    ("GR1348941", "runner registration token"),
    ("_gitlab_session=", "session cookie"),
];

/// Random bytes before the routing part.
const RANDOM: usize = 16;

/// The facts of a token of GitLab.
pub fn facts(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    let secret = carrier.secret;
    // An instance may put a prefix of its own before GitLab's.
    let (at, prefix, name) = KINDS.iter().find_map(|(prefix, name)| {
        let at = memchr::memmem::find(&secret[..secret.len().min(40)], prefix.as_bytes())?;
        Some((at, prefix, name))
    })?;
    let mut facts = form(*name);
    match *prefix {
        "glcbt-" => {
            facts.more.insert("ends".to_owned(), "with its job".to_owned());
        }
        "GR1348941" => {
            facts.revocable = Some("by resetting the registration token".to_owned());
        }
        _ => {}
    }
    let payload = &secret[at + prefix.len()..];
    if let Some(end) = memchr::memchr(b'.', payload) {
        routing(&payload[..end], &mut facts);
    }
    Some(facts)
}

/// Lines such as `u:k4`, numbers in base 36, after the random bytes, with their length at the end.
fn routing(payload: &[u8], facts: &mut TokenFacts) {
    let Some(lines) = lines(payload) else { return };
    for line in lines.lines().take(8) {
        let Some((key, value)) = line.split_once(':') else { continue };
        let Some(number) = encode::from_base36(value.as_bytes()).map(|number| number.to_string()) else {
            continue;
        };
        match key {
            "o" => facts.account = Some(format!("organization {number}")),
            "u" => facts.subject = Some(format!("user {number}")),
            "g" => drop(facts.more.insert("group".to_owned(), number)),
            "p" => drop(facts.more.insert("project".to_owned(), number)),
            "c" => drop(facts.more.insert("cell".to_owned(), number)),
            _ => {}
        }
    }
}

fn lines(payload: &[u8]) -> Option<String> {
    let bytes = encode::base64(payload)?;
    let (&length, rest) = bytes.split_last()?;
    let from = rest.len().checked_sub(usize::from(length)).filter(|&from| from >= RANDOM)?;
    String::from_utf8(rest[from..].to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(secret: &str) -> TokenFacts {
        facts(&Carrier { rule: "gitlab-x", secret: secret.as_bytes(), parts: &[] }, Around::default())
            .expect("facts")
    }

    #[test]
    fn a_routable_token_names_its_owner() {
        let routing = "c:1\no:2\nu:rs\np:zz";
        let mut bytes: Vec<u8> = (0..16u8).map(|n| n * 7 + 3).collect();
        bytes.extend_from_slice(routing.as_bytes());
        bytes.push(routing.len() as u8);
        for instance in ["", "acme-"] {
            let facts = of(&format!(
                "{instance}{}{}.01.aabbbbbbb",
                "glpat-",
                data_encoding::BASE64URL_NOPAD.encode(&bytes)
            ));
            assert_eq!(facts.form.as_deref(), Some("personal, project or group access token"));
            assert_eq!(
                (facts.account.as_deref(), facts.subject.as_deref()),
                (Some("organization 2"), Some("user 1000"))
            );
            assert_eq!((facts.more["cell"].as_str(), facts.more["project"].as_str()), ("1", "1295"));
        }
    }

    #[test]
    fn plain_tokens_tell_their_kind() {
        assert_eq!(of(&format!("{}{}", "gldt-", "aB3-_".repeat(4))).form.as_deref(), Some("deploy token"));
        assert_eq!(of(&format!("{}64_{}", "glcbt-", "aB3-_".repeat(4))).more["ends"], "with its job");
    }
}
