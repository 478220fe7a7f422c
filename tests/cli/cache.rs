//! What a scan of history keeps for the next one.

use crate::common::Repo;
use crate::{found, leaky, run, scan, token};
use std::fs;
use std::path::PathBuf;

/// The files of the cache, sorted.
fn kept(repo: &Repo) -> Vec<PathBuf> {
    let folder = fs::read_dir(repo.path().join(".git/keytrail")).into_iter().flatten().flatten();
    let mut files: Vec<_> = folder.map(|file| file.path()).collect();
    files.sort();
    files
}

fn report(repo: &Repo, more: &[&str]) -> serde_json::Value {
    let ran = scan(repo.path(), &[&["--history", "--format", "json"], more].concat());
    let mut report: serde_json::Value = serde_json::from_str(&ran.out).expect("the report is JSON");
    report["elapsed_ms"].take();
    report
}

#[test]
fn a_second_scan_tells_the_same_and_a_new_commit_is_seen() {
    let repo = leaky();
    let first = report(&repo, &[]);
    assert_eq!(kept(&repo).len(), 2, "blobs and report");
    assert_eq!(report(&repo, &[]), first);
    assert_eq!(report(&repo, &["--no-cache"]), first);
    assert_eq!(report(&repo, &["--no-delta"]), first);
    repo.write("new.py", format!("t = '{}'\n", token(5))).commit("more");
    assert_eq!(
        found(repo.path(), &["--history"]).len(),
        found(repo.path(), &["--history", "--no-cache"]).len()
    );
    let (with, without) = (report(&repo, &[]), report(&repo, &["--no-cache"]));
    assert_eq!(with, without);
    assert_ne!(with, first);
    repo.git(&["gc", "-q"]);
    assert_eq!(report(&repo, &[]), without);
}

#[test]
fn a_ref_that_goes_and_other_settings_are_noticed() {
    let repo = leaky();
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.write("side.py", format!("t = '{}'\n", token(6))).commit("side");
    repo.git(&["checkout", "-q", "main"]);
    let before = report(&repo, &[]);
    repo.git(&["branch", "-q", "-D", "side"]);
    let after = report(&repo, &[]);
    assert_ne!(before, after, "what was on the branch is reached by nothing now");
    assert_eq!(after, report(&repo, &["--no-cache"]));
    let all = report(&repo, &["--confidence", "low"]);
    assert_eq!(all, report(&repo, &["--confidence", "low", "--no-cache"]));
}

#[test]
fn no_secret_is_kept_and_a_damaged_file_is_passed_over() {
    let repo = leaky();
    let secret = token(7);
    repo.write("a.py", format!("t = '{secret}' # keytrail:allow github-pat-classic -- was {secret}\n"))
        .commit("a");
    let first = report(&repo, &[]);
    for file in kept(&repo) {
        let bytes = fs::read(&file).unwrap();
        assert!(memchr_find(&bytes, secret.as_bytes()).is_none(), "{}", file.display());
        for damaged in [&bytes[..bytes.len() / 2], b"", b"keytrail cache 9\n"] {
            fs::write(&file, damaged).unwrap();
            assert_eq!(report(&repo, &[]), first);
        }
        let mut flipped = bytes.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        fs::write(&file, flipped).unwrap();
        assert_eq!(report(&repo, &[]), first);
    }
    let shown = run(&mut crate::keytrail(repo.path(), &["scan", "--history", "--show-secrets"]));
    assert!(shown.out.contains(&secret) || shown.out.contains(&token(1)), "{}", shown.told());
}

fn memchr_find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[test]
fn a_folder_that_cannot_be_written_to_is_no_error() {
    let repo = leaky();
    fs::write(repo.path().join(".git/keytrail"), "a file").unwrap();
    assert_eq!(report(&repo, &[]), report(&repo, &["--no-cache"]));
}
