//! Judges a value by the name it is given to and by its own looks, where no format helps.

use crate::detect::assignment::{Assignment, Joint};
use crate::detect::judge::{entropy, placeholder};
use crate::level::Confidence;

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
];

/// Words anywhere in a name that deny it.
const DENIED_WORDS: &[&str] =
    &["public", "csrf", "xsrf", "forgot", "example", "sample", "dummy", "fake", "mock", "invalid", "wrong"];

/// Values that say that there is none.
const NOTHING: &[&str] = &[
    "null",
    "none",
    "nil",
    "true",
    "false",
    "undefined",
    "empty",
    "default",
    "yes",
    "no",
    "on",
    "off",
    "string",
    "str",
    "int",
    "bool",
    "boolean",
    "object",
    "optional",
    "required",
    "redacted",
    "hidden",
    "secret",
    "password",
    "passwd",
    "token",
    "apikey",
    "api_key",
    "changeme",
    "test",
    "admin",
    "root",
    "user",
    "username",
    "unset",
    "todo",
    "tbd",
    "n/a",
];

/// How sure a value makes us; `None` if it is no secret.
pub fn judge(text: &[u8], found: &Assignment, min_length: usize) -> Option<Confidence> {
    let (name, value) = (&text[found.name.clone()], &text[found.value.clone()]);
    if value.len() < min_length
        || name_denies(name)
        || is_nothing(name, value)
        || is_reference(value, found.quote.is_some())
    {
        return None;
    }
    if placeholder::reason(value).is_some() {
        return Some(Confidence::Low);
    }
    let looks = Looks::of(value);
    if looks.spaces > 0 || looks.is_words(value) || looks.is_path_or_url(value) {
        return Some(Confidence::Low);
    }
    let bits = entropy::shannon(value);
    let mixed = looks.classes() >= 3 || (looks.digits > 0 && looks.letters() > 0);
    let strong = bits >= 3.0 && mixed && value.len() >= 12;
    let fair = bits >= 2.5 && mixed;
    let by_joint = |confidence: Confidence| match found.joint {
        Joint::Comparison => confidence.lowered(),
        _ => confidence,
    };
    match (strong, fair) {
        (true, _) => Some(by_joint(Confidence::Medium)),
        (false, true) if says_password(name) && found.quote.is_some() => Some(by_joint(Confidence::Medium)),
        (false, true) => Some(Confidence::Low),
        _ => None,
    }
}

fn says_password(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    [b"passw".as_slice(), b"pwd", b"passphrase"]
        .iter()
        .any(|word| memchr::memmem::find(&name, word).is_some())
}

/// The words of a name: split at marks and where lower case turns to upper.
fn words(name: &[u8]) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut last = b'_';
    for &byte in name {
        let starts = byte.is_ascii_uppercase() && last.is_ascii_lowercase();
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

fn name_denies(name: &[u8]) -> bool {
    let words = words(name);
    words.iter().any(|word| DENIED_WORDS.contains(&word.as_str()))
        || words.last().is_some_and(|word| DENIED_ENDINGS.contains(&word.as_str()))
}

fn is_nothing(name: &[u8], value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    NOTHING.iter().any(|nothing| nothing.as_bytes() == lower) || lower == name.to_ascii_lowercase()
}

/// Whether the value stands for another: a variable, a template, a call, a sealed value.
fn is_reference(value: &[u8], quoted: bool) -> bool {
    let starts = [
        b"$".as_slice(),
        b"{",
        b"<",
        b"%",
        b"@",
        b"#{",
        b"&",
        b"ENC[",
        b"ENC(",
        b"!vault",
        b"!secret",
        b"vault:",
        b"ref:",
        b"op://",
        b"ssm:",
        b"arn:",
        b"secretsmanager:",
        b"(",
    ];
    if starts.iter().any(|start| value.starts_with(start)) {
        return true;
    }
    let holds = [b"${".as_slice(), b"{{", b"$(", b"#{", b"%{", b"<%", b"}}", b"%s", b"%(", b"{0}"];
    if holds.iter().any(|part| memchr::memmem::find(value, part).is_some()) {
        return true;
    }
    if quoted {
        return false;
    }
    // Bare words of code: calls, members, indexing, other identifiers.
    let is_identifier = value.iter().all(|byte| {
        byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.' | b':' | b'?' | b'!' | b'-' | b'>')
    });
    is_identifier
        || value.iter().any(|byte| matches!(byte, b'(' | b'[' | b'{' | b'*' | b'\\'))
        || memchr::memmem::find(value, b"::").is_some()
        || is_member(value)
}

/// `self.password1`, `process.env.KEY_2`: words joined by dots, each starting with a letter.
fn is_member(value: &[u8]) -> bool {
    let mut parts = 0;
    for part in value.split(|&byte| byte == b'.') {
        let is_word = part.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
            && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if !is_word {
            return false;
        }
        parts += 1;
    }
    parts >= 2 && value.len() < 64
}

/// How many characters of which class.
struct Looks {
    lower: usize,
    upper: usize,
    digits: usize,
    marks: usize,
    spaces: usize,
}

impl Looks {
    fn of(value: &[u8]) -> Self {
        let mut looks = Self { lower: 0, upper: 0, digits: 0, marks: 0, spaces: 0 };
        for byte in value {
            match byte {
                b'a'..=b'z' => looks.lower += 1,
                b'A'..=b'Z' => looks.upper += 1,
                b'0'..=b'9' => looks.digits += 1,
                b' ' | b'\t' => looks.spaces += 1,
                _ => looks.marks += 1,
            }
        }
        looks
    }

    fn letters(&self) -> usize {
        self.lower + self.upper
    }

    fn classes(&self) -> usize {
        [self.lower, self.upper, self.digits, self.marks].iter().filter(|&&count| count > 0).count()
    }

    /// Words joined by marks, as in `user-password-field`, `MyClassName`.
    fn is_words(&self, value: &[u8]) -> bool {
        self.digits == 0
            && value.iter().all(|byte| {
                byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'.' | b':' | b' ' | b'/')
            })
            && (self.upper == 0 || self.lower == 0 || self.marks > 0 || self.upper * 4 <= self.lower)
    }

    fn is_path_or_url(&self, value: &[u8]) -> bool {
        let slashes = memchr::memchr_iter(b'/', value).count();
        memchr::memmem::find(value, b"://").is_some()
            || value.starts_with(b"./")
            || value.starts_with(b"../")
            || (value.starts_with(b"/") && slashes >= 2 && self.digits * 4 < value.len())
    }
}
