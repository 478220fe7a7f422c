//! A server's pre-receive hook: what git hands over on standard input, and what of it to scan.
//!
//! The form is `OLD SP NEW SP REF LF` (githooks, section pre-receive). The hook runs inside git's
//! quarantine: open the repository from the environment (`GIT_DIR`, `GIT_OBJECT_DIRECTORY`,
//! `GIT_ALTERNATE_OBJECT_DIRECTORIES`), or the new objects are not found.

use super::scope::{Gather, Scope};
use super::{HookError, Stage};
use git2::Repository;
use std::io::{BufRead, Read};

/// Far more than a line of git's can be: names of references end at a few kilobytes.
const MAX_LINE: u64 = 64 << 10;

const FORM: &str = "OLD-ID NEW-ID REF";

/// One reference that a push wants to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The reference on the receiving side; bytes that are not UTF-8 are replaced.
    pub ref_name: String,
    /// What the receiving side has there now, in hexadecimal; `None` where it has nothing.
    pub old: Option<String>,
    /// What shall be there; `None` where the reference is deleted.
    pub new: Option<String>,
}

/// Reads what git writes to a pre-receive hook.
///
/// # Errors
/// A line that is not of git's form, by its number, or standard input that cannot be read.
pub fn parse(input: &mut dyn BufRead) -> Result<Vec<Update>, HookError> {
    let mut updates = Vec::new();
    for_lines(input, Stage::PreReceive, FORM, |line| {
        let mut fields = line.splitn(3, |&byte| byte == b' ');
        let (Some(old), Some(new), Some(name)) = (fields.next(), fields.next(), fields.next()) else {
            return Err("it has fewer than three fields");
        };
        if name.is_empty() || name.contains(&b' ') {
            return Err("the name of the reference is empty or has a space in it");
        }
        let (old, new) = (id(old)?, id(new)?);
        updates.push(Update { ref_name: String::from_utf8_lossy(name).into_owned(), old, new });
        Ok(())
    })?;
    Ok(updates)
}

/// What a push brings to this repository: from the new ids down to what any reference that is here
/// now can reach. Deletions bring nothing.
///
/// # Errors
/// References that cannot be read.
pub fn scope(repo: &Repository, updates: &[Update]) -> Result<Scope, HookError> {
    let mut gather = Gather::new(repo);
    for update in updates {
        if let Some(new) = &update.new {
            gather.tip(new);
        }
    }
    gather.hide_references(b"refs/")?;
    Ok(gather.finish())
}

/// Calls `each` with every line that is not empty.
pub(super) fn for_lines(
    input: &mut dyn BufRead,
    stage: Stage,
    form: &'static str,
    mut each: impl FnMut(&[u8]) -> Result<(), &'static str>,
) -> Result<(), HookError> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = input.take(MAX_LINE).read_until(b'\n', &mut line).map_err(HookError::Input)?;
        if read == 0 {
            break;
        }
        let wrong = |why| HookError::Line { stage, line: number, why, form };
        if read as u64 == MAX_LINE && line.last() != Some(&b'\n') {
            return Err(wrong("it is longer than 64 KiB"));
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if !text.is_empty() {
            each(text).map_err(wrong)?;
        }
    }
    Ok(())
}

/// An object id of SHA-1 or SHA-256; all zeros stand for none.
pub(super) fn id(field: &[u8]) -> Result<Option<String>, &'static str> {
    if !matches!(field.len(), 40 | 64) || !field.iter().all(u8::is_ascii_hexdigit) {
        return Err("an object id is not of 40 or 64 hexadecimal digits");
    }
    if field.iter().all(|&digit| digit == b'0') {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(field).to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Update>, HookError> {
        parse(&mut text.as_bytes())
    }

    #[test]
    fn reads_creations_changes_and_deletions_of_both_formats() {
        let (a, b, zero) = ("a".repeat(40), "B".repeat(64), "0".repeat(40));
        let (zero_long, name) = ("0".repeat(64), "refs/heads/main");
        let text = format!("{zero} {a} {name}\n{b} {zero_long} refs/tags/v1\r\n\n{a} {a} refs/x");
        let updates = read(&text).expect("well-formed");
        assert_eq!(updates.len(), 3);
        assert_eq!(updates[0], Update { ref_name: name.into(), old: None, new: Some(a.clone()) });
        assert_eq!(updates[1].old, Some(b.to_lowercase()));
        assert_eq!(updates[1].new, None);
        assert_eq!(updates[1].ref_name, "refs/tags/v1");
        assert_eq!(updates[2].new, Some(a));
        assert_eq!(read("").expect("nothing"), []);
    }

    #[test]
    fn tells_the_line_that_is_malformed() {
        let good = format!("{} {} refs/heads/a\n", "0".repeat(40), "1".repeat(40));
        for (bad, why) in [
            ("nonsense".to_owned(), "fewer than three"),
            (format!("{} {}", "1".repeat(40), "2".repeat(40)), "fewer than three"),
            (format!("{} {} refs/x", "1".repeat(39), "2".repeat(40)), "40 or 64"),
            (format!("{} {} refs/x", "g".repeat(40), "2".repeat(40)), "40 or 64"),
            (format!("{} {} ", "1".repeat(40), "2".repeat(40)), "empty"),
            (format!("{} {} a b", "1".repeat(40), "2".repeat(40)), "space"),
            ("x".repeat(MAX_LINE as usize + 10), "longer"),
        ] {
            let error = read(&format!("{good}{bad}\n{good}")).expect_err("malformed").to_string();
            assert!(error.contains("line 2") && error.contains(why), "{error}");
        }
    }

    #[test]
    fn names_that_are_not_utf8_do_not_stop_the_scan() {
        let mut text = format!("{} {} refs/heads/", "0".repeat(40), "1".repeat(40)).into_bytes();
        text.extend_from_slice(b"\xff\xfe\n");
        let updates = parse(&mut text.as_slice()).expect("git allows such names");
        assert_eq!(updates.len(), 1);
    }
}
