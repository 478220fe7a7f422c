//! An inventory of many repositories in one `SQLite` file. `docs/inventory.md` has the schema.
//!
//! The runs of a repository replace what its earlier runs wrote, in one transaction, so that a reader
//! sees either the old account or the new one.

use super::{Entry, Inventory, KnownBy, RepositoryLife, Stored};
use crate::moment::Moment;
use crate::secret::Fingerprint;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The version of the schema, in `PRAGMA user_version`.
const VERSION: i32 = 1;

/// What tells our files from other programs', in `PRAGMA application_id`: `ktrl`.
const APPLICATION: i32 = 0x6b74_726c;

/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(30);

const SCHEMA: &str = "
CREATE TABLE setting (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;
CREATE TABLE repository (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    judged  TEXT NOT NULL,
    version TEXT NOT NULL
) STRICT;
CREATE TABLE entry (
    repository   INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    fingerprint  TEXT NOT NULL,
    known_by     TEXT NOT NULL,
    rule         TEXT NOT NULL,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    provider     TEXT NOT NULL,
    masked       TEXT NOT NULL,
    severity     TEXT NOT NULL,
    confidence   TEXT NOT NULL,
    expires      TEXT,
    owner        TEXT,
    in_head      INTEGER NOT NULL,
    token        TEXT NOT NULL,
    registration TEXT,
    PRIMARY KEY (repository, fingerprint)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_by_fingerprint ON entry (fingerprint);
CREATE TABLE life (
    repository  INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    fingerprint TEXT NOT NULL,
    in_name_of  TEXT NOT NULL,
    life        TEXT NOT NULL,
    PRIMARY KEY (repository, fingerprint, in_name_of)
) STRICT, WITHOUT ROWID;
CREATE TABLE stored (
    repository  INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    fingerprint TEXT NOT NULL,
    store       TEXT NOT NULL,
    place       TEXT NOT NULL,
    stored      TEXT NOT NULL
) STRICT;
CREATE INDEX stored_by_repository ON stored (repository, fingerprint);
";

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It is not there.
    #[error("the database {path} does not exist; a scan with `keytrail inventory --db {path} .` makes it")]
    Missing {
        /// The file.
        path: String,
    },
    /// It belongs to another program.
    #[error("{path} is no inventory of keytrail but another program's database; name another file with --db")]
    Foreign {
        /// The file.
        path: String,
    },
    /// It has a schema that we do not know.
    #[error(
        "the database {path} has version {found}, and this keytrail reads version {VERSION}; update keytrail"
    )]
    Version {
        /// The file.
        path: String,
        /// The version it claims.
        found: i32,
    },
    /// The fingerprints were made with another key, so nothing would match.
    #[error(
        "the database {path} is for the fingerprint key {found}, and this run uses {used}; use the same key for all \
         repositories of one database"
    )]
    Key {
        /// The file.
        path: String,
        /// The id of the key of the database.
        found: String,
        /// The id of the key of this run.
        used: String,
    },
    /// A row is not what we write.
    #[error(
        "the database {path} is damaged: {table} has a row for {row} that is not readable; scan that repository again"
    )]
    Damaged {
        /// The file.
        path: String,
        /// The table.
        table: &'static str,
        /// What the row is for.
        row: String,
    },
    /// `SQLite` cannot do it.
    #[error(
        "the database {path} cannot be used: {error}; check the path, its permissions and the room on the disk"
    )]
    Sqlite {
        /// The file.
        path: String,
        /// What it says.
        error: rusqlite::Error,
    },
}

/// An open database.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    path: PathBuf,
}

/// A repository of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The repository's name.
    pub name: String,
    /// When its newest run was.
    pub judged: Moment,
}

impl Database {
    /// Opens a database that is there, for reading and writing.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        if !path.exists() {
            return Err(DatabaseError::Missing { path: shown(path) });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Self::with(path, flags)?;
        if !database.check()? {
            // Somebody has made an empty file and not written to it yet.
            return Err(DatabaseError::Missing { path: shown(path) });
        }
        Ok(database)
    }

    /// Opens a database, and makes it for fingerprints of this key where there is none.
    pub fn open_or_create(path: &Path, key_id: &str) -> Result<Self, DatabaseError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut database = Self::with(path, flags)?;
        if !database.check()? {
            database.create(key_id)?;
        }
        let found = database.key_id()?;
        if found != key_id {
            return Err(DatabaseError::Key { path: shown(path), found, used: key_id.to_owned() });
        }
        Ok(database)
    }

    fn with(path: &Path, flags: OpenFlags) -> Result<Self, DatabaseError> {
        let failed = |error| DatabaseError::Sqlite { path: shown(path), error };
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
        Ok(Self { connection, path: path.to_owned() })
    }

    fn failed(&self, error: rusqlite::Error) -> DatabaseError {
        DatabaseError::Sqlite { path: shown(&self.path), error }
    }

    /// Until it is dropped, all that is read is as of one moment, whatever others write.
    fn snapshot(&self) -> Result<rusqlite::Transaction<'_>, DatabaseError> {
        self.connection.unchecked_transaction().map_err(|error| self.failed(error))
    }

    /// Whether our tables are there; an error if those of somebody else are.
    fn check(&self) -> Result<bool, DatabaseError> {
        let foreign = || DatabaseError::Foreign { path: shown(&self.path) };
        // Another run may be making the tables.
        let snapshot = self.snapshot()?;
        let ask = |query: &str| {
            snapshot.query_row(query, [], |row| row.get::<_, i32>(0)).map_err(|error| {
                match error.sqlite_error_code() {
                    Some(rusqlite::ErrorCode::NotADatabase) => foreign(),
                    _ => self.failed(error),
                }
            })
        };
        match (ask("PRAGMA application_id")?, ask("PRAGMA user_version")?) {
            (APPLICATION, VERSION) => Ok(true),
            (APPLICATION, found) => Err(DatabaseError::Version { path: shown(&self.path), found }),
            (0, 0) if ask("SELECT count(*) FROM sqlite_schema")? == 0 => Ok(false),
            _ => Err(foreign()),
        }
    }

    fn create(&mut self, key_id: &str) -> Result<(), DatabaseError> {
        let path = shown(&self.path);
        let failed = |error| DatabaseError::Sqlite { path: path.clone(), error };
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        // Another run may have made it while this one waited.
        let version: i32 =
            transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
        if version != 0 {
            drop(transaction);
            return self.check().map(drop);
        }
        transaction.execute_batch(SCHEMA).map_err(failed)?;
        transaction
            .execute("INSERT INTO setting (name, value) VALUES ('fingerprint_key', ?1)", [key_id])
            .map_err(failed)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
        transaction.pragma_update(None, "user_version", VERSION).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// The id of the key that all fingerprints in it were made with.
    pub fn key_id(&self) -> Result<String, DatabaseError> {
        let sql = "SELECT value FROM setting WHERE name = 'fingerprint_key'";
        let found = self.connection.query_row(sql, [], |row| row.get(0)).optional();
        found.map_err(|error| self.failed(error))?.ok_or_else(|| self.damaged("setting", "fingerprint_key"))
    }

    fn damaged(&self, table: &'static str, row: impl Into<String>) -> DatabaseError {
        DatabaseError::Damaged { path: shown(&self.path), table, row: row.into() }
    }

    /// Writes a repository's newest run in place of its last one.
    pub fn replace(
        &mut self,
        repository: &str,
        inventory: &Inventory,
        now: Moment,
    ) -> Result<(), DatabaseError> {
        let path = shown(&self.path);
        let key = self.key_id()?;
        if key != inventory.key_id() {
            return Err(DatabaseError::Key { path, found: key, used: inventory.key_id().to_owned() });
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let written = transaction.and_then(|transaction| {
            write(&transaction, repository, inventory, now)?;
            transaction.commit()
        });
        written.map_err(|error| DatabaseError::Sqlite { path, error })
    }

    /// The repositories in it, sorted by name.
    pub fn repositories(&self) -> Result<Vec<Run>, DatabaseError> {
        let rows = self.rows("SELECT name, judged FROM repository ORDER BY name", |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        rows.into_iter()
            .map(|(name, judged)| match Moment::parse(&judged) {
                Ok(judged) => Ok(Run { name, judged }),
                Err(_) => Err(self.damaged("repository", name)),
            })
            .collect()
    }

    /// All that is in it, as one inventory.
    pub fn inventory(&self) -> Result<Inventory, DatabaseError> {
        type Key = (i64, String);
        let _snapshot = self.snapshot()?;
        let mut entries: std::collections::BTreeMap<Key, Entry> = std::collections::BTreeMap::new();
        let rows =
            self.rows("SELECT repository, fingerprint, known_by, token, registration FROM entry", |row| {
                let key: Key = (row.get(0)?, row.get(1)?);
                let texts = (row.get::<_, String>(2)?, row.get::<_, String>(3)?);
                Ok((key, texts, row.get::<_, Option<String>>(4)?))
            })?;
        for (key, (known_by, token), registration) in rows {
            let wrong = || self.damaged("entry", key.1.clone());
            let token: crate::trail::token::Token = parse(&token).ok_or_else(wrong)?;
            if Some(token.fingerprint) != Fingerprint::parse(&key.1) {
                return Err(wrong());
            }
            let known_by: KnownBy = parse(&format!("\"{known_by}\"")).ok_or_else(wrong)?;
            let mut entry = Entry::new(token, known_by);
            entry.registration = registration.map(|text| parse(&text).ok_or_else(wrong)).transpose()?;
            entries.insert(key, entry);
        }
        let rows = self.rows("SELECT repository, fingerprint, in_name_of, life FROM life", |row| {
            Ok(((row.get(0)?, row.get(1)?), row.get::<_, String>(2)?, row.get::<_, String>(3)?))
        })?;
        for (key, repository, life) in rows {
            let key: Key = key;
            let life = parse(&life).ok_or_else(|| self.damaged("life", key.1.clone()))?;
            if let Some(entry) = entries.get_mut(&key) {
                entry.lives.push(RepositoryLife { repository, life });
            }
        }
        let rows = self.rows("SELECT repository, fingerprint, stored FROM stored", |row| {
            Ok(((row.get(0)?, row.get(1)?), row.get::<_, String>(2)?))
        })?;
        for (key, stored) in rows {
            let key: Key = key;
            let stored: Stored = parse(&stored).ok_or_else(|| self.damaged("stored", key.1.clone()))?;
            if let Some(entry) = entries.get_mut(&key) {
                entry.stored.push(stored);
            }
        }
        let mut inventory = Inventory::new(self.key_id()?);
        for entry in entries.into_values() {
            inventory.insert(entry);
        }
        Ok(inventory)
    }

    fn rows<T>(
        &self,
        sql: &str,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, DatabaseError> {
        let rows = self
            .connection
            .prepare(sql)
            .and_then(|mut statement| statement.query_map([], read)?.collect::<rusqlite::Result<Vec<T>>>());
        rows.map_err(|error| self.failed(error))
    }
}

fn write(
    transaction: &rusqlite::Transaction<'_>,
    repository: &str,
    inventory: &Inventory,
    now: Moment,
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM repository WHERE name = ?1", [repository])?;
    transaction.execute(
        "INSERT INTO repository (name, judged, version) VALUES (?1, ?2, ?3)",
        params![repository, now.to_string(), env!("CARGO_PKG_VERSION")],
    )?;
    let id = transaction.last_insert_rowid();
    let mut entries = transaction.prepare(
        "INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?;
    let mut lives = transaction.prepare("INSERT INTO life VALUES (?1, ?2, ?3, ?4)")?;
    let mut stores = transaction.prepare("INSERT INTO stored VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for entry in inventory.entries() {
        let token = &entry.token;
        let print = token.fingerprint.to_string();
        let known_by = match entry.known_by {
            KnownBy::Secret => "secret",
            KnownBy::Reference => "reference",
        };
        entries.execute(params![
            id,
            print,
            known_by,
            token.rule,
            token.name,
            token.kind.name(),
            token.provider,
            token.masked.as_str(),
            token.severity.name(),
            token.confidence.name(),
            entry.ends().map(|end| end.to_string()),
            entry.registration.as_ref().and_then(|one| one.owner.clone()),
            entry.lives.iter().any(|one| one.life.in_head),
            text(token)?,
            entry.registration.as_ref().map(text).transpose()?,
        ])?;
        for one in &entry.lives {
            lives.execute(params![id, print, one.repository, text(&one.life)?])?;
        }
        for one in &entry.stored {
            stores.execute(params![id, print, one.store.name(), one.place, text(one)?])?;
        }
    }
    Ok(())
}

fn text(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// A path in a message, without what could drive a terminal.
fn shown(path: &Path) -> String {
    crate::origin::RepoPath::from_path(path).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::inventory::sample;

    fn now() -> Moment {
        Moment::parse("2026-06-01").expect("a date")
    }

    fn inventory(secrets: &[&[u8]], repository: &str) -> Inventory {
        let mut inventory = Inventory::new("public");
        for secret in secrets {
            inventory.add_life(repository, sample::life(secret));
        }
        inventory
    }

    #[test]
    fn a_run_replaces_the_one_before_of_the_same_repository() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.db");
        assert!(matches!(Database::open(&path), Err(DatabaseError::Missing { .. })));
        let mut database = Database::open_or_create(&path, "public").expect("a new one");
        for (repository, secrets) in
            [("web", &[b"one".as_slice(), b"two"][..]), ("shop", &[b"one"]), ("web", &[b"three"])]
        {
            database.replace(repository, &inventory(secrets, repository), now()).expect("written");
        }
        let all = database.inventory().expect("read");
        assert_eq!(all, {
            let mut both = inventory(&[b"one"], "shop");
            both.merge(inventory(&[b"three"], "web")).expect("one key");
            both
        });
        let names: Vec<String> =
            database.repositories().expect("read").into_iter().map(|run| run.name).collect();
        assert_eq!(names, ["shop", "web"]);
        let count = |table: &str| -> i64 {
            let sql = format!("SELECT count(*) FROM {table}");
            database.connection.query_row(&sql, [], |row| row.get(0)).expect("a number")
        };
        assert_eq!((count("entry"), count("life")), (2, 2));
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.db");
        drop(Database::open_or_create(&path, "public").expect("a new one"));
        let other = Database::open_or_create(&path, "0a1b2c3d").expect_err("another key").to_string();
        assert!(other.contains("is for the fingerprint key public, and this run uses 0a1b2c3d"), "{other}");
        let connection = Connection::open(&path).expect("it opens");
        connection.pragma_update(None, "user_version", 9).expect("it can be set");
        drop(connection);
        let newer = Database::open(&path).expect_err("unknown").to_string();
        assert!(newer.contains("has version 9"), "{newer}");
        let foreign = folder.path().join("other.db");
        Connection::open(&foreign).expect("it opens").execute_batch("CREATE TABLE a (b)").expect("a table");
        assert!(matches!(Database::open(&foreign), Err(DatabaseError::Foreign { .. })));
        assert!(matches!(Database::open_or_create(&foreign, "public"), Err(DatabaseError::Foreign { .. })));
        let text = folder.path().join("text");
        std::fs::write(&text, "no database at all, but long enough to be looked at as one").expect("a file");
        assert!(matches!(Database::open(&text), Err(DatabaseError::Foreign { .. })));
    }

    #[test]
    fn many_writers_wait_for_each_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.db");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    let repository = format!("repository {writer}");
                    for secret in 0..5_u8 {
                        let mut database = Database::open_or_create(path, "public").expect("it opens");
                        database
                            .replace(&repository, &inventory(&[&[secret]], &repository), now())
                            .expect("written");
                    }
                });
            }
        });
        let database = Database::open(&path).expect("there");
        assert_eq!(database.repositories().expect("read").len(), 4);
        let all = database.inventory().expect("read");
        assert_eq!((all.len(), all.entries().next().map(|entry| entry.lives.len())), (1, Some(4)));
    }
}
