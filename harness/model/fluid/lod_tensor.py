"""Fluid LoDTensor records, to and from bytes: no Paddle, no pickle (zoo-spec 3.2).

One record, little endian::

    u32 version (0) | u64 LoD levels | per level: u64 bytes, that many bytes
    u32 tensor version (0) | i32 n | TensorDesc protobuf, n bytes | raw data, C order
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable, located
from harness.files.atomic import replacing, write_bytes
from harness.model.fluid.protobuf_message import decode, encode
from harness.model.fluid.protobuf_schema import Schema, int64

#: VarType.Type of framework.proto to the stored little-endian type.  # zoo-spec 3.2
DTYPES: Mapping[int, np.dtype[Any]] = {
    0: np.dtype("?"),
    1: np.dtype("<i2"),
    2: np.dtype("<i4"),
    3: np.dtype("<i8"),
    4: np.dtype("<f2"),
    5: np.dtype("<f4"),
    6: np.dtype("<f8"),
    20: np.dtype("u1"),
    21: np.dtype("i1"),
}
CODES = {dtype: code for code, dtype in DTYPES.items()}

#: TensorDesc of framework.proto; runtimes write its dims one by one.  # zoo-spec 3.2
TENSOR_DESC = Schema(
    "a desc",
    {"data_type": int64(1), "dims": int64(2, repeated=True, packed=True)},
)

#: Version, LoD levels and tensor version of a record without levels.
BEGINNING = bytes(16)
MAX_DESC_BYTES = 1024  # a desc holds a type and a few dimensions
MAX_DIMS = 9  # DDim of the old runtime holds no more
#: Levels of sequences within sequences; a variable of a network has none.
MAX_LOD_LEVELS = 8
MAX_ELEMENTS = 1 << 59  # of 8 bytes, and their number, fit 63 bits
SHAPES = f"at most {MAX_DIMS} sides below 2^31 that fit a memory"


class _Cursor:
    """Reads forward and names the byte where the bytes end."""

    def __init__(self, content: memoryview, offset: int) -> None:
        self._content = content
        self.offset = offset

    def take(self, count: int, what: str) -> memoryview:
        left = len(self._content) - self.offset
        if not 0 <= count <= left:
            raise ArchiveUnreadable(
                f"byte {self.offset}: {what} is cut off",
                expected=f"{count} bytes",
                got=f"{left} left",
            )
        self.offset += count
        return self._content[self.offset - count : self.offset]

    def number(self, form: str, what: str) -> int:
        (value,) = struct.unpack(form, self.take(struct.calcsize(form), what))
        return int(value)

    def demand_zero(self, what: str) -> None:
        at = self.offset
        got = self.number("<I", what)
        if got != 0:
            raise ArchiveUnreadable(f"byte {at}: {what}", expected=0, got=got)


def parse_tensor(content: memoryview, offset: int = 0) -> tuple[NDArray[Any], int]:
    """Read the record at ``offset``; the array is a view of ``content``.

    Returns:
        The array, and the offset after the record.

    Raises:
        ArchiveUnreadable: cut off, another version or an unknown type; names the byte.
    """
    cursor = _Cursor(content, offset)
    cursor.demand_zero("record version")
    at = cursor.offset
    levels = cursor.number("<Q", "LoD level count")
    if levels > MAX_LOD_LEVELS:
        raise ArchiveUnreadable(
            f"byte {at}: LoD level count",
            expected=f"at most {MAX_LOD_LEVELS}",
            got=levels,
        )
    for _ in range(levels):
        cursor.take(cursor.number("<Q", "LoD level size"), "LoD level")
    cursor.demand_zero("tensor version")
    at = cursor.offset
    desc_bytes = cursor.number("<i", "desc length")
    if not 0 < desc_bytes <= MAX_DESC_BYTES:
        raise ArchiveUnreadable(
            f"byte {at}: desc length",
            expected=f"1 to {MAX_DESC_BYTES}",
            got=desc_bytes,
        )
    at = cursor.offset
    cursor.take(desc_bytes, "desc")
    dtype, shape = _parse_desc(content, at, cursor.offset)
    data = cursor.take(math.prod(shape) * dtype.itemsize, f"data of shape {shape}")
    return np.frombuffer(data, dtype=dtype).reshape(shape), cursor.offset


def is_shape(shape: Sequence[int]) -> bool:
    """Tell whether an array can have these sides.

    One that is 0 leaves no element, and yet the others must not ask for more than there
    are addresses.
    """
    return (
        len(shape) <= MAX_DIMS
        and all(0 <= side < 1 << 31 for side in shape)
        and math.prod(max(side, 1) for side in shape) < MAX_ELEMENTS
    )


def begins_a_record(path: Path) -> bool:
    """Tell whether a file begins as a record does: two versions and levels of 0."""
    with path.open("rb") as file:
        return file.read(len(BEGINNING)) == BEGINNING


def read_tensor(path: Path) -> NDArray[Any]:
    """Read a file that holds one record; the array is mapped, read-only.

    Raises:
        ArchiveUnreadable: damaged, or bytes after the record; names file and byte.
    """
    with located(path.name):
        if path.stat().st_size == 0:
            raise ArchiveUnreadable("empty file", expected="a tensor record")
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        content = memoryview(mapped)
        array, end = parse_tensor(content)
        if end != len(content):
            raise ArchiveUnreadable(
                f"byte {end}: bytes after the record",
                expected=f"{end} bytes for shape {array.shape}",
                got=len(content),
            )
        return array


def tensor_record(array: NDArray[Any]) -> bytes:
    """Return the record of an array, as ``save_persistables`` writes it.

    Raises:
        ArchiveUnreadable: the old runtime has no such type.
    """
    head, data = _record_parts(array)
    return head + data.tobytes()


def write_tensor(path: Path, array: NDArray[Any]) -> None:
    """Write one record to a file, whole or not at all."""
    write_bytes(path, tensor_record(array))


def write_records(path: Path, arrays: Iterable[NDArray[Any]]) -> None:
    """Write records one after the other, holding one array at a time.

    Raises:
        ArchiveUnreadable: the old runtime has no such type.
    """
    with replacing(path) as beside, beside.open("wb") as file:
        for array in arrays:
            head, data = _record_parts(array)
            file.write(head)
            file.write(data.data)


def _record_parts(array: NDArray[Any]) -> tuple[bytes, NDArray[Any]]:
    """Return what comes before the data, and the data as it is stored."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    code = CODES.get(little.dtype)
    if code is None:
        raise ArchiveUnreadable(
            "type of the array",
            expected=" | ".join(str(one) for one in CODES),
            got=array.dtype,
        )
    desc = encode({"data_type": code, "dims": array.shape}, TENSOR_DESC)
    return struct.pack("<IQIi", 0, 0, 0, len(desc)) + desc, little


def _parse_desc(
    content: memoryview, start: int, end: int
) -> tuple[np.dtype[Any], tuple[int, ...]]:
    desc = decode(content, TENSOR_DESC, start, end)
    code, shape = desc.get("data_type"), tuple(desc.get("dims", ()))
    if code is None or code not in DTYPES:
        raise ArchiveUnreadable(
            f"byte {start}: data type",
            expected=" | ".join(f"{one} ({DTYPES[one]})" for one in DTYPES),
            got=code,
        )
    if not is_shape(shape):
        raise ArchiveUnreadable(
            f"byte {start}: shape", expected=SHAPES, got=shape[: MAX_DIMS + 1]
        )
    return DTYPES[code], shape
