//! Private keys in armour: `-----BEGIN … PRIVATE KEY-----` and what follows (RFC 7468, RFC 1421 for
//! the old encrypted form, RFC 9580 for `OpenPGP`, `PROTOCOL.key` for OpenSSH).

use super::{Outcome, READ_AHEAD, Verdict, encode};
use crate::detect::judge::entropy::shannon;
use crate::token::key::armour::{BEGIN, Block, Body, DASHES};
use crate::token::key::{Key, der, openpgp, openssh};
use std::ops::Range;

/// A body shorter than this is no key that was cut off, but a mention of one.
const LEAST_CUT: usize = 64;

/// So much base64 may be a key even if we cannot decode it.
const LEAST_UNKNOWN: usize = 150;

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    let until = text.len().min(secret.start.saturating_add(READ_AHEAD));
    let Some(block) = text.get(secret.start..until).filter(|block| block.starts_with(BEGIN)) else {
        return Outcome::unknown();
    };
    let Some(block) = Block::at(block) else { return Outcome::unknown() };
    let Some((body, after)) = block.body() else { return cut_off(block.label, block.rest()) };
    let mut outcome = match &body.locked {
        // The old form encrypts the body itself, so there is nothing to decode.
        Some(cipher) if body.data.len() >= LEAST_CUT => locked(cipher),
        _ => match Key::read(block.label, &body) {
            Ok(key) => describe(key),
            // Long and even base64 is no text that somebody wrote as a sample; it may be a key of a
            // form that we do not know.
            Err(_) if body.data.len() >= LEAST_UNKNOWN && shannon(&body.data) >= 5.0 => {
                Outcome::unknown().with("its base64 does not decode to a key of a known form")
            }
            Err(why) => Outcome::refuted(why),
        },
    };
    if !matches!(outcome.verdict, Verdict::Refuted(_)) {
        outcome.span = Some(secret.start..secret.start + after);
    }
    outcome
}

fn describe(key: Key) -> Outcome {
    match key.locked {
        Some(cipher) => {
            let mut outcome = locked(&cipher);
            outcome.notes.insert(0, key.note);
            outcome
        }
        None => Outcome::proved(key.proof).with(key.note),
    }
}

/// A key under a passphrase: real, but of use only with the passphrase.
fn locked(cipher: &str) -> Outcome {
    let mut outcome =
        Outcome::unknown().with(format!("encrypted with a passphrase ({})", super::shown(cipher)));
    outcome.weaker = true;
    outcome
}

/// A BEGIN line without an END line: code that looks for keys, or a key that was cut.
fn cut_off(label: &[u8], rest: &[u8]) -> Outcome {
    // Up to the next dashes at most, so that a text full of BEGIN lines is read once.
    let rest = &rest[..rest.len().min(4096)];
    let rest = &rest[..memchr::memmem::find(rest, DASHES).unwrap_or(rest.len())];
    let body = Body::gather_start(rest);
    let bytes = encode::base64(&body.data[..body.data.len() / 4 * 4]);
    let plausible = body.data.len() >= LEAST_CUT
        && (body.locked.is_some()
            || bytes.is_some_and(|bytes| {
                if label.starts_with(b"PGP ") {
                    openpgp::may_begin(&bytes)
                } else {
                    openssh::may_begin(&bytes) || der::may_begin(&bytes)
                }
            }));
    if plausible {
        Outcome::unknown().with("the END line is missing")
    } else {
        Outcome::refuted("no key follows the BEGIN line")
    }
}

#[cfg(test)]
mod tests;
