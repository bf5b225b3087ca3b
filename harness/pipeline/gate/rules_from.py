"""Reads the rules that stand in a folder or in a commit."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from harness.errors import HarnessError, UsageError
from harness.files.atomic import write_bytes
from harness.pipeline.gate.rules import Rules
from harness.pipeline.measure.git import run_git
from harness.pipeline.measure.known_datasets import known_datasets
from harness.registry.location import EXPECTED_FOLDER, ROWS_FOLDER
from harness.registry.sources import WAIVERS_FILE, zoo_names
from harness.registry.waivers import read_waivers
from harness.registry.zoo import open_zoo


def read_rules(name_or_path: str, home: Path) -> Rules:
    """Return the rules of a zoo.

    Args:
        name_or_path: of a zoo, as for :func:`open_zoo`.
        home: holds ``cases/rows`` and ``expected``.

    Raises:
        UsageError: there is no such zoo, or a file that says a rule is malformed: the
            question whether records pass cannot be asked.
    """
    try:
        zoo = open_zoo(name_or_path, home=home)
        return Rules(
            zoo=zoo,
            known_datasets=known_datasets(zoo, home),
            waivers=read_waivers(home / EXPECTED_FOLDER / WAIVERS_FILE),
        )
    except UsageError:
        raise
    except HarnessError as error:
        raise UsageError(
            "the rules to judge by cannot be read",
            got=str(error),
            next_step="`zoo check` lists all that is wrong with them",
        ) from error


def read_rules_from(name_or_path: str, place: str, home: Path) -> Rules:
    """Return the rules of a zoo as they stand elsewhere.

    Args:
        name_or_path: of a zoo.
        place: a folder, which wins: a checkout, or for a zoo of its own its own folder;
            else what git calls a commit of the checkout at ``home``.
        home: the checkout whose commits are meant.

    Raises:
        UsageError: no such folder or commit, no such zoo in it, or malformed rules.
    """
    folder = Path(place)
    if folder.is_dir():
        return _read_folder(name_or_path, folder, home)
    with _commit_files(place, home) as files:
        return _read_folder(name_or_path, files, home)


def _read_folder(name_or_path: str, folder: Path, home: Path) -> Rules:
    name = Path(name_or_path).resolve().name
    is_checkout = (folder / ROWS_FOLDER).is_dir()
    if is_checkout and not (folder / ROWS_FOLDER / name).is_dir():
        raise UsageError(
            f"no zoo {name!r} in the rules to judge by",
            expected="one of " + ", ".join(zoo_names(folder)),
            next_step="a new zoo is judged by rules once they are merged",
        )
    rules = read_rules(name, folder) if is_checkout else read_rules(str(folder), home)
    # A copy of a lone folder may have any name; records say that of the zoo's own.
    rows = tuple(replace(row, zoo=name) for row in rules.zoo.rows)
    return replace(rules, zoo=replace(rules.zoo, name=name, rows=rows))


@contextmanager
def _commit_files(ref: str, home: Path) -> Iterator[Path]:
    """Give a folder with the rules of a commit; it is gone after the block."""
    commit = None
    if not ref.startswith("-"):  # which git would take for an option
        commit = run_git(home, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    if commit is None:
        raise UsageError(
            "--rules-from",
            expected="a folder, or a commit that git knows here",
            got=repr(ref),
            next_step="fetch the branch, or name another",
        )
    # By its digest: a ref may move between two questions.
    digest = commit.decode().strip()
    paths = (ROWS_FOLDER.as_posix(), EXPECTED_FOLDER.as_posix())
    packed = run_git(home, "archive", "--format=tar", digest, "--", *paths)
    if packed is None:
        raise UsageError(
            f"--rules-from {ref}",
            expected=f"{' and '.join(paths)} in the commit",
            got=f"none in {digest}",
            next_step="name a commit that has both",
        )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _unpack(packed, folder)
        yield folder


def _unpack(packed: bytes, folder: Path) -> None:
    """Write the plain files of a tar of git's; a link is no rule."""
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            # Of a link, tarfile would look for the target, which may not be there.
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None and ".." not in path.parts:
                write_bytes(folder / path.relative_to(path.anchor), content.read())
