//! The line round a secret as it may be shown: secrets masked, controls made visible, bounded.

use crate::finding::Excerpt;
use crate::secret::Masked;
use std::collections::BTreeSet;
use std::ops::Range;

/// How many characters of a line are shown, marks of omission aside.
const SHOWN: usize = 160;
/// How many bytes before and after the secret are looked at: enough for [`SHOWN`] characters of
/// four bytes, so that the cost does not grow with the length of the line.
const REACH: usize = 4 * SHOWN;
/// What stands for text that is left out.
const OMITTED: char = '\u{2026}';
/// A shorter secret is too likely to be part of a harmless word to be masked elsewhere in the line.
const COPY_AT_LEAST: usize = 4;

/// The line of `text` that holds the start of `span`, with every range of `masks` that touches it
/// replaced by its mask. `span` itself is masked too where `masks` lacks it, and so are further
/// copies of masked bytes in that line, whether or not something found them.
///
/// Ranges that overlap become one mask. Of a secret of several lines, the first line is shown,
/// masked to its end. A long line is cut round the secret, with `…` where something is missing. A
/// tab becomes a space, see [`shown`] for other controls, and bytes that are no UTF-8 become U+FFFD.
///
/// `masks` may be in any order; it is read once, so pass those of one document.
pub fn excerpt(text: &[u8], span: Range<usize>, masks: &[(Range<usize>, Masked)]) -> Excerpt {
    let start = span.start.min(text.len());
    let span = start..span.end.clamp(start, text.len());
    let window = Window::round(text, &span);
    let covers = window.covers(text, &span, masks);

    let mut before = Vec::new();
    let mut after = Vec::new();
    let mut target = String::new();
    let mut at = window.range.start;
    for cover in covers {
        let side = if target.is_empty() { &mut before } else { &mut after };
        push_text(side, &text[at..cover.range.start]);
        at = cover.range.end;
        if cover.target {
            target = cover.mask;
        } else {
            side.push(Atom::Mask(cover.mask));
        }
    }
    push_text(&mut after, &text[at..window.range.end]);
    before.reverse();

    let free = SHOWN.saturating_sub(target.chars().count());
    let (left, right) = (width(&before), width(&after));
    let left = left.min((free / 2).max(free.saturating_sub(right)));
    let (kept_before, cut_before) = take(&before, left);
    let (kept_after, cut_after) = take(&after, free - left);

    let mut line = String::new();
    if cut_before || window.cut_before {
        line.push(OMITTED);
    }
    for atom in kept_before.iter().rev() {
        atom.write(&mut line);
    }
    let mask = line.len()..line.len() + target.len();
    line.push_str(&target);
    for atom in kept_after {
        atom.write(&mut line);
    }
    if cut_after || window.cut_after {
        line.push(OMITTED);
    }
    Excerpt { text: line, mask }
}

/// A character as it may be shown: a control or an invisible character that could drive a terminal
/// or turn the direction of text becomes a visible one, and a tab a space.
pub const fn shown(c: char) -> char {
    match c {
        '\t' => ' ',
        '\0'..='\x1f' => match char::from_u32(0x2400 + c as u32) {
            Some(picture) => picture,
            None => char::REPLACEMENT_CHARACTER,
        },
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

/// The part of a line that is looked at.
struct Window {
    range: Range<usize>,
    cut_before: bool,
    cut_after: bool,
}

impl Window {
    fn round(text: &[u8], span: &Range<usize>) -> Self {
        let far = span.start.saturating_sub(REACH);
        let line_start = memchr::memrchr(b'\n', &text[far..span.start]).map(|at| far + at + 1);
        let mut start = line_start.unwrap_or(far);
        let cut_before = line_start.is_none() && far > 0;
        if cut_before {
            start += continuation_bytes(&text[start..span.start]);
        }

        let far = span.end.saturating_add(REACH).min(text.len());
        let line_end = memchr::memchr(b'\n', &text[span.start..far]).map(|at| span.start + at);
        let mut end = line_end.unwrap_or(far);
        let cut_after = line_end.is_none() && far < text.len();
        let least = span.end.min(end);
        if cut_after {
            let broken = continuation_bytes(&text[end..]);
            if broken > 0 {
                // Back to the lead byte of the character that the cut runs through.
                end = (least..end).rev().find(|&at| !is_continuation(text[at])).unwrap_or(least);
            }
        } else {
            let blank = text[least..end].iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
            end -= blank;
        }
        Self { range: start..end, cut_before, cut_after }
    }

    /// What has to be covered inside the window, in order and without overlaps; exactly one is the
    /// secret that the excerpt is about.
    fn covers(&self, text: &[u8], span: &Range<usize>, masks: &[(Range<usize>, Masked)]) -> Vec<Cover> {
        let window = &self.range;
        let mut covers = vec![Cover { range: span.clone(), mask: String::new(), target: true }];
        for (range, mask) in masks {
            let range = range.start..range.end.min(text.len());
            if range == *span {
                mask.as_str().clone_into(&mut covers[0].mask);
            } else if range.start < range.end && range.start < window.end && window.start < range.end {
                covers.push(Cover { range, mask: mask.to_string(), target: false });
            }
        }
        if covers[0].mask.is_empty() {
            covers[0].mask = nothing_shown();
        }
        self.add_copies(text, &mut covers);
        for cover in &mut covers {
            if cover.range.start < window.start {
                cover.mask = nothing_shown();
                cover.range.start = window.start;
            }
            cover.range.end = cover.range.end.min(window.end).max(cover.range.start);
        }
        merge(covers)
    }

    /// Adds what reads like a covered stretch. Each text is looked for once, however many covers hold
    /// it: a line of one secret over and over would else cost the square of their number.
    fn add_copies(&self, text: &[u8], covers: &mut Vec<Cover>) {
        let line = &text[self.range.clone()];
        let known: BTreeSet<_> = covers.iter().map(|cover| (cover.range.start, cover.range.end)).collect();
        let mut searched: BTreeSet<&[u8]> = BTreeSet::new();
        for index in 0..covers.len() {
            let bytes = &text[covers[index].range.clone()];
            if bytes.len() < COPY_AT_LEAST || bytes.len() > line.len() || !searched.insert(bytes) {
                continue;
            }
            for at in memchr::memmem::find_iter(line, bytes) {
                let start = self.range.start + at;
                let end = start + bytes.len();
                if !known.contains(&(start, end)) {
                    let mask = covers[index].mask.clone();
                    covers.push(Cover { range: start..end, mask, target: false });
                }
            }
        }
    }
}

struct Cover {
    range: Range<usize>,
    mask: String,
    target: bool,
}

fn nothing_shown() -> String {
    Masked::of(b"", 0).to_string()
}

/// Joins what overlaps. The first range's mask stands for all, unless the prefix that it shows
/// would reach into the next one.
fn merge(mut covers: Vec<Cover>) -> Vec<Cover> {
    covers
        .sort_by(|a, b| (a.range.start, a.mask.len(), &a.mask).cmp(&(b.range.start, b.mask.len(), &b.mask)));
    let mut merged: Vec<Cover> = Vec::with_capacity(covers.len());
    for cover in covers {
        match merged.last_mut() {
            Some(last) if cover.range.start < last.range.end || cover.range.start == last.range.start => {
                let prefix = last.mask.trim_end_matches('*').len();
                let distance = cover.range.start - last.range.start;
                if distance > 0 && prefix > distance {
                    last.mask = nothing_shown();
                }
                last.range.end = last.range.end.max(cover.range.end);
                last.target |= cover.target;
            }
            _ => merged.push(cover),
        }
    }
    merged
}

/// The smallest thing that a cut may not divide.
enum Atom {
    Char(char),
    Mask(String),
}

impl Atom {
    fn width(&self) -> usize {
        match self {
            Self::Char(_) => 1,
            Self::Mask(mask) => mask.chars().count(),
        }
    }

    fn write(&self, line: &mut String) {
        match self {
            Self::Char(c) => line.push(*c),
            Self::Mask(mask) => line.push_str(mask),
        }
    }
}

fn push_text(atoms: &mut Vec<Atom>, text: &[u8]) {
    atoms.extend(String::from_utf8_lossy(text).chars().map(|c| Atom::Char(shown(c))));
}

fn width(atoms: &[Atom]) -> usize {
    atoms.iter().map(Atom::width).sum()
}

/// As many atoms as fit into `budget` characters, and whether some did not.
fn take(atoms: &[Atom], budget: usize) -> (&[Atom], bool) {
    let mut used = 0;
    let count = atoms
        .iter()
        .take_while(|atom| {
            used += atom.width();
            used <= budget
        })
        .count();
    (&atoms[..count], count < atoms.len())
}

const fn is_continuation(byte: u8) -> bool {
    matches!(byte, 0x80..=0xbf)
}

/// How many bytes at the start belong to a character that began before.
fn continuation_bytes(text: &[u8]) -> usize {
    text.iter().take(3).take_while(|&&byte| is_continuation(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STARS: &str = "********";

    fn masked(text: &str, secret: &str, public: usize) -> (Range<usize>, Masked) {
        let at = text.find(secret).expect("the text holds the secret");
        (at..at + secret.len(), Masked::of(secret.as_bytes(), public))
    }

    fn show(text: &str, masks: &[(Range<usize>, Masked)]) -> String {
        let excerpt = excerpt(text.as_bytes(), masks[0].0.clone(), masks);
        assert!(excerpt.text[excerpt.mask.clone()].ends_with(STARS), "{excerpt:?}");
        excerpt.text
    }

    #[test]
    fn the_line_with_its_secrets_masked() {
        let text = "a\n\tlet id = 'IDIDIDIDIDIDIDID', key = \"tk_0123456789abcdef\"; // \x1b[31m\r\nb";
        let masks = [masked(text, "tk_0123456789abcdef", 3), masked(text, "IDIDIDIDIDIDIDID", 2)];
        assert_eq!(show(text, &masks), " let id = 'ID********', key = \"tk_********\"; // \u{241b}[31m");
        let masks = [masks[1].clone(), masks[0].clone()];
        assert_eq!(excerpt(text.as_bytes(), masks[0].0.clone(), &masks).mask, 11..21);
    }

    #[test]
    fn a_span_without_a_mask_is_masked_all_the_same() {
        let text = b"key=abcdefgh;";
        assert_eq!(excerpt(text, 4..12, &[]).text, "key=********;");
        assert_eq!(excerpt(text, 4..99, &[]).text, "key=********");
        assert_eq!(excerpt(text, Range { start: 99, end: 3 }, &[]).text, "key=abcdefgh;********");
        assert_eq!(excerpt(b"", 0..0, &[]).text, STARS);
    }

    #[test]
    fn copies_on_the_same_line_are_masked() {
        let text = "pw=swordfish # was swordfish before";
        assert_eq!(show(text, &[masked(text, "swordfish", 0)]), "pw=******** # was ******** before");
    }

    #[test]
    fn overlapping_masks_become_one() {
        let text = "u=amqp://usr:longlonglonglong@host/x end";
        let url = masked(text, "amqp://usr:longlonglonglong@host/x", 11);
        let password = masked(text, "longlonglonglong", 0);
        assert_eq!(show(text, &[password.clone(), url]), "u=amqp://usr:******** end");
        let wider = masked(text, "amqp://usr:longlonglonglong@host/x", 13);
        assert_eq!(show(text, &[password, wider]), "u=******** end");
    }

    #[test]
    fn of_several_lines_the_first_is_shown() {
        let text = "key: |BEGIN\nabcdef\nEND tail";
        assert_eq!(excerpt(text.as_bytes(), 6..22, &[]).text, "key: |********");
        // The end of another secret on the line of this one.
        let masks = [(23..27, Masked::of(b"", 0)), (6..22, Masked::of(b"tk_0123456789abcdef", 3))];
        assert_eq!(show(text, &masks), "******** ********");
    }

    #[test]
    fn long_lines_are_cut_round_the_secret() {
        let text = format!("{}tk_0123456789abcdef{}", "\u{65e5}".repeat(5000), "\u{672c}".repeat(5000));
        let line = show(&text, &[masked(&text, "tk_0123456789abcdef", 3)]);
        assert_eq!(line.chars().count(), 162);
        assert!(line.starts_with("\u{2026}\u{65e5}") && line.ends_with("\u{672c}\u{2026}"), "{line}");
        let text = format!("x = tk_0123456789abcdef;{}", "y".repeat(5000));
        let line = show(&text, &[masked(&text, "tk_0123456789abcdef", 3)]);
        assert_eq!(line, format!("x = tk_********;{}\u{2026}", "y".repeat(144)));
    }

    #[test]
    fn what_drives_a_terminal_is_made_visible() {
        for c in (0..=0x1f).chain(0x7f..=0x9f).chain([0x202e, 0x2066, 0x200b, 0xfeff]) {
            let c = char::from_u32(c).expect("no surrogate");
            assert!(!shown(c).is_control() && shown(c) != c, "{c:?}");
        }
        assert_eq!(shown('\u{e9}'), '\u{e9}');
        assert_eq!(excerpt(b"\xff\xc3 = abcd", 5..9, &[]).text, "\u{fffd}\u{fffd} = ********");
    }

    /// Secrets are made of capitals, the text round them of anything else.
    fn holds_a_piece(shown: &str, secret: &[u8]) -> bool {
        secret.windows(4).any(|piece| memchr::memmem::find(shown.as_bytes(), piece).is_some())
    }

    proptest! {
        #[test]
        fn never_a_piece_of_a_secret(
            parts in proptest::collection::vec(
                ("[^A-Z]{0,90}", "[A-Z][A-Z\n]{3,60}", 0usize..4), 1..12),
            tail in proptest::collection::vec(any::<u8>().prop_filter("none of a secret's", |b| !b.is_ascii_uppercase()), 0..400),
            chosen in any::<proptest::sample::Index>(),
            widen in proptest::collection::vec((0usize..6, 0usize..6), 12),
        ) {
            let mut text = Vec::new();
            let mut masks = Vec::new();
            for ((before, secret, public), (left, right)) in parts.iter().zip(&widen) {
                text.extend_from_slice(before.as_bytes());
                let start = text.len();
                text.extend_from_slice(secret.as_bytes());
                masks.push((start..text.len(), Masked::of(secret.as_bytes(), *public)));
                // Another find that overlaps, or hangs over the ends of the text so far.
                masks.push((start.saturating_sub(*left)..text.len() + right, Masked::of(b"", 0)));
            }
            text.extend_from_slice(&tail);
            let span = masks[chosen.index(parts.len()) * 2].0.clone();
            let excerpt = excerpt(&text, span, &masks);
            for (_, secret, _) in &parts {
                prop_assert!(!holds_a_piece(&excerpt.text, secret.as_bytes()), "{:?} in {:?}", secret, excerpt);
            }
            prop_assert!(excerpt.text[excerpt.mask.clone()].ends_with(STARS));
            prop_assert!(excerpt.text.chars().count() <= SHOWN + 2);
            prop_assert!(!excerpt.text.chars().any(char::is_control));
        }

        #[test]
        fn any_bytes_and_spans_will_do(
            text in proptest::collection::vec(any::<u8>(), 0..2000),
            span in any::<(u16, u16)>(),
            other in proptest::collection::vec(any::<(u16, u16)>(), 0..6),
        ) {
            let range = |(a, b): (u16, u16)| usize::from(a) % 2100..usize::from(b) % 2100;
            let masks: Vec<_> = other.into_iter().map(|pair| (range(pair), Masked::of(b"", 0))).collect();
            let excerpt = excerpt(&text, range(span), &masks);
            prop_assert!(excerpt.text.get(excerpt.mask.clone()).is_some_and(|mask| mask == STARS));
        }
    }
}
