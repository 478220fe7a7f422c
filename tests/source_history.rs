//! All of history.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Gathered, Repo, gather, try_gather};
use keytrail::coverage::Gap;
use keytrail::history::History;
use keytrail::origin::{OriginKind, RepoPath};
use keytrail::source::SourceError;
use std::collections::BTreeSet;
use std::fs;

fn history(repo: &Repo) -> History<'static> {
    History { path: Some(repo.path().to_owned()), ..History::default() }
}

fn scan(repo: &Repo) -> Gathered {
    gather(&history(repo))
}

#[test]
fn every_version_once_with_the_commit_that_brought_it() {
    let repo = Repo::init();
    let first = repo.write("a", "one").write("b", "same").commit("first words\n\nbody");
    let second = repo.write("a", "two").write("copy of b", "same").commit("second");
    repo.write("a", "one").commit("back");
    fs::remove_file(repo.path().join("b")).unwrap();
    repo.commit("deleted");
    let found = scan(&repo).whole();
    assert_eq!((found.of(OriginKind::Blob).len(), found.of(OriginKind::CommitMessage).len()), (3, 4));
    assert_eq!((found.report.commits, found.report.documents), (4, 7));
    let (one, two, same) = (found.with("one"), found.with("two"), found.with("same"));
    assert_eq!((one.commit(), one.origin.in_head, one.origin.order), (first.as_str(), Some(true), 0));
    assert_eq!((two.commit(), two.origin.in_head, two.origin.order), (second.as_str(), Some(false), 1));
    assert_eq!((same.path.as_str(), same.commit(), same.origin.in_head), ("b", first.as_str(), Some(true)));
    assert_eq!(two.origin.blob.as_deref(), Some(repo.git(&["rev-parse", &format!("{second}:a")]).as_str()));
    let info = one.origin.commit.as_ref().unwrap();
    assert_eq!((info.author.as_str(), info.email.as_str()), ("A U Thor", "author@example.com"));
    assert_eq!((info.date().as_str(), info.summary.as_str()), ("2023-11-14T22:13:20Z", "first words"));
    assert_eq!(found.with("first words").text, "first words\n\nbody\n");
}

#[test]
fn everything_that_anything_reaches() {
    let repo = Repo::init();
    repo.write("f", "base").commit("base");
    repo.git(&["checkout", "-q", "-b", "branch"]);
    repo.write("f", "on a branch").commit("branch");
    repo.git(&["checkout", "-q", "--detach", "main"]);
    repo.write("f", "only detached").commit("detached");
    repo.write("f", "stashed first");
    repo.git(&["stash", "-q"]);
    repo.write("f", "stashed second").write("untracked", "stashed untracked");
    repo.git(&["stash", "-q", "-u"]);
    let blob = repo.git_with_input(&["hash-object", "-w", "--stdin"], b"a tagged blob");
    repo.git(&["tag", "of-blob", &blob]);
    let inner = repo.git_with_input(&["hash-object", "-w", "--stdin"], b"in a tagged tree");
    let tree = repo.git_with_input(&["mktree"], format!("100644 blob {inner}\tname in tree\n").as_bytes());
    repo.git(&["tag", "-a", "-m", "words on a tree", "of-tree", &tree]);
    repo.git(&["tag", "-a", "-m", "words on a tag", "of-tag", "of-tree"]);
    repo.git(&["notes", "add", "-m", "a note"]);
    let linked = repo.beside("linked");
    repo.git(&["worktree", "add", "-q", "--detach", linked.to_str().unwrap(), "main"]);
    fs::write(linked.join("f"), "in a worktree").unwrap();
    repo.git(&["-C", linked.to_str().unwrap(), "commit", "-q", "-a", "-m", "worktree"]);
    repo.git(&["-C", linked.to_str().unwrap(), "update-ref", "refs/bisect/bad", "HEAD"]);
    repo.git(&["-C", linked.to_str().unwrap(), "checkout", "-q", "main"]);
    repo.git(&["pack-refs", "--all"]);
    let expected = [
        "base",
        "on a branch",
        "only detached",
        "stashed first",
        "stashed second",
        "stashed untracked",
        "a tagged blob",
        "in a tagged tree",
        "words on a tree",
        "words on a tag",
        "a note",
        "in a worktree",
    ];
    for place in [repo.path().to_owned(), linked] {
        let found = gather(&History { path: Some(place), ..History::default() }).whole();
        for text in expected {
            assert!(found.has(text), "{text}");
        }
        assert_eq!(found.with("a tagged blob").path, "refs/tags/of-blob");
        assert_eq!(found.with("in a tagged tree").path, "name in tree");
        assert_eq!(found.of(OriginKind::TagMessage).len(), 2);
        let ids: BTreeSet<_> =
            found.of(OriginKind::Blob).iter().map(|seen| seen.origin.blob.clone()).collect();
        assert_eq!(ids.len(), found.of(OriginKind::Blob).len());
    }
}

#[test]
fn all_objects_that_git_lists() {
    let repo = Repo::init();
    for n in 0_u32..80 {
        repo.write(format!("d{}/e{}/f{}", n % 3, n % 5, n % 2), format!("content {}\n", n % 30).repeat(20));
        if n % 4 == 0 {
            repo.commit(&format!("commit {n}"));
        }
        if n % 16 == 0 {
            repo.git(&["branch", &format!("b{n}")]);
        }
    }
    repo.git(&["gc", "-q"]);
    let listed = repo.git(&[
        "rev-list",
        "--all",
        "--objects",
        "--filter=object:type=blob",
        "--filter-provided-objects",
    ]);
    let listed: BTreeSet<_> = listed.lines().filter_map(|line| line.get(..40)).map(str::to_owned).collect();
    let found = scan(&repo).whole();
    let ids: BTreeSet<_> =
        found.of(OriginKind::Blob).iter().filter_map(|seen| seen.origin.blob.clone()).collect();
    assert_eq!(ids, listed);
    for seen in found.of(OriginKind::Blob) {
        let log = repo.git(&[
            "log",
            "--all",
            "--reverse",
            "--format=%H",
            "--diff-filter=AM",
            &format!("--find-object={}", seen.origin.blob.as_ref().unwrap()),
        ]);
        assert_eq!(seen.commit(), log.lines().next().unwrap(), "{}", seen.path);
    }
    for threads in [1, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(format!("{:?}", pool.install(|| scan(&repo))), format!("{found:?}"));
    }
}

#[test]
fn a_secret_that_only_a_merge_has() {
    let repo = Repo::init();
    repo.write("f", "base").commit("base");
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.write("g", "side").commit("side");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("h", "main").commit("main");
    repo.git(&["merge", "-q", "--no-commit", "side"]);
    let merge = repo.write("evil", "only in the merge").commit("merge");
    fs::remove_file(repo.path().join("evil")).unwrap();
    repo.commit("clean");
    let found = scan(&repo).whole();
    let evil = found.with("only in the merge");
    assert_eq!((evil.commit(), evil.origin.in_head), (merge.as_str(), Some(false)));
}

#[test]
fn dates_do_not_matter_more_than_parents() {
    let repo = Repo::init();
    repo.write("f", "x").add();
    let first = repo.commit_at("first", 1_800_000_000);
    repo.write("g", "x").add();
    repo.commit_at("second", 1_600_000_000);
    assert_eq!(scan(&repo).whole().at("f").commit(), first);
}

#[test]
fn bare_sha256_and_empty_repositories() {
    let repo = Repo::init_with(&["--object-format=sha256"]);
    assert_eq!(scan(&repo).whole().documents.len(), 0);
    let id = repo.write("f", "words").commit("first");
    repo.write("f", "stashed");
    repo.git(&["stash", "-q"]);
    let found = scan(&repo).whole();
    assert!(found.has("stashed"));
    assert_eq!((found.with("words").commit(), found.with("words").commit().len()), (id.as_str(), 64));
    let bare = Repo::clone_of(&repo, &["--bare"]);
    let found = scan(&bare).whole();
    assert_eq!(found.with("words").origin.in_head, Some(true));
}

#[test]
fn a_shallow_clone_is_told() {
    let repo = Repo::init();
    for n in 0..4 {
        repo.write("f", format!("version {n}")).commit(&format!("commit {n}"));
    }
    let clone = Repo::clone_of(&repo, &["--depth=2"]);
    let found = scan(&clone);
    assert_eq!(found.gaps(), [Gap::Shallow]);
    let told = &found.report.left_out[0];
    assert!(
        told.why.contains("--unshallow") && told.why.contains(&repo.git(&["rev-parse", "HEAD~1"])),
        "{told}"
    );
    assert!(found.has("version 3") && found.has("version 2") && !found.has("version 1"));
}

#[test]
fn a_partial_clone_tells_each_missing_blob() {
    let repo = Repo::init();
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    repo.write("f", "old words").commit("first");
    let old = repo.git(&["rev-parse", "HEAD:f"]);
    repo.write("f", "new words").commit("second");
    let clone = Repo::clone_of(&repo, &["--filter=blob:none"]);
    let found = scan(&clone);
    assert_eq!(found.gaps(), [Gap::MissingObject]);
    let told = &found.report.left_out[0];
    assert!(
        told.what.contains(&old) && told.why.contains("partial clone") && told.why.contains(" f "),
        "{told}"
    );
    assert!(found.has("new words"));
    let treeless = Repo::clone_of(&repo, &["--filter=tree:0", "--no-checkout"]);
    let found = scan(&treeless);
    assert_eq!(found.gaps(), [Gap::MissingObject; 2]);
    assert_eq!(found.of(OriginKind::CommitMessage).len(), 2);
}

#[test]
fn lost_and_damaged_objects_are_told_and_the_rest_is_scanned() {
    let repo = Repo::init();
    repo.write("lost", "lost words")
        .write("sub/x", "in a lost tree")
        .write("fine", "fine words")
        .commit("first");
    repo.write("hurt", "hurt words").commit("second");
    repo.write("late", "late words").commit("third");
    let id = |text: &str| repo.git(&["rev-parse", text]);
    let (lost, hurt, tree, commit) = (id("HEAD:lost"), id("HEAD:hurt"), id("HEAD:sub"), id("HEAD~1"));
    repo.lose(&lost);
    repo.lose(&tree);
    fs::remove_file(repo.loose(&hurt)).unwrap();
    fs::write(repo.loose(&hurt), b"garbage").unwrap();
    let found = scan(&repo);
    let told = |found: &Gathered, id: &str| {
        found.report.left_out.iter().find(|item| item.what.contains(id)).map(|item| item.gap)
    };
    assert_eq!(found.report.left_out.len(), 3);
    assert_eq!(told(&found, &lost), Some(Gap::MissingObject));
    assert_eq!(told(&found, &tree), Some(Gap::MissingObject));
    assert_eq!(told(&found, &hurt), Some(Gap::Corrupt));
    assert!(found.has("fine words") && found.has("late words"));
    repo.lose(&commit);
    let found = scan(&repo);
    assert_eq!(told(&found, &commit), Some(Gap::MissingObject));
    assert!(found.has("fine words") && found.has("third"));
    repo.write(".git/refs/heads/broken", "nonsense\n")
        .write(".git/refs/heads/lost", format!("{}\n", "ab".repeat(20)));
    let found = scan(&repo);
    assert_eq!(told(&found, "refs/heads/broken"), Some(Gap::Corrupt));
    assert_eq!(told(&found, &"ab".repeat(20)), Some(Gap::MissingObject));
}

#[test]
fn a_damaged_pack_does_not_stop_the_rest() {
    let repo = Repo::init();
    repo.write("noise", "packed words that will be damaged").commit("first");
    repo.git(&["gc", "-q"]);
    let blob = repo.git(&["rev-parse", "HEAD:noise"]);
    repo.write("later", "loose words").commit("second");
    let index =
        fs::read_dir(repo.path().join(".git/objects/pack")).unwrap().flatten().map(|entry| entry.path());
    let pack = index.into_iter().find(|path| path.extension().is_some_and(|end| end == "pack")).unwrap();
    let listing = repo.git(&["verify-pack", "-v", pack.to_str().unwrap()]);
    let offset =
        listing.lines().find(|line| line.starts_with(&blob)).unwrap().split_whitespace().nth(4).unwrap();
    let mut bytes = fs::read(&pack).unwrap();
    let offset: usize = offset.parse().unwrap();
    bytes[offset + 6..offset + 16].fill(0xee);
    fs::remove_file(&pack).unwrap();
    fs::write(&pack, bytes).unwrap();
    let found = scan(&repo);
    assert_eq!(found.gaps(), [Gap::Corrupt]);
    assert!(found.report.left_out[0].what.contains(&blob));
    assert!(found.has("loose words"));
}

#[test]
fn replaced_and_grafted_objects_are_read_as_they_are() {
    let repo = Repo::init();
    repo.write("f", "first words").commit("first");
    let second = repo.write("f", "second words").commit("second");
    repo.write("f", "third words").commit("third");
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let other = repo.git(&["commit-tree", "-m", "replacement words", &tree]);
    repo.git(&["replace", &second, &other]);
    repo.write(".git/info/grafts", format!("{}\n", repo.git(&["rev-parse", "HEAD"])));
    let found = scan(&repo).whole();
    for text in ["first words", "second words", "third words", "replacement words"] {
        assert!(found.has(text), "{text}");
    }
}

#[test]
fn a_filter_leaves_out_a_path_and_not_what_is_elsewhere_too() {
    let repo = Repo::init();
    repo.write("vendor/lib/x", "vendored")
        .write("vendor/lib/y", "both places")
        .write("vendor/lib/sub/z", "deep")
        .commit("first");
    repo.write("own/y", "both places").write("own/sub/z", "deep").commit("second");
    let filter = |path: &RepoPath, folder: bool| !(folder && path.as_bytes() == b"vendor");
    let found = gather(&History { filter: Some(&filter), ..history(&repo) }).whole();
    let paths: Vec<_> = found.of(OriginKind::Blob).iter().map(|seen| seen.path.clone()).collect();
    assert_eq!(paths, ["own/sub/z", "own/y"]);
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_links_and_submodules() {
    use std::os::unix::ffi::OsStrExt;
    let repo = Repo::init();
    let library = Repo::init();
    library.write("lib.c", "lib").commit("lib");
    repo.git(&["submodule", "--quiet", "add", &format!("file://{}", library.path().display()), "sub"]);
    repo.write(std::ffi::OsStr::from_bytes(b"a b/\xff.env"), "odd name");
    std::os::unix::fs::symlink("to nowhere", repo.path().join("link")).unwrap();
    repo.commit("first");
    let found = scan(&repo).whole();
    assert_eq!(found.with("odd name").raw_path, b"a b/\xff.env");
    assert_eq!(found.at("link").text, "to nowhere");
    assert_eq!(found.report.notices.len(), 1);
}

#[test]
fn where_there_is_no_repository() {
    let folder = Repo::folder();
    assert!(matches!(try_gather(&history(&folder)).unwrap_err(), SourceError::Usage(_)));
    if let Some(repo) = Repo::try_init(&["--ref-format=reftable"]) {
        assert!(
            matches!(try_gather(&history(&repo)).unwrap_err(), SourceError::Unreadable(text) if text.contains("reftable"))
        );
    }
}

#[test]
fn large_blobs_come_in_stretches() {
    let repo = Repo::init();
    repo.write("large", "0123456789\n".repeat(900_000)).commit("first");
    let found = scan(&repo).whole();
    assert!(found.of(OriginKind::Blob).len() > 2);
    assert_eq!(found.report.documents, 2);
}

#[test]
fn an_object_that_is_not_what_its_id_says_cannot_lead_in_circles() {
    let repo = Repo::init();
    let id = repo.write("f", "words").write("d/x", "x").commit("first");
    repo.write("f", "more words").commit("second");
    // The first commit as its own parent, and a folder inside itself.
    let text =
        repo.git(&["cat-file", "commit", &id]).replacen("\nauthor", &format!("\nparent {id}\nauthor"), 1);
    let circle = repo.git_with_input(&["hash-object", "-w", "-t", "commit", "--stdin"], text.as_bytes());
    let folder = repo.git(&["rev-parse", "HEAD:d"]);
    let inside = repo.git_with_input(&["mktree"], format!("040000 tree {folder}\td\n").as_bytes());
    for (from, to) in [(&circle, &id), (&inside, &folder)] {
        fs::remove_file(repo.loose(to)).unwrap();
        fs::copy(repo.loose(from), repo.loose(to)).unwrap();
    }
    let keep = |_: &RepoPath, _: bool| true;
    let found = gather(&History { filter: Some(&keep), ..history(&repo) });
    assert_eq!(found.gaps(), [Gap::Corrupt; 2]);
    assert!(found.has("more words"));
}
