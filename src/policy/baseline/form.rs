//! The baseline's file: JSON, one entry a line.

use super::{BaselineError, Entry};
use crate::origin::RepoPath;
use crate::secret::Fingerprint;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt::{self, Write as _};

/// The version of the form.
pub(super) const VERSION: u64 = 1;

/// What an unusable file needs.
const REMAKE: &str = "put it back from git, or make it again with `keytrail baseline`";

/// How every message of ours about an entry begins.
const ENTRY: &str = "an entry ";

/// Reads the bytes of a file; `path` is for messages.
pub(super) fn read(bytes: &[u8], path: &str) -> Result<File, BaselineError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // The version first: of any other, we do not know what else to expect.
    let head: Head = serde_json::from_slice(bytes).map_err(|error| malformed(bytes, path, &error))?;
    if head.version != VERSION {
        return Err(BaselineError::Version { path: path.to_owned(), found: head.version });
    }
    serde_json::from_slice(bytes).map_err(|error| malformed(bytes, path, &error))
}

/// The text of a file: one entry a line, in the order given, so that git merges it line by line.
pub(super) fn write(key_id: &str, entries: impl Iterator<Item = Entry>) -> Result<String, serde_json::Error> {
    let mut text = String::new();
    let key_id = serde_json::to_string(key_id)?;
    // Writing into a `String` cannot fail.
    let _ = write!(
        text,
        "{{\n  \"version\": {VERSION},\n  \"tool\": \"keytrail\",\n  \"key-id\": {key_id},\n  \"findings\": ["
    );
    let empty = text.len();
    for entry in entries {
        let comma = if text.len() > empty { "," } else { "" };
        let entry = serde_json::to_string(&Written::from(entry))?;
        let _ = write!(text, "{comma}\n    {entry}");
    }
    text.push_str(if text.len() > empty { "\n  ]\n}\n" } else { "]\n}\n" });
    Ok(text)
}

/// Turns what the parser says into an error that shows nothing of the file but its keys: somebody
/// may have named the wrong file.
fn malformed(bytes: &[u8], path: &str, error: &serde_json::Error) -> BaselineError {
    let (line, column) = (error.line().max(1), error.column().max(1));
    let text = bytes.split(|&byte| byte == b'\n').nth(line - 1).unwrap_or_default();
    let conflict = [&b"<<<<<<<"[..], b"=======", b">>>>>>>", b"|||||||"];
    let (problem, help) = if conflict.iter().any(|mark| text.starts_with(mark)) {
        (
            "a merge conflict is left in it".to_owned(),
            "keep the entries of both sides, one a line with a comma between them",
        )
    } else if error.is_data() {
        let said = error.to_string();
        let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
        let harmless = said.starts_with("missing field") || said.starts_with(ENTRY);
        let problem = if harmless { said } else { "a key or a value that does not belong here" };
        (problem.to_owned(), REMAKE)
    } else {
        ("not valid JSON".to_owned(), REMAKE)
    };
    BaselineError::Malformed { path: path.to_owned(), line, column, problem, help }
}

/// The part that every version has.
#[derive(Deserialize)]
struct Head {
    version: u64,
}

/// A file of version 1.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    #[serde(rename = "version")]
    _version: u64,
    #[serde(rename = "tool", default)]
    _tool: serde::de::IgnoredAny,
    pub key_id: String,
    pub findings: Vec<Entry>,
}

/// An entry as the file has it: the path in `path` if it is UTF-8, else in `path-base64`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Written {
    fingerprint: String,
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
}

impl From<Entry> for Written {
    fn from(entry: Entry) -> Self {
        let path = entry.path.as_str().map(str::to_owned);
        let encoded = path.is_none().then(|| data_encoding::BASE64.encode(entry.path.as_bytes()));
        Self { fingerprint: entry.fingerprint.to_string(), rule: entry.rule, path, path_base64: encoded }
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

/// Reads an entry by hand, because a derived reader's own complaints would point at the line after.
struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let wrong = |what: &str| serde::de::Error::custom(format_args!("{ENTRY}{what}"));
        let (mut fingerprint, mut rule, mut paths) = (None, None, Vec::new());
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value::<String>()?;
            match key.as_str() {
                "fingerprint" => {
                    let read = Fingerprint::parse(&value);
                    fingerprint = Some(read.ok_or_else(|| {
                        wrong("whose fingerprint is not 32 hexadecimal digits in lower case")
                    })?);
                }
                "rule" => rule = Some(value),
                "path" => paths.push(RepoPath::new(value)),
                "path-base64" => {
                    let bytes = data_encoding::BASE64.decode(value.as_bytes());
                    paths.push(RepoPath::new(bytes.map_err(|_| wrong("whose `path-base64` is not Base64"))?));
                }
                _ => {
                    return Err(wrong(
                        "with a key other than `fingerprint`, `rule`, `path` and `path-base64`",
                    ));
                }
            }
        }
        match (fingerprint, rule, paths.pop()) {
            (Some(fingerprint), Some(rule), Some(path)) if paths.is_empty() => {
                Ok(Entry { path, fingerprint, rule })
            }
            _ => Err(wrong(
                "that does not have one `fingerprint`, one `rule`, and one of `path` and `path-base64`",
            )),
        }
    }
}
