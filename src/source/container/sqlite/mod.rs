//! Databases of `SQLite` 3: each table is a text with a row in each line. What belongs to no table,
//! such as the pages of deleted rows, is scanned as it stands
//! (<https://www.sqlite.org/fileformat2.html>).

mod record;

use super::ReadSeek;
use super::unpack::Unpacker;
use crate::coverage::Gap;
use crate::origin::RepoPath;
use record::{TextForm, Value, columns, values, varint, write_line};
use std::cell::RefCell;
use std::io::{self, Read, SeekFrom};

/// Bytes before the first page's own header.
const FILE_HEADER: usize = 100;

/// The largest value that is read whole.
const LARGEST_ROW: usize = 4 << 20;

/// More tables and indexes than any database has.
const MOST_TABLES: usize = 100_000;

/// Hands over each table. `path` is that of the database.
///
/// # Errors
///
/// If it is none after all.
pub fn walk(
    unpacker: &Unpacker<'_>,
    whole: &mut dyn ReadSeek,
    size: u64,
    path: &RepoPath,
) -> Result<(), (Gap, String)> {
    let damaged = || (Gap::Corrupt, "has a damaged header".to_owned());
    let mut header = [0; FILE_HEADER];
    whole.read_exact(&mut header).map_err(|_| damaged())?;
    let page_size = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65536,
        size if size >= 512 && size.is_power_of_two() => usize::from(size),
        _ => return Err(damaged()),
    };
    let usable = page_size - usize::from(header[20]);
    if usable < 480 {
        return Err(damaged());
    }
    let form = match header[59] {
        2 => TextForm::Utf16 { big_endian: false },
        3 => TextForm::Utf16 { big_endian: true },
        _ => TextForm::Utf8,
    };
    let pages = u32::try_from(size.div_ceil(page_size as u64)).unwrap_or(u32::MAX);
    let database = Database {
        whole: RefCell::new(whole),
        page_size,
        usable,
        pages,
        form,
        seen: RefCell::new(vec![0; pages as usize / 64 + 1]),
        unpacker,
        path,
    };
    let tables = database.schema();
    for table in tables {
        let rows = Rows::new(&database, table.root, table.columns);
        if table.is_index {
            // Its values are those of a table.
            let _ = io::copy(&mut Rows { is_silent: true, ..rows }, &mut io::sink());
            continue;
        }
        if !unpacker.budget.entry() {
            return Ok(());
        }
        let inner = super::inner(path, &table.name);
        let mut rows = rows;
        if unpacker.wants(&inner) {
            unpacker.plain(&mut rows, &inner, None);
        } else {
            let _ = io::copy(&mut Rows { is_silent: true, ..rows }, &mut io::sink());
        }
    }
    unpacker.plain(&mut Rest { database: &database, page: 1, bytes: Vec::new(), at: 0 }, path, None);
    Ok(())
}

struct Table {
    name: Vec<u8>,
    root: u32,
    columns: Vec<String>,
    is_index: bool,
}

struct Database<'a> {
    whole: RefCell<&'a mut dyn ReadSeek>,
    page_size: usize,
    usable: usize,
    pages: u32,
    form: TextForm,
    /// A bit for each page that was read as part of a table: no page is in two.
    seen: RefCell<Vec<u64>>,
    unpacker: &'a Unpacker<'a>,
    path: &'a RepoPath,
}

impl Database<'_> {
    fn damaged(&self, why: &str) {
        let why = format_args!("is damaged ({why}); some of it was scanned as it stands");
        self.unpacker.budget.tell(Gap::Corrupt, self.path, why);
    }

    /// Marks a page as part of a table. False if there is no such page, or it was marked before.
    fn mark(&self, page: u32) -> bool {
        if page == 0 || page > self.pages {
            return false;
        }
        let (word, bit) = (page as usize / 64, 1 << (page % 64));
        let mut seen = self.seen.borrow_mut();
        let is_new = seen[word] & bit == 0;
        seen[word] |= bit;
        is_new
    }

    fn is_marked(&self, page: u32) -> bool {
        self.seen.borrow()[page as usize / 64] & (1 << (page % 64)) != 0
    }

    /// Reads a page, which may be cut off.
    fn read(&self, page: u32) -> io::Result<Vec<u8>> {
        let mut whole = self.whole.borrow_mut();
        whole.seek(SeekFrom::Start(u64::from(page - 1) * self.page_size as u64))?;
        let mut bytes = Vec::with_capacity(self.page_size);
        (&mut **whole).take(self.page_size as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// How much of a record of this size is kept on its page; the rest is on others.
    fn local(&self, size: usize, is_table: bool) -> usize {
        let usable = self.usable;
        let most = if is_table { usable - 35 } else { (usable - 12) * 64 / 255 - 23 };
        if size <= most {
            return size;
        }
        let least = (usable - 12) * 32 / 255 - 23;
        let kept = least + (size - least) % (usable - 4);
        if kept <= most { kept } else { least }
    }

    /// Blanks out what was read of a page. What is left of a table's page are rows that were
    /// deleted, in the room between the others.
    fn blank(&self, page: &mut [u8], start: usize) {
        let number = |page: &[u8], at: usize| {
            page.get(at..at + 2).map(|bytes| usize::from(u16::from_be_bytes([bytes[0], bytes[1]])))
        };
        if page.get(start) != Some(&0x0d) {
            return page.fill(0);
        }
        for at in 0..number(page, start + 3).unwrap_or(0) {
            let Some(cell) = number(page, start + 8 + 2 * at) else { break };
            let bytes = page.get(cell..).unwrap_or_default();
            let Some((size, one)) = varint(bytes) else { continue };
            let Some((_, two)) = varint(bytes.get(one..).unwrap_or_default()) else { continue };
            let size = usize::try_from(size).unwrap_or(usize::MAX - 64).min(usize::MAX - 64);
            let end = cell + one + two + self.local(size, true);
            let end = end.min(page.len());
            page[cell..end].fill(0);
        }
    }

    /// What the schema says about tables and indexes. Itself it is the first table.
    fn schema(&self) -> Vec<Table> {
        let names = ["type", "name", "tbl_name", "rootpage", "sql"];
        let schema = Table {
            name: b"sqlite_schema".to_vec(),
            root: 1,
            columns: names.map(str::to_owned).to_vec(),
            is_index: false,
        };
        let mut tables = Vec::new();
        let mut rows = Rows::new(self, 1, Vec::new());
        while let Some(records) = rows.next_page() {
            for record in records {
                let values = values(&record, self.form);
                let [Value::Text(kind), Value::Text(name), _, Value::Integer(root), sql, ..] =
                    values.as_slice()
                else {
                    continue;
                };
                let Some(root) = u32::try_from(*root).ok().filter(|&root| root > 0) else { continue };
                if tables.len() >= MOST_TABLES {
                    self.damaged("it has too many tables");
                    break;
                }
                let sql = match sql {
                    Value::Text(sql) => String::from_utf8_lossy(sql),
                    _ => "".into(),
                };
                tables.push(Table {
                    name: name.clone(),
                    root,
                    columns: columns(&sql),
                    is_index: kind == b"index",
                });
            }
        }
        // It is read once more as a text, and so are its pages.
        self.seen.borrow_mut().fill(0);
        tables.insert(0, schema);
        tables
    }
}

/// A table as a text, a row in each line, in the order of its keys.
struct Rows<'d, 'a> {
    database: &'d Database<'a>,
    columns: Vec<String>,
    waiting: Vec<u32>,
    line: Vec<u8>,
    at: usize,
    /// Pages are only marked, and no text comes out.
    is_silent: bool,
}

impl<'d, 'a> Rows<'d, 'a> {
    fn new(database: &'d Database<'a>, root: u32, columns: Vec<String>) -> Self {
        Self { database, columns, waiting: vec![root], line: Vec::new(), at: 0, is_silent: false }
    }

    /// The records of the next page; `None` at the end.
    fn next_page(&mut self) -> Option<Vec<Vec<u8>>> {
        let number = self.waiting.pop()?;
        let database = self.database;
        if !database.mark(number) {
            database.damaged("a page that is not there or in two places");
            return Some(Vec::new());
        }
        match database.read(number) {
            Ok(page) => Some(self.records(number, &page).unwrap_or_else(|| {
                database.damaged("a malformed page");
                Vec::new()
            })),
            Err(error) => {
                database.unpacker.budget.tell(
                    Gap::Unreadable,
                    database.path,
                    format_args!("cannot be read: {error}"),
                );
                Some(Vec::new())
            }
        }
    }

    /// The records of a page of a tree; the pages below it come next.
    fn records(&mut self, number: u32, page: &[u8]) -> Option<Vec<Vec<u8>>> {
        let start = if number == 1 { FILE_HEADER } else { 0 };
        let header = page.get(start..)?;
        let kind = *header.first()?;
        let (is_leaf, is_table) = match kind {
            0x02 => (false, false),
            0x05 => (false, true),
            0x0a => (true, false),
            0x0d => (true, true),
            _ => return None,
        };
        let count = usize::from(u16::from_be_bytes([*header.get(3)?, *header.get(4)?]));
        let pointers = start + if is_leaf { 8 } else { 12 };
        let mut records = Vec::new();
        let mut below = Vec::new();
        let mut is_whole = true;
        // Rows that lie on top of each other would be read again and again.
        let mut room = page.len();
        for at in 0..count {
            let pointer = page.get(pointers + 2 * at..pointers + 2 * at + 2)?;
            let cell = page.get(usize::from(u16::from_be_bytes([pointer[0], pointer[1]]))..)?;
            let mut cell = cell;
            if !is_leaf {
                let (child, rest) =
                    cell.split_first_chunk().map(|(child, rest)| (u32::from_be_bytes(*child), rest))?;
                below.push(child);
                cell = rest;
                if is_table {
                    continue;
                }
            }
            match self.record(cell, is_table) {
                Some((record, kept)) if kept <= room => {
                    room -= kept;
                    records.push(record);
                }
                _ => is_whole = false,
            }
        }
        if !is_leaf {
            below.push(header.get(8..12)?.first_chunk().map(|last| u32::from_be_bytes(*last))?);
        }
        if !is_whole {
            self.database.damaged("a row that is cut off");
        }
        self.waiting.extend(below.into_iter().rev());
        Some(records)
    }

    /// A record, put together from its page and those that it runs over to, and how much of it is
    /// on its page.
    fn record(&self, cell: &[u8], is_table: bool) -> Option<(Vec<u8>, usize)> {
        let (size, mut at) = varint(cell)?;
        if is_table {
            at += varint(cell.get(at..)?)?.1;
        }
        let cell = cell.get(at..)?;
        let size = usize::try_from(size).ok()?;
        let usable = self.database.usable;
        let local = self.database.local(size, is_table);
        if local == size {
            return cell.get(..size).map(|record| (record.to_vec(), size));
        }
        let mut record = cell.get(..local)?.to_vec();
        let mut next = cell.get(local..)?.first_chunk().map(|next| u32::from_be_bytes(*next))?;
        let wanted = size.min(LARGEST_ROW);
        while record.len() < size && next != 0 {
            if !self.database.mark(next) {
                return None;
            }
            let page = self.database.read(next).ok()?;
            next = page.first_chunk().map(|next| u32::from_be_bytes(*next))?;
            let part = page.get(4..usable.min(page.len()))?;
            let missing = wanted.saturating_sub(record.len());
            if missing == 0 {
                let why = "has a row of more than 4 MiB, the rest of which was not scanned";
                self.database.unpacker.budget.tell(Gap::TooLarge, self.database.path, why);
                return Some((record, local));
            }
            record.extend_from_slice(&part[..part.len().min(missing.min(size - record.len()))]);
        }
        Some((record, local))
    }
}

impl Read for Rows<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.line.len() {
            self.line.clear();
            self.at = 0;
            let Some(records) = self.next_page() else { return Ok(0) };
            if !self.is_silent {
                for record in records {
                    write_line(&values(&record, self.database.form), &self.columns, &mut self.line);
                }
            }
        }
        let count = into.len().min(self.line.len() - self.at);
        into[..count].copy_from_slice(&self.line[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// The file with zeros for what was read of tables.
struct Rest<'d, 'a> {
    database: &'d Database<'a>,
    page: u32,
    bytes: Vec<u8>,
    at: usize,
}

impl Read for Rest<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.bytes.len() {
            if self.page > self.database.pages {
                return Ok(0);
            }
            self.at = 0;
            self.bytes = self.database.read(self.page)?;
            if self.database.is_marked(self.page) {
                self.database.blank(&mut self.bytes, if self.page == 1 { FILE_HEADER } else { 0 });
            }
            self.page += 1;
        }
        let count = into.len().min(self.bytes.len() - self.at);
        into[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
