//! The compiled form of a rule pack: what the build script embeds and the engine reads.
//!
//! A pack is two postcard blobs. The first holds what a scan needs of every rule and is read at
//! start-up without decoding more than ids; each rule is decoded when something calls it, without
//! copying a text. The second holds what only reports and `rules test` need and is decoded when the
//! first finding asks for it.

use crate::kind::Kind;
use crate::level::{Confidence, Severity};
use crate::rule::content::Run;
use crate::rule::keyword::{Follow, Keyword};
use crate::rule_info::RuleInfo;
use serde::{Deserialize, Serialize};

/// The word of allow markers.
pub const MARKER_WORD: &str = "keytrail:allow";

/// What begins allow markers, and what people take for one, such as `keytrail:ignore`. The search for
/// keywords finds it on the way.
pub const MARKER_HEAD: &str = "keytrail:";

/// Stands for allow markers where the search names rules by index.
pub const MARKER_OWNER: u32 = u32::MAX;

/// What the search for keywords finds on the way for the decoder, which would need passes of its
/// own for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landmark {
    /// The head of a gzip stream in base64.
    Gzip64,
    /// The same in hexadecimal digits.
    Gzip16,
    /// The head of a private key's DER in base64.
    Der64,
    /// A macro that joins literals.
    Concat,
}

/// Texts of landmarks. A SEQUENCE of DER with a length of two bytes begins with `MII`, of one byte
/// with `MH` or `MIG`, and a short one with `MC`.
pub const LANDMARKS: [(&str, Landmark); 12] = [
    ("H4sI", Landmark::Gzip64),
    ("1f8b08", Landmark::Gzip16),
    ("MIIB", Landmark::Der64),
    ("MIIC", Landmark::Der64),
    ("MIIE", Landmark::Der64),
    ("MIIG", Landmark::Der64),
    ("MIIJ", Landmark::Der64),
    ("MIGH", Landmark::Der64),
    ("MIG2", Landmark::Der64),
    ("MHcC", Landmark::Der64),
    ("MC4C", Landmark::Der64),
    ("concat!", Landmark::Concat),
];

/// Texts that the search finds beside the keywords of rules, with those who asked for them.
pub fn extra_keywords() -> Vec<(Keyword, u32)> {
    let keyword = |text: &str| Keyword { text: text.into(), any_case: text.starts_with("1f") };
    let landmarks =
        LANDMARKS.iter().zip(1..).map(|((text, _), number)| (keyword(text), MARKER_OWNER - number));
    std::iter::once((keyword(MARKER_HEAD), MARKER_OWNER)).chain(landmarks).collect()
}

/// The landmark that an owner stands for.
pub fn landmark(owner: u32) -> Option<Landmark> {
    let number = (MARKER_OWNER - owner) as usize;
    LANDMARKS.get(number.checked_sub(1)?).map(|(_, landmark)| *landmark)
}

/// What a scan needs of one rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompiledRule<'a> {
    /// The rule's id.
    pub id: &'a str,
    /// How candidates are found.
    pub matcher: Matcher<'a>,
    /// What must stand right after the keyword, for a cheap look before the matcher runs.
    pub follow: Option<Follow>,
    /// A text that every match holds somewhere.
    pub needle: Option<Vec<u8>>,
    /// What every match holds somewhere: so many bytes of a set in a row.
    pub run: Option<Run>,
    /// How far before the keyword's first byte the matcher may look.
    pub before: u32,
    /// How far after the keyword's first byte the matcher may look.
    pub after: u32,
    /// The sort of secret.
    pub kind: Kind,
    /// What a leak would cost.
    pub severity: Severity,
    /// How sure a match is by itself.
    pub confidence: Confidence,
    /// The least entropy in bits a character.
    pub min_entropy: Option<f32>,
    /// A named check.
    pub check: Option<&'a str>,
    /// What belongs to the secret.
    pub companions: Vec<CompiledCompanion<'a>>,
    /// Globs of which one must fit.
    pub only_paths: Vec<&'a str>,
    /// Globs of which none may fit.
    pub skip_paths: Vec<&'a str>,
    /// How many bytes of the secret are public by the format, for the mask.
    pub public_prefix: u8,
}

/// How a rule finds candidates round a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Matcher<'a> {
    /// The keyword is part of the pattern's match.
    Pattern(&'a str),
    /// The keyword is a word near the match, at most so many bytes away.
    Context(&'a str, u32),
    /// The keyword is part of a name that a value is assigned to; the value's least length.
    Assignment(u32),
}

/// Something that belongs to a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompiledCompanion<'a> {
    /// What it is.
    pub name: &'a str,
    /// Its expression.
    pub pattern: &'a str,
    /// How far away it may be, in bytes.
    pub within: u32,
    /// Whether the secret is nothing without it.
    pub required: bool,
}

/// Templates of text that show what a rule finds and what not.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Examples {
    /// The rule must find a secret in each.
    pub examples: Vec<String>,
    /// The rule must find none.
    pub counterexamples: Vec<String>,
}

/// What reports and tests need of one rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RuleBook {
    /// What reports tell.
    pub info: RuleInfo,
    /// What tests try.
    pub examples: Examples,
    /// The literals that call the matcher. A scan does not look at them: the search for those of
    /// the embedded pack is laid out when the program is built.
    pub keywords: Vec<Keyword>,
}

/// A pack in its two blobs.
#[derive(Debug, Clone)]
pub struct Blobs {
    /// `Vec<(id, bytes of the CompiledRule)>`, so that one can be decoded without the others.
    pub hot: Vec<u8>,
    /// `Vec<RuleBook>`, in the same order.
    pub cold: Vec<u8>,
}
