//! Which literals every match of a pattern must contain, and what stands right round them.
//!
//! The prefilter searches for literals only. They are derived from the pattern itself, so that a
//! rule cannot lose matches because somebody wrote down the wrong words.

use crate::rule::rarity::{rarest, rarity};
use regex_syntax::hir::{Class, Hir, HirKind};
use serde::{Deserialize, Serialize};

/// More alternatives than this are not worth following.
const MOST_LITERALS: usize = 96;

/// A literal of the prefilter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Keyword {
    /// The bytes; in lower case where `any_case`.
    pub text: Vec<u8>,
    /// Whether ASCII letters match in either case.
    pub any_case: bool,
}

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: Self = Self([0; 4]);

    /// Puts a byte in.
    pub fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Whether the byte is in.
    #[inline]
    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    /// Puts the bytes of another set in.
    pub fn unite(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own |= other);
    }

    /// The bytes, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=255).filter(|&byte| self.contains(byte))
    }
}

/// What must stand right after a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follow {
    /// The bytes allowed.
    pub set: ByteSet,
    /// How many of them at least.
    pub count: u8,
}

/// What the prefilter needs to know about a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchors {
    /// Every match contains one of these.
    pub keywords: Vec<Keyword>,
    /// The most bytes of a match before the keyword; `None` where unbounded or unknown.
    pub lead: Option<usize>,
    /// What stands right after the keyword.
    pub follow: Option<Follow>,
}

/// Finds the best literals of a pattern; `None` if some match needs none.
pub fn anchors(hir: &Hir) -> Option<Anchors> {
    let mut parts = Vec::new();
    flatten(hir, &mut parts);
    let mut best: Option<(u32, Anchors)> = None;
    let mut offer = |anchors: Anchors| {
        if anchors.keywords.iter().any(|keyword| keyword.text.len() < 2) {
            return;
        }
        let score = score(&anchors);
        if best.as_ref().is_none_or(|(most, _)| score > *most) {
            best = Some((score, anchors));
        }
    };
    let mut at = 0;
    while at < parts.len() {
        let run_start = at;
        let mut run = vec![Keyword { text: Vec::new(), any_case: false }];
        while let Some(longer) =
            parts.get(at).and_then(|part| exact(part)).and_then(|next| product(&run, &next))
        {
            run = longer;
            at += 1;
        }
        offer(Anchors {
            keywords: tidy(run),
            lead: total_length(&parts[..run_start]),
            follow: parts.get(at).and_then(|part| follow(part)).or_else(|| next(&parts[at..])),
        });
        if at == run_start {
            // Not a fixed text: what is required inside still counts.
            if let Some(keywords) = required(parts[at]) {
                let lead = total_length(&parts[..=at]);
                offer(Anchors { keywords, lead, follow: None });
            }
            at += 1;
        }
    }
    best.map(|(_, anchors)| anchors)
}

/// How seldom the literals stop the search for nothing: the rarity of the commonest of them, with
/// a prize for knowing what must follow. Few literals are better than many.
fn score(anchors: &Anchors) -> u32 {
    let commonest = anchors.keywords.iter().map(|keyword| literal_rarity(&keyword.text)).min().unwrap_or(0);
    let followed = anchors.follow.map_or(0, |follow| u32::from(follow.count.min(16)) * 2);
    (MOST_LITERALS as u32 + commonest + followed).saturating_sub(anchors.keywords.len() as u32)
}

/// The rarity of the rarest four bytes, in eighths of a bit; less for a shorter literal, more for a
/// longer one.
pub(super) fn literal_rarity(text: &[u8]) -> u32 {
    let rarest = rarest(text).map_or(0, |(_, gram)| rarity(gram));
    match text.len() {
        0..=2 => 0,
        3 => 64,
        length => rarest + length.min(12) as u32,
    }
}

/// The parts of a concatenation, groups opened.
fn flatten<'a>(hir: &'a Hir, parts: &mut Vec<&'a Hir>) {
    match hir.kind() {
        HirKind::Concat(inner) => inner.iter().for_each(|part| flatten(part, parts)),
        HirKind::Capture(capture) => flatten(&capture.sub, parts),
        _ => parts.push(hir),
    }
}

fn total_length(parts: &[&Hir]) -> Option<usize> {
    parts.iter().map(|part| part.properties().maximum_len()).sum()
}

/// All texts that the expression can match, if they are few.
fn exact(hir: &Hir) -> Option<Vec<Keyword>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(vec![Keyword { text: Vec::new(), any_case: false }]),
        HirKind::Literal(literal) => Some(vec![Keyword { text: literal.0.to_vec(), any_case: false }]),
        HirKind::Class(class) => {
            let set = byte_set(class)?;
            let mut texts = Vec::new();
            for byte in set.iter() {
                let both = byte.is_ascii_alphabetic() && set.contains(byte ^ 0x20);
                if !(both && byte.is_ascii_uppercase()) {
                    texts.push(Keyword { text: vec![byte], any_case: both });
                }
            }
            (texts.len() <= 12).then_some(texts)
        }
        HirKind::Repetition(repetition) if repetition.max == Some(repetition.min) && repetition.min <= 8 => {
            let once = exact(&repetition.sub)?;
            (0..repetition.min)
                .try_fold(vec![Keyword { text: Vec::new(), any_case: false }], |all, _| product(&all, &once))
        }
        HirKind::Repetition(repetition) if repetition.min == 0 && repetition.max == Some(1) => {
            let mut texts = exact(&repetition.sub)?;
            texts.push(Keyword { text: Vec::new(), any_case: false });
            (texts.len() <= 4).then_some(texts)
        }
        HirKind::Repetition(_) => None,
        HirKind::Capture(capture) => exact(&capture.sub),
        HirKind::Concat(parts) => {
            parts.iter().try_fold(vec![Keyword { text: Vec::new(), any_case: false }], |all, part| {
                product(&all, &exact(part)?)
            })
        }
        HirKind::Alternation(branches) => {
            let mut texts = Vec::new();
            for branch in branches {
                texts.extend(exact(branch)?);
            }
            (texts.len() <= MOST_LITERALS).then_some(texts)
        }
    }
}

fn product(left: &[Keyword], right: &[Keyword]) -> Option<Vec<Keyword>> {
    if left.len() * right.len() > MOST_LITERALS {
        return None;
    }
    Some(
        left.iter()
            .flat_map(|a| {
                right.iter().map(|b| Keyword {
                    text: [a.text.as_slice(), &b.text].concat(),
                    any_case: a.any_case || b.any_case,
                })
            })
            .collect(),
    )
}

/// Literals of which every match of a part contains one.
fn required(hir: &Hir) -> Option<Vec<Keyword>> {
    match hir.kind() {
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(anchors(branch)?.keywords);
            }
            (all.len() <= MOST_LITERALS).then(|| tidy(all))
        }
        HirKind::Repetition(repetition) if repetition.min >= 1 => Some(anchors(&repetition.sub)?.keywords),
        _ => None,
    }
}

/// Lower case where case does not matter, no duplicates.
fn tidy(mut keywords: Vec<Keyword>) -> Vec<Keyword> {
    for keyword in &mut keywords {
        if keyword.any_case {
            keyword.text.make_ascii_lowercase();
        }
    }
    keywords.sort();
    keywords.dedup();
    keywords
}

/// What a part that stands after a keyword demands of the next bytes.
fn follow(part: &Hir) -> Option<Follow> {
    let (class, count) = match part.kind() {
        HirKind::Class(class) => (class, 1),
        HirKind::Repetition(repetition) if repetition.min >= 1 => match repetition.sub.kind() {
            HirKind::Class(class) => (class, repetition.min),
            _ => return None,
        },
        _ => return None,
    };
    Some(Follow { set: byte_set(class)?, count: count.min(255) as u8 })
}

/// The bytes of which one must come next; `None` if that can be any, or nothing.
fn next(parts: &[&Hir]) -> Option<Follow> {
    let mut set = ByteSet::EMPTY;
    for part in parts {
        if !first(part, &mut set)? {
            return Some(Follow { set, count: 1 });
        }
    }
    None
}

/// Adds the bytes that a match of an expression can begin with, and says whether a match can be
/// empty. `None` if the bytes are not known.
fn first(hir: &Hir, set: &mut ByteSet) -> Option<bool> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(true),
        HirKind::Literal(literal) => {
            set.insert(*literal.0.first()?);
            Some(false)
        }
        HirKind::Class(class) => {
            set.unite(&byte_set(class)?);
            Some(false)
        }
        HirKind::Repetition(repetition) => Some(first(&repetition.sub, set)? || repetition.min == 0),
        HirKind::Capture(capture) => first(&capture.sub, set),
        HirKind::Concat(parts) => {
            for part in parts {
                if !first(part, set)? {
                    return Some(false);
                }
            }
            Some(true)
        }
        HirKind::Alternation(branches) => {
            let mut empty = false;
            for branch in branches {
                empty |= first(branch, set)?;
            }
            Some(empty)
        }
    }
}

/// The bytes of a class; `None` if it has characters of more bytes.
pub(super) fn byte_set(class: &Class) -> Option<ByteSet> {
    let mut set = ByteSet::EMPTY;
    match class {
        Class::Bytes(class) => {
            class.iter().for_each(|range| (range.start()..=range.end()).for_each(|byte| set.insert(byte)));
        }
        Class::Unicode(class) => {
            for range in class.iter() {
                if !range.end().is_ascii() {
                    return None;
                }
                (range.start() as u8..=range.end() as u8).for_each(|byte| set.insert(byte));
            }
        }
    }
    Some(set)
}

/// How many bytes at the start of the secret are the same fixed texts in every match: what a mask
/// may show.
pub fn public_prefix(hir: &Hir) -> usize {
    let secret = group(hir, "secret").unwrap_or(hir);
    let mut parts = Vec::new();
    flatten(secret, &mut parts);
    let mut length = 0;
    for part in parts {
        let Some(texts) = exact(part) else { break };
        let one = texts[0].text.len();
        if texts.iter().any(|text| text.text.len() != one) || texts.len() > 8 {
            break;
        }
        length += one;
    }
    length
}

/// The content of a named group.
pub fn group<'a>(hir: &'a Hir, name: &str) -> Option<&'a Hir> {
    match hir.kind() {
        HirKind::Capture(capture) if capture.name.as_deref() == Some(name) => Some(&capture.sub),
        HirKind::Capture(capture) => group(&capture.sub, name),
        HirKind::Repetition(repetition) => group(&repetition.sub, name),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().find_map(|part| group(part, name))
        }
        _ => None,
    }
}

/// Parses a pattern as the engine compiles it: over bytes, Unicode off.
pub fn parse(pattern: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build().parse(pattern).map_err(Box::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> (Vec<String>, Option<usize>, Option<u8>) {
        let anchors = anchors(&parse(pattern).unwrap()).unwrap();
        let keywords =
            anchors.keywords.iter().map(|keyword| String::from_utf8(keyword.text.clone()).unwrap());
        (keywords.collect(), anchors.lead, anchors.follow.map(|follow| follow.count))
    }

    #[test]
    fn literals_come_from_the_pattern() {
        assert_eq!(of(r"\b(?<secret>abcd_[A-Z]{36})\b"), (vec!["abcd_".into()], Some(0), Some(36)));
        assert_eq!(of(r"gh[pu]_[a-z]{9}").0, ["ghp_", "ghu_"]);
        assert_eq!(of(r"(?i)Acme.{0,9}[0-9]{4}"), (vec!["acme".into()], Some(0), Some(1)));
        assert_eq!(of(r"[a-z]{3,9}-mark[0-9]").1, Some(9));
        assert_eq!(of(r"(?:one1|[0-9]+two22)x{3}").0, ["one1", "two22"]);
        assert_eq!(of(r"https?://host").0, ["http://host", "https://host"]);
    }

    #[test]
    fn a_pattern_without_literals_has_no_anchors() {
        assert_eq!(anchors(&parse("[a-z]{32}").unwrap()), None);
        assert_eq!(anchors(&parse("abcd|[0-9]{9}").unwrap()), None);
    }

    #[test]
    fn what_must_come_next_is_known() {
        let next = |pattern: &str| {
            let follow = anchors(&parse(pattern).unwrap()).unwrap().follow;
            follow.map(|follow| follow.set.iter().collect::<Vec<u8>>())
        };
        assert_eq!(next("acmekey'{0,2}[ \\t]{0,3}(?:=>|[:,])"), Some(b"\t ',:=".to_vec()));
        assert_eq!(next(r"acmekey(?:;|$)"), None);
        assert_eq!(next(r"acmekey"), None);
        assert_eq!(next(r"acmekey\b(?:x{20}|[yz]{0,3}9)"), Some(b"9xyz".to_vec()));
    }

    #[test]
    fn the_public_prefix_is_what_the_pattern_fixes() {
        assert_eq!(public_prefix(&parse(r"key=(?<secret>gh[pu]_[a-z]{9})").unwrap()), 4);
        assert_eq!(public_prefix(&parse(r"\b(?:sk|rk)_live_[a-z]{9}").unwrap()), 8);
        assert_eq!(public_prefix(&parse("key=(?<secret>[a-z]{9})").unwrap()), 0);
    }
}
