"""A small zoo and a folder of records of it that are all true."""

import datetime as dt
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from harness.compare.tolerance import budget_of
from harness.compare.verdict import judge, verdict_of_judgements, verdict_of_row
from harness.evaluate.coco import ap as coco_ap
from harness.files.record_files import (
    read_record,
    write_detections,
    write_record,
    write_truth,
)
from harness.model.detectors.architectures import protocol_of_row
from harness.pipeline.gate.demands import Demands
from harness.pipeline.gate.gate import GateReport, gate
from harness.pipeline.measure.run_keys import store_key
from harness.values.datasets import KnownDataset
from harness.values.detections import Detections, ImageDetections, join_images
from harness.values.records import (
    ArchiveUsed,
    DatasetUsed,
    Environment,
    Made,
    Measurement,
    Record,
    Verdict,
)
from harness.values.rows import Archive, Claim, Erratum, Row, Table, TolerancePart, Zoo
from harness.values.truth import CocoTruth
from harness.values.waivers import Waiver
from testing.rows import build_row

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"

ROWS = tuple(
    build_row(
        row_id,
        archive=archive,
        num_classes=2,
        cells={"骨架网络": backbone, "输入尺寸": row_id.rpartition("-")[2]},
    )
    for row_id, archive, backbone in (
        (DOUBTED, "r50", "ResNet50-vd-dcn"),
        (PLAIN, "m1", "MobileNetV1"),
    )
)
TODAY = dt.date(2030, 6, 15)
ENVIRONMENT = Environment(
    harness="1.2.3",
    python="3.11.7",
    paddle="paddlepaddle 2.6.2",
    numpy="1.26.4",
    decoder="opencv-python-headless 4.11.0.86",
    metric_engine="ultrafast-pycocotools 0.1.14",
    device="cpu",
    device_model="A processor",
    threads=2,
    precision="float32",
    graph_optimiser="on",
)


def small_truth() -> CocoTruth:
    """Four boxes of two classes in three images, one of them empty."""
    boxes = [[10, 10, 40, 40], [60, 20, 50, 80], [5, 5, 100, 30], [30, 70, 20, 20]]
    return CocoTruth(
        image_ids=np.array([1, 2, 3], np.int64),
        category_ids=np.array([4, 9], np.int64),
        box_image_ids=np.array([1, 1, 2, 2], np.int64),
        box_category_ids=np.array([4, 9, 4, 9], np.int64),
        boxes_xywh=np.array(boxes, np.float64),
        areas_px2=np.array([box[2] * box[3] for box in boxes], np.float64),
        is_crowd=np.zeros(4, np.bool_),
    )


def small_detections(shift_px: float) -> Detections:
    """The boxes of the truth, moved; the further, the lower the AP."""
    truth = small_truth()
    found = []
    for image_id in truth.image_ids:
        here = truth.box_image_ids == image_id
        boxes = truth.boxes_xywh[here]
        far = boxes[:, :2] + boxes[:, 2:] - 1
        classes = np.searchsorted(truth.category_ids, truth.box_category_ids[here])
        found.append(
            ImageDetections(
                classes=classes.astype(np.int32),
                scores=np.linspace(0.9, 0.5, len(boxes), dtype=np.float32),
                boxes_xyxy=(np.hstack([boxes[:, :2], far]) + shift_px).astype(
                    np.float32
                ),
            )
        )
    return join_images(truth.image_ids.tolist(), found)


#: How far the boxes of each run are off: the run as printed of the doubted row is bad.
SHIFTS_PX = {(DOUBTED, None): 7.0, (DOUBTED, "E1"): 2.0, (PLAIN, None): 3.0}


def printed_ap(row_id: str, erratum: str | None) -> str:
    found = small_detections(SHIFTS_PX[row_id, erratum])
    return f"{coco_ap.score(found, small_truth())['box_ap']:.1f}"


@pytest.fixture(scope="session")
def session_zoo() -> Zoo:
    part_pct = Decimal("0.05")
    claims = {DOUBTED: printed_ap(DOUBTED, "E1"), PLAIN: printed_ap(PLAIN, None)}
    return Zoo(
        name="small",
        title="压缩模型库",
        root=Path("nowhere"),
        tables=(
            Table(
                key="prune_coco",
                order=1,
                chapter="裁剪模型库",
                heading="YOLOv3 on COCO",
                dataset="coco",
                columns=("骨架网络", "输入尺寸", "Box AP", "下载"),
                align=("left", "center", "center", "center"),
                row_ids=(DOUBTED, PLAIN),
                metric_columns={"Box AP": "box_ap"},
                link_column="下载",
            ),
        ),
        rows=ROWS,
        archives={
            row.archive: Archive(
                name=row.archive,
                url=f"https://models.example/{row.archive}.tar",
                sha256="a" * 64,
                size_bytes=10,
            )
            for row in ROWS
        },
        claims={
            row_id: (Claim(row_id=row_id, metric="box_ap", printed=printed),)
            for row_id, printed in claims.items()
        },
        errata=(
            Erratum(
                erratum_id="E1",
                field="input_px",
                rows=(DOUBTED,),
                printed="320",
                corrected="608",
                changes_run=True,
                evidence=("later editions print 608",),
            ),
        ),
        tolerance=tuple(
            TolerancePart(name=name, value_pct=part_pct, basis="derived", source="here")
            for name in ("rounding", "device kernels")
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Records on disk, and how to make one of them say something else."""

    zoo: Zoo
    path: Path

    def read(self, row_id: str) -> Record:
        return read_record(self.path / f"{row_id}.json")

    def change(self, row_id: str, **changes: object) -> None:
        write_record(self.path, replace(self.read(row_id), **changes))

    def change_run(self, row_id: str, **changes: object) -> None:
        """Change the last run of a row."""
        *others, last = self.read(row_id).measurements
        self.change(row_id, measurements=(*others, replace(last, **changes)))

    def change_dataset(self, row_id: str, **changes: object) -> None:
        dataset = self.read(row_id).dataset
        assert dataset is not None
        self.change(row_id, dataset=replace(dataset, **changes))

    def change_archive(self, row_id: str, **changes: object) -> None:
        archive = self.read(row_id).archive
        assert archive is not None
        self.change(row_id, archive=replace(archive, **changes))

    def unmeasure(self, row_id: str, verdict: Verdict) -> None:
        """Make a record of a row that could not be measured."""
        nothing = {"measurements": (), "dataset": None, "archive": None}
        self.change(row_id, verdict=verdict, reason="because", **nothing)

    def gate(
        self,
        *waivers: Waiver,
        zoo: Zoo | None = None,
        baseline: "Folder | None" = None,
        known: Mapping[str, KnownDataset] | None = None,
        demands: Demands | None = None,
    ) -> GateReport:
        return gate(
            zoo or self.zoo,
            self.path,
            waivers=waivers,
            today=TODAY,
            baseline=baseline and baseline.path,
            known_datasets=known,
            demands=demands,
        )

    def measure(
        self,
        row_id: str,
        detections: dict[str | None, Detections],
        *,
        differences: tuple[str, ...] = (),
        limit: int | None = None,
    ) -> None:
        """Write the record that an honest measurement of these detections gives."""
        row, truth = self.zoo.row(row_id), small_truth()
        runs = tuple(
            self._run(row, erratum, found, truth)
            for erratum, found in detections.items()
        )
        verdict, reason = verdict_of_row(
            runs, dataset_differences=differences, limit=limit
        )
        record = Record(
            zoo=self.zoo.name,
            row_id=row_id,
            verdict=verdict,
            reason=reason,
            measurements=runs,
            archive=ArchiveUsed(
                name=row.archive,
                source=f"https://models.example/{row.archive}.tar",
                sha256="a" * 64,
                size_bytes=10,
                layout="separate_files",
                shape_plan=row.strategy,
            ),
            dataset=DatasetUsed(
                name="coco",
                fingerprint="f" * 64,
                image_count=3,
                annotation_count=4,
                truth_sha256=truth.sha256(),
                truth_file=write_truth(self.path, truth),
                differences=differences,
                limit=limit,
            ),
            protocol=dict(protocol_of_row(row)),
            environment=ENVIRONMENT,
            made=Made(date="2030-06-14", harness="1.2.3", commit="c" * 40),
        )
        write_record(self.path, record)

    def _run(
        self, row: Row, erratum: str | None, found: Detections, truth: CocoTruth
    ) -> Measurement:
        scores = dict(coco_ap.score(found, truth))
        (claim,) = self.zoo.claims[row.row_id]
        judgement = judge(claim, scores["box_ap"], budget_of(self.zoo.tolerance, row))
        input_px = 608 if erratum else row.input_px
        key = store_key(
            row,
            input_px=input_px,
            archive_sha256="a" * 64,
            dataset_fingerprint="f" * 64,
            environment=ENVIRONMENT,
        )
        return Measurement(
            input_px=input_px,
            erratum=erratum,
            scores_pct=scores,
            judgements=(judgement,),
            verdict=verdict_of_judgements([judgement]),
            detections_sha256=found.sha256(),
            detections_file=write_detections(self.path, found),
            detection_count=len(found.image_ids),
            store_key=key.digest(),
            replayed=False,
            detect_wall_s=0.1,
            detect_cpu_s=0.1,
            score_wall_s=0.1,
        )


@pytest.fixture(scope="session")
def true_records(session_zoo: Zoo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records that all reproduce, to be copied and not changed."""
    folder = Folder(zoo=session_zoo, path=tmp_path_factory.mktemp("true"))
    folder.measure(PLAIN, {None: small_detections(SHIFTS_PX[PLAIN, None])})
    runs = {one: small_detections(SHIFTS_PX[DOUBTED, one]) for one in (None, "E1")}
    folder.measure(DOUBTED, runs)
    return folder.path


@pytest.fixture
def new_folder(
    session_zoo: Zoo, true_records: Path, tmp_path: Path
) -> Callable[[str], Folder]:
    """Make a folder, of that name, of records that all reproduce."""

    def make(name: str) -> Folder:
        shutil.copytree(true_records, tmp_path / name)
        return Folder(zoo=session_zoo, path=tmp_path / name)

    return make


@pytest.fixture
def green(new_folder: Callable[[str], Folder]) -> Folder:
    return new_folder("records")


@pytest.fixture
def moved() -> Callable[[float], Detections]:
    """Detections that are off by so many pixels."""
    return small_detections
