//! Exit codes: what passes, what does not, and what is told when something could not be read.

use crate::common::Repo;
use crate::{filled, keytrail, leaky, run, scan, token};

#[test]
fn clean_is_zero_and_says_so_in_one_line() {
    let repo = Repo::init();
    repo.write("a.txt", "nothing here\n");
    insta::assert_snapshot!(scan(repo.path(), &[]).told());
}

#[test]
fn findings_are_one() {
    insta::assert_snapshot!(scan(leaky().path(), &[]).told());
}

#[test]
fn fail_on_draws_the_line() {
    let repo = leaky();
    assert_eq!(scan(repo.path(), &["--fail-on", "critical"]).code, 1);
    assert_eq!(scan(repo.path(), &["--fail-on", "never"]).code, 0);
    let folder = Repo::folder();
    folder.write("a.env", format!("password = \"{}\"\n", filled("{{password 16}}", 1)));
    assert_eq!(scan(folder.path(), &["."]).code, 1);
    assert_eq!(scan(folder.path(), &[".", "--fail-on", "critical"]).code, 0);
    assert_eq!(scan(folder.path(), &[".", "--confidence", "high"]).code, 0);
}

#[test]
fn wrong_usage_is_two() {
    let repo = Repo::init();
    for arguments in [
        &["--no-such-flag"][..],
        &["gone"],
        &["--staged", "--history"],
        &["--confidence", "hihg"],
        &["-f", "sraif"],
        &["-f", "json", "-f", "terminal"],
        &["-f", "json=no/such/folder/out.json"],
        &["--rev", "gone"],
        &["--range", "gone"],
        &["--baseline", "gone.json"],
        &["--rules", "gone.toml"],
        &["--config", "gone.toml"],
    ] {
        let ran = scan(repo.path(), arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.told());
        assert!(!ran.err.trim().is_empty(), "{arguments:?}");
        assert!(!ran.err.contains("panicked"), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn outside_a_repository_there_is_no_index_and_no_history() {
    let folder = Repo::folder();
    for flag in ["--staged", "--history"] {
        let ran = scan(folder.path(), &[flag]);
        assert!(matches!(ran.code, 2 | 3), "{}", ran.told());
        assert!(ran.err.contains("repository"), "{}", ran.told());
    }
}

#[test]
fn a_missing_object_makes_history_incomplete() {
    let repo = Repo::init();
    repo.write("a.txt", "a\n");
    repo.write("b.txt", "b\n");
    repo.commit("Add files");
    let blob = repo.git(&["rev-parse", "HEAD:b.txt"]);
    repo.lose(&blob);
    let ran = scan(repo.path(), &["--history"]);
    assert_eq!(ran.code, 3, "{}", ran.told());
    assert!(ran.out.contains(&blob), "{}", ran.told());
    let ran = scan(repo.path(), &["--history", "--allow-incomplete"]);
    assert_eq!(ran.code, 0, "{}", ran.told());
    assert!(ran.out.contains(&blob), "{}", ran.told());
    let ran = scan(repo.path(), &["--history", "-f", "sarif=out.sarif"]);
    assert_eq!(ran.code, 3, "{}", ran.told());
    assert!(ran.err.contains(&blob), "{}", ran.told());
}

#[test]
fn a_shallow_clone_is_not_all_of_history() {
    let repo = leaky();
    repo.write("b.txt", "b\n");
    repo.commit("Add b");
    let shallow = Repo::clone_of(&repo, &["--depth", "1"]);
    let ran = scan(shallow.path(), &["--history", "--fail-on", "never"]);
    assert_eq!(ran.code, 3, "{}", ran.told());
    assert!(ran.out.contains("unshallow"), "{}", ran.told());
}

#[test]
fn a_file_over_the_limit_is_told() {
    let repo = Repo::init();
    repo.write("big.txt", "x".repeat(3000));
    let ran = scan(repo.path(), &["--max-file-size", "2KB"]);
    assert_eq!(ran.code, 3, "{}", ran.told());
    assert!(ran.out.contains("big.txt"), "{}", ran.told());
}

#[test]
fn an_index_that_cannot_be_read_is_no_pass() {
    let repo = leaky();
    std::fs::write(repo.path().join(".git/index"), b"DIRC\0\0\0\x02nonsense").unwrap();
    let ran = scan(repo.path(), &["--staged"]);
    assert_eq!(ran.code, 3, "{}", ran.told());
    assert!(ran.err.contains("index"), "{}", ran.told());
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let repo = leaky();
    let mut child = keytrail(repo.path(), &["scan"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_nested_repository_is_told_and_scanned_when_asked_for() {
    let repo = Repo::init();
    repo.write("a.txt", "a\n");
    repo.commit("Add a");
    repo.git(&["init", "-q", "inner"]);
    repo.write("inner/t.txt", format!("{}\n", token(3)));
    let ran = scan(repo.path(), &[]);
    assert_eq!(ran.code, 0, "{}", ran.told());
    assert!(ran.out.contains("inner"), "{}", ran.told());
    assert_eq!(scan(repo.path(), &["--nested"]).code, 1);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let repo = Repo::init();
    for n in 0..60 {
        repo.write(format!("d{}/f{n}.py", n % 7), format!("t = '{}'\nu = '{}'\n", token(n % 20), token(n)));
    }
    repo.commit("Add many");
    for flags in [&["-f", "json"][..], &["-f", "json", "--history"], &["-f", "sarif"]] {
        let outputs: Vec<String> = ["1", "2", "7"]
            .iter()
            .map(|threads| {
                let mut all = vec!["scan", "--threads", threads];
                all.extend(flags);
                run(&mut keytrail(repo.path(), &all)).out
            })
            .collect();
        assert!(outputs.iter().all(|output| output == &outputs[0]), "{flags:?}");
    }
}
