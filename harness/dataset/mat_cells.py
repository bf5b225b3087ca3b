"""Reads variables of MATLAB files through a child process: the side that asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.dataset.mat_service import Reading, Told
from harness.errors import DatasetInvalid
from harness.process.limited_child import ChildCrashed, ChildLimits, LimitedChild

SERVICE = "harness.dataset.mat_service:mat_service"
NEXT_STEP = "fetch the official eval_tools again"

#: The official files have 0.4 MB, and hold 40,000 faces.
MOST_BYTES = 64 << 20
MEMORY_BYTES, LIMIT_S = 2 << 30, 120.0
ANSWER_BYTES = 256 << 20

Cell = NDArray[Any]

#: Kinds of numbers that a file may hold; MATLAB's are double, others are smaller.
KINDS = frozenset(f"<{kind}" for kind in ("f8", "f4", "i8", "i4", "i2")) | frozenset(
    ("|b1", "|i1", "|u1", "<u2", "<u4", "<u8")
)


@contextmanager
def mat_reader() -> Iterator[LimitedChild]:
    """Start the process that reads MATLAB files, for as long as the block runs."""
    limits = ChildLimits(
        memory_bytes=MEMORY_BYTES, memory_step=NEXT_STEP, time_step=NEXT_STEP
    )
    child = LimitedChild(SERVICE, limits=limits)
    try:
        yield child
    finally:
        child.close()


def read_variables(
    path: Path, names: Sequence[str], reader: LimitedChild
) -> dict[str, Cell]:
    """Return variables of a file: cells as object arrays, text, and numbers.

    Args:
        path: a file of MATLAB, version 5 to 7.
        names: of the variables.
        reader: of :func:`mat_reader`.

    Raises:
        DatasetInvalid: too large, not such a file, it crashes the reader, or a variable
            is missing.
        LimitReached: reading takes more memory or time than it may.
    """
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise DatasetInvalid(
            "size of the file", expected=f"at most {MOST_BYTES} bytes", got="more"
        )
    question = msgspec.msgpack.encode(Reading(list(names), content))
    try:
        answer = reader.ask(
            [question], limit_s=LIMIT_S, longest_answer_bytes=ANSWER_BYTES
        )
        told = msgspec.msgpack.decode(answer, type=Told)
        cells = {name: _cell(one) for name, one in told.cells.items()}
        refusal = told.refusal
    except ChildCrashed as error:
        refusal = f"it crashed what read it ({error.signal_name})"
    except (msgspec.DecodeError, TypeError, ValueError, RecursionError) as error:
        refusal = str(error)
    if refusal is not None:
        raise DatasetInvalid(
            "not a MATLAB file that can be read",
            expected="version 5 to 7",
            got=refusal,
            next_step=NEXT_STEP,
        )
    for name in names:
        if name not in cells:
            raise DatasetInvalid(f"variable {name} is missing", next_step=NEXT_STEP)
    return cells


def _cell(told: Any) -> Cell:
    """Return an array of what was told of it; see ``mat_service.told_cell``.

    Raises:
        ValueError: of another form.
    """
    if isinstance(told, str):
        return np.array([told])
    shape, *rest = told
    if not all(isinstance(one, int) and one >= 0 for one in shape):
        raise ValueError(f"shape {shape}")
    if len(rest) == 2:
        kind, content = rest
        if kind not in KINDS:
            raise ValueError(f"numbers of {kind}")
        return np.frombuffer(content, kind).reshape(shape)
    (inner,) = rest
    if prod(shape) != len(inner):
        raise ValueError(f"{len(inner)} cells of shape {shape}")
    cells = np.empty(len(inner), np.object_)
    for place, one in enumerate(inner):
        cells[place] = _cell(one)
    return cells.reshape(shape, order="F")
