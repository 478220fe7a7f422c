//! Tables for people: columns side by side, cut to the width of the terminal.

use crate::excerpt::shown;
use std::io::{self, IsTerminal, Write};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// No column is cut below this width.
const NARROWEST: usize = 8;

/// The width of the terminal that standard output goes to; `None` for a file or a pipe, where
/// nothing is cut.
pub fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// Writes a table with its headline. Where it is too wide, the widest column gives way first.
pub fn write(
    out: &mut dyn Write,
    headline: &[&str],
    rows: &[Vec<String>],
    width: Option<usize>,
) -> io::Result<()> {
    let clean = |cell: &str| cell.chars().map(shown).collect::<String>();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
    let mut widths: Vec<usize> = headline.iter().map(|cell| cell.width()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    if let Some(width) = width {
        fit(&mut widths, width);
    }
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (at, (cell, &width)) in cells.zip(&widths).enumerate() {
            if at > 0 {
                text.push_str("  ");
            }
            let cell = cut(cell, width);
            text.push_str(&cell);
            text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width())));
        }
        writeln!(out, "{}", text.trim_end())
    };
    line(&mut headline.iter().copied())?;
    rows.iter().try_for_each(|row| line(&mut row.iter().map(String::as_str)))
}

/// Takes from the widest columns until all fit, with two spaces between them.
fn fit(widths: &mut [usize], room: usize) {
    let mut total = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
    while total > room {
        let Some(widest) = widths.iter_mut().max().filter(|width| **width > NARROWEST) else { return };
        *widest -= 1;
        total -= 1;
    }
}

/// A cell's text, shortened to a width.
fn cut(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let mut text = String::new();
    for c in cell.chars() {
        let width = c.width().unwrap_or(0);
        if width > left {
            break;
        }
        left -= width;
        text.push(c);
    }
    text.push('…');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(width: Option<usize>) -> String {
        let rows = [vec!["a\u{1b}[31m".into(), "x".repeat(30)], vec!["日本語の名前です".into(), "y".into()]];
        let mut out = Vec::new();
        write(&mut out, &["NAME", "PLACE"], &rows, width).expect("memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn columns_stand_under_each_other_and_fit() {
        let whole = told(None);
        assert!(whole.contains(&"x".repeat(30)) && !whole.contains('\u{1b}'), "{whole}");
        let narrow = told(Some(30));
        assert!(narrow.lines().all(|line| line.width() <= 30), "{narrow}");
        assert!(narrow.contains('…'));
        let places: Vec<usize> = narrow
            .lines()
            .zip(["PLACE", "x", "y"])
            .filter_map(|(line, what)| Some(line[..line.find(what)?].width()))
            .collect();
        assert_eq!(places.len(), 3);
        assert!(places.iter().all(|&place| place == places[0]), "{narrow}");
        assert!(!told(Some(1)).is_empty());
    }
}
