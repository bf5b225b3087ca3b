"""The section on deployments: numbers in other precisions beside those of float32."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from harness.errors import RecordInvalid
from harness.report.deployment import PrecisionRecords, deployment
from harness.report.deployment_words import (
    CHINESE_DEPLOYMENT,
    ENGLISH_DEPLOYMENT,
    DeploymentWords,
)
from harness.report.pages import Values, render_pages
from harness.report.words import ENGLISH
from harness.values.records import Record, SpeedRecord, Verdict
from harness.values.rows import Zoo

P2 = "yolov3-mobilenet_v1-coco-prune_r578-608"
HEADING = "## What a deployment would get"


@pytest.fixture
def bf16(plain_record: Record) -> Record:
    """The plain record as bf16 would give it: one point lower, and not judged."""
    (run,) = plain_record.measurements
    lower = {name: value - 1 for name, value in run.scores_pct.items()}
    run = replace(run, scores_pct=lower, judgements=(), verdict=Verdict.NOT_JUDGED)
    return replace(plain_record, verdict=Verdict.NOT_JUDGED, measurements=(run,))


@pytest.fixture
def speed() -> SpeedRecord:
    return SpeedRecord(
        zoo="small",
        row_id=P2,
        precision="bf16",
        instructions=("amx_bf16", "avx512_bf16"),
        device_model="a processor",
        threads=2,
        input_px=608,
        ms=60.0,
        float32_ms=240.0,
    )


def measured(record: Record, *speeds: SpeedRecord) -> PrecisionRecords:
    return PrecisionRecords(
        precision="bf16",
        records={record.row_id: record},
        speeds={one.row_id: one for one in speeds},
    )


def cells(zoo: Zoo, beside: dict[str, Record], one: PrecisionRecords) -> list[str]:
    text = list(deployment(zoo, beside, [one], ENGLISH))[2]
    (line,) = [line for line in text.splitlines() if P2 in line]
    return [cell.strip() for cell in line.split("|")[1:-1]]


def test_a_row_has_its_numbers_those_of_float32_and_its_speed(
    zoo: Zoo, plain_record: Record, bf16: Record, speed: SpeedRecord
) -> None:
    ap_pct = plain_record.measurements[0].scores_pct["box_ap"]

    assert cells(zoo, {P2: plain_record}, measured(bf16, speed)) == [
        f"`{P2}`",
        "bf16",
        f"{ap_pct - 1:.2f}",
        f"{ap_pct:.2f}",
        "-1.00",
        "60.00",
        "240.00",
        "4.00",
        "a processor (2; amx_bf16, avx512_bf16)",
    ]


def test_what_was_not_measured_has_a_dash(zoo: Zoo, bf16: Record) -> None:
    assert cells(zoo, {}, measured(bf16))[3:] == ["–"] * 6


@pytest.mark.parametrize("part", ["archive", "dataset"])
def test_float32_of_another_archive_or_dataset_is_not_compared(
    zoo: Zoo, plain_record: Record, bf16: Record, part: str
) -> None:
    used = getattr(plain_record, part)
    changed = {"archive": "sha256", "dataset": "fingerprint"}[part]
    other = replace(plain_record, **{part: replace(used, **{changed: "0" * 64})})

    assert cells(zoo, {P2: other}, measured(bf16))[3:5] == ["–", "–"]


@pytest.mark.parametrize("part", ["archive", "dataset"])
def test_float32_of_no_archive_or_dataset_is_not_compared(
    zoo: Zoo, plain_record: Record, bf16: Record, part: str
) -> None:
    other = replace(plain_record, **{part: None})

    assert cells(zoo, {P2: other}, measured(bf16))[3:5] == ["–", "–"]


def test_a_row_of_several_numbers_has_them_in_one_cell(
    zoo: Zoo, face_scores: Callable[[float], Record]
) -> None:
    one = PrecisionRecords(precision="int8", records={F1: face_scores(1.0)})
    text = list(deployment(zoo, {F1: face_scores(2.0)}, [one], ENGLISH))[2]

    assert "81.00 / 71.00 / 61.00" in text
    assert "82.00 / 72.00 / 62.00" in text
    assert "-1.00 / -1.00 / -1.00" in text


F1 = "blazeface-original-widerface-quant_post-640"


@pytest.fixture
def face_scores(bf16: Record) -> Callable[[float], Record]:
    def record(shift: float) -> Record:
        scores = {"easy": 80 + shift, "medium": 70 + shift, "hard": 60 + shift}
        run = replace(bf16.measurements[0], scores_pct=scores)
        return replace(bf16, row_id=F1, measurements=(run,))

    return record


def test_a_row_that_was_not_its_own_measurement_is_told_below(
    zoo: Zoo, bf16: Record
) -> None:
    partial = replace(bf16, verdict=Verdict.PARTIAL, reason="only some")
    parts = list(deployment(zoo, {}, [measured(partial)], ENGLISH))

    assert parts[0] == HEADING
    assert parts[2:] == [f"- `{P2} bf16` (only some images): only some"]


def test_a_precision_that_is_not_of_the_row_has_no_section(
    zoo: Zoo, bf16: Record
) -> None:
    refused = replace(bf16, verdict=Verdict.NO_DEVICE, measurements=())

    assert list(deployment(zoo, {}, [measured(refused)], ENGLISH)) == []
    assert list(deployment(zoo, {}, [], ENGLISH)) == []


def test_a_page_has_the_section_only_with_such_records(
    zoo: Zoo, plain_record: Record, bf16: Record
) -> None:
    records = {P2: plain_record}
    without = render_pages(zoo, records, Values.MEASURED)
    page = render_pages(zoo, records, Values.MEASURED, precisions=[measured(bf16)])
    published = render_pages(
        zoo, records, Values.PUBLISHED, precisions=[measured(bf16)]
    )

    assert HEADING not in without["MODEL_ZOO_en.md"]
    assert HEADING in page["MODEL_ZOO_en.md"]
    assert "## 部署时会得到什么" in page["MODEL_ZOO.md"]
    assert HEADING not in published["MODEL_ZOO_en.md"]
    # The judged cells, counts and notes are what they were.
    start = page["MODEL_ZOO_en.md"].index(HEADING)
    assert without["MODEL_ZOO_en.md"].startswith(page["MODEL_ZOO_en.md"][:start])


def test_a_record_of_another_zoo_is_refused(zoo: Zoo, bf16: Record) -> None:
    with pytest.raises(RecordInvalid, match="another"):
        render_pages(
            zoo,
            {},
            Values.MEASURED,
            precisions=[measured(replace(bf16, zoo="another"))],
        )


@pytest.mark.parametrize("name", [one.name for one in fields(DeploymentWords)])
def test_both_languages_say_as_much(name: str) -> None:
    chinese, english = (
        getattr(one, name) for one in (CHINESE_DEPLOYMENT, ENGLISH_DEPLOYMENT)
    )

    assert chinese != english
    assert isinstance(chinese, str) or len(chinese) == len(english)
