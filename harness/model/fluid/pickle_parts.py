"""Represents what numpy's pickles are made of by values that cannot act.

A pickle announces an array, then gives it a type, then its state. Each step is done
here, and every length is checked against the bytes that are there.  # decisions 0006
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable
from harness.model.fluid.lod_tensor import SHAPES, is_shape


class Mark(Enum):
    """What a global that we allow stands for."""

    RECONSTRUCT = "_reconstruct"
    NDARRAY = "ndarray"
    DTYPE = "dtype"
    ENCODE = "encode"


#: Exact module and name -> mark. Nothing is imported, not even these.
GLOBALS: Mapping[tuple[str, str], Mark] = {
    ("numpy.core.multiarray", "_reconstruct"): Mark.RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): Mark.RECONSTRUCT,  # numpy 2
    ("numpy", "ndarray"): Mark.NDARRAY,
    ("numpy", "dtype"): Mark.DTYPE,
    ("_codecs", "encode"): Mark.ENCODE,  # how protocol 2 writes bytes
}

#: What Paddle 2.x names for each tensor, where what it saves is more than one
#: dictionary of tensors.  # paddle.save of 2.6.2
NESTED = frozenset((("builtins", "tuple"), ("__builtin__", "tuple")))
#: Type codes of numpy that an array may have.
TYPE_CODES = frozenset(
    ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")
)
BYTE_ORDERS = ("<", ">", "|", "=")
#: The rest of a type's state: no fields, no subtype, no alignment of its own.
PLAIN_TYPE = (None, None, None, -1, -1, 0)
STEP = "nothing of the pickle was executed"


@dataclass(slots=True, eq=False)
class DtypeMade:
    """The type of an array, first without its byte order."""

    code: str
    order: str = "="


@dataclass(slots=True, eq=False)
class ArrayMade:
    """An array, first without its values."""

    value: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LongString:
    """A string that stays in the file: values of an array, and never a name."""

    content: memoryview
    form: str  # key of the forms below


#: How the bytes of a string are written: as they are, as characters, or as text.
BYTES, LATIN1, UTF8 = "bytes", "latin1", "utf-8"


def refusal(
    what: str, expected: str, got: object | None = None, *, at: int
) -> ArchiveUnreadable:
    """Return the refusal of what lies at a byte of a pickle."""
    return ArchiveUnreadable(
        f"byte {at}: {what}", expected=expected, got=got, next_step=STEP
    )


def make(called: Mark, arguments: tuple[Any, ...], *, at: int) -> Any:
    """Return what a call of one of numpy's globals stands for.

    Raises:
        ArchiveUnreadable: the arguments are not those that numpy writes.
    """
    if called is Mark.RECONSTRUCT and len(arguments) == 3:
        kind, shape, code = arguments
        if kind is Mark.NDARRAY and shape == (0,) and code in ("b", b"b"):
            return ArrayMade()
    elif called is Mark.DTYPE and len(arguments) == 3 and type(arguments[0]) is str:
        if arguments[0] in TYPE_CODES:
            return DtypeMade(arguments[0])
        known = " ".join(sorted(TYPE_CODES))
        raise refusal("type of an array", known, arguments[0][:20], at=at)
    elif called is Mark.ENCODE and len(arguments) == 2 and arguments[1] == "latin1":
        content = string_bytes(arguments[0])
        if content is not None and not _is_bytes(arguments[0]):
            return content
    raise refusal(f"call of {called.value}", "the arguments that numpy writes", at=at)


def build(made: Any, state: Any, *, at: int) -> None:
    """Give an array or a type its state.

    Raises:
        ArchiveUnreadable: the state is not one that numpy writes.
    """
    if type(state) is tuple and isinstance(made, DtypeMade) and len(state) == 8:
        _build_dtype(made, state, at=at)
    elif type(state) is tuple and isinstance(made, ArrayMade) and len(state) == 5:
        _build_array(made, state, at=at)
    else:
        got = f"{type(state).__name__} for {type(made).__name__}"
        raise refusal("a state", "that of an array or its type", got, at=at)


def decoded_length(value: Any) -> int:
    """Return how many bytes of memory ``string_bytes`` takes at most."""
    if isinstance(value, LongString):
        return len(value.content) if value.form == UTF8 else 0
    return len(value) if type(value) is str else 0


def string_length(value: Any) -> int:
    """Return how long a string of bytes or characters is, 0 for anything else."""
    if isinstance(value, LongString):
        return len(value.content)
    return len(value) if type(value) in (bytes, memoryview, str) else 0


def string_bytes(value: Any) -> bytes | memoryview | None:
    """Return the bytes of a string of bytes or of Latin-1 text; else None."""
    if isinstance(value, LongString) and value.form != UTF8:
        return value.content
    if type(value) is bytes or type(value) is memoryview:
        return value
    try:
        if isinstance(value, LongString):
            return str(value.content, "utf-8").encode("latin1")
        return value.encode("latin1") if type(value) is str else None
    except UnicodeError:
        return None


def _is_bytes(value: Any) -> bool:
    is_long = isinstance(value, LongString) and value.form == BYTES
    return is_long or type(value) in (bytes, memoryview)


def _build_dtype(made: DtypeMade, state: tuple[Any, ...], *, at: int) -> None:
    is_plain = type(state[0]) is int and state[2:] == PLAIN_TYPE
    if not is_plain or type(state[1]) is not str or state[1] not in BYTE_ORDERS:
        raise refusal("type of an array", "a plain number", at=at)
    made.order = state[1]


def _build_array(made: ArrayMade, state: tuple[Any, ...], *, at: int) -> None:
    _, shape, dtype, is_fortran, raw = state
    if made.value is not None:
        raise refusal("state of an array", "one", "another", at=at)
    if (
        type(shape) is not tuple
        or not all(type(one) is int for one in shape)
        or not is_shape(shape)
    ):
        raise refusal("shape of an array", SHAPES, at=at)
    content = string_bytes(raw)  # characters: Python 2
    if not isinstance(dtype, DtypeMade) or content is None:
        raise refusal("values of an array", "a type and bytes", at=at)
    kind = np.dtype(dtype.order + dtype.code)
    wanted = math.prod(shape) * kind.itemsize
    if len(content) != wanted:
        raise refusal(
            f"values of an array of shape {shape}",
            f"{wanted} bytes",
            len(content),
            at=at,
        )
    array = np.frombuffer(content, dtype=kind)
    array = array.reshape(shape, order="F" if is_fortran else "C")
    made.value = array.astype(kind.newbyteorder("="), copy=False)
