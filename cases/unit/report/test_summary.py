import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.report.summary import (
    TITLES,
    counts_line,
    summarise,
    summary_json,
    summary_text,
)
from harness.values.records import Record, Verdict
from harness.values.rows import Zoo

P1 = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
P2 = "yolov3-mobilenet_v1-coco-prune_r578-608"
F1 = "blazeface-original-widerface-quant_post-640"
TAIL = ["1", "reproduced_with_erratum,", "1", "not_measured"]


@pytest.fixture
def records(erratum_record: Record, plain_record: Record) -> dict[str, Record]:
    return {one.row_id: one for one in (erratum_record, plain_record)}


def test_the_table_shows_every_number_of_every_run(
    zoo: Zoo, records: dict[str, Record]
) -> None:
    text = summary_text(summarise(zoo, records, [F1, P2, P1]))

    assert [line.split() for line in text.splitlines()] == [
        list(TITLES),
        [P1, "320", "box_ap", "35.12", "39.8", "-4.68", "0.05", "lower"],
        [P1, "608", "E1", "box_ap", "39.82", "39.8", "+0.02", "0.05", "reproduced"],
        [P2, "608", "box_ap", "23.96", "24.0", "-0.04", "0.05", "reproduced"],
        [F1, "640", "easy", "–", "87.8", "–", "–", "not_measured"],
        [F1, "640", "medium", "–", "85.1", "–", "–", "not_measured"],
        [F1, "640", "hard", "–", "74.9", "–", "–", "not_measured"],
        [],
        ["3", "rows:", "1", "reproduced,", *TAIL],
    ]


def test_a_selection_shows_its_rows_alone(zoo: Zoo, records: dict[str, Record]) -> None:
    summary = summarise(zoo, records, [P2])

    assert {line.row for line in summary.lines} == {P2}
    assert sum(summary.counts.values()) == 1


def test_a_selection_that_measured_nothing_says_so_loudly(
    zoo: Zoo, unmeasured: Callable[[str, Verdict, str], Record]
) -> None:
    records = {P2: unmeasured(P2, Verdict.NO_DATASET, "no COCO there")}
    summary = summarise(zoo, records, [P2, F1])

    assert summary.loud == (
        "NOTHING WAS MEASURED (2 rows: 1 no_dataset, 1 not_measured): "
        "no published number was checked"
    )
    assert summary_text(summary).endswith(f"\n{summary.loud}\n")


def test_an_empty_selection_is_loud_too(zoo: Zoo) -> None:
    assert summarise(zoo, {}, []).loud.startswith(
        "NOTHING WAS MEASURED (0 rows: none selected)"
    )


def test_a_selection_that_measured_something_is_not_loud(
    zoo: Zoo, records: dict[str, Record]
) -> None:
    assert summarise(zoo, records, [P1, F1]).loud == ""


def test_a_number_of_another_dataset_shows_the_verdict_of_its_row(
    zoo: Zoo, plain_record: Record
) -> None:
    elsewhere = replace(plain_record, verdict=Verdict.WRONG_DATASET)
    (line,) = summarise(zoo, {P2: elsewhere}, [P2]).lines

    assert (line.measured, line.verdict) == ("23.96", "wrong_dataset")


def test_the_json_form_holds_unrounded_numbers(
    zoo: Zoo, records: dict[str, Record]
) -> None:
    data = json.loads(summary_json(zoo, records, [P1, F1]))
    first, face = data["rows"]

    assert data["zoo"] == "small"
    assert data["measured_nothing"] is False
    assert data["counts"]["not_measured"] == 1
    assert [run["scores_pct"] for run in first["runs"]] == [
        {"box_ap": 35.1234},
        {"box_ap": 39.82},
    ]
    assert first["runs"][1]["judgements"][0]["printed"] == "39.8"
    assert (face["verdict"], face["runs"]) == ("not_measured", [])
    assert face["claims"] == {"easy": "87.8", "medium": "85.1", "hard": "74.9"}


def test_counts_of_no_row_are_left_out() -> None:
    assert counts_line({"lower": 0, "higher": 2}) == "2 rows: 2 higher"


def test_a_number_that_was_not_judged_is_shown_without_a_difference(
    zoo: Zoo, plain_record: Record
) -> None:
    (run,) = plain_record.measurements
    run = replace(run, judgements=(), verdict=Verdict.NOT_JUDGED)
    record = replace(plain_record, verdict=Verdict.NOT_JUDGED, measurements=(run,))
    summary = summarise(zoo, {P2: record}, [P2])

    (line,) = summary.lines
    assert (line.measured, line.printed) == ("23.96", "24.0")
    assert (line.difference, line.tolerance) == ("–", "–")
    assert line.verdict == "not_judged"
    assert summary.loud == ""
