//! Text in the cells of a table that a spreadsheet may open.

use crate::excerpt::shown;
use std::borrow::Cow;

/// A cell that no spreadsheet takes for a formula: where it begins like one, an apostrophe is put
/// before it (OWASP, "CSV Injection"). Control characters are shown as visible ones.
pub fn harmless(cell: &str) -> Cow<'_, str> {
    let cell = cell.trim();
    let cell = if cell.chars().any(|c| shown(c) != c) {
        Cow::Owned(cell.chars().map(shown).collect::<String>())
    } else {
        Cow::Borrowed(cell)
    };
    if cell.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_no_formulas() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("\t@x"), "'@x");
        assert_eq!(harmless("-----BEGIN"), "'-----BEGIN");
        assert_eq!(harmless("a=b"), "a=b");
    }
}
