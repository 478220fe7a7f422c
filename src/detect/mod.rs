//! Finds secrets in documents: the prefilter calls rules, rules propose candidates, checks and the
//! judge weigh them, and of those that overlap the most telling one stays.
//!
//! Everything about a candidate depends only on bytes near its keyword, never on what was found
//! before it. That keeps the result the same however a file is cut into documents.

pub mod allow;
pub mod assignment;
mod candidate;
pub mod checks;
pub mod conformance;
pub mod decode;
mod file_kind;
pub mod judge;
mod near_miss;
pub mod prefilter;
pub mod probe;
mod resolve;

use crate::document::{Document, Encoding};
use crate::level::Confidence;
use crate::origin::{OriginKind, RepoPath};
use crate::rule::pack::{self, Landmark, MARKER_OWNER, Matcher};
use crate::rule::{Pack, Rule};
use candidate::{Look, Runless};
use decode::Decoded;
use judge::generic::Surroundings;
use prefilter::{Owners, Prefilter};
use probe::Fits;
use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Something found in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The rule, as an index into the pack.
    pub rule: usize,
    /// Where the secret, or what encodes it, stands in the document's text.
    pub span: Range<usize>,
    /// How sure we are.
    pub confidence: Confidence,
    /// What was proved or noticed.
    pub notes: Vec<String>,
    /// What belongs to the secret: its name and where it stands.
    pub parts: Vec<(String, Range<usize>)>,
    /// What it is when decoded, if it does not stand in the clear.
    pub decoded: Option<Decoded>,
}

impl Match {
    /// The bytes of the secret, decoded; `text` is the text that it was found in.
    pub fn secret<'a>(&'a self, text: &'a [u8]) -> &'a [u8] {
        match &self.decoded {
            Some(decoded) => decoded.secret.expose(),
            None => &text[self.span.clone()],
        }
    }
}

/// Which rules run, with how much confidence.
#[derive(Debug, Clone, Default)]
pub struct RuleChoice {
    /// Ids of rules that do not run.
    pub disabled: BTreeSet<String>,
    /// Whether what is encoded is left alone.
    pub no_decode: bool,
}

/// The search for all rules of a pack.
#[derive(Debug)]
pub struct Engine {
    pack: Arc<Pack>,
    prefilter: Prefilter,
    is_active: Vec<bool>,
    decodes: bool,
    paths: Vec<OnceLock<Option<Box<PathCondition>>>>,
}

#[derive(Debug)]
struct PathCondition {
    only: Option<globset::GlobSet>,
    skip: globset::GlobSet,
}

impl PathCondition {
    /// Fails on no glob that the compiler of packs let through.
    fn of(rule: &Rule) -> Result<Self, globset::Error> {
        let set = |globs: &[&str]| {
            let mut builder = globset::GlobSetBuilder::new();
            for glob in globs {
                builder.add(globset::GlobBuilder::new(glob).literal_separator(true).build()?);
            }
            builder.build()
        };
        let only = if rule.only_paths.is_empty() { None } else { Some(set(&rule.only_paths)?) };
        Ok(Self { only, skip: set(&rule.skip_paths)? })
    }

    fn holds(&self, path: &RepoPath) -> bool {
        let path = path.to_match();
        self.only.as_ref().is_none_or(|only| only.is_match(&path)) && !self.skip.is_match(&path)
    }
}

/// What one scan of a document found.
#[derive(Debug, Default)]
pub struct Scanned {
    /// What is reported, sorted by place; no two overlap but for secrets that were compressed
    /// together.
    pub matches: Vec<Match>,
    /// Whether the document has allow markers of ours, or text that looks like one.
    pub has_markers: bool,
    /// Whether more is encoded in the document than is decoded of one.
    pub is_cut: bool,
}

/// Where keywords are looked for.
enum Own<'a> {
    /// In all of a part of the text.
    Part(Range<usize>),
    /// Nowhere: what comes of them all is known.
    Known(&'a probe::Known),
}

/// What stands in the clear in a text.
#[derive(Debug, Default)]
struct Plain {
    matches: Vec<Match>,
    has_markers: bool,
    landmarks: Vec<(Landmark, usize)>,
}

impl Engine {
    /// Makes the search ready.
    pub fn new(pack: Arc<Pack>, choice: &RuleChoice) -> Self {
        let prefilter = match pack.laid_out() {
            Some(bytes) => Prefilter::from_bytes(bytes.into()),
            None => Prefilter::from_bytes(lay_out(&pack).into()),
        };
        let prefilter = prefilter.expect("the layout is the program's own");
        let is_active = pack.rules().iter().map(|rule| !choice.disabled.contains(rule.id)).collect();
        let paths = pack.rules().iter().map(|_| OnceLock::new()).collect();
        Self { pack, prefilter, is_active, decodes: !choice.no_decode, paths }
    }

    /// The rules.
    pub fn pack(&self) -> &Arc<Pack> {
        &self.pack
    }

    /// Whether a rule's path conditions hold; their globs are compiled when they are first asked.
    fn path_fits(&self, rule: &Rule, index: usize, path: &RepoPath) -> bool {
        if rule.only_paths.is_empty() && rule.skip_paths.is_empty() {
            return true;
        }
        let condition = self.paths[index].get_or_init(|| PathCondition::of(rule).ok().map(Box::new));
        condition.as_ref().is_none_or(|condition| condition.holds(path))
    }

    /// In files where random text is no secret, and in messages that name commits, what has no shape
    /// of its own is doubted.
    fn doubt_noise<'m>(&self, document: &Document<'_>, candidates: impl Iterator<Item = &'m mut Match>) {
        let noise = LazyCell::new(|| file_kind::noise(document));
        let is_message = matches!(document.origin.kind, OriginKind::CommitMessage | OriginKind::TagMessage);
        for found in candidates {
            let rule = &self.pack.rules()[found.rule];
            let has_shape =
                matches!(rule.matcher, Matcher::Pattern(_)) || rule.confidence >= Confidence::High;
            if has_shape || found.confidence != Confidence::Medium {
                continue;
            }
            let is_minified = || {
                file_kind::is_minified(document.path, document.text, &found.span)
                    .then_some("it stands in bundled code")
            };
            let is_commit = || {
                (is_message && judge::digest::is_commit_named(document.text, &found.span))
                    .then_some("the message names a commit")
            };
            if let Some(why) = noise.or_else(is_minified).or_else(is_commit) {
                found.confidence = Confidence::Low;
                found.notes.push(why.to_owned());
            }
        }
    }

    /// Searches one document.
    pub fn scan(&self, document: &Document<'_>) -> Scanned {
        let around = Surroundings { text: document.text, is_code: file_kind::is_code(document.path) };
        let is_binary = document.encoding == Encoding::Binary;
        let doubt = |candidates: &mut [Match]| self.doubt_noise(document, candidates.iter_mut());
        let known: Option<&probe::Known> = document.known.and_then(|known| known.downcast_ref());
        let own = known.map_or(Own::Part(document.own.clone()), Own::Known);
        let may_hold_encoded = known.is_none_or(|known| known.has_encoded);
        let plain = self.search(around, own, Some(document.path), is_binary, doubt);
        let Plain { mut matches, has_markers, landmarks } = plain;
        let mut is_cut = false;
        if self.decodes && may_hold_encoded {
            let subject = decode::Subject { text: document.text, is_code: around.is_code, is_binary };
            let outcome = decode::search(self, document.path, subject, &document.own, matches, &landmarks);
            matches = outcome.matches;
            is_cut = outcome.is_cut;
            self.doubt_noise(document, matches.iter_mut().filter(|found| found.decoded.is_some()));
        }
        for found in &mut matches {
            if let Some(what) = judge::known::what(found.secret(document.text)) {
                found.confidence = Confidence::Low;
                found.notes.push(format!("known to everyone: {what}"));
            }
        }
        Scanned { matches, has_markers, is_cut }
    }

    /// Searches a part of a text for what stands in it in the clear; without a path, for what would
    /// be found at any. `doubt` sees the candidates before the most telling of them are chosen.
    fn search(
        &self,
        around: Surroundings<'_>,
        own: Own<'_>,
        path: Option<&RepoPath>,
        is_binary: bool,
        doubt: impl FnOnce(&mut [Match]),
    ) -> Plain {
        let text = around.text;
        let services = near_miss::Services { prefilter: &self.prefilter, pack: &self.pack };
        let mut candidates = Vec::new();
        let mut plain = Plain::default();
        let mut again = Vec::new();
        if let Own::Known(known) = own {
            let fits = |index: usize| {
                let rule = &self.pack.rules()[index];
                match (around.is_code, rule.matcher) {
                    // In code a bare word is no value.
                    (true, Matcher::Assignment(_)) => Fits::Ask,
                    _ if path.is_none_or(|path| self.path_fits(rule, index, path)) => Fits::Yes,
                    _ => Fits::No,
                }
            };
            known.candidates(fits, &mut candidates, &mut again);
            plain.has_markers = known.has_markers;
            plain.landmarks.extend_from_slice(&known.landmarks);
        }
        let mut runless = Runless::default();
        let mut hit = |owners: Owners<'_>, length: usize, start: usize| {
            for owner in owners {
                if owner == MARKER_OWNER {
                    plain.has_markers = true;
                    continue;
                }
                if let Some(landmark) = pack::landmark(owner) {
                    plain.landmarks.push((landmark, start));
                    continue;
                }
                let rule = &self.pack.rules()[owner as usize];
                let keyword = start..start + length;
                let index = owner as usize;
                let look = candidate::look(rule, index, text, &keyword, &mut runless);
                if look != Look::Promising || !self.is_active[index] {
                    continue;
                }
                // In bytes that are no text, only a shape that stands for itself means something.
                if is_binary && !candidate::stands_alone(rule) {
                    continue;
                }
                if !path.is_none_or(|path| self.path_fits(rule, index, path)) {
                    continue;
                }
                candidate::propose(rule, index, around, services, keyword, &mut candidates);
            }
        };
        match own {
            Own::Part(own) => self.prefilter.find(text, own, hit),
            Own::Known(_) => {
                for place in again {
                    self.prefilter.find(text, place..place + 1, &mut hit);
                }
            }
        }
        doubt(&mut candidates);
        plain.matches = resolve::resolve(candidates, &self.pack);
        plain.landmarks.sort_by_key(|&(_, at)| at);
        plain
    }
}

/// The search for a pack that is not the embedded one alone.
fn lay_out(rules: &Pack) -> Vec<u8> {
    let keywords = rules.rules().iter().enumerate().flat_map(|(index, rule)| {
        rules.keywords(index).iter().map(move |keyword| (keyword, rule.follow.as_ref(), index as u32))
    });
    let extra = pack::extra_keywords();
    let extra = extra.iter().map(|(keyword, owner)| (keyword, None, *owner));
    Prefilter::layout(keywords.chain(extra), prefilter::QUICK)
}
