//! Secrets that are encoded, through the program.

use crate::common::Repo;
use crate::{filled, found, scan, token};
use data_encoding::{BASE64, HEXLOWER};
use std::io::Write;

/// All findings of the JSON report, each with the ways of its first place.
fn decoded(folder: &std::path::Path) -> Vec<(String, Vec<String>, u64, u64)> {
    let report: serde_json::Value =
        serde_json::from_str(&scan(folder, &["-f", "json"]).out).expect("a report");
    let findings = report["findings"].as_array().expect("findings").iter();
    findings
        .map(|finding| {
            let place = &finding["locations"][0];
            let ways = place["decoded"].as_array().expect("ways").iter();
            (
                finding["fingerprint"].as_str().expect("a fingerprint").to_owned(),
                ways.map(|way| way.as_str().expect("a text").to_owned()).collect(),
                place["start"]["column"].as_u64().expect("a column"),
                place["end"]["column"].as_u64().expect("a column"),
            )
        })
        .collect()
}

/// Every byte of a text, written in some way.
fn each(text: &str, write: impl Fn(u8) -> String) -> String {
    text.bytes().map(write).collect()
}

#[test]
fn one_secret_in_the_clear_and_encoded_is_one_finding() {
    let (repo, token) = (Repo::folder(), token(1));
    repo.write("a.env", format!("TOKEN={token}\n"));
    let first = decoded(repo.path());
    repo.write("b.yaml", format!("a: {}\n", BASE64.encode(format!("use {token} here").as_bytes())));
    repo.write("c.txt", format!("\n{}\n", HEXLOWER.encode(token.as_bytes())));
    let expected = ["a.env:1", "b.yaml:1", "c.txt:2"].map(|place| format!("{place} github-pat-classic"));
    assert_eq!(found(repo.path(), &[]), expected);
    assert_eq!(decoded(repo.path())[0].0, first[0].0);
    assert_eq!(found(repo.path(), &["--no-decode"]), expected[..1]);
    repo.write("keytrail.toml", "version = 1\n[scan]\ndecode = false\n");
    assert_eq!(found(repo.path(), &[]), expected[..1]);
}

#[test]
fn the_place_is_that_of_the_digits_and_the_way_is_told() {
    let (repo, token) = (Repo::folder(), token(2));
    let inner = BASE64.encode(format!("abc {token} def").as_bytes());
    repo.write("a.txt", format!("key: {inner}\n"));
    let found = decoded(repo.path());
    // Four bytes before the token take five digits and a bit, the forty of the token end in digit 59.
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].1.as_slice(), found[0].2, found[0].3), (&["base64".to_owned()][..], 11, 65));
    let told = scan(repo.path(), &[]).out;
    assert!(told.contains("encoded as base64"), "{told}");
}

#[test]
fn nothing_in_a_report_can_be_decoded() {
    let (repo, token) = (Repo::folder(), token(3));
    let password = filled("{{password 16}}", 4);
    let encoded = [
        BASE64.encode(token.as_bytes()),
        HEXLOWER.encode(token.as_bytes()),
        BASE64.encode(password.as_bytes()),
        each(&token, |byte| format!("%{byte:02X}")),
        each(&token, |byte| format!("&#{byte};")),
    ];
    let lines = encoded.join("\n");
    repo.write("a.txt", format!("{lines}\n\"{}\" + \"{}\"\n", &token[..12], &token[12..]));
    repo.write("b.yaml", format!("kind: Secret\ndata:\n  password: {}\n", encoded[2]));
    for form in ["terminal", "json", "sarif", "csv", "github"] {
        let told = scan(repo.path(), &["-f", form]);
        assert_eq!(told.code, 1, "{}", told.told());
        let texts = encoded.iter().map(String::as_str).chain([&token[..], &password, &token[12..]]);
        for text in texts {
            for piece in text.as_bytes().windows(12.min(text.len())).skip(4) {
                let piece = std::str::from_utf8(piece).expect("ASCII");
                assert!(!told.out.contains(piece) && !told.err.contains(piece), "{form}: {}", told.told());
            }
        }
    }
}

#[test]
fn allow_markers_count_where_the_encoded_text_stands() {
    let repo = Repo::folder();
    let marker = ["keytrail", ":allow github-pat-classic -- a sample"].concat();
    repo.write("a.txt", format!("{} # {marker}\n", BASE64.encode(token(5).as_bytes())));
    assert_eq!(scan(repo.path(), &[]).code, 0);
}

#[test]
fn several_secrets_of_one_encoded_stretch_of_many_lines_stand_in_one_place() {
    let repo = Repo::folder();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    for seed in 6..10 {
        writeln!(packer, "TOKEN_{seed}={}", token(seed)).expect("memory");
    }
    let encoded = BASE64.encode(&packer.finish().expect("memory"));
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(40).map(|line| str::from_utf8(line).expect("ASCII")).collect();
    repo.write("a.txt", format!("packed:\n{}\n\n{}\n", lines.join("\n"), token(11)));
    let last = lines.len() + 3;
    let mut expected = vec![format!("a.txt:{last} github-pat-classic")];
    expected.extend(vec!["a.txt:2 github-pat-classic".to_owned(); 4]);
    assert_eq!(found(repo.path(), &[]), expected);
    let told = scan(repo.path(), &[]).out;
    assert!(told.contains(&format!("to line {}", lines.len() + 1)), "{told}");
}
