"""Finds the folder of a checkpoint in an unpacked archive.

Only the places of files count here. What they are is for ``model`` to say.
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import ArchiveUnreadable


def find_checkpoint_folder(folder: Path, name: str) -> Path:
    """Return the folder that holds the checkpoint.

    The archives' own loader expects one top folder named like the archive; others
    occur, also none.  # zoo-spec 3.5
    So: the folder of that name if there is one, then down through each folder that
    lies alone. What some systems add on their own (``.DS_Store``, ``__MACOSX``) does
    not count.

    Args:
        folder: what ``unpack`` returned.
        name: the archive's name, without ``.tar``.

    Raises:
        ArchiveUnreadable: there is no file below.
    """
    named = folder / name
    checkpoint = named if name and named.is_dir() else folder
    while True:
        inside = [
            path
            for path in sorted(checkpoint.iterdir())
            if not path.name.startswith(".") and path.name != "__MACOSX"
        ]
        if len(inside) != 1 or not inside[0].is_dir():
            break
        checkpoint = inside[0]
    files = (path for path in checkpoint.rglob("*") if path.is_file())
    if all(path.name.startswith(".") for path in files):
        raise ArchiveUnreadable(
            "no file in the archive",
            expected=f"a folder {name} with the files of a model",
            got="folders only" if inside else "nothing",
            next_step="pack the archive again",
        )
    return checkpoint
