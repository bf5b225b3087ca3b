from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.files.precision_files import precision_folder
from harness.files.record_files import write_record
from harness.pipeline.gate.demands import Demands
from harness.pipeline.gate.gate import GateReport
from harness.values.datasets import KnownDataset
from harness.values.detections import Detections
from harness.values.records import Verdict

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"

Folder = Any  # conftest.Folder; tests cannot import it
Moved = Callable[[float], Detections]


def rules_of(report: GateReport) -> set[tuple[str, str]]:
    return {(one.rule.value, one.row_id) for one in report.findings}


@pytest.mark.parametrize(
    "known",
    [
        KnownDataset(image_count=5000),
        KnownDataset(annotation_count=36781),
        KnownDataset(fingerprint="0" * 64),
    ],
)
def test_another_dataset_than_the_published_must_say_so(
    green: Folder, known: KnownDataset
) -> None:
    report = green.gate(known={"coco": known})

    assert rules_of(report) == {("dataset", PLAIN), ("dataset", DOUBTED)}
    assert "is not the published one and the record does not say so" in (
        report.findings[0].message
    )
    assert report.exit_code == 1


def test_the_published_dataset_passes(green: Folder) -> None:
    known = KnownDataset(image_count=3, annotation_count=4, fingerprint="f" * 64)

    assert green.gate(known={"coco": known}).exit_code == 0


def test_numbers_of_another_or_no_dataset_are_refused(green: Folder) -> None:
    green.change_dataset(PLAIN, name="voc")
    green.change(DOUBTED, dataset=None)
    report = green.gate()

    assert rules_of(report) == {("dataset", PLAIN), ("dataset", DOUBTED)}
    assert [one.message for one in report.findings] == [
        f"{PLAIN}: dataset; expected coco, got voc; measure the row again",
        f"{DOUBTED}: numbers of no dataset; got null; measure the row again",
    ]


def test_a_judgement_that_does_not_follow_is_refused(green: Folder) -> None:
    (judgement,) = green.read(PLAIN).measurements[0].judgements
    green.change_run(PLAIN, judgements=(replace(judgement, tolerance_pct="9"),))
    report = green.gate()

    assert rules_of(report) == {("judgement", PLAIN)}
    assert "judgements at 608 px do not follow" in report.findings[0].message
    assert "of 0.10 (rounding 0.05 + device kernels 0.05)" in report.findings[0].message
    assert report.exit_code == 1


def test_a_claim_that_moved_since_is_found(green: Folder) -> None:
    (claim,) = green.zoo.claims[PLAIN]
    claims = {**green.zoo.claims, PLAIN: (replace(claim, printed="99.9"),)}
    report = green.gate(zoo=replace(green.zoo, claims=claims))

    assert rules_of(report) == {("judgement", PLAIN)}


def test_figures_published_beside_an_ap_do_not_judge_it(green: Folder) -> None:
    (claim,) = green.zoo.claims[PLAIN]
    figures = (
        replace(claim, metric="gflops", printed="99.00"),
        replace(claim, metric="delta", printed="+9.0"),
    )
    claims = {**green.zoo.claims, PLAIN: (claim, *figures)}
    report = green.gate(zoo=replace(green.zoo, claims=claims))

    assert rules_of(report) == {("no_record", PLAIN)}  # of its figures
    assert "figures were not computed" in report.findings[0].message
    assert report.exit_code == 3


def test_a_run_whose_verdict_does_not_follow_is_refused(green: Folder) -> None:
    green.change_run(PLAIN, verdict=Verdict.HIGHER)
    report = green.gate()

    assert ("judgement", PLAIN) in rules_of(report)
    assert "verdict at 608 px; expected reproduced, got higher" in (
        report.findings[0].message
    )
    assert report.exit_code == 1


def test_a_row_whose_verdict_does_not_follow_is_refused(green: Folder) -> None:
    green.change(DOUBTED, verdict=Verdict.REPRODUCED)
    report = green.gate()

    assert rules_of(report) == {("verdict", DOUBTED)}
    assert "expected reproduced_with_erratum, got reproduced" in (
        report.findings[0].message
    )
    assert report.exit_code == 1


def test_a_verdict_on_numbers_needs_numbers(green: Folder) -> None:
    green.unmeasure(PLAIN, Verdict.REPRODUCED)
    report = green.gate()

    assert rules_of(report) == {("verdict", PLAIN)}
    assert "a verdict on numbers without a measurement" in report.findings[0].message


@pytest.mark.parametrize("verdict", ["reproduced", "lower"])
def test_a_row_must_have_its_run_as_printed(green: Folder, verdict: str) -> None:
    (_, corrected) = green.read(DOUBTED).measurements
    green.change(DOUBTED, measurements=(corrected,), verdict=Verdict(verdict))
    report = green.gate()

    assert {("runs", DOUBTED), ("verdict", DOUBTED)} <= rules_of(report)


def test_a_run_that_an_erratum_asks_for_must_be_there(green: Folder) -> None:
    (printed, _) = green.read(DOUBTED).measurements
    green.change(DOUBTED, measurements=(printed,), verdict=Verdict.LOWER)
    report = green.gate()

    assert ("runs", DOUBTED) in rules_of(report)
    assert "runs; expected 320 px as printed, 608 px as E1, got 320 px as printed" in (
        report.findings[0].message
    )


def test_a_run_at_another_size_is_refused(green: Folder) -> None:
    green.change_run(PLAIN, input_px=416)
    report = green.gate()

    assert rules_of(report) == {("runs", PLAIN), ("store_key", PLAIN)}
    assert report.exit_code == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "r50"}, "archive; expected m1, got r50"),
        ({"sha256": "b" * 64}, f"sha256 of archive m1; expected {'a' * 64}, got bbb"),
    ],
)
def test_another_archive_than_the_row_has_is_refused(
    green: Folder, changes: dict[str, str], expected: str
) -> None:
    green.change_archive(PLAIN, **changes)
    report = green.gate()

    assert ("archive", PLAIN) in rules_of(report)
    assert expected in report.findings[0].message
    assert report.exit_code == 1


def test_numbers_of_no_archive_are_refused(green: Folder) -> None:
    green.change(PLAIN, archive=None)

    assert rules_of(green.gate()) == {("archive", PLAIN)}


def test_an_archive_without_a_pin_is_noted_and_may_be_required(green: Folder) -> None:
    archives = {
        name: replace(one, sha256=None, size_bytes=None)
        for name, one in green.zoo.archives.items()
    }
    zoo = replace(green.zoo, archives=archives)
    known = {"coco": KnownDataset(fingerprint="f" * 64)}
    report = green.gate(zoo=zoo, known=known)
    required = green.gate(zoo=zoo, known=known, demands=Demands(pinned=True))

    assert report.exit_code == 0
    assert [(one.row_id, one.message) for one in report.notes] == [
        (row_id, told)
        for row_id in (PLAIN, DOUBTED)
        for told in ("archive not pinned", "truth of coco not pinned")
    ]
    assert required.exit_code == 1
    assert {one.rule for one in required.findings} == {"pinned"}
    assert len(required.findings) == 4


def test_part_of_the_data_is_incomplete(green: Folder, moved: Moved) -> None:
    green.measure(PLAIN, {None: moved(3.0)}, limit=3)
    report = green.gate(known={"coco": KnownDataset(image_count=5000)})

    assert ("incomplete", PLAIN) in rules_of(report)
    assert ("dataset", PLAIN) not in rules_of(report)


def test_a_dataset_that_says_it_differs_fails_as_that(
    green: Folder, moved: Moved
) -> None:
    green.measure(PLAIN, {None: moved(3.0)}, differences=("3 images",))
    report = green.gate()

    assert rules_of(report) == {("failed", PLAIN)}
    assert report.counts["wrong_dataset"] == 1


def test_an_erratum_that_only_moves_a_link_asks_for_no_run(green: Folder) -> None:
    (size,) = green.zoo.errata
    link = replace(size, erratum_id="E2", field="url", rows=(PLAIN,), changes_run=False)

    assert green.gate(zoo=replace(green.zoo, errata=(size, link))).exit_code == 0


@pytest.mark.parametrize("precision", ["bf16", "int8", "fp16", ""])
def test_a_record_of_another_precision_is_no_evidence(
    green: Folder, precision: str
) -> None:
    environment = green.read(PLAIN).environment
    green.change(PLAIN, environment=replace(environment, precision=precision))
    report = green.gate()

    assert rules_of(report) == {("precision", PLAIN), ("store_key", PLAIN)}
    assert report.findings[0].message == (
        f"{PLAIN}: precision; expected float32, got {precision or 'nothing'}; "
        "measure the row without --precision"
    )
    assert report.exit_code == 1


def test_records_of_other_precisions_beside_are_passed_over(green: Folder) -> None:
    apart = precision_folder(green.path, "bf16")
    write_record(apart, replace(green.read(PLAIN), verdict=Verdict.NOT_JUDGED))
    (apart / "broken.json").write_text("{", encoding="utf-8")

    assert green.gate().exit_code == 0
