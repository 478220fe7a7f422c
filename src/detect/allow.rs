//! Allow markers: `keytrail:allow RULE[, RULE] -- reason` in a comment, on the line of a secret or
//! alone on the line above.
//!
//! A marker is known by its text, not by the language round it, so every comment style works. It
//! names exact rule ids and gives a reason; anything less is [`Marker::Malformed`] and allows nothing.

mod parse;
mod peer;

use memchr::{memchr, memmem, memrchr};
use std::ops::Range;

/// The text of a marker.
pub const WORD: &str = crate::rule::pack::MARKER_WORD;

/// How far a line is followed in each direction. Markers further away on an endless line do not
/// count, which keeps the time for each finding bounded.
const REACH: usize = 4096;

const NOT_A_COMMENT: &str = "on the line above a secret a marker must stand in a comment: begin the line with the \
                             comment sign, or put the marker on the secret's own line";

/// A marker found in a text. All offsets are bytes from the start of that text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Marker {
    /// A marker of ours with all it needs.
    Valid {
        /// Where its text begins.
        at: usize,
        /// The rules it allows. Whether such rules exist is for the caller to check.
        rules: Vec<String>,
        /// The reason, in one line, without control characters, at most 200 characters long.
        reason: String,
        /// Where the reason stands. The secret that was asked about is never in it; another secret
        /// may be, so mask what other findings cover before the reason is shown.
        reason_at: Range<usize>,
    },
    /// A marker of another scanner, which names no rule of ours and so allows all.
    Peer {
        /// Where its line begins, or where we stopped looking for that.
        at: usize,
        /// The marker's name: `gitleaks:allow`.
        name: &'static str,
    },
    /// Meant as a marker of ours, and none.
    Malformed {
        /// Where its text begins.
        at: usize,
        /// What is wrong and what would be right. Shows nothing of the text.
        problem: &'static str,
    },
}

impl Marker {
    /// Where it stands.
    pub fn at(&self) -> usize {
        match *self {
            Self::Valid { at, .. } | Self::Peer { at, .. } | Self::Malformed { at, .. } => at,
        }
    }

    /// The reason to allow a finding of this rule, if the marker does.
    pub fn allows(&self, rule: &str) -> Option<String> {
        match self {
            Self::Valid { rules, reason, .. } => rules.iter().any(|id| id == rule).then(|| reason.clone()),
            Self::Peer { name, .. } => Some(format!("peer marker {name}")),
            Self::Malformed { .. } => None,
        }
    }
}

/// The markers that may speak about a secret that begins at `at`: those on its line, and those
/// alone in a comment on the line above. With `peer`, other scanners' markers too.
pub fn markers_near(text: &[u8], at: usize, peer: bool) -> Vec<Marker> {
    let at = at.min(text.len());
    let (line, above) = lines_round(text, at);
    let mut markers = above.clone().map(|above| alone_on(text, above)).unwrap_or_default();
    for marker in words(text, line.clone()) {
        // The secret must never become a part of the reason.
        let end = if at >= marker.start { marker.end.min(at) } else { marker.end };
        markers.push(parse::marker(text, marker.start..end));
    }
    markers.extend(parse::near_misses(text, line.clone()));
    if peer {
        markers.extend(peer::on_line(text, line));
        markers.extend(above.and_then(|above| peer::for_next_line(text, above)));
    }
    markers
}

/// All markers of ours in a document, to tell which are malformed or name rules that do not exist.
/// Where the text only speaks of markers, as a manual does, there is none.
pub fn scan_markers(text: &[u8]) -> impl Iterator<Item = Marker> + '_ {
    memmem::find_iter(text, WORD).filter_map(move |at| {
        let line = start_of_line(text, at).unwrap_or(at)..end_of_line(text, at);
        let end = next_word(text, at..line.end);
        if !is_word(text, at) || parse::is_mention(&text[line.start..at], &text[at + WORD.len()..end]) {
            return None;
        }
        Some(parse::marker(text, at..end))
    })
}

/// The markers of a line that holds nothing else. A marker behind code belongs to the secret in
/// that code, and so does one before it.
fn alone_on(text: &[u8], line: Range<usize>) -> Vec<Marker> {
    let mut markers = Vec::new();
    for word in words(text, line.clone()) {
        let before = text[line.start..word.start].trim_ascii();
        if markers.is_empty() && !(before.is_empty() || parse::is_comment_start(before)) {
            return markers;
        }
        let marker = parse::marker(text, word.clone());
        if let Marker::Valid { reason_at, .. } = &marker {
            let rest = &text[reason_at.end..word.end];
            if rest.iter().any(u8::is_ascii_alphanumeric) {
                return Vec::new();
            }
        }
        markers.push(if before.is_empty() && matches!(marker, Marker::Valid { .. }) {
            Marker::Malformed { at: word.start, problem: NOT_A_COMMENT }
        } else {
            marker
        });
    }
    markers
}

/// Every marker in a line: from its word to the next one or to the end of the line.
fn words(text: &[u8], line: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
    let found = memmem::find_iter(&text[line.clone()], WORD);
    found.map(move |at| line.start + at).filter(|&at| is_word(text, at)).map(move |at| {
        let end = next_word(text, at..line.end);
        at..end
    })
}

/// Where the next marker after the one at the start of `range` begins, else the end.
fn next_word(text: &[u8], range: Range<usize>) -> usize {
    let start = (range.start + WORD.len()).min(range.end);
    memmem::find(&text[start..range.end], WORD.as_bytes()).map_or(range.end, |at| start + at)
}

/// Whether a hit is not the tail of a longer word.
fn is_word(text: &[u8], at: usize) -> bool {
    at == 0 || !(text[at - 1].is_ascii_alphanumeric() || b"-_".contains(&text[at - 1]))
}

/// The line of an offset, as far as we look, and the line above it if it is near enough.
fn lines_round(text: &[u8], at: usize) -> (Range<usize>, Option<Range<usize>>) {
    let end = end_of_line(text, at);
    let Some(start) = start_of_line(text, at) else {
        return (at.saturating_sub(REACH)..end, None);
    };
    let above = start.checked_sub(1).and_then(|above_end| {
        let above_start = start_of_line(text, above_end)?;
        Some(above_start..trim_return(text, above_start, above_end))
    });
    (start..end, above)
}

/// Where the line of `at` begins, unless that is out of reach.
fn start_of_line(text: &[u8], at: usize) -> Option<usize> {
    let from = at.saturating_sub(REACH);
    match memrchr(b'\n', &text[from..at]) {
        Some(line_feed) => Some(from + line_feed + 1),
        None => (from == 0).then_some(0),
    }
}

/// Where the line of `at` ends, or where we stop looking.
fn end_of_line(text: &[u8], at: usize) -> usize {
    let to = text.len().min(at.saturating_add(REACH));
    let end = memchr(b'\n', &text[at..to]).map_or(to, |line_feed| at + line_feed);
    trim_return(text, at, end)
}

/// Leaves out the carriage return before a line feed.
fn trim_return(text: &[u8], start: usize, end: usize) -> usize {
    if end > start && text[end - 1] == b'\r' { end - 1 } else { end }
}

#[cfg(test)]
mod tests;
