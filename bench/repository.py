"""What compare.py asks of git about a repository, and the copy of its files for tree mode."""
from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


class RepositoryError(Exception):
    """What is wrong with a repository that was named, and what to do."""


@dataclass(frozen=True)
class Repository:
    name: str
    path: Path
    git_dir: Path
    store: Path
    """Where refs and objects are: `git_dir`, but for a linked work tree that of its repository."""


@dataclass(frozen=True)
class Facts:
    head: str
    pack_bytes: int
    objects: int
    commits: int
    blob_bytes: int
    """All versions of all files, inflated."""


def git(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True,
                          errors="replace", check=False, stdin=subprocess.DEVNULL, env=env)
    if done.returncode != 0:
        raise RepositoryError(f"{folder}: `git {arguments[0]}` ended with {done.returncode}: "
                              f"{done.stderr.strip()}")
    return done.stdout.strip()


def split_name(argument: str) -> tuple[str, Path]:
    """The name and the path of `[NAME=]PATH`; the name is the last folder where none is given."""
    name, equals, path = argument.partition("=")
    if not equals or os.path.exists(argument):
        name, path = "", argument
    resolved = Path(path).expanduser().resolve()
    name = name or (resolved.name.removesuffix(".git"))
    return name or str(resolved), resolved


def open_repository(argument: str) -> Repository:
    name, path = split_name(argument)
    if not path.is_dir():
        raise RepositoryError(f"{argument}: no such folder; name a clone, bare or with its files")
    try:
        bare = git(path, "rev-parse", "--is-bare-repository") == "true"
    except RepositoryError as error:
        raise RepositoryError(f"{error}; name a clone, bare or with its files") from None
    git_dir = Path(git(path, "rev-parse", "--absolute-git-dir"))
    # A folder within a repository would silently stand for all of it.
    top = git_dir if bare else Path(git(path, "rev-parse", "--show-toplevel"))
    if top.resolve() != path:
        raise RepositoryError(f"{argument}: lies inside the repository {top}; name that one")
    try:
        git(path, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except RepositoryError:
        raise RepositoryError(f"{argument}: HEAD names no commit; there is nothing to scan") from None
    store = (path / git(path, "rev-parse", "--git-common-dir")).resolve()
    return Repository(name, path, git_dir, store)


def facts_of(repository: Repository) -> Facts:
    head = git(repository.path, "rev-parse", "HEAD^{commit}")
    packs = sum(pack.stat().st_size for pack in packs_of(repository))
    listing = subprocess.Popen(
        ["git", "-C", str(repository.path), "cat-file", "--batch-check=%(objecttype) %(objectsize)",
         "--batch-all-objects", "--unordered", "--buffer"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert listing.stdout is not None
    with listing.stdout as lines:
        objects, commits, blob_bytes = sum_up(lines)
    if listing.wait() != 0:
        raise RepositoryError(f"{repository.path}: `git cat-file` ended with {listing.returncode}; "
                              "see what `git fsck` says")
    return Facts(head, packs, objects, commits, blob_bytes)


def sum_up(lines: Iterable[str]) -> tuple[int, int, int]:
    """Objects, commits and bytes of blobs in lines of type and size."""
    objects = commits = blob_bytes = 0
    for line in lines:
        kind, size = line.split()
        objects += 1
        commits += kind == "commit"
        blob_bytes += int(size) if kind == "blob" else 0
    return objects, commits, blob_bytes


def packs_of(repository: Repository) -> Iterable[Path]:
    return sorted((repository.store / "objects" / "pack").glob("*.pack"))


def read_packs(repository: Repository) -> None:
    """Brings the packs into the page cache, so that no tool pays for the disk."""
    for pack in packs_of(repository):
        with open(pack, "rb", buffering=0) as file:
            while file.read(1 << 22):
                pass


def write_head(repository: Repository, folder: Path) -> None:
    """Writes the files of HEAD into a folder.

    By an index of its own, which leaves the repository as it is; `git archive` would leave out what
    `.gitattributes` marks with `export-ignore`.
    """
    folder.mkdir()
    env = {**os.environ, "GIT_INDEX_FILE": str(folder.with_suffix(".index")), "GIT_LFS_SKIP_SMUDGE": "1"}
    place = (f"--git-dir={repository.git_dir}", f"--work-tree={folder}", "-c", "core.sparseCheckout=false")
    git(folder, *place, "read-tree", "HEAD", env=env)
    git(folder, *place, "checkout-index", "--all", env=env)


def size_of(folder: Path) -> tuple[int, int]:
    """Files below a folder, and their bytes."""
    sizes = [os.lstat(os.path.join(at, name)).st_size for at, _, names in os.walk(folder) for name in names]
    return len(sizes), sum(sizes)


def make_tiny(folder: Path) -> None:
    """A repository with one commit, to warm tools up with."""
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "readme.txt").write_text("Nothing is hidden here.\n")
    git(folder, "add", "readme.txt")
    git(folder, "-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgSign=false",
        "-c", "core.hooksPath=", "commit", "--quiet", "--no-verify", "--message", "Begin")
