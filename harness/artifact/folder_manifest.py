"""A folder in, the list of its files with size and digest out; and the comparison."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from harness.artifact.cache_entry import Content
from harness.files.atomic import write_text
from harness.files.digest import file_sha256

FORMAT = 1


def write_manifest(path: Path, files: Mapping[str, Content]) -> None:
    """Write the list of a folder's files, by path below the folder."""
    data = {
        "format": FORMAT,
        "files": {
            name: {"sha256": one.sha256, "size_bytes": one.size_bytes}
            for name, one in files.items()
        },
    }
    write_text(path, json.dumps(data, indent=2, sort_keys=True) + "\n")


def read_manifest(path: Path) -> Mapping[str, Content] | None:
    """Return the list of a folder's files, or None when none can be read."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            return None
        return {
            name: Content(sha256=one["sha256"], size_bytes=one["size_bytes"])
            for name, one in data["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # a list that cannot be read vouches for nothing


def is_intact(folder: Path, files: Mapping[str, Content]) -> bool:
    """Whether the folder holds exactly these files, byte for byte, and no link."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    found = {}
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            return False
        if path.is_file():
            found[path.relative_to(folder).as_posix()] = path
    # Sizes first: they are free, and show most harm before a byte is read.
    return found.keys() == files.keys() and all(
        found[name].stat().st_size == one.size_bytes
        and file_sha256(found[name]) == one.sha256
        for name, one in files.items()
    )
