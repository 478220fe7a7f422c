//! Repositories of unusual form, through every command that reads one.

use crate::common::Repo;
use crate::{found, keytrail, run, run_with_input, scan, token};
use std::ffi::OsStr;

const RULE: &str = "github-pat-classic";

#[test]
fn a_repository_with_sha_256() {
    let repo = Repo::init_with(&["--object-format=sha256"]);
    repo.write("a.py", format!("t = '{}'\n", token(1))).commit("Add a token");
    let expected = [format!("a.py:1 {RULE}")];
    assert_eq!(found(repo.path(), &["."]), expected);
    assert_eq!(found(repo.path(), &["--history"]), expected);
    assert_eq!(found(repo.path(), &["--rev", "HEAD"]), expected);
    assert_eq!(found(repo.path(), &["--staged"]), [""; 0]);
    repo.write("b.py", format!("t = '{}'\n", token(2))).add();
    assert_eq!(found(repo.path(), &["--staged"]), [format!("b.py:1 {RULE}")]);
    repo.commit("Add another");
    assert_eq!(found(repo.path(), &["--range", "HEAD~1..HEAD"]), [format!("b.py:1 {RULE}")]);
    let new = repo.git(&["rev-parse", "HEAD"]);
    assert_eq!(new.len(), 64);
    let old = repo.git(&["rev-parse", "HEAD~1"]);
    let line = format!("refs/heads/main {new} refs/heads/main {old}\n");
    let mut command = keytrail(repo.path(), &["hook", "run", "pre-push", "origin", "file:///nowhere"]);
    let ran = run_with_input(&mut command, line.as_bytes());
    assert!(ran.code == 1 && ran.out.contains("b.py:1:6") && !ran.out.contains("a.py"), "{}", ran.told());
}

#[test]
fn a_secret_that_only_a_merge_brought_in_and_that_is_gone() {
    let repo = Repo::init();
    repo.write("a.py", "a = 1\n").commit("Base");
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.write("b.py", "b = 1\n").commit("Side");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("c.py", "c = 1\n").commit("Main");
    repo.git(&["merge", "-q", "--no-commit", "--no-ff", "side"]);
    repo.write("evil.py", format!("t = '{}'\n", token(1)));
    let merge = repo.commit("Merge side");
    repo.git(&["rm", "-q", "evil.py"]);
    repo.commit("Remove it");
    assert_eq!(scan(repo.path(), &["."]).code, 0);
    let ran = scan(repo.path(), &["--history"]);
    assert_eq!(ran.code, 1, "{}", ran.told());
    assert!(ran.out.contains("evil.py:1:6") && ran.out.contains(&merge[..10]), "{}", ran.told());
    assert_eq!(found(repo.path(), &["--range", "HEAD~2..HEAD"]), [format!("evil.py:1 {RULE}")]);
}

/// A path that no text can hold, below a folder with a space (that of the repository has one, too).
#[cfg(unix)]
#[test]
fn every_command_takes_paths_with_spaces_and_bytes_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let bytes = |name: &'static [u8]| OsStr::from_bytes(name);
    let repo = Repo::init();
    let path = std::path::Path::new("a folder").join(bytes(b"caf\xe9 1.py"));
    repo.write(&path, format!("t = '{}'\n", token(1)));
    let expected = [format!("a folder/caf\\xe9 1.py:1 {RULE}")];
    repo.add();
    assert_eq!(found(repo.path(), &["--staged"]), expected);
    let hook = run(&mut keytrail(repo.path(), &["hook", "run", "pre-commit"]));
    assert!(hook.code == 1 && hook.out.contains("caf\\xe9 1.py:1:6"), "{}", hook.told());
    let first = repo.commit("Add it");
    repo.write(&path, format!("t = '{}'\nu = '{}'\n", token(1), token(2))).commit("Add more");
    let second = [format!("a folder/caf\\xe9 1.py:2 {RULE}")];
    let range = format!("{first}..HEAD");
    assert_eq!(found(repo.path(), &["--range", &range]), second);
    assert_eq!(found(repo.path(), &["--since", &first]), second);
    assert_eq!(found(repo.path(), &["--rev", &first]), expected);
    assert_eq!(found(repo.path(), &["--history"]).len(), 2);
    assert_eq!(found(repo.path(), &["a folder"]).len(), 2);
    let mut named = keytrail(repo.path(), &["scan", "-f", "csv"]);
    let named = run(named.arg(&path));
    assert!(named.code == 1 && named.out.contains("caf\\xe9 1.py"), "{}", named.told());

    // A folder that is not text itself, for the program's own files, too.
    let odd = repo.beside("x").with_file_name(bytes(b"odd \xff place"));
    std::fs::rename(repo.path(), &odd).unwrap();
    std::fs::create_dir(repo.path()).unwrap();
    assert_eq!(found(&odd, &["--history"]).len(), 2);
    assert_eq!(found(&odd, &["--staged"]), [""; 0]);
    assert_eq!(found(&odd, &["."]).len(), 2);
    let baseline = run(&mut keytrail(&odd, &["baseline"]));
    assert_eq!(baseline.code, 0, "{}", baseline.told());
    let install = run(&mut keytrail(&odd, &["hook", "install"]));
    assert_eq!(install.code, 0, "{}", install.told());
    let uninstall = run(&mut keytrail(&odd, &["hook", "uninstall"]));
    assert_eq!(uninstall.code, 0, "{}", uninstall.told());
    assert!(!odd.join(".git/hooks/pre-commit").exists());
}
