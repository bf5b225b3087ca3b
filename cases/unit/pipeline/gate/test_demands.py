from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.pipeline.gate.demands import Demands
from harness.values.datasets import KnownDataset
from harness.values.detections import Detections
from harness.values.records import Made, Verdict

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
PINNED = KnownDataset(fingerprint="f" * 64)
Folder = Any  # conftest.Folder; tests cannot import it


def told(report: Any, rule: str) -> list[str]:
    return [one.message for one in report.findings if one.rule == rule]


@pytest.mark.parametrize(("days", "is_refused"), [(0, True), (1, False)])
def test_a_record_is_as_old_as_is_asked_for_and_no_day_older(
    green: Folder, days: int, is_refused: bool
) -> None:
    messages = told(green.gate(demands=Demands(max_age_days=days)), "age")

    assert messages == (
        [
            f"{row_id}: the day it was made on; expected at most 0 days before "
            "2030-06-15, for --max-age, got 2030-06-14, 1 days; measure the row again"
            for row_id in (PLAIN, DOUBTED)
        ]
        if is_refused
        else []
    )


def test_without_a_demand_age_and_device_are_free(green: Folder) -> None:
    made = Made(date="1999-01-01", harness="1.2.3", commit="c" * 40)
    for row_id in (PLAIN, DOUBTED):
        green.change(row_id, made=made)

    assert green.gate().exit_code == 0


@pytest.mark.parametrize("date", ["yesterday", None])
def test_a_day_that_is_none_is_refused_once(green: Folder, date: str | None) -> None:
    made = None if date is None else replace(green.read(PLAIN).made, date=date)
    green.change(PLAIN, made=made)
    report = green.gate(demands=Demands(max_age_days=100))

    assert told(report, "age") == []
    assert len(told(report, "made")) == 1


def test_a_record_of_another_device_is_refused(green: Folder) -> None:
    environment = green.read(PLAIN).environment
    green.change(DOUBTED, environment=None)
    messages = told(green.gate(demands=Demands(device="gpu")), "device")

    assert environment.device == "cpu"
    assert messages == [
        f"{row_id}: device that computed it; expected gpu, for --require-device, "
        f"got {got}; measure the row on that device"
        for row_id, got in ((PLAIN, "cpu"), (DOUBTED, "null"))
    ]
    assert told(green.gate(demands=Demands(device="cpu")), "device") == [
        messages[1].replace("gpu", "cpu")
    ]


def test_a_row_without_a_number_is_asked_for_nothing(green: Folder) -> None:
    green.unmeasure(PLAIN, Verdict.UNAVAILABLE)
    demands = Demands(pinned=True, device="gpu", max_age_days=0)
    report = green.gate(known={}, demands=demands)

    assert {one.row_id for one in report.findings if one.rule != "incomplete"} == {
        DOUBTED
    }


def test_a_pin_that_is_asked_for_names_what_is_not_pinned(green: Folder) -> None:
    report = green.gate(known={"coco": PINNED}, demands=Demands(pinned=True))

    assert told(report, "pinned") == [
        f"{row_id}: truth of coco not pinned; expected a pin, for --require-pinned, "
        "got none; `zoo fetch --pin` pins archives, `zoo data pin` a dataset"
        for row_id in (PLAIN, DOUBTED)
    ]


def test_only_records_that_speak_for_a_claim_are_noted(
    green: Folder, moved: Callable[[float], Detections]
) -> None:
    green.measure(PLAIN, {None: moved(3.0)}, differences=("3 images",))
    report = green.gate(known={"coco": PINNED})

    assert {one.row_id for one in report.notes} == {DOUBTED}
