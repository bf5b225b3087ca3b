"""A network of drawn weights, timed in two precisions in one run."""

from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DeviceMissing
from harness.model.detectors.architectures import network_of_row
from harness.model.networks.shapes import network_shapes
from harness.model.networks.simulated import SimulatedNetwork
from harness.model.paddle_run import precision_time
from harness.model.paddle_run.device import Device, open_device
from harness.model.paddle_run.precision_time import ROUNDS, TIMED_IMAGES, time_precision
from harness.registry.zoo import open_zoo

NETWORK = network_of_row(open_zoo("demo").rows[0])


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_both_precisions_take_time(precision: str) -> None:
    try:
        device = open_device(gpu=False, precision=precision)
    except DeviceMissing as error:
        pytest.skip(str(error))
    times = time_precision(NETWORK, device, height_px=32, width_px=64)

    assert 0 < times.float32_s < 60
    assert 0 < times.precision_s < 60


def test_the_precisions_take_turns_and_the_fastest_pass_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[str] = []
    clock_s = {"now": 0.0}

    class Heads:
        def __init__(self, network: object, device: Device) -> None:
            assert network is NETWORK
            self.precision = device.precision

        def __call__(self, images: np.ndarray) -> None:
            assert images.shape == (TIMED_IMAGES, 3, 32, 64)
            ran.append(self.precision)
            # Every pass is slower than the one before, as on a machine that fills up.
            clock_s["now"] += len(ran) * (4.0 if self.precision == "float32" else 1.0)

    monkeypatch.setattr(precision_time, "open_drawn", Heads)
    monkeypatch.setattr(precision_time.time, "perf_counter", lambda: clock_s["now"])
    device = Device(kind="cpu", model="", threads=1, precision="bf16")
    times = time_precision(NETWORK, device, height_px=32, width_px=64)

    assert ran == ["float32", "bf16"] * (1 + ROUNDS)
    assert times.float32_s == 3 * 4.0 / TIMED_IMAGES
    assert times.precision_s == 4 * 1.0 / TIMED_IMAGES


def test_drawn_scales_are_of_every_convolution_but_the_outputs() -> None:
    simulated = precision_time.in_drawn_scales(NETWORK)

    convs = {
        name
        for name, variable in network_shapes(NETWORK).variables.items()
        if len(variable.shape) == 4
    }
    outputs = {f"yolo_output.{level}.conv.weights" for level in range(3)}
    assert simulated.network is NETWORK
    assert simulated.scales == dict.fromkeys(convs - outputs, 4.0)


@pytest.mark.parametrize("precision", ["float32", "bf16", "int8"])
def test_int8_alone_is_simulated(
    monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    monkeypatch.setattr(precision_time, "graph_heads", lambda *asked: asked)
    device = Device(kind="cpu", model="", threads=1, precision=precision)

    network, weights, on = precision_time.open_drawn(NETWORK, device)

    assert isinstance(network, SimulatedNetwork) == (precision == "int8")
    assert weights.keys() == network_shapes(NETWORK).variables.keys()
    assert on is device
