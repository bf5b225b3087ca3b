"""Says which fields a protobuf message may have, and what each of them may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

VARINT, WORD64, BYTES, WORD32 = 0, 1, 2, 5  # wire types

#: Of a number of 64 bits: its sign, and one more than all its bits.
SIGN, ALL_BITS = 1 << 63, 1 << 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """What one field of a message may be."""

    number: int
    wire: int
    least: int = 0  # of a number
    most: int = 0
    inner: Schema | None = None  # of a message; None: text
    repeated: bool = False
    required: bool = False
    packed: bool = False  # numbers may also stand in one field, back to back

    @property
    def tag(self) -> int:
        """Return the number and wire type as they stand before each value."""
        return self.number << 3 | self.wire


class Where(TypedDict, total=False):
    """How often a field stands in its message."""

    repeated: bool
    required: bool
    packed: bool


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of one kind of message, by name, in the order of their numbers."""

    what: str  # for messages: "a variable"
    rules: Mapping[str, FieldRule]
    by_tag: Mapping[int, tuple[str, FieldRule]] = field(init=False)
    required: tuple[str, ...] = field(init=False)  # names

    def __post_init__(self) -> None:
        by_tag = {rule.tag: (name, rule) for name, rule in self.rules.items()}
        for name, rule in self.rules.items():
            if rule.packed:
                by_tag[rule.number << 3 | BYTES] = (name, rule)
        required = tuple(name for name, rule in self.rules.items() if rule.required)
        object.__setattr__(self, "by_tag", by_tag)
        object.__setattr__(self, "required", required)


def whole(number: int, least: int, most: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a whole number."""
    return FieldRule(number=number, wire=VARINT, least=least, most=most, **where)


def int32(number: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a signed number of 32 bits."""
    return whole(number, -(1 << 31), (1 << 31) - 1, **where)


def int64(number: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a signed number of 64 bits."""
    return whole(number, -SIGN, SIGN - 1, **where)


def flag(number: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a yes or no."""
    return whole(number, 0, 1, **where)


def float32(number: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a float32."""
    return FieldRule(number=number, wire=WORD32, **where)


def float64(number: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a float64."""
    return FieldRule(number=number, wire=WORD64, **where)


def text(number: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of UTF-8 text."""
    return FieldRule(number=number, wire=BYTES, **where)


def message(number: int, inner: Schema, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a message inside the message."""
    return FieldRule(number=number, wire=BYTES, inner=inner, **where)
