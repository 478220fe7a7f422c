//! A value that somebody wrote and that does not fit.

/// A value that does not fit, with what would.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; {help}")]
pub struct BadValue {
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub help: String,
}

/// A value as an error message shows it: quoted, escaped, and short.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{:?}...", &text[..at]),
        None => format!("{text:?}"),
    }
}
