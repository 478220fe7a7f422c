//! Judges a value by the name it is given to and by its own looks, where no format helps.

use crate::detect::assignment::{Assignment, Joint};
use crate::detect::file_kind;
use crate::detect::judge::name::{self, Sort};
use crate::detect::judge::shape::{self, Looks};
use crate::detect::judge::{entropy, placeholder, reference, words};
use crate::level::Confidence;
use std::ops::Range;

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

/// A long value shows what it is made of in its beginning, and text that is one name and sign after
/// the other would else be read again and again.
const MOST_JUDGED: usize = 160;

/// No password without quotes round it is longer.
const MOST_BARE: usize = 64;

/// What the judge says of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How sure the value makes us.
    pub confidence: Confidence,
    /// What decided, in the order of its weight, for a note.
    pub reasons: Vec<&'static str>,
}

impl Judgement {
    fn doubt(why: &'static str) -> Self {
        Self { confidence: Confidence::Low, reasons: vec![why] }
    }

    fn belief(reasons: &[&'static str]) -> Self {
        Self { confidence: Confidence::Medium, reasons: reasons.to_vec() }
    }
}

/// How sure a value makes us, and why; `None` if it is no secret.
pub fn judge(around: Surroundings<'_>, found: &Assignment, min_length: usize) -> Option<Judgement> {
    let text = around.text;
    let (own_name, value) = (&text[found.name.clone()], &text[found.value.clone()]);
    let is_quoted = found.quote.is_some();
    let words = name::words(own_name);
    let sort = name::sort_of(&words)?;
    let min_length = if sort == Sort::Password { min_length.min(5) } else { min_length };
    let is_about_it = name::denies(&words) || file_kind::names_a_file(own_name);
    if value.len() < min_length || is_about_it || is_nothing(own_name, value) {
        return None;
    }
    if is_scrambled(around, value, is_quoted) {
        return Some(if line_denies(text, found) {
            Judgement::doubt("its line says that it is none")
        } else {
            Judgement::belief(&[sort.about(), "no code or template has such marks"])
        });
    }
    if reference::is_reference(&value[..value.len().min(MOST_JUDGED)], is_quoted, around.is_code)
        || reference::continues_as_template(text, found.value.end)
        || shape::is_password_hash(value)
    {
        return None;
    }
    if let Some(why) = stand_in(text, found) {
        return Some(Judgement::doubt(why));
    }
    if is_prose(text, found) {
        return Some(Judgement::doubt("it stands in a sentence or a log"));
    }
    let value = &value[..value.len().min(MOST_JUDGED)];
    let looks = Looks::of(value);
    let doubt = if looks.spaces > 0 && !shape::is_object_text(value) {
        Some("it holds spaces")
    } else if looks.is_path_or_url(value) {
        Some("it is a path or an address")
    } else if looks.is_number(value) {
        Some("it is a number")
    } else {
        None
    };
    if let Some(why) = doubt {
        return Some(Judgement::doubt(why));
    }
    if shape::is_uuid(value) {
        return Some(if name::is_outright(&words) {
            Judgement::belief(&[sort.about(), "a UUID"])
        } else {
            Judgement::doubt("it has the form of an identifier")
        });
    }
    if sort != Sort::Password && !name::may_be_chosen(&words) && shape::has_odd_marks(value) {
        return Some(Judgement::doubt("it holds marks that no service puts into keys"));
    }
    let doubt = match sort {
        Sort::Password => against_password(value, &looks),
        Sort::Key => against_random(value, &looks, 16),
        Sort::Token => against_random(value, &looks, 8),
    };
    Some(match doubt {
        Some(why) => Judgement::doubt(why),
        None => Judgement::belief(&[sort.about(), "not made of words"]),
    })
}

/// Whether a value is what a generator of passwords makes. Without quotes it may be the piece of a
/// template or of a call, whose brackets close after it.
fn is_scrambled(around: Surroundings<'_>, value: &[u8], is_quoted: bool) -> bool {
    if is_quoted {
        return shape::is_scrambled(value);
    }
    let closing = value.iter().rev().take_while(|byte| b")]}".contains(byte)).count();
    !around.is_code
        && value.len() <= MOST_BARE
        && ![b"${", b"$(", b"{{"].iter().any(|start| value.starts_with(*start))
        && shape::is_scrambled(value)
        && shape::is_scrambled(&value[..value.len() - closing])
}

/// Why a value is a stand-in for a secret, if it is.
fn stand_in(text: &[u8], found: &Assignment) -> Option<&'static str> {
    let value = &text[found.value.clone()];
    let head = &value[..value.len().min(MOST_JUDGED)];
    let when = |holds: bool, why: &'static str| holds.then_some(why);
    placeholder::reason(head)
        .or_else(|| when(placeholder::holds_row(head), "it holds a row as people type"))
        .or_else(|| placeholder::reason_when_decoded(value))
        .or_else(|| when(shape::says_it_is_none(head), "it says that it is not for use"))
        .or_else(|| when(line_denies(text, found), "its line says that it is none"))
        .or_else(|| when(shape::is_file_name(value), "it is the name of a file"))
        .or_else(|| when(shape::is_query(head), "it is a list of parameters"))
        .or_else(|| when(shape::has_escapes(head), "it holds escapes"))
}

/// What speaks against a password that a person chose: anything that is no word counts, and a word
/// only with enough around it.
fn against_password(value: &[u8], looks: &Looks) -> Option<&'static str> {
    // What password policies ask for, or more of it than a name or a version has.
    let is_call = value.contains(&b'(') && value.contains(&b')');
    let is_by_policy =
        looks.digits >= 1 && looks.marks >= 1 && looks.classes() == 4 && value.len() >= 8 && !is_call;
    let is_dressed_up =
        is_by_policy || looks.digits >= 2 && looks.marks >= 1 && looks.classes() >= 3 && value.len() >= 9;
    if (is_dressed_up && !shape::mentions_secrets(value)) || !words::is_wordy(value) {
        return (looks.letters() == 0 || value.len() < 5).then_some("it is too short to tell");
    }
    Some("it reads like words")
}

/// What speaks against a secret that a machine made: it is long enough, of several characters, and
/// not made of words.
fn against_random(value: &[u8], looks: &Looks, least: usize) -> Option<&'static str> {
    let is_mixed = looks.digits > 0 && looks.letters() > 0 || (looks.upper > 1 && looks.lower > 1);
    let enough = if is_mixed { 2.6 } else { 3.0 };
    if value.len() < if is_mixed { least } else { least.max(12) } {
        Some("it is too short to tell")
    } else if entropy::shannon(value) < enough {
        Some("it is too regular to be random")
    } else {
        words::is_wordy(value).then_some("it reads like words")
    }
}

/// Whether a password of an address is one that nobody uses in earnest.
pub fn is_stand_in_password(value: &[u8]) -> bool {
    placeholder::reason(value).is_some()
        || is_nothing(b"", value)
        || against_password(value, &Looks::of(value)).is_some()
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
    shape::holds_any(line, &DENIALS)
}

/// Whether a bare value is followed by another word, and is one itself (`passphrase: see below`), or
/// the line is the result of a test (`PASS: gdb.base/step.exp: next 3`).
fn is_prose(text: &[u8], found: &Assignment) -> bool {
    if found.quote.is_some() || found.joint != Joint::Sign {
        return false;
    }
    let Range { start, end } = found.name;
    let is_result = matches!(&text[start..end], b"PASS" | b"XPASS")
        && text[end..].starts_with(b": ")
        && (start == 0 || text[start - 1] == b'\n');
    let value = &text[found.value.clone()];
    let rest = &text[found.value.end..];
    let rest = rest.strip_prefix(b",").unwrap_or(rest);
    // `NAME=value command` is how a shell hands a variable on.
    if text[found.name.end..found.value.start] == *b"=" {
        return false;
    }
    let goes_on = rest.first() == Some(&b' ') && rest.get(1).is_some_and(u8::is_ascii_alphanumeric);
    is_result || goes_on && !value.iter().any(u8::is_ascii_digit)
}

fn is_nothing(name: &[u8], value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    NOTHING.iter().any(|nothing| nothing.as_bytes() == lower) || lower == name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::assignment;

    fn judged(text: &str) -> Option<Judgement> {
        let at = text.find('=')?;
        let found = assignment::around(text.as_bytes(), at - 2..at - 1)?;
        judge(Surroundings { text: text.as_bytes(), is_code: false }, &found, 8)
    }

    #[test]
    fn a_judgement_says_what_decided() {
        let random = ["x7Kq9z", "P2mVbT", "4wLs"].concat();
        let uuid = ["2f1c3b9a", "7d4e", "4c1a", "9b1f", "0a2b3c4d5e6f"].join("-");
        let reasons =
            |text: String| judged(&text).map(|judged| (judged.confidence, judged.reasons.join("; ")));
        let told = |confidence, reasons: &str| Some((confidence, reasons.to_owned()));
        assert_eq!(
            reasons(format!("db_password = '{random}'")),
            told(Confidence::Medium, "named like a password; not made of words")
        );
        assert_eq!(
            reasons("db_password = 'organization'".into()),
            told(Confidence::Low, "it reads like words")
        );
        assert_eq!(
            reasons(format!("api_key = '{random}^{random}'")),
            told(Confidence::Low, "it holds marks that no service puts into keys")
        );
        assert_eq!(
            reasons(format!("access_token = '{uuid}'")),
            told(Confidence::Medium, "named like a token; a UUID")
        );
        assert_eq!(reasons(format!("primary_key = '{random}'")), None);
        assert_eq!(reasons("db_password = '${DB_PASSWORD}'".into()), None);
    }
}
