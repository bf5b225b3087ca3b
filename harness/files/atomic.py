"""Writes a file beside its place and renames it: none is ever found half-written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.files.temporary import file_beside


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; move it there if the block succeeds.

    The folder is made when missing. A block that raises leaves ``path`` as it was and
    nothing beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_beside(path) as beside:
        yield beside
        beside.chmod(0o644)  # mkstemp gives 0600; a published page is for everybody
        beside.replace(path)


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``, whole or not at all."""
    with replacing(path) as beside:
        beside.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text with LF line ends, whole or not at all."""
    write_bytes(path, content.encode("utf-8"))
