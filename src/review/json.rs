//! The review as JSON: all of it, for programs and for the next review to be compared with.

use super::{Review, seal};
use serde::{Deserialize, Serialize};
use std::io;

/// What the file says that it is.
const FORMAT: &str = "keytrail-review";
/// The version of the form that is written and read.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    version: u32,
    #[serde(flatten)]
    review: &'a Review,
    seal: String,
}

/// The review as text, sealed.
pub(super) fn text(review: &Review) -> io::Result<String> {
    let written = Written { format: FORMAT, version: VERSION, review, seal: seal::place(review) };
    let mut text = serde_json::to_string_pretty(&written)?;
    text.push('\n');
    Ok(seal::seal(text))
}

/// Why a file is no review that can be read.
#[derive(Debug, thiserror::Error)]
pub enum BadReview {
    /// It is something else.
    #[error("is no review of keytrail's in JSON; make one with `keytrail review -f json=FILE`")]
    Foreign,
    /// It is of another version.
    #[error("has version {0} of the form, and this keytrail reads version {VERSION}; update keytrail")]
    Version(u64),
    /// Its seal does not fit.
    #[error("{0}")]
    Seal(#[from] seal::BadSeal),
    /// It says what it is, and is not.
    #[error("is damaged: {0}")]
    Damaged(serde_json::Error),
}

/// Reads a review that [`super::write`] has written as JSON.
///
/// # Errors
/// If it is something else, of another version, changed or damaged.
pub fn read(bytes: &[u8]) -> Result<Review, BadReview> {
    #[derive(Deserialize)]
    struct Head {
        format: String,
        version: u64,
    }
    let head: Head = serde_json::from_slice(bytes).map_err(|_| BadReview::Foreign)?;
    if head.format != FORMAT {
        return Err(BadReview::Foreign);
    }
    if head.version != u64::from(VERSION) {
        return Err(BadReview::Version(head.version));
    }
    seal::check(bytes)?;
    serde_json::from_slice(bytes).map_err(BadReview::Damaged)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let review = sample::review();
        let text = text(&review).expect("JSON");
        assert_eq!(read(text.as_bytes()).expect("ours"), review);
        assert_eq!(text, self::text(&review).expect("JSON"), "the same bytes");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn other_files_are_told() {
        let told = |text: &str| read(text.as_bytes()).expect_err("wrong").to_string();
        assert!(told("[]").contains("no review"));
        assert!(told("{\"format\": \"sarif\", \"version\": 1}").contains("no review"));
        assert!(told("{\"format\": \"keytrail-review\", \"version\": 9}").contains("version 9"));
        assert!(told("{\"format\": \"keytrail-review\", \"version\": 1}").contains("no seal"));
        let changed = text(&sample::review()).expect("JSON").replace("lingering", "revoked");
        assert!(told(&changed).contains("was changed"));
    }
}
