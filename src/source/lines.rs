//! Which lines of a file a change adds.

use crate::coverage::Coverage;
use crate::document::Document;
use crate::origin::{Origin, OriginKind, RepoPath};
use crate::source::text::{Subject, deliver};
use git2::{DiffOptions, Patch};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Lines counted from 1, end exclusive, sorted and merged.
pub type Lines = Vec<Range<u64>>;

/// Over this size two versions are not compared: every line counts as added.
const LARGEST: usize = 256 << 20;

/// How much of a file tells its encoding.
const HEAD: usize = 8192;

/// The lines of `new` that are not in `old`, found as git finds them. `None` means all of them:
/// `old` is empty, or the two are too large to compare.
pub fn added(old: &[u8], new: &[u8]) -> Option<Lines> {
    if old == new {
        return Some(Lines::new());
    }
    if old.is_empty() || old.len() > LARGEST || new.len() > LARGEST {
        return None;
    }
    let (old, new) = (as_searched(old), as_searched(new));
    let mut options = DiffOptions::new();
    // What git would call binary is compared by lines all the same, or its secrets would count
    // as old.
    options.force_text(true).context_lines(0).interhunk_lines(0).ignore_submodules(false);
    let patch = Patch::from_buffers(&old, None, &new, None, Some(&mut options)).ok()?;
    let mut lines = Lines::new();
    for index in 0..patch.num_hunks() {
        let (hunk, _) = patch.hunk(index).ok()?;
        let start = u64::from(hunk.new_start());
        push(&mut lines, start..start + u64::from(hunk.new_lines()));
    }
    Some(lines)
}

/// The lines that are in both.
pub fn intersect(one: &[Range<u64>], other: &[Range<u64>]) -> Lines {
    let (mut i, mut j) = (0, 0);
    let mut both = Lines::new();
    while let (Some(a), Some(b)) = (one.get(i), other.get(j)) {
        push(&mut both, a.start.max(b.start)..a.end.min(b.end));
        if a.end <= b.end {
            i += 1;
        } else {
            j += 1;
        }
    }
    both
}

fn push(lines: &mut Lines, next: Range<u64>) {
    if next.is_empty() {
        return;
    }
    match lines.last_mut() {
        Some(last) if last.end >= next.start => last.end = last.end.max(next.end),
        _ => lines.push(next),
    }
}

/// The text that the engine will see, since its lines are those that findings are counted in:
/// UTF-16 has bytes that look like the end of a line and are none.
fn as_searched(bytes: &[u8]) -> Cow<'_, [u8]> {
    let head = &bytes[..bytes.len().min(HEAD)];
    if memchr::memchr(0, head).is_none() && !matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Cow::Borrowed(bytes);
    }
    let (path, origin) = (RepoPath::default(), Arc::new(Origin::plain(OriginKind::Blob)));
    let text = Mutex::new(Vec::new());
    let keep = |document: &Document<'_>| {
        text.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(document.text);
    };
    deliver(
        bytes,
        Subject { path: &path, origin: &origin, added: None, known: None },
        &keep,
        &Coverage::default(),
    );
    Cow::Owned(text.into_inner().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)]
mod tests {
    use super::*;

    #[test]
    fn only_new_lines_count() {
        assert_eq!(added(b"a\nb\nc\n", b"a\nX\nb\nc\nY\nZ\n"), Some(vec![2..3, 5..7]));
        assert_eq!(added(b"a\nb\n", b"a\n"), Some(vec![]));
        assert_eq!(added(b"a\nb\n", b"a\nB"), Some(vec![2..3]));
        assert_eq!(added(b"same", b"same"), Some(vec![]));
        assert_eq!(added(b"", b"x"), None);
        assert_eq!(added(b"x", b""), Some(vec![]));
    }

    #[test]
    fn binary_files_are_compared_too() {
        assert_eq!(added(b"\0\x01\na\n", b"\0\x01\na\nkey\n"), Some(vec![3..4]));
    }

    #[test]
    fn utf16_is_compared_by_its_own_lines() {
        // U+0A0A has two bytes that each look like the end of a line.
        let utf16 = |text: &str| -> Vec<u8> {
            [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
        };
        let (old, new) = (utf16("\u{a0a}\u{a0a}\none\n"), utf16("\u{a0a}\u{a0a}\none\ntwo\n"));
        assert_eq!(added(&old, &new), Some(vec![3..4]));
    }

    #[test]
    fn what_is_new_against_every_parent() {
        assert_eq!(intersect(&[1..4, 6..9], &[2..7, 8..20]), vec![2..4, 6..7, 8..9]);
        assert_eq!(intersect(&[1..4], &[]), Lines::new());
        assert_eq!(intersect(&[1..3, 3..5], &[1..5]), vec![1..5]);
    }
}
