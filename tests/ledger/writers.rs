//! Several writers at once.

use crate::common::Repo;
use crate::{ledger, program, with_ledger};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;

/// Lets processes write at once and returns the numbers that they were told.
fn write_at_once(repo: &Repo, flags: &[&str], writers: u64, events: u64) -> Vec<u64> {
    let mut all = vec!["ledger", "append", "--lines"];
    all.extend(flags);
    let children: Vec<_> = (0..writers)
        .map(|writer| {
            let mut child = program(repo.path(), &all)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut input = child.stdin.take().unwrap();
            let feeding = std::thread::spawn(move || {
                for number in 0..events {
                    let event = format!("{{\"type\":\"test\",\"writer\":{writer},\"number\":{number}}}\n");
                    input.write_all(event.as_bytes()).unwrap();
                }
            });
            (child, feeding)
        })
        .collect();
    let mut told = Vec::new();
    for (child, feeding) in children {
        feeding.join().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        told.extend(
            String::from_utf8(output.stdout).unwrap().lines().map(|line| line.parse::<u64>().unwrap()),
        );
    }
    told
}

fn check(repo: &Repo, flags: &[&str], writers: u64, events: u64) {
    let told = write_at_once(repo, flags, writers, events);
    let numbers: BTreeSet<u64> = told.iter().copied().collect();
    assert_eq!((told.len() as u64, numbers), (writers * events, (1..=writers * events).collect()));
    let mut verify = vec!["verify"];
    verify.extend(flags);
    ledger(repo.path(), &verify);
    let mut log = vec!["log", "--json", "--type", "test"];
    log.extend(flags);
    let log = ledger(repo.path(), &log);
    let mut seen = vec![0; writers as usize];
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let writer = line["event"]["writer"].as_u64().unwrap() as usize;
        // Each writer's events are in the order in which it wrote them.
        assert_eq!(line["event"]["number"], seen[writer]);
        seen[writer] += 1;
    }
    assert_eq!(seen, vec![events; writers as usize]);
}

#[test]
fn writers_of_one_file_do_not_get_in_each_others_way() {
    check(&with_ledger(), &[], 3, 60);
}

#[test]
fn writers_of_one_ref_do_not_get_in_each_others_way() {
    let repo = Repo::init();
    ledger(repo.path(), &["init", "--git", "--origin", "example.org/ledger"]);
    // More than one piece has.
    check(&repo, &["--git"], 3, 100);
    let commits = repo.git(&["rev-list", "--count", "refs/keytrail/ledger"]);
    assert_eq!(commits, "301");
    let pieces = repo.git(&["ls-tree", "--name-only", "refs/keytrail/ledger:entries"]);
    assert_eq!(pieces, "000000000000.jsonl\n000000000256.jsonl");
    repo.git(&["fsck", "--strict"]);
}
