from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import RecordInvalid
from harness.report.tally import (
    NOT_MEASURED,
    OUTCOMES,
    check_belonging,
    count_outcomes,
)
from harness.values.records import Record, Verdict
from harness.values.rows import Zoo


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([*Verdict, None])))
def test_the_counts_sum_to_the_rows(verdicts: Mapping[str, Verdict | None]) -> None:
    records = {
        row_id: Record(zoo="z", row_id=row_id, verdict=verdict, reason="")
        for row_id, verdict in verdicts.items()
        if verdict is not None
    }
    counts = count_outcomes(verdicts, records)

    assert sum(counts.values()) == len(verdicts)
    assert counts[NOT_MEASURED] == len(verdicts) - len(records)
    assert tuple(counts) == OUTCOMES


def test_a_record_of_another_zoo_is_refused(zoo: Zoo, plain_record: Record) -> None:
    foreign = Record(zoo="demo", row_id=plain_record.row_id, verdict="lower", reason="")

    with pytest.raises(
        RecordInvalid,
        match=r"prune_r578-608 is of another zoo; expected small, got demo; keep the",
    ):
        check_belonging(zoo, {foreign.row_id: foreign})


def test_a_record_of_no_row_is_refused(
    zoo: Zoo, unmeasured: Callable[[str, Verdict, str], Record]
) -> None:
    stray = unmeasured("yolov9", Verdict.LOWER, "")

    with pytest.raises(
        RecordInvalid,
        match="yolov9, which is no row of small; expected one of its 3 rows; remove",
    ):
        check_belonging(zoo, {"yolov9": stray})
