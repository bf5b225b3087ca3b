"""Checks the published numbers of a zoo, and the parts of their tolerance."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.errors import ZooDataError
from harness.values.rows import Row, Zoo

#: A percentage with the one decimal that the documents print.  # zoo-spec 1.1
_PRINTED = re.compile(r"\d{1,2}\.\d|100\.0")


def claim_problems(zoo: Zoo, file_name: str) -> Iterator[ZooDataError]:
    """Yield APs that are not printed with one decimal."""
    for row in zoo.rows:
        for claim in zoo.ap_claims(row.row_id):
            if _PRINTED.fullmatch(claim.printed) is None:
                yield ZooDataError(
                    f"{file_name}: claim {claim.row_id} {claim.metric}: field printed",
                    expected="a percentage with one decimal, such as 24.0",
                    got=repr(claim.printed),
                )


def tolerance_problems(zoo: Zoo, file_name: str) -> Iterator[ZooDataError]:
    """Yield parts of one name, and parts that apply to no row."""
    names: set[str] = set()
    for part in zoo.tolerance:
        place = f"{file_name}: part {part.name}"
        if part.name in names:
            yield ZooDataError(
                f"{place}: field name", expected="each name once", got="it again"
            )
        names.add(part.name)
        for name, values in part.applies_to.items():
            printed = {_field(row, name) for row in zoo.rows}
            unknown = [value for value in values if value not in printed]
            if unknown:
                yield ZooDataError(
                    f"{place}: field applies_to.{name}",
                    expected="values that rows have: " + ", ".join(sorted(printed)),
                    got=", ".join(unknown),
                )


def _field(row: Row, name: str) -> str:
    if name == "family":
        return row.strategy.partition("_")[0]
    return str(getattr(row, name))
