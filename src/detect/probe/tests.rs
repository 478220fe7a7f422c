use super::traces::Spot;
use super::*;
use crate::detect::RuleChoice;
use crate::document::Document;
use crate::origin::{Origin, OriginKind, RepoPath};
use crate::rule::{Pack, template};
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Arc::new(Pack::embedded().unwrap()), &RuleChoice::default()));

const FLOOR: Floor<'static> = Floor { confidence: Confidence::Medium, any_of: &|_| false };
static PROBE: LazyLock<Probe<'static>> = LazyLock::new(|| Probe::new(&ENGINE, &FLOOR));

/// Every example and counterexample of every rule, and what is encoded in many ways.
static TEMPLATES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let pack = ENGINE.pack();
    let examples = (0..pack.rules().len()).map(|index| pack.examples(index));
    let mut all: Vec<String> = examples
        .flat_map(|examples| [&examples.examples[..], &examples.counterexamples[..]].concat())
        .collect();
    all.sort();
    all.dedup();
    all
});

/// A text of some lines; some of them hold a secret, in the clear or encoded.
fn text(seeds: &[(u8, u32)]) -> Vec<u8> {
    let mut text = Vec::new();
    for &(sort, seed) in seeds {
        let template = &TEMPLATES[seed as usize % TEMPLATES.len()];
        let example = template::expand(template, u64::from(seed)).unwrap();
        let line = match sort % 12 {
            0..=2 => example,
            3 => data_encoding::BASE64.encode(&example).into_bytes(),
            4 => {
                let digits = data_encoding::BASE64.encode(&example).into_bytes();
                digits.chunks(64).collect::<Vec<_>>().join(&b"\n  "[..])
            }
            5 => example.iter().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect(),
            6 => serde_json::to_vec(&String::from_utf8_lossy(&example)).unwrap(),
            7 => {
                let half = example.len() / 2;
                [b"x = \"", &example[..half], b"\" +\n  \"", &example[half..], b"\""].concat()
            }
            8 => {
                let value = data_encoding::BASE64.encode(&template::expand("{{alnum 14}}", 1).unwrap());
                format!("kind: Secret\ndata:\n  password: {value}").into_bytes()
            }
            9 => b"    return compute(left, right) + offset;\n".repeat(1 + seed as usize % 40),
            _ => format!("let value_{seed} = table[{seed}];").into_bytes(),
        };
        text.extend(line);
        text.push(b'\n');
    }
    text
}

/// Makes a newer version of a text by edits: what is kept, what is put in.
fn edited(older: &[u8], edits: &[(u16, u16, Vec<u8>)]) -> (Vec<u8>, Vec<Common>) {
    let (mut newer, mut common) = (Vec::new(), Vec::<Common>::new());
    let mut keep = |newer: &mut Vec<u8>, from: usize, to: usize| {
        if from >= to {
            return;
        }
        match common.last_mut() {
            Some(last) if last.from + last.length == from && last.to + last.length == newer.len() => {
                last.length += to - from;
            }
            _ => common.push(Common { from, to: newer.len(), length: to - from }),
        }
        newer.extend_from_slice(&older[from..to]);
    };
    let mut at = 0;
    for (start, length, put_in) in edits {
        let length = usize::from(*length) % 400;
        if start % 7 == 0 {
            // A piece from anywhere: it may have moved or come twice.
            let from = usize::from(*start) % (older.len() + 1);
            keep(&mut newer, from, (from + length).min(older.len()));
        } else {
            let start = (at + usize::from(*start) % 900).min(older.len());
            keep(&mut newer, at, start);
            at = (start + length).min(older.len());
        }
        newer.extend_from_slice(put_in);
    }
    keep(&mut newer, at, older.len());
    (newer, common)
}

/// What the traces say, but for the extent of what is encoded.
fn said(traces: &Traces) -> impl PartialEq + std::fmt::Debug + use<> {
    let said = |spot: &Spot| (spot.at, format!("{:?}", spot.sort), spot.given.is_some(), spot.is_hot);
    let mut plain: Vec<_> = traces.spots.iter().map(said).collect();
    plain.sort();
    let encoded = &traces.encoded;
    let is_hot = encoded.iter().any(|part| part.is_hot);
    (plain, (!encoded.is_empty(), is_hot))
}

/// Whether anything is reported of a text at one path or another; and that it is the same with what
/// a probe knows.
fn is_reported(text: &[u8], known: &Known) -> bool {
    ["a.rs", "a.py", "a.js", "a.php", "a.yaml", ".env", "a.json", "a.html", "a", "package-lock.json"]
        .iter()
        .any(|path| {
            let (path, origin) = (RepoPath::new(*path), Arc::new(Origin::plain(OriginKind::Blob)));
            let document = Document::whole(text, &path, &origin);
            let scanned = ENGINE.scan(&document);
            let at_places = ENGINE.scan(&Document { known: Some(known), ..document });
            assert_eq!(at_places.matches, scanned.matches, "{}", String::from_utf8_lossy(text));
            scanned.matches.iter().any(|found| found.confidence >= Confidence::Medium)
        })
}

fn lines() -> impl Strategy<Value = Vec<(u8, u32)>> {
    prop::collection::vec((any::<u8>(), any::<u32>()), 1..14)
}

fn edits() -> impl Strategy<Value = Vec<(u16, u16, Vec<u8>)>> {
    let put_in = prop_oneof![
        3 => Just(Vec::new()),
        2 => prop::collection::vec(any::<u8>(), 0..3),
        2 => "[a-zA-Z0-9=+/_ -]{0,40}".prop_map(String::into_bytes),
        2 => prop::collection::vec((any::<u8>(), any::<u32>()), 1..2).prop_map(|seeds| text(&seeds)),
    ];
    prop::collection::vec((any::<u16>(), prop_oneof![Just(0), any::<u16>()], put_in), 1..5)
}

/// A token that is longer than what is decoded round something new.
fn long_token() -> Vec<u8> {
    let head = "{{b64url:{\"alg\":\"HS256\",\"typ\":\"JWT\"}}}";
    let claims = "{{b64url:{\"iss\":\"keytrail\",\"sub\":\"{{alnum 600}}\",\"iat\":1700000000}}}";
    template::expand(&format!("{head}.{claims}.{{{{base64url 43}}}}"), 1).unwrap()
}

/// Whether a text is found out when its end is new, and nothing is before.
fn is_found_when_grown(newer: &[u8], older_length: usize) -> bool {
    let older = &newer[..older_length];
    let before = PROBE.whole(older, false);
    assert!(!before.is_hot() && is_reported(newer, &PROBE.whole(newer, false).known()));
    let common = [Common { from: 0, to: 0, length: older_length }];
    PROBE.newer(newer, false, &before, older_length, &common).is_hot()
}

/// What is no rule's is not compared after its stem.
#[test]
fn markers_and_landmarks_are_no_longer_than_a_stem() {
    for (keyword, _) in crate::rule::pack::extra_keywords() {
        assert!(keyword.text.len() <= crate::detect::prefilter::STEM, "{keyword:?}");
    }
}

#[test]
fn the_last_piece_of_a_joined_token_makes_it_whole() {
    let token = long_token();
    let (body, signature) = token.split_at(token.len() - 43);
    for (size, indent) in [(60, 2), (12, 60)] {
        let joint = format!("\" +\n{}\"", " ".repeat(indent));
        let pieces: Vec<_> = body.chunks(size).collect();
        let older = [b"t = \"", &pieces.join(joint.as_bytes())[..]].concat();
        let newer = [&older, joint.as_bytes(), signature, b"\""].concat();
        assert!(is_found_when_grown(&newer, older.len()), "{size}");
    }
}

#[test]
fn the_end_of_an_escaped_token_makes_it_whole() {
    let token = long_token();
    for escape in [
        |byte: u8| format!("&#{byte};"),
        |byte: u8| format!("%{byte:02x}"),
        |byte: u8| format!("\\u{byte:04x}"),
    ] {
        let escaped = |bytes: &[u8]| bytes.iter().flat_map(|&byte| escape(byte).into_bytes()).collect();
        let (newer, older): (Vec<u8>, Vec<u8>) = (escaped(&token), escaped(&token[..token.len() - 43]));
        assert!(is_found_when_grown(&newer, older.len()), "{}", escape(b'.'));
    }
}

/// `KEYTRAIL_CASES` says otherwise.
fn cases() -> u32 {
    std::env::var("KEYTRAIL_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(400)
}

#[test]
fn what_is_left_of_an_encoded_part_is_looked_at_again() {
    let percent =
        |bytes: &[u8]| bytes.iter().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect::<Vec<u8>>();
    let token = template::expand("GITHUB_TOKEN=ghp_{{alnum 30}}{{sum github}}", 1).unwrap();
    let older = [&percent(&[b'x'; 500])[..], b"\nlet a = 1;\n", &percent(&token)].concat();
    let before = PROBE.whole(&older, false);
    assert!(before.is_hot());
    // What the view of both begins with goes away, far from the token.
    let cut = 60;
    let common = [Common { from: cut, to: 0, length: older.len() - cut }];
    assert!(PROBE.newer(&older[cut..], false, &before, older.len(), &common).is_hot());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// What is known of an older version never makes a difference, and nothing that is reported is
    /// missed.
    #[test]
    fn a_newer_version_is_as_hot_as_if_it_were_the_first(
        lines in lines(),
        rounds in prop::collection::vec(edits(), 1..4),
    ) {
        let mut older = text(&lines);
        let mut traces = PROBE.whole(&older, false);
        prop_assert!(traces.is_hot() || !is_reported(&older, &traces.known()), "missed: {}", String::from_utf8_lossy(&older));
        for edits in rounds {
            let (newer, common) = edited(&older, &edits);
            let next = PROBE.newer(&newer, false, &traces, older.len(), &common);
            let whole = PROBE.whole(&newer, false);
            prop_assert_eq!(said(&next), said(&whole), "older: {}\nnewer: {}\n{:?}", String::from_utf8_lossy(&older), String::from_utf8_lossy(&newer), common);
            prop_assert!(next.is_hot() || !is_reported(&newer, &next.known()), "missed: {}", String::from_utf8_lossy(&newer));
            (older, traces) = (newer, next);
        }
    }
}
