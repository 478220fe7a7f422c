//! Archives, through the program.

use crate::archive_files::{encrypted_zip, gz, pdf, seven_zip, sqlite, tar, zip};
use crate::common::Repo;
use crate::{filled, found, keytrail, leaky, run, run_with_input, scan, token};

fn env(seed: u64) -> Vec<u8> {
    format!("# settings\nTOKEN={}\n", token(seed)).into_bytes()
}

/// A jar in a tar.gz.
fn release(seed: u64) -> Vec<u8> {
    gz(&tar(&[("lib/app.jar", &zip(&[("conf/db.env", &env(seed))]))]))
}

const INSIDE: &str = "dist/app.tar.gz!/lib/app.jar!/conf/db.env:2 github-pat-classic";

#[test]
fn every_source_opens_archives() {
    let repo = leaky();
    repo.write("dist/app.tar.gz", release(2));
    repo.add();
    assert_eq!(found(repo.path(), &["--staged"]), [INSIDE]);
    assert_eq!(run(&mut keytrail(repo.path(), &["hook", "run", "pre-commit"])).code, 1);
    repo.commit("Add a release");
    let both = [INSIDE, "src/config.py:3 github-pat-classic"];
    assert_eq!(found(repo.path(), &[]), both);
    assert_eq!(found(repo.path(), &["--rev", "HEAD"]), both);
    assert_eq!(found(repo.path(), &["--history"]), both);
    assert_eq!(found(repo.path(), &["--range", "HEAD~1..HEAD"]), [INSIDE]);
    let mut stdin = keytrail(repo.path(), &["scan", "--stdin", "--stdin-path", "in.tgz"]);
    let ran = run_with_input(&mut stdin, &release(2));
    assert!(ran.out.contains("in.tgz!/lib/app.jar!/conf/db.env:2:7"), "{}", ran.told());
    // A changed archive counts whole.
    repo.write(
        "dist/app.tar.gz",
        gz(&tar(&[("new", b"x"), ("lib/app.jar", &zip(&[("conf/db.env", &env(2))]))])),
    );
    repo.add();
    assert_eq!(found(repo.path(), &["--staged"]), [INSIDE]);
}

#[test]
fn a_push_to_a_server_is_opened() {
    let repo = leaky();
    let bare = Repo::folder();
    bare.git(&["clone", "-q", "--bare", repo.path().to_str().unwrap(), "bare.git"]);
    let old = repo.git(&["rev-parse", "HEAD"]);
    repo.write("dist/app.tar.gz", release(3));
    let new = repo.commit("Add a release");
    let bare_path = bare.path().join("bare.git");
    repo.git(&["push", "-q", bare_path.to_str().unwrap(), "HEAD:refs/quarantine/x"]);
    bare.git(&["--git-dir=bare.git", "update-ref", "-d", "refs/quarantine/x"]);
    let mut hook = keytrail(&bare_path, &["hook", "run", "pre-receive"]);
    let ran = run_with_input(&mut hook, format!("{old} {new} refs/heads/main\n").as_bytes());
    assert_eq!(ran.code, 1, "{}", ran.told());
    assert!(ran.out.contains("dist/app.tar.gz!/lib/app.jar!/conf/db.env:2:7"), "{}", ran.told());
}

#[test]
fn what_cannot_be_read_is_told_and_the_exit_code_says_so() {
    let folder = Repo::folder();
    folder.write("locked.zip", encrypted_zip(&[("a.env", b"x"), ("b.env", b"y")]));
    folder.write("zeros.gz", gz(&vec![0; 9 << 20]));
    let cut = gz(&tar(&[("a", b"nothing"), ("b", b"of note")]));
    folder.write("cut.tar.gz", &cut[..cut.len() - 12]);
    let mut deep = b"nothing".to_vec();
    for _ in 0..3 {
        deep = zip(&[("inner.zip", &deep)]);
    }
    folder.write("deep.zip", deep);
    folder.write("keytrail.toml", "version = 1\n[scan]\nmax-archive-depth = 2\n");
    let ran = scan(folder.path(), &["."]);
    assert_eq!(ran.code, 3);
    insta::assert_snapshot!(ran.told());
    assert_eq!(scan(folder.path(), &[".", "--allow-incomplete"]).code, 0);
    assert_eq!(scan(folder.path(), &[".", "--max-archive-depth", "0"]).code, 0);
    let excluded = ["--exclude", "locked.zip!/*", "--exclude", "*.gz", "--max-archive-depth", "3"];
    assert_eq!(scan(folder.path(), &[&["."][..], &excluded].concat()).code, 0);
    assert_eq!(scan(folder.path(), &[".", "--max-archive-depth", "99"]).code, 2);
}

#[test]
fn globs_see_the_paths_inside() {
    let folder = Repo::folder();
    let files = [("node_modules/x/a.env", env(5)), ("src/b.env", env(6)), ("src/c.txt", env(7))];
    let files: Vec<_> = files.iter().map(|(name, data)| (*name, data.as_slice())).collect();
    folder.write("web.7z", seven_zip(&files));
    let at = |glob: &str| found(folder.path(), &[".", "--exclude", glob]).len();
    assert_eq!(at("nothing"), 3);
    assert_eq!(at("node_modules"), 2);
    assert_eq!(at("**/*.env"), 1);
    assert_eq!(at("web.7z!/src/**"), 1);
    assert_eq!(at("web.7z"), 0);
}

#[test]
fn documents_are_read_as_text() {
    let folder = Repo::folder();
    let password = filled("{{password 16}}", 8);
    folder.write("letter.pdf", pdf(&format!("the token {}", token(8))));
    folder.write("app.db", sqlite("password", &["", &password], None));
    let cell = format!(
        "{{\n \"cells\": [\n  {{\n   \"source\": [\n    \"import os\\n\",\n    \"password = \\\"{password}\\\"\\n\",\n    \
         \"t = \\\"{}\\\"  # keytrail:allow github-pat-classic -- an example\"\n   ]\n  }}\n ]\n}}\n",
        token(9)
    );
    folder.write("note.ipynb", cell);
    assert_eq!(
        found(folder.path(), &["."]),
        [
            "app.db!/t:2 generic-password",
            "letter.pdf:2 github-pat-classic",
            "note.ipynb:6 generic-password",
            "note.ipynb:7 github-pat-classic",
        ]
    );
    assert_eq!(found(folder.path(), &["note.ipynb"]).len(), 2);
}

#[test]
fn only_cells_that_a_change_touches_count() {
    let repo = Repo::init();
    let note = |lines: &[String]| {
        let lines: Vec<String> = lines.iter().map(|line| format!("    \"{line}\\n\"")).collect();
        format!("{{\n \"cells\": [\n  {{\n   \"source\": [\n{}\n   ]\n  }}\n ]\n}}\n", lines.join(",\n"))
    };
    let old = format!("a = \\\"{}\\\"", token(10));
    repo.write("n.ipynb", note(std::slice::from_ref(&old)));
    repo.commit("Add a notebook");
    repo.write("n.ipynb", note(&[old, format!("b = \\\"{}\\\"", token(11))]));
    repo.add();
    // The first cell's line changes with the comma behind it.
    assert_eq!(
        found(repo.path(), &["--staged"]).last().map(String::as_str),
        Some("n.ipynb:6 github-pat-classic")
    );
}

#[test]
fn strings_of_compiled_python_are_told_apart() {
    let folder = Repo::folder();
    let token = token(12);
    let mut pyc = b"\xcb\x0d\r\n\0\0\0\0\0\0\0\0\0\0\0\0\xe3\0\0\0\0".to_vec();
    pyc.push(0xda);
    pyc.push(token.len() as u8);
    pyc.extend(token.bytes());
    pyc.extend(b"N\xda\x08__main__");
    folder.write("m.pyc", pyc);
    assert_eq!(found(folder.path(), &["."]), ["m.pyc:2 github-pat-classic"]);
}
