"""Every network at full width: the optimised graph against the plain forward."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from harness.model.paddle_run.device import open_device
from harness.model.paddle_run.heads import forward_heads, graph_heads

pytestmark = pytest.mark.speed

YOLO = ("mobilenet_v1", "resnet34", "resnet50_vd_dcn")
FACES = ("original", "lite", "nas")
ROUNDS = 3


@pytest.mark.parametrize("input_px", [320, 608])
@pytest.mark.parametrize("name", [*YOLO, *FACES])
def test_optimised_over_plain(
    benchmark: Any,
    name: str,
    input_px: int,
    network_of: Callable[[str], Any],
    drawn_weights: Callable[[Any], Mapping[str, Any]],
    tell: Callable[[str, Mapping[str, Any]], None],
) -> None:
    network = network_of(name)
    weights = drawn_weights(network)
    device = open_device(gpu=False)
    optimised = graph_heads(network, weights, device)
    plain = forward_heads(network, weights)
    rng = np.random.default_rng(0)
    images = rng.standard_normal((1, 3, input_px, input_px)).astype(np.float32)
    expected, found = plain(images), optimised(images)
    plain_s = []

    def plain_round() -> None:  # in turn with the other: a busy machine slows both
        begun_s = time.perf_counter()
        plain(images)
        plain_s.append(time.perf_counter() - begun_s)

    benchmark.group = f"{input_px} px"
    benchmark.pedantic(
        optimised, setup=plain_round, args=(images,), rounds=ROUNDS, warmup_rounds=1
    )

    ratio = float(np.median(plain_s)) / benchmark.stats.stats.median
    benchmark.extra_info["throughput, optimised / plain"] = ratio
    tell(f"{name} at {input_px} px", {"throughput, optimised / plain": ratio})
    for one, other in zip(found, expected, strict=True):
        assert np.abs(one - other).max() < 1e-4 * np.abs(other).max()
