//! From a keyword to candidates: runs a rule's matcher near the keyword and weighs what it finds.

use crate::detect::judge::generic::{self, Surroundings};
use crate::detect::judge::{digest, entropy, identifier, parameter, placeholder, reference};
use crate::detect::near_miss::Services;
use crate::detect::{Match, assignment, checks};
use crate::level::Confidence;
use crate::rule::Rule;
use crate::rule::content::Run;
use crate::rule::expression::Expression;
use crate::rule::pack::Matcher;
use std::ops::Range;

/// Whether a rule's matches mean something without text round them.
pub fn stands_alone(rule: &Rule) -> bool {
    matches!(rule.matcher, Matcher::Pattern(_)) && rule.confidence >= Confidence::High
}

/// What a cheap look at the bytes round a keyword says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// There may be a match.
    Promising,
    /// So many bytes after the keyword are not those that follow it in a match.
    NotFollowed(usize),
    /// Something is missing in the rule's window.
    Missing,
}

/// The last part of a text that was searched for the run of digits that a rule wants, in vain. Where
/// its keyword stands time and again, the windows round it are mostly the same text.
#[derive(Debug, Default)]
pub struct Runless {
    rule: usize,
    searched: Range<usize>,
    /// Where a search of what follows goes on.
    next: usize,
}

impl Runless {
    /// Whether the run that the rule wants is in a part of the text.
    fn holds(&mut self, run: Run, rule: usize, text: &[u8], part: Range<usize>) -> bool {
        let is_known = self.rule == rule
            && self.searched.start <= part.start
            && part.start < self.searched.end
            && self.searched.end <= part.end;
        let from = if is_known { self.next.max(part.start) } else { part.start };
        match run.search(&text[part.clone()], from - part.start) {
            Ok(()) => true,
            Err(next) => {
                let start = if is_known { self.searched.start } else { part.start };
                *self = Self { rule, searched: start..part.end, next: part.start + next };
                false
            }
        }
    }
}

/// A cheap look at the bytes round a keyword, before any expression is compiled or run.
#[inline]
pub fn look(rule: &Rule, index: usize, text: &[u8], keyword: &Range<usize>, runless: &mut Runless) -> Look {
    if let Some(follow) = &rule.follow {
        let count = usize::from(follow.count);
        let next = text.get(keyword.end..keyword.end + count);
        if !next.is_some_and(|next| next.iter().all(|&byte| follow.set.contains(byte))) {
            return Look::NotFollowed(count);
        }
    }
    let part = window(rule, text, keyword);
    let around = &text[part.clone()];
    let has_needle = match rule.needle.as_deref() {
        None => true,
        Some(&[byte]) => memchr::memchr(byte, around).is_some(),
        Some(needle) => memchr::memmem::find(around, needle).is_some(),
    };
    let is_promising = has_needle && rule.run.is_none_or(|run| runless.holds(run, index, text, part));
    if is_promising { Look::Promising } else { Look::Missing }
}

/// The text in which all matches stand that a keyword calls for.
fn window(rule: &Rule, text: &[u8], keyword: &Range<usize>) -> Range<usize> {
    keyword.start.saturating_sub(rule.before as usize)..(keyword.start + rule.after as usize).min(text.len())
}

/// Adds what the rule finds round the keyword.
pub fn propose(
    rule: &Rule,
    index: usize,
    around: Surroundings<'_>,
    services: Services<'_>,
    keyword: Range<usize>,
    candidates: &mut Vec<Match>,
) {
    let text = around.text;
    match rule.matcher {
        Matcher::Assignment(min_length) => {
            if let Some(found) = assignment::around(text, keyword)
                && let Some(judged) = generic::judge(around, &found, min_length as usize)
            {
                let mut confidence = judged.confidence.min(rule.confidence);
                let mut notes = vec![judged.reasons.join("; ")];
                if confidence > Confidence::Low && services.claim(text, &found) {
                    confidence = Confidence::Low;
                    notes =
                        vec!["named like a secret of a known service, without the form of one".to_owned()];
                }
                candidates.push(Match {
                    rule: index,
                    span: found.value,
                    confidence,
                    notes,
                    parts: Vec::new(),
                    decoded: None,
                });
            }
        }
        Matcher::Pattern(_) => {
            let Some(expression) = rule.expression() else { return };
            each_secret(expression, rule, text, &keyword, |whole, secret| {
                let holds_keyword = whole.start <= keyword.start && keyword.end <= whole.end;
                if holds_keyword {
                    candidates.extend(weigh(rule, index, text, secret));
                }
            });
        }
        Matcher::Context(_, within) => {
            if is_in_random_text(text, &keyword) {
                return;
            }
            let Some(expression) = rule.expression() else { return };
            each_secret(expression, rule, text, &keyword, |_, secret| {
                let gap =
                    secret.start.saturating_sub(keyword.end).max(keyword.start.saturating_sub(secret.end));
                if gap <= within as usize {
                    candidates.extend(weigh(rule, index, text, secret.clone()).map(|mut found| {
                        let is_other = || {
                            parameter::is_other(text, &secret)
                                .then_some("a parameter of an address, not named like a secret")
                        };
                        let why = digest::named(text, &secret)
                            .or_else(|| identifier::named(text, &secret))
                            .or_else(is_other);
                        if let Some(why) = why {
                            found.confidence = Confidence::Low;
                            found.notes.push(why.to_owned());
                        }
                        found
                    }));
                }
            });
        }
    }
}

/// Whether the name of a service is one by chance, inside the letters of a certificate or a picture.
fn is_in_random_text(text: &[u8], keyword: &Range<usize>) -> bool {
    /// Longer than the names of settings are.
    const LONGEST_NAME: usize = 56;
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if !text[keyword.clone()].iter().all(|byte| is_part(&byte)) {
        return false;
    }
    let before = text[..keyword.start].iter().rev().take(LONGEST_NAME).take_while(is_part).count();
    let after = text[keyword.end..].iter().take(LONGEST_NAME).take_while(is_part).count();
    let run = &text[keyword.start - before..keyword.end + after];
    // One character of 64 is a slash; in a path there are more.
    let slashes = memchr::memchr_iter(b'/', run).count();
    run.len() > LONGEST_NAME && slashes * 16 <= run.len()
}

/// Calls `visit(whole match, secret)` for each match in the rule's window round the keyword.
fn each_secret(
    expression: &Expression,
    rule: &Rule,
    text: &[u8],
    keyword: &Range<usize>,
    mut visit: impl FnMut(Range<usize>, Range<usize>),
) {
    let is_pattern = matches!(rule.matcher, Matcher::Pattern(_));
    let Range { start, end } = window(rule, text, keyword);
    // The slice begins one byte before the window so that `\b` sees what stands there.
    let from = start.saturating_sub(1);
    let window = &text[from..end];
    let outside = |range: Range<usize>| from + range.start..from + range.end;
    // Where nothing of a match stands before the keyword, it can begin nowhere else.
    let exactly = is_pattern && rule.before == 0;
    let mut at = start - from;
    while at <= window.len() {
        let Some(found) = expression.find(window, at, exactly) else { break };
        if found.whole.start + from > keyword.end && is_pattern {
            break;
        }
        at = if found.whole.end > at { found.whole.end } else { at + 1 };
        if let Some(secret) = found.part.filter(|secret| !secret.is_empty()) {
            visit(outside(found.whole), outside(secret));
        }
        if exactly {
            break;
        }
    }
}

/// Checks, companions, entropy and placeholders: what a candidate of a pattern is worth.
fn weigh(rule: &Rule, index: usize, text: &[u8], secret: Range<usize>) -> Option<Match> {
    let mut found = Match {
        rule: index,
        span: secret.clone(),
        confidence: rule.confidence,
        notes: Vec::new(),
        parts: Vec::new(),
        decoded: None,
    };
    let mut proved = false;
    if let Some(check) = rule.check.and_then(checks::by_name) {
        let outcome = check.verify_in(text, secret.clone());
        match outcome.verdict {
            checks::Verdict::Proved(note) => {
                found.confidence = Confidence::Certain;
                found.notes.push(note.to_owned());
                proved = true;
            }
            checks::Verdict::Refuted(note) => {
                found.confidence = Confidence::Low;
                found.notes.push(note.to_owned());
            }
            checks::Verdict::Unknown => {}
        }
        if outcome.weaker {
            found.confidence = found.confidence.lowered();
        }
        found.notes.extend(outcome.notes);
        if let Some(span) = outcome.span {
            found.span = span;
            // The check read on and judged the whole, of which the match is only the head.
            companions(rule, text, &mut found)?;
            return Some(found);
        }
    }
    companions(rule, text, &mut found)?;
    if !proved {
        if reference::is_template(text, &secret) {
            return None;
        }
        let random = &text[secret.start + usize::from(rule.public_prefix).min(secret.len())..secret.end];
        if rule.min_entropy.is_some_and(|least| entropy::shannon(&text[secret.clone()]) < least) {
            found.confidence = Confidence::Low;
            found.notes.push("too regular to be random".to_owned());
        } else if matches!(rule.matcher, Matcher::Context(..)) && is_part_of_more(text, &secret) {
            found.confidence = Confidence::Low;
            found.notes.push("only a part of a longer value".to_owned());
        } else if text[secret.clone()].starts_with(b"-----BEGIN ") {
            // The check has read the key that follows; its own dashes are no sign of a stand-in.
        } else if let Some(reason) =
            placeholder::reason(if random.is_empty() { &text[secret] } else { random })
        {
            found.confidence = Confidence::Low;
            found.notes.push(format!("looks like a stand-in: {reason}"));
        }
    }
    Some(found)
}

/// Whether a secret is joined to more letters by a mark that no key holds: the piece of a longer
/// value. In an address a key may be followed by a query.
fn is_part_of_more(text: &[u8], secret: &Range<usize>) -> bool {
    let joins = |mark: Option<&u8>, beyond: Option<&u8>, marks: &[u8]| {
        mark.is_some_and(|mark| marks.contains(mark)) && beyond.is_some_and(u8::is_ascii_alphanumeric)
    };
    let back = |by: usize| secret.start.checked_sub(by).and_then(|at| text.get(at));
    let is_in_address = matches!(back(1), Some(b'/' | b'='));
    // What is in front of `@` is the name in a mail address, or the user in one of the web.
    let marks: &[u8] = if back(1) == Some(&b':') { b"?!^~*" } else { b"?!^~*@" };
    joins(text.get(secret.end), text.get(secret.end + 1), marks) && !is_in_address
        || joins(back(1), back(2), b"?!^~*")
}

/// Looks for what belongs to the secret. `None` if something required is missing.
fn companions(rule: &Rule, text: &[u8], found: &mut Match) -> Option<()> {
    for (number, companion) in rule.companions.iter().enumerate() {
        let Some(expression) = rule.companion(number) else { continue };
        let within = companion.within as usize;
        let from = found.span.start.saturating_sub(within);
        let to = (found.span.end + within).min(text.len());
        let gap = |part: &Range<usize>| {
            part.start.saturating_sub(found.span.end).max(found.span.start.saturating_sub(part.end))
        };
        // The nearest one that is not inside the secret itself.
        let nearest = expression
            .all(&text[from..to])
            .filter_map(|found| found.part)
            .map(|part| from + part.start..from + part.end)
            .filter(|part| part.end <= found.span.start || part.start >= found.span.end)
            .min_by_key(|part| (gap(part), part.start));
        match nearest {
            Some(part) => {
                found.parts.push((companion.name.to_owned(), part));
                found.confidence = found.confidence.raised();
            }
            None if companion.required => return None,
            None => {}
        }
    }
    Some(())
}
