//! What every match of a pattern holds somewhere, so that most text round a keyword needs no look by
//! the expression.

use crate::rule::keyword::{ByteSet, Follow, Keyword, byte_set, literal_rarity};
use regex_syntax::hir::{Hir, HirKind};

/// Bytes that seldom stand in prose or code, such as the `@` of an address with a password.
const TELLING: &[u8] = b"@!~^$";

/// A fixed text that every match holds somewhere and that is rarer than `keywords`: looking for it
/// is far cheaper than running an expression.
pub fn needle(hir: &Hir, keywords: &[Keyword]) -> Option<Vec<u8>> {
    let mut fixed = Vec::new();
    fixed_texts(hir, &mut fixed);
    let worth = |text: &[u8]| match text {
        [_, _, _, ..] => literal_rarity(text),
        _ => 1,
    };
    fixed
        .into_iter()
        .filter_map(|text| match text {
            [_, _, _, ..] => Some(text),
            _ => text.iter().position(|byte| TELLING.contains(byte)).map(|at| &text[at..=at]),
        })
        // What the keyword holds itself is found beside each of them.
        .filter(|text| {
            let holds = |keyword: &Keyword| {
                keyword.text.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text))
            };
            !keywords.iter().any(holds)
        })
        .max_by_key(|text| worth(text))
        .map(<[u8]>::to_vec)
}

/// The literals of an expression that none of its matches can do without.
fn fixed_texts<'a>(hir: &'a Hir, texts: &mut Vec<&'a [u8]>) {
    match hir.kind() {
        HirKind::Literal(literal) => texts.push(&literal.0),
        HirKind::Concat(parts) => parts.iter().for_each(|part| fixed_texts(part, texts)),
        HirKind::Capture(capture) => fixed_texts(&capture.sub, texts),
        HirKind::Repetition(repetition) if repetition.min >= 1 => fixed_texts(&repetition.sub, texts),
        _ => {}
    }
}

/// Shorter runs are in every text.
const SHORTEST_RUN: u8 = 8;

/// A long run of bytes of one set that every match holds, such as the 32 hexadecimal digits of a
/// key: text without such a run needs no look by the expression.
pub fn run(hir: &Hir) -> Option<Follow> {
    longest_run(hir).filter(|run| run.count >= SHORTEST_RUN)
}

fn longest_run(hir: &Hir) -> Option<Follow> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(literal) => {
            let mut set = ByteSet::EMPTY;
            literal.0.iter().for_each(|&byte| set.insert(byte));
            Some(Follow { set, count: literal.0.len().min(255) as u8 })
        }
        HirKind::Class(class) => Some(Follow { set: byte_set(class)?, count: 1 }),
        HirKind::Repetition(repetition) if repetition.min == 0 => None,
        HirKind::Repetition(repetition) => match repetition.sub.kind() {
            HirKind::Class(class) => {
                Some(Follow { set: byte_set(class)?, count: repetition.min.min(255) as u8 })
            }
            _ => longest_run(&repetition.sub),
        },
        HirKind::Capture(capture) => longest_run(&capture.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(longest_run).max_by_key(|run| {
            let others = 256 - run.set.iter().count();
            (run.count >= SHORTEST_RUN, others * usize::from(run.count))
        }),
        HirKind::Alternation(branches) => {
            let mut all: Option<Follow> = None;
            for branch in branches {
                let run = longest_run(branch)?;
                all = Some(match all {
                    None => run,
                    Some(mut all) => {
                        all.set.unite(&run.set);
                        Follow { set: all.set, count: all.count.min(run.count) }
                    }
                });
            }
            all
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::keyword::{anchors, parse};

    #[test]
    fn a_rare_text_that_every_match_holds_is_known() {
        let of = |pattern: &str| {
            let hir = parse(pattern).unwrap();
            let found = needle(&hir, &anchors(&hir).unwrap().keywords);
            found.map(|text| String::from_utf8(text).unwrap())
        };
        assert_eq!(of("acmekey[a-z]{1,9}@[a-z]{9}"), Some("@".into()));
        assert_eq!(of("acmekey(?<secret>(?:[a-z]eyJ){2})"), Some("eyJ".into()));
        assert_eq!(of("acmekey(?:@|x)(?:!|[a-z])~?"), None);
        assert_eq!(of("acme@key[a-z]@"), None);
    }

    #[test]
    fn a_run_that_every_match_holds_is_known() {
        let run = |pattern: &str| {
            run(&parse(pattern).unwrap())
                .map(|run| (String::from_utf8(run.set.iter().collect()).unwrap(), run.count))
        };
        assert_eq!(run("acme[=: ]{1,9}(?<secret>[0-7]{32})"), Some(("01234567".into(), 32)));
        assert_eq!(run("acme(?:[0-3]{40}|(?:[45]{12}-){2})"), Some(("012345".into(), 12)));
        assert_eq!(run("acme(?:[0-3]{40})?"), None);
        assert_eq!(run("acme(?:[0-3]{40}|x)"), None);
    }
}
