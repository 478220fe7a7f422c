//! Private keys as bare base64, without the lines of dashes that PEM puts round it (RFC 7468).

use super::runs;
use super::view::{Builder, Counts, View};
use crate::detect::checks::{self, Verdict};

/// The least digits of a private key: an Ed25519 key has 64.
const LEAST: usize = 56;
/// The most: an RSA key of 16384 bits.
const MOST: usize = 16 << 10;
/// The dashes of armour stand so near: an indentation or a few escapes may be between.
const NEAR: usize = 32;

/// The key whose base64 begins at `start`, dressed as PEM, so that the rules for keys see it, and
/// where the run is over.
pub fn key(text: &[u8], start: usize) -> (Option<View>, usize) {
    let is_digit = |byte: &&u8| runs::is_base64(**byte) || **byte == b'=';
    let length = text[start..].iter().take_while(is_digit).count();
    let end = start + length;
    // In its armour already, whatever stands for the line ends.
    let (before, after) = (&text[start.saturating_sub(NEAR)..start], &text[end..text.len().min(end + NEAR)]);
    let has_dashes = |side| memchr::memmem::find(side, b"-----").is_some();
    if !(LEAST..=MOST).contains(&length) || has_dashes(before) || has_dashes(after) {
        return (None, end);
    }
    let head = ["-----BEGIN", " PRIVATE KEY-----\n"].concat();
    let tail = ["\n-----END", " PRIVATE KEY-----"].concat();
    let mut builder = Builder::new(text, start, head.len() + length + tail.len());
    builder.stand_for(start..end, head.as_bytes());
    builder.keep_to(end);
    builder.stand_for(start..end, tail.as_bytes());
    let view = View { counts: Counts::All, ..builder.finish(&["base64"], None, false) };
    let is_key =
        checks::by_name("pem").is_some_and(|check| matches!(check.verify(&view.text), Verdict::Proved(_)));
    (is_key.then_some(view), end)
}
