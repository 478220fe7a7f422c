//! Judges a value by the name it is given to and by its own looks, where no format helps.

use crate::detect::assignment::Assignment;
use crate::detect::judge::name::{self, Sort};
use crate::detect::judge::{entropy, placeholder, words};
use crate::level::Confidence;

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

/// What surrounds an assignment.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The text.
    pub text: &'a [u8],
    /// Whether the file is source code, where a bare word is a name and not a value.
    pub is_code: bool,
}

/// How sure a value makes us; `None` if it is no secret.
pub fn judge(around: Surroundings<'_>, found: &Assignment, min_length: usize) -> Option<Confidence> {
    let text = around.text;
    let (own_name, value) = (&text[found.name.clone()], &text[found.value.clone()]);
    let is_quoted = found.quote.is_some();
    let words = name::words(own_name);
    let sort = name::sort_of(&words)?;
    let min_length = if sort == Sort::Password { min_length.min(5) } else { min_length };
    if value.len() < min_length || name::denies(&words) || is_nothing(own_name, value) {
        return None;
    }
    if is_quoted && is_scrambled(value) {
        return Some(if line_denies(text, found) { Confidence::Low } else { Confidence::Medium });
    }
    if is_reference(value, is_quoted, around.is_code) || continues_as_template(text, found.value.end) {
        return None;
    }
    if is_password_hash(value) {
        return None;
    }
    if placeholder::reason(value).is_some()
        || placeholder::holds_row(value)
        || placeholder::reason_when_decoded(value).is_some()
        || says_it_is_none(value)
        || line_denies(text, found)
        || is_file_name(value)
        || is_query(value)
        || has_escapes(value)
    {
        return Some(Confidence::Low);
    }
    // A long value shows what it is made of in its beginning.
    let value = &value[..value.len().min(160)];
    let looks = Looks::of(value);
    if looks.spaces > 0 || looks.is_path_or_url(value) || looks.is_number() {
        return Some(Confidence::Low);
    }
    if is_uuid(value) {
        return Some(if name::is_outright(&words) { Confidence::Medium } else { Confidence::Low });
    }
    let confidence = match sort {
        Sort::Password => password(value, &looks),
        Sort::Key | Sort::Token if !name::may_be_chosen(&words) && has_odd_marks(value) => Confidence::Low,
        Sort::Key => random(value, &looks, 16),
        Sort::Token => random(value, &looks, 8),
    };
    Some(confidence)
}

/// What a person chose: anything that is no word counts, and a word only with enough around it.
fn password(value: &[u8], looks: &Looks) -> Confidence {
    let is_dressed_up = looks.digits >= 2 && looks.marks >= 1 && looks.classes() >= 3 && value.len() >= 9;
    if (is_dressed_up && !mentions_secrets(value)) || !words::is_wordy(value) {
        return if looks.letters() == 0 || value.len() < 5 { Confidence::Low } else { Confidence::Medium };
    }
    Confidence::Low
}

/// What a machine made: long enough, of several characters, and not made of words.
fn random(value: &[u8], looks: &Looks, least: usize) -> Confidence {
    let bits = entropy::shannon(value);
    let is_mixed = looks.digits > 0 && looks.letters() > 0 || (looks.upper > 1 && looks.lower > 1);
    let enough = if is_mixed { 2.6 } else { 3.0 };
    let is_long = value.len() >= if is_mixed { least } else { least.max(12) };
    if is_long && bits >= enough && !words::is_wordy(value) { Confidence::Medium } else { Confidence::Low }
}

/// Whether a value mixes many marks in a way that no code, template or expression does, because
/// its brackets do not fit each other: what a generator of passwords makes.
fn is_scrambled(value: &[u8]) -> bool {
    let mut kinds = [false; 128];
    let mut open = Vec::new();
    let mut fits = true;
    for &byte in value {
        match byte {
            b' ' | b'\t' | b'\\' | b'\'' | b'"' | b'=' | b';' => return false,
            b'(' | b'[' | b'{' => open.push(byte),
            b')' => fits &= open.pop() == Some(b'('),
            b']' => fits &= open.pop() == Some(b'['),
            b'}' => fits &= open.pop() == Some(b'{'),
            _ => {}
        }
        if byte.is_ascii_punctuation() {
            kinds[usize::from(byte)] = true;
        }
    }
    let is_ended = !matches!(value.last(), Some(b'(' | b'[' | b'{' | b'.' | b','));
    value.len() >= 8 && !fits && is_ended && kinds.iter().filter(|&&kind| kind).count() >= 5
}

/// Whether a value holds marks that services leave out of their keys, which must pass addresses,
/// headers and shells (RFC 3986, RFC 6750).
fn has_odd_marks(value: &[u8]) -> bool {
    value.iter().any(|byte| b"?^[];*$#()".contains(byte))
}

/// `$2a$…`, `$argon2id$…`, `{SSHA}…`: a hash that can be attacked, and no password.
fn is_password_hash(value: &[u8]) -> bool {
    let marks = memchr::memchr_iter(b'$', value).count();
    (value.starts_with(b"$") && marks >= 3) || value.starts_with(b"{CRYPT}") || value.starts_with(b"{SSHA")
}

/// A name with an ending that files have.
fn is_file_name(value: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 14] = [
        b".json",
        b".yaml",
        b".yml",
        b".conf",
        b".pem",
        b".key",
        b".txt",
        b".crt",
        b".xml",
        b".properties",
        b".toml",
        b".env",
        b".cfg",
        b".html",
    ];
    ENDINGS.iter().any(|ending| value.ends_with(ending)) || value.ends_with(b"-kubeconfig")
}

/// The parameters of an address: what is secret among them has a name of its own there.
fn is_query(value: &[u8]) -> bool {
    let is_pair = |part: &[u8]| {
        memchr::memchr(b'=', part).is_some_and(|at| {
            at > 0
                && part[..at].iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
    };
    value.split(|&byte| byte == b'&').skip(1).filter(|part| is_pair(part)).count() >= 2
}

/// Escapes of a language, as in text of another script: no generator makes them.
fn has_escapes(value: &[u8]) -> bool {
    [b"\\u".as_slice(), b"\\x", b"\\t", b"\\n"]
        .iter()
        .any(|escape| memchr::memmem::find(value, escape).is_some())
}

/// Eight, four, four, four and twelve hexadecimal digits: an identifier more often than a secret.
fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether a value says of itself that it is not for use: `django-insecure-…`, `quickstart-…`.
fn says_it_is_none(value: &[u8]) -> bool {
    const WORDS: [&[u8]; 9] = [
        b"insecure",
        b"quickstart",
        b"quick-start",
        b"tutorial",
        b"hello-world",
        b"helloworld",
        b"invalid",
        b"fake",
        b"mock",
    ];
    let lower = value.to_ascii_lowercase();
    WORDS.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// Whether a value speaks of secrets, as stand-ins do.
fn mentions_secrets(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    [b"pass".as_slice(), b"secret", b"test", b"user", b"admin", b"token", b"demo", b"default"]
        .iter()
        .any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// Whether a password of an address is one that nobody uses in earnest.
pub fn is_stand_in_password(value: &[u8]) -> bool {
    placeholder::reason(value).is_some()
        || is_nothing(b"", value)
        || password(value, &Looks::of(value)) == Confidence::Low
}

/// Whether a value holds a template's opening or goes on as one.
pub fn is_template(text: &[u8], value: &std::ops::Range<usize>) -> bool {
    let own = &text[value.clone()];
    own.starts_with(b"${")
        || memchr::memmem::find(own, b"{{").is_some()
        || continues_as_template(text, value.end)
}

/// Whether a value goes on as a template: `prefix-{{ name }}`, `abc${NAME}`.
fn continues_as_template(text: &[u8], end: usize) -> bool {
    let rest = &text[end.min(text.len())..];
    [b"{{".as_slice(), b"${", b"$(", b"<%", b"%(", b"#{"].iter().any(|start| rest.starts_with(start))
}

/// Whether the line's own comment says that this is no secret.
fn line_denies(text: &[u8], found: &Assignment) -> bool {
    const DENIALS: [&[u8]; 9] = [
        b"nosec",
        b"nolint",
        b"noqa",
        b"notsecret",
        b"not a secret",
        b"false positive",
        b"false-positive",
        b":allow",
        b"allowlist",
    ];
    let rest = &text[found.value.end..];
    let rest = &rest[..rest.len().min(200)];
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let lower = line.to_ascii_lowercase();
    DENIALS.iter().any(|denial| memchr::memmem::find(&lower, denial).is_some())
}

fn is_nothing(name: &[u8], value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    NOTHING.iter().any(|nothing| nothing.as_bytes() == lower) || lower == name.to_ascii_lowercase()
}

/// Whether the value stands for another: a variable, a template, a call, a sealed value.
fn is_reference(value: &[u8], is_quoted: bool, is_code: bool) -> bool {
    const STARTS: [&[u8]; 19] = [
        b"${",
        b"$(",
        b"{{",
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
    const PARTS: [&[u8]; 14] = [
        b"${", b"{{", b"$(", b"#{", b"%{", b"<%", b"}}", b"%s", b"%(", b"{0}", b"()", b"\\(", b" + ", b"').",
    ];
    if STARTS.iter().any(|start| value.starts_with(start)) || is_variable(value) {
        return true;
    }
    if PARTS.iter().any(|part| memchr::memmem::find(value, part).is_some()) || value.starts_with(b")") {
        return true;
    }
    if is_quoted {
        return false;
    }
    let has_code = value.iter().any(|byte| matches!(byte, b'(' | b'[' | b'{' | b'*' | b'\\'))
        || memchr::memmem::find(value, b"::").is_some()
        || memchr::memmem::find(value, b"->").is_some()
        || is_member(value)
        || value.starts_with(b"0x");
    // In code a bare value is a name or a number, unless it is long and has digits in it.
    let is_name = is_code && (value.len() < 16 || !value.iter().any(u8::is_ascii_digit));
    has_code || is_name || is_constant(value)
}

/// `$NAME`, `\$NAME`, `$Name->x`.
fn is_variable(value: &[u8]) -> bool {
    let name = value.strip_prefix(b"\\").unwrap_or(value).strip_prefix(b"$");
    name.is_some_and(|name| {
        name.len() >= 2
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_->[]'.".contains(byte))
            && name[0].is_ascii_alphabetic()
            && words::is_wordy(name)
    })
}

/// `SOME_CONSTANT_NAME`: capitals with low lines, or words joined by dashes.
fn is_constant(value: &[u8]) -> bool {
    value.contains(&b'_') && value.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_')
}

/// `process.env.KEY_2`: words joined by dots, each starting with a letter.
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

    /// Digits and marks only: a count, a date, a version.
    fn is_number(&self) -> bool {
        self.letters() == 0
    }

    fn is_path_or_url(&self, value: &[u8]) -> bool {
        let slashes = memchr::memchr_iter(b'/', value).count();
        memchr::memmem::find(value, b"://").is_some()
            || value.starts_with(b"./")
            || value.starts_with(b"../")
            || (value.starts_with(b"/") && slashes >= 2 && self.digits * 4 < value.len())
    }
}
