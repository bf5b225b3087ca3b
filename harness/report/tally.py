"""Counts how many rows came to each verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.errors import RecordInvalid
from harness.values.records import Record, Verdict
from harness.values.rows import Zoo

#: The word for a row that has no record. Not a verdict: nothing was tried.
NOT_MEASURED = "not_measured"

#: Every word a row can be counted under, in the order they are shown.
OUTCOMES: tuple[str, ...] = (*Verdict, NOT_MEASURED)


def count_outcomes(
    row_ids: Iterable[str], records: Mapping[str, Record]
) -> dict[str, int]:
    """Return how many of the rows came to each of :data:`OUTCOMES`, zeros included.

    The counts add up to the number of rows, so that no row can be left out.
    """
    counts = dict.fromkeys(OUTCOMES, 0)
    for row_id in row_ids:
        record = records.get(row_id)
        counts[NOT_MEASURED if record is None else record.verdict.value] += 1
    return counts


def check_belonging(zoo: Zoo, records: Mapping[str, Record]) -> None:
    """Refuse records of other rows than this zoo's: no page would show them.

    Raises:
        RecordInvalid: a record of another zoo, or of a row the zoo does not have.
    """
    row_ids = {row.row_id for row in zoo.rows}
    for row_id, record in sorted(records.items()):
        if record.zoo != zoo.name:
            raise RecordInvalid(
                f"the record of {row_id} is of another zoo",
                expected=zoo.name,
                got=record.zoo,
                next_step="keep the records of each zoo in a folder of their own",
            )
        if row_id not in row_ids:
            raise RecordInvalid(
                f"a record of {row_id}, which is no row of {zoo.name}",
                expected=f"one of its {len(row_ids)} rows",
                next_step="remove the record, or add the row",
            )
