use super::*;
use crate::finding::Allowed;
use crate::policy::sample::{finding, location};
use crate::secret::FingerprintKey;

fn parse(text: &str) -> Result<Baseline, BaselineError> {
    Baseline::parse(text.as_bytes(), "b.json", "public")
}

fn json(baseline: &Baseline) -> String {
    form::write(&baseline.key_id, baseline.entries()).unwrap()
}

fn error(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn the_file_is_sorted_and_has_one_entry_a_line() {
    let mut baseline = Baseline::new("public");
    baseline.add(&[finding("two", &["z", "a b/\u{fc}.env"]), finding("one", &["z"])]);
    let (one, two) = (finding("one", &[]).fingerprint, finding("two", &[]).fingerprint);
    let mut z = [one.to_string(), two.to_string()];
    z.sort();
    assert_eq!(
        json(&baseline),
        format!(
            r#"{{
  "version": 1,
  "tool": "keytrail",
  "key-id": "public",
  "findings": [
    {{"fingerprint":"{two}","rule":"acme-token","path":"a b/ü.env"}},
    {{"fingerprint":"{}","rule":"acme-token","path":"z"}},
    {{"fingerprint":"{}","rule":"acme-token","path":"z"}}
  ]
}}
"#,
            z[0], z[1]
        )
    );
    assert_eq!(parse(&json(&baseline)).unwrap(), baseline);
    let empty = json(&Baseline::new("public"));
    assert!(parse(&empty).unwrap().is_empty());
}

#[test]
fn any_path_survives() {
    let mut odd = finding("one", &[]);
    let path = RepoPath::new(b"a\xff\n\"b".to_vec());
    odd.locations.push(location(path.clone()));
    let mut baseline = Baseline::new("public");
    assert_eq!(baseline.add(&[odd]), 1);
    let text = json(&baseline);
    assert!(text.contains("path-base64"), "{text}");
    assert!(parse(&text).unwrap().knows(finding("one", &[]).fingerprint, &path));
}

#[test]
fn a_finding_is_known_only_if_all_its_places_are() {
    let mut baseline = Baseline::new("public");
    baseline.add(&[finding("one", &["a", "b"])]);
    let mut allowed = finding("one", &["a", "new"]);
    allowed.locations[1].allowed = Some(Allowed { reason: "a test key".to_owned(), line: 1 });
    let mut findings = [
        finding("one", &["a", "b"]),
        finding("one", &["a"]),
        finding("one", &["a", "new"]),
        finding("two", &["a"]),
        allowed,
    ];
    findings[1].status = Status::Allowed("a test key".to_owned());
    baseline.apply(&mut findings);
    let status: Vec<_> = findings.iter().map(|finding| finding.status.name()).collect();
    assert_eq!(status, ["baseline", "allowed", "open", "open", "baseline"]);
}

#[test]
fn an_update_keeps_what_stays_and_tells_what_went() {
    let mut baseline = Baseline::new("public");
    baseline.add(&[finding("one", &["a", "b"]), finding("two", &["c"])]);
    let before = json(&baseline);
    let now = [finding("one", &["b"]), finding("three", &["a"])];
    let stale = baseline.stale(&now);
    assert_eq!(stale.iter().map(|entry| entry.path.to_string()).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(baseline.remove_stale(&now), stale);
    assert_eq!(baseline.add(&now), 1);
    assert_eq!(baseline.add(&now), 0);
    let after = json(&baseline);
    let kept = before.lines().find(|line| line.contains("\"path\":\"b\"")).unwrap();
    assert!(after.lines().any(|line| line == kept.trim_end_matches(',')), "{after}");
    assert_eq!((baseline.len(), baseline.stale(&now)), (2, Vec::new()));
}

#[test]
fn a_place_that_is_allowed_is_not_written_and_is_stale() {
    let mut baseline = Baseline::new("public");
    baseline.add(&[finding("one", &["a"])]);
    let mut allowed = finding("one", &["a"]);
    allowed.locations[0].allowed = Some(Allowed { reason: "a test key".to_owned(), line: 1 });
    assert_eq!(Baseline::new("public").add(std::slice::from_ref(&allowed)), 0);
    assert_eq!(baseline.stale(&[allowed]).len(), 1);
}

#[test]
fn writing_replaces_the_whole_file_and_only_if_needed() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("b.json");
    let mut baseline = Baseline::new("public");
    assert!(baseline.write(&path).unwrap());
    assert!(!baseline.write(&path).unwrap(), "nothing changed");
    baseline.add(&[finding("one", &["a"])]);
    #[cfg(unix)]
    let mode = {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777
    };
    assert!(baseline.write(&path).unwrap());
    #[cfg(unix)]
    assert_eq!(mode(), 0o640);
    assert_eq!(Baseline::read(&path, "public").unwrap(), baseline);
    let names: Vec<_> =
        std::fs::read_dir(temp.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["b.json"], "no temporary file is left");
    let text = std::fs::read_to_string(&path).unwrap().replace('\n', "\r\n");
    assert_eq!(parse(&text).unwrap(), baseline, "line ends of Windows are fine");
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let temp = tempfile::tempdir().unwrap();
    let (real, link) = (temp.path().join("real.json"), temp.path().join("link.json"));
    std::fs::write(&real, "old").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    Baseline::new("public").write(&link).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(Baseline::read(&real, "public").unwrap().is_empty());
}

#[test]
fn what_cannot_be_used_is_told() {
    let temp = tempfile::tempdir().unwrap();
    let missing = Baseline::read(&temp.path().join("no.json"), "public").unwrap_err();
    assert!(missing.to_string().contains("does not exist; make it with `keytrail baseline`"), "{missing}");
    let folder = Baseline::read(temp.path(), "public").unwrap_err();
    assert!(folder.to_string().contains("cannot be read"), "{folder}");
    let unwritable = Baseline::new("public").write(&temp.path().join("no/b.json")).unwrap_err();
    assert!(unwritable.to_string().contains("cannot be written"), "{unwritable}");

    assert_eq!(
        error("{\"version\": 2, \"new\": []}"),
        "the baseline b.json has version 2, and this keytrail reads version 1; update keytrail, or make it again \
         with `keytrail baseline`"
    );
    let other = FingerprintKey::from_user(b"some words to serve as a key");
    let text = json(&Baseline::new(other.id()));
    let message = error(&text);
    assert!(message.contains(&format!("made with the fingerprint key {}", other.id())), "{message}");
    assert!(message.ends_with("set KEYTRAIL_KEY (or `key-env` or `key-file`) to that key"), "{message}");
}

#[test]
fn a_malformed_file_is_told_with_its_line_and_without_its_values() {
    let mut baseline = Baseline::new("public");
    baseline.add(&[finding("one", &["a"]), finding("two", &["a"])]);
    let good = json(&baseline);
    let broken = |from: &str, to: &str| error(&good.replacen(from, to, 1));
    let message = broken("\"}\n  ]", "\"\n  ]");
    assert!(message.starts_with("b.json:8:3: not a baseline: not valid JSON; "), "{message}");
    let message = broken("    {", "<<<<<<< ours\n    {");
    assert!(
        message.starts_with("b.json:6:1: not a baseline: a merge conflict is left in it; keep"),
        "{message}"
    );
    let message = broken("\"path\"", "\"lane\"");
    assert!(message.contains("b.json:6:") && message.contains("an entry with a key other than"), "{message}");
    let message = broken(",\"path\":\"a\"", "");
    assert!(
        message.contains("b.json:6:") && message.contains("and one of `path` and `path-base64`"),
        "{message}"
    );
    let message = broken("\"path\":\"a\"", "\"path-base64\":\"*\"");
    assert!(message.contains("is not Base64"), "{message}");
    let message = broken("\"fingerprint\":\"", "\"fingerprint\":\"0");
    assert!(message.contains("b.json:6:"), "{message}");
    assert!(message.contains("32 hexadecimal digits"), "{message}");
    let message = broken("\"tool\"", "\"fool\"");
    assert!(message.contains("b.json:3:") && message.contains("does not belong here"), "{message}");
    let message = broken("\"key-id\": \"public\",", "");
    assert!(message.contains("missing field `key-id`"), "{message}");

    let value = ["hush", "hush"].concat();
    for text in [format!("{{\"version\": \"{value}\"}}"), format!("{value}=1"), format!("[\"{value}\"]")] {
        let message = error(&text);
        assert!(!message.contains(&value), "{message}");
    }
}
