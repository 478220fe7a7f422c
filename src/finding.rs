//! What a scan finds: a secret in its places.

use crate::facts::TokenFacts;
use crate::level::{Confidence, Severity};
use crate::moment::Moment;
use crate::origin::{Origin, RepoPath, Span};
pub use crate::rule_info::RuleInfo;
use crate::secret::{Fingerprint, Masked, Secret};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A secret in its places.
#[derive(Debug)]
pub struct Finding {
    /// The rule that found it: the most telling one where several did.
    pub rule: Arc<RuleInfo>,
    /// What a leak would cost, after settings for this rule.
    pub severity: Severity,
    /// How sure we are: the most of what its places say.
    pub confidence: Confidence,
    /// The secret itself.
    pub secret: Secret,
    /// The secret as it may be shown.
    pub masked: Masked,
    /// The secret's identity.
    pub fingerprint: Fingerprint,
    /// What was proved or noticed about the bytes: `checksum holds (CRC-32)`.
    pub notes: Vec<String>,
    /// What belongs to the secret and was found beside it, such as its key id.
    pub parts: Vec<Part>,
    /// What its own bytes tell.
    pub facts: TokenFacts,
    /// Every place, sorted; never empty.
    pub locations: Vec<Location>,
    /// Whether something says that this finding shall not block.
    pub status: Status,
}

impl Finding {
    /// The first place: where a report points.
    pub fn primary(&self) -> &Location {
        &self.locations[0]
    }

    /// The identity of the finding: the secret's fingerprint with the path it was first seen at.
    /// It survives edits, because no line number is in it.
    pub fn identity(&self) -> String {
        format!("{}:{}", self.fingerprint, self.primary().path)
    }

    /// Free text from the scanned files, such as the reason of an allow marker, without the secret: a
    /// marker and the secret can stand on the same line.
    pub fn without_secret<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match std::str::from_utf8(self.secret.expose()) {
            Ok(secret) if !secret.is_empty() && text.contains(secret) => {
                Cow::Owned(text.replace(secret, self.masked.as_str()))
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// Whether it counts: new, neither allowed nor waived nor in the baseline.
    pub fn is_open(&self) -> bool {
        matches!(self.status, Status::Open)
    }
}

/// A half that belongs to a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it is: `access key id`.
    pub name: String,
    /// The value as it may be shown.
    pub masked: Masked,
}

/// One place of a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Location {
    /// The path: relative to the repository's root, else to the folder scanned.
    pub path: RepoPath,
    /// Where in the document the secret itself stands.
    pub span: Span,
    /// Where the document came from.
    pub origin: Arc<Origin>,
    /// How sure this place makes us.
    pub confidence: Confidence,
    /// The line with every secret in it masked.
    pub excerpt: Excerpt,
    /// GitHub's hash of the line, for `primaryLocationLineHash`.
    pub line_hash: Option<String>,
    /// The way the secret was decoded, outermost first (`base64`), empty if it stands in the clear.
    pub decoded: Vec<String>,
    /// The allow marker on or above the line, if there is a valid one.
    pub allowed: Option<Allowed>,
    /// In how many versions of the file the secret was seen at this path (history only, else 1).
    pub versions: u32,
}

/// A line as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Excerpt {
    /// The text of the line, shortened around the secret, secrets replaced by their masks.
    pub text: String,
    /// Where in `text` this secret's mask stands, in bytes.
    pub mask: Range<usize>,
}

impl Excerpt {
    /// The name that the secret stands under in its line, if it has one: that of a variable, a key, an
    /// option, a column. It is the nearest word before the secret that signs and quotes part from it.
    pub fn name(&self) -> Option<&str> {
        /// A longer word is no name that people gave.
        const LONGEST: usize = 80;
        let is_part = |c: char| c.is_alphanumeric() || "_-.$".contains(c);
        let mut before = self.text.get(..self.mask.start)?;
        loop {
            let trimmed = before.trim_end_matches(|c| !is_part(c));
            let has_no_sign = before[trimmed.len()..].chars().all(char::is_whitespace);
            let last = trimmed.char_indices().rfind(|&(_, c)| !is_part(c));
            let start = last.map_or(0, |(at, c)| at + c.len_utf8());
            let word = trimmed[start..].trim_matches(['-', '.', '$']);
            let is_scheme =
                ["bearer", "basic", "token"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme));
            // `Authorization: Bearer …`: the header is what names it.
            if !(is_scheme && has_no_sign && start > 0) {
                let is_name = word.len() <= LONGEST && word.chars().any(char::is_alphabetic);
                return is_name.then_some(word);
            }
            before = &trimmed[..start];
        }
    }
}

/// Why a place is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// The reason the marker gives.
    pub reason: String,
    /// The line of the marker, from 1.
    pub line: u64,
}

/// Whether a finding counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It counts.
    Open,
    /// Every place of it carries an allow marker; the reason of the first.
    Allowed(String),
    /// Known when keytrail was adopted.
    Baseline,
    /// A waiver that is in force covers every place of it.
    Waived(Waived),
}

/// By whom, why and until when a finding is waived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waived {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Where it is dealt with: an issue's number or address.
    pub ticket: Option<String>,
    /// Until when.
    pub until: Moment,
}

impl std::fmt::Display for Waived {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "waived by {} until {}: {}", self.owner, self.until.date(), self.reason)?;
        match &self.ticket {
            Some(ticket) => write!(f, " ({ticket})"),
            None => Ok(()),
        }
    }
}

impl Status {
    /// The name used in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Allowed(_) => "allowed",
            Self::Baseline => "baseline",
            Self::Waived(_) => "waived",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_what_stands_before_the_secret() {
        let name = |line: &str| {
            let at = line.find('*').expect("a mask");
            let excerpt = Excerpt { text: line.to_owned(), mask: at..at + 8 };
            excerpt.name().map(str::to_owned)
        };
        let is = |line: &str, wanted: &str| assert_eq!(name(line).as_deref(), Some(wanted), "{line}");
        is("    let token = \"********\";", "token");
        is("AWS_SECRET_KEY=********", "AWS_SECRET_KEY");
        is("{\"api-key\": \"********\"}", "api-key");
        is("curl -H 'Authorization: Bearer ********'", "Authorization");
        is("<password>********</password>", "password");
        is("db.password: ********", "db.password");
        is("cli --api-key ********", "api-key");
        is("sch\u{fc}tzen=\u{ab}********", "sch\u{fc}tzen");
        is("token ********", "token");
        for line in ["********", "\"********", "- ********", "1: ********"] {
            assert_eq!(name(line), None, "{line}");
        }
    }
}
