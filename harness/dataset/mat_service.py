"""Reads MATLAB files in a process of its own: the side that reads.

Some files that are spoilt crash scipy; started by :mod:`harness.dataset.mat_cells`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import msgspec
import numpy as np

#: Cells in cells in cells: a list of events, of images, of faces.
MOST_DEPTH = 4
#: Of cells in one file; the official ones have 10,000.
MOST_CELLS = 200_000


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asks for variables of a file."""

    names: list[str]
    content: bytes


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Says what the variables hold, or why they cannot be read."""

    cells: dict[str, Any]  # see :func:`told_cell`
    refusal: str | None = None


def mat_service() -> Callable[[memoryview], bytes]:
    """Return what answers for each file."""
    return lambda question: msgspec.msgpack.encode(
        read_mat(msgspec.msgpack.decode(question, type=Reading))
    )


def read_mat(asked: Reading) -> Told:
    """Return the variables of a file as plain values."""
    from scipy.io import loadmat  # noqa: PLC0415 - quick start of the parent
    from scipy.io.matlab import MatReadError  # noqa: PLC0415

    try:
        variables = loadmat(BytesIO(asked.content), variable_names=asked.names)
        left = [MOST_CELLS]
        return Told(
            {
                name: told_cell(variables[name], left)
                for name in asked.names
                if name in variables
            }
        )
    except (
        MatReadError,
        NotImplementedError,  # a file of version 7.3
        LookupError,  # a file that is cut off in its header, or has unknown types
        AttributeError,  # a part of another kind than its head says
        OSError,
        OverflowError,
        TypeError,
        ValueError,
        zlib.error,
    ) as error:
        return Told({}, refusal=str(error) or type(error).__name__)


def told_cell(cell: Any, left: list[int], depth: int = 0) -> Any:
    """Return an array as plain values.

    Cells become ``[shape, [cell, ...]]`` in MATLAB's order, text becomes itself, and
    numbers ``[shape, kind, bytes]``.

    Raises:
        ValueError: an array of another kind, or too many of them.
    """
    left[0] -= 1
    if left[0] < 0 or depth > MOST_DEPTH:
        raise ValueError(f"more than {MOST_CELLS} cells, or {MOST_DEPTH} in each other")
    array = np.asarray(cell)
    if array.dtype == np.object_:
        inner = [told_cell(one, left, depth + 1) for one in array.ravel(order="F")]
        return [list(array.shape), inner]
    if array.dtype.kind == "U" and array.size == 1:
        return str(array.item())
    if array.dtype.kind in "iufb":
        plain = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        return [list(array.shape), plain.dtype.str, plain.tobytes()]
    if not array.size:
        return [list(array.shape), "<f8", b""]
    raise ValueError(f"an array of {array.dtype}")
