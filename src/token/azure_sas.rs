//! Shared access signatures of Azure: of Storage accounts, of services and by user delegation
//! (Microsoft, "Create an account SAS", "Create a service SAS", "Create a user delegation SAS",
//! <https://learn.microsoft.com/rest/api/storageservices/delegate-access-with-shared-access-signature>)
//! and of Service Bus, Event Hubs and `IoT` Hub ("Service Bus access control with Shared Access
//! Signatures"). The signature is the secret; the parameters beside it tell the rest.

use super::query::Query;
use super::text::shown;
use super::{Around, Carrier};
use crate::facts::{Expiry, TokenFacts};
use crate::moment::Moment;

/// The letters of `sp`.
const PERMISSIONS: [(char, &str); 15] = [
    ('r', "read"),
    ('a', "add"),
    ('c', "create"),
    ('w', "write"),
    ('d', "delete"),
    ('x', "delete-version"),
    ('y', "permanent-delete"),
    ('l', "list"),
    ('t', "tags"),
    ('f', "find"),
    ('m', "move"),
    ('e', "execute"),
    ('o', "ownership"),
    ('p', "permissions"),
    ('i', "immutability"),
];

/// The values of `sr`: what a service SAS opens.
const RESOURCES: [(&str, &str); 7] = [
    ("b", "blob"),
    ("bv", "blob-version"),
    ("bs", "blob-snapshot"),
    ("c", "container"),
    ("d", "directory"),
    ("f", "file"),
    ("s", "share"),
];

const SERVICES: [(char, &str); 4] = [('b', "blob"), ('q', "queue"), ('t', "table"), ('f', "file")];
const TYPES: [(char, &str); 3] = [('s', "service"), ('c', "container"), ('o', "object")];

/// The facts of a SAS.
pub fn facts(_: &Carrier<'_>, around: Around<'_>) -> Option<TokenFacts> {
    of(&Query::round(around))
}

fn of(query: &Query) -> Option<TokenFacts> {
    if let Some(policy) = query.get("skn") {
        return Some(service_bus(query, &policy));
    }
    // Microsoft's signed parameters; without any it is something else with a `sig`.
    if ["sv", "sp", "si", "sr", "se"].iter().filter(|name| query.raw(name).is_some()).count() < 2 {
        return None;
    }
    let account = query.host.as_deref().and_then(account);
    let is_account = query.raw("ss").is_some() && query.raw("srt").is_some();
    let is_delegated = query.raw("skoid").is_some();
    let policy = query.get("si");
    let (form, revocable) = match (is_account, is_delegated, &policy) {
        (true, ..) => ("account SAS", "only by rotating the account key that signed it".to_owned()),
        (_, true, _) => {
            ("user delegation SAS", "by revoking the user delegation keys of the storage account".to_owned())
        }
        (_, _, Some(policy)) => ("service SAS", format!("by its stored access policy {policy}")),
        _ => ("service SAS", "only by rotating the account key that signed it".to_owned()),
    };
    let ends = query.raw("se").and_then(time);
    // A user delegation SAS ends with the key that signed it, whatever it says itself.
    let key_ends = query.raw("ske").and_then(time);
    let expires = match (ends, key_ends) {
        (Some(own), Some(key)) if is_delegated => Some(own.min(key)),
        (own, _) => own,
    };
    let mut facts = TokenFacts {
        form: Some(form.to_owned()),
        account,
        subject: query.get("skoid"),
        scopes: scopes(query, is_account),
        not_before: query.raw("st").and_then(time),
        expires: expires.map(Expiry::At),
        revocable: Some(revocable),
        ..TokenFacts::default()
    };
    let words = |name: &str, known: &[(char, &str)]| {
        query.raw(name).map(|letters| letters_of(letters, known).join(" "))
    };
    for (name, value) in [
        ("version", query.get("sv")),
        ("policy", policy),
        ("ip", query.get("sip")),
        ("protocol", query.get("spr")),
        ("tenant", query.get("sktid")),
        ("table", query.get("tn")),
        ("services", words("ss", &SERVICES)),
        ("resource types", words("srt", &TYPES)),
    ] {
        facts.more.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value)));
    }
    Some(facts)
}

/// `resource:permission` for each letter.
fn scopes(query: &Query, is_account: bool) -> Vec<String> {
    let resource = match query.raw("sr") {
        _ if is_account => "account",
        Some(letter) => RESOURCES.iter().find(|(id, _)| *id == letter).map_or("resource", |(_, name)| name),
        None if query.raw("tn").is_some() => "table",
        None => "queue",
    };
    let permissions = query.raw("sp").map(|letters| {
        let mut names = letters_of(letters, &PERMISSIONS);
        // `u` and `p` mean update and process for queues and tables.
        if letters.contains('u') {
            names.push("update".to_owned());
        }
        if matches!(resource, "queue") || (is_account && query.raw("ss").is_some_and(|ss| ss.contains('q'))) {
            for name in &mut names {
                if name == "permissions" {
                    "process".clone_into(name);
                }
            }
        }
        names
    });
    permissions.unwrap_or_default().into_iter().map(|name| format!("{resource}:{name}")).collect()
}

fn letters_of(letters: &str, known: &[(char, &str)]) -> Vec<String> {
    known.iter().filter(|(letter, _)| letters.contains(*letter)).map(|(_, name)| (*name).to_owned()).collect()
}

/// `acme` of `acme.blob.core.windows.net`, in all of Azure's clouds.
fn account(host: &str) -> Option<String> {
    let (account, rest) = host.split_once('.')?;
    let service = rest.split('.').next()?;
    let known = ["blob", "queue", "table", "file", "dfs", "web"];
    (known.contains(&service) || rest.contains("storage")).then(|| shown(account))?
}

fn service_bus(query: &Query, policy: &str) -> TokenFacts {
    let resource = query.get("sr");
    let host = query.raw("sr").map(|resource| {
        resource.split("://").last().unwrap_or_default().split('/').next().unwrap_or_default().to_owned()
    });
    let mut facts = TokenFacts {
        form: Some("Service Bus, Event Hubs or IoT Hub SAS".to_owned()),
        account: host.as_deref().and_then(|host| shown(host.split('.').next()?)),
        subject: Some(policy.to_owned()),
        expires: query.raw("se").and_then(time).map(Expiry::At),
        revocable: Some(format!("only by rotating the key of the policy {policy}")),
        ..TokenFacts::default()
    };
    facts.more.extend(resource.map(|resource| ("resource".to_owned(), resource)));
    facts
}

/// ISO 8601 in the three lengths that Storage takes, or seconds since 1970 as Service Bus has them.
fn time(text: &str) -> Option<Moment> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Moment::from_seconds(text.parse().ok()?);
    }
    let minutes = "2030-01-01T00:00Z".len();
    if text.len() == minutes && text.ends_with('Z') {
        return Moment::parse(&format!("{}:00Z", text.strip_suffix('Z')?)).ok();
    }
    Moment::parse(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sas(text: &str) -> TokenFacts {
        of(&Query::of(text)).expect("a SAS")
    }

    #[test]
    fn an_account_sas_ends_with_its_key_only() {
        let facts = sas(
            "https://acme.blob.core.windows.net/backup?sv=2022-11-02&ss=bq&srt=sco&sp=rwdlup&st=2024-01-01&se=2030-01-01T00:00Z&spr=https",
        );
        assert_eq!(facts.form.as_deref(), Some("account SAS"));
        assert_eq!(facts.account.as_deref(), Some("acme"));
        let words = ["read", "write", "delete", "list", "process", "update"];
        assert_eq!(facts.scopes, words.map(|word| format!("account:{word}")));
        assert_eq!(facts.ends(), Moment::parse("2030-01-01").ok());
        assert_eq!(facts.not_before, Moment::parse("2024-01-01").ok());
        assert_eq!(facts.more["services"], "blob queue");
        assert_eq!(facts.more["resource types"], "service container object");
        assert_eq!(facts.revocable.as_deref(), Some("only by rotating the account key that signed it"));
    }

    #[test]
    fn a_service_sas_may_follow_a_policy() {
        let facts = sas("https://acme.blob.core.windows.net/c?sv=2022-11-02&sr=c&si=readers&sip=10.0.0.1");
        assert_eq!(facts.form.as_deref(), Some("service SAS"));
        assert_eq!((facts.expires, facts.scopes.len()), (None, 0));
        assert_eq!(facts.revocable.as_deref(), Some("by its stored access policy readers"));
        assert_eq!(facts.more["ip"], "10.0.0.1");
    }

    #[test]
    fn a_user_delegation_sas_ends_with_the_key_that_signed_it() {
        let facts = sas(
            "https://acme.dfs.core.windows.net/c?sp=rl&sr=d&skoid=o-1&sktid=t-1&se=2030-01-09T00:00:00Z&ske=2030-01-02T00:00:00Z&sv=x",
        );
        assert_eq!(facts.form.as_deref(), Some("user delegation SAS"));
        assert_eq!((facts.subject.as_deref(), facts.more["tenant"].as_str()), (Some("o-1"), "t-1"));
        assert_eq!(facts.scopes, ["directory:read", "directory:list"]);
        assert_eq!(facts.ends(), Moment::parse("2030-01-02").ok());
    }

    #[test]
    fn service_bus_counts_in_seconds() {
        let facts = sas("sr=https%3A%2F%2Facme.servicebus.windows.net%2Fq&sig=&se=1700000000&skn=send");
        assert_eq!(facts.ends().map(Moment::seconds), Some(1_700_000_000));
        assert_eq!((facts.account.as_deref(), facts.subject.as_deref()), (Some("acme"), Some("send")));
        assert_eq!(facts.more["resource"], "https://acme.servicebus.windows.net/q");
    }

    #[test]
    fn another_signature_is_no_sas() {
        assert_eq!(of(&Query::of("https://acme.example/?id=1&sig=x")), None);
    }
}
