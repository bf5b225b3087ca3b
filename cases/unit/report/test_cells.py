from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.report.cells import metric_cell, shown_runs, signed
from harness.report.words import CHINESE, ENGLISH
from harness.values.records import Judgement, Measurement, Record, Verdict
from harness.values.rows import Zoo

Recorded = Callable[..., Record]


def test_a_measured_cell_has_number_difference_and_verdict(
    zoo: Zoo, plain_record: Record
) -> None:
    row = zoo.row(plain_record.row_id)

    assert (
        metric_cell(zoo, row, "box_ap", plain_record, ENGLISH)
        == "24.0 (-0.04, reproduced)"
    )
    assert (
        metric_cell(zoo, row, "box_ap", plain_record, CHINESE)
        == "24.0（-0.04，已复现）"
    )


def test_an_erratum_that_changes_the_run_shows_both_runs(
    zoo: Zoo, erratum_record: Record
) -> None:
    row = zoo.row(erratum_record.row_id)

    assert metric_cell(zoo, row, "box_ap", erratum_record, ENGLISH) == (
        "320: 35.1 (-4.68, lower)\n608 [E1](#e1): 39.8 (+0.02, reproduced)"
    )


def test_a_run_that_an_erratum_asks_for_is_missed_by_name(
    zoo: Zoo, erratum_record: Record
) -> None:
    half = replace(erratum_record, measurements=erratum_record.measurements[:1])
    row = zoo.row(half.row_id)

    assert metric_cell(zoo, row, "box_ap", half, ENGLISH).splitlines()[1] == (
        "608 [E1](#e1): – not measured: no record"
    )


def test_an_erratum_that_only_moves_a_link_asks_for_no_run(
    zoo: Zoo, plain_record: Record
) -> None:
    runs = shown_runs(zoo, zoo.row(plain_record.row_id), plain_record)

    assert [(run.input_px, run.erratum) for run in runs] == [(608, None)]


@pytest.mark.parametrize(
    ("verdict", "cell"),
    [
        (Verdict.UNAVAILABLE, "– not measured: archive unavailable"),
        (Verdict.NO_DATASET, "– not measured: no dataset"),
        (Verdict.NO_DEVICE, "– not measured: no device"),
        (Verdict.WRONG_ARCHIVE, "– not measured: wrong archive"),
        (Verdict.UNREADABLE, "– not measured: unreadable archive"),
        (Verdict.ERRORED, "– not measured: errored"),
    ],
)
def test_a_row_without_a_number_says_why(
    zoo: Zoo,
    plain_record: Record,
    unmeasured: Callable[[str, Verdict, str], Record],
    verdict: Verdict,
    cell: str,
) -> None:
    row = zoo.row(plain_record.row_id)
    record = unmeasured(row.row_id, verdict, "because")

    assert metric_cell(zoo, row, "box_ap", record, ENGLISH) == cell


def test_a_row_without_a_record_says_so(zoo: Zoo) -> None:
    row = zoo.rows[0]

    assert metric_cell(zoo, row, "box_ap", None, ENGLISH) == "– not measured: no record"
    assert metric_cell(zoo, row, "box_ap", None, CHINESE) == "– 未测量：无记录"


def test_the_number_of_some_images_is_not_shown(zoo: Zoo, plain_record: Record) -> None:
    partial = replace(plain_record, verdict=Verdict.PARTIAL)
    row = zoo.row(partial.row_id)

    assert (
        metric_cell(zoo, row, "box_ap", partial, ENGLISH)
        == "– not measured: only some images"
    )


def test_a_number_of_another_dataset_never_says_reproduced(
    zoo: Zoo, plain_record: Record
) -> None:
    elsewhere = replace(plain_record, verdict=Verdict.WRONG_DATASET)
    row = zoo.row(elsewhere.row_id)

    assert (
        metric_cell(zoo, row, "box_ap", elsewhere, ENGLISH)
        == "24.0 (-0.04, wrong dataset)"
    )


def test_each_of_three_claims_has_its_own_verdict(
    zoo: Zoo,
    judged: Callable[..., Judgement],
    measured: Callable[..., Measurement],
    recorded: Recorded,
) -> None:
    row = zoo.rows[2]
    run = measured(
        640,
        judged("easy", "87.8", 87.8, Verdict.REPRODUCED),
        judged("medium", "85.1", 84.0, Verdict.LOWER),
        judged("hard", "74.9", 76.0, Verdict.HIGHER),
    )
    record = recorded(row.row_id, Verdict.LOWER, run)
    cells = [
        metric_cell(zoo, row, metric, record, ENGLISH)
        for metric in ("easy", "medium", "hard")
    ]

    assert cells == [
        "87.8 (0.00, reproduced)",
        "84.0 (-1.10, lower)",
        "76.0 (+1.10, higher)",
    ]


@pytest.mark.parametrize(
    ("difference_pct", "text"),
    [(0.0, "0.00"), (-0.004, "0.00"), (-0.006, "-0.01"), (1.0, "+1.00")],
)
def test_a_difference_that_rounds_to_zero_has_no_sign(
    difference_pct: float, text: str
) -> None:
    assert signed(difference_pct) == text
