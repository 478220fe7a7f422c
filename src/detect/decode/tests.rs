//! Secrets in encodings, through the whole engine.

use super::*;
use crate::detect::{RuleChoice, Scanned};
use crate::document::Document;
use crate::level::Confidence;
use crate::origin::{Origin, OriginKind};
use crate::rule::{Pack, template};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::Write;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Arc::new(Pack::embedded().unwrap()), &RuleChoice::default()));

fn scan_at(path: &str, text: &[u8]) -> Scanned {
    let (path, origin) = (RepoPath::new(path), Arc::new(Origin::plain(OriginKind::File)));
    ENGINE.scan(&Document::whole(text, &path, &origin))
}

fn scan(path: &str, text: &str) -> Vec<Match> {
    let mut found = scan_at(path, text.as_bytes()).matches;
    found.retain(|found| found.confidence >= Confidence::Medium);
    found
}

fn filled(template: &str, seed: u64) -> String {
    String::from_utf8(template::expand(template, seed).unwrap()).unwrap()
}

/// A token of GitHub's with its checksum.
fn token(seed: u64) -> String {
    filled(&["gh", "p_{{alnum 30}}{{sum github}}"].concat(), seed)
}

/// Every byte of a text, written in some way.
fn each(text: &str, write: impl Fn(u8) -> String) -> String {
    text.bytes().map(write).collect()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(text).unwrap();
    writer.finish().unwrap()
}

/// The one match in a text: its secret, how it was decoded, and the text at its place.
fn only(path: &str, text: &str) -> (String, String, String) {
    let found = scan(path, text);
    let told: Vec<_> = found.iter().map(|found| ENGINE.pack().rules()[found.rule].id).collect();
    assert_eq!(found.len(), 1, "{told:?} in {text}");
    let secret = String::from_utf8_lossy(found[0].secret(text.as_bytes())).into_owned();
    let ways = found[0].decoded.as_ref().map(|decoded| decoded.ways.join(" > ")).unwrap_or_default();
    (secret, ways, text[found[0].span.clone()].to_owned())
}

fn wrapped(text: &str, width: usize, end: &str) -> String {
    let lines: Vec<&str> =
        text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join(end)
}

#[test]
fn each_encoding_is_undone() {
    let token = token(1);
    let percent = each(&token, |byte| format!("%{byte:02X}"));
    let unicode = each(&token, |byte| format!("\\u{byte:04x}"));
    let bytes = each(&token, |byte| format!("\\x{byte:02x}"));
    let html = each(&token, |byte| format!("&#{byte};"));
    let note = format!("the deploy job uses {token} since last spring");
    let long = [note.as_str(), &"it is a text that needs some room. ".repeat(8)].concat();
    let (head, tail) = token.split_at(9);
    for (path, text, ways) in [
        ("a.txt", format!("key {}", BASE64.encode(token.as_bytes())), "base64"),
        ("a.txt", format!("key {}", BASE64URL_NOPAD.encode(note.as_bytes())), "base64"),
        ("a.txt", format!("{}\n", wrapped(&BASE64.encode(long.as_bytes()), 64, "\n   ")), "base64"),
        ("a.txt", format!("{}\n", wrapped(&BASE64.encode(long.as_bytes()), 70, "\\\r\n")), "base64"),
        ("a.txt", HEXLOWER.encode(token.as_bytes()), "hex"),
        ("a.txt", format!("x{}", HEXUPPER.encode(token.as_bytes())), "hex"),
        ("a.txt", percent, "percent"),
        ("a.txt", format!("next=a%3Fkey%3D{token}%26b"), "percent"),
        ("a.js", unicode, "unicode escapes"),
        ("a.c", bytes, "unicode escapes"),
        ("a.html", html, "html"),
        ("a.json", format!("{{\"env\": \"A=b\\n{token}\\nB=c\"}}"), "string escapes"),
        ("a.txt", BASE64.encode(&gzip(note.as_bytes())), "base64 > gzip"),
        ("a.txt", HEXLOWER.encode(&gzip(note.as_bytes())), "hex > gzip"),
        ("a.js", format!("x = \"{head}\" +\n  '{tail}'"), "concatenation"),
        ("a.sh", format!("x={head}\\\n{tail}"), "concatenation"),
        ("a.rs", format!("x = concat!(\"{head}\", \"{tail}\")"), "concatenation"),
    ] {
        let (secret, told, _) = only(path, &text);
        assert_eq!((secret.as_str(), told.as_str()), (token.as_str(), ways), "{text}");
    }
}

#[test]
fn a_secret_is_placed_on_the_digits_that_hold_it() {
    let token = token(2);
    for before in 0..6 {
        let text = format!("{}{token} and more", &"to do"[..before.min(5)]);
        let text = text.replace("to do", "to do ");
        let at = text.find(&token).unwrap();
        let encoded = BASE64.encode(text.as_bytes());
        let found = scan("a", &encoded);
        let Some(found) = found.first() else { continue };
        assert_eq!(found.span, at * 4 / 3..((at + token.len()) * 4).div_ceil(3));
    }
    let text = format!("a=b%26{token}%3Dx");
    assert_eq!(only("a", &text).2, token);
}

#[test]
fn what_stands_in_the_clear_comes_once() {
    let token = token(3);
    for text in [
        format!("{{\\\"a\\\": \\\"{token}\\\", \\\"b\\\": 1}}"),
        format!("u=https%3A%2F%2Fh%2F {token}"),
        format!("x = \"{token}\" + \"abc\""),
        format!("t&#61;1 token=\"{token}\""),
    ] {
        let (secret, ways, place) = only("a.js", &text);
        assert_eq!((secret.as_str(), ways.as_str(), place.as_str()), (token.as_str(), "", token.as_str()));
    }
    // Base64 that a rule knows as it stands.
    let basic = filled("Authorization: Basic {{b64:deploy:{{alnum 18}}}}", 4);
    assert_eq!(only("a", &basic).1, "");
}

#[test]
fn several_secrets_of_one_stream_are_all_told() {
    let (one, two) = (token(5), token(6));
    let text = BASE64.encode(&gzip(format!("first {one}\nsecond {two}\n").as_bytes()));
    let found = scan("a", &text);
    let secrets: Vec<_> = found.iter().map(|found| found.secret(text.as_bytes()).to_vec()).collect();
    assert_eq!(secrets, [one.as_bytes(), two.as_bytes()]);
    assert!(found.iter().all(|found| found.span == (0..text.len())));
}

#[test]
fn values_of_kubernetes_secrets_are_judged_by_their_names() {
    let password = filled("{{password 14}}", 7);
    let encoded = BASE64.encode(password.as_bytes());
    for (path, text) in [
        ("s.yaml", format!("apiVersion: v1\nkind: Secret\ndata:\n  DB_PASSWORD: {encoded}\n")),
        ("s.json", format!("{{\"kind\":\"Secret\",\"data\":{{\"DB_PASSWORD\":\"{encoded}\"}}}}")),
    ] {
        let (secret, ways, place) = only(path, &text);
        assert_eq!((secret.as_str(), ways.as_str()), (password.as_str(), "base64"), "{text}");
        assert_eq!(place.trim_end_matches('='), encoded.trim_end_matches('='));
    }
    let auth = BASE64.encode(filled("robot:{{alnum 24}}", 8).as_bytes());
    let config = format!("{{\"auths\":{{\"registry.acme.io\":{{\"auth\":\"{auth}\"}}}}}}");
    let encoded = BASE64.encode(config.as_bytes());
    let text = format!(
        "kind: Secret\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {encoded}\n"
    );
    assert_eq!(only("s.yaml", &text).0, auth);
}

#[test]
fn keys_without_their_armour_are_known() {
    let pem = filled("{{pem ed25519}}", 9);
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let (_, ways, place) = only("a.yaml", &format!("jwt: \"{body}\"\n"));
    assert_eq!((ways.as_str(), place), ("base64", body));
}

#[test]
fn what_is_no_text_is_left_alone() {
    let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let mut visited = 0;
    for text in [
        digest,
        "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "someVeryLongCamelCaseIdentifierNameThatGoesOnAndOnForAWhile",
        "SOME_VERY_LONG_CONSTANT_NAME_THAT_GOES_ON_AND_ON_FOR_A_WHILE",
        "src/main/java/com/example/service/implementation/DefaultServiceImplementation",
        "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==",
    ] {
        runs::find(text.as_bytes(), |_, _| {
            visited += 1;
            text.len()
        });
    }
    assert_eq!(visited, 0);
}

#[test]
fn hostile_input_takes_no_longer_than_other() {
    let mega = 1 << 20;
    let mut nested = b"x".repeat(mega / 4);
    for _ in 0..6 {
        nested = BASE64.encode(&nested).into_bytes();
    }
    let bomb = BASE64.encode(&gzip(&vec![b' '; 64 * mega]));
    let inputs: Vec<Vec<u8>> = vec![
        b"%25".repeat(mega / 3),
        b"%2525252541".repeat(mega / 11),
        b"\\".repeat(mega),
        b"\\u005c".repeat(mega / 6),
        b"\\\"\\\\\\\":".repeat(mega / 8),
        b"&amp;amp;#38;".repeat(mega / 13),
        b"\"a\"+".repeat(mega / 4),
        b"\"a\" \\\n".repeat(mega / 6),
        b"'a' + ".repeat(mega / 6),
        b"concat!(\"a\",".repeat(mega / 12),
        b"concat!(".repeat(mega / 8),
        b"a\\\n".repeat(mega / 3),
        b"H4sIAAAA".repeat(mega / 8),
        b"H4sI ".repeat(mega / 5),
        b"1f8b08".repeat(mega / 6),
        b"MIIEvQIBADAN".repeat(mega / 12),
        b"MIIEvQIBADAN ".repeat(mega / 13),
        b"kind: Secret\ndata:\n a: ".repeat(mega / 23),
        b"kind: Secret\ndata: {\"data\": {".repeat(mega / 29),
        b"Secret data ".repeat(mega / 12),
        b"dGhpcyBpcyB0ZXh0IHRoYXQg\n".repeat(mega / 25),
        b"dGhpcyBpcyB0ZXh0IHRoYXQgdGhpcyBpcyB0ZXh0IHRoYXQg\xff".repeat(mega / 49),
        b"74686973206973207465787420746861".repeat(mega / 32),
        b"A".repeat(mega),
        b" ".repeat(mega),
        b"\"".repeat(mega),
        nested,
        bomb.into_bytes(),
    ];
    let plain = Engine::new(ENGINE.pack().clone(), &RuleChoice { no_decode: true, ..RuleChoice::default() });
    for input in &inputs {
        let (path, origin) = (RepoPath::new("a.py"), Arc::new(Origin::plain(OriginKind::File)));
        let document = Document::whole(input, &path, &origin);
        let timed = |engine: &Engine| {
            let start = Instant::now();
            engine.scan(&document);
            start.elapsed()
        };
        let (without, with) = (timed(&plain), timed(&ENGINE));
        let start = String::from_utf8_lossy(&input[..24]).into_owned();
        // An unoptimised build on a busy machine; what is quadratic takes minutes.
        assert!(with < without * 40 + Duration::from_secs(8), "{start:?}: {with:?}, without {without:?}");
    }
}

/// One encoding of a text, and what it is called.
fn encode(text: &str, way: usize, deep: bool) -> String {
    match way {
        0 => BASE64.encode(text.as_bytes()),
        1 => BASE64URL_NOPAD.encode(text.as_bytes()),
        2 => HEXLOWER.encode(text.as_bytes()),
        3 if !deep => each(text, |byte| format!("%{byte:02x}")),
        4 if !deep => each(text, |byte| format!("\\u{byte:04X}")),
        5 if !deep => each(text, |byte| format!("&#x{byte:x};")),
        6 => BASE64.encode(&gzip(text.as_bytes())),
        _ => wrapped(&BASE64.encode(text.as_bytes()), 76, "\n"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_stack_of_encodings_is_undone(
        seed in any::<u64>(),
        ways in proptest::collection::vec(0usize..8, 1..=DEPTH),
        before in "[a-z]{0,12} ",
        after in " [a-z]{0,12}",
    ) {
        let token = token(seed);
        let mut text = token.clone();
        let mut depth = 0;
        for way in ways {
            depth += if way == 6 { 2 } else { 1 };
            if depth > DEPTH {
                break;
            }
            // Text of its own round each layer, as in a file of settings.
            text = encode(&text, way, text.len() > 2000);
        }
        let document = format!("{before}{text}{after}");
        let found = scan("a.txt", &document);
        prop_assert_eq!(found.len(), 1, "{}", document);
        prop_assert_eq!(found[0].secret(document.as_bytes()), token.as_bytes());
        let span = found[0].span.clone();
        prop_assert!(span.start >= before.len() && span.end <= before.len() + text.len());
        // All but padding, and what rounding to whole digits leaves at the ends.
        prop_assert!(span.len() + 16 + text.len() / 12 >= text.len(), "{:?} of {}", span, text.len());
    }

    #[test]
    fn any_bytes_will_do(
        pieces in proptest::collection::vec(prop_oneof![
            "[A-Za-z0-9+/]{0,90}={0,2}", "[0-9a-f]{0,90}", "(%[0-9a-f]{2}){0,9}", "(\\\\u00[2-7][0-9a-f]){0,9}",
            "(&#[0-9]{0,4};?){0,5}", "[\"'+. \\\\\n]{0,9}", Just("concat!(\"a\", \"b\"".to_owned()),
            Just("kind: Secret\ndata:\n  a: ".to_owned()), Just("H4sI".to_owned()), Just("MIIE".to_owned()),
            "\\PC{0,9}",
        ], 0..12),
    ) {
        let text = pieces.concat();
        for found in scan_at("a.py", text.as_bytes()).matches {
            prop_assert!(found.span.start < found.span.end && found.span.end <= text.len());
        }
    }
}
