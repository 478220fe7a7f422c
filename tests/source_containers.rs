//! Archives, compressed files and documents, read through the sources.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "common/archives.rs"]
mod archives;
mod common;

use archives::{bz2, encrypted_zip, gz, pdf, seven_zip, sqlite, tar, xz, zip, zip_with, zst};
use common::{Gathered, Repo, gather};
use keytrail::coverage::Gap;
use keytrail::origin::RepoPath;
use keytrail::source::container::Limits;
use keytrail::source::container::budget::{ENTRIES, FREE};
use keytrail::source::stdin::Stdin;
use keytrail::source::tree::Tree;
use rawzip::CompressionMethod;
use std::io::Cursor;

const NEEDLE: &str = "the text that has to be found";

fn limits(depth: u32) -> Limits {
    Limits { depth, ..Limits::default() }
}

fn read_with(name: &str, bytes: Vec<u8>, limits: Limits) -> Gathered {
    gather(&Stdin::from_reader(RepoPath::new(name), Cursor::new(bytes)).containers(limits))
}

fn read(name: &str, bytes: Vec<u8>) -> Gathered {
    read_with(name, bytes, Limits::default())
}

/// Every form, with the path at which the text has to be.
fn samples() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let text = format!("first\n{NEEDLE}\n");
    let files: &[(&str, &[u8])] = &[("a/b.env", text.as_bytes()), ("c.txt", b"another")];
    vec![
        ("f.zip", zip(files), "f.zip!/a/b.env"),
        ("stored.zip", zip_with(files, CompressionMethod::STORE), "stored.zip!/a/b.env"),
        ("zst.zip", zip_with(files, CompressionMethod::ZSTD), "zst.zip!/a/b.env"),
        ("f.tar", tar(files), "f.tar!/a/b.env"),
        ("f.tgz", gz(&tar(files)), "f.tgz!/a/b.env"),
        ("f.tar.bz2", bz2(&tar(files)), "f.tar.bz2!/a/b.env"),
        ("f.tar.xz", xz(&tar(files)), "f.tar.xz!/a/b.env"),
        ("f.tar.zst", zst(&tar(files)), "f.tar.zst!/a/b.env"),
        ("dump.sql.gz", gz(text.as_bytes()), "dump.sql.gz!/dump.sql"),
        ("log.xz", xz(text.as_bytes()), "log.xz!/log"),
        ("f.7z", seven_zip(files), "f.7z!/a/b.env"),
        ("f.pdf", pdf(NEEDLE), "f.pdf"),
        ("f.db", sqlite("note", &["first", NEEDLE], None), "f.db!/t"),
    ]
}

#[test]
fn every_form_is_read_from_a_stream_and_from_disk() {
    let folder = Repo::folder();
    for (name, bytes, path) in samples() {
        folder.write(name, &bytes);
        assert_eq!(read(name, bytes).whole().with(NEEDLE).path, path);
    }
    let tree = gather(&Tree { paths: vec![folder.path().to_owned()], ..Tree::default() }).whole();
    for (name, _, path) in samples() {
        assert!(tree.documents.iter().any(|seen| seen.path == path && seen.text.contains(NEEDLE)), "{name}");
    }
}

#[test]
fn large_archives_on_disk_are_not_read_whole() {
    let folder = Repo::folder();
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let noise: Vec<u8> = (0..5 << 20).map(|_| random()).collect();
    let text = format!("{}{NEEDLE}\n", "a line of some length\n".repeat(300_000));
    let files: &[(&str, &[u8])] = &[("noise", &noise), ("text", text.as_bytes())];
    folder.write("f.zip", zip(files));
    folder.write("f.tar", tar(files));
    folder.write("f.7z", seven_zip(&[("noise", &noise), ("text", NEEDLE.as_bytes())]));
    let tree = gather(&Tree { paths: vec![folder.path().to_owned()], ..Tree::default() }).whole();
    let at: Vec<&str> = tree
        .documents
        .iter()
        .filter(|seen| seen.text.contains(NEEDLE))
        .map(|seen| seen.path.as_str())
        .collect();
    assert_eq!(at, ["f.7z!/text", "f.tar!/text", "f.zip!/text"]);
}

#[test]
fn archives_lie_in_archives_to_the_depth_that_is_allowed() {
    let nested = |levels: usize| {
        let mut bytes = NEEDLE.as_bytes().to_vec();
        for level in 1..=levels {
            let name = if level == 1 { "text" } else { "inner" };
            bytes = match level % 3 {
                0 => gz(&tar(&[(name, &bytes)])),
                1 => zip(&[(name, &bytes)]),
                _ => seven_zip(&[(name, &bytes)]),
            };
        }
        bytes
    };
    let eight = read("outer", nested(8)).whole();
    assert_eq!(eight.with(NEEDLE).path, format!("outer{}!/text", "!/inner".repeat(7)));
    let nine = read("outer", nested(9));
    assert!(!nine.has(NEEDLE));
    assert_eq!(nine.gaps(), [Gap::TooDeep]);
    assert_eq!(nine.report.left_out[0].what, format!("outer{}", "!/inner".repeat(8)));
    assert!(read_with("outer", nested(9), limits(9)).whole().has(NEEDLE));
    assert_eq!(read_with("outer", nested(2), limits(1)).gaps(), [Gap::TooDeep]);
    let off = read_with("outer", nested(1), limits(0)).whole();
    assert_eq!(off.paths(), ["outer"]);
}

#[test]
fn bombs_are_stopped_and_told() {
    let zeros = vec![0; FREE as usize + (1 << 20)];
    for (bytes, what) in [
        (zip(&[("zeros", &zeros)]), "bomb!/zeros"),
        (gz(&zeros), "bomb"),
        (bz2(&zeros), "bomb"),
        (xz(&zeros), "bomb"),
        (seven_zip(&[("zeros", &zeros)]), "bomb"),
    ] {
        let found = read("bomb", bytes);
        assert_eq!(found.gaps(), [Gap::Bomb], "{:?}", found.report.left_out);
        assert_eq!(found.report.left_out[0].what, what);
        assert!(found.report.bytes < 2 * FREE);
    }
    // Each of many stays in bounds, and all together do not.
    let small = gz(&zeros[..FREE as usize / 2]);
    let many: Vec<(String, &[u8])> = (0..9).map(|n| (format!("{n}.gz"), small.as_slice())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, data)| (name.as_str(), *data)).collect();
    let found = read("many.zip", zip(&many));
    assert_eq!(found.gaps(), [Gap::Bomb]);
    assert_eq!(found.report.left_out[0].what, "many.zip");
}

#[test]
fn too_many_files_are_told() {
    let mut archive = rawzip::ZipArchiveWriter::new(Vec::new());
    for n in 0..=ENTRIES {
        archive.new_dir(format!("{n}/")).create().unwrap();
    }
    let found = read("many.zip", archive.finish().unwrap());
    assert_eq!(found.gaps(), [Gap::TooMany]);
    assert_eq!(found.report.left_out[0].what, "many.zip");
}

#[test]
fn what_is_encrypted_or_packed_in_unknown_ways_is_told() {
    let files: &[(&str, &[u8])] = &[("a.env", b"secret"), ("b.env", b"secret")];
    let found = read("f.zip", encrypted_zip(files));
    assert_eq!(found.gaps(), [Gap::Encrypted; 2]);
    assert_eq!(found.report.left_out[0].what, "f.zip!/a.env");
    let mut unknown = zip(&files[..1]);
    for (mark, method) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let place = memchr::memmem::find(&unknown, mark).unwrap();
        unknown[place + method] = 98;
    }
    assert_eq!(read("f.zip", unknown).gaps(), [Gap::Unsupported]);
    let mut pdf = pdf(NEEDLE);
    pdf.extend(b"trailer << /Encrypt 9 0 R >>");
    assert_eq!(read("f.pdf", pdf).gaps(), [Gap::Encrypted]);
}

#[test]
fn streams_in_a_row_count_as_one_and_anything_else_behind_them_is_told() {
    for pack in [gz, bz2, xz, zst] {
        let two = [pack(b"one\n"), pack(NEEDLE.as_bytes())].concat();
        let found = read("f.z", two.clone()).whole();
        assert_eq!(found.with(NEEDLE).text, format!("one\n{NEEDLE}"));
        assert!(!read("f.z", [two, b"something else".to_vec()].concat()).report.is_complete());
    }
    let padded = [gz(NEEDLE.as_bytes()), vec![0; 1000]].concat();
    assert!(read("f.gz", padded).whole().has(NEEDLE));
    let twice = [tar(&[("a", b"1")]), tar(&[("b", NEEDLE.as_bytes())])].concat();
    assert_eq!(read("f.tar", twice).gaps(), [Gap::Unsupported]);
}

#[test]
fn both_files_of_one_name_are_read() {
    let found = read("f.zip", zip(&[("a", b"one"), ("a", NEEDLE.as_bytes())])).whole();
    assert_eq!(found.paths(), ["f.zip!/a", "f.zip!/a"]);
}

#[test]
fn long_names_and_odd_ones_are_kept() {
    let long = format!("{}/{}", "p".repeat(150), "q".repeat(120));
    let found = read("f.tar", tar(&[(long.as_str(), NEEDLE.as_bytes())])).whole();
    assert_eq!(found.with(NEEDLE).path, format!("f.tar!/{long}"));
    let found = read("f.zip", zip_with(&[("./a", b"1")], CompressionMethod::STORE)).whole();
    assert_eq!(found.paths(), ["f.zip!/a"]);
}

#[test]
fn files_inside_are_held_to_the_size_limit() {
    let limits = Limits { max_file_size: Some(100), ..Limits::default() };
    let long = format!("{NEEDLE} {}", "x".repeat(200));
    for (bytes, path) in [
        (zip(&[("long", long.as_bytes()), ("short", b"short")]), "f!/long"),
        (gz(&tar(&[("long", long.as_bytes()), ("short", b"short")])), "f!/long"),
    ] {
        let found = read_with("f", bytes, limits);
        assert_eq!(found.gaps(), [Gap::TooLarge]);
        assert_eq!(found.report.left_out[0].what, path);
        assert_eq!(found.paths(), ["f!/short"]);
    }
    assert_eq!(read_with("f.gz", gz(long.as_bytes()), limits).gaps(), [Gap::TooLarge]);
}

#[test]
fn paths_that_are_not_wanted_are_neither_read_nor_told() {
    let folder = Repo::folder();
    let inner = encrypted_zip(&[("x.env", b"secret")]);
    folder.write("f.zip", zip(&[("vendor/inner.zip", &inner), ("src/a", NEEDLE.as_bytes())]));
    let filter = |path: &RepoPath, _: bool| !path.as_bytes().ends_with(b"f.zip!/vendor");
    let tree = Tree { paths: vec![folder.path().to_owned()], filter: Some(&filter), ..Tree::default() };
    assert_eq!(gather(&tree).whole().paths(), ["f.zip!/src/a"]);
}

#[test]
fn rows_of_a_database_have_the_names_of_their_columns() {
    let found = read("app.db", sqlite("api key", &["one", "two\nlines"], Some(NEEDLE))).whole();
    assert_eq!(found.at("app.db!/t").text, "api key = \"one\"\napi key = \"two\\nlines\"\n");
    assert!(found.at("app.db!/sqlite_schema").text.contains("CREATE TABLE t"));
    // What belongs to no table stands where it stood.
    let rest = found.at("app.db");
    assert!(rest.text.contains(NEEDLE));
    assert!(!rest.text.contains("lines"));
}

#[test]
fn office_documents_come_without_tags() {
    let xml = format!(
        "<?xml version=\"1.0\"?><w:p><w:r><w:t>{}</w:t></w:r><w:r><w:t>{}</w:t></w:r></w:p>",
        &NEEDLE[..9],
        &NEEDLE[9..]
    );
    let found =
        read("a.docx", zip(&[("[Content_Types].xml", b"<?xml?>"), ("word/document.xml", xml.as_bytes())]));
    assert_eq!(found.whole().with(NEEDLE).path, "a.docx!/word/document.xml");
}

/// Whatever is cut off is told, and nothing panics.
#[test]
fn no_archive_that_is_cut_off_passes_in_silence() {
    for (name, bytes, _) in samples() {
        let step = (bytes.len() / 200).max(1);
        for length in (0..bytes.len()).step_by(step) {
            let found = read(name, bytes[..length].to_vec());
            let is_told = !found.report.is_complete();
            // A PDF and a database are read as far as they go. So short a start is no archive yet,
            // and the zeros at the end of a tar may be missing.
            let may_pass = matches!(name, "f.pdf" | "f.db") || length < 512 || found.has(NEEDLE);
            assert!(is_told || may_pass, "{name} cut at {length} of {}: {:?}", bytes.len(), found.paths());
        }
    }
}

/// Whatever is changed is told, if it is not read all the same, and nothing panics.
#[test]
fn no_archive_that_is_damaged_passes_in_silence() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for (name, bytes, _) in samples() {
        for round in 0..400 {
            let mut changed = bytes.clone();
            // The mark at the start is left alone: without it, it is a file like any other.
            for _ in 0..=round % 3 {
                let at = 12 + random(changed.len() - 12);
                changed[at] ^= 1 << random(8);
            }
            let found = read(name, changed);
            // In a tar, a PDF and a database no checksum covers the text.
            let may_pass = matches!(name, "f.tar" | "f.pdf" | "f.db") || found.has(NEEDLE);
            assert!(!found.report.is_complete() || may_pass, "{name} in round {round}: {:?}", found.paths());
        }
    }
}
