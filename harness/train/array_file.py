"""Writes and reads an npz of plain arrays and a word about them; believes nothing.

Nothing is compressed or pickled. Sizes and shapes are checked before an array is read,
so a file takes no more memory than what it is asked for.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.artifact.archive.zip_entries import count_entries
from harness.errors import (
    ArchiveUnreadable,
    TrainingFailed,
    located,
    refusing_unreadable,
)
from harness.files.atomic import replacing

Array = NDArray[Any]

#: Without types.
_NPY: Any = np.lib.format

ABOUT = "about"
#: Most bytes of ``about``: 300 variables take 20 kB.
MOST_ABOUT_BYTES = 1024 * 1024
#: Most bytes of an entry beside its values: the headers of numpy and zip, and its name
#: twice; honest names are below 100 characters.
ENTRY_BYTES = 512
LONGEST_HEADER_CHARS = 256  # of an array; numpy pads an honest one to 118


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """An opened file, whose entries are no longer than they are on the disk."""

    _archive: zipfile.ZipFile

    @property
    def names(self) -> list[str]:
        """The arrays beside ``about``, as they were named; a foreign entry whole."""
        names = [one.filename.removesuffix(".npy") for one in self._archive.infolist()]
        return [name for name in names if name != ABOUT]

    def about(self) -> bytes:
        """Return what the file says of itself.

        Raises:
            ValueError: it is too long.
            KeyError: it says nothing.
        """
        info = self._archive.getinfo(f"{ABOUT}.npy")
        if info.file_size > MOST_ABOUT_BYTES:
            raise ValueError(f"{info.file_size} bytes about itself")
        content = self._archive.read(info)
        # A row of bytes behind numpy's header, whose length stands in two bytes of it.
        return content[10 + int.from_bytes(content[8:10], "little") :]

    def read(
        self, name: str, shape: tuple[int, ...], types: Collection[np.dtype[Any]]
    ) -> Array:
        """Read an array of a shape and of one of some types.

        Raises:
            ValueError: its header says something else, or there are other values.
            KeyError: there is none.
        """
        info = self._archive.getinfo(f"{name}.npy")
        with self._archive.open(info) as file:
            if _NPY.read_magic(file) != (1, 0):
                raise ValueError(
                    f"{info.filename} of another version of numpy's format"
                )
            stated, by_column, dtype = _NPY.read_array_header_1_0(
                file, max_header_size=LONGEST_HEADER_CHARS
            )
            if stated != shape or by_column or dtype not in types:
                raise ValueError(f"{info.filename} as {dtype} {stated}, not {shape}")
            size_bytes = math.prod(shape) * dtype.itemsize
            if info.file_size > size_bytes + ENTRY_BYTES:
                raise ValueError(f"{info.filename} of {info.file_size} bytes")
            content = file.read()  # to the end: there zipfile compares the checksum
            if len(content) != size_bytes:
                raise ValueError(f"{info.filename} of {len(content)} bytes")
        return np.frombuffer(content, dtype).reshape(shape).copy()


def write_arrays(path: Path, about: bytes, arrays: Mapping[str, Array]) -> None:
    """Write a file to the disk, whole or not at all.

    Raises:
        OSError: the place takes no such file.
    """
    entries = {ABOUT: np.frombuffer(about, np.uint8), **arrays}
    with replacing(path) as beside, beside.open("wb") as file:
        # Not numpy's savez: it leaves its zip open where the disk is full.
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, value in entries.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    _NPY.write_array(
                        entry, np.ascontiguousarray(value), allow_pickle=False
                    )
        file.flush()
        os.fsync(file.fileno())  # before its name: a power cut leaves no empty one


def arrays_bytes(about: bytes, arrays: Mapping[str, Array]) -> int:
    """Return the most bytes that the file of arrays takes."""
    entries_bytes = sum(one.nbytes + ENTRY_BYTES for one in arrays.values())
    return len(about) + ENTRY_BYTES + entries_bytes


@contextmanager
def opened_arrays(
    path: Path, kind: str, *, most_entries: int, advice: str
) -> Iterator[ArrayFile]:
    """Open a file of arrays.

    Args:
        path: of the file.
        kind: what it ought to be, with its article.
        most_entries: it may have, ``about`` among them.
        advice: what the reader of a refusal can do.

    Raises:
        TrainingFailed: it is none, or whatever the block makes of its content.
    """
    with located(path), refusing_unreadable(TrainingFailed, advice):
        try:
            with path.open("rb") as file:
                size_bytes = os.fstat(file.fileno()).st_size
                count_entries(file, most_entries)
                with zipfile.ZipFile(file) as archive:
                    _demand_plain(archive, size_bytes)
                    yield ArrayFile(archive)
        except (OSError, TrainingFailed):
            raise
        except ArchiveUnreadable as error:
            raise _damaged(kind, error, advice) from error
        except Exception as error:  # whatever zip, numpy or JSON make of other bytes
            raise _damaged(kind, error, advice) from error


def _damaged(kind: str, error: Exception, advice: str) -> TrainingFailed:
    return TrainingFailed(
        f"not {kind}",
        expected="one as it was written",
        got=str(error) or type(error).__name__,
        next_step=advice,
    )


def _demand_plain(archive: zipfile.ZipFile, size_bytes: int) -> None:
    """Refuse what unfolds to more than the file, and a name that stands twice."""
    infos = archive.infolist()
    if any(one.compress_type != zipfile.ZIP_STORED for one in infos):
        raise ValueError("compressed entries")
    unfolded_bytes = sum(one.file_size for one in infos)
    if unfolded_bytes > size_bytes:
        raise ValueError(f"entries of {unfolded_bytes} bytes in {size_bytes}")
    if len({one.filename for one in infos}) < len(infos):
        raise ValueError("an entry that stands twice")
