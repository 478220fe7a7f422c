//! Single values as people write them: the same forms in `keytrail.toml`, in environment variables
//! and on the command line.

use crate::level::{Confidence, Severity};
use crate::policy::gate::FailOn;
pub use crate::toml_file::BadValue;
use crate::toml_file::value::choose;
pub(super) use crate::toml_file::value::quoted;
pub use crate::toml_file::value::severity;
use std::num::NonZeroU64;

/// The largest file that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeLimit {
    /// Files of any size are read.
    Unlimited,
    /// Files up to this many bytes are read; a larger one is a gap in the scan.
    Bytes(NonZeroU64),
}

impl SizeLimit {
    /// The limit in bytes, if there is one.
    pub fn bytes(self) -> Option<u64> {
        match self {
            Self::Unlimited => None,
            Self::Bytes(bytes) => Some(bytes.get()),
        }
    }
}

/// How many archives may lie in each other if nobody says otherwise.
pub const ARCHIVE_DEPTH: u32 = 8;

/// The most that can be asked for: each one takes memory and stack.
pub const MOST_ARCHIVE_DEPTH: u32 = 16;

/// Most threads that can be asked for: more only costs memory.
pub const MOST_THREADS: usize = 1024;

const CONFIDENCES: [(&str, Confidence); 4] = [
    ("low", Confidence::Low),
    ("medium", Confidence::Medium),
    ("high", Confidence::High),
    ("certain", Confidence::Certain),
];

const FAIL_ON: [(&str, FailOn); 6] = [
    ("any", FailOn::Any),
    ("low", FailOn::Severity(Severity::Low)),
    ("medium", FailOn::Severity(Severity::Medium)),
    ("high", FailOn::Severity(Severity::High)),
    ("critical", FailOn::Severity(Severity::Critical)),
    ("never", FailOn::Never),
];

const BOOLEANS: [(&str, bool); 8] = [
    ("true", true),
    ("false", false),
    ("yes", true),
    ("no", false),
    ("on", true),
    ("off", false),
    ("1", true),
    ("0", false),
];

/// Units of size: powers of 1000 and, with an `i`, of 1024.
const UNITS: [(&str, u64); 8] = [
    ("", 1),
    ("B", 1),
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Reads `low`, `medium`, `high` or `certain`.
pub fn confidence(text: &str) -> Result<Confidence, BadValue> {
    choose(text, &CONFIDENCES)
}

/// Reads the confidence that a rule may claim: `low`, `medium` or `high`.
pub fn rule_confidence(text: &str) -> Result<Confidence, BadValue> {
    if text == Confidence::Certain.name() {
        return Err(BadValue {
            problem: "a rule cannot claim `certain`".to_owned(),
            help: "only a check of the secret's own bytes proves it; allowed: low, medium, high".to_owned(),
        });
    }
    choose(text, &CONFIDENCES[..3])
}

/// Reads `any`, a severity or `never`.
pub fn fail_on(text: &str) -> Result<FailOn, BadValue> {
    choose(text, &FAIL_ON)
}

/// Reads `true`, `false` and their usual synonyms, as environment variables have them.
pub fn boolean(text: &str) -> Result<bool, BadValue> {
    choose(&text.to_ascii_lowercase(), &BOOLEANS)
}

/// Reads a number of threads; 0 leaves it to the number of cores.
pub fn threads(text: &str) -> Result<usize, BadValue> {
    text.parse().ok().filter(|&count| count <= MOST_THREADS).ok_or_else(|| BadValue {
        problem: format!("{} is no number of threads", quoted(text)),
        help: format!("write a whole number from 0 (as many as there are cores) to {MOST_THREADS}"),
    })
}

/// Reads how many archives may lie in each other; 0 opens none.
pub fn archive_depth(text: &str) -> Result<u32, BadValue> {
    text.parse().ok().filter(|&depth| depth <= MOST_ARCHIVE_DEPTH).ok_or_else(|| BadValue {
        problem: format!("{} is no depth of archives", quoted(text)),
        help: format!("write a whole number from 0 (open none) to {MOST_ARCHIVE_DEPTH}"),
    })
}

/// Reads a size: `50MB`, `64 KiB`, a number of bytes, or `none` for no limit.
pub fn size(text: &str) -> Result<SizeLimit, BadValue> {
    let wrong = |problem: String| BadValue {
        problem,
        help: "write a whole number of bytes or one with a unit (B, KB, MB, GB, KiB, MiB, GiB) such as \
               \"50MB\", or \"none\" for no limit"
            .to_owned(),
    };
    if text == "none" {
        return Ok(SizeLimit::Unlimited);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim();
    let unit = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
    let (Ok(number), Some(&(_, factor))) = (number.parse::<u64>(), unit) else {
        return Err(wrong(format!("{} is no size", quoted(text))));
    };
    let bytes = number.checked_mul(factor).ok_or_else(|| wrong(format!("{} is too large", quoted(text))))?;
    NonZeroU64::new(bytes)
        .map(SizeLimit::Bytes)
        .ok_or_else(|| wrong("a limit of 0 bytes would leave every file out".to_owned()))
}

/// Whether a ledger is in git, by the name of its place.
pub fn ledger_in_git(text: &str) -> Result<bool, BadValue> {
    choose(text, &[("file", false), ("git", true)])
}

/// A path that names something.
pub fn path(text: &str) -> Result<&str, BadValue> {
    if text.is_empty() {
        return Err(BadValue {
            problem: "an empty path names nothing".to_owned(),
            help: "write a path relative to this file, or leave the key out".to_owned(),
        });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let bytes = |text| size(text).map(SizeLimit::bytes);
        assert_eq!(bytes("12"), Ok(Some(12)));
        assert_eq!(bytes("50MB"), Ok(Some(50_000_000)));
        assert_eq!(bytes("64 kib"), Ok(Some(65536)));
        assert_eq!(bytes("none"), Ok(None));
        for wrong in ["", "MB", "0", "1.5MB", "-3", "5 parsecs", "99999999999GB", "5MB5", "5é"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        assert_eq!(
            confidence("hihg").unwrap_err().to_string(),
            "\"hihg\" is not allowed; did you mean \"high\"? allowed: low, medium, high, certain"
        );
        assert_eq!(fail_on("never"), Ok(FailOn::Never));
        assert_eq!(fail_on("critical"), Ok(FailOn::Severity(Severity::Critical)));
        assert!(severity("any").is_err());
        assert!(rule_confidence("certain").unwrap_err().problem.contains("certain"));
        assert_eq!(rule_confidence("high"), Ok(Confidence::High));
        assert_eq!(boolean("YES"), Ok(true));
        assert!(boolean("2").is_err());
        assert_eq!((archive_depth("0"), archive_depth("16")), (Ok(0), Ok(16)));
        assert!(archive_depth("17").is_err() && archive_depth("-1").is_err());
        assert_eq!(threads("0"), Ok(0));
        assert!(threads("1025").is_err());
        assert!(threads("-1").is_err());
    }

    #[test]
    fn a_long_value_is_cut_in_messages() {
        let problem = severity(&"ü".repeat(5000)).unwrap_err().problem;
        assert!(problem.len() < 120, "{problem}");
        assert!(!severity("\u{1b}[2J").unwrap_err().problem.contains('\u{1b}'));
    }
}
