//! Knows UUIDs that name a thing: the name before them ends in `id`. A service's name that stands near
//! makes them no key.

use super::{name, shape};
use std::ops::Range;

/// How much may stand between the name and the value: a sign, quotes, and spaces that put values below
/// one another.
const MOST_BETWEEN: usize = 40;
/// Longer names are not read.
const MOST_NAME: usize = 80;

/// Why the UUID at `value` is an identifier, if the name before it on its line says so.
pub fn named(text: &[u8], value: &Range<usize>) -> Option<&'static str> {
    if !shape::is_uuid(&text[value.clone()]) {
        return None;
    }
    let before = &text[..value.start];
    let is_between = |byte: &&u8| b" \t\"'`\\:=>,".contains(byte);
    let between = before.iter().rev().take(MOST_BETWEEN).take_while(is_between).count();
    let before = &before[..before.len() - between];
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = before.iter().rev().take(MOST_NAME).take_while(is_part).count();
    let words = name::words(&before[before.len() - length..]);
    let is_id =
        words.last().is_some_and(|last| matches!(last.as_str(), "id" | "ids" | "uid" | "uuid" | "guid"));
    (between > 0 && is_id && name::sort_of(&words).is_none())
        .then_some("the name before it says that it is an identifier")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_by_their_names() {
        let uuid = ["2f1c3b9a", "7d4e", "4c1a", "9b1f", "0a2b3c4d5e6f"].join("-");
        let named = |before: &str| {
            let text = format!("{before}{uuid}\"");
            named(text.as_bytes(), &(before.len()..before.len() + uuid.len())).is_some()
        };
        for id in ["projectId: \"", "\"__meta_acme_instance_id\":       \"", "organization_id = ", "<uuid>"] {
            assert!(named(id), "{id}");
        }
        for other in ["secret_id = \"", "api_key: \"", "acme \"", "tokenId=", "id\n\""] {
            assert!(!named(other), "{other}");
        }
    }
}
