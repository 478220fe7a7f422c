//! How far round keywords their rules look.

use crate::detect::checks;
use crate::rule::Rule;
use crate::rule::pack::Matcher;

/// So far round something new the text is decoded once more: further than what belongs to an escape,
/// a joint of literals or the end of a run reaches.
pub const DECODED_ROUND: usize = 512;
/// How far before and after a name the value that is given to it may stand, and what the judge looks
/// at beyond it.
pub const ASSIGNMENT: Reach = Reach { before: 768, after: 2560 };
/// How far outside its window a candidate of a pattern is weighed by what stands there.
pub const WEIGHED_ROUND: usize = 128;

/// How far round a keyword's first byte something looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reach {
    pub before: usize,
    pub after: usize,
}

impl Reach {
    pub fn of(rule: &Rule) -> Self {
        if matches!(rule.matcher, Matcher::Assignment(_)) {
            return ASSIGNMENT;
        }
        let within = rule.companions.iter().map(|companion| companion.within as usize).max().unwrap_or(0);
        let more = within + WEIGHED_ROUND;
        let read_on = rule.check.is_some_and(checks::reads_on);
        let (behind, ahead) = if read_on { (checks::READ_BEHIND, checks::READ_AHEAD) } else { (0, 0) };
        Self { before: rule.before as usize + more + behind, after: rule.after as usize + more + ahead }
    }

    /// The window in which all of a rule's matches stand.
    pub fn window(rule: &Rule) -> Self {
        Self { before: rule.before as usize, after: rule.after as usize }
    }

    pub fn unite(&mut self, other: Self) {
        self.before = self.before.max(other.before);
        self.after = self.after.max(other.after);
    }
}

/// What is known of the rules that share a keyword.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sharing {
    /// Whether any of them is asked at all.
    pub is_asked: bool,
    /// How far round the keyword the text is decoded with it; nothing if what is decoded round
    /// something new is enough.
    pub decoded: Reach,
}

impl Sharing {
    pub fn add(&mut self, rule: &Rule) {
        let reach = Reach::of(rule);
        self.is_asked = true;
        // A long token may stand in the text in pieces that are joined or escaped, of which the first
        // has the keyword and the last one is new. The judge of assignments looks at the beginning of
        // a value.
        let is_long = reach.before.max(reach.after) > DECODED_ROUND;
        if is_long && !matches!(rule.matcher, Matcher::Assignment(_)) {
            self.decoded.unite(reach);
        }
    }
}
