//! What every match of a pattern holds somewhere, so that most text round a keyword needs no look by
//! the expression.

use crate::rule::keyword::{ByteSet, Keyword, byte_set, literal_rarity};
use regex_syntax::hir::{Hir, HirKind, Look};
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
    /// How many at most, where a byte that is none of them has to follow: 40 digits of a longer number
    /// are no key of 40 digits.
    pub most: Option<u8>,
    /// What may stand right before the run, if anything may not: a key in a path is none that is given
    /// to a name.
    pub led_by: Option<ByteSet>,
}

impl Run {
    /// Whether a text holds such a run that begins at `from` or later. Looks at one byte in `count`
    /// where the text has few of them.
    ///
    /// # Errors
    ///
    /// If it holds none, where the search may go on should the text be longer than it was thought.
    pub fn search(&self, text: &[u8], mut from: usize) -> Result<(), usize> {
        let count = usize::from(self.count);
        while let Some(stretch) = text.get(from..from + count) {
            if let Some(other) = stretch.iter().rposition(|&byte| !self.set.contains(byte)) {
                from += other + 1;
                continue;
            }
            let Some(led_by) = &self.led_by else { return Ok(()) };
            let rest = &text[from + count..];
            let end = rest.iter().position(|&byte| !self.set.contains(byte));
            let more = end.unwrap_or(rest.len());
            // Where the match's own run may begin: at the start of this one, or after a byte of it that
            // may lead to a run.
            let least = self.most.map_or(0, |most| (count + more).saturating_sub(most.into()));
            let mut starts = from + least..=from + more;
            if starts.any(|start| start > 0 && led_by.contains(text[start - 1])) {
                return Ok(());
            }
            if end.is_none() {
                break;
            }
            from += count + more + 1;
        }
        Err(from)
    }
}

/// Shorter runs are in every text.
const SHORTEST_RUN: u8 = 8;

/// A long run of bytes of one set that every match holds: text without such a run needs no look by
/// the expression.
pub fn run(hir: &Hir) -> Option<Run> {
    let Found { run, ended_by } = longest_run(hir, &any_byte(), &any_byte())?;
    // Where one of its own bytes may follow, it may be part of a longer run.
    let is_ended = !ended_by.iter().any(|byte| run.set.contains(byte));
    let (most, led_by) = (run.most.filter(|_| is_ended), run.led_by.filter(|led_by| *led_by != any_byte()));
    (run.count >= SHORTEST_RUN).then_some(Run { most, led_by, ..run })
}

fn any_byte() -> ByteSet {
    let mut set = ByteSet::EMPTY;
    (0..=255).for_each(|byte| set.insert(byte));
    set
}

/// A side of a match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    First,
    Last,
}

/// The bytes that a match of an expression may have at one side, and whether it may have none, so that
/// what is beyond it stands there. Nothing is beyond the end of the text.
fn outermost(hir: &Hir, side: Side) -> (ByteSet, bool) {
    let mut set = ByteSet::EMPTY;
    match hir.kind() {
        HirKind::Look(Look::End) if side == Side::First => (set, false),
        HirKind::Empty | HirKind::Look(_) => (set, true),
        HirKind::Literal(literal) => {
            let byte = match side {
                Side::First => literal.0.first(),
                Side::Last => literal.0.last(),
            };
            if let Some(&byte) = byte {
                set.insert(byte);
            }
            (set, byte.is_none())
        }
        HirKind::Class(class) => (byte_set(class).unwrap_or_else(any_byte), false),
        HirKind::Repetition(repetition) => {
            let (set, is_empty) = outermost(&repetition.sub, side);
            (set, is_empty || repetition.min == 0)
        }
        HirKind::Capture(capture) => outermost(&capture.sub, side),
        HirKind::Concat(parts) => outermost_of(parts, side),
        HirKind::Alternation(branches) => {
            let mut any_empty = false;
            for branch in branches {
                let (own, is_empty) = outermost(branch, side);
                set.unite(&own);
                any_empty |= is_empty;
            }
            (set, any_empty)
        }
    }
}

/// The same of expressions one after another.
fn outermost_of(parts: &[Hir], side: Side) -> (ByteSet, bool) {
    let mut set = ByteSet::EMPTY;
    for at in 0..parts.len() {
        let part = match side {
            Side::First => &parts[at],
            Side::Last => &parts[parts.len() - 1 - at],
        };
        let (own, is_empty) = outermost(part, side);
        set.unite(&own);
        if !is_empty {
            return (set, false);
        }
    }
    (set, true)
}

/// What stands at one side of expressions that one of `beyond` stands beyond.
fn beside(parts: &[Hir], side: Side, beyond: &ByteSet) -> ByteSet {
    let (mut set, is_empty) = outermost_of(parts, side);
    if is_empty {
        set.unite(beyond);
    }
    set
}

/// A run of an expression.
struct Found {
    /// `most` is the length of the run itself.
    run: Run,
    /// What may follow.
    ended_by: ByteSet,
}

/// The longest run of an expression; `before` and `after` are what may stand round a match of it.
fn longest_run(hir: &Hir, before: &ByteSet, after: &ByteSet) -> Option<Found> {
    let run = |set, count: u32, most: Option<u32>| {
        let most = most.and_then(|most| u8::try_from(most).ok());
        let run = Run { set, count: count.min(255) as u8, most, led_by: Some(*before) };
        Some(Found { run, ended_by: *after })
    };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(literal) => {
            let mut set = ByteSet::EMPTY;
            literal.0.iter().for_each(|&byte| set.insert(byte));
            run(set, literal.0.len() as u32, Some(literal.0.len() as u32))
        }
        HirKind::Class(class) => run(byte_set(class)?, 1, Some(1)),
        HirKind::Repetition(repetition) if repetition.min == 0 => None,
        HirKind::Repetition(repetition) => {
            if let HirKind::Class(class) = repetition.sub.kind() {
                return run(byte_set(class)?, repetition.min, repetition.max);
            }
            // Any round but the first follows another, and any but the last comes before one.
            let (mut before, mut after) = (*before, *after);
            before.unite(&outermost(&repetition.sub, Side::Last).0);
            after.unite(&outermost(&repetition.sub, Side::First).0);
            longest_run(&repetition.sub, &before, &after)
        }
        HirKind::Capture(capture) => longest_run(&capture.sub, before, after),
        HirKind::Concat(parts) => {
            let runs = parts.iter().enumerate().filter_map(|(number, part)| {
                let before = beside(&parts[..number], Side::Last, before);
                let after = beside(&parts[number + 1..], Side::First, after);
                longest_run(part, &before, &after)
            });
            runs.max_by_key(|Found { run, .. }| {
                let others = 256 - run.set.iter().count();
                (run.count >= SHORTEST_RUN, others * usize::from(run.count))
            })
        }
        HirKind::Alternation(branches) => {
            let mut all: Option<Found> = None;
            for branch in branches {
                let next = longest_run(branch, before, after)?;
                all = Some(match all {
                    None => next,
                    Some(all) => all.or(&next),
                });
            }
            all
        }
    }
}

impl Found {
    /// What either of two runs is.
    fn or(self, other: &Self) -> Self {
        let Self { mut run, mut ended_by } = self;
        run.set.unite(&other.run.set);
        run.count = run.count.min(other.run.count);
        run.most = run.most.zip(other.run.most).map(|(one, other)| one.max(other));
        run.led_by = run.led_by.zip(other.run.led_by).map(|(mut one, other)| {
            one.unite(&other);
            one
        });
        ended_by.unite(&other.ended_by);
        Self { run, ended_by }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::keyword::{anchors, parse};

    impl Run {
        /// Whether a text holds such a run.
        fn is_in(&self, text: &[u8]) -> bool {
            self.search(text, 0).is_ok()
        }
    }

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
    fn how_long_a_run_may_be_is_known() {
        let most = |pattern: &str| run(&parse(pattern).unwrap()).unwrap().most;
        assert_eq!(most("acme=(?<secret>[0-7]{8,12})(?:[^0-9]|$)"), Some(12));
        assert_eq!(most("acme=(?:[0-7]{32}|[a-f]{40})(?:[^0-9a-f]|$)"), Some(40));
        assert_eq!(most("acme=(?:[0-7]{32}|[a-f]{40})[^a-f]"), None, "digits may follow digits");
        assert_eq!(most("acme=[0-7]{8,}[^0-7]"), None);
        assert_eq!(most("acme=[0-7]{8}"), None);
        assert_eq!(most("acme=[0-7]{8}x?"), None);
        assert_eq!(most("acme=(?:[0-7]{8}-){2}"), Some(8));
        let run = run(&parse("acme=(?<secret>[0-7]{8,9})(?:[^0-7-]|$)").unwrap()).unwrap();
        for (text, expected) in [
            ("acme=01234567", true),
            ("acme=012345670 ", true),
            ("acme=0123456701", false),
            ("acme=0123456701 =01234567", true),
        ] {
            assert_eq!(run.is_in(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn every_match_holds_the_run() {
        const PIECES: [&str; 8] = ["01234567", "abcdefff", "0", "a", "=", "-", "_", " "];
        for pattern in [
            "=(?<secret>[0-7]{8})(?:[^0-9a-f]|$)",
            "=(?<secret>[0-7]{8}|[a-f]{9,10})(?:[^0-9a-z-]|$)",
            "[=_]-?(?<secret>[0-7-]{8,10})[ a]",
            "(?:=|0)(?<secret>[0-7]{8})(?:[^0-7]|$)",
            "=(?:[0-7]{8}-?){1,2}(?:[^0-7]|$)",
            "=(?:[0-7a-f]{8}[-_]){1,2} ?$",
            "(?:-|=a?)(?<secret>[a-f]{8,12})\\b",
            "= *(?:[0-7]{8}|a)(?:[0-7]{9}[^0-7])",
        ] {
            let (run, hir) = (run(&parse(pattern).unwrap()), parse(pattern).unwrap());
            let run = run.unwrap_or_else(|| panic!("{pattern}: {hir:?}"));
            let regex = regex::bytes::RegexBuilder::new(pattern).unicode(false).build().unwrap();
            for number in 0..PIECES.len().pow(6) {
                let pieces = (0..6).map(|at| PIECES[number / PIECES.len().pow(at) % PIECES.len()]);
                let text: String = pieces.collect();
                if let Some(found) = regex.find(text.as_bytes()) {
                    let window = &text.as_bytes()[found.start().saturating_sub(number % 3)..];
                    assert!(run.is_in(window), "{pattern} {text}");
                }
            }
        }
    }

    #[test]
    fn runs_are_found_wherever_they_stand() {
        let set = |byte: u8| {
            let mut set = ByteSet::EMPTY;
            set.insert(byte);
            set
        };
        let run = Run { set: set(b'x'), count: 3, most: None, led_by: None };
        let led = Run { led_by: Some(set(b'=')), ..run };
        let led_by_own = Run { led_by: Some(set(b'x')), ..run };
        for length in 0..8usize {
            for number in 0..3u32.pow(length as u32) {
                let text: Vec<u8> =
                    (0..length as u32).map(|at| b"x-="[(number / 3u32.pow(at) % 3) as usize]).collect();
                assert_eq!(run.is_in(&text), text.windows(3).any(|three| three == b"xxx"), "{text:?}");
                assert_eq!(led.is_in(&text), text.windows(4).any(|four| four == b"=xxx"), "{text:?}");
                assert_eq!(led_by_own.is_in(&text), text.windows(4).any(|four| four == b"xxxx"), "{text:?}");
                // A search that goes on where one of less text came to nothing.
                for run in [run, led, led_by_own, Run { most: Some(4), ..led }] {
                    for (start, end) in (0..=length).flat_map(|end| (0..=end).map(move |start| (start, end)))
                    {
                        if let Err(next) = run.search(&text[..end], 0) {
                            let on = run.search(&text[start..], next.saturating_sub(start)).is_ok();
                            assert_eq!(on, run.is_in(&text[start..]), "{run:?} {text:?} {start} {end}");
                        }
                    }
                }
            }
        }
    }
}
