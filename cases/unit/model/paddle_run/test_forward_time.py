"""A forward pass of drawn weights in a row's real shapes."""

from __future__ import annotations

import numpy as np
import pytest

from harness.model.detectors.architectures import network_of_row, shapes_of_row
from harness.model.paddle_run import forward_time
from harness.model.paddle_run.device import Device, open_device
from harness.model.paddle_run.forward_time import drawn_weights, time_forward
from harness.registry.zoo import open_zoo

DEMO = open_zoo("demo").rows[0]
FACE = next(row for row in open_zoo("january-2020").rows if row.dataset == "widerface")


@pytest.mark.parametrize("row", [DEMO, FACE], ids=["yolov3", "blazeface"])
def test_a_pass_takes_time(row) -> None:
    device = open_device(gpu=False)

    took_s = time_forward(network_of_row(row), device, height_px=64, width_px=96)

    assert 0 < took_s < 60


def test_the_second_pass_is_timed_and_told_for_one_image(monkeypatch) -> None:
    clock_s = iter((10.0, 13.0))
    seen = []

    def heads(images: np.ndarray) -> None:
        seen.append((images.shape, images.dtype.name, images.copy()))

    monkeypatch.setattr(forward_time, "graph_heads", lambda *_: heads)
    monkeypatch.setattr(forward_time.time, "perf_counter", lambda: next(clock_s))

    took_s = time_forward(
        network_of_row(DEMO),
        Device(kind="cpu", model="any", threads=1),
        height_px=64,
        width_px=96,
    )

    assert took_s == 3 / 2  # two images
    assert [one[:2] for one in seen] == [((2, 3, 64, 96), "float32")] * 2
    assert np.array_equal(
        seen[0][2], np.random.RandomState(0).randn(2, 3, 64, 96).astype(np.float32)
    )


def test_drawn_weights_keep_values_of_a_usual_size() -> None:
    weights = {
        **drawn_weights(shapes_of_row(DEMO)),
        **drawn_weights(shapes_of_row(FACE)),
    }

    block = weights["yolo_block.0.tip.conv.weights"]
    assert block.std() == pytest.approx(np.sqrt(2 / block[0].size), rel=0.03)
    for ones in ("conv1_bn_scale", "yolo_block.0.tip.bn.scale", "batch_norm_0.w_0"):
        assert (weights[ones] == 1).all()
    for zeros in ("conv1_bn_offset", "conv1_bn_mean", "batch_norm_0.b_0"):
        assert (weights[zeros] == 0).all()
    again = drawn_weights(shapes_of_row(DEMO))["yolo_block.0.tip.conv.weights"]
    assert np.array_equal(again, block)


@pytest.mark.parametrize("row", [DEMO, FACE], ids=["yolov3", "blazeface"])
def test_drawn_weights_fill_fill_every_variable_and_divide_by_no_zero(row) -> None:
    shapes = shapes_of_row(row)
    weights = drawn_weights(shapes)

    assert {name: one.shape for name, one in weights.items()} == {
        name: one.shape for name, one in shapes.variables.items()
    }
    variances = [
        one
        for name, one in weights.items()
        if name.endswith(("variance", "var", "w_2"))
    ]
    assert variances
    assert all((one == 1).all() for one in variances)
    assert all(np.isfinite(one).all() for one in weights.values())
