from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.dataset.image import ImageEntry
from harness.dataset.labelled import LabelledSet
from harness.dataset.views import Square
from harness.errors import ArchiveUnavailable, DatasetInvalid, HarnessError
from harness.evaluate.coco import engines as coco_engines
from harness.evaluate.coco.engine_names import ENGINE_NAMES, FAST, JUDGE, engine_name
from harness.evaluate.detector_run import Detected, DetectorRun, Failed
from harness.evaluate.metrics import METRICS
from harness.evaluate.store import StoreKey
from harness.files.record_files import read_detections, read_record, read_truth
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.networks.yolov3 import YoloV3
from harness.model.paddle_run.device import Device
from harness.model.quantised.quantisation import (
    CHECKPOINT,
    Quantisation,
    QuantisedConv,
)
from harness.pipeline.measure import judged_row
from harness.pipeline.measure.detected_rows import PlannedRun, SharedPass
from harness.pipeline.measure.environment import describe_environment
from harness.pipeline.measure.judged_row import judge_row, refused_row
from harness.pipeline.measure.opened_dataset import OpenedDataset
from harness.pipeline.measure.opened_row import OpenedRow
from harness.pipeline.measure.settings import Settings
from harness.values.detections import Detections
from harness.values.records import ArchiveUsed, Verdict
from harness.values.rows import Erratum, Row, Run, Zoo

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"


@pytest.fixture
def shared(session_zoo: Zoo, true_records: Path, tmp_path: Path) -> SharedPass:
    """A pass over the small truth that the true records were scored against."""
    used = read_record(true_records / f"{PLAIN}.json").dataset
    assert used is not None
    found = LabelledSet(
        images=(),
        truth=read_truth(true_records, used.truth_file),
        fingerprint="f" * 64,
        image_count=3,
        annotation_count=4,
        limit=None,
    )
    device = Device(kind="cpu", model="a processor", threads=1)
    return SharedPass(
        zoo=session_zoo,
        settings=Settings(
            cache=tmp_path / "cache", records=tmp_path / "records", data_root=None
        ),
        dataset=OpenedDataset(name="coco", labelled=found, differences=()),
        device=device,
        environment=describe_environment(device, dataset="coco", decoder="opencv"),
    )


def opened(row: Row, *, source: str = "https://models.example/a.tar") -> OpenedRow:
    network = YoloV3(
        backbone="mobilenet_v1", num_classes=2, width=1.0, head_channels={}
    )
    return OpenedRow(
        row=row,
        opened=OpenedArchive(
            network=network,
            weights={},
            layout="separate_files",
            pruning="prune_sensity",
            ignored_files=(),
        ),
        used=ArchiveUsed(
            name=row.archive,
            source=source,
            sha256="a" * 64,
            size_bytes=10,
            layout="separate_files",
            shape_plan="prune_sensity",
        ),
    )


def planned(
    row: OpenedRow, input_px: int | None = None, erratum: str | None = None
) -> PlannedRun:
    size_px = input_px or row.row.input_px
    key = StoreKey(
        archive_sha256="a" * 64,
        dataset_fingerprint="f" * 64,
        protocol={},
        input_px=size_px,
        paddle="none",
        device_model="a processor",
        precision="float32",
        graph_optimiser="on",
        decoder="none",
    )

    def open_detector() -> None:
        pytest.fail("judging opens no detector")

    return PlannedRun(
        opened=row,
        asked=Run(input_px=size_px, erratum=erratum),
        detector=DetectorRun(
            key=key,
            view=Square(input_px=size_px),
            open_detector=open_detector,
        ),  # type: ignore[arg-type]
    )


def detected(detections: Detections, computed: int = 3) -> Detected:
    return Detected(
        detections=detections, computed_images=computed, wall_s=1.5, cpu_s=2.5
    )


def test_what_the_record_names_can_be_read_back(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    row = opened(shared.zoo.row(PLAIN))
    record = judge_row(shared, row, [(planned(row), detected(moved(3.0)))])

    (run,) = record.measurements
    kept = read_detections(shared.settings.records, run.detections_file)
    assert (record.verdict, record.reason) == (Verdict.REPRODUCED, "")
    assert kept.sha256() == run.detections_sha256 == moved(3.0).sha256()
    assert run.detection_count == len(kept.scores)
    assert record.dataset is not None
    truth = read_truth(shared.settings.records, record.dataset.truth_file)
    assert truth.sha256() == record.dataset.truth_sha256
    assert record.archive == row.used
    assert record.environment == shared.environment
    assert (run.detect_wall_s, run.detect_cpu_s) == (1.5, 2.5)
    assert not run.replayed


def test_a_replayed_run_says_so(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    row = opened(shared.zoo.row(PLAIN))
    pairs = [(planned(row), detected(moved(3.0), computed=0))]

    assert judge_row(shared, row, pairs).measurements[0].replayed


def test_the_run_as_printed_and_the_corrected_one_are_both_judged(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    row = opened(shared.zoo.row(DOUBTED))
    record = judge_row(
        shared,
        row,
        [
            (planned(row), detected(moved(7.0))),
            (planned(row, 608, "E1"), detected(moved(2.0))),
        ],
    )

    assert record.verdict is Verdict.REPRODUCED_WITH_ERRATUM
    assert [
        (one.input_px, one.erratum, one.verdict) for one in record.measurements
    ] == [
        (320, None, Verdict.LOWER),
        (608, "E1", Verdict.REPRODUCED),
    ]


def test_a_failed_run_is_the_end_of_its_row(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    row = opened(shared.zoo.row(DOUBTED))
    failed = Failed(error=RuntimeError("out of memory"))
    record = judge_row(
        shared,
        row,
        [(planned(row), detected(moved(7.0))), (planned(row, 608, "E1"), failed)],
    )

    assert record.verdict is Verdict.ERRORED
    kept = shared.settings.records / "errors" / f"{DOUBTED}.txt"
    assert record.reason == (f"RuntimeError: out of memory; its traceback is in {kept}")
    assert record.measurements == ()
    assert record.archive == row.used


def test_another_dataset_fails_and_the_scores_are_kept(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    other = replace(shared.dataset, differences=("image_count: published 5, here 3",))
    row = opened(shared.zoo.row(PLAIN))
    record = judge_row(
        replace(shared, dataset=other), row, [(planned(row), detected(moved(3.0)))]
    )

    assert record.verdict is Verdict.WRONG_DATASET
    assert "image_count: published 5, here 3" in record.reason
    assert record.measurements[0].scores_pct["box_ap"] > 0
    assert record.dataset is not None
    assert record.dataset.differences == other.differences


def test_a_part_is_partial_and_the_scores_are_kept(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    found = replace(shared.dataset.labelled, limit=3)
    row = opened(shared.zoo.row(PLAIN))
    record = judge_row(
        replace(shared, dataset=replace(shared.dataset, labelled=found)),
        row,
        [(planned(row), detected(moved(3.0)))],
    )

    assert record.verdict is Verdict.PARTIAL
    assert record.reason == "only the first 3 images were measured"
    assert record.measurements[0].scores_pct["box_ap"] > 0
    assert record.dataset is not None
    assert record.dataset.limit == 3


def erratum(field: str, corrected: str) -> Erratum:
    return Erratum(
        erratum_id="E9",
        field=field,
        rows=(PLAIN,),
        printed="as printed",
        corrected=corrected,
        changes_run=False,
        evidence=("another page",),
    )


@pytest.mark.parametrize(
    ("doubt", "notes"),
    [
        (
            erratum("strategy", "sensity"),
            ("E9: the archive has the shapes of prune_sensity",),
        ),
        (
            erratum("url", "https://later.example/moved.tar"),
            ("E9: served from https://mirror.example/moved.tar",),
        ),
        (erratum("url", "https://later.example/other.tar"), ()),
        (erratum("spelling", "distill"), ()),
    ],
    ids=["strategy", "moved link", "link not used", "spelling"],
)
def test_an_erratum_that_changes_no_run_leaves_the_verdict_and_is_noted(
    shared: SharedPass,
    moved: Callable[[float], Detections],
    doubt: Erratum,
    notes: tuple[str, ...],
) -> None:
    row = opened(shared.zoo.row(PLAIN), source="https://mirror.example/moved.tar")
    record = judge_row(
        replace(shared, zoo=replace(shared.zoo, errata=(doubt,))),
        row,
        [(planned(row), detected(moved(3.0)))],
    )

    assert record.verdict is Verdict.REPRODUCED
    assert len(record.measurements) == 1
    assert record.notes == notes


@pytest.mark.parametrize(
    ("error", "verdict", "reason"),
    [
        (ArchiveUnavailable("nobody serves it"), "unavailable", "nobody serves it"),
        (HarnessError("something"), "errored", "something"),
        (ZeroDivisionError("by zero"), "errored", "ZeroDivisionError: by zero"),
    ],
)
def test_what_stops_a_row_becomes_its_verdict(
    session_zoo: Zoo, error: Exception, verdict: str, reason: str
) -> None:
    row = session_zoo.row(PLAIN)
    record = refused_row(row, error)

    assert (record.zoo, record.row_id) == (row.zoo, row.row_id)
    assert (record.verdict, record.reason) == (verdict, reason)
    assert record.measurements == ()
    assert record.archive is None


def test_a_row_that_was_opened_tells_its_archive(session_zoo: Zoo) -> None:
    row = opened(session_zoo.row(PLAIN))

    assert refused_row(row.row, RuntimeError(), opened=row).archive == row.used


def test_images_without_detections_are_a_difference_and_the_scores_are_kept(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    row = opened(shared.zoo.row(PLAIN))
    faults = {k: f"image {k}.jpg cannot be decoded" for k in (4, 3, 2, 1)}

    record = judge_row(
        shared, row, [(planned(row), replace(detected(moved(3.0)), faults=faults))]
    )

    assert record.verdict is Verdict.WRONG_DATASET
    assert record.dataset is not None
    (told,) = record.dataset.differences
    assert told == (
        "4 images without detections: image 1.jpg cannot be decoded; "
        "image 2.jpg cannot be decoded; image 3.jpg cannot be decoded; ..."
    )


@pytest.mark.parametrize("engine", ENGINE_NAMES)
def test_a_record_names_the_engine_that_scored(
    shared: SharedPass, engine: str, moved: Callable[[float], Detections]
) -> None:
    row = opened(shared.zoo.row(PLAIN))
    asked = replace(shared, settings=replace(shared.settings, coco_engine=engine))

    record = judge_row(asked, row, [(planned(row), detected(moved(1.0)))])

    assert record.environment is not None
    assert record.environment.metric_engine == engine_name(engine)
    assert len(record.measurements[0].scores_pct) >= 8


def test_scoring_asks_the_engine_that_was_chosen(
    shared: SharedPass,
    moved: Callable[[float], Detections],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = opened(shared.zoo.row(PLAIN))
    asked = replace(shared, settings=replace(shared.settings, coco_engine=JUDGE))
    monkeypatch.delitem(coco_engines.ENGINES, FAST)  # type: ignore[arg-type]

    record = judge_row(asked, row, [(planned(row), detected(moved(1.0)))])

    assert record.measurements[0].scores_pct["box_ap"] > 0


def test_a_claim_without_anything_to_score_against_is_not_passed_over(
    shared: SharedPass,
    moved: Callable[[float], Detections],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = opened(shared.zoo.row(PLAIN))
    metric = replace(METRICS["coco"], scorer=lambda found, truth: {"box_ap50": 1.0})
    monkeypatch.setattr(judged_row, "metric_of", lambda *_, **__: metric)

    with pytest.raises(
        DatasetInvalid,
        match=r"^3 images hold nothing to score box_ap against; measure more",
    ):
        judge_row(shared, row, [(planned(row), detected(moved(3.0)))])


def test_what_is_unusual_about_the_dataset_is_noted(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    row = opened(shared.zoo.row(PLAIN))
    told = replace(shared.dataset.labelled, notes=("2 images without objects",))
    dataset = replace(shared.dataset, labelled=told)

    record = judge_row(
        replace(shared, dataset=dataset), row, [(planned(row), detected(moved(3.0)))]
    )

    assert record.notes[0] == "2 images without objects"


def test_another_precision_has_scores_and_no_judgement(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    row = opened(shared.zoo.row(DOUBTED))
    device = replace(shared.device, precision="int8")
    record = judge_row(
        replace(shared, device=device),
        row,
        [
            (planned(row), detected(moved(2.0))),
            (planned(row, 608, "E1"), detected(moved(2.0))),
        ],
    )

    assert record.verdict is Verdict.NOT_JUDGED
    assert record.reason == "computed in int8: no published number is of it"
    assert [one.verdict for one in record.measurements] == [Verdict.NOT_JUDGED] * 2
    assert all(one.judgements == () for one in record.measurements)
    assert all(one.scores_pct["box_ap"] > 0 for one in record.measurements)


def test_another_precision_on_another_dataset_says_so(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    row = opened(shared.zoo.row(PLAIN))
    changed = replace(
        shared,
        device=replace(shared.device, precision="bf16"),
        dataset=replace(shared.dataset, differences=("3 images",)),
    )

    assert judge_row(changed, row, [(planned(row), detected(moved(3.0)))]).verdict is (
        Verdict.WRONG_DATASET
    )


def test_a_quantised_archive_is_named_in_protocol_and_notes(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    row = opened(shared.zoo.row(PLAIN))
    quantisation = Quantisation(
        kind=CHECKPOINT,
        convs=(
            QuantisedConv(
                weights="yolo_output.0.conv.weights",
                activation="leaky_relu_5.tmp_0",
                activation_scale=1.0,
            ),
        ),
        float_convs=(),
    )
    row = replace(
        row,
        row=replace(row.row, strategy="quant_aware"),
        opened=replace(row.opened, quantisation=quantisation),  # type: ignore[type-var]
    )

    record = judge_row(shared, row, [(planned(row), detected(moved(3.0)))])

    assert record.protocol["quantisation"].startswith("8 bits: float weights and")
    assert record.protocol["quantisation_rounding"].startswith("clipped to the scale")
    assert record.notes[-2:] == quantisation.notes("quant_aware")


def test_an_image_that_is_there_and_cannot_be_decoded_is_a_difference_of_its_own(
    shared: SharedPass, moved: Callable[[float], Detections], tmp_path: Path
) -> None:
    (tmp_path / "2.jpg").write_bytes(b"no image")
    images = tuple(
        ImageEntry(image_id=one, path=tmp_path / f"{one}.jpg", width_px=9, height_px=9)
        for one in (1, 2)
    )
    found = replace(shared.dataset.labelled, images=images)
    listed = ("1.jpg is not there",)
    dataset = replace(shared.dataset, labelled=found, differences=listed)
    row = opened(shared.zoo.row(PLAIN))
    faults = {1: "1.jpg: no such file", 2: "2.jpg: cannot be decoded"}
    outcome = replace(detected(moved(3.0)), faults=faults)

    record = judge_row(replace(shared, dataset=dataset), row, [(planned(row), outcome)])

    assert record.dataset is not None
    assert record.dataset.differences == (
        *listed,
        "1 image without detections: 2.jpg: cannot be decoded",
    )


def test_three_unread_images_are_all_named(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    row = opened(shared.zoo.row(PLAIN))
    faults = {k: f"{k}.jpg" for k in (1, 2, 3)}
    outcome = replace(detected(moved(3.0)), faults=faults)
    record = judge_row(shared, row, [(planned(row), outcome)])

    assert record.dataset is not None
    assert record.dataset.differences == (
        "3 images without detections: 1.jpg; 2.jpg; 3.jpg",
    )


def test_the_faults_of_all_runs_are_told(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    row = opened(shared.zoo.row(DOUBTED))
    first, second = (
        replace(detected(moved(2.0)), faults={image_id: f"{image_id}.jpg"})
        for image_id in (1, 2)
    )
    pairs = [(planned(row), first), (planned(row, 608, "E1"), second)]
    record = judge_row(shared, row, pairs)

    assert record.dataset is not None
    (told,) = record.dataset.differences
    assert told == "2 images without detections: 1.jpg; 2.jpg"


def test_what_a_record_tells_of_others_is_printable(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    found = replace(shared.dataset.labelled, notes=("a\x1b[2J note",))
    dataset = replace(shared.dataset, labelled=found, differences=("a\nb",))
    row = opened(shared.zoo.row(PLAIN))
    record = judge_row(
        replace(shared, dataset=dataset), row, [(planned(row), detected(moved(3.0)))]
    )

    assert record.dataset is not None
    assert record.dataset.differences == (r"a\x0ab",)
    assert record.notes[0] == r"a\x1b[2J note"


def test_a_record_says_what_it_was_measured_on(
    shared: SharedPass, moved: Callable[[float], Detections]
) -> None:
    row = opened(shared.zoo.row(PLAIN))
    record = judge_row(shared, row, [(planned(row), detected(moved(3.0)))])

    assert record.dataset is not None
    used = record.dataset
    assert (used.name, used.fingerprint) == ("coco", "f" * 64)
    assert (used.image_count, used.annotation_count, used.limit) == (3, 4, None)
    assert record.measurements[0].store_key == planned(row).detector.key.digest()
    assert record.measurements[0].score_wall_s > 0
    assert record.zoo == "small"


def test_a_traceback_that_cannot_be_written_is_not_named(
    session_zoo: Zoo, tmp_path: Path
) -> None:
    (tmp_path / "records").write_text("a file")
    settings = Settings(cache=tmp_path, records=tmp_path / "records", data_root=None)
    record = refused_row(session_zoo.row(PLAIN), KeyError("x"), settings=settings)

    assert record.reason == "KeyError: 'x'"


def test_a_traceback_with_a_name_that_is_no_text_is_kept(
    session_zoo: Zoo, tmp_path: Path
) -> None:
    settings = Settings(cache=tmp_path, records=tmp_path, data_root=None)
    error = KeyError("\udcff.jpg")
    record = refused_row(session_zoo.row(PLAIN), error, settings=settings)

    assert r"\udcff.jpg" in (tmp_path / "errors" / f"{PLAIN}.txt").read_text("utf-8")
    assert record.reason.endswith(f"errors/{PLAIN}.txt")
