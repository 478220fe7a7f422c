//! Reading our own JSON reports.

use super::json::VERSION;
use crate::origin::RepoPath;
use crate::secret::Fingerprint;
use data_encoding::BASE64;
use serde::Deserialize;

/// What a report tells of its findings, as far as other commands need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadReport {
    /// The id of the key that the fingerprints were made with.
    pub key_id: String,
    /// Whether everything was read that was to be scanned.
    pub is_complete: bool,
    /// The findings, in the order of the report.
    pub findings: Vec<ReadFinding>,
}

/// One finding of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFinding {
    /// Which secret it is.
    pub fingerprint: Fingerprint,
    /// The name of the rule that found it.
    pub rule_name: String,
    /// Whether an allow marker covers all its places.
    pub is_allowed: bool,
    /// Path, line and commit of each place.
    pub places: Vec<(RepoPath, u64, Option<String>)>,
}

/// Why a report cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not our JSON.
    #[error(
        "{path}:{line}:{column}: not a JSON report of keytrail: {problem}; make one with `keytrail scan -f json={path}`"
    )]
    Malformed {
        /// The file.
        path: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// It has a form that we do not know.
    #[error(
        "{path}: the report has version {found}, and this keytrail reads version {VERSION}; update keytrail, or make the report again"
    )]
    Version {
        /// The file.
        path: String,
        /// The version it claims.
        found: u64,
    },
    /// It does not say which key its fingerprints were made with.
    #[error(
        "{path}: an older keytrail made this report, and it does not name its fingerprint key; make it again"
    )]
    NoKey {
        /// The file.
        path: String,
    },
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

#[derive(Deserialize)]
struct Whole {
    fingerprint_key: Option<String>,
    summary: Summary,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Summary {
    complete: bool,
}

#[derive(Deserialize)]
struct Finding {
    fingerprint: Fingerprint,
    status: String,
    rule: Rule,
    locations: Vec<Location>,
}

#[derive(Deserialize)]
struct Rule {
    name: String,
}

#[derive(Deserialize)]
struct Location {
    path: String,
    path_base64: Option<String>,
    start: Position,
    origin: Origin,
}

#[derive(Deserialize)]
struct Position {
    line: u64,
}

#[derive(Deserialize)]
struct Origin {
    commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Commit {
    id: String,
}

/// Reads a report; `path` is for messages.
pub fn read(bytes: &[u8], path: &str) -> Result<ReadReport, ReadError> {
    // The library's message can hold a value of the file, which may be anything.
    let malformed = |error: serde_json::Error| ReadError::Malformed {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
        problem: match error.classify() {
            serde_json::error::Category::Data => "a field is missing or of the wrong type".to_owned(),
            serde_json::error::Category::Eof => "it ends too early".to_owned(),
            _ => "not JSON".to_owned(),
        },
    };
    let Version { version } = serde_json::from_slice(bytes).map_err(malformed)?;
    if version != u64::from(VERSION) {
        return Err(ReadError::Version { path: path.to_owned(), found: version });
    }
    let whole: Whole = serde_json::from_slice(bytes).map_err(malformed)?;
    let key_id = whole.fingerprint_key.ok_or_else(|| ReadError::NoKey { path: path.to_owned() })?;
    let findings = whole.findings.into_iter().map(|finding| ReadFinding {
        fingerprint: finding.fingerprint,
        rule_name: finding.rule.name,
        is_allowed: finding.status == "allowed",
        places: finding
            .locations
            .into_iter()
            .map(|location| {
                let bytes = location.path_base64.and_then(|text| BASE64.decode(text.as_bytes()).ok());
                let path = bytes.map_or_else(|| RepoPath::new(location.path), RepoPath::new);
                (path, location.start.line, location.origin.commit.map(|commit| commit.id))
            })
            .collect(),
    });
    Ok(ReadReport { key_id, is_complete: whole.summary.complete, findings: findings.collect() })
}

#[cfg(test)]
mod tests {
    use super::super::{Format, sample};
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let sample = sample::full();
        let text = sample::render(Format::Json, &sample);
        let report = read(text.as_bytes(), "a.json").expect("ours");
        assert_eq!(report.findings.len(), sample.findings.len());
        for (read, written) in report.findings.iter().zip(&sample.findings) {
            assert_eq!(read.fingerprint, written.fingerprint);
            let place = written.primary();
            assert_eq!(read.places[0].1, place.span.start.line);
            if !place.path.as_bytes().is_empty() {
                assert_eq!(read.places[0].0, place.path);
            }
        }
        let other = text.replacen("\"version\": 1", "\"version\": 7", 1);
        let error = read(other.as_bytes(), "a.json").expect_err("unknown").to_string();
        assert!(error.starts_with("a.json: the report has version 7"), "{error}");
        let older = text.replacen("\"fingerprint_key\"", "\"other\"", 1);
        assert!(matches!(read(older.as_bytes(), "a.json"), Err(ReadError::NoKey { .. })));
        let error = read(b"{\n  \"version\": oh\n}", "a.json").expect_err("no JSON").to_string();
        assert!(error.starts_with("a.json:2:14: not a JSON report of keytrail: not JSON; "), "{error}");
    }
}
