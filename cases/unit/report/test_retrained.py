"""The section on networks trained again, beside what was published and downloaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from harness.errors import RecordInvalid
from harness.report.pages import Values, render_pages
from harness.report.retrained import retrained
from harness.report.retrained_words import (
    CHINESE_RETRAINED,
    ENGLISH_RETRAINED,
    RetrainedWords,
)
from harness.report.words import ENGLISH
from harness.values.records import Measurement, Record, Verdict
from harness.values.rows import Zoo
from testing.records import build_judgement, build_measurement

P1 = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
P2 = "yolov3-mobilenet_v1-coco-prune_r578-608"
F1 = "blazeface-original-widerface-quant_post-640"
HEADING = "## Trained again"
SOURCE = "trained by small/m1, seed 7, 90 of 90 steps"


@pytest.fixture
def trained(recorded: Callable[..., Record]) -> Callable[..., Record]:
    """Build the record of a row that was trained here."""

    def record(
        row_id: str, verdict: Verdict, *runs: Measurement, **more: str
    ) -> Record:
        made = recorded(row_id, verdict, *runs, **more)
        assert made.archive is not None
        return replace(made, archive=replace(made.archive, source=SOURCE))

    return record


def measured(value_pct: float, printed: str = "24.0", **fields: object) -> Measurement:
    judgement = build_judgement(
        printed=printed,
        measured_pct=value_pct,
        difference_pct=value_pct - float(printed),
        tolerance_pct="0.55",
    )
    return build_measurement(judgement, **fields)


def cells(zoo: Zoo, records: dict[str, Record], record: Record) -> list[list[str]]:
    table = list(retrained(zoo, records, {record.row_id: record}, ENGLISH))[2]
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in table.splitlines()[2:]
    ]


def test_a_row_has_its_number_beside_the_published_and_the_downloaded_one(
    zoo: Zoo, plain_record: Record, trained: Callable[..., Record]
) -> None:
    record = trained(P2, Verdict.REPRODUCED, measured(23.7))

    assert cells(zoo, {P2: plain_record}, record) == [
        [
            f"`{P2}`",
            SOURCE,
            "24.0",
            "23.96",
            "23.70",
            "-0.30",
            "± 0.55",
            "reproduced",
        ]
    ]


def test_a_row_whose_archive_was_not_downloaded_has_a_dash(
    zoo: Zoo,
    trained: Callable[..., Record],
    unmeasured: Callable[[str, Verdict, str], Record],
) -> None:
    record = trained(P2, Verdict.REPRODUCED, measured(23.7))
    gone = unmeasured(P2, Verdict.UNAVAILABLE, "nobody serves it")

    assert cells(zoo, {}, record)[0][3] == "–"
    assert cells(zoo, {P2: gone}, record)[0][3] == "–"


@pytest.mark.parametrize("changed", [{"fingerprint": "other"}, {"limit": 8}])
def test_a_number_of_other_images_is_not_set_beside_it(
    zoo: Zoo,
    plain_record: Record,
    trained: Callable[..., Record],
    changed: dict[str, object],
) -> None:
    record = trained(P2, Verdict.REPRODUCED, measured(23.7))
    assert plain_record.dataset is not None
    other = replace(plain_record, dataset=replace(plain_record.dataset, **changed))

    assert cells(zoo, {P2: other}, record)[0][3] == "–"


def test_the_mean_of_seeds_is_named_and_the_difference_stays_that_from_published(
    zoo: Zoo, trained: Callable[..., Record]
) -> None:
    record = trained(P2, Verdict.REPRODUCED, measured(23.7, printed="23.52"))
    (line,) = cells(zoo, {}, record)

    assert line[2] == "24.0"
    assert line[5:7] == ["-0.30", "23.52 ± 0.55"]


def test_each_run_of_a_row_has_a_line_and_a_verdict_of_its_own(
    zoo: Zoo, erratum_record: Record, trained: Callable[..., Record]
) -> None:
    lower = replace(measured(35.0, "39.8", input_px=320), verdict=Verdict.LOWER)
    right = measured(39.7, "39.8", input_px=608, erratum="E1")
    record = trained(P1, Verdict.REPRODUCED_WITH_ERRATUM, lower, right)

    assert [
        [line[0], *line[3:5], line[-1]]
        for line in cells(zoo, {P1: erratum_record}, record)
    ] == [
        [f"`{P1}` 320", "35.12", "35.00", "lower"],
        [f"`{P1}` 608 [E1](#e1)", "39.82", "39.70", "reproduced"],
    ]


def test_a_verdict_of_more_than_the_numbers_is_told(
    zoo: Zoo, trained: Callable[..., Record]
) -> None:
    record = trained(P2, Verdict.WRONG_DATASET, measured(23.7), reason="other images")

    assert cells(zoo, {}, record)[0][-1] == "wrong dataset"


def test_the_metrics_of_a_row_share_its_cells(
    zoo: Zoo, trained: Callable[..., Record]
) -> None:
    judgements = [
        build_judgement(metric=metric, printed=printed, measured_pct=80.0)
        for metric, printed in (("easy", "87.8"), ("medium", "85.1"), ("hard", "74.9"))
    ]
    record = trained(F1, Verdict.LOWER, build_measurement(*judgements))
    (line,) = cells(zoo, {}, record)

    assert line[2:6] == [
        "87.8 / 85.1 / 74.9",
        "– / – / –",
        "80.00 / 80.00 / 80.00",
        "-7.80 / -5.10 / +5.10",
    ]


@pytest.mark.parametrize("verdict", [Verdict.PARTIAL, Verdict.ERRORED])
def test_what_was_not_measured_is_told_below(
    zoo: Zoo, trained: Callable[..., Record], verdict: Verdict
) -> None:
    runs = [measured(23.7)] if verdict is Verdict.PARTIAL else []
    record = trained(P2, verdict, *runs, reason="it took | too long")
    blocks = list(retrained(zoo, {}, {P2: record}, ENGLISH))

    assert blocks[0] == HEADING
    assert blocks[2:] == [f"- `{P2}` ({ENGLISH.verdicts[verdict]}): it took | too long"]


def test_what_a_record_says_of_its_training_obeys_nothing(
    zoo: Zoo, trained: Callable[..., Record]
) -> None:
    record = trained(P2, Verdict.REPRODUCED, measured(23.7))
    assert record.archive is not None
    evil = replace(record, archive=replace(record.archive, source="<b>|x"))

    assert "<b>" not in "".join(retrained(zoo, {}, {P2: evil}, ENGLISH))


def test_a_page_without_retrained_rows_has_its_bytes(
    zoo: Zoo, plain_record: Record
) -> None:
    records = {P2: plain_record}
    before = render_pages(zoo, records, Values.MEASURED)

    assert render_pages(zoo, records, Values.MEASURED, trained={}) == before
    assert HEADING not in before["MODEL_ZOO_en.md"]


def test_both_pages_have_the_section_and_published_values_alone_have_none(
    zoo: Zoo, trained: Callable[..., Record]
) -> None:
    more = {P2: trained(P2, Verdict.REPRODUCED, measured(23.7))}
    pages = render_pages(zoo, {}, Values.MEASURED, trained=more)

    assert HEADING in pages["MODEL_ZOO_en.md"]
    assert "## 重新训练" in pages["MODEL_ZOO.md"]
    published = render_pages(zoo, {}, Values.PUBLISHED, trained=more)
    assert HEADING not in published["MODEL_ZOO_en.md"]


def test_a_record_of_another_zoo_is_refused(
    zoo: Zoo, trained: Callable[..., Record]
) -> None:
    record = replace(trained(P2, Verdict.REPRODUCED, measured(23.7)), zoo="other")

    with pytest.raises(RecordInvalid, match="is of another zoo"):
        render_pages(zoo, {}, Values.MEASURED, trained={P2: record})


@pytest.mark.parametrize("words", [CHINESE_RETRAINED, ENGLISH_RETRAINED])
def test_every_language_has_every_word(words: RetrainedWords) -> None:
    assert all(getattr(words, one.name) for one in fields(words))
    assert len(words.columns) == 8
