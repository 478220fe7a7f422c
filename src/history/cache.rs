//! What earlier scans of a history found out, in the folder that all worktrees of a repository share.
//!
//! Two kinds of file lie in `keytrail/` below git's own folder. `blobs-…` says of each blob whether
//! it was clean, so that a scan after a fetch looks at the new ones only. `report-…` holds what a
//! scan reported, for the next one that finds refs and objects as they were. Both are named after
//! everything else that the outcome depends on: the program, its rules and the settings.
//!
//! A file is written aside and renamed, ends with a checksum, and counts as absent if anything about
//! it is not as expected: nothing is lost but time. No secret is in any of them.

use crate::coverage::Coverage;
use crate::history::objects::Catalog;
use crate::history::roots;
use crate::source::repository::Handles;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The version of the format. A file of another version is passed over.
const MAGIC: &[u8] = b"keytrail cache 1\n";
/// Larger files are not kept.
const MOST_BYTES: usize = 256 << 20;
/// So many files are kept, the newest.
const MOST_FILES: usize = 8;
/// The name of the folder.
const FOLDER: &str = "keytrail";

/// A hash of everything of one sort that an outcome depends on.
pub type Key = [u8; 32];

/// The cache of one repository for one set of settings.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    settings: Key,
}

impl Cache {
    /// Names the cache. `settings` stands for the program, its rules and its settings.
    pub fn new(handles: &Handles, settings: Key) -> Self {
        Self { folder: handles.common_dir().join(FOLDER), settings }
    }

    fn path(&self, kind: &str) -> PathBuf {
        self.folder.join(format!("{kind}-{}", data_encoding::HEXLOWER.encode(&self.settings[..12])))
    }

    /// The content of a file that is whole.
    fn read(&self, kind: &str) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.path(kind)).ok()?;
        let (rest, sum) = bytes.split_last_chunk::<32>()?;
        if Sha256::digest(rest).as_slice() != sum {
            return None;
        }
        let content = rest.strip_prefix(MAGIC)?.strip_prefix(&self.settings)?.len();
        bytes.truncate(bytes.len() - 32);
        Some(bytes.split_off(bytes.len() - content))
    }

    /// Writes a file. A repository that cannot be written to has no cache, which is no error.
    fn write(&self, kind: &str, content: &[u8]) {
        if content.len() > MOST_BYTES {
            return;
        }
        if let Err(error) = self.try_write(kind, content) {
            tracing::info!("{}: nothing was kept for the next scan: {error}", self.folder.display());
        }
    }

    fn try_write(&self, kind: &str, content: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        let mut hash = Sha256::new();
        for part in [MAGIC, &self.settings, content] {
            hash.update(part);
            file.write_all(part)?;
        }
        file.write_all(&hash.finalize())?;
        file.persist(self.path(kind)).map_err(|error| error.error)?;
        self.tidy();
        Ok(())
    }

    /// Deletes all but the newest files.
    fn tidy(&self) {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut files: Vec<_> = files
            .filter(|file| {
                let name = file.file_name();
                let name = name.to_string_lossy();
                name.starts_with("blobs-") || name.starts_with("report-")
            })
            .filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path())))
            .collect();
        files.sort();
        let old = files.len().saturating_sub(MOST_FILES);
        for (_, path) in &files[..old] {
            // Another process may have been faster.
            let _ = fs::remove_file(path);
        }
    }

    /// What a scan reported when refs and objects were in this state.
    pub fn report(&self, state: &Key) -> Option<Vec<u8>> {
        let mut content = self.read("report")?;
        if !content.starts_with(state) {
            return None;
        }
        Some(content.split_off(state.len()))
    }

    /// Keeps what a scan reported.
    pub fn keep_report(&self, state: &Key, report: &[u8]) {
        self.write("report", &[state, report].concat());
    }

    /// What is known of the blobs of a catalog, by number.
    pub fn blobs(&self, catalog: &Catalog) -> Verdicts {
        let mut verdicts = Verdicts::none();
        if let Some(content) = self.read("blobs") {
            verdicts.fill(&content, catalog);
        }
        verdicts
    }

    /// Keeps what is known of the blobs of a catalog.
    pub fn keep_blobs(&self, catalog: &Catalog, verdicts: &Verdicts) {
        let mut content = Vec::new();
        for number in catalog.by_id() {
            if let Some(verdict) = verdicts.get(number) {
                content.extend_from_slice(catalog.id_bytes(number));
                content.extend_from_slice(&verdict.to_bytes());
            }
        }
        self.write("blobs", &content);
    }
}

/// What a scan found out about a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether something may be reported of it.
    pub is_hot: bool,
    /// How long it is, in bytes, as far as 31 bits can tell.
    pub length: u32,
}

impl Verdict {
    const HOT: u32 = 1 << 31;

    fn to_bytes(self) -> [u8; 4] {
        let length = self.length.min(Self::HOT - 1);
        (length | if self.is_hot { Self::HOT } else { 0 }).to_le_bytes()
    }

    fn of(bytes: [u8; 4]) -> Self {
        let number = u32::from_le_bytes(bytes);
        Self { is_hot: number & Self::HOT != 0, length: number & !Self::HOT }
    }
}

/// What is known of blobs, by their numbers in a catalog.
#[derive(Debug, Default)]
pub struct Verdicts {
    known: Vec<Option<Verdict>>,
    has_news: bool,
}

impl Verdicts {
    /// Nothing yet.
    pub fn none() -> Self {
        Self::default()
    }

    /// What is known of an object.
    pub fn get(&self, number: u32) -> Option<Verdict> {
        self.known.get(number as usize).copied().flatten()
    }

    /// Whether anything was added.
    pub fn has_news(&self) -> bool {
        self.has_news
    }

    /// Adds to what is known.
    pub fn add(&mut self, catalog: &Catalog, news: impl IntoIterator<Item = (u32, Verdict)>) {
        self.known.resize(catalog.len(), None);
        for (number, verdict) in news {
            self.has_news = true;
            self.known[number as usize] = Some(verdict);
        }
    }

    fn fill(&mut self, content: &[u8], catalog: &Catalog) {
        let length = catalog.id_length();
        let entries = content.chunks_exact(length + 4);
        if !entries.remainder().is_empty() {
            return;
        }
        self.known.resize(catalog.len(), None);
        // Both are sorted by id.
        let mut entries = entries.peekable();
        for number in catalog.by_id() {
            let id = catalog.id_bytes(number);
            while entries.next_if(|entry| &entry[..length] < id).is_some() {}
            if let Some(entry) = entries.peek()
                && &entry[..length] == id
                && let Some(verdict) = entry.last_chunk()
            {
                self.known[number as usize] = Some(Verdict::of(*verdict));
            }
        }
    }
}

/// A hash of the refs and objects of a repository: as long as it stays, so does all that a scan of
/// its history can find. `None` if that cannot be told.
pub fn state(handles: &Handles) -> Option<Key> {
    let (coverage, mut hash) = (Coverage::default(), Sha256::new());
    let mut add = |name: &str, bytes: &[u8]| {
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for root in roots::find(handles, &coverage).ok()? {
        add(&root.name, root.id.as_bytes());
    }
    let common = handles.common_dir();
    add("shallow", &fs::read(common.join("shallow")).unwrap_or_default());
    add("partial", &[u8::from(handles.is_partial_clone())]);
    for (name, length) in Catalog::files(handles, &coverage) {
        add(&name.to_string_lossy(), &length.to_le_bytes());
    }
    // Blobs that are only staged have their paths from there.
    let linked = fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten();
    let mut indexes: Vec<PathBuf> = linked.map(|worktree| worktree.path().join("index")).collect();
    indexes.extend([common.join("index"), handles.git_dir().join("index")]);
    indexes.sort();
    for index in indexes {
        // An index ends with its checksum.
        add(&index.to_string_lossy(), &tail(&index).unwrap_or_default());
    }
    coverage.finish().is_complete().then(|| hash.finalize().into())
}

/// The last bytes of a file.
fn tail(path: &Path) -> io::Result<Vec<u8>> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(32)))?;
    let mut bytes = length.to_le_bytes().to_vec();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
