from collections.abc import Callable
from decimal import Decimal

import pytest

from harness.compare.tolerance import Budget
from harness.compare.verdict import judge, verdict_of_judgements
from harness.values.records import Measurement
from harness.values.rows import Claim, Row
from testing.records import build_measurement
from testing.rows import build_row


@pytest.fixture
def row() -> Row:
    return build_row("yolov3-mobilenet_v1-coco-quant_post-608")


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
        return build_measurement(
            *judgements,
            input_px=input_px,
            erratum=erratum,
            scores_pct=scores_pct,
            verdict=verdict_of_judgements(judgements),
        )

    return make
