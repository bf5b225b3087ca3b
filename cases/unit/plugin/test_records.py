from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from harness.plugin.records import (
    PUBLISHED,
    RETRAINED,
    Kind,
    end_case,
    hand_over,
    keep_record,
    properties_of,
    records_of,
)
from harness.values.records import (
    INCOMPLETE,
    PASSING,
    Verdict,
)
from testing.records import build_judgement, build_measurement, build_record

JUDGED = build_judgement(
    metric="easy", printed="99.9", measured_pct=99.85, difference_pct=-0.05
)
MEASURED = build_measurement(JUDGED)
RECORD = build_record("r", Verdict.REPRODUCED, MEASURED)


def test_a_row_of_one_number_has_plain_names():
    assert properties_of(RECORD) == [
        ("verdict", "reproduced"),
        ("published", "99.9"),
        ("measured", 99.85),
        ("difference", -0.05),
        ("tolerance", "0.1"),
    ]


def test_several_numbers_are_told_apart_by_their_metric():
    both = (JUDGED, replace(JUDGED, metric="hard", printed="96.2"))
    record = replace(RECORD, measurements=(replace(MEASURED, judgements=both),))
    told = dict(properties_of(record))

    assert (told["easy_published"], told["hard_published"]) == ("99.9", "96.2")
    assert "published" not in told


def test_a_run_that_follows_an_erratum_has_its_own_names():
    corrected = replace(MEASURED, erratum="E1")
    record = replace(RECORD, measurements=(MEASURED, corrected))
    names = [name for name, _ in properties_of(record)]

    assert names.count("published") == names.count("E1_published") == 1


def test_a_row_without_a_number_has_its_verdict():
    record = replace(RECORD, verdict=Verdict.NO_DATASET, measurements=())

    assert properties_of(record) == [("verdict", "no_dataset")]


@pytest.mark.parametrize("verdict", sorted(PASSING))
@pytest.mark.parametrize("required", [False, True])
def test_a_passing_verdict_ends_nothing(verdict: Verdict, required: bool):
    end_case(replace(RECORD, verdict=verdict), require_measured=required)


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - PASSING))
def test_another_verdict_ends_the_case_with_its_reason(verdict: Verdict):
    record = replace(RECORD, verdict=verdict, reason="because")
    skips = verdict in INCOMPLETE

    ends = pytest.skip.Exception if skips else pytest.fail.Exception
    with pytest.raises(ends, match=f"^{verdict}: because$"):
        end_case(record, require_measured=False)
    with pytest.raises(pytest.fail.Exception, match=f"^{verdict}: because$"):
        end_case(record, require_measured=True)


def test_a_verdict_without_a_reason_stands_alone():
    record = replace(RECORD, verdict=Verdict.LOWER, reason="")

    with pytest.raises(pytest.fail.Exception, match=r"^lower$"):
        end_case(record, require_measured=False)


@pytest.mark.parametrize("kind", [PUBLISHED, RETRAINED])
def test_a_record_comes_back_from_the_report_of_its_call_alone(kind: Kind):
    (other,) = {PUBLISHED.attribute, RETRAINED.attribute} - {kind.attribute}
    item = SimpleNamespace(stash=pytest.Stash(), user_properties=[])
    setup, call = SimpleNamespace(when="setup"), SimpleNamespace(when="call")
    hand_over(item, call)
    assert records_of([call], kind) == {}

    keep_record(item, RECORD, kind)
    hand_over(item, setup)
    hand_over(item, call)

    assert records_of([setup], kind) == {}
    assert records_of([setup, object(), call], kind) == {"r": RECORD}
    assert not hasattr(call, other)
    assert item.user_properties == properties_of(RECORD, claim=kind.claim)


def test_what_a_retrained_row_is_held_to_is_not_called_published():
    names = [name for name, _ in properties_of(RECORD, claim=RETRAINED.claim)]

    assert names == ["verdict", "claimed", "measured", "difference", "tolerance"]
