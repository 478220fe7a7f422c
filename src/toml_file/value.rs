//! Single values as people write them, and what is said where one does not fit.

use super::error::nearest;
use crate::level::Severity;

const SEVERITIES: [(&str, Severity); 4] = [
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];

/// A value that does not fit, with what would.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; {help}")]
pub struct BadValue {
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub help: String,
}

/// Finds `text` among the allowed names.
pub fn choose<T: Copy>(text: &str, allowed: &[(&str, T)]) -> Result<T, BadValue> {
    if let Some(&(_, value)) = allowed.iter().find(|(name, _)| *name == text) {
        return Ok(value);
    }
    let names: Vec<&str> = allowed.iter().map(|&(name, _)| name).collect();
    let meant = nearest(text, names.iter().copied())
        .map(|name| format!("did you mean \"{name}\"? "))
        .unwrap_or_default();
    Err(BadValue {
        problem: format!("{} is not allowed", quoted(text)),
        help: format!("{meant}allowed: {}", names.join(", ")),
    })
}

/// A value as an error message shows it: quoted, escaped, and short.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{:?}...", &text[..at]),
        None => format!("{text:?}"),
    }
}

/// Reads `low`, `medium`, `high` or `critical`.
pub fn severity(text: &str) -> Result<Severity, BadValue> {
    choose(text, &SEVERITIES)
}
