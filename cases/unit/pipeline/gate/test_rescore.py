import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.evaluate.coco import engines as coco_engines
from harness.evaluate.coco.engine_names import FAST
from harness.evaluate.coco.problem import CocoProblem
from harness.evaluate.coco.stats import Evaluated
from harness.files.record_files import write_detections, write_record
from harness.pipeline.gate.gate import GateReport
from harness.values.detections import Detections

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"

Folder = Any  # conftest.Folder; tests cannot import it
Moved = Callable[[float], Detections]


def rules_of(report: GateReport) -> set[tuple[str, str]]:
    return {(one.rule.value, one.row_id) for one in report.findings}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"scores_pct": {"box_ap": 99.0}},
            r"box_ap at 608 px does not .* detections; expected \d+\.\d+, got 99.0;",
        ),
        (
            {"scores_pct": {}},
            r"box_ap at 608 px does not .*; expected \d+\.\d+, got none",
        ),
        (
            {"scores_pct": {"box_map": 1.0}},
            r"box_map at .*; expected no such score, got 1.0",
        ),
    ],
)
def test_a_number_that_its_detections_do_not_give_is_refused(
    green: Folder, changes: dict[str, Any], message: str
) -> None:
    green.change_run(PLAIN, **changes)
    report = green.gate()

    assert ("score", PLAIN) in rules_of(report)
    assert report.exit_code == 1
    assert any(re.search(message, one.message) for one in report.findings)


def test_the_last_digit_of_a_number_counts(green: Folder) -> None:
    scores = dict(green.read(PLAIN).measurements[0].scores_pct)
    green.change_run(
        PLAIN, scores_pct={**scores, "box_ap75": scores["box_ap75"] + 1e-6}
    )

    assert rules_of(green.gate()) == {("score", PLAIN)}


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("detections_sha256", "0" * 64, "detections_sha256 is not that of detections/"),
        ("detection_count", 5, "detection_count is not that of .*expected 4, got 5"),
        ("detections_file", "detections/none.npz", "no such file; copy the records"),
        ("detections_file", "../x.npz", "path leaves the records folder"),
    ],
)
def test_detections_that_are_not_those_of_the_record_are_refused(
    green: Folder, field: str, value: object, expected: str
) -> None:
    green.change_run(PLAIN, **{field: value})
    report = green.gate()

    assert rules_of(report) == {("detections", PLAIN)}
    assert re.search(expected, report.findings[0].message)
    assert PLAIN in report.findings[0].message
    assert report.exit_code == 1


def test_altered_detections_are_refused(green: Folder, moved: Moved) -> None:
    path = green.path / green.read(PLAIN).measurements[0].detections_file
    np.savez_compressed(path, **moved(1.0).arrays())
    report = green.gate()

    assert rules_of(report) == {("detections", PLAIN)}
    assert "the values were altered" in report.findings[0].message


def test_detections_of_half_the_images_are_refused(green: Folder, moved: Moved) -> None:
    whole = moved(3.0)
    half = replace(
        whole,
        evaluated_ids=whole.evaluated_ids[:1],
        **{
            name: whole.arrays()[name][whole.image_ids == 1]
            for name in ("image_ids", "classes", "scores", "boxes_xyxy")
        },
    )
    green.change_run(
        PLAIN,
        detections_file=write_detections(green.path, half),
        detections_sha256=half.sha256(),
        detection_count=len(half.image_ids),
    )
    report = green.gate()

    assert rules_of(report) == {("score", PLAIN)}
    assert "evaluated images; expected the 3 of the truth" in report.findings[0].message


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("truth_sha256", "0" * 64, "truth_sha256 is not that of truth/"),
        ("image_count", 5000, "image_count is not that of .*expected 3, got 5000"),
        ("annotation_count", 1, "annotation_count is not that of .*expected 4, got 1"),
        ("truth_file", "truth/none.npz", "no such file"),
    ],
)
def test_truth_that_is_not_that_of_the_record_is_refused(
    green: Folder, field: str, value: object, expected: str
) -> None:
    green.change_dataset(PLAIN, **{field: value})
    report = green.gate()

    assert ("truth", PLAIN) in rules_of(report)
    assert re.search(expected, report.findings[0].message)
    assert report.exit_code == 1


def test_a_dataset_that_nothing_recomputes_is_refused(
    green: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.pipeline.gate.rescore.METRICS", {})
    report = green.gate()

    assert {rule for rule, _ in rules_of(report)} == {"score"}
    assert "no metric recomputes coco" in report.findings[0].message
    assert report.exit_code == 1


def one_ulp_off(place: int) -> Callable[[CocoProblem], Evaluated]:
    """The fast engine, but one of its twelve is the next number above."""

    def run(problem: CocoProblem) -> Evaluated:
        evaluated = coco_engines.run_ultrafast(problem)
        stats = evaluated.stats.copy()
        stats[place] = np.nextafter(stats[place], 1e9)
        return replace(evaluated, stats=stats)

    return run


@pytest.mark.parametrize(("place", "metric"), [(0, "box_ap"), (7, "box_ar10")])
def test_an_engine_that_is_off_by_the_last_bit_shuts_the_gate(
    green: Folder, monkeypatch: pytest.MonkeyPatch, place: int, metric: str
) -> None:
    assert green.gate().exit_code == 0
    monkeypatch.setitem(coco_engines.ENGINES, FAST, one_ulp_off(place))  # type: ignore[arg-type]

    report = green.gate()

    assert rules_of(report) == {("engine", PLAIN), ("engine", DOUBTED)}
    assert report.exit_code == 1
    told = next(one.message for one in report.findings if one.row_id == PLAIN)
    match = re.search(
        rf"{metric} at 608 px is another by ultrafast-pycocotools [\d.]+; expected "
        r"([\d.]+) as by pycocotools [\d.]+, got ([\d.]+); do not score with",
        told,
    )
    assert match is not None
    expected, got = map(float, match.groups())
    assert 0 < got - expected < 1e-12


def test_a_number_that_only_the_judge_gives_shuts_the_gate(
    green: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_recall(problem: CocoProblem) -> Evaluated:
        evaluated = coco_engines.run_ultrafast(problem)
        stats = np.where(np.arange(12) == 8, -1.0, evaluated.stats)
        return replace(evaluated, stats=stats)

    monkeypatch.setitem(coco_engines.ENGINES, FAST, without_recall)  # type: ignore[arg-type]

    findings = green.gate().findings

    assert {one.rule for one in findings} == {"engine"}
    assert all("box_ar100" in one.message for one in findings)
    assert "got None" in findings[0].message


def test_records_of_the_six_aps_alone_still_pass(green: Folder) -> None:
    for row_id in (PLAIN, DOUBTED):
        record = green.read(row_id)
        measurements = tuple(
            replace(
                one,
                scores_pct={
                    key: value
                    for key, value in one.scores_pct.items()
                    if key.startswith("box_ap")
                },
            )
            for one in record.measurements
        )
        write_record(green.path, replace(record, measurements=measurements))

    assert green.gate().exit_code == 0
