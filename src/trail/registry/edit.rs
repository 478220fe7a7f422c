//! Changing the registry without losing what people wrote in it: comments, order and layout stay.

use super::{Registration, Registry, RegistryError, Status, VERSION, form, shown};
use crate::facts::Expiry;
use crate::moment::{DAY, Moment};
use crate::replace_file::replace;
use crate::secret::Fingerprint;
use std::path::{Path, PathBuf};
use toml_edit::{Array, ArrayOfTables, Datetime, DocumentMut, InlineTable, Item, Table, Value};

/// The registry's file, open for changes.
#[derive(Debug)]
pub struct RegistryFile {
    path: PathBuf,
    document: DocumentMut,
    registry: Registry,
    is_new: bool,
}

impl RegistryFile {
    /// Opens the file, or begins a new one where there is none.
    pub fn open(path: &Path, key_id: &str) -> Result<Self, RegistryError> {
        match Registry::read(path, key_id) {
            Ok(registry) => {
                let failed = |error| RegistryError::Io { path: shown(path), action: "read", error };
                let text = std::fs::read_to_string(path).map_err(failed)?;
                Self::with(path, &text, registry, false)
            }
            Err(RegistryError::Missing { .. }) => {
                let text = begin(key_id);
                let registry = form::parse(path, &text)?;
                Self::with(path, &text, registry, true)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn with(
        path: &Path,
        text: &str,
        registry: Registry,
        is_new: bool,
    ) -> Result<Self, RegistryError> {
        // The same grammar has read the text already; should the two differ, it is told.
        let document = text.parse::<DocumentMut>().map_err(|error| RegistryError::Io {
            path: shown(path),
            action: "changed",
            error: std::io::Error::other(error.message().replace('\n', ", ")),
        })?;
        Ok(Self { path: path.to_owned(), document, registry, is_new })
    }

    /// What the file says now, changes included.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Whether the file is yet to be made.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Adds a token at the end.
    pub fn add(&mut self, registration: &Registration) -> Result<(), RegistryError> {
        let mut table = Table::new();
        for (key, item) in items(registration) {
            table.insert(key, item);
        }
        table.decor_mut().set_prefix("\n");
        let tokens = self.document.entry("token").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        match tokens {
            Item::ArrayOfTables(tokens) => tokens.push(table),
            // `token = [{ … }]` is the same to a reader.
            Item::Value(Value::Array(tokens)) => tokens.push(table.into_inline_table()),
            _ => return Err(self.not_writable()),
        }
        self.read_again()
    }

    /// Changes the first registration of a token to this one. Keys that say the same already stay as
    /// they are.
    pub fn change(&mut self, registration: &Registration) -> Result<(), RegistryError> {
        let fingerprint = registration.fingerprint;
        let Some(at) = self.registry.registrations.iter().position(|one| one.fingerprint == fingerprint)
        else {
            return self.add(registration);
        };
        let old = self.registry.registrations[at].clone();
        let table: Option<&mut dyn toml_edit::TableLike> = match self.document.get_mut("token") {
            Some(Item::ArrayOfTables(tokens)) => tokens.get_mut(at).map(|table| table as _),
            Some(Item::Value(Value::Array(tokens))) => {
                tokens.get_mut(at).and_then(Value::as_inline_table_mut).map(|table| table as _)
            }
            _ => None,
        };
        let Some(table) = table else { return Err(self.not_writable()) };
        let (old, new) = (items(&old), items(registration));
        for key in form::TOKEN_KEYS {
            let find = |items: &[(&'static str, Item)]| {
                items.iter().find(|(name, _)| name == key).map(|(_, item)| item.clone())
            };
            match (find(&old), find(&new)) {
                (Some(old), Some(new)) if old.to_string() == new.to_string() => {}
                (_, Some(new)) => put(table, key, new),
                (Some(_), None) => drop(table.remove(key)),
                (None, None) => {}
            }
        }
        self.read_again()
    }

    /// Marks a token as one whose place another has taken, if it is active.
    pub fn mark_rotated(&mut self, fingerprint: Fingerprint) -> Result<(), RegistryError> {
        match self.registry.find(fingerprint) {
            Some(old) if old.status == Status::Active => {
                let rotated = Registration { status: Status::Rotated, ..old.clone() };
                self.change(&rotated)
            }
            _ => Ok(()),
        }
    }

    /// The text as it will be written.
    pub fn text(&self) -> String {
        self.document.to_string()
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self) -> Result<(), RegistryError> {
        let failed = |error| RegistryError::Io { path: shown(&self.path), action: "written", error };
        replace(&self.path, self.text().as_bytes()).map_err(failed)
    }

    /// Reads what was written as the next program will.
    fn read_again(&mut self) -> Result<(), RegistryError> {
        self.registry = form::parse(&self.path, &self.text())?;
        Ok(())
    }

    fn not_writable(&self) -> RegistryError {
        RegistryError::Io {
            path: shown(&self.path),
            action: "changed",
            error: std::io::Error::other("its tokens stand in an unusual form; begin each with [[token]]"),
        }
    }
}

impl Registration {
    /// Its `[[token]]` as the registry has it.
    pub fn to_toml(&self) -> String {
        let mut tokens = ArrayOfTables::new();
        tokens.push(items(self).into_iter().collect::<Table>());
        let mut document = DocumentMut::new();
        document.insert("token", Item::ArrayOfTables(tokens));
        document.to_string()
    }
}

/// A file without tokens.
fn begin(key_id: &str) -> String {
    format!(
        "# The tokens that this team answers for: fingerprints and facts, never a value.\n\
         # `keytrail register` adds one, `keytrail registry check` checks all.\n\
         version = {VERSION}\n\
         key = \"{key_id}\"\n\
         \n\
         # Who may answer for a token. Each `owner` below must be named here.\n\
         [owners]\n\
         # platform = {{ name = \"Platform team\", contact = \"#platform\" }}\n"
    )
}

/// Sets a key of a table and keeps the comments round the old value; a table under the key is changed
/// key by key.
fn put(table: &mut dyn toml_edit::TableLike, key: &str, new: Item) {
    match table.get_mut(key) {
        None => {
            table.insert(key, new);
        }
        Some(old) => {
            if let (Some(old), Some(new)) = (old.as_table_like_mut(), new.as_table_like()) {
                let gone: Vec<String> =
                    old.iter().map(|(key, _)| key.to_owned()).filter(|key| !new.contains_key(key)).collect();
                for key in gone {
                    old.remove(&key);
                }
                for (key, item) in new.iter() {
                    put(old, key, item.clone());
                }
                return;
            }
            match (old.as_value_mut(), new) {
                (Some(old), Item::Value(mut new)) => {
                    *new.decor_mut() = old.decor().clone();
                    *old = new;
                }
                (_, new) => *old = new,
            }
        }
    }
}

/// The keys and values of a registration, in the order of the documentation.
fn items(registration: &Registration) -> Vec<(&'static str, Item)> {
    let Registration {
        fingerprint,
        name,
        kind,
        rule,
        owner,
        purpose,
        issued,
        scopes,
        stored,
        expires,
        rotate_by,
        replaces,
        status,
        revoked,
        evidence,
    } = registration;
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    let list = |texts: &[String]| {
        (!texts.is_empty()).then(|| Value::Array(texts.iter().map(String::as_str).collect::<Array>()))
    };
    let values: [(&'static str, Option<Value>); 15] = [
        ("fingerprint", Some(fingerprint.to_string().into())),
        ("name", Some(name.as_str().into())),
        ("rule", text(rule)),
        ("kind", kind.map(|kind| kind.name().into())),
        ("owner", text(owner)),
        ("purpose", text(purpose)),
        (
            "issued",
            inline(&[
                ("when", issued.when.map(moment)),
                ("how", text(&issued.how)),
                ("why", text(&issued.why)),
                ("by", text(&issued.by)),
            ]),
        ),
        ("scopes", list(scopes)),
        ("stored", list(stored)),
        (
            "expires",
            expires.map(|expires| match expires {
                Expiry::Never => "never".into(),
                Expiry::At(end) => moment(end),
            }),
        ),
        ("rotate-by", rotate_by.map(moment)),
        ("replaces", replaces.map(|old| old.to_string().into())),
        ("status", Some(status.name().into())),
        ("revoked", inline(&[("when", revoked.when.map(moment)), ("how", text(&revoked.how))])),
        ("evidence", list(evidence)),
    ];
    values.into_iter().filter_map(|(key, value)| Some((key, Item::Value(value?)))).collect()
}

fn inline(values: &[(&str, Option<Value>)]) -> Option<Value> {
    let mut table = InlineTable::new();
    for (key, value) in values {
        if let Some(value) = value {
            table.insert(*key, value.clone());
        }
    }
    (!table.is_empty()).then_some(Value::InlineTable(table))
}

/// A point in time as people write it: the date alone for the first second of a day.
fn moment(moment: Moment) -> Value {
    let text = if moment.seconds().rem_euclid(DAY) == 0 { moment.date() } else { moment.to_string() };
    match text.parse::<Datetime>() {
        Ok(time) => time.into(),
        // TOML knows the years 0 to 9999 only.
        Err(_) => text.into(),
    }
}
