//! What the name of a value promises, and what it denies.

/// Words at the end of a name that make the value something about a secret, not the secret.
const DENIED_ENDINGS: &[&str] = &[
    "url",
    "uri",
    "path",
    "file",
    "filename",
    "dir",
    "name",
    "field",
    "label",
    "type",
    "id",
    "ids",
    "length",
    "len",
    "size",
    "count",
    "min",
    "max",
    "expiry",
    "expires",
    "expiration",
    "expired",
    "date",
    "rotated",
    "created",
    "updated",
    "used",
    "ttl",
    "timeout",
    "lifetime",
    "age",
    "hint",
    "policy",
    "regex",
    "pattern",
    "placeholder",
    "prompt",
    "title",
    "text",
    "message",
    "error",
    "endpoint",
    "header",
    "prefix",
    "suffix",
    "format",
    "algorithm",
    "alg",
    "method",
    "mode",
    "store",
    "manager",
    "provider",
    "service",
    "factory",
    "class",
    "column",
    "selector",
    "input",
    "form",
    "view",
    "page",
    "link",
    "reset",
    "change",
    "strength",
    "required",
    "enabled",
    "valid",
    "validator",
    "encoder",
    "env",
    "var",
    "arn",
    "ref",
    "scope",
    "scopes",
    "spec",
    "issuer",
    "audience",
    "usage",
    "help",
    "desc",
    "description",
    "info",
    "status",
    "state",
    "index",
    "version",
    "rotation",
    "location",
    "source",
    "command",
    "cmd",
    "parser",
    "handler",
    "event",
    "request",
    "response",
    "at",
    "scheme",
    "flag",
    "flags",
    "mask",
    "digest",
    "checksum",
    "fingerprint",
];

/// Words anywhere in a name that deny it.
const DENIED_WORDS: &[&str] = &[
    "jsonwebtoken",
    "sha1",
    "sha2",
    "sha256",
    "sha512",
    "md5",
    "hashed",
    "expected",
    "public",
    "pubkey",
    "sealed",
    "wrapped",
    "csrf",
    "xsrf",
    "authenticity",
    "forgot",
    "example",
    "sample",
    "dummy",
    "fake",
    "mock",
    "invalid",
    "wrong",
    "next",
    "continuation",
    "pagination",
    "idempotency",
];

/// What a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Something that a person may have made up.
    Password,
    /// Something that a machine made.
    Token,
    /// Something that is often no secret at all.
    Key,
}

impl Sort {
    /// The sort as a note tells it.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Password => "named like a password",
            Self::Token => "named like a token",
            Self::Key => "named like a key",
        }
    }
}

/// Words that end in `pass` and speak of no password.
const NO_PASSWORDS: &[&str] = &[
    "bypass",
    "compass",
    "encompass",
    "trespass",
    "surpass",
    "overpass",
    "underpass",
    "firstpass",
    "renderpass",
];

/// What these words of a name promise; `None` if nothing.
pub fn sort_of(words: &[String]) -> Option<Sort> {
    let has = |parts: &[&str]| words.iter().any(|word| parts.iter().any(|part| word.contains(part)));
    let is = |parts: &[&str]| words.iter().any(|word| parts.contains(&word.as_str()));
    if has(&["passw", "passphrase", "passcode"])
        || is(&["pwd", "pass", "passwd", "pswd", "pw", "psk"])
        || has(&["userpwd", "dbpwd"])
        || words.iter().any(|word| {
            (6..=12).contains(&word.len()) && word.ends_with("pass") && !NO_PASSWORDS.contains(&word.as_str())
        })
    {
        return Some(Sort::Password);
    }
    if has(&["secret", "token", "credential", "apikey", "accesskey", "authkey"])
        || is(&["auth", "authorization", "bearer", "cred", "creds"])
    {
        return Some(Sort::Token);
    }
    let qualified = is(&[
        "api",
        "app",
        "access",
        "auth",
        "account",
        "private",
        "signing",
        "encryption",
        "encrypt",
        "master",
        "service",
        "license",
        "hmac",
        "client",
        "consumer",
    ]);
    match words.last().map(String::as_str) {
        Some("key") if qualified => Some(Sort::Token),
        _ if qualified && is(&["key"]) => Some(Sort::Token),
        // A key of nothing in particular is one of a table as often as not.
        Some("key") if words.len() > 1 && !is(KEYS_OF_DATA) => Some(Sort::Key),
        _ if words.iter().any(|word| word.len() > 3 && word.ends_with("key")) => Some(Sort::Key),
        _ => None,
    }
}

/// Whether the value of a name may be of any characters: frameworks make their secrets of all that
/// a keyboard has, services do not make their keys and tokens so.
pub fn may_be_chosen(words: &[String]) -> bool {
    words.iter().any(|word| word.contains("secret") || word.contains("credential"))
}

/// Whether a name calls its value a secret with so many words that an identifier's form does not
/// speak against it: many services issue UUIDs as keys.
pub fn is_outright(words: &[String]) -> bool {
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let last = words.last().map_or("", String::as_str);
    let before = words.len().checked_sub(2).map_or("", |at| words[at].as_str());
    matches!(last, "token" | "secret" | "apikey" | "accesstoken" | "authtoken")
        && (words.len() > 1 || last.len() > 6)
        && !(last == "token" && TOKENS_OF_REQUESTS.contains(&before))
        || last == "key" && has("api")
}

/// Words before `key` that make it a place in a table or a button.
const KEYS_OF_DATA: &[&str] = &[
    "primary",
    "foreign",
    "sort",
    "cache",
    "partition",
    "map",
    "dict",
    "lookup",
    "index",
    "row",
    "column",
    "group",
    "hash",
    "range",
    "object",
    "item",
    "field",
    "config",
    "translation",
    "i18n",
    "locale",
    "msg",
    "message",
    "registry",
    "event",
    "host",
    "encrypted",
    "wrapped",
    "sealed",
    "public",
    "pub",
    "storage",
    "session",
    "state",
    "store",
    "props",
    "prop",
    "data",
    "json",
    "attr",
    "attribute",
    "meta",
    "query",
    "param",
    "header",
    "label",
    "short",
    "hot",
    "arrow",
    "shift",
    "ctrl",
    "alt",
    "modifier",
    "keyboard",
    "idempotency",
    "dedup",
    "unique",
    "natural",
    "surrogate",
    "parent",
    "child",
    "tree",
    "s3",
    "bucket",
    "file",
    "known",
    "repo",
    "gpg",
    "site",
    "publishable",
    "anon",
    "verify",
    "verification",
];

/// Words before `token` that make it the id of a request, so that it is carried out once only.
const TOKENS_OF_REQUESTS: &[&str] = &["client", "request", "action", "change", "purchase", "creator"];

/// Words before `key` that make it a place in a table, whatever else the name speaks of.
const PLACES: &[&str] =
    &["cache", "cached", "map", "dict", "lookup", "index", "primary", "foreign", "sort", "partition"];

/// The words of a name: split at marks and where lower case or a digit turns to upper case.
pub fn words(name: &[u8]) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut last = b'_';
    for &byte in name {
        let starts = byte.is_ascii_uppercase() && (last.is_ascii_lowercase() || last.is_ascii_digit());
        if (starts || !byte.is_ascii_alphanumeric()) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if byte.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
        last = byte;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a name says that its value is about a secret and is none.
pub fn denies(words: &[String]) -> bool {
    let is_place = matches!(words, [.., place, key] if key == "key" && PLACES.contains(&place.as_str()));
    is_place
        || words.iter().any(|word| DENIED_WORDS.contains(&word.as_str()))
        || words.last().is_some_and(|word| DENIED_ENDINGS.contains(&word.as_str()))
}
