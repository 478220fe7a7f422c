//! Compiled patterns, cheap to make, because most are asked a few times only.
//!
//! A pattern that is asked seldom is run by backtracking over its NFA, in time bounded by the size of
//! both. One that is asked again and again gets a lazy DFA over the same NFA, which nearly always
//! answers that there is nothing. The crate `regex` makes more of a pattern at once (a reverse NFA,
//! prefilters), which took longer than all searches with most of them; it is asked where neither will
//! do. `docs/prefilter.md` has the figures.

use regex::bytes::{Regex, RegexBuilder};
use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::nfa::thompson::backtrack::{self, BoundedBacktracker};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::{Anchored, Input, PatternID};
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// From so many searches on a DFA pays.
const OFTEN: u32 = 24;
/// From so many matches on it pays to know where a match begins before its groups are looked for.
const MANY: u32 = 64;
/// The most that one search may take by backtracking: states of the NFA times bytes of text.
const MOST_STEPS: usize = 1 << 19;
/// The most memory for the states of a DFA before they are thrown away and made again, in bytes.
const DFA_BYTES: usize = 2 << 20;

/// A compiled pattern with one group that matters.
#[derive(Debug)]
pub struct Expression {
    pattern: &'static str,
    /// The group's number; 0, which is the whole match, where the pattern has no such group.
    group: usize,
    nfa: NFA,
    searches: AtomicU32,
    matches: AtomicU32,
    backtracker: Pooled<BoundedBacktracker, backtrack::Cache>,
    dfa: OnceLock<Option<Pooled<DFA, dfa::Cache>>>,
    regex: OnceLock<Option<Regex>>,
}

/// A machine with the scratch space of the threads that run it.
#[derive(Debug)]
struct Pooled<M, C> {
    machine: M,
    caches: Pool<C, Box<dyn Fn() -> C + Send + Sync>>,
}

impl<M: Clone + Send + Sync + 'static, C: Send + 'static> Pooled<M, C> {
    fn new(machine: M, cache: fn(&M) -> C) -> Self {
        let own = machine.clone();
        Self { machine, caches: Pool::new(Box::new(move || cache(&own))) }
    }
}

/// A match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// All of it.
    pub whole: Range<usize>,
    /// The group that matters; `None` where it took no part.
    pub part: Option<Range<usize>>,
}

impl Expression {
    /// Compiles a pattern over bytes, Unicode off. `None` if it is none, or too large.
    pub fn new(pattern: &'static str, group: &str) -> Option<Self> {
        let hir = crate::rule::keyword::parse(pattern).ok()?;
        let config = thompson::Config::new().utf8(false).which_captures(WhichCaptures::All);
        let nfa = thompson::Compiler::new().configure(config).build_from_hir(&hir).ok()?;
        let config = backtrack::Config::new().visited_capacity(MOST_STEPS / 8);
        let backtracker = BoundedBacktracker::builder().configure(config).build_from_nfa(nfa.clone()).ok()?;
        Some(Self {
            pattern,
            group: nfa.group_info().to_index(PatternID::ZERO, group).unwrap_or(0),
            nfa,
            searches: AtomicU32::new(0),
            matches: AtomicU32::new(0),
            backtracker: Pooled::new(backtracker, BoundedBacktracker::create_cache),
            dfa: OnceLock::new(),
            regex: OnceLock::new(),
        })
    }

    /// The leftmost match that begins at `at` or later, or, if so wanted, exactly there. What stands
    /// before `at` is seen by assertions such as `\b` only.
    pub fn find(&self, text: &[u8], at: usize, exactly: bool) -> Option<Found> {
        // The crate knows where a match begins, and has groups looked for from there.
        let by_regex = || self.by_regex(text, at).filter(|found| !exactly || found.whole.start == at);
        if self.matches.load(Ordering::Relaxed) >= MANY {
            return by_regex();
        }
        let anchored = if exactly { Anchored::Yes } else { Anchored::No };
        let mut input = Input::new(text).range(at..).anchored(anchored);
        let most = self.backtracker.machine.max_haystack_len();
        if self.searches.fetch_add(1, Ordering::Relaxed) >= OFTEN || input.get_range().len() > most {
            // A DFA gives up where its states are many and of little use.
            match self.dfa().map(|dfa| dfa.machine.try_search_fwd(&mut dfa.caches.get(), &input)) {
                Some(Ok(None)) => return None,
                // The machines that know of groups need not look further.
                Some(Ok(Some(end))) => input.set_end(end.offset()),
                Some(Err(_)) | None => {}
            }
        }
        let found = if input.get_range().len() <= most { self.backtrack(&input) } else { by_regex() };
        self.matches.fetch_add(u32::from(found.is_some()), Ordering::Relaxed);
        found
    }

    /// All matches of a text, none of which overlap; patterns match no empty text.
    pub fn all<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Found> + 'a {
        let mut at = 0;
        std::iter::from_fn(move || {
            let found = if at <= text.len() { self.find(text, at, false)? } else { return None };
            at = found.whole.end.max(at + 1);
            Some(found)
        })
        .fuse()
    }

    fn dfa(&self) -> Option<&Pooled<DFA, dfa::Cache>> {
        let build = || {
            let config = dfa::Config::new().cache_capacity(DFA_BYTES).skip_cache_capacity_check(true);
            // As the crate `regex` has it: a cache that is cleared often for few bytes is no use.
            let config = config.minimum_cache_clear_count(Some(3)).minimum_bytes_per_state(Some(10));
            let machine = DFA::builder().configure(config).build_from_nfa(self.nfa.clone()).ok()?;
            Some(Pooled::new(machine, DFA::create_cache))
        };
        self.dfa.get_or_init(build).as_ref()
    }

    fn backtrack(&self, input: &Input<'_>) -> Option<Found> {
        let mut slots = vec![None; 2 * self.group + 2];
        let mut cache = self.backtracker.caches.get();
        self.backtracker.machine.try_search_slots(&mut cache, input, &mut slots).ok()??;
        let range = |group: usize| Some(slots[2 * group]?.get()..slots[2 * group + 1]?.get());
        Some(Found { whole: range(0)?, part: range(self.group) })
    }

    fn by_regex(&self, text: &[u8], at: usize) -> Option<Found> {
        let build = || RegexBuilder::new(self.pattern).unicode(false).build().ok();
        let regex = self.regex.get_or_init(build).as_ref()?;
        let mut locations = regex.capture_locations();
        let whole = regex.captures_read_at(&mut locations, text, at)?.range();
        let part = locations.get(self.group).map(|(start, end)| start..end);
        Some(Found { whole, part })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATTERNS: [&str; 6] = [
        r"\b(?<secret>ab_[ab]{2,5})\b",
        r"(?i)a(?:b|_c)*?(?<secret>[ab]{3})?\b",
        r"(?:^|[^a-b])(?<secret>(?:ab|a)b?)(?:_|$)",
        r"(?-u:\B)_(?:x(?<other>a)|(?<secret>b{1,3}))",
        r"[ab]{4}",
        r"(?s:.){0,40}?c(?<secret>[^c]{2,30})c",
    ];

    fn expressions() -> Vec<Expression> {
        PATTERNS.map(|pattern| Expression::new(pattern, "secret").unwrap()).into()
    }

    proptest! {
        /// Whichever machine is asked, and however often, the answer is that of the crate `regex`.
        #[test]
        fn finds_what_regex_finds(
            texts in prop::collection::vec("[abc_x \n]{0,60}", 1..140),
            filling in prop::option::of(0..3000usize),
            starts in prop::collection::vec(any::<prop::sample::Index>(), 140),
            exactly in any::<bool>(),
        ) {
            for (pattern, expression) in PATTERNS.iter().zip(expressions()) {
                let regex = RegexBuilder::new(pattern).unicode(false).build().unwrap();
                let group = regex.capture_names().position(|name| name == Some("secret")).unwrap_or(0);
                for (text, start) in texts.iter().zip(&starts) {
                    let text = "- ".repeat(filling.unwrap_or(0)) + text;
                    let (text, at) = (text.as_bytes(), start.index(text.len() + 1));
                    let mut locations = regex.capture_locations();
                    let expected = regex
                        .captures_read_at(&mut locations, text, at)
                        .map(|whole| whole.range())
                        .filter(|whole| !exactly || whole.start == at)
                        .map(|whole| Found { whole, part: locations.get(group).map(|(start, end)| start..end) });
                    prop_assert_eq!(expression.find(text, at, exactly), expected, "{} {:?}", pattern, text);
                }
            }
        }
    }
}
