"""States what the value of an operator's attribute may be: its type and its range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.fluid.program_desc import Value
from harness.model.fluid.program_schema import AttributeType

#: Of a list of anything; anchors of nine boxes are 18 numbers.
MAX_COUNT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRule:
    """The type of an attribute, and the values it may have."""

    type: AttributeType
    least: float = 0.0  # of a number, or of each in a list; both ends are inside
    most: float = 0.0
    counts: tuple[int, int] = (0, MAX_COUNT)  # of a list: the fewest and the most
    only: tuple[Value, ...] = ()  # when there are some: no other

    def allows(self, value: Value) -> bool:
        """Tell whether a value of the type is one of those."""
        if self.only:
            return value in self.only
        if not isinstance(value, tuple):
            return self._allows_one(value)
        fewest, most = self.counts
        return fewest <= len(value) <= most and all(map(self._allows_one, value))

    def _allows_one(self, value: float | str) -> bool:
        # NaN is in no range
        return not isinstance(value, str) and self.least <= value <= self.most

    def __str__(self) -> str:
        if self.only:
            return f"{self.type.name} " + " | ".join(repr(one) for one in self.only)
        told = f"{self.type.name} from {self.least:g} to {self.most:g}"
        if not self.type.name.endswith("S"):
            return told
        fewest, most = self.counts
        return f"{fewest} to {most} {told}"


def whole(least: int, most: int) -> AttributeRule:
    """Return the rule of a whole number."""
    return AttributeRule(type=AttributeType.INT, least=least, most=most)


def real(least: float, most: float) -> AttributeRule:
    """Return the rule of a float32."""
    return AttributeRule(type=AttributeType.FLOAT, least=least, most=most)


def wholes(least: int, most: int, counts: tuple[int, int]) -> AttributeRule:
    """Return the rule of a list of whole numbers."""
    return AttributeRule(type=AttributeType.INTS, least=least, most=most, counts=counts)


def reals(least: float, most: float, counts: tuple[int, int]) -> AttributeRule:
    """Return the rule of a list of float32."""
    return AttributeRule(
        type=AttributeType.FLOATS, least=least, most=most, counts=counts
    )


def yes_or_no() -> AttributeRule:
    """Return the rule of a choice."""
    return AttributeRule(type=AttributeType.BOOLEAN, least=0, most=1)


def only_bool(value: bool) -> AttributeRule:
    """Return the rule of a choice that is taken."""
    return AttributeRule(type=AttributeType.BOOLEAN, only=(value,))


def words(*choices: str) -> AttributeRule:
    """Return the rule of a word out of a few."""
    return AttributeRule(type=AttributeType.STRING, only=choices)


def only_real(value: float) -> AttributeRule:
    """Return the rule of a float32 that has one value."""
    return real(value, value)


def only_wholes(*choices: Sequence[int]) -> AttributeRule:
    """Return the rule of a list of whole numbers out of a few."""
    return AttributeRule(
        type=AttributeType.INTS, only=tuple(tuple(one) for one in choices)
    )
