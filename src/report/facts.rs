//! What a token's bytes tell, in words.

use super::text;
use crate::facts::{Environment, Expiry, KeyFacts, TokenFacts};
use crate::finding::Finding;
use crate::moment::{DAY, Moment};

/// How many items of a list are told to people; programs get all.
const MOST: usize = 8;

/// The facts, one a piece, in the order in which people ask for them.
pub(super) fn words(facts: &TokenFacts, now: Moment) -> Vec<String> {
    let mut words = Vec::new();
    let mut tell = |text: Option<String>| words.extend(text.map(|text| text::clean(&text).into_owned()));
    tell(facts.form.clone());
    tell(facts.environment.map(environment));
    // `organization 7` says itself what it is.
    let account = |name: &String| if name.contains(' ') { name.clone() } else { format!("account {name}") };
    tell(facts.account.as_ref().map(account));
    tell(facts.subject.as_ref().map(|name| format!("for {name}")));
    tell(facts.issuer.as_ref().map(|name| format!("issued by {name}")));
    tell(list(&facts.audience).map(|names| format!("meant for {names}")));
    tell(list(&facts.scopes).map(|names| format!("may {names}")));
    tell(facts.issued.map(|at| format!("issued {}", dated(at, now))));
    tell(facts.not_before.filter(|&at| at > now).map(|at| format!("valid from {}", dated(at, now))));
    tell(facts.expires.map(|expiry| ends(expiry, now)));
    tell(facts.key.as_ref().and_then(key));
    for (name, value) in &facts.more {
        tell(Some(format!("{name} {value}")));
    }
    tell(facts.revocable.as_ref().map(|how| format!("revocable {how}")));
    words
}

/// All of it as one sentence, if there is anything to tell.
pub(super) fn sentence(facts: &TokenFacts, now: Moment) -> Option<String> {
    let words = words(facts, now);
    (!words.is_empty()).then(|| text::sentence(&format!("It is: {}", words.join("; "))))
}

/// The facts and, after them, what was proved or noticed and they do not tell already.
pub(super) fn with_notes(finding: &Finding, now: Moment) -> String {
    let mut all = words(&finding.facts, now);
    let told = all.join(" ");
    let told: Vec<&str> = told.split(' ').map(bare).collect();
    for note in &finding.notes {
        // A note ends with what it tells: `AWS account 123456789012`, `made 2023-11-14`.
        let value = note.split(' ').next_back().map(bare).unwrap_or_default();
        if !told.contains(&value) {
            all.push(text::clean(note).into_owned());
        }
    }
    all.join("; ")
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| matches!(c, '(' | ')' | ',' | ';' | '.'))
}

fn environment(environment: Environment) -> String {
    format!("{} environment", environment.name())
}

fn list(items: &[String]) -> Option<String> {
    let shown = items.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    let rest = items.len().saturating_sub(MOST);
    match (items.is_empty(), rest) {
        (true, _) => None,
        (false, 0) => Some(shown),
        (false, rest) => Some(format!("{shown} and {rest} more")),
    }
}

fn ends(expiry: Expiry, now: Moment) -> String {
    match expiry {
        Expiry::Never => "never expires by itself".to_owned(),
        Expiry::At(at) if at <= now => format!("expired {}, {} ago", at.date(), span(now, at)),
        Expiry::At(at) => format!("expires {}", dated(at, now)),
    }
}

/// `2027-01-01 (in 40 days)` or `2024-03-01 (992 days ago)`.
fn dated(at: Moment, now: Moment) -> String {
    if at > now {
        format!("{} (in {})", at.date(), span(at, now))
    } else {
        format!("{} ({} ago)", at.date(), span(now, at))
    }
}

/// The time from the earlier to the later moment, roughly.
fn span(later: Moment, earlier: Moment) -> String {
    const HOUR: i64 = 3600;
    let seconds = later.seconds().saturating_sub(earlier.seconds());
    let number = |number: i64, noun| text::count(u64::try_from(number).unwrap_or_default(), noun);
    match seconds {
        DAY.. => number(seconds / DAY, "day"),
        HOUR.. => number(seconds / HOUR, "hour"),
        _ => "less than an hour".to_owned(),
    }
}

fn key(key: &KeyFacts) -> Option<String> {
    let bits = key.bits.map(|bits| format!("{bits} bits"));
    let passphrase = key.encrypted.map(|is| if is { "under a passphrase" } else { "without a passphrase" });
    let parts: Vec<&str> =
        [Some(key.algorithm.as_str()).filter(|name| !name.is_empty()), bits.as_deref(), passphrase]
            .into_iter()
            .flatten()
            .collect();
    // The form of a JSON Web Token names the algorithm already.
    (bits.is_some() || passphrase.is_some()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).expect("a moment")
    }

    #[test]
    fn ages_are_told_in_whole_units() {
        let now = moment("2026-11-22T12:00:00Z");
        let end = |text: &str| ends(Expiry::At(moment(text)), now);
        assert_eq!(end("2027-01-01T12:00:00Z"), "expires 2027-01-01 (in 40 days)");
        assert_eq!(end("2024-03-05"), "expired 2024-03-05, 992 days ago");
        assert_eq!(end("2026-11-22T14:30:00Z"), "expires 2026-11-22 (in 2 hours)");
        assert_eq!(end("2026-11-22T12:00:00Z"), "expired 2026-11-22, less than an hour ago");
        assert_eq!(ends(Expiry::Never, now), "never expires by itself");
        assert_eq!(dated(moment("2026-11-21T12:00:00Z"), now), "2026-11-21 (1 day ago)");
    }

    #[test]
    fn everything_is_told_once() {
        let facts = TokenFacts {
            form: Some("service SAS".to_owned()),
            environment: Some(Environment::Test),
            account: Some("acme".to_owned()),
            subject: Some("ada".to_owned()),
            scopes: (0..10).map(|n| format!("s{n}")).collect(),
            not_before: Some(moment("2026-01-01")),
            key: Some(KeyFacts { algorithm: "RSA".to_owned(), bits: Some(2048), encrypted: Some(true) }),
            revocable: Some("by its policy".to_owned()),
            more: [("region".to_owned(), "eu".to_owned())].into(),
            ..TokenFacts::default()
        };
        assert_eq!(
            words(&facts, moment("2026-11-22")).join("; "),
            "service SAS; test environment; account acme; for ada; may s0, s1, s2, s3, s4, s5, s6, s7 and 2 more; \
             RSA, 2048 bits, under a passphrase; region eu; revocable by its policy"
        );
        assert_eq!(sentence(&TokenFacts::default(), moment("2026-11-22")), None);
    }
}
