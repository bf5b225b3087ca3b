"""Chooses the parts of the tolerance that apply to a row: the row's budget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from harness.errors import ZooDataError
from harness.values.rows import Row, TolerancePart


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How far a measured number may lie from the printed one, in AP points."""

    total_pct: Decimal
    text: str  # "rounding 0.05 + device kernels 0.05": its parts, those of 0 left out


def budget_of(parts: Iterable[TolerancePart], row: Row) -> Budget:
    """Return the sum of the parts that apply to a row, and how it is made up.

    A part applies when every field it names has one of the values it names; one that
    names no field applies to every row. Parts of retrained rows alone are passed over:
    :mod:`harness.compare.retrained` makes them ordinary ones.

    Raises:
        ZooDataError: a part names a field that rows do not have.
    """
    applying = [
        part for part in parts if not part.only_retrained and _applies(part, row)
    ]
    total = sum((part.value_pct for part in applying), Decimal(0))
    told = [f"{part.name} {part.value_pct}" for part in applying if part.value_pct]
    return Budget(total_pct=total, text=" + ".join(told))


def _applies(part: TolerancePart, row: Row) -> bool:
    fields = {
        "architecture": row.architecture,
        "backbone": row.backbone,
        "dataset": row.dataset,
        "family": row.strategy.partition("_")[0],
        "input_px": str(row.input_px),
        "row": row.row_id,  # no word of a file: margins of single rows are computed
        "strategy": row.strategy,
    }
    unknown = sorted(set(part.applies_to) - set(fields))
    if unknown:
        raise ZooDataError(
            f"tolerance part {part.name}: field applies_to",
            expected=" or ".join(fields),
            got=", ".join(unknown),
        )
    return all(fields[name] in values for name, values in part.applies_to.items())
