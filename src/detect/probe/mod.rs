//! Tells of versions of texts whether anything would be reported of them, at the price of what
//! changed.
//!
//! A probe remembers of every text where keywords stand, how far round each of them its rules look,
//! and whether something came of it. In the next version a keyword that was copied with all of its
//! surroundings says what it said before; only new keywords, and those near something new, are
//! looked at. `docs/history.md` has the reasoning.
//!
//! It knows no path and answers for all of them: whatever [`Engine::scan`] reports at some path, a
//! probe calls hot. The other way round it may err.

mod changes;
mod looking;
mod reach;
mod runs;
#[cfg(test)]
mod tests;
mod traces;

pub use changes::Common;
pub(in crate::detect) use traces::Fits;
pub use traces::{Known, Traces};

use crate::detect::{Engine, Match, decode};
use crate::level::Confidence;
use changes::{fresh, widened, worthwhile};
use looking::Looking;
use reach::{DECODED_ROUND, Sharing};

/// `kind: Secret` and what may stand between.
const MANIFEST: usize = 64;

/// Which matches count.
pub struct Floor<'a> {
    /// The least confidence that is reported.
    pub confidence: Confidence,
    /// Rules whose matches count whatever their confidence, because settings may raise it.
    pub any_of: &'a (dyn Fn(&str) -> bool + Sync),
}

/// Asks an engine about versions of texts.
pub struct Probe<'e> {
    engine: &'e Engine,
    floor: Confidence,
    /// For each rule, whether its matches count whatever their confidence.
    counts_all: Vec<bool>,
    /// By the place of a list of owners.
    sharing: Vec<Sharing>,
}

impl<'e> Probe<'e> {
    /// Makes a probe.
    pub fn new(engine: &'e Engine, floor: &Floor<'_>) -> Self {
        let rules = engine.pack.rules();
        let counts_all: Vec<bool> = rules.iter().map(|rule| (floor.any_of)(rule.id)).collect();
        let mut sharing = Vec::new();
        for owners in engine.prefilter.all_owners() {
            let mut together = Sharing::default();
            let place = owners.place() as usize;
            for owner in owners {
                let index = owner as usize;
                match rules.get(index) {
                    Some(rule) if engine.is_active[index] => {
                        together.add(rule);
                    }
                    Some(_) => {}
                    None => together.is_asked = true,
                }
            }
            sharing.resize(place + 1, Sharing::default());
            sharing[place] = together;
        }
        Self { engine, floor: floor.confidence, counts_all, sharing }
    }

    /// Looks at a whole text.
    pub fn whole(&self, text: &[u8], is_binary: bool) -> Traces {
        let all = 0..text.len();
        let mut looking = Looking::new(self, text, is_binary);
        looking.find(all.clone());
        looking.to_decode = vec![all];
        let has_manifest = !is_binary && decode::manifest::is_secret(text);
        looking.decode(has_manifest);
        Traces { spots: looking.spots, encoded: looking.encoded, is_binary, has_manifest }
    }

    /// Looks at the newer version of a text. `older` and its length are those of the other one, and
    /// `common` is what the newer one took from it, sorted by `to`; pieces that follow each other in
    /// both have to be one.
    pub fn newer(
        &self,
        text: &[u8],
        is_binary: bool,
        older: &Traces,
        older_length: usize,
        common: &[Common],
    ) -> Traces {
        let common = &worthwhile(common)[..];
        if is_binary != older.is_binary || common.is_empty() || u32::try_from(text.len()).is_err() {
            return self.whole(text, is_binary);
        }
        let fresh = fresh(common, older_length, text.len());
        let has_manifest = !is_binary
            && (older.has_manifest
                || widened(&fresh, MANIFEST, text.len())
                    .iter()
                    .any(|part| decode::manifest::is_secret(&text[part.clone()])));
        let mut looking = Looking::new(self, text, is_binary);
        let searched = looking.search_fresh(&fresh);
        looking.inherit(older, older_length, common, &searched);
        if has_manifest {
            looking.to_decode.push(0..text.len());
        } else {
            looking.to_decode.extend(widened(&fresh, DECODED_ROUND, text.len()));
        }
        looking.decode(has_manifest);
        Traces { spots: looking.spots, encoded: looking.encoded, is_binary, has_manifest }
    }
}

impl Probe<'_> {
    fn counts(&self, found: &Match) -> bool {
        found.confidence >= self.floor || self.counts_all[found.rule]
    }
}
