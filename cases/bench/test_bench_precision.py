"""Other precisions against float32: the network alone, both in one run.

The ratio and the processor go into the benchmark's extra information.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.errors import DeviceMissing
from harness.model.detectors.architectures import network_of_row
from harness.model.paddle_run.device import open_device
from harness.model.paddle_run.precision_time import (
    TIMED_IMAGES,
    open_drawn,
    time_precision,
)
from harness.registry.zoo import open_zoo
from harness.values.rows import Row

pytestmark = pytest.mark.speed

DEMO = {row.row_id: row for row in open_zoo("demo").rows}
FULL = open_zoo("january-2020").row("yolov3-mobilenet_v1-coco-prune_r578-320")
ROWS = {
    "demo-224": DEMO["yolov3-mobilenet_v1-coco-baseline-224"],
    "demo-160": DEMO["yolov3-mobilenet_v1-coco-baseline-160"],
    "demo-face": DEMO["blazeface-nas-widerface-baseline-160"],
    "full-320": replace(FULL, strategy="baseline"),
}


@pytest.fixture(params=ROWS)
def row(request: pytest.FixtureRequest) -> Row:
    return ROWS[request.param]


@pytest.mark.parametrize("precision", ["float32", "bf16", "int8"])
def test_precision(benchmark: Any, row: Row, precision: str) -> None:
    try:
        device = open_device(gpu=False, precision=precision)
    except DeviceMissing as error:
        pytest.skip(str(error))
    size_px, network = row.input_px, network_of_row(row)
    if precision != "float32":
        times = time_precision(network, device, height_px=size_px, width_px=size_px)
        benchmark.extra_info["times as fast"] = times.float32_s / times.precision_s
        benchmark.extra_info["instructions"] = ", ".join(device.instructions)
    shape = (TIMED_IMAGES, 3, size_px, size_px)
    images = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    heads = open_drawn(network, device)
    benchmark.group = f"{TIMED_IMAGES} images of {row.row_id}"

    outputs = benchmark.pedantic(heads, args=(images,), rounds=10, warmup_rounds=2)

    assert all(len(one) == TIMED_IMAGES for one in outputs)
