//! Changing the file of waivers without losing what people wrote in it.

use crate::moment::{DAY, Moment};
use crate::origin::RepoPath;
use crate::policy::waiver::Waiver;
use crate::policy::waiver_file::{self, VERSION};
use crate::policy::waivers::Placed;
use crate::replace_file::replace;
use crate::toml_file::{self, ConfigErrors};
use std::io;
use std::path::{Path, PathBuf};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value};

/// Why the file cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// What it says is wrong.
    #[error(transparent)]
    Wrong(#[from] ConfigErrors),
    /// The system does not let us.
    #[error("{path} cannot be {action}: {error}; check the path and its permissions")]
    Io {
        /// The file.
        path: String,
        /// `read` or `written`.
        action: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// A path that TOML cannot hold.
    #[error("the path {0} is no UTF-8; waive the secret without a path")]
    Path(String),
}

/// The file of waivers, open for changes.
#[derive(Debug)]
pub struct WaiverFile {
    path: PathBuf,
    document: DocumentMut,
    waivers: Vec<Placed>,
    key_id: String,
}

impl WaiverFile {
    /// Opens the file, or begins a new one where there is none.
    ///
    /// # Errors
    ///
    /// It cannot be read, says something wrong, or was made with another key.
    pub fn open(path: &Path, key_id: &str) -> Result<Self, EditError> {
        let io = |error| EditError::Io { path: shown(path), action: "read", error };
        let text = match std::fs::read(path) {
            Ok(bytes) => toml_file::decode(path, &bytes)?.to_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => format!(
                "# Findings that are allowed for a while. `keytrail waive` adds one, `keytrail waive prune` takes \
                 out\n# what has ended.\n\nversion = {VERSION}\nkey-id = \"{key_id}\"\n"
            ),
            Err(error) => return Err(io(error)),
        };
        let waivers = waiver_file::parse(path, &text, key_id)?;
        // The same grammar has read the text already; should the two differ, it is told.
        let document = text.parse().map_err(|error: toml_edit::TomlError| {
            io(io::Error::other(error.message().replace('\n', ", ")))
        })?;
        Ok(Self { path: path.to_owned(), document, waivers, key_id: key_id.to_owned() })
    }

    /// What the file says now.
    pub fn waivers(&self) -> &[Placed] {
        &self.waivers
    }

    /// Adds a waiver, in place of the one for the same secret and path if there is one, which is
    /// returned.
    ///
    /// # Errors
    ///
    /// A path of it is no UTF-8, or the file has its waivers in a form that cannot be changed.
    pub fn add(&mut self, waiver: &Waiver) -> Result<Option<Waiver>, EditError> {
        let same =
            |old: &Placed| old.waiver.fingerprint == waiver.fingerprint && old.waiver.path == waiver.path;
        let old = self.waivers.iter().position(same);
        let replaced = old.map(|at| self.waivers[at].waiver.clone());
        if let Some(at) = old {
            self.remove_at(at);
        }
        let table = table(waiver)?;
        match self.document.entry("waiver").or_insert(Item::ArrayOfTables(ArrayOfTables::new())) {
            Item::ArrayOfTables(waivers) => waivers.push(table),
            Item::Value(Value::Array(waivers)) => waivers.push(table.into_inline_table()),
            // The reader would have refused anything else.
            _ => {}
        }
        self.waivers = waiver_file::parse(&self.path, &self.document.to_string(), &self.key_id)?;
        Ok(replaced)
    }

    /// Takes out the waivers that fit, and returns them.
    ///
    /// # Errors
    ///
    /// The rest cannot be read, which nothing should make happen.
    pub fn remove(&mut self, gone: &dyn Fn(&Waiver) -> bool) -> Result<Vec<Waiver>, EditError> {
        let mut removed = Vec::new();
        for at in (0..self.waivers.len()).rev() {
            if gone(&self.waivers[at].waiver) {
                self.remove_at(at);
                removed.push(self.waivers.remove(at).waiver);
            }
        }
        removed.reverse();
        self.waivers = waiver_file::parse(&self.path, &self.document.to_string(), &self.key_id)?;
        Ok(removed)
    }

    fn remove_at(&mut self, at: usize) {
        match self.document.get_mut("waiver") {
            Some(Item::ArrayOfTables(waivers)) => {
                waivers.remove(at);
                if waivers.is_empty() {
                    self.document.remove("waiver");
                }
            }
            Some(Item::Value(Value::Array(waivers))) => drop(waivers.remove(at)),
            _ => {}
        }
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn write(&self) -> Result<(), EditError> {
        replace(&self.path, self.document.to_string().as_bytes()).map_err(|error| EditError::Io {
            path: shown(&self.path),
            action: "written",
            error,
        })
    }
}

fn table(waiver: &Waiver) -> Result<Table, EditError> {
    let text =
        |path: &RepoPath| path.as_str().map(str::to_owned).ok_or_else(|| EditError::Path(path.to_string()));
    let mut table = Table::new();
    let mut put = |key: &str, value: Value| drop(table.insert(key, Item::Value(value)));
    put("fingerprint", waiver.fingerprint.to_string().into());
    if let Some(path) = &waiver.path {
        put("path", text(path)?.into());
    }
    if let Some(rule) = &waiver.rule {
        put("rule", rule.as_str().into());
    }
    // A path that cannot be written tells nobody anything; it only helps to explain.
    let seen: Array = waiver.seen_at.iter().filter_map(|path| path.as_str()).collect();
    if !seen.is_empty() {
        put("seen-at", seen.into());
    }
    put("reason", waiver.reason.as_str().into());
    put("owner", waiver.owner.as_str().into());
    if let Some(ticket) = &waiver.ticket {
        put("ticket", ticket.as_str().into());
    }
    put("created", moment(waiver.created).into());
    put("expires", moment(waiver.expires).into());
    table.decor_mut().set_prefix("\n");
    Ok(table)
}

/// A day where it is one.
fn moment(moment: Moment) -> String {
    if moment.seconds().rem_euclid(DAY) == 0 { moment.date() } else { moment.to_string() }
}

fn shown(path: &Path) -> String {
    RepoPath::from_path(path).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::FingerprintKey;

    fn waiver(secret: &[u8], path: Option<&str>) -> Waiver {
        let day = |text| Moment::parse(text).expect("a date");
        Waiver {
            fingerprint: FingerprintKey::public().fingerprint(secret),
            path: path.map(RepoPath::new),
            rule: Some("acme-token".to_owned()),
            seen_at: vec![RepoPath::new("a \"b\".py")],
            reason: "ends with the \"old\" shop \\ soon".to_owned(),
            owner: "payments".to_owned(),
            ticket: Some("OPS-7".to_owned()),
            created: day("2026-01-01T10:00:00Z"),
            expires: day("2026-03-01"),
        }
    }

    #[test]
    fn what_is_written_is_read_and_comments_stay() {
        let temp = tempfile::tempdir().expect("a folder");
        let path = temp.path().join("w.toml");
        let mut file = WaiverFile::open(&path, "public").expect("a new one");
        let (one, two) = (waiver(b"one", None), waiver(b"two", Some("x/y.py")));
        assert_eq!(file.add(&one).expect("added"), None);
        assert_eq!(file.add(&two).expect("added"), None);
        file.write().expect("written");
        let text = std::fs::read_to_string(&path).expect("there");
        let text = text.replace("owner = \"payments\"", "owner = \"payments\" # ask Ada");
        std::fs::write(&path, text).expect("written");
        let mut file = WaiverFile::open(&path, "public").expect("right");
        assert_eq!(
            file.waivers().iter().map(|one| one.waiver.clone()).collect::<Vec<_>>(),
            [one.clone(), two.clone()]
        );
        assert_eq!(file.waivers()[0].place.as_ref().and_then(|place| place.line), Some(7));
        let longer = Waiver { expires: two.expires.plus_days(9).expect("a date"), ..two.clone() };
        assert_eq!(file.add(&longer).expect("added"), Some(two));
        assert_eq!(file.remove(&|one| one.path.is_some()).expect("removed"), [longer]);
        file.write().expect("written");
        let text = std::fs::read_to_string(&path).expect("there");
        assert!(text.contains("# ask Ada") && text.contains("# Findings"), "{text}");
        assert_eq!(file.remove(&|_| true).expect("removed"), [one]);
        file.write().expect("written");
        assert!(WaiverFile::open(&path, "public").expect("right").waivers().is_empty());
        let error = WaiverFile::open(&path, "0011aabb").expect_err("another key").to_string();
        assert!(error.contains("this run uses 0011aabb"), "{error}");
    }
}
