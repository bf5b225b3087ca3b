"""Reads and writes the programs of the old runtime: no Paddle.

Reading is strict (``protobuf_message``). What a program may do is decided elsewhere
(``allowed_program``). Writing makes new bytes of the values that were read, so bytes
that no field accounts for are never passed on.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import ArchiveUnreadable
from harness.model.fluid.program_schema import PROGRAM, VALUE_FIELDS, AttributeType
from harness.model.fluid.protobuf_message import Message, decode, encode

TENSOR_KIND = 7  # VarType.Type LOD_TENSOR: what has values
FLOAT32 = 5  # VarType.Type  # zoo-spec 3.2
#: Of an attribute: a number or several, a word or several; floats as float32 has them.
Value = float | str | tuple[float, ...] | tuple[str, ...]

#: The largest program of a network here has 0.2 MB (measured).
MAX_PROGRAM_BYTES = 4 << 20

#: Types whose value is one number or word, or a list of them; the others are kept as
#: the type alone: no operator that may run has such an attribute.
_PLAIN = frozenset(AttributeType) - {
    AttributeType.BLOCK,
    AttributeType.BLOCKS,
    AttributeType.VAR,
    AttributeType.VARS,
    AttributeType.SCALAR,
    AttributeType.SCALARS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramVariable:
    """One variable of a program."""

    name: str
    kind: int  # VarType.Type
    data_type: int | None  # VarType.Type of its elements; a key of lod_tensor.DTYPES
    shape: tuple[int, ...]  # -1: any
    is_persistable: bool
    lod_level: int = 0  # whether the rows of several images stand in one tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator of a program."""

    kind: str
    inputs: Mapping[str, tuple[str, ...]]  # parameter -> variables
    outputs: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, Value]  # those that are numbers and words
    types: Mapping[str, AttributeType] = field(default_factory=dict)  # of every one


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramDesc:
    """A program: its variables by name, and its operators in order."""

    variables: Mapping[str, ProgramVariable]
    operators: tuple[Operator, ...]
    blocks: int = 1
    version: int = 0  # of the Paddle that wrote it: 1008005 is 1.8.5
    operator_versions: Mapping[str, int] = field(default_factory=dict)

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
            for operator in self.operators
            if operator.kind == "feed"
            for name in operator.outputs.get("Out", ())
        )

    def fetches(self) -> tuple[str, ...]:
        """Return the names of what is fetched, in the program's order."""
        return tuple(
            name
            for operator in self.operators
            if operator.kind == "fetch"
            for name in operator.inputs.get("X", ())
        )


def parse_program(content: bytes) -> ProgramDesc:
    """Read a program.

    Raises:
        ArchiveUnreadable: oversized, cut off, no program, not in the one form that all
            readers read alike, or a name stands twice; names the byte or the name.
    """
    if len(content) > MAX_PROGRAM_BYTES:
        raise ArchiveUnreadable(
            "size of the program",
            expected=f"at most {MAX_PROGRAM_BYTES} bytes",
            got=len(content),
        )
    program = decode(content, PROGRAM)
    blocks = program.get("blocks", [])
    operators = tuple(_operator(op) for block in blocks for op in block.get("ops", []))
    if not operators:
        raise ArchiveUnreadable(
            "not a program", expected="blocks of operators", got=f"{len(blocks)} blocks"
        )
    variables = [_variable(one) for block in blocks for one in block.get("vars", [])]
    versions = program.get("op_version_map", {}).get("pair", [])
    return ProgramDesc(
        variables=_by_name("variable", ((one.name, one) for one in variables)),
        operators=operators,
        blocks=len(blocks),
        version=program.get("version", {}).get("version", 0),
        operator_versions=_by_name(
            "version of operator",
            ((one["op_name"], one["op_version"]["version"]) for one in versions),
        ),
    )


def write_program(program: ProgramDesc) -> bytes:
    """Return the bytes of a program of one block.

    Raises:
        ValueError: an attribute has no type, or one that is not written.
    """
    versions = [
        {"op_name": name, "op_version": {"version": version}}
        for name, version in program.operator_versions.items()
    ]
    block = {
        "idx": 0,
        "parent_idx": -1,  # none
        "vars": [_variable_message(one) for one in program.variables.values()],
        "ops": [_operator_message(one) for one in program.operators],
    }
    return encode(
        {
            "blocks": [block],
            "version": {"version": program.version},
            **({"op_version_map": {"pair": versions}} if versions else {}),
        },
        PROGRAM,
    )


def float_operator(
    kind: str, source: str, result: str, attributes: Mapping[str, float]
) -> Operator:
    """Return an operator from ``X`` to ``Out`` with attributes that are float32."""
    return Operator(
        kind=kind,
        inputs={"X": (source,)},
        outputs={"Out": (result,)},
        attributes={name: _stored(one) for name, one in attributes.items()},
        types=dict.fromkeys(attributes, AttributeType.FLOAT),
    )


def _stored(value: float) -> float:
    """Return a number as a program stores it: a float32."""
    (stored,) = struct.unpack("<f", struct.pack("<f", value))
    return float(stored)


def float_tensor(
    name: str, shape: Sequence[int], *, is_persistable: bool
) -> ProgramVariable:
    """Return a variable that is a float32 tensor."""
    return ProgramVariable(
        name=name,
        kind=TENSOR_KIND,
        data_type=FLOAT32,
        shape=tuple(shape),
        is_persistable=is_persistable,
    )


def _by_name(what: str, pairs: Iterator[tuple[str, Any]]) -> dict[str, Any]:
    by_name: dict[str, Any] = {}
    for name, value in pairs:
        if name in by_name:
            raise ArchiveUnreadable(
                f"{what} {name} of the program",
                expected="each name once",
                got="the same name again",
            )
        by_name[name] = value
    return by_name


def _variable(content: Message) -> ProgramVariable:
    kind = content["type"]
    with_lengths = kind.get("lod_tensor", {})
    tensor = with_lengths.get("tensor", {})
    return ProgramVariable(
        name=content["name"],
        kind=kind["type"],
        data_type=tensor.get("data_type"),
        shape=tuple(tensor.get("dims", ())),
        is_persistable=bool(content.get("persistable", 0)),
        lod_level=with_lengths.get("lod_level", 0),
    )


def _variable_message(variable: ProgramVariable) -> Message:
    kind: Message = {"type": variable.kind}
    if variable.data_type is not None:
        kind["lod_tensor"] = {
            "tensor": {"data_type": variable.data_type, "dims": list(variable.shape)},
            "lod_level": variable.lod_level,
        }
    return {
        "name": variable.name,
        "type": kind,
        "persistable": int(variable.is_persistable),
    }


def _operator(content: Message) -> Operator:
    kind, attributes = content["type"], content.get("attrs", [])
    types = _by_name(
        f"attribute of {kind}",
        ((one["name"], AttributeType(one["type"])) for one in attributes),
    )
    values = {one["name"]: _value(one, kind) for one in attributes}
    return Operator(
        kind=kind,
        inputs=_arguments(content.get("inputs", []), kind),
        outputs=_arguments(content.get("outputs", []), kind),
        attributes={name: values[name] for name in types if types[name] in _PLAIN},
        types=types,
    )


def _arguments(content: Sequence[Message], kind: str) -> dict[str, tuple[str, ...]]:
    pairs = ((one["parameter"], tuple(one.get("arguments", ()))) for one in content)
    return _by_name(f"parameter of {kind}", pairs)


def _value(content: Message, kind: str) -> Any:
    """Return the value of an attribute, which must stand where its type says."""
    attribute = AttributeType(content["type"])
    wanted = VALUE_FIELDS[attribute]
    is_list = attribute.name.endswith("S")
    present = sorted(content.keys() - {"name", "type"})
    is_empty = is_list and not present  # an empty list is not written
    if present != [wanted] and not is_empty:
        raise ArchiveUnreadable(
            f"attribute {content['name']} of {kind}",
            expected=f"a value of its type, {attribute.name}",
            got=", ".join(present) or "no value",
        )
    value = content.get(wanted, ())
    if attribute is AttributeType.BOOLEAN:
        return bool(value)
    return tuple(value) if is_list else value


def _operator_message(operator: Operator) -> Message:
    return {
        "inputs": _arguments_message(operator.inputs),
        "outputs": _arguments_message(operator.outputs),
        "type": operator.kind,
        "attrs": [
            _attribute_message(name, operator.types.get(name), value)
            for name, value in operator.attributes.items()
        ],
    }


def _arguments_message(arguments: Mapping[str, tuple[str, ...]]) -> list[Message]:
    return [
        {"parameter": name, "arguments": list(names)}
        for name, names in arguments.items()
    ]


def _attribute_message(
    name: str, attribute: AttributeType | None, value: Value
) -> Message:
    if attribute not in _PLAIN:
        raise ValueError(f"attribute {name} of type {attribute} is not written")
    return {"name": name, "type": int(attribute), VALUE_FIELDS[attribute]: value}
