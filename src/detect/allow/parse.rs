//! The parts of one marker.

use super::{Marker, WORD};
use crate::rule::pack::MARKER_HEAD;
use memchr::memmem;
use std::ops::Range;

/// Longest reason that is kept, in characters.
const LONGEST_REASON: usize = 200;

/// What ends a comment or a template tag in the middle of a line. What follows is code, which must
/// not become a part of the reason.
const CLOSERS: [&[u8]; 12] =
    [b"*/", b"--}}", b"--%>", b"-->", b"#}", b"%}", b"\"\"\"", b"'''", b"?>", b"%>", b"#>", b"|#"];

/// What ends a comment in rarer languages; such pairs are common in plain text, so they count at
/// the end of the line only.
const CLOSERS_AT_END: [&[u8]; 5] = [b"*)", b"-}", b"--]]", b"]]", b"=#"];

/// How a comment can begin.
const OPENERS: [&[u8]; 20] = [
    b"#", b"//", b"/*", b"*", b"<!--", b"<#", b"--", b";", b"%", b"'", b"\"", b"{#", b"{-", b"{{", b"{/*",
    b"(*", b"<%", b"!", b"::", b"..",
];

/// Words that begin a comment.
const OPENING_WORDS: [&[u8]; 4] = [b"rem", b"@rem", b"dnl", b"comment"];

const NO_RULE: &str = "the marker names no rule: write `keytrail:allow RULE -- reason`";
const NO_REASON: &str = "the marker gives no reason: write `keytrail:allow RULE -- reason`, with white space on both \
                         sides of `--`";
const NOT_A_RULE: &str = "what follows `keytrail:allow` is no rule id: write the exact id that the report shows, \
                          in lower case";
const ALL_RULES: &str = "a marker cannot allow all rules: write the exact id of each, separated by commas";
const NO_COMMA: &str = "the marker needs commas between rule ids and ` -- ` before the reason";
const OTHER_WORD: &str = "the only marker is `keytrail:allow RULE -- reason`";

/// Reads the marker that begins at the start of `range` and has the rest of it to itself.
pub(super) fn marker(text: &[u8], range: Range<usize>) -> Marker {
    let at = range.start;
    let start = (at + WORD.len()).min(range.end);
    let rest = cut(&text[start..range.end]);
    match parts(rest) {
        Err(problem) => Marker::Malformed { at, problem },
        Ok((rules, reason)) => Marker::Valid {
            at,
            rules,
            reason: clean(&rest[reason.clone()]),
            reason_at: start + reason.start..start + reason.end,
        },
    }
}

/// The rule ids, and where in `rest` the reason stands.
fn parts(rest: &[u8]) -> Result<(Vec<String>, Range<usize>), &'static str> {
    if rest.first().is_some_and(|&byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        return Err(OTHER_WORD);
    }
    let mut rules = Vec::new();
    let mut at = skip_space(rest, 0);
    let reason = loop {
        if let Some(reason) = separator(rest, at) {
            break reason;
        }
        let length =
            rest[at..].iter().take_while(|&&byte| !byte.is_ascii_whitespace() && byte != b',').count();
        if length == 0 {
            return Err(if rules.is_empty() { NO_RULE } else { NO_REASON });
        }
        rules.push(rule_id(&rest[at..at + length])?);
        at = skip_space(rest, at + length);
        if rest.get(at) == Some(&b',') {
            at = skip_space(rest, at + 1);
        } else if separator(rest, at).is_none() {
            return Err(if at == rest.len() { NO_REASON } else { NO_COMMA });
        }
    };
    if rules.is_empty() {
        return Err(NO_RULE);
    }
    let start = skip_space(rest, reason);
    // Letters of any script make a reason; signs alone do not.
    let says_something = rest[start..].iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    if says_something { Ok((rules, start..rest.len())) } else { Err(NO_REASON) }
}

/// Where the reason begins if `--` stands here by itself.
fn separator(rest: &[u8], at: usize) -> Option<usize> {
    let after = at + 2;
    let alone = rest.get(after).is_none_or(u8::is_ascii_whitespace);
    (rest[at..].starts_with(b"--") && alone).then_some(after)
}

/// Checks the form of a rule id. What has another form may be a secret in the wrong place, so it
/// goes into no message; many digits make a key or a UUID rather than a rule.
fn rule_id(token: &[u8]) -> Result<String, &'static str> {
    const LONGEST: usize = 80;
    const MOST_DIGITS: usize = 8;
    if matches!(token, b"*" | b"all") {
        return Err(ALL_RULES);
    }
    if memmem::find(token, b"--").is_some() {
        return Err(NO_REASON);
    }
    let form = token.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-');
    let edges = token.first().is_some_and(u8::is_ascii_lowercase) && token.last() != Some(&b'-');
    let digits = token.iter().filter(|byte| byte.is_ascii_digit()).count();
    match std::str::from_utf8(token) {
        Ok(id) if form && edges && digits <= MOST_DIGITS && token.len() <= LONGEST => Ok(id.to_owned()),
        _ => Err(NOT_A_RULE),
    }
}

/// The part of a marker's line that is its own: up to where the comment or the string that it
/// stands in ends.
fn cut(rest: &[u8]) -> &[u8] {
    let closer = CLOSERS.iter().filter_map(|closer| memmem::find(rest, closer)).min();
    let mut rest = &rest[..closer.unwrap_or(rest.len())];
    // `/** ... **/` is closed by more stars than one.
    while let (Some(_), Some(shorter)) = (closer, rest.strip_suffix(b"*")) {
        rest = shorter;
    }
    if let Some(end) = end_of_string(rest) {
        rest = &rest[..end];
    }
    loop {
        rest = rest.trim_ascii_end();
        match CLOSERS_AT_END.iter().find_map(|closer| rest.strip_suffix(*closer)) {
            Some(shorter) => rest = shorter,
            None => return rest,
        }
    }
}

/// Where a quote ends a string that began before the marker: nothing but the end of an element
/// follows, and the quote has no partner inside.
fn end_of_string(rest: &[u8]) -> Option<usize> {
    let mut open = [false; 256];
    for (at, &byte) in rest.iter().enumerate() {
        if !matches!(byte, b'"' | b'\'' | b'`') {
            continue;
        }
        let next = rest[at + 1..].iter().find(|byte| !byte.is_ascii_whitespace());
        if !open[usize::from(byte)] && next.is_none_or(|next| b",;)]}".contains(next)) {
            return Some(at);
        }
        open[usize::from(byte)] ^= true;
    }
    None
}

/// A reason as it may be shown: one line of text without control characters.
fn clean(reason: &[u8]) -> String {
    let text = String::from_utf8_lossy(reason);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_REASON).collect()
}

fn skip_space(text: &[u8], from: usize) -> usize {
    text[from..].iter().position(|byte| !byte.is_ascii_whitespace()).map_or(text.len(), |at| from + at)
}

/// Whether what stands before a marker is the beginning of a comment and nothing else.
pub(super) fn is_comment_start(before: &[u8]) -> bool {
    let before = before.trim_ascii();
    let opens = OPENERS.iter().any(|opener| before.starts_with(opener));
    (opens && !before.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()))
        || OPENING_WORDS.iter().any(|word| before.eq_ignore_ascii_case(word))
}

/// Whether a text only speaks of markers: the word stands in a sentence or in quotes, or a
/// placeholder such as `RULE` follows.
pub(super) fn is_mention(before: &[u8], rest: &[u8]) -> bool {
    let comment = before.trim_ascii_end().last().is_none_or(|byte| {
        byte.is_ascii_punctuation() && !matches!(byte, b'`' | b'"' | b',' | b'.' | b':' | b'(' | b')')
    });
    let last_word = before.trim_ascii_end().rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
    if !comment && !OPENING_WORDS.iter().any(|word| last_word.eq_ignore_ascii_case(word)) {
        return true;
    }
    let quoted = rest.first().is_some_and(|byte| !byte.is_ascii_whitespace());
    let token = rest.trim_ascii_start().split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let token = token.strip_suffix(b",").unwrap_or(token);
    let placeholder = token.starts_with(b"<")
        || token.starts_with(b"{")
        || token.starts_with(b"[")
        || token.starts_with(b"...")
        || (!token.is_empty()
            && token.iter().all(|byte| byte.is_ascii_uppercase() || b"-_[,".contains(byte)))
            && !token.starts_with(b"--");
    quoted || placeholder
}

/// Words that look like a marker of ours and are none, near enough to a finding to be worth telling.
pub(super) fn near_misses(text: &[u8], line: Range<usize>) -> impl Iterator<Item = Marker> + '_ {
    const GUESSES: [&[u8]; 5] = [b"ignore", b"skip", b"disable", b"nosec", b"allow"];
    memmem::find_iter(&text[line.clone()], MARKER_HEAD).filter_map(move |at| {
        let at = line.start + at;
        let rest = &text[at + MARKER_HEAD.len()..line.end];
        let word = rest.trim_ascii_start();
        let exact = rest.starts_with(b"allow");
        let guess = !exact && GUESSES.iter().any(|guess| word.starts_with(guess));
        (guess && super::is_word(text, at)).then_some(Marker::Malformed { at, problem: OTHER_WORD })
    })
}
