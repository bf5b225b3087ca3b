"""Writes and reads one checkpoint, an npz of plain arrays; believes nothing it reads.

::

    about                      JSON in bytes: what it is of, and where the run stands
    w/<variable>               the weights, batch statistics among them
    o/<kind>/<variable>        what the optimiser keeps of each, by kind (velocity)

Nothing is compressed or pickled. Sizes and shapes are checked before an array is read,
so a file takes no more memory than the run that it is of.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from harness.artifact.archive.zip_entries import count_entries
from harness.errors import (
    ArchiveUnreadable,
    TrainingFailed,
    located,
    refusing_unreadable,
)
from harness.files.atomic import replacing
from harness.train.saved_state import (
    TYPES,
    Array,
    Position,
    SavedState,
    Subject,
    demand_subject,
    demand_whole,
    named_arrays,
)

#: Without types.
_NPY: Any = np.lib.format

FORMAT = 1
#: Most bytes of ``about``: 300 variables take 20 kB.
MOST_ABOUT_BYTES = 1024 * 1024
#: Most kinds of values that an optimiser keeps of a variable; Adam keeps four.
MOST_KINDS = 8
#: Most bytes of an entry beside its values: the headers of numpy and zip, and its name
#: twice; honest names are below 100 characters.
ENTRY_BYTES = 512
LONGEST_HEADER_CHARS = 256  # of an array; numpy pads an honest one to 118
DELETE = "delete the file to go on from the one before it, or to start anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """The entry ``about``."""

    format: int
    subject: Subject
    position: Position
    score: float | None


def write_state(path: Path, state: SavedState) -> None:
    """Write a checkpoint to the disk, whole or not at all.

    Raises:
        TrainingFailed: weights are missing, or an array has not its variable's shape.
        OSError: the place takes no such file.
    """
    demand_whole(state)
    about = np.frombuffer(_encode_about(state), np.uint8)
    arrays = {"about": about, **named_arrays(state)}
    with replacing(path) as beside, beside.open("wb") as file:
        # Not numpy's savez: it leaves its zip open where the disk is full.
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, value in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    _NPY.write_array(
                        entry, np.ascontiguousarray(value), allow_pickle=False
                    )
        file.flush()
        os.fsync(file.fileno())  # before its name: a power cut leaves no empty one


def state_bytes(state: SavedState) -> int:
    """Return the most bytes that the file of a state takes."""
    arrays = named_arrays(state).values()
    about_bytes = len(_encode_about(state)) + ENTRY_BYTES
    return about_bytes + sum(one.nbytes + ENTRY_BYTES for one in arrays)


def read_state(path: Path, subject: Subject) -> SavedState:
    """Read a checkpoint of a run.

    Raises:
        TrainingFailed: it is damaged, holds what no checkpoint does, or is of another
            recipe or network.
    """
    with _opened(path, most_entries=_most_entries(subject)) as archive:
        about = _read_about(archive)
        demand_subject(about.subject, subject)
        weights: dict[str, Array] = {}
        optimiser: dict[str, dict[str, Array]] = {}
        for info in archive.infolist():
            part, *words = info.filename.removesuffix(".npy").split("/")
            if part == "w" and len(words) == 1 and words[0] in subject.shapes:
                kept = weights
            elif part == "o" and len(words) == 2 and words[1] in subject.shapes:
                kept = optimiser.setdefault(words[0], {})
            elif info.filename == "about.npy":
                continue
            else:
                raise ValueError(f"an entry {info.filename}")
            kept[words[-1]] = _read_array(archive, info, subject.shapes[words[-1]])
        missing = sorted(set(subject.shapes) - set(weights))
        if missing:
            raise ValueError(f"no weights of {missing[0]}")
    return SavedState(
        subject=subject,
        position=about.position,
        weights=weights,
        optimiser=optimiser,
        score=about.score,
    )


def read_score(path: Path, subject: Subject) -> float | None:
    """Return the score of a checkpoint's weights, without reading them.

    Raises:
        TrainingFailed: as ``read_state``, as far as no array tells.
    """
    with _opened(path, most_entries=_most_entries(subject)) as archive:
        about = _read_about(archive)
        demand_subject(about.subject, subject)
        return about.score


def _encode_about(state: SavedState) -> bytes:
    about = _About(
        format=FORMAT,
        subject=state.subject,
        position=state.position,
        score=state.score,
    )
    return msgspec.json.encode(asdict(about))


def _most_entries(subject: Subject) -> int:
    return 1 + (1 + MOST_KINDS) * len(subject.shapes)


@contextmanager
def _opened(path: Path, *, most_entries: int) -> Iterator[zipfile.ZipFile]:
    """Open a zip whose entries are no longer than they are on the disk.

    Raises:
        TrainingFailed: it is none, or whatever the block makes of its content.
    """
    with located(path), refusing_unreadable(TrainingFailed, DELETE):
        try:
            with path.open("rb") as file:
                size_bytes = os.fstat(file.fileno()).st_size
                count_entries(file, most_entries)
                with zipfile.ZipFile(file) as archive:
                    _demand_plain(archive, size_bytes)
                    yield archive
        except (OSError, TrainingFailed):
            raise
        except ArchiveUnreadable as error:
            raise _damaged(error) from error
        except Exception as error:  # whatever zip, numpy or JSON make of other bytes
            raise _damaged(error) from error


def _damaged(error: Exception) -> TrainingFailed:
    return TrainingFailed(
        "not a checkpoint",
        expected="one as it was written",
        got=str(error) or type(error).__name__,
        next_step=DELETE,
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


def _read_about(archive: zipfile.ZipFile) -> _About:
    info = archive.getinfo("about.npy")
    if info.file_size > MOST_ABOUT_BYTES:
        raise ValueError(f"{info.file_size} bytes about itself")
    content = archive.read(info)
    # A row of bytes behind numpy's header, whose length stands in two bytes of it.
    begin = 10 + int.from_bytes(content[8:10], "little")
    about = msgspec.json.decode(content[begin:], type=_About)
    if about.format != FORMAT:
        raise TrainingFailed(
            "format of the checkpoint",
            expected=FORMAT,
            got=about.format,
            next_step=DELETE,
        )
    return about


def _read_array(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, shape: tuple[int, ...]
) -> Array:
    """Read an array of a shape; its header is believed in nothing."""
    with archive.open(info) as file:
        if _NPY.read_magic(file) != (1, 0):
            raise ValueError(f"{info.filename} of another version of numpy's format")
        stated, by_column, dtype = _NPY.read_array_header_1_0(
            file, max_header_size=LONGEST_HEADER_CHARS
        )
        if stated != shape or by_column or dtype not in TYPES:
            raise ValueError(f"{info.filename} as {dtype} {stated}, not {shape}")
        size_bytes = math.prod(shape) * dtype.itemsize
        if info.file_size > size_bytes + ENTRY_BYTES:
            raise ValueError(f"{info.filename} of {info.file_size} bytes")
        content = file.read()  # to the end: there zipfile compares the checksum
        if len(content) != size_bytes:
            raise ValueError(f"{info.filename} of {len(content)} bytes")
    return np.frombuffer(content, dtype).reshape(shape).copy()
