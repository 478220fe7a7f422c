//! Archives, built when a test runs.

#![allow(dead_code, reason = "each of the tests that share this file uses a part of it")]

use rawzip::{CompressionMethod, ZipArchiveWriter};
use std::io::{Cursor, Write};

/// A zip with files that are packed by deflate.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(files, CompressionMethod::DEFLATE)
}

/// A zip with files that are stored as they are, or packed by deflate or zstd.
pub fn zip_with(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut out = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut out);
    for (name, data) in files {
        let (mut entry, config) =
            archive.new_file(name).compression_method(method).start().expect("an entry");
        let packed = match method {
            CompressionMethod::STORE => data.to_vec(),
            CompressionMethod::DEFLATE => {
                let mut encoder =
                    flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(data).expect("memory");
                encoder.finish().expect("memory")
            }
            _ => zst(data),
        };
        // The checksum is that of the data, the bytes are those of the encoder.
        let mut sum = config.wrap(std::io::sink());
        sum.write_all(data).expect("nowhere");
        let (_, descriptor) = sum.finish().expect("a descriptor");
        entry.write_all(&packed).expect("memory");
        entry.finish(descriptor).expect("an entry");
    }
    archive.finish().expect("a directory");
    out
}

/// A tar in the form of GNU.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, data) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *data).expect("memory");
    }
    builder.into_inner().expect("memory")
}

/// gzip.
pub fn gz(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

/// bzip2.
pub fn bz2(data: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

/// xz.
pub fn xz(data: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).expect("options that are right");
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

/// zstd.
pub fn zst(data: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest)
}

/// 7z, packed by LZMA2.
pub fn seven_zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = sevenz_rust2::ArchiveWriter::new(Cursor::new(Vec::new())).expect("memory");
    for (name, data) in files {
        let entry = sevenz_rust2::ArchiveEntry::new_file(name);
        writer.push_archive_entry(entry, Some(*data)).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

/// A zip whose entries are marked as encrypted.
pub fn encrypted_zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip_with(files, CompressionMethod::STORE);
    for (mark, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let places: Vec<usize> = memchr::memmem::find_iter(&zip, mark).collect();
        for place in places {
            zip[place + flags] |= 1;
        }
    }
    zip
}

/// A document of one page that shows a text, packed by deflate.
pub fn pdf(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    write!(encoder, "BT /F1 12 Tf 72 700 Td (A letter) Tj 0 -14 Td [({text})] TJ ET").expect("memory");
    let packed = encoder.finish().expect("memory");
    let mut pdf = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n".to_vec();
    write!(pdf, "4 0 obj\n<< /Length {} /Filter /FlateDecode >>\nstream\n", packed.len()).expect("memory");
    pdf.extend(packed);
    pdf.extend(b"\nendstream\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n");
    pdf
}

/// A database with one table `t` of one column, made by hand: a page for the schema, one for the
/// rows, and if `deleted` is given, one that belongs to nothing.
pub fn sqlite(column: &str, rows: &[&str], deleted: Option<&str>) -> Vec<u8> {
    const PAGE: usize = 4096;
    let varint = |value: usize| -> Vec<u8> {
        assert!(value < 1 << 14, "the test has short rows");
        if value < 128 { vec![value as u8] } else { vec![0x80 | (value >> 7) as u8, value as u8 & 0x7f] }
    };
    let text = |value: &str| (varint(2 * value.len() + 13), value.as_bytes().to_vec());
    let cell = |rowid: usize, columns: &[(Vec<u8>, Vec<u8>)]| {
        let types: Vec<u8> = columns.iter().flat_map(|(kind, _)| kind.clone()).collect();
        let mut record = varint(types.len() + 1);
        record.extend(types);
        record.extend(columns.iter().flat_map(|(_, data)| data.clone()));
        [varint(record.len()), varint(rowid), record].concat()
    };
    let leaf = |start: usize, cells: &[Vec<u8>]| {
        let mut page = vec![0; PAGE];
        page[start] = 0x0d;
        page[start + 3..start + 5].copy_from_slice(&(cells.len() as u16).to_be_bytes());
        let mut end = PAGE;
        for (at, cell) in cells.iter().enumerate() {
            end -= cell.len();
            page[end..end + cell.len()].copy_from_slice(cell);
            page[start + 8 + 2 * at..start + 10 + 2 * at].copy_from_slice(&(end as u16).to_be_bytes());
        }
        page
    };
    let sql = format!("CREATE TABLE t(id INTEGER PRIMARY KEY, \"{column}\" TEXT)");
    let schema = [text("table"), text("t"), text("t"), (vec![1], vec![2]), text(&sql)];
    let mut database = leaf(100, &[cell(1, &schema)]);
    database[..16].copy_from_slice(b"SQLite format 3\0");
    database[16..18].copy_from_slice(&(PAGE as u16).to_be_bytes());
    let rows: Vec<_> =
        rows.iter().enumerate().map(|(at, row)| cell(at + 1, &[(vec![0], Vec::new()), text(row)])).collect();
    database.extend(leaf(0, &rows));
    if let Some(deleted) = deleted {
        let mut page = vec![0; PAGE];
        page[100..100 + deleted.len()].copy_from_slice(deleted.as_bytes());
        database.extend(page);
    }
    database
}
