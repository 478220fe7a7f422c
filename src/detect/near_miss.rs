//! Knows when a value that only its name speaks for belongs to a service whose secrets we know, and
//! is none of them: a character too few, another alphabet, an older sort.
//!
//! Such a value is found by the name it is given to and would be reported as a secret of some
//! service. Where the name or the value itself says which service that is, and the rules of that
//! service do not take the value, they know better.

use crate::detect::assignment::Assignment;
use crate::detect::judge::name::{self, Sort};
use crate::detect::prefilter::Prefilter;
use crate::kind::Kind;
use crate::rule::{Pack, Rule};
use std::ops::Range;

/// How far before a name, on its line, the name of a service is looked for.
const BEFORE_NAME: usize = 32;

/// Words that any name of a secret may be made of. What else is in a keyword names a service.
const COMMON: &[&str] = &[
    "authorization",
    "application",
    "credential",
    "subscription",
    "bootstrap",
    "temporary",
    "passphrase",
    "function",
    "password",
    "security",
    "account",
    "private",
    "channel",
    "storage",
    "profile",
    "refresh",
    "service",
    "webhook",
    "session",
    "license",
    "access",
    "bearer",
    "client",
    "header",
    "public",
    "secret",
    "tenant",
    "wallet",
    "system",
    "token",
    "cloud",
    "admin",
    "oauth",
    "hash",
    "auth",
    "user",
    "temp",
    "bot",
    "key",
    "app",
    "api",
    "sdk",
    "web",
    "id",
    "v1",
    "v2",
    "x",
];

/// A value that is longer than a rule's form by at most so many bytes is a near miss of it. One that
/// differs by more is another sort of key as often as not.
const MOST_OVER: usize = 2;
/// One that is named like a secret of a service may be shorter by so many bytes.
const MOST_UNDER_NAMED: usize = 2;
/// No service that marks its tokens makes them shorter than this.
const LEAST_MARKED: usize = 30;
/// One that begins like a token may be cut anywhere.
const MOST_UNDER_BEGUN: usize = 64;
/// How much of a text round a value a rule is shown.
const ROUND: usize = 128;

/// Asks the search for keywords which services a stretch of text speaks of.
#[derive(Debug, Clone, Copy)]
pub struct Services<'a> {
    /// The search.
    pub prefilter: &'a Prefilter,
    /// The rules that it names.
    pub pack: &'a Pack,
}

impl Services<'_> {
    /// Whether a service that the pack knows is named by an assignment's name, by what stands
    /// before it on its line, or by the beginning of its value, and the value is one that its rules
    /// would take if it were a little longer or shorter.
    pub fn claim(&self, text: &[u8], found: &Assignment) -> bool {
        if name::sort_of(&name::words(&text[found.name.clone()])) == Some(Sort::Password) {
            return false;
        }
        let line = found.name.start.saturating_sub(BEFORE_NAME);
        let before = &text[line..found.name.start];
        let start = memchr::memrchr(b'\n', before).map_or(line, |at| line + at + 1);
        let trial = Trial::new(text, &found.value);
        // The search looks at the byte after a keyword too.
        let begun = found.value.start..(found.value.start + 16).min(found.value.end);
        self.any(text, begun, |rule, keyword| {
            keyword.start == found.value.start
                && rule.public_prefix >= 3
                && (trial.value.len() < LEAST_MARKED && !trial.is_taken(rule)
                    || trial.is_near(rule, MOST_UNDER_BEGUN))
        }) || self.any(text, start..found.name.end, |rule, keyword| {
            names_a_service(&text[keyword]) && trial.is_near(rule, MOST_UNDER_NAMED)
        })
    }

    fn any(&self, text: &[u8], own: Range<usize>, fits: impl Fn(&Rule, Range<usize>) -> bool) -> bool {
        let mut is_found = false;
        self.prefilter.find(&text[..own.end], own, |owners, length, start| {
            for owner in owners {
                // The owner of allow markers is no rule.
                let Some(rule) = self.pack.rules().get(owner as usize) else { continue };
                is_found = is_found || is_of_a_service(rule) && fits(rule, start..start + length);
            }
        });
        is_found
    }
}

/// A value in its text, to be made longer and shorter.
struct Trial<'a> {
    before: &'a [u8],
    value: &'a [u8],
    after: &'a [u8],
}

impl<'a> Trial<'a> {
    fn new(text: &'a [u8], value: &Range<usize>) -> Self {
        Self {
            before: &text[value.start.saturating_sub(ROUND)..value.start],
            value: &text[value.clone()],
            after: &text[value.end..(value.end + 16).min(text.len())],
        }
    }

    /// Whether a rule takes a value in the place of the one that stands there.
    fn takes(&self, rule: &Rule, value: &[u8]) -> bool {
        let Some(expression) = rule.expression() else { return false };
        let shown = [self.before, value, self.after].concat();
        let place = self.before.len()..self.before.len() + value.len();
        expression.all(&shown).any(|found| found.part == Some(place.clone()))
    }

    fn is_taken(&self, rule: &Rule) -> bool {
        self.takes(rule, self.value)
    }

    /// Whether a rule does not take the value and would if some bytes were more or fewer.
    fn is_near(&self, rule: &Rule, most_under: usize) -> bool {
        let Some(&last) = self.value.iter().rfind(|byte| byte.is_ascii_alphanumeric()) else { return false };
        if self.is_taken(rule) {
            return false;
        }
        let most_over = MOST_OVER.min(self.value.len() - 1);
        (1..=most_over).any(|by| self.takes(rule, &self.value[..self.value.len() - by])) || {
            let mut longer = self.value.to_vec();
            (0..most_under).any(|_| {
                longer.push(last);
                self.takes(rule, &longer)
            })
        }
    }
}

/// Whether a rule is about one service's own keys, and not about a form that many share.
fn is_of_a_service(rule: &Rule) -> bool {
    !rule.id.starts_with("generic")
        && !matches!(
            rule.kind,
            Kind::Password | Kind::Generic | Kind::ConnectionString | Kind::Jwt | Kind::PasswordHash
        )
}

/// Whether a keyword holds more than the words that any name may hold.
fn names_a_service(keyword: &[u8]) -> bool {
    let lower = keyword.to_ascii_lowercase();
    let mut rest: Vec<u8> = lower.into_iter().filter(u8::is_ascii_alphanumeric).collect();
    for word in COMMON {
        while let Some(at) = memchr::memmem::find(&rest, word.as_bytes()) {
            rest.drain(at..at + word.len());
        }
    }
    rest.len() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_services_are_told_from_words_of_any_name() {
        for keyword in ["bitly", "wandb_api", "x-acme-key", "AMPLITUDE_"] {
            assert!(names_a_service(keyword.as_bytes()), "{keyword}");
        }
        for keyword in ["access_token", "secret_key", "x-api-key", "bot_token", "refreshToken"] {
            assert!(!names_a_service(keyword.as_bytes()), "{keyword}");
        }
    }
}
