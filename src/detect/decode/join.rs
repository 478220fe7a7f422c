//! String literals that a program puts together, and lines that go on after a backslash.

use super::escapes::{is_token, with_context};
use super::view::{Builder, View};
use crate::detect::file_kind;
use crate::origin::RepoPath;
use std::ops::Range;

/// The most white space between two literals, line ends included.
const MOST_SPACE: usize = 128;
/// Joints nearer than this share a view.
const NEAR: usize = 512;

/// How the language of a file joins literals.
#[derive(Debug, Clone, Copy, Default)]
pub struct Joints {
    /// The operators.
    operators: &'static [&'static [u8]],
    /// Whether literals that stand side by side are one.
    adjacent: bool,
    /// Whether a line that goes on loses its indentation.
    trims: bool,
}

const fn joints(operators: &'static [&'static [u8]], adjacent: bool) -> Joints {
    Joints { operators, adjacent, trims: false }
}

impl Joints {
    const NONE: Self = joints(&[], false);
    /// Those that differ for literals that no operator joins.
    pub const CONTINUED: [Self; 2] = [Self::NONE, Self::TRIMS];
    const TRIMS: Self = Self { trims: true, ..Self::NONE };
    const ADJACENT: Self = joints(&[], true);
    const PLUS: Self = joints(&[b"+"], false);
    const PLUS_OR_ADJACENT: Self = joints(&[b"+"], true);
    const DOT: Self = joints(&[b"."], false);
    const TWO_DOTS: Self = joints(&[b".."], false);
    const AMPERSAND: Self = joints(&[b"&", b"+"], false);
    const TILDE: Self = joints(&[b"~"], false);
    const DIAMOND: Self = joints(&[b"<>"], false);
    const DIAMOND_OR_PLUSES: Self = joints(&[b"<>", b"++"], false);
    const BARS: Self = joints(&[b"||", b"+"], false);

    /// Every way that some language has.
    pub const ALL: [Self; 12] = [
        Self::NONE,
        Self::TRIMS,
        Self::ADJACENT,
        Self::PLUS,
        Self::PLUS_OR_ADJACENT,
        Self::DOT,
        Self::TWO_DOTS,
        Self::AMPERSAND,
        Self::TILDE,
        Self::DIAMOND,
        Self::DIAMOND_OR_PLUSES,
        Self::BARS,
    ];

    /// What the ending of a path says; of a path without one, what most languages have.
    pub fn of(path: &RepoPath) -> Self {
        let lower = file_kind::ending(path).to_ascii_lowercase();
        match lower.as_slice() {
            b"rs" | b"yaml" | b"yml" | b"toml" => Self::TRIMS,
            b"c" | b"h" | b"m" | b"mm" => Self::ADJACENT,
            b"py" | b"pyi" | b"ipynb" | b"rb" | b"cc" | b"cpp" | b"cxx" | b"hpp" | b"hh" | b"dart" => {
                Self::PLUS_OR_ADJACENT
            }
            b"php" | b"pl" | b"pm" | b"phtml" | b"inc" => Self::DOT,
            b"lua" => Self::TWO_DOTS,
            b"vb" | b"vbs" | b"bas" | b"cls" | b"applescript" => Self::AMPERSAND,
            b"d" | b"raku" => Self::TILDE,
            b"ex" | b"exs" => Self::DIAMOND,
            b"hs" | b"erl" | b"elm" => Self::DIAMOND_OR_PLUSES,
            b"sql" => Self::BARS,
            b"json" | b"lock" | b"csv" | b"svg" | b"xml" | b"po" | b"sum" | b"map" => Self::NONE,
            _ => Self::PLUS,
        }
    }
}

/// All ways at once; a longer operator comes before one that it begins with.
const ANY: Joints = joints(&[b"++", b"..", b"||", b"<>", b"+", b".", b"&", b"~"], true);

/// What may follow a literal that is joined to another one: white space and a backslash, and what
/// operators begin with.
static JOINS: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b" \t\n\r\\+.|<&~,";
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

/// In which of all ways literals of a text are joined, apart from those that are told by a backslash
/// or a macro.
pub fn ways(text: &[u8]) -> impl Iterator<Item = Joints> {
    let mut is_used = [false; Joints::ALL.len()];
    for close in memchr::memchr3_iter(b'"', b'\'', b'`', text) {
        if joint(text, close, ANY).is_some() {
            for (is_used, joints) in is_used.iter_mut().zip(Joints::ALL) {
                *is_used = *is_used || joint(text, close, joints).is_some();
            }
        }
    }
    Joints::ALL.into_iter().zip(is_used).filter(|(_, is_used)| *is_used).map(|(joints, _)| joints)
}

/// Where a token that begins at a place ends, if it goes on over joints and line ends; `None` if there
/// are none.
pub fn joined_end(text: &[u8], at: usize) -> Option<usize> {
    /// A token is cut into short pieces, for the sake of the lines.
    const PIECE: usize = 1024;
    let (mut end, mut is_joined) = (at, false);
    loop {
        end += text[end..].iter().take(PIECE).take_while(|&&byte| is_token(byte)).count();
        let next = match text.get(end) {
            Some(b'"' | b'\'' | b'`') => joint(text, end, ANY),
            Some(b'\\') => continuation(text, end, true),
            _ => None,
        };
        let Some(next) = next else { return is_joined.then_some(end) };
        (end, is_joined) = (next.end, true);
    }
}

/// Calls `visit` with what stands round joints, joined. `continued` are the backslashes at the ends
/// of lines, and `macros` the places of macros that join what they are given.
pub fn find(
    text: &[u8],
    joints: Joints,
    is_code: bool,
    continued: &[usize],
    macros: &[usize],
    visit: &mut dyn FnMut(View),
) {
    let mut places: Vec<Range<usize>> =
        continued.iter().filter_map(|&at| continuation(text, at, joints.trims)).collect();
    let operators = joints.operators;
    let one_mark = match operators {
        [operator] if !joints.adjacent && *operator != b"." && *operator != b".." => Some(operator[0]),
        _ => None,
    };
    if let Some(mark) = one_mark {
        let mut from = 0;
        for at in memchr::memchr_iter(mark, text) {
            if at >= from
                && let Some(close) = quote_before(text, at)
                && let Some(place) = joint(text, close, joints)
            {
                from = place.end;
                places.push(place);
            }
        }
    } else if joints.adjacent || !operators.is_empty() {
        let mut from = 0;
        for close in memchr::memchr2_iter(b'"', b'\'', text) {
            if close >= from
                && let Some(place) = joint(text, close, joints)
            {
                // The quote that opens the next literal closes none.
                from = place.end;
                places.push(place);
            }
        }
    }
    let mut from = 0;
    for &at in macros {
        if at >= from {
            from = arguments(text, at, &mut places);
        }
    }
    places.sort_by_key(|place| (place.start, place.end));
    let mut floor = 0;
    for cluster in places.chunk_by(|a, b| b.start <= a.end + NEAR) {
        let (Some(first), Some(last)) = (cluster.first(), cluster.last()) else { continue };
        let stretch = with_context(text, &(first.start..last.end.max(first.start)), floor);
        floor = stretch.end;
        let mut builder = Builder::new(text, stretch.start, stretch.len());
        let mut at = stretch.start;
        for place in cluster.iter().filter(|place| place.end <= stretch.end) {
            if place.start >= at {
                builder.keep_to(place.start);
                builder.replace_to(place.end, b"");
                at = place.end;
            }
        }
        builder.keep_to(stretch.end);
        visit(builder.finish(&["concatenation"], None, is_code));
    }
}

/// The literals that a macro such as `concat!(` is given, one after another; where they end.
fn arguments(text: &[u8], at: usize, places: &mut Vec<Range<usize>>) -> usize {
    const REACH: usize = 4096;
    let comma = Joints { operators: &[b","], ..Joints::default() };
    let until = (at + REACH).min(text.len());
    let mut from = at;
    while let Some(quote) = memchr::memchr2(b'"', b')', &text[from..until]).map(|ahead| from + ahead) {
        if text[quote] == b')' {
            return quote;
        }
        from = match joint(text, quote, comma) {
            Some(place) => {
                let end = place.end;
                places.push(place);
                end
            }
            None => quote + 1,
        };
    }
    until
}

/// From a quote that closes a literal to the quote that opens the next one, which belongs to it.
#[inline]
fn joint(text: &[u8], close: usize, joints: Joints) -> Option<Range<usize>> {
    // Prose is put together at its spaces, a token is not.
    let (before, after) = (text.get(close.checked_sub(1)?)?, text.get(close + 1)?);
    // Most quotes join nothing, and are told by their neighbours.
    if !is_token(*before) || !JOINS[usize::from(*after)] {
        return None;
    }
    joint_after(text, close, joints)
}

/// The rest of [`joint`].
#[inline(never)]
fn joint_after(text: &[u8], close: usize, joints: Joints) -> Option<Range<usize>> {
    let quote = text[close];
    let mut at = close + 1;
    let is_apart = spaces(text, &mut at);
    let rest = &text[at..];
    let next = *rest.first()?;
    let starts = |operator: &&&[u8]| operator.first() == Some(&next) && rest.starts_with(operator);
    let operator = joints.operators.iter().find(starts);
    if let Some(operator) = operator {
        at += operator.len();
        spaces(text, &mut at);
        // `& _` at the end of a line of Visual Basic.
        if text.get(at) == Some(&b'_') && *operator == b"&" {
            at += 1;
            spaces(text, &mut at);
        }
    } else if !joints.adjacent || !is_apart {
        return None;
    }
    let prefix = text[at..].iter().take(2).take_while(|byte| b"brfuLUR@$".contains(byte)).count();
    at += prefix;
    let opens = match text.get(at)? {
        byte @ (b'"' | b'\'' | b'`') => operator.is_some() || *byte == quote,
        _ => false,
    };
    (opens && text.get(at + 1).is_some_and(|&next| is_token(next))).then_some(close..at + 1)
}

/// Passes white space, line ends and backslashes before them; whether there was any.
fn spaces(text: &[u8], at: &mut usize) -> bool {
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\\');
    let count = text[*at..].iter().take(MOST_SPACE).take_while(is_space).count();
    *at += count;
    count > 0
}

/// The quote that closes the literal before an operator.
fn quote_before(text: &[u8], operator: usize) -> Option<usize> {
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\\');
    let count = text[..operator].iter().rev().take(MOST_SPACE).take_while(is_space).count();
    let at = operator.checked_sub(count + 1)?;
    matches!(text[at], b'"' | b'\'' | b'`').then_some(at)
}

/// What a backslash at the end of a line takes out of the text, if a token may go on there.
fn continuation(text: &[u8], at: usize, trims: bool) -> Option<Range<usize>> {
    let mut next = at + 1;
    if text.get(next) == Some(&b'\r') {
        next += 1;
    }
    if text.get(next) != Some(&b'\n') {
        return None;
    }
    next += 1;
    if trims {
        let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t');
        next += text[next..].iter().take(MOST_SPACE).take_while(is_space).count();
    }
    let is_inside = at.checked_sub(1).is_some_and(|before| is_token(text[before]))
        && text.get(next).is_some_and(|&byte| is_token(byte));
    is_inside.then_some(at..next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(path: &str, text: &str) -> Vec<String> {
        let text = text.as_bytes();
        let continued: Vec<usize> = memchr::memmem::find_iter(text, b"\\\n").collect();
        let macros: Vec<usize> = memchr::memmem::find_iter(text, b"concat!").collect();
        let mut views = Vec::new();
        find(text, Joints::of(&RepoPath::new(path)), true, &continued, &macros, &mut |view| {
            views.push(String::from_utf8_lossy(&view.text).into_owned());
        });
        views
    }

    #[test]
    fn literals_are_joined_as_their_language_does() {
        for (path, text, expected) in [
            ("a.js", "x = \"ab_\" + 'cd'\n+ `ef`;", "x = \"ab_cdef`;"),
            ("a.php", "$x = 'ab' . 'cd';", "$x = 'abcd';"),
            ("a.lua", "x = \"ab\" .. \"cd\"", "x = \"abcd\""),
            ("a.vb", "x = \"ab\" & _\n  \"cd\"", "x = \"abcd\""),
            ("a.d", "x = \"ab\" ~ \"cd\";", "x = \"abcd\";"),
            ("a.ex", "x = \"ab\" <> \"cd\"", "x = \"abcd\""),
            ("a.sql", "select 'ab' || 'cd'", "select 'abcd'"),
            ("a.py", "x = ('ab'\n     'cd')", "x = ('abcd')"),
            ("a.py", "x = 'ab' \\\n 'cd'", "x = 'abcd'"),
            ("a.c", "x = \"ab\"\n  L\"cd\";", "x = \"abcd\";"),
            ("a.rs", "x = concat!(\"ab\", \"cd\",\n \"ef\")", "x = concat!(\"abcdef\")"),
            ("a.rs", "x = \"ab\\\n    cd\"", "x = \"abcd\""),
            ("a.sh", "x=ab\\\ncd", "x=abcd"),
        ] {
            assert_eq!(joined(path, text), [expected], "{text}");
        }
    }

    #[test]
    fn what_is_not_joined_stays() {
        for (path, text) in [
            ("a.js", "x = \"the word \" + \"for\""),
            ("a.js", "x = \"ab\", \"cd\""),
            ("a.json", "[\"ab\" + \"cd\"]"),
            ("a.sh", "echo \"ab\" \"cd\""),
            ("a.sh", "run --a x \\\n  --b y"),
            ("a.c", "x = \"ab\" + 1"),
            ("a.js", "x = \"ab\" + name"),
        ] {
            assert!(joined(path, text).is_empty(), "{text}");
        }
    }
}
