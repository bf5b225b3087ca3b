from collections.abc import Callable
from decimal import Decimal

import pytest

from harness.compare.tolerance import Budget
from harness.compare.verdict import judge, verdict_of_judgements
from harness.values.records import Measurement
from harness.values.rows import Claim, Row


@pytest.fixture
def row() -> Row:
    return Row(
        row_id="yolov3-mobilenet_v1-coco-quant_post-608",
        zoo="january-2020",
        table="quant_coco",
        architecture="yolov3",
        backbone="mobilenet_v1",
        dataset="coco",
        strategy="quant_post",
        input_px=608,
        archive="yolov3_mobilenetv1_coco_quant_post",
        num_classes=80,
    )


@pytest.fixture
def budget() -> Budget:
    return Budget(total_pct=Decimal("0.10"), text="rounding 0.05 + device kernels 0.05")


@pytest.fixture
def measure(budget: Budget) -> Callable[..., Measurement]:
    def make(
        scores_pct: dict[str, float],
        printed: dict[str, str],
        *,
        input_px: int = 608,
        erratum: str | None = None,
    ) -> Measurement:
        judgements = tuple(
            judge(
                Claim(row_id="row", metric=metric, printed=text),
                scores_pct[metric],
                budget,
            )
            for metric, text in printed.items()
        )
        return Measurement(
            input_px=input_px,
            erratum=erratum,
            scores_pct=scores_pct,
            judgements=judgements,
            verdict=verdict_of_judgements(judgements),
            detections_sha256="0" * 64,
            detections_file="detections/row.npz",
            detection_count=1,
            store_key="key",
            replayed=False,
            detect_wall_s=1.0,
            detect_cpu_s=1.0,
            score_wall_s=1.0,
        )

    return make
