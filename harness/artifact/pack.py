"""Packs a folder as a tar: the same content gives the same bytes."""

from __future__ import annotations

import tarfile
from pathlib import Path

from harness.errors import UsageError
from harness.files.atomic import replacing
from harness.files.digest import file_sha256


def pack_tar(folder: Path, path: Path, *, top: str | None = None) -> str:
    """Write a folder as a tar, whole or not at all, and return the tar's SHA-256.

    Names are sorted; times, owners and modes are fixed, so that equal files give equal
    bytes on any machine and any day.

    Args:
        folder: holds regular files and folders only.
        path: the tar to write, outside the folder.
        top: the folder inside the tar; the tar's own name without ``.tar`` if None, as
            the archives' own loader wants it.  # zoo-spec 3.5

    Raises:
        UsageError: the folder is none, holds something else, or would hold the tar.
    """
    top = path.name.removesuffix(".tar") if top is None else top
    if not folder.is_dir():
        raise UsageError(f"{folder}: cannot pack it", expected="a folder", got="none")
    if path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"{path}: the tar would be packed into itself",
            expected=f"a path outside {folder}",
        )
    inside = sorted(folder.rglob("*"), key=lambda one: one.relative_to(folder).parts)
    for one in inside:
        if one.is_symlink() or not (one.is_file() or one.is_dir()):
            raise UsageError(
                f"{one}: cannot pack it",
                expected="regular files and folders only",
                got="a link" if one.is_symlink() else "something else",
            )
    with replacing(path) as beside:
        # GNU, not ustar: it has no limit on the length of a name.
        with tarfile.open(beside, "w", format=tarfile.GNU_FORMAT) as tar:
            tar.addfile(_folder_header(top))
            for one in inside:
                name = f"{top}/{one.relative_to(folder).as_posix()}"
                if one.is_dir():
                    tar.addfile(_folder_header(name))
                    continue
                with one.open("rb") as file:
                    tar.addfile(_file_header(name, one.stat().st_size), file)
        return file_sha256(beside)


def _folder_header(name: str) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)  # time 0 and owner 0 to begin with
    header.type = tarfile.DIRTYPE
    header.mode = 0o755
    return header


def _file_header(name: str, size_bytes: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size = size_bytes
    header.mode = 0o644
    return header
