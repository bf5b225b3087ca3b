"""The exported, optimised graph against the plain forward of the same network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.model.detectors.archive_heads import open_heads, plain_heads
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.paddle_run.device import open_device

pytestmark = pytest.mark.speed


@pytest.fixture(scope="module", params=(224, 608))
def images(request: pytest.FixtureRequest) -> Any:
    shape = (8, 3, request.param, request.param)
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("way", ["optimised", "plain"])
def test_forward(benchmark: Any, opened: OpenedArchive, images: Any, way: str) -> None:
    device = open_device(gpu=False)
    heads = open_heads(opened, device) if way == "optimised" else plain_heads(opened)
    benchmark.group = f"8 images at {images.shape[-1]} px"

    outputs = benchmark.pedantic(heads, args=(images,), rounds=10, warmup_rounds=2)

    assert [one.shape[1] for one in outputs] == [30, 30, 30]
