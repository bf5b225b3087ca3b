"""A name as an archive holds it in, a path that stays inside a folder out."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from harness.errors import ArchiveUnreadable

LONGEST_PART_BYTES = 255  # NAME_MAX of every file system in use
LONGEST_NAME_BYTES = 1024  # leaves PATH_MAX (4096 on Linux) room for the cache's path
#: The deepest published one, of a dataset, is 5 deep; each part is a folder to make.
MAX_PARTS = 16
LONGEST_SHOWN = 80  # characters of a name in a message


def safe_path(name: str) -> PurePosixPath:
    """Return the relative path that a name means; ``.`` for the folder itself.

    Raises:
        ArchiveUnreadable: the name leads outside the folder, or means different things
            on different systems.
    """
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise _unsafe("an absolute path", name)
    if "\\" in name or not name.isprintable():
        raise _unsafe("a backslash or a character that cannot be printed", name)
    path = PurePosixPath(name)
    if not name or ".." in path.parts:
        raise _unsafe("a path that leads outside", name)
    too_long = len(name.encode()) > LONGEST_NAME_BYTES or any(
        len(part.encode()) > LONGEST_PART_BYTES for part in path.parts
    )
    if too_long:
        raise _unsafe("a name too long to write", name)
    if len(path.parts) > MAX_PARTS:
        raise _unsafe(f"a name {len(path.parts)} folders deep", name)
    return path


def shown(name: str) -> str:
    """Return a name of an archive as a message has it: quoted, escaped and cut."""
    cut = name[:LONGEST_SHOWN]
    return repr(name) if len(name) <= LONGEST_SHOWN else f"{cut!r}..."


def _unsafe(what: str, name: str) -> ArchiveUnreadable:
    return ArchiveUnreadable(
        what,
        expected="a relative name inside the archive's folder",
        got=shown(name),
        next_step="do not trust this archive",
    )
