"""A small zoo with everything a page can meet, and records for it."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from harness.values.records import (
    ArchiveUsed,
    DatasetUsed,
    Environment,
    Judgement,
    Measurement,
    Record,
    Verdict,
)
from harness.values.rows import Archive, Claim, Erratum, Table, TolerancePart, Zoo
from testing.records import build_judgement, build_measurement
from testing.rows import build_row

P1 = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
P2 = "yolov3-mobilenet_v1-coco-prune_r578-608"
F1 = "blazeface-original-widerface-quant_post-640"


@pytest.fixture
def zoo() -> Zoo:
    prune = Table(
        key="prune_coco",
        order=1,
        chapter="裁剪模型库",
        heading="YOLOv3 on COCO",
        dataset="coco",
        columns=("骨架网络", "裁剪策略", "输入尺寸", "Box AP", "下载"),
        align=("left", "center", "center", "center", "center"),
        translations={
            "裁剪模型库": "Pruned models",
            "骨架网络": "Backbone",
            "裁剪策略": "Pruning strategy",
            "输入尺寸": "Input size",
            "下载": "Download",
        },
        row_ids=(P1, P2),
        metric_columns={"Box AP": "box_ap"},
        link_column="下载",
    )
    faces = Table(
        key="quant_widerface",
        order=2,
        chapter="量化模型库",
        heading="BlazeFace on WIDER FACE",
        dataset="widerface",
        columns=("模型", "输入尺寸", "Easy Set", "Medium Set", "Hard Set", "下载"),
        align=("left", "center", "center", "center", "center", "center"),
        translations={"量化模型库": "Quantised models", "模型": "Model"},
        row_ids=(F1,),
        metric_columns={
            "Easy Set": "easy",
            "Medium Set": "medium",
            "Hard Set": "hard",
        },
        link_column="下载",
    )
    names = {"r50": P1, "m1": P2, "face": F1}
    return Zoo(
        name="small",
        title="压缩模型库",
        root=Path("nowhere"),
        tables=(prune, faces),
        rows=(
            build_row(
                P1,
                archive="r50",
                cells={
                    "骨架网络": "ResNet50-vd-dcn",
                    "裁剪策略": "sensity",
                    "输入尺寸": "320",
                },
            ),
            build_row(
                P2,
                archive="m1",
                cells={
                    "骨架网络": "MobileNetV1",
                    "裁剪策略": "r578",
                    "输入尺寸": "608",
                },
            ),
            build_row(
                F1, archive="face", cells={"模型": "BlazeFace", "输入尺寸": "640"}
            ),
        ),
        archives={
            name: Archive(name=name, url=f"https://models.example/{name}.tar")
            for name in names
        },
        claims={
            P1: (Claim(row_id=P1, metric="box_ap", printed="39.8"),),
            P2: (Claim(row_id=P2, metric="box_ap", printed="24.0"),),
            F1: tuple(
                Claim(row_id=F1, metric=metric, printed=printed)
                for metric, printed in (
                    ("easy", "87.8"),
                    ("medium", "85.1"),
                    ("hard", "74.9"),
                )
            ),
        },
        errata=(
            Erratum(
                erratum_id="E1",
                field="input_px",
                rows=(P1,),
                printed="320",
                corrected="608",
                changes_run=True,
                evidence=("every later edition prints 608",),
                note="The size alone is wrong.",
            ),
            Erratum(
                erratum_id="E2",
                field="url",
                rows=(P2,),
                printed="https://models.example/m1.tar",
                corrected="https://models.example/moved.tar",
                changes_run=False,
                evidence=("later editions link there",),
            ),
            Erratum(
                erratum_id="E4",
                field="spelling",
                rows=(),
                printed="distiil",
                corrected="distill",
                changes_run=False,
                evidence=("no such word",),
            ),
        ),
        tolerance=(
            TolerancePart(
                name="rounding",
                value_pct=Decimal("0.05"),
                basis="derived",
                source="one decimal is printed",
            ),
        ),
    )


@pytest.fixture
def judged() -> Callable[..., Judgement]:
    def judgement(
        metric: str, printed: str, measured_pct: float, verdict: Verdict
    ) -> Judgement:
        return build_judgement(
            verdict,
            metric=metric,
            printed=printed,
            measured_pct=measured_pct,
            difference_pct=measured_pct - float(printed),
            tolerance_pct="0.05",
            budget="rounding 0.05",
        )

    return judgement


@pytest.fixture
def measured() -> Callable[..., Measurement]:
    def measurement(
        input_px: int, *judgements: Judgement, erratum: str | None = None
    ) -> Measurement:
        return build_measurement(
            *judgements,
            input_px=input_px,
            erratum=erratum,
            detections_sha256="d" * 64,
            detections_file=f"detections/{'d' * 64}.npz",
            detection_count=3,
            detect_wall_s=1.5,
            detect_cpu_s=1.5,
            score_wall_s=0.1,
        )

    return measurement


@pytest.fixture
def recorded(zoo: Zoo) -> Callable[..., Record]:
    def record(
        row_id: str, verdict: Verdict, *runs: Measurement, **more: str
    ) -> Record:
        row = zoo.row(row_id)
        return Record(
            zoo="small",
            row_id=row_id,
            verdict=verdict,
            reason=more.get("reason", ""),
            measurements=runs,
            archive=ArchiveUsed(
                name=row.archive,
                source=f"https://mirror.example/{row.archive}.tar",
                sha256="a" * 64,
                size_bytes=1234,
                layout="separate_files",
                shape_plan=row.strategy,
            ),
            dataset=DatasetUsed(
                name=row.dataset,
                fingerprint=f"{row.dataset}-print",
                image_count=5000,
                annotation_count=36781,
                truth_sha256="e" * 64,
                truth_file=f"truth/{'e' * 64}.npz",
                differences=(),
            ),
            environment=Environment(
                harness="1.0",
                python="3.11.9",
                paddle="2.6.2",
                numpy="1.26.4",
                decoder="opencv-python-headless 4.11.0.86",
                metric_engine="pycocotools 2.0.11",
                device="cpu",
                device_model="a processor",
                threads=2,
                precision="float32",
                graph_optimiser="on",
            ),
        )

    return record


@pytest.fixture
def unmeasured() -> Callable[[str, Verdict, str], Record]:
    def record(row_id: str, verdict: Verdict, reason: str) -> Record:
        return Record(zoo="small", row_id=row_id, verdict=verdict, reason=reason)

    return record


@pytest.fixture
def erratum_record(
    judged: Callable[..., Judgement],
    measured: Callable[..., Measurement],
    recorded: Callable[..., Record],
) -> Record:
    """P1: lower as printed, reproduced at the size its erratum gives."""
    return recorded(
        P1,
        Verdict.REPRODUCED_WITH_ERRATUM,
        measured(320, judged("box_ap", "39.8", 35.1234, Verdict.LOWER)),
        measured(
            608, judged("box_ap", "39.8", 39.82, Verdict.REPRODUCED), erratum="E1"
        ),
        reason="reproduced at 608",
    )


@pytest.fixture
def plain_record(
    judged: Callable[..., Judgement],
    measured: Callable[..., Measurement],
    recorded: Callable[..., Record],
) -> Record:
    """P2: reproduced."""
    run = measured(608, judged("box_ap", "24.0", 23.96, Verdict.REPRODUCED))
    return recorded(P2, Verdict.REPRODUCED, run)
