"""A forward pass of drawn weights in a row's real shapes."""

from __future__ import annotations

import numpy as np
import pytest

from harness.model.detectors.architectures import network_of_row, shapes_of_row
from harness.model.paddle_run.device import open_device
from harness.model.paddle_run.forward_time import drawn_weights, time_forward
from harness.registry.zoo import open_zoo

DEMO = open_zoo("demo").rows[0]
FACE = next(row for row in open_zoo("january-2020").rows if row.dataset == "widerface")


@pytest.mark.parametrize("row", [DEMO, FACE], ids=["yolov3", "blazeface"])
def test_a_pass_takes_time(row) -> None:
    device = open_device(gpu=False)

    took_s = time_forward(network_of_row(row), device, height_px=64, width_px=96)

    assert 0 < took_s < 60


@pytest.mark.parametrize("row", [DEMO, FACE], ids=["yolov3", "blazeface"])
def test_drawn_weights_fill_every_variable_and_divide_by_no_zero(row) -> None:
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
