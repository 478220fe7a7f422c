//! Ranges, single revisions and new commits.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Gathered, Repo, gather, try_gather};
use keytrail::coverage::Gap;
use keytrail::origin::{OriginKind, RepoPath};
use keytrail::source::SourceError;
use keytrail::source::container::Limits;
use keytrail::source::revision::{NewCommits, Revisions, Selection};

fn part(repo: &Repo, what: Selection) -> Revisions<'static> {
    Revisions { path: Some(repo.path().to_owned()), what, filter: None, containers: Limits::default() }
}

fn range(repo: &Repo, text: &str) -> Gathered {
    gather(&part(repo, Selection::Range(text.to_owned())))
}

fn since(repo: &Repo, text: &str) -> Result<Gathered, SourceError> {
    try_gather(&part(repo, Selection::Since(text.to_owned())))
}

fn rev(repo: &Repo, text: &str) -> Gathered {
    gather(&part(repo, Selection::Rev(text.to_owned())))
}

/// `path: added lines` of the files, in the order of the commits.
fn added(found: &Gathered) -> Vec<String> {
    let mut blobs = found.of(OriginKind::Blob);
    blobs.sort_by_key(|seen| seen.origin.order);
    blobs.iter().map(|seen| format!("{}: {}", seen.path, seen.added_text().join("|"))).collect()
}

fn messages(found: &Gathered) -> Vec<String> {
    let mut messages = found.of(OriginKind::CommitMessage);
    messages.sort_by_key(|seen| seen.origin.order);
    messages.iter().map(|seen| seen.text.trim_end().to_owned()).collect()
}

#[test]
fn each_commit_brings_its_own_lines_even_if_a_later_one_takes_them_away() {
    let repo = Repo::init();
    repo.write("a", "1\n").commit("first");
    let second = repo.write("a", "1\nleak\n").write("b c", "new\n").commit("second\n\nwith a body");
    repo.write("a", "1\n").commit("third");
    repo.write("a", "1\n4\n").commit("fourth");
    let found = range(&repo, "HEAD~3..HEAD").whole();
    assert_eq!(added(&found), ["a: leak", "b c: new", "a: 4"]);
    assert_eq!(messages(&found), ["second\n\nwith a body", "third", "fourth"]);
    assert_eq!(found.report.commits, 3);
    let leak = found.with("leak");
    let commit = leak.origin.commit.as_ref().unwrap();
    assert_eq!((commit.id.as_str(), commit.author.as_str()), (second.as_str(), "A U Thor"));
    assert_eq!((commit.summary.as_str(), commit.offset_minutes), ("second", 60));
    assert_eq!((leak.origin.order, leak.origin.in_head), (0, None));
    assert_eq!(added(&range(&repo, "HEAD~1..").whole()), ["a: 4"]);
    assert_eq!(added(&range(&repo, "..HEAD~1").whole()), [""; 0]);
}

#[test]
fn the_first_commit_adds_everything() {
    let repo = Repo::init();
    repo.write("a", "1\n").commit("first");
    repo.git(&["checkout", "-q", "--orphan", "other"]);
    repo.write("b", "2\n").commit("other");
    let found = range(&repo, "main..other").whole();
    assert_eq!(added(&found), ["a: 1", "b: 2"]);
    assert_eq!(added(&range(&repo, "main...other").whole()).len(), 3);
}

/// main: base, main change; topic: base, topic change, then main merged with a line of its own.
fn merged() -> Repo {
    let repo = Repo::init();
    repo.write("f", "1\n2\n3\n4\n5\n6\n7\n").commit("base");
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.write("f", "topic\n2\n3\n4\n5\n6\n7\n").commit("topic change");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("f", "1\n2\n3\n4\n5\n6\nmain\n").write("g", "main file\n").commit("main change");
    repo.git(&["checkout", "-q", "topic"]);
    repo.git(&["merge", "-q", "--no-commit", "main"]);
    repo.write("f", "topic\n2\n3\nevil\n5\n6\nmain\n").commit("merge");
    repo
}

#[test]
fn a_merge_adds_what_no_parent_has() {
    let repo = merged();
    assert_eq!(added(&range(&repo, "main..topic").whole()), ["f: topic", "f: evil"]);
    assert_eq!(added(&range(&repo, "topic~1..topic").whole()), ["f: main", "g: main file", "f: evil"]);
    let symmetric = range(&repo, "main...topic~1").whole();
    assert_eq!(messages(&symmetric), ["topic change", "main change"]);
}

#[test]
fn since_a_branch_point() {
    let repo = merged();
    assert_eq!(messages(&since(&repo, "main").unwrap().whole()), ["topic change", "merge"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.write("h", "later\n").commit("main again");
    repo.git(&["checkout", "-q", "topic"]);
    assert_eq!(messages(&since(&repo, "main").unwrap().whole()), ["topic change", "merge"]);
    repo.git(&["checkout", "-q", "--orphan", "alone"]);
    repo.commit("alone");
    let error = since(&repo, "main").unwrap_err();
    assert!(matches!(&error, SourceError::Usage(text) if text.contains("no commit in common")), "{error}");
}

#[test]
fn a_shallow_clone_says_so() {
    let repo = merged();
    let clone = Repo::clone_of(&repo, &["--depth=1", "--no-single-branch"]);
    let error = since(&clone, "origin/main").unwrap_err();
    assert!(matches!(&error, SourceError::Unreadable(text) if text.contains("--unshallow")), "{error}");
    let found = range(&clone, "origin/main..HEAD");
    assert_eq!(found.gaps(), [Gap::Shallow]);
    assert!(found.has("evil"));
    let error = try_gather(&part(&clone, Selection::Range("HEAD~1..HEAD".to_owned()))).unwrap_err();
    assert!(matches!(&error, SourceError::Usage(text) if text.contains("shallow")), "{error}");
}

#[test]
fn a_rename_adds_only_what_changes() {
    let repo = Repo::init();
    let lines = (0..40).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat();
    repo.write("old", &lines).commit("first");
    repo.git(&["mv", "old", "new"]);
    repo.write("new", format!("{lines}more\n")).commit("second");
    repo.git(&["mv", "new", "newer"]);
    repo.commit("third");
    assert_eq!(added(&range(&repo, "HEAD~2..HEAD").whole()), ["new: more"]);
}

#[test]
fn revisions_that_make_no_sense_are_named() {
    let repo = merged();
    for (text, part_of_error) in [
        ("nope..HEAD", "`nope`"),
        ("HEAD..nope", "`nope`"),
        ("HEAD", "A..B"),
        ("..", "A..B"),
        ("...", "A..B"),
        ("main:g..HEAD", "`main:g`"),
    ] {
        let error = try_gather(&part(&repo, Selection::Range(text.to_owned()))).unwrap_err();
        assert!(
            matches!(&error, SourceError::Usage(said) if said.contains(part_of_error)),
            "{text}: {error}"
        );
    }
    assert!(matches!(since(&repo, "nope").unwrap_err(), SourceError::Usage(_)));
    let error = try_gather(&part(&repo, Selection::Rev("nope".to_owned()))).unwrap_err();
    assert!(matches!(error, SourceError::Usage(said) if said.contains("`nope`")));
}

#[test]
fn one_revision_whole() {
    let repo = Repo::init();
    repo.write("a/b/c", "deep").write("top", "top").commit("first");
    let id = repo.write("top", "changed").write("gone", "x").commit("second");
    repo.git(&["tag", "-a", "-m", "tagged", "v1"]);
    repo.git(&["rm", "-q", "gone"]);
    repo.commit("third");
    let found = rev(&repo, "v1").whole();
    assert_eq!(found.paths(), ["a/b/c", "gone", "top"]);
    assert_eq!((found.at("a/b/c").commit(), &found.at("top").added), (id.as_str(), &None));
    assert_eq!(rev(&repo, "HEAD:a/").whole().paths(), ["a/b/c"]);
    assert_eq!(rev(&repo, "HEAD:a/b/c").whole().at("a/b/c").text, "deep");
    assert_eq!(rev(&repo, &repo.git(&["rev-parse", "HEAD^{tree}"])).whole().paths(), ["a/b/c", "top"]);
    let filter = |path: &RepoPath, _: bool| path.as_bytes() != b"a/b";
    let filtered = Revisions { filter: Some(&filter), ..part(&repo, Selection::Rev("HEAD".to_owned())) };
    assert_eq!(gather(&filtered).whole().paths(), ["top"]);
    let tree = repo.git(&["rev-parse", "HEAD:a/b"]);
    repo.lose(&tree);
    let found = rev(&repo, "HEAD");
    assert_eq!((found.paths(), found.gaps()), (vec!["top"], vec![Gap::MissingObject]));
    assert!(found.report.left_out[0].what.contains(&tree));
}

#[test]
fn objects_that_are_not_there_are_told() {
    let repo = Repo::init();
    repo.write("a", "1\n").write("sub/x", "x\n").commit("first");
    repo.write("a", "1\n2\n").commit("second");
    repo.write("b", "3\n").commit("third");
    let first = repo.git(&["rev-parse", "HEAD~2:a"]);
    let middle = repo.git(&["rev-parse", "HEAD~1"]);
    let last = repo.git(&["rev-parse", "HEAD:b"]);
    repo.lose(&first);
    let found = range(&repo, "HEAD~2..HEAD").whole();
    // Without the version before, all lines count.
    assert_eq!(added(&found), ["a: 1|2", "b: 3"]);
    assert!(found.report.notices[0].contains(&first));
    repo.lose(&last);
    let found = range(&repo, "HEAD~2..HEAD");
    assert_eq!((added(&found).len(), found.gaps()), (1, vec![Gap::MissingObject]));
    let head = repo.git(&["rev-parse", "HEAD"]);
    let known = repo.git(&["rev-parse", "HEAD~2"]);
    repo.lose(&middle);
    let new = NewCommits { tips: vec![head], known: vec![known], known_refs: Vec::new() };
    let found = gather(&part(&repo, Selection::New(new)));
    assert!(found.report.left_out.iter().any(|item| item.what.contains(&middle)));
    assert_eq!(messages(&found), ["third"]);
}

#[test]
fn new_commits_are_those_that_no_known_ref_reaches() {
    let repo = merged();
    let tip = repo.git(&["rev-parse", "topic"]);
    let zeros = "0".repeat(40);
    let new = |tips: &[&str], known: &[&str], known_refs: &[&str]| {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        let new = NewCommits { tips: owned(tips), known: owned(known), known_refs: owned(known_refs) };
        try_gather(&part(&repo, Selection::New(new)))
    };
    assert_eq!(new(&[&tip, &zeros], &[], &["refs/*"]).unwrap().whole().documents.len(), 0);
    let main =
        new(&[&tip], &[&zeros, &"ab".repeat(20)], &["refs/heads/main", "refs/remotes/x/*"]).unwrap().whole();
    assert_eq!(messages(&main), ["topic change", "merge"]);
    assert_eq!(
        messages(&new(&[&tip], &[&repo.git(&["rev-parse", "topic~1"])], &[]).unwrap().whole()),
        ["main change", "merge"]
    );
    assert!(
        matches!(new(&["main"], &[], &[]).unwrap_err(), SourceError::Usage(text) if text.contains("`main`"))
    );
    assert_eq!(new(&[&"ab".repeat(20)], &[], &[]).unwrap().gaps(), [Gap::MissingObject]);
}

#[test]
fn a_tag_of_a_tag_of_a_tree_that_is_pushed() {
    let repo = Repo::init_with(&["--object-format=sha256"]);
    repo.write("dir/file", "in the tree\n").commit("first");
    repo.git(&["tag", "-a", "-m", "inner words", "inner", "HEAD:dir"]);
    repo.git(&["tag", "-a", "-m", "outer words", "outer", "inner"]);
    let tips = vec![repo.git(&["rev-parse", "outer"])];
    let new = NewCommits { tips, known: Vec::new(), known_refs: vec!["refs/heads/*".to_owned()] };
    let found = gather(&part(&repo, Selection::New(new))).whole();
    assert_eq!(found.of(OriginKind::TagMessage).len(), 2);
    assert_eq!(found.at("file").text, "in the tree\n");
    assert_eq!(found.with("outer words").origin.commit.as_ref().unwrap().summary, "outer words");
}

#[test]
fn a_submodule_is_told_and_the_result_is_the_same_every_time() {
    let repo = Repo::init();
    let library = Repo::init();
    library.write("lib.c", "lib").commit("lib");
    for n in 0..60 {
        repo.write(format!("f{}", n % 7), format!("{n}\n").repeat(n + 1)).commit(&format!("commit {n}"));
    }
    let url = format!("file://{}", library.path().display());
    repo.git(&["submodule", "--quiet", "add", &url, "sub"]);
    repo.commit("with a submodule");
    let once = range(&repo, "HEAD~50..HEAD").whole();
    assert!(once.report.notices[0].starts_with("sub: "));
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let again = pool.install(|| range(&repo, "HEAD~50..HEAD"));
        assert_eq!(format!("{again:?}"), format!("{once:?}"));
    }
}
