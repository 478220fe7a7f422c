//! The working tree and plain folders.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Gathered, Repo, gather, try_gather};
use keytrail::coverage::Gap;
use keytrail::origin::RepoPath;
use keytrail::source::SourceError;
use keytrail::source::tree::Tree;
use std::fs;
use std::path::PathBuf;

fn tree(paths: &[PathBuf]) -> Tree<'static> {
    Tree { paths: paths.to_vec(), ..Tree::default() }
}

fn scan(repo: &Repo) -> Gathered {
    gather(&tree(&[repo.path().to_owned()]))
}

#[test]
fn tracked_and_new_files_but_not_ignored_ones() {
    let repo = Repo::init();
    repo.write(".gitignore", "*.log\nbuild/\n!keep.log\n")
        .write("tracked.log", "tracked")
        .write("a/b.txt", "b");
    repo.git(&["add", "-f", "."]);
    repo.commit("first");
    repo.write("other.log", "ignored")
        .write("keep.log", "kept")
        .write("build/out", "ignored")
        .write(".env", "hidden")
        .write("a/.gitignore", "/local")
        .write("a/local", "ignored")
        .write("a/deep/local", "new");
    let found = scan(&repo).whole();
    let expected =
        [".env", ".gitignore", "a/.gitignore", "a/b.txt", "a/deep/local", "keep.log", "tracked.log"];
    assert_eq!(found.paths(), expected);
    assert_eq!(found.report.documents, 7);
}

#[test]
fn a_tracked_file_in_an_ignored_folder_is_scanned() {
    let repo = Repo::init();
    repo.write("vendor/lib/key", "tracked").write("vendor/lib/link/x", "x");
    repo.commit("first");
    repo.write(".gitignore", "vendor/\n").write("vendor/new", "ignored");
    fs::remove_dir_all(repo.path().join("vendor/lib/link")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("..", repo.path().join("vendor/lib/link")).unwrap();
    assert_eq!(scan(&repo).whole().paths(), [".gitignore", "vendor/lib/key"]);
    let sub = gather(&tree(&[repo.path().join("vendor/lib")])).whole();
    assert_eq!(sub.paths(), ["vendor/lib/key"]);
}

#[test]
fn excludes_of_the_repository_and_of_the_user_are_honoured() {
    let repo = Repo::init();
    fs::write(repo.beside("global"), "*.global\n").unwrap();
    repo.git(&["config", "core.excludesFile", repo.beside("global").to_str().unwrap()]);
    fs::write(repo.path().join(".git/info/exclude"), "*.local\n/only-root\n").unwrap();
    repo.write("x.global", "")
        .write("x.local", "")
        .write("only-root", "")
        .write("sub/only-root", "x")
        .write("y", "y");
    assert_eq!(scan(&repo).whole().paths(), ["sub/only-root", "y"]);
    let sub = gather(&tree(&[repo.path().join("sub")])).whole();
    assert_eq!(sub.paths(), ["sub/only-root"]);
    repo.commit("first");
    let linked = repo.beside("linked");
    repo.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    fs::write(linked.join("x.local"), "ignored").unwrap();
    fs::write(linked.join("new"), "new").unwrap();
    assert_eq!(gather(&tree(&[linked])).whole().paths(), ["new", "sub/only-root", "y"]);
}

#[test]
fn nothing_is_ignored_outside_a_repository() {
    let folder = Repo::folder();
    folder.write(".gitignore", "*\n").write("a/.env", "x").write(".ignore", "*");
    assert_eq!(scan(&folder).whole().paths(), [".gitignore", ".ignore", "a/.env"]);
    let file = gather(&tree(&[folder.path().join("a/.env")])).whole();
    assert_eq!(file.paths(), [".env"]);
    let two = gather(&tree(&[folder.path().join("a"), folder.path().to_owned()])).whole();
    assert_eq!(two.documents.len(), 3);
}

#[test]
fn paths_begin_at_the_root_of_the_repository() {
    let repo = Repo::init();
    repo.write("a/one", "1").write("b/two", "2").write(".gitignore", "ignored\n").write("ignored/x", "3");
    let inside = [repo.path().join("a"), repo.path().join("b/two"), repo.path().join("ignored")];
    assert_eq!(gather(&tree(&inside)).whole().paths(), ["a/one", "b/two", "ignored/x"]);
    let twice = [repo.path().to_owned(), repo.path().join("a"), repo.path().join("a/one")];
    assert_eq!(gather(&tree(&twice)).whole().paths(), [".gitignore", "a/one", "b/two"]);
}

#[test]
fn a_path_that_is_not_there_is_a_mistake_of_the_user() {
    let folder = Repo::folder();
    let error = try_gather(&tree(&[folder.path().join("nowhere")])).unwrap_err();
    assert!(matches!(&error, SourceError::Usage(text) if text.contains("nowhere")), "{error:?}");
}

#[test]
fn nested_repositories_are_told_and_scanned_when_asked_for() {
    let repo = Repo::init();
    let library = Repo::init();
    library.write("lib.c", "lib").write(".gitignore", "*.o\n").commit("lib");
    let url = format!("file://{}", library.path().display());
    repo.git(&["submodule", "--quiet", "add", &url, "sub"]);
    repo.write("main.c", "main").commit("main");
    repo.write("sub/x.o", "ignored")
        .write("clone/inner", "inner")
        .write("not/.git/junk", "no repository")
        .write("not/f", "f");
    repo.git(&["init", "-q", "clone"]);
    let found = scan(&repo).whole();
    assert_eq!(found.paths(), [".gitmodules", "main.c", "not/f"]);
    assert_eq!(found.report.notices.len(), 2, "{:?}", found.report.notices);
    assert!(found.report.notices[0].starts_with("clone: "));
    let nested = Tree { nested: true, ..tree(&[repo.path().to_owned()]) };
    let found = gather(&nested).whole();
    assert_eq!(
        found.paths(),
        [".gitmodules", "clone/inner", "main.c", "not/f", "sub/.gitignore", "sub/lib.c"]
    );
    repo.git(&["submodule", "--quiet", "deinit", "-f", "sub"]);
    let found = gather(&nested).whole();
    assert!(found.report.notices.iter().any(|text| text.contains("sub: submodule that is not checked out")));
}

#[test]
fn limits_and_filters() {
    let repo = Repo::init();
    repo.write("big", [b'x'; 2000]).write("small", "s").write("out/deep/x", "x").write("out.txt", "y");
    let paths = [repo.path().to_owned()];
    let limited = Tree { max_file_size: Some(1999), ..tree(&paths) };
    let found = gather(&limited);
    assert_eq!(found.gaps(), [Gap::TooLarge]);
    assert_eq!(found.report.left_out[0].what, "big");
    let filter =
        |path: &RepoPath, folder: bool| !(folder && path.as_bytes() == b"out") && path.as_bytes() != b"big";
    let filtered = Tree { filter: Some(&filter), ..tree(&paths) };
    assert_eq!(gather(&filtered).whole().paths(), ["out.txt", "small"]);
    repo.git(&["add", "-A"]);
    repo.write(".gitignore", "out/\n");
    assert_eq!(gather(&filtered).whole().paths(), [".gitignore", "out.txt", "small"]);
}

#[test]
fn sizes_around_the_edges_are_read_whole() {
    let folder = Repo::folder();
    for size in [0, 1, 4 << 20, (4 << 20) + 1] {
        folder.write(format!("f{size}"), vec![b'x'; size]);
    }
    assert_eq!(scan(&folder).whole().report.bytes, 1 + 2 * (4 << 20) + 1);
}

#[test]
fn an_index_that_cannot_be_read_is_told() {
    let repo = Repo::init();
    repo.write("a", "a").commit("first");
    repo.git(&["update-index", "--split-index"]);
    let found = scan(&repo);
    assert_eq!((found.paths(), found.gaps()), (vec!["a"], vec![Gap::Unreadable]));
    assert!(found.report.left_out[0].why.contains("--no-split-index"));
}

#[test]
fn other_formats_of_repository_have_files_too() {
    for arguments in [["--object-format=sha256"], ["--ref-format=reftable"]] {
        let Some(repo) = Repo::try_init(&arguments) else { continue };
        repo.write("tracked", "t").write(".gitignore", "tracked\nignored\n").git(&["add", "-f", "tracked"]);
        repo.write("ignored", "i");
        assert_eq!(scan(&repo).whole().paths(), [".gitignore", "tracked"], "{arguments:?}");
    }
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::process::Command;

    fn fifo(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn names_that_are_no_text() {
        let repo = Repo::init();
        let name = OsStr::from_bytes(b"a b/\xff \n.env");
        repo.write(name, "x").write(".gitignore", "*.env\n");
        repo.git(&["add", "-f", "."]);
        let found = scan(&repo).whole();
        assert_eq!(found.documents[1].raw_path, b"a b/\xff \n.env");
    }

    #[test]
    fn links_are_not_followed_unless_given_by_name() {
        let folder = Repo::folder();
        folder.write("real/file", "x");
        symlink("real", folder.path().join("to-folder")).unwrap();
        symlink("real/file", folder.path().join("to-file")).unwrap();
        symlink(".", folder.path().join("real/circle")).unwrap();
        assert_eq!(scan(&folder).whole().paths(), ["real/file"]);
        assert_eq!(gather(&tree(&[folder.path().join("to-folder")])).whole().paths(), ["file"]);
        assert_eq!(gather(&tree(&[folder.path().join("to-file")])).whole().paths(), ["to-file"]);
    }

    #[test]
    fn pipes_and_sockets_do_not_block() {
        let folder = Repo::folder();
        folder.write("file", "x");
        fifo(&folder.path().join("pipe"));
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        let found = scan(&folder).whole();
        assert_eq!((found.paths(), found.report.notices.len()), (vec!["file"], 2));
    }

    #[test]
    fn a_pipe_or_device_given_by_name_is_read() {
        let folder = Repo::folder();
        let pipe = folder.path().join("pipe");
        fifo(&pipe);
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::write(pipe, "through the pipe").unwrap()
        });
        assert!(gather(&tree(&[pipe])).whole().has("through the pipe"));
        writer.join().unwrap();
        assert_eq!(gather(&tree(&[PathBuf::from("/dev/null")])).whole().report.bytes, 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_cannot_be_read_is_told() {
        // It opens, and its first byte cannot be read, even by root.
        let found = gather(&tree(&[PathBuf::from("/proc/self/mem")]));
        assert_eq!(found.gaps(), [Gap::Unreadable]);
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_told() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Repo::folder();
        folder.write("closed/x", "x").write("open", "x").write("locked", "x");
        let mode = |name: &str, mode| {
            fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        mode("closed", 0);
        mode("locked", 0);
        let found = scan(&folder);
        let root = fs::read_dir(folder.path().join("closed")).is_ok();
        mode("closed", 0o755);
        if !root {
            assert_eq!((found.paths(), found.gaps()), (vec!["open"], vec![Gap::Unreadable; 2]));
        }
    }
}
