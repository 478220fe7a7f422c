//! What every match of a pattern holds somewhere, so that most text round a keyword needs no look by
//! the expression.

use crate::rule::keyword::{ByteSet, Keyword, byte_set, literal_rarity};
use regex_syntax::hir::{Hir, HirKind};
use serde::{Deserialize, Serialize};

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

/// A long run of bytes of one set that every match holds, such as the 32 hexadecimal digits of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The bytes allowed.
    pub set: ByteSet,
    /// How many of them at least.
    pub count: u8,
    /// What may stand right before the run, if anything may not: a key in a path is none that is given
    /// to a name.
    pub led_by: Option<ByteSet>,
}

impl Run {
    /// Whether a text holds such a run. Looks at one byte in `count` where the text has few of them.
    pub fn is_in(&self, text: &[u8]) -> bool {
        let count = usize::from(self.count);
        let mut from = 0;
        while let Some(stretch) = text.get(from..from + count) {
            if let Some(other) = stretch.iter().rposition(|&byte| !self.set.contains(byte)) {
                from += other + 1;
                continue;
            }
            let Some(led_by) = &self.led_by else { return true };
            if from > 0 && led_by.contains(text[from - 1]) {
                return true;
            }
            let rest = &text[from + count..];
            let more = rest.iter().position(|&byte| !self.set.contains(byte)).unwrap_or(rest.len());
            // Where a byte of its own may lead to the run, it is part of a longer one.
            let own = &text[from..from + count + more];
            if own[..more].iter().any(|&byte| led_by.contains(byte)) {
                return true;
            }
            from += count + more + 1;
        }
        false
    }
}

/// Shorter runs are in every text.
const SHORTEST_RUN: u8 = 8;

/// A long run of bytes of one set that every match holds: text without such a run needs no look by
/// the expression.
pub fn run(hir: &Hir) -> Option<Run> {
    let run = longest_run(hir, &any_byte()).filter(|run| run.count >= SHORTEST_RUN)?;
    Some(Run { led_by: run.led_by.filter(|led_by| *led_by != any_byte()), ..run })
}

fn any_byte() -> ByteSet {
    let mut set = ByteSet::EMPTY;
    (0..=255).for_each(|byte| set.insert(byte));
    set
}

/// The last bytes that a match of an expression may have, and whether it may be empty.
fn last_bytes(hir: &Hir) -> (ByteSet, bool) {
    let mut set = ByteSet::EMPTY;
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (set, true),
        HirKind::Literal(literal) => {
            literal.0.last().iter().for_each(|byte| set.insert(**byte));
            (set, literal.0.is_empty())
        }
        HirKind::Class(class) => (byte_set(class).unwrap_or_else(any_byte), false),
        HirKind::Repetition(repetition) => {
            let (set, is_empty) = last_bytes(&repetition.sub);
            (set, is_empty || repetition.min == 0)
        }
        HirKind::Capture(capture) => last_bytes(&capture.sub),
        HirKind::Concat(parts) => {
            for part in parts.iter().rev() {
                let (last, is_empty) = last_bytes(part);
                set.unite(&last);
                if !is_empty {
                    return (set, false);
                }
            }
            (set, true)
        }
        HirKind::Alternation(branches) => {
            let mut any_empty = false;
            for branch in branches {
                let (last, is_empty) = last_bytes(branch);
                set.unite(&last);
                any_empty |= is_empty;
            }
            (set, any_empty)
        }
    }
}

/// The longest run of an expression; `before` is what may stand before a match of it.
fn longest_run(hir: &Hir, before: &ByteSet) -> Option<Run> {
    let run = |set, count: u32| Some(Run { set, count: count.min(255) as u8, led_by: Some(*before) });
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(literal) => {
            let mut set = ByteSet::EMPTY;
            literal.0.iter().for_each(|&byte| set.insert(byte));
            run(set, literal.0.len() as u32)
        }
        HirKind::Class(class) => run(byte_set(class)?, 1),
        HirKind::Repetition(repetition) if repetition.min == 0 => None,
        HirKind::Repetition(repetition) => {
            if let HirKind::Class(class) = repetition.sub.kind() {
                return run(byte_set(class)?, repetition.min);
            }
            // Any round but the first follows another.
            let (mut before, last) = (*before, last_bytes(&repetition.sub).0);
            before.unite(&last);
            longest_run(&repetition.sub, &before)
        }
        HirKind::Capture(capture) => longest_run(&capture.sub, before),
        HirKind::Concat(parts) => {
            let mut before = *before;
            let mut runs = Vec::new();
            for part in parts {
                runs.extend(longest_run(part, &before));
                let (last, is_empty) = last_bytes(part);
                if is_empty {
                    before.unite(&last);
                } else {
                    before = last;
                }
            }
            runs.into_iter().max_by_key(|run| {
                let others = 256 - run.set.iter().count();
                (run.count >= SHORTEST_RUN, others * usize::from(run.count))
            })
        }
        HirKind::Alternation(branches) => {
            let mut all: Option<Run> = None;
            for branch in branches {
                let run = longest_run(branch, before)?;
                all = Some(match all {
                    None => run,
                    Some(mut all) => {
                        all.set.unite(&run.set);
                        let led_by = all.led_by.zip(run.led_by).map(|(mut one, other)| {
                            one.unite(&other);
                            one
                        });
                        Run { set: all.set, count: all.count.min(run.count), led_by }
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

    #[test]
    fn what_leads_to_a_run_is_known() {
        let run = |pattern: &str| run(&parse(pattern).unwrap()).unwrap();
        let led_by =
            |pattern: &str| run(pattern).led_by.map(|set| String::from_utf8(set.iter().collect()).unwrap());
        assert_eq!(led_by("acme[=:] ?\"?(?<secret>[0-7]{32})"), Some(" \":=".into()));
        assert_eq!(led_by("acmed[=:]?(?<secret>[0-7]{32}|[a-d]{40})"), Some(":=d".into()));
        assert_eq!(led_by("acme=(?:[0-7]{8}-){2}"), Some("-=".into()));
        assert_eq!(led_by("[0-7]{32}acme"), None, "anything may stand before a match");
        let run = run("acme(?:=|: )(?<secret>[0-7]{8})");
        for (text, expected) in [
            ("acme=01234567", true),
            ("acme/01234567", false),
            ("acme/01234567 =0123456", false),
            ("acme/01234567777 =01234567", true),
            ("01234567", false),
            ("acme: 0123456701234567", true),
        ] {
            assert_eq!(run.is_in(text.as_bytes()), expected, "{text}");
        }
        let run = self::run(&parse("acme(?:=|-7)(?<secret>[0-7]{8})").unwrap()).unwrap();
        for (text, expected) in
            [("-701234567", true), ("-01234567", false), ("/012701234566", true), ("/0012345667", false)]
        {
            assert_eq!(run.is_in(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn runs_are_found_wherever_they_stand() {
        let set = |byte: u8| {
            let mut set = ByteSet::EMPTY;
            set.insert(byte);
            set
        };
        let run = Run { set: set(b'x'), count: 3, led_by: None };
        let led = Run { led_by: Some(set(b'=')), ..run };
        let led_by_own = Run { led_by: Some(set(b'x')), ..run };
        for length in 0..8usize {
            for number in 0..3u32.pow(length as u32) {
                let text: Vec<u8> =
                    (0..length as u32).map(|at| b"x-="[(number / 3u32.pow(at) % 3) as usize]).collect();
                assert_eq!(run.is_in(&text), text.windows(3).any(|three| three == b"xxx"), "{text:?}");
                assert_eq!(led.is_in(&text), text.windows(4).any(|four| four == b"=xxx"), "{text:?}");
                assert_eq!(led_by_own.is_in(&text), text.windows(4).any(|four| four == b"xxxx"), "{text:?}");
            }
        }
    }
}
