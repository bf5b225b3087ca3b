"""Reads a pickle of named arrays; nothing that it names is ever called.

Python's unpickler is not used: a machine of our own reads the opcodes.
# decisions 0006
"""

from __future__ import annotations

import mmap
import pickletools
import re
import struct
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable
from harness.files.mapped_memory import let_go_of_map
from harness.model.fluid.pickle_machine import KNOWN_OPCODES, PickleMachine
from harness.model.fluid.pickle_parts import (
    BYTES,
    LATIN1,
    STEP,
    UTF8,
    ArrayMade,
    LongString,
)

#: The largest checkpoint of the zoo has 0.2 GB.  # zoo-spec 3.4
MAX_PICKLE_BYTES = 4 << 30
#: 459 variables take some 12000; more is no checkpoint of the zoo.
MAX_OPCODES = 1_000_000
OPCODES = {ord(one.code): one for one in pickletools.opcodes}
#: Those that may hold an array's values: how their length and they are written.
STRINGS = {
    "BINBYTES": ("<I", BYTES),
    "BINBYTES8": ("<Q", BYTES),
    "BINSTRING": ("<i", LATIN1),
    "BINUNICODE": ("<I", UTF8),
}
#: A string from this length on is left in the file; no name is as long.
LONG_BYTES = 4096
#: Strings that are not, all together: names, and the values of short arrays. 459
#: variables have below 2 MB of them, and in memory a character may take four bytes.
MAX_SHORT_BYTES = 64 << 20
#: "module\nname\n" of a global.
LONGEST_GLOBAL_BYTES = 256
#: Paddle 2.x writes it beside the arrays: structured name -> name of the variable.
STRUCTURED_NAMES = "StructuredToParameterName@@"
#: What Paddle 2.x calls a tensor that nobody named.  # paddle.to_tensor of 2.6.2
GENERATED = re.compile(r"generated_tensor_\d+")
#: How a zip begins, which PyTorch saves weights as.
ZIP = b"PK\x03\x04"


def read_pickled_arrays(
    path: Path, variables: Collection[str] = ()
) -> dict[str, NDArray[Any]]:
    """Read a pickle of ``{name: array}``, of Python 2 or 3; the arrays are read-only.

    Large arrays are views of the file, mapped, where it holds their bytes as they are.

    Args:
        path: the pickle.
        variables: names of the network. A key among them stays the array's name where
            the name that Paddle 2.x noted beside it is not among them.

    Raises:
        ArchiveUnreadable: oversized, cut off, a name is there twice, or it holds or
            names anything but arrays; the message names the byte.
    """
    size = path.stat().st_size
    if not 0 < size <= MAX_PICKLE_BYTES:
        raise ArchiveUnreadable(
            "size of the pickle", expected=f"1 to {MAX_PICKLE_BYTES} bytes", got=size
        )
    _demand_pickle(path)
    machine = PickleMachine(room_bytes=size, array_bytes=size)
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    for name, argument, at in _opcodes(content):
        machine.at = at
        machine.step(name, argument)
    let_go_of_map(content)
    if machine.at + 1 != size:
        raise ArchiveUnreadable(
            f"byte {machine.at + 1}: bytes after the pickle",
            expected=f"{machine.at + 1} bytes",
            got=size,
        )
    return _arrays_of(machine.result(), frozenset(variables))


def _demand_pickle(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(len(ZIP))
    if head == ZIP:
        raise ArchiveUnreadable(
            "not a pickle",
            expected="a pickle of arrays, as Paddle saves it",
            got="a zip, as torch.save writes it",
            next_step="give the weights as Paddle saved them: those of PyTorch must be "
            "converted first",
        )


def _opcodes(content: mmap.mmap) -> Iterator[tuple[str, Any, int]]:
    """Yield name, argument and byte of each opcode, up to the one that stops."""
    at, short_bytes = 0, 0
    for _ in range(MAX_OPCODES):
        place = content.tell()
        try:
            opcode = OPCODES[content.read_byte()]
            if opcode.name not in KNOWN_OPCODES:
                raise ArchiveUnreadable(
                    f"byte {place}: opcode {opcode.name}",
                    expected="what numpy's arrays need",
                    next_step=STEP,
                )
            argument = _argument(opcode, content)
        # what the many readers raise on bytes that are none of theirs
        except (ValueError, KeyError, OverflowError, MemoryError) as error:
            raise ArchiveUnreadable(
                f"byte {at}: the pickle is damaged or cut off after it", got=error
            ) from error
        at = place
        if type(argument) in (str, bytes):
            short_bytes += len(argument)
        if short_bytes > MAX_SHORT_BYTES:
            raise ArchiveUnreadable(
                f"byte {at}: too many short strings",
                expected=f"at most {MAX_SHORT_BYTES} bytes of them",
                next_step=STEP,
            )
        yield opcode.name, argument, at
        if opcode.name == "STOP":
            return
    raise ArchiveUnreadable(
        f"byte {at}: too many opcodes", expected=f"at most {MAX_OPCODES}"
    )


def _argument(opcode: pickletools.OpcodeInfo, content: Any) -> Any:
    """Read what follows an opcode; a long string stays where it is."""
    if opcode.name in STRINGS:
        form, kind = STRINGS[opcode.name]
        begin = content.tell() + struct.calcsize(form)
        if begin <= len(content):
            (length,) = struct.unpack_from(form, content, content.tell())
            if not 0 <= length <= len(content) - begin:  # else the rest would be read
                raise ValueError(f"a string of {length} bytes")
            if length >= LONG_BYTES:
                content.seek(begin + length)
                view = memoryview(content)[begin : begin + length]
                return LongString(content=view, form=kind)
    if opcode.name == "GLOBAL":
        begin = content.tell()
        # Without this the rest of the file would be searched for the ends of lines.
        if content[begin : begin + LONGEST_GLOBAL_BYTES].count(b"\n") < 2:
            raise ValueError(f"a global longer than {LONGEST_GLOBAL_BYTES} bytes")
    return None if opcode.arg is None else opcode.arg.reader(content)


def _arrays_of(
    result: Any, known: Collection[str] = frozenset()
) -> dict[str, NDArray[Any]]:
    """Return the arrays by the names of their variables."""
    if type(result) is not dict:
        raise ArchiveUnreadable(
            "the pickle", expected="a dictionary of arrays", got=type(result).__name__
        )
    variables = result.pop(STRUCTURED_NAMES, {})
    if type(variables) is not dict or not all(
        type(one) is str for one in variables.values()
    ):
        raise ArchiveUnreadable(STRUCTURED_NAMES, expected="names of variables")
    arrays: dict[str, NDArray[Any]] = {}
    for key, made in result.items():
        name = _variable_name(key, str(variables.get(key, key)), known)
        if type(made) is dict:
            raise ArchiveUnreadable(
                f"{key}: a dictionary in the dictionary",
                expected="the arrays themselves, by name",
                got=f"a dictionary of {len(made)}",
                next_step=f"save it again: paddle.save(state[{key!r}], ...)",
            )
        if not isinstance(made, ArrayMade) or made.value is None:
            raise ArchiveUnreadable(
                f"{key}: value", expected="an array", got=type(made).__name__
            )
        if name in arrays:
            raise ArchiveUnreadable(
                f"{name} is there twice", expected="each variable once"
            )
        arrays[name] = made.value
    return arrays


def _variable_name(key: str, noted: str, known: Collection[str]) -> str:
    """Return the name of an array: what Paddle noted of it, or its key.

    Paddle notes the name that the tensor has in memory. One that was made for saving
    has none of its own, and gets ``generated_tensor_0``.
    """
    is_made_up = GENERATED.fullmatch(noted) is not None
    return key if is_made_up or (key in known and noted not in known) else noted
