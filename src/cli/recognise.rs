//! Values that are no files: which of them are tokens, by the engine's word.

use crate::cli::Failure;
use crate::coverage::Coverage;
use crate::detect::Engine;
use crate::document::Document;
use crate::finding::Finding;
use crate::kind::Kind;
use crate::level::{Confidence, Severity};
use crate::origin::{Origin, OriginKind, RepoPath};
use crate::scan::Scan;
use crate::secret::{FingerprintKey, Secret};
use crate::settings::{PathGlobs, Settings};
use crate::source::{Source, SourceError, Visit};
use crate::token::{self, Carrier};
use crate::trail::token::Token;
use std::sync::Arc;

/// A value with the name that it has where it comes from.
#[derive(Debug)]
pub struct Named {
    /// The name: a variable's, a key's; empty where there is none.
    pub name: String,
    /// The value.
    pub value: Secret,
}

/// What the engine makes of a value.
#[derive(Debug)]
pub enum Recognised {
    /// It is a token.
    Token(Box<Token>),
    /// Tokens stand in it, beside something else.
    Inside(Vec<Token>),
    /// Nothing about it looks like a secret.
    Nothing,
}

/// Judges all values in one scan, each by itself and as `NAME=value`, without the settings about
/// paths: these have none. The answers are in the order of the values.
pub fn recognise(
    values: &[Named],
    engine: &Engine,
    settings: &mut Settings,
) -> Result<Vec<Recognised>, Failure> {
    settings.exclude = PathGlobs::default();
    for rule in settings.rule_overrides.values_mut() {
        rule.exclude = PathGlobs::default();
    }
    let coverage = Coverage::default();
    let scan = Scan::new(engine, settings, &coverage, false);
    scan.read(&Values(values))?;
    let (findings, _) = scan.finish();
    let mut by_value: Vec<Vec<(&Finding, bool)>> = values.iter().map(|_| Vec::new()).collect();
    for finding in &findings {
        for location in &finding.locations {
            let Some((number, sort)) = location.path.as_str().and_then(|path| path.split_once('/')) else {
                continue;
            };
            let Some(of_value) = number.parse::<usize>().ok().and_then(|number| by_value.get_mut(number))
            else {
                continue;
            };
            of_value.push((finding, sort == ALONE));
        }
    }
    Ok(values.iter().zip(by_value).map(|(value, found)| judge(value, &found)).collect())
}

fn judge(value: &Named, found: &[(&Finding, bool)]) -> Recognised {
    let whole = found.iter().filter(|(finding, _)| finding.secret.expose() == value.value.expose());
    if let Some((finding, _)) = whole.max_by_key(|(finding, is_alone)| (finding.confidence, *is_alone)) {
        return Recognised::Token(Box::new(Token::of(finding)));
    }
    let mut inside: Vec<Token> =
        found.iter().filter(|(_, is_alone)| *is_alone).map(|(finding, _)| Token::of(finding)).collect();
    inside.sort_by_key(|token| token.fingerprint);
    inside.dedup_by_key(|token| token.fingerprint);
    if inside.is_empty() { Recognised::Nothing } else { Recognised::Inside(inside) }
}

/// A token of which nobody knows the form.
pub fn unknown(value: &Secret, key: &FingerprintKey) -> Token {
    const RULE: &str = "unrecognised";
    Token {
        fingerprint: value.fingerprint(key),
        rule: RULE.to_owned(),
        name: "Secret of an unknown form".to_owned(),
        kind: Kind::Generic,
        provider: "generic".to_owned(),
        masked: value.masked(0),
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        facts: token::facts(&Carrier { rule: RULE, secret: value.expose(), parts: &[] }),
    }
}

const ALONE: &str = "alone";

/// Each value as two documents: alone, and behind its name.
struct Values<'a>(&'a [Named]);

impl Source for Values<'_> {
    fn read(&self, visit: &Visit<'_>, _: &Coverage) -> Result<(), SourceError> {
        let origin = Arc::new(Origin::plain(OriginKind::Stdin));
        for (number, Named { name, value }) in self.0.iter().enumerate() {
            let path = RepoPath::new(format!("{number}/{ALONE}"));
            visit(&Document::whole(value.expose(), &path, &origin));
            if name.is_empty() || memchr::memchr(b'\n', value.expose()).is_some() {
                continue;
            }
            // Allocated once: a buffer that grows leaves copies behind that nobody wipes.
            let mut line = zeroize::Zeroizing::new(Vec::with_capacity(name.len() + value.expose().len() + 2));
            line.extend_from_slice(name.as_bytes());
            line.push(b'=');
            line.extend_from_slice(value.expose());
            line.push(b'\n');
            let path = RepoPath::new(format!("{number}/named"));
            visit(&Document::whole(&line, &path, &origin));
        }
        Ok(())
    }
}
