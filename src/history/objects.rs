//! Everything in a repository's object stores, each object once: packs, loose objects, and those of
//! the alternates (`gitrepository-layout(5)`).

use crate::coverage::{Coverage, Gap};
use crate::history::pack::{Base, NONE, Pack};
use crate::source::SourceError;
use crate::source::object::{IdMap, IdSet, Kind, ObjectError};
use crate::source::repository::Handles;
use crate::source::stores::stores;
use git2::{ObjectFormat, Oid};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The objects of a repository, numbered: those of the packs, in the order in which they stand
/// there, and then the loose ones.
pub struct Catalog {
    packs: Vec<Pack>,
    /// The number of the first object of each pack, and of the first loose one.
    starts: Vec<u32>,
    /// The kind of each object; `None` if it is not known: of a packed object, because its header or
    /// that of one that it is made from cannot be read, or because they are made from each other.
    kinds: Vec<Option<Kind>>,
    loose: Vec<Oid>,
    /// Numbers by a hash of the id.
    table: Vec<u32>,
    id_length: usize,
}

impl Catalog {
    /// Lists all objects. What cannot be read goes into the account; what libgit2 would not come to an
    /// end with, `handles` refuse from now on.
    ///
    /// # Errors
    ///
    /// [`SourceError::Unreadable`] if there are more objects than can be numbered, or if an index would
    /// lead libgit2 astray.
    pub fn open(handles: &Handles, coverage: &Coverage) -> Result<Self, SourceError> {
        let mut packs_read = Vec::new();
        let mut loose_ids = IdSet::default();
        for store in stores(&handles.object_folders(), coverage) {
            for file in stray(&store, coverage) {
                let why = "a pack and its index belong together, and one of them is not there; run: git fsck";
                coverage.leave_out(Gap::MissingObject, file.display(), why);
            }
            for path in packs(&store, coverage) {
                match Pack::open(&path.with_extension("idx"), handles.format()) {
                    Ok(pack) => packs_read.push(pack),
                    // What refs lead to is read with libgit2.
                    Err(error) if error.is_harmful => {
                        return Err(SourceError::Unreadable(format!(
                            "{}: the index cannot be read: {error}; nothing was scanned; make it anew with: \
                             git index-pack",
                            path.with_extension("idx").display()
                        )));
                    }
                    Err(error) => coverage.leave_out(
                        Gap::Corrupt,
                        path.display(),
                        format_args!("cannot be read: {error}; run: git fsck"),
                    ),
                }
            }
            loose_ids.extend(loose(&store, handles, coverage).map(|(_, id)| id));
        }
        let mut loose: Vec<Oid> = loose_ids.into_iter().collect();
        loose.sort_unstable();
        let packed: u64 = packs_read.iter().map(|pack| u64::from(pack.len())).sum();
        if u32::try_from(packed + loose.len() as u64).is_err() {
            return Err(SourceError::Unreadable(
                "the repository has more than four billion objects; scan it with --no-delta".to_owned(),
            ));
        }
        let id_length = match handles.format() {
            ObjectFormat::Sha1 => 20,
            ObjectFormat::Sha256 => 32,
        };
        let mut catalog = Self {
            packs: packs_read,
            starts: vec![0],
            kinds: Vec::new(),
            loose: Vec::new(),
            table: Vec::new(),
            id_length,
        };
        catalog.starts.extend(catalog.packs.iter().scan(0, |sum, pack| {
            *sum += pack.len();
            Some(*sum)
        }));
        catalog.kinds = catalog.packs.iter().flat_map(kinds).collect();
        handles.refuse(catalog.stray());
        catalog.fill(loose);
        Ok(catalog)
    }

    /// Objects that libgit2 must not be asked for.
    fn stray(&self) -> IdMap<ObjectError> {
        let why = "what it is made from goes in a circle or is outside the pack";
        let of_pack = |(pack, &start): (&Pack, &u32)| {
            let entries = pack.stray(|entry| self.kinds[(start + entry) as usize].is_none());
            entries.into_iter().map(|entry| pack.id(entry)).collect::<Vec<Oid>>()
        };
        let all = self.packs.iter().zip(&self.starts).flat_map(of_pack);
        all.map(|id| (id, ObjectError::Corrupt(why.to_owned()))).collect()
    }

    /// Makes the table of ids; of an object that is there more than once, the first counts.
    fn fill(&mut self, loose: Vec<Oid>) {
        let start = self.kinds.len() as u32;
        self.kinds.resize(self.kinds.len() + loose.len(), None);
        let places = (self.kinds.len() * 2).next_power_of_two().max(16);
        self.table = vec![NONE; places];
        for (pack, &start) in self.packs.iter().zip(&self.starts) {
            // In the order of the index, whose ids are read one after the other.
            for entry in pack.by_id() {
                insert(&mut self.table, pack.id_bytes(entry), start + entry);
            }
        }
        self.loose = loose;
        for (at, id) in (0..).zip(&self.loose) {
            insert(&mut self.table, id.as_bytes(), start + at);
        }
    }

    /// The packs with the number of the first object of each.
    pub fn packs(&self) -> impl Iterator<Item = (&Pack, u32)> {
        self.packs.iter().zip(self.starts.iter().copied())
    }

    /// The loose objects with their numbers.
    pub fn loose(&self) -> impl Iterator<Item = (Oid, u32)> {
        self.loose.iter().copied().zip(self.loose_start()..)
    }

    /// The number of the first loose object; those before it are packed.
    pub fn loose_start(&self) -> u32 {
        self.starts[self.packs.len()]
    }

    /// Takes over the kinds of objects that had to be read to know them.
    pub fn learn(&mut self, kinds: &[(u32, Kind)]) {
        for &(number, kind) in kinds {
            self.kinds[number as usize] = Some(kind);
        }
    }

    /// The ids of all objects, each once.
    pub fn ids(&self) -> impl Iterator<Item = Oid> + '_ {
        (0..self.len() as u32).filter(|&number| self.is_first(number)).map(|number| self.id(number))
    }

    /// All objects by their ids, each once.
    pub fn by_id(&self) -> Vec<u32> {
        let packed = self.packs().flat_map(|(pack, start)| pack.by_id().map(move |entry| start + entry));
        let mut numbers: Vec<u32> = packed.collect();
        if self.packs.len() > 1 || !self.loose.is_empty() {
            numbers.extend(self.loose().map(|(_, number)| number));
            numbers.retain(|&number| self.is_first(number));
            numbers.sort_unstable_by_key(|&number| self.id_bytes(number));
        }
        numbers
    }

    /// How many bytes an id has.
    pub fn id_length(&self) -> usize {
        self.id_length
    }

    /// The packs with their lengths and the loose objects: whatever changes them changes this list.
    pub fn files(handles: &Handles, coverage: &Coverage) -> Vec<(PathBuf, u64)> {
        let mut files = Vec::new();
        for store in stores(&handles.object_folders(), coverage) {
            for path in packs(&store, coverage) {
                let length = path.metadata().map_or(0, |file| file.len());
                files.push((path, length));
            }
            files.extend(loose(&store, handles, coverage).map(|(path, _)| (path, 0)));
        }
        files
    }

    /// How many objects there are, those counted that are there more than once.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The kind of an object, if it is known.
    pub fn kind(&self, number: u32) -> Option<Kind> {
        self.kinds.get(number as usize).copied().flatten()
    }

    /// The id of an object.
    pub fn id(&self, number: u32) -> Oid {
        Oid::from_bytes(self.id_bytes(number)).unwrap_or(Oid::ZERO_SHA1)
    }

    /// The bytes of an object's id.
    pub fn id_bytes(&self, number: u32) -> &[u8] {
        let pack = self.starts.partition_point(|&start| start <= number) - 1;
        let Some(pack_of) = self.packs.get(pack) else {
            let at = (number - self.loose_start()) as usize;
            return self.loose.get(at).map_or(&[], |id| id.as_bytes());
        };
        pack_of.id_bytes(number - self.starts[pack])
    }

    /// The number of an object; of one that is there more than once, always the same.
    pub fn find(&self, id: &[u8]) -> Option<u32> {
        let mut place = place(id, self.table.len());
        loop {
            match self.table[place] {
                NONE => return None,
                number if self.id_bytes(number) == id => return Some(number),
                _ => place = (place + 1) & (self.table.len() - 1),
            }
        }
    }

    /// Whether an object stands for its id: no other with the same id comes before it.
    pub fn is_first(&self, number: u32) -> bool {
        (self.packs.len() < 2 && self.loose.is_empty()) || self.find(self.id_bytes(number)) == Some(number)
    }
}

/// Where the search for an id begins. Ids are as good as random.
fn place(id: &[u8], places: usize) -> usize {
    let first = id.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    // The low bits of the first bytes sort an index; those after them are as good.
    (first >> 16) as usize & (places - 1)
}

fn insert(table: &mut [u32], id: &[u8], number: u32) {
    let mut place = place(id, table.len());
    // Ids that are there already are further on; the first one is found first.
    while table[place] != NONE {
        place = (place + 1) & (table.len() - 1);
    }
    table[place] = number;
}

/// The kinds of the entries of a pack.
fn kinds(pack: &Pack) -> Vec<Option<Kind>> {
    let mut kinds = vec![None; pack.len() as usize];
    for &(root, base) in pack.roots() {
        let Base::Whole(kind) = base else { continue };
        kinds[root as usize] = Some(kind);
        let mut waiting = vec![pack.first_child(root)];
        while let Some(entry) = waiting.pop() {
            if entry != NONE {
                kinds[entry as usize] = Some(kind);
                waiting.push(pack.next_sibling(entry));
                waiting.push(pack.first_child(entry));
            }
        }
    }
    kinds
}

/// The packs of a store that have an index.
fn packs(store: &Path, coverage: &Coverage) -> Vec<PathBuf> {
    let files = list(&store.join("pack"), coverage);
    let is_whole = |path: &&PathBuf| ends(path, "pack") && !is_alone(path, &files);
    files.iter().filter(is_whole).cloned().collect()
}

/// The packs of a store without an index, and the other way round.
fn stray(store: &Path, coverage: &Coverage) -> Vec<PathBuf> {
    let files = list(&store.join("pack"), coverage);
    files.iter().filter(|path| is_alone(path, &files)).cloned().collect()
}

/// The loose objects of a store.
fn loose<'h>(
    store: &Path,
    handles: &'h Handles,
    coverage: &Coverage,
) -> impl Iterator<Item = (PathBuf, Oid)> + use<'h> {
    let is_fan = |path: &PathBuf| {
        let name = name(path);
        name.len() == 2 && u8::from_str_radix(&name, 16).is_ok()
    };
    let folders = list(store, coverage).into_iter().filter(is_fan);
    let files: Vec<PathBuf> = folders.flat_map(|folder| list(&folder, coverage)).collect();
    files.into_iter().filter_map(|file| {
        let id = handles.parse_id(&format!("{}{}", name(file.parent()?), name(&file)))?;
        Some((file, id))
    })
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether a file is a pack without its index, or the other way round.
fn is_alone(path: &Path, files: &[PathBuf]) -> bool {
    let other = match path.extension().and_then(std::ffi::OsStr::to_str) {
        Some("pack") => "idx",
        Some("idx") => "pack",
        _ => return false,
    };
    files.binary_search(&path.with_extension(other)).is_err()
}

fn ends(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|known| known == ending)
}

/// What is in a folder, sorted; nothing if it is not there.
fn list(folder: &Path, coverage: &Coverage) -> Vec<PathBuf> {
    let lost = |error: &io::Error| {
        if error.kind() != io::ErrorKind::NotFound {
            let why = format_args!("cannot be read: {error}");
            coverage.leave_out(Gap::Unreadable, folder.display(), why);
        }
    };
    let mut paths = Vec::new();
    match fs::read_dir(folder) {
        Ok(entries) => {
            for entry in entries {
                match entry {
                    Ok(entry) => paths.push(entry.path()),
                    Err(error) => lost(&error),
                }
            }
        }
        Err(error) => lost(&error),
    }
    paths.sort_unstable();
    paths
}
