"""The bytes of an old program in, what it is made of out: no Paddle.

Field numbers are those of the runtime's framework.proto, old and new.  # zoo-spec 3.1
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import ArchiveUnreadable
from harness.model.protobuf_fields import (
    Field,
    number_field,
    read_fields,
    rewrite,
)

BLOCKS = 1  # of ProgramDesc
VARIABLES, OPERATORS = 3, 4  # of BlockDesc
NAME, TYPE, PERSISTABLE = 1, 2, 3  # of VarDesc
KIND, LOD_TENSOR = 1, 3  # of VarType
TENSOR = 1  # of LoDTensorDesc
DATA_TYPE, DIMS = 1, 2  # of TensorDesc
INPUTS, OUTPUTS, OPERATOR_KIND, ATTRIBUTES = 1, 2, 3, 4  # of OpDesc
PARAMETER, ARGUMENTS = 1, 2  # of OpDesc.Var
ATTRIBUTE_NAME, INTEGER, FLOAT, STRING = 1, 3, 4, 5  # of OpDesc.Attr
INTEGERS, FLOATS, BOOLEAN = 6, 7, 10  # of OpDesc.Attr

TENSOR_KIND = 7  # VarType.Type LOD_TENSOR: what has values
#: Of an attribute: a number or several, or a word; floats as float32 stores them.
Value = float | str | tuple[float, ...]

#: A program of a detector has well under 1 MB.
MAX_PROGRAM_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramVariable:
    """One variable of a program."""

    name: str
    kind: int  # VarType.Type
    data_type: int | None  # VarType.Type of its elements; a key of fluid_tensor.DTYPES
    shape: tuple[int, ...]  # -1: any
    is_persistable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator of a program."""

    kind: str
    inputs: Mapping[str, tuple[str, ...]]  # parameter -> variables
    outputs: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, Value]  # those that are numbers or one word


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramDesc:
    """A program: its variables by name, and its operators in order."""

    variables: Mapping[str, ProgramVariable]
    operators: tuple[Operator, ...]

    def parameters(self) -> dict[str, ProgramVariable]:
        """Return the variables that are saved with the program, sorted by name."""
        return {
            name: one
            for name, one in sorted(self.variables.items())
            if one.is_persistable and one.kind == TENSOR_KIND
        }

    def feeds(self) -> tuple[str, ...]:
        """Return the names of what is fed, in the program's order."""
        return tuple(
            name
            for one in self.operators
            if one.kind == "feed"
            for name in one.outputs.get("Out", ())
        )

    def fetches(self) -> tuple[str, ...]:
        """Return the names of what is fetched, in the program's order."""
        return tuple(
            name
            for one in self.operators
            if one.kind == "fetch"
            for name in one.inputs.get("X", ())
        )


def parse_program(content: bytes) -> ProgramDesc:
    """Read a program.

    Raises:
        ArchiveUnreadable: oversized, cut off, no program, or a variable is there twice;
            names the byte.
    """
    if len(content) > MAX_PROGRAM_BYTES:
        raise ArchiveUnreadable(
            "size of the program",
            expected=f"at most {MAX_PROGRAM_BYTES} bytes",
            got=len(content),
        )
    variables: dict[str, ProgramVariable] = {}
    operators: list[Operator] = []
    blocks = 0
    for block in read_fields(memoryview(content)):
        if block.number != BLOCKS:
            continue
        blocks += 1
        for field in read_fields(block.message(), block.at):
            if field.number == VARIABLES:
                one = parse_variable(field.message(), field.at)
                if one.name in variables:
                    raise ArchiveUnreadable(
                        f"byte {field.at}: variable {one.name}",
                        expected="each variable once",
                        got="the same name again",
                    )
                variables[one.name] = one
            elif field.number == OPERATORS:
                operators.append(parse_operator(field.message(), field.at))
    if not blocks or not operators:
        raise ArchiveUnreadable(
            "not a program", expected="blocks of operators", got=f"{blocks} blocks"
        )
    return ProgramDesc(variables=variables, operators=tuple(operators))


def open_sides(content: bytes, names: Collection[str]) -> bytes:
    """Return the program with the last two sides of the named variables left open.

    The published exporter fixed the input at 608; the network takes any.
    # zoo-spec 3.3
    """

    def open_variable(variable: memoryview) -> bytes:
        if parse_variable(variable, 0).name not in names:
            return bytes(variable)
        return rewrite(variable, (TYPE, LOD_TENSOR, TENSOR), _open_tensor)

    return rewrite(memoryview(content), (BLOCKS, VARIABLES), open_variable)


def _open_tensor(tensor: memoryview) -> bytes:
    sides: list[int] = []
    out = b""
    for field in read_fields(tensor):
        if field.number == DIMS:
            sides += field.integers()
        else:
            out += bytes(field.raw)
    return out + b"".join(number_field(DIMS, one) for one in (*sides[:-2], -1, -1))


def parse_variable(content: memoryview, start: int = 0) -> ProgramVariable:
    """Read the message of one variable."""
    name, is_persistable = "", False
    kind, data_type = -1, None
    shape: list[int] = []
    for field in read_fields(content, start):
        if field.number == NAME:
            name = field.text()
        elif field.number == PERSISTABLE:
            is_persistable = bool(field.integer())
    if not name:
        raise ArchiveUnreadable(f"byte {start}: a variable without a name")
    whole = [(content, start)]
    for field in _inside(whole, (TYPE, KIND)):
        kind = field.integer()
    for field in _inside(whole, (TYPE, LOD_TENSOR, TENSOR, DATA_TYPE)):
        data_type = field.integer()
    for field in _inside(whole, (TYPE, LOD_TENSOR, TENSOR, DIMS)):
        shape += field.integers()
    return ProgramVariable(
        name=name,
        kind=kind,
        data_type=data_type,
        shape=tuple(shape),
        is_persistable=is_persistable,
    )


def _inside(
    messages: Iterable[tuple[memoryview, int]], path: Sequence[int]
) -> Iterator[Field]:
    """Yield the fields at the end of a path of numbers."""
    for content, start in messages:
        found = (one for one in read_fields(content, start) if one.number == path[0])
        if path[1:]:
            yield from _inside(((one.message(), one.at) for one in found), path[1:])
        else:
            yield from found


def parse_operator(content: memoryview, start: int = 0) -> Operator:
    """Read the message of one operator."""
    kind = ""
    inputs: dict[str, tuple[str, ...]] = {}
    outputs: dict[str, tuple[str, ...]] = {}
    attributes: dict[str, Value] = {}
    for field in read_fields(content, start):
        if field.number == OPERATOR_KIND:
            kind = field.text()
        elif field.number in (INPUTS, OUTPUTS):
            side = inputs if field.number == INPUTS else outputs
            side.update(_parse_arguments(field))
        elif field.number == ATTRIBUTES:
            attributes.update(_parse_attribute(field))
    if not kind:
        raise ArchiveUnreadable(f"byte {start}: an operator without a type")
    return Operator(kind=kind, inputs=inputs, outputs=outputs, attributes=attributes)


def _parse_arguments(field: Field) -> dict[str, tuple[str, ...]]:
    parameter, arguments = "", []
    for one in read_fields(field.message(), field.at):
        if one.number == PARAMETER:
            parameter = one.text()
        elif one.number == ARGUMENTS:
            arguments.append(one.text())
    return {parameter: tuple(arguments)}


def _parse_attribute(field: Field) -> dict[str, Value]:
    """Return name and value, nothing when the value is neither numbers nor a word."""
    name = ""
    value: Value | None = None
    numbers: list[float] = []
    for one in read_fields(field.message(), field.at):
        if one.number == ATTRIBUTE_NAME:
            name = one.text()
        elif one.number in (INTEGER, BOOLEAN):
            value = one.integer()
        elif one.number == INTEGERS:
            numbers += one.integers()
        elif one.number == FLOATS and len(one.content) % 4 == 0:
            numbers += struct.unpack(f"<{len(one.content) // 4}f", one.content)
        elif one.number == STRING:
            value = one.text()
        elif one.number == FLOAT and len(one.content) == 4:
            (value,) = struct.unpack("<f", one.content)
    if numbers:
        value = tuple(numbers)
    return {} if value is None else {name: value}
