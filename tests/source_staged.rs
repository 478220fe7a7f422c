//! What the next commit would contain.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Gathered, Repo, gather, try_gather};
use keytrail::coverage::Gap;
use keytrail::origin::{OriginKind, RepoPath};
use keytrail::source::SourceError;
use keytrail::source::staged::Staged;
use std::fs;
use std::path::Path;

fn staged(path: &Path) -> Staged<'static> {
    Staged { path: Some(path.to_owned()), ..Staged::default() }
}

fn scan(repo: &Repo) -> Gathered {
    gather(&staged(repo.path()))
}

const LINES: &str = "one\ntwo\nthree\nfour\nfive\nsix\n";

#[test]
fn the_staged_version_counts_and_only_its_new_lines() {
    let repo = Repo::init();
    repo.write("changed", LINES).write("same", LINES).write("gone", "x").write("cut", LINES).commit("first");
    repo.write("changed", LINES.replace("three", "THREE\nmore"))
        .write("cut", "one\ntwo\n")
        .write("new", "a\nb\n");
    fs::remove_file(repo.path().join("gone")).unwrap();
    repo.git(&["update-index", "--chmod=+x", "same"]);
    repo.add();
    repo.write("changed", "not staged").write("untracked", "x");
    let found = scan(&repo).whole();
    assert_eq!(found.paths(), ["changed", "new"]);
    let changed = found.at("changed");
    assert!(changed.text.starts_with("one\n") && changed.text.ends_with("six\n"));
    assert_eq!(changed.added_text(), ["THREE", "more"]);
    assert_eq!(found.at("new").added, None);
    assert_eq!(changed.origin.kind, OriginKind::Index);
    assert_eq!(changed.origin.blob.as_deref(), Some(repo.git(&["rev-parse", ":changed"]).as_str()));
}

#[test]
fn before_the_first_commit_everything_is_new() {
    let repo = Repo::init();
    assert_eq!(scan(&repo).whole().paths(), [""; 0]);
    repo.write("a b/.env", "x").add();
    let found = scan(&repo).whole();
    assert_eq!((found.paths(), &found.documents[0].added), (vec!["a b/.env"], &None));
}

#[test]
fn from_a_subfolder_all_is_seen_from_the_root() {
    let repo = Repo::init();
    repo.write("top", "x").write("sub/deep/file", "y").add();
    let found = gather(&staged(&repo.path().join("sub/deep"))).whole();
    assert_eq!(found.paths(), ["sub/deep/file", "top"]);
}

#[test]
fn a_linked_worktree_has_an_index_of_its_own() {
    let repo = Repo::init();
    repo.write("a", LINES).commit("first");
    let linked = repo.beside("linked tree");
    repo.git(&["worktree", "add", "-q", "-b", "linked", linked.to_str().unwrap()]);
    fs::write(linked.join("a"), format!("{LINES}here\n")).unwrap();
    repo.git(&["-C", linked.to_str().unwrap(), "add", "-A"]);
    repo.write("b", "there").add();
    assert_eq!(gather(&staged(&linked)).whole().at("a").added_text(), ["here"]);
    assert_eq!(scan(&repo).whole().paths(), ["b"]);
}

#[test]
fn in_a_merge_only_what_neither_side_has_is_new() {
    let repo = Repo::init();
    repo.write("both", LINES).commit("base");
    repo.git(&["checkout", "-q", "-b", "theirs"]);
    repo.write("both", LINES.replace("six", "their six")).write("their-file", "t\n").commit("theirs");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("both", LINES.replace("one", "our one")).write("our-file", "o\n").commit("ours");
    repo.git(&["merge", "-q", "--no-commit", "--no-ff", "theirs"]);
    assert_eq!(scan(&repo).whole().paths(), [""; 0]);
    let merged = fs::read_to_string(repo.path().join("both")).unwrap();
    repo.write("both", merged.replace("three", "evil")).write("their-file", "t\nevil too\n").add();
    let found = scan(&repo).whole();
    assert_eq!(found.paths(), ["both", "their-file"]);
    assert_eq!(found.at("both").added_text(), ["evil"]);
    assert_eq!(found.at("their-file").added_text(), ["evil too"]);
}

#[test]
fn conflicts_are_told() {
    let repo = Repo::init();
    repo.write("a b", "base\n").commit("base");
    repo.git(&["checkout", "-q", "-b", "theirs"]);
    repo.write("a b", "theirs\n").commit("theirs");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("a b", "ours\n").commit("ours");
    repo.try_git(&["merge", "-q", "theirs"]).unwrap_err();
    let found = scan(&repo);
    assert_eq!(found.gaps(), [Gap::Conflict]);
    assert_eq!(found.report.left_out[0].what, "a b");
}

#[test]
fn after_a_rename_only_changed_lines_count() {
    let repo = Repo::init();
    repo.write("old", LINES.repeat(5)).write("moved", "exactly the same\nlines\n").commit("first");
    repo.git(&["mv", "old", "dir with space"]);
    repo.git(&["mv", "moved", "elsewhere"]);
    repo.write("dir with space", format!("{}new line\n", LINES.repeat(5))).add();
    let found = scan(&repo).whole();
    assert_eq!(found.paths(), ["dir with space"]);
    assert_eq!(found.documents[0].added_text(), ["new line"]);
    repo.commit("moved");
    // A copy is a new place, so all of it counts.
    repo.write("copy", LINES.repeat(5)).add();
    assert_eq!(scan(&repo).whole().at("copy").added, None);
}

#[test]
fn line_endings_are_those_of_the_index() {
    let repo = Repo::init();
    repo.git(&["config", "core.autocrlf", "true"]);
    repo.write("a.txt", "one\r\ntwo\r\n").commit("first");
    repo.write("a.txt", "one\r\ntwo\r\nthree\r\n").add();
    let found = scan(&repo).whole();
    assert_eq!(found.at("a.txt").text, "one\ntwo\nthree\n");
    assert_eq!(found.at("a.txt").added_text(), ["three"]);
}

#[test]
fn an_intent_to_add_is_not_in_the_next_commit() {
    let repo = Repo::init();
    repo.write("a", "a").commit("first");
    repo.write("intended", "secret").write("staged", "x");
    repo.git(&["add", "-N", "intended"]);
    repo.git(&["add", "staged"]);
    assert_eq!(scan(&repo).whole().paths(), ["staged"]);
}

#[test]
fn an_index_that_cannot_be_read_is_an_error_that_says_what_to_do() {
    let fails = |repo: &Repo| match try_gather(&staged(repo.path())) {
        Err(SourceError::Unreadable(text)) => text,
        other => panic!("{other:?}"),
    };
    let repo = Repo::init();
    repo.write("a", "a").write("sub/b", "b").write("other/c", "c").commit("first");
    repo.git(&["update-index", "--split-index"]);
    assert!(fails(&repo).contains("git update-index --no-split-index"));
    repo.git(&["update-index", "--no-split-index"]);
    repo.write("d", "d").add();
    assert_eq!(scan(&repo).whole().paths(), ["d"]);
    repo.git(&["config", "index.skipHash", "true"]);
    repo.git(&["update-index", "--force-write-index"]);
    assert_eq!(scan(&repo).whole().paths(), ["d"]);
    repo.commit("second");
    repo.git(&["sparse-checkout", "init", "--cone", "--sparse-index"]);
    repo.git(&["sparse-checkout", "set", "sub"]);
    assert!(fails(&repo).contains("--no-sparse-index"));
    let index = repo.path().join(".git/index");
    let mut bytes = fs::read(&index).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(&index, bytes).unwrap();
    assert!(fails(&repo).contains("git reset"));
    fs::write(&index, b"").unwrap();
    fails(&repo);
}

#[test]
fn a_missing_or_damaged_blob_is_told_and_the_rest_is_scanned() {
    let repo = Repo::init();
    repo.write("base", "base").commit("first");
    repo.write("lost", "lost").write("hurt", "hurt").write("fine", "fine").add();
    fs::remove_file(repo.path().join("base")).unwrap();
    repo.git(&["rm", "-q", "--cached", "base"]);
    let (lost, hurt) = (repo.git(&["rev-parse", ":lost"]), repo.git(&["rev-parse", ":hurt"]));
    repo.lose(&lost);
    fs::remove_file(repo.loose(&hurt)).unwrap();
    fs::write(repo.loose(&hurt), b"garbage").unwrap();
    let found = scan(&repo);
    assert_eq!(found.paths(), ["fine"]);
    assert_eq!(found.gaps(), [Gap::MissingObject, Gap::Corrupt]);
    assert!(found.report.left_out[0].what.contains(&lost) && found.report.left_out[0].why.contains("lost"));
    assert!(found.report.left_out[1].what.contains(&hurt));
}

#[test]
fn submodules_are_told_and_links_are_text() {
    let repo = Repo::init();
    let library = Repo::init();
    library.write("lib.c", "lib").commit("lib");
    let url = format!("file://{}", library.path().display());
    repo.git(&["submodule", "--quiet", "add", &url, "sub"]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("/where/it points", repo.path().join("link")).unwrap();
    repo.add();
    let found = scan(&repo).whole();
    assert!(found.report.notices.iter().any(|text| text.starts_with("sub: ")));
    assert!(found.paths().contains(&".gitmodules"));
    #[cfg(unix)]
    assert_eq!(found.at("link").text, "/where/it points");
}

#[test]
fn sha256_names_that_are_no_text_filters_and_many_files() {
    let repo = Repo::init_with(&["--object-format=sha256"]);
    repo.write("a", LINES).commit("first");
    repo.write("a", format!("{LINES}new\n"));
    for n in 0..100 {
        repo.write(format!("many/{n}"), format!("{n}"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        repo.write(std::ffi::OsStr::from_bytes(b"x \xff"), "odd");
    }
    repo.add();
    let found = scan(&repo).whole();
    assert_eq!(found.at("a").added_text(), ["new"]);
    assert_eq!(found.at("a").origin.blob.as_ref().unwrap().len(), 64);
    #[cfg(unix)]
    assert_eq!(found.with("odd").raw_path, b"x \xff");
    assert_eq!(found.documents.len(), 101 + usize::from(cfg!(unix)));
    let filter = |path: &RepoPath, _: bool| path.as_bytes() != b"many";
    let filtered = gather(&Staged { filter: Some(&filter), ..staged(repo.path()) });
    assert_eq!(filtered.documents.len(), 1 + usize::from(cfg!(unix)));
}

#[test]
fn utf16_and_large_files_count_by_line() {
    let repo = Repo::init();
    let utf16 = |text: &str| -> Vec<u8> {
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    let large = "a line of a large file\n".repeat(300_000);
    repo.write("wide", utf16("\u{a0a}\none\n")).write("large", &large).commit("first");
    repo.write("wide", utf16("\u{a0a}\none\ntwo\n")).write("large", format!("{large}new\n")).add();
    let found = scan(&repo).whole();
    assert_eq!(found.at("wide").added_text(), ["two"]);
    let stretches: Vec<_> = found.documents.iter().filter(|seen| seen.path == "large").collect();
    assert!(stretches.len() > 1);
    let last = 300_001..300_002;
    assert!(stretches.iter().all(|seen| seen.added.as_deref() == Some(std::slice::from_ref(&last))));
}

#[test]
fn no_repository_is_a_mistake_of_the_user_and_a_broken_one_is_not() {
    let folder = Repo::folder();
    let error = try_gather(&staged(folder.path())).unwrap_err();
    assert!(
        matches!(&error, SourceError::Usage(text) if text.contains("not in a git repository")),
        "{error}"
    );
    folder.write(".git/config", "");
    let error = try_gather(&staged(folder.path())).unwrap_err();
    assert!(matches!(&error, SourceError::Unreadable(text) if text.contains(".git")), "{error}");
    let error = try_gather(&staged(&folder.beside("nowhere"))).unwrap_err();
    assert!(matches!(error, SourceError::Usage(_)), "{error}");
}

#[test]
fn repositories_of_other_kinds_say_so() {
    let unreadable = |repo: &Repo| match try_gather(&staged(repo.path())) {
        Err(SourceError::Unreadable(text)) => text,
        other => panic!("{other:?}"),
    };
    if let Some(repo) = Repo::try_init(&["--ref-format=reftable"]) {
        assert!(unreadable(&repo).contains("reftable"));
    }
    let repo = Repo::init();
    let with = |core: &str| repo.write(".git/config", format!("[core]\n{core}\n"));
    with("repositoryformatversion = 1\n[extensions]\nfromTheFuture = true");
    assert!(unreadable(&repo).contains("fromthefuture"));
    with("repositoryformatversion = 1\n[extensions]\npartialClone = origin");
    assert!(unreadable(&repo).contains("git config --unset extensions.partialClone"));
    with("repositoryformatversion = 7");
    assert!(unreadable(&repo).contains("version"));
}

#[cfg(unix)]
#[test]
fn a_repository_of_someone_else_names_safe_directory() {
    let repo = Repo::init();
    repo.write("a", "a").add();
    // Only root can give files away, and git asks nothing where the test is not root.
    if std::os::unix::fs::chown(repo.path().join(".git"), Some(12_345), None).is_err()
        || std::os::unix::fs::chown(repo.path(), Some(12_345), None).is_err()
    {
        return;
    }
    let error = try_gather(&staged(repo.path())).unwrap_err();
    assert!(matches!(&error, SourceError::Unreadable(text) if text.contains("safe.directory")), "{error}");
}
