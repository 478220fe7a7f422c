//! Every kind of place, scanned through the program.

use crate::common::Repo;
use crate::{filled, found, keytrail, leaky, run, run_with_input, scan, token};

#[test]
fn files_of_a_repository_and_paths_relative_to_its_root() {
    let repo = leaky();
    repo.write(".gitignore", "ignored.py\n");
    repo.write("ignored.py", format!("t = '{}'\n", token(2)));
    repo.write("new file.env", format!("TOKEN={}\n", token(3)));
    let expected = ["new file.env:1 github-pat-classic", "src/config.py:3 github-pat-classic"];
    assert_eq!(found(repo.path(), &[]), expected);
    assert_eq!(found(&repo.path().join("src"), &[".."]), expected);
    assert_eq!(found(&repo.path().join("src"), &["config.py"]), expected[1..]);
}

#[test]
fn a_plain_folder_and_a_single_file() {
    let folder = Repo::folder();
    folder.write("sub/.env", format!("TOKEN={}\n", token(2)));
    assert_eq!(found(folder.path(), &["."]), ["sub/.env:1 github-pat-classic"]);
    assert_eq!(found(folder.path(), &["sub/.env"]), [".env:1 github-pat-classic"]);
}

#[cfg(unix)]
#[test]
fn odd_file_names_work() {
    use std::os::unix::ffi::OsStrExt;
    let repo = Repo::init();
    let name = std::ffi::OsStr::from_bytes(b"odd \xff name.txt");
    std::fs::write(repo.path().join(name), format!("t = '{}'\n", token(4))).unwrap();
    repo.commit("Add a file with an odd name");
    let expected = ["odd \\xff name.txt:1 github-pat-classic"];
    assert_eq!(found(repo.path(), &[]), expected);
    assert_eq!(found(repo.path(), &["--history"]), expected);
    repo.git(&["rm", "-q", "--cached", "."]);
    repo.add();
    let sarif = scan(repo.path(), &["-f", "sarif"]).out;
    assert!(sarif.contains("odd%20%FF%20name.txt"), "{sarif}");
}

#[test]
fn staged_counts_only_lines_that_the_change_adds() {
    let repo = leaky();
    repo.write("src/config.py", format!("import os\n\ntoken = \"{}\"\n\nx = 1\n", token(1)));
    repo.add();
    assert_eq!(found(repo.path(), &["--staged"]), [""; 0]);
    repo.write("src/other.py", format!("a = 1\nb = '{}'\n", token(5)));
    repo.add();
    // What is on disk does not matter.
    repo.write("src/other.py", "a = 1\n");
    assert_eq!(found(repo.path(), &["--staged"]), ["src/other.py:2 github-pat-classic"]);
}

#[test]
fn a_range_a_pull_request_and_a_revision() {
    let repo = leaky();
    repo.git(&["checkout", "-q", "-b", "work"]);
    repo.write("a.py", format!("t = '{}'\n", token(6)));
    repo.commit("Add a token");
    repo.write("a.py", "t = os.environ['T']\n");
    repo.commit("Take it out again");
    let expected = ["a.py:1 github-pat-classic"];
    assert_eq!(found(repo.path(), &["--range", "main..work"]), expected);
    assert_eq!(found(repo.path(), &["--since", "main"]), expected);
    assert_eq!(found(repo.path(), &["--rev", "HEAD"]), ["src/config.py:3 github-pat-classic"]);
    assert_eq!(found(repo.path(), &["--rev", "work~1"]).len(), 2);
    let wrong = scan(repo.path(), &["--since", "nowhere"]);
    assert_eq!((wrong.code, wrong.err.contains("nowhere")), (2, true), "{}", wrong.told());
}

#[test]
fn history_names_the_commit_that_brought_the_secret_in() {
    let repo = leaky();
    repo.write("src/config.py", format!("import os\n\n# later\ntoken = \"{}\"\n", token(1)));
    repo.commit("Move it down");
    repo.write("gone.txt", format!("password = \"{}\"\n", filled("{{password 16}}", 3)));
    repo.commit("Add a password");
    repo.git(&["rm", "-q", "gone.txt"]);
    repo.commit("Remove it");
    repo.commit(&format!("Use {} from now on", token(7)));
    let ran = scan(repo.path(), &["--history"]);
    insta::assert_snapshot!(ran.told());
}

#[test]
fn a_bare_repository_has_a_history_too() {
    let repo = leaky();
    let bare = Repo::folder();
    bare.git(&["clone", "-q", "--bare", repo.path().to_str().unwrap(), "bare.git"]);
    assert_eq!(found(bare.path(), &["--history", "bare.git"]), ["src/config.py:3 github-pat-classic"]);
}

#[test]
fn standard_input_and_commit_messages() {
    let repo = Repo::init();
    let mut command = keytrail(repo.path(), &["scan", "--stdin", "--stdin-path", "notes.txt"]);
    let ran = run_with_input(&mut command, format!("see {}\n", token(8)).as_bytes());
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("notes.txt:1:5"), "{}", ran.told());
    repo.write("MSG", format!("Fix it\n\nThe token is {}\n# {}\n", token(9), token(10)));
    let ran = run(&mut keytrail(repo.path(), &["scan", "--commit-msg", "MSG"]));
    assert_eq!(ran.code, 1);
    assert_eq!(ran.out.matches("github-pat-classic]").count(), 1, "{}", ran.told());
}

#[test]
fn text_in_utf_16_is_read() {
    let folder = Repo::folder();
    let text = format!("\u{feff}first\r\nkey=\"ü\" token = \"{}\"\r\n", token(11));
    folder.write("w.ps1", text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    let ran = scan(folder.path(), &["."]);
    assert!(ran.out.contains("w.ps1:2:18"), "{}", ran.told());
}

#[test]
fn one_endless_line_is_read_to_its_end() {
    let folder = Repo::folder();
    let mut text = "x ".repeat(6 << 20);
    text.push_str(&token(12));
    folder.write("data.json", text);
    assert_eq!(found(folder.path(), &["."]), ["data.json:1 github-pat-classic"]);
}

#[test]
fn a_binary_is_read_for_what_stands_by_itself() {
    let folder = Repo::folder();
    let password = filled("{{password 16}}", 5);
    let mut bytes = b"\x7fELF\0\0\0\x01".to_vec();
    bytes.extend(format!("\0{}\0password = \"{password}\"\0", token(13)).bytes());
    folder.write("program", bytes);
    let ran = scan(folder.path(), &["."]);
    assert!(
        ran.out.contains("github-pat-classic") && !ran.out.contains("generic-password"),
        "{}",
        ran.told()
    );
}
