from __future__ import annotations

from dataclasses import replace

from harness.plugin.records import properties_of
from harness.values.records import Verdict
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
