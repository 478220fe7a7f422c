//! Slack's tokens: the kind by its prefix (<https://docs.slack.dev/authentication/tokens>), the
//! rotating ones (<https://docs.slack.dev/authentication/using-token-rotation>: they end after
//! twelve hours), and the ids of workspace and app that some carry in the clear.

use super::text::shown_bytes;
use super::{Around, Carrier, form};
use crate::facts::TokenFacts;

const ENDS: &str = "twelve hours after it was issued";

/// Prefix, name, and when it ends by itself. The longest prefix stands first.
const KINDS: [(&[u8], &str, Option<&str>); 12] = [
    (b"xoxe.xoxb-", "rotating bot token", Some(ENDS)),
    (b"xoxe.xoxp-", "rotating user or app configuration token", Some(ENDS)),
    (b"xoxe-", "refresh token", Some("when it is used")),
    (b"xoxb-", "bot token", None),
    (b"xoxp-", "user token", None),
    (b"xapp-", "app-level token", None),
    (b"xoxa-", "legacy workspace token", None),
    (b"xoxr-", "legacy refresh token", None),
    (b"xoxs-", "legacy session token", None),
    (b"xoxo-", "legacy token", None),
    (b"xoxc-", "session token of a browser", None),
    (b"xoxd-", "session cookie", None),
];

/// The facts of a token or webhook of Slack.
pub fn facts(carrier: &Carrier<'_>, _: Around<'_>) -> Option<TokenFacts> {
    let secret = carrier.secret;
    if let Some(at) = memchr::memmem::find(secret, b"hooks.slack.com/") {
        return Some(webhook(&secret[at..]));
    }
    let (prefix, name, ends) = KINDS.iter().find(|(prefix, ..)| secret.starts_with(prefix))?;
    let mut facts = form(*name);
    facts.more.extend(ends.map(|ends| ("ends".to_owned(), ends.to_owned())));
    let mut parts = secret[prefix.len()..].split(|&byte| byte == b'-');
    match *prefix {
        b"xoxb-" | b"xoxp-" | b"xoxc-" => {
            // The first number is the workspace, in the numbering from before ids had letters.
            let id = parts.next().filter(|part| is_number(part)).and_then(shown_bytes);
            facts.account = id.map(|id| format!("workspace {id}"));
        }
        b"xapp-" => {
            let app = parts.nth(1).filter(|part| part.starts_with(b"A")).and_then(shown_bytes);
            facts.more.extend(app.map(|app| ("app".to_owned(), app)));
        }
        _ => {}
    }
    Some(facts)
}

fn is_number(part: &[u8]) -> bool {
    part.len() >= 9 && part.iter().all(u8::is_ascii_digit)
}

/// `hooks.slack.com/services/T…/B…/…`: workspace, hook, secret.
fn webhook(address: &[u8]) -> TokenFacts {
    let mut parts = address.split(|&byte| byte == b'/').skip(1);
    let mut facts = match parts.next() {
        Some(b"workflows" | b"triggers") => form("workflow webhook"),
        _ => form("incoming webhook"),
    };
    let id = |part: Option<&[u8]>| part.filter(|part| part.len() <= 16).and_then(shown_bytes);
    facts.account = id(parts.next()).map(|id| format!("workspace {id}"));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(secret: &str) -> TokenFacts {
        facts(&Carrier { rule: "slack-x", secret: secret.as_bytes(), parts: &[] }, Around::default())
            .expect("facts")
    }

    #[test]
    fn kinds_and_workspaces_are_told() {
        let tail = "aB3dE5".repeat(4);
        let bot = of(&format!("{}-{}-{}-{tail}", "xoxb", 2_384_190_571_u64, 3_910_284_756_120_u64));
        assert_eq!(
            (bot.form.as_deref(), bot.account.as_deref()),
            (Some("bot token"), Some("workspace 2384190571"))
        );
        let rotating = of(&format!("{}.{}-1-{tail}", "xoxe", "xoxb"));
        assert_eq!(
            (rotating.form.as_deref(), rotating.more["ends"].as_str()),
            (Some("rotating bot token"), ENDS)
        );
        let app = of(&format!("{}-1-A0123ABCD-4567890123-{tail}", "xapp"));
        assert_eq!(app.more["app"], "A0123ABCD");
        let hook = of(&format!("{}/services/T02ABCDEF/B07GHIJKL/{tail}", "hooks.slack.com"));
        assert_eq!(
            (hook.form.as_deref(), hook.account.as_deref()),
            (Some("incoming webhook"), Some("workspace T02ABCDEF"))
        );
    }
}
