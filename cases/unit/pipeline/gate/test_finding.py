import pytest

from harness.errors import RecordInvalid, located
from harness.pipeline.gate.finding import Rule, finding_of, refused


def test_a_message_names_its_row_once() -> None:
    with pytest.raises(RecordInvalid) as caught, located("records/a-row.json"):
        raise RecordInvalid("not JSON")

    assert (
        finding_of(Rule.RECORD, "a-row", caught.value).message
        == "records/a-row.json: not JSON"
    )
    assert (
        finding_of(Rule.RECORD, "a-row", RecordInvalid("not JSON")).message
        == "a-row: not JSON"
    )


def test_a_refusal_has_all_five_parts() -> None:
    finding = refused(Rule.SCORE, "a-row", "box_ap", expected=1.5, got=2.5)

    assert (
        finding.message == "a-row: box_ap; expected 1.5, got 2.5; measure the row again"
    )
    assert finding.fails
    assert finding.verdict is None
