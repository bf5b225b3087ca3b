"""Rounding that Paddle turns into real int8, computed where the processor can."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.errors import DeviceMissing, UsageError
from harness.model.fluid.program_desc import parse_program
from harness.model.paddle_run.device import Device, open_device
from harness.model.paddle_run.graph import build_graph, serialise
from harness.model.paddle_run.heads import graph_heads
from harness.model.paddle_run.int8_ops import FAKE_QUANTISER, Int8Ops
from harness.model.paddle_run.predictor import open_predictor
from harness.model.paddle_run.runtime import import_paddle

SCALE = 3.0
LEVELS = 127


def two_convs(ops, image):
    """Add up two convolutions of the image, which is rounded for each."""
    first = ops.conv(rounded(ops, image), "a_weights", out=16, kernel=3)
    second = ops.conv(rounded(ops, image), "b_weights", out=16, kernel=3)
    return (ops.add(ops.relu(first), second),)


def rounded(ops, image):
    """Round where that is an operation; shapes know none."""
    return ops.fake_quantise(image, scale=SCALE) if isinstance(ops, Int8Ops) else image


def device_of(precision: str) -> Device:
    try:
        return open_device(gpu=False, precision=precision)
    except DeviceMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    shape = (16, 3, 3, 3)
    return {
        name: (0.3 * random.standard_normal(shape)).astype(np.float32)
        for name in ("a_weights", "b_weights")
    }


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    drawn = np.random.default_rng(1).standard_normal((2, 3, 32, 32))
    return drawn.astype(np.float32)


def eight_bits(values: np.ndarray, scale: np.ndarray | float) -> np.ndarray:
    steps = np.rint(np.clip(values / scale, -1, 1) * LEVELS)
    return (steps * scale / LEVELS).astype(np.float32)


def by_hand(images: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """The same two convolutions of values that 8 bits hold."""
    paddle = import_paddle()
    read = paddle.to_tensor(eight_bits(images, SCALE))
    first, second = (
        paddle.nn.functional.conv2d(
            read,
            paddle.to_tensor(
                eight_bits(one, np.abs(one).max(axis=(1, 2, 3), keepdims=True))
            ),
            padding=1,
        ).numpy()
        for one in weights.values()
    )
    return np.maximum(first, 0) + second


def test_int8_is_computed_and_is_what_8_bits_hold(weights, images) -> None:
    device = device_of("int8")
    expected = by_hand(images, weights)
    plain = graph_heads(two_convs, weights, replace(device, precision="float32"))

    (got,) = graph_heads(two_convs, weights, device)(images)

    assert np.abs(got - expected).max() < 0.02 * np.abs(expected).max()
    # Float would be far nearer to float than 8 bits can be.
    assert np.abs(got - plain(images)[0]).max() > 1e-3 * np.abs(expected).max()


def test_a_value_is_rounded_once_for_all_that_read_it() -> None:
    graph = build_graph(two_convs, ops=Int8Ops)
    operators = parse_program(serialise(graph)).operators
    found = [one for one in operators if one.kind == FAKE_QUANTISER]

    assert [one.inputs["InScale"] for one in found] == [("image.scale",)]
    assert {name: one.tolist() for name, one in graph.scales.items()} == {
        "image.scale": [SCALE]
    }


def test_only_what_the_network_asks_for_is_rounded() -> None:
    def network(ops, image):
        return (ops.conv(image, "a_weights", out=16, kernel=3),)

    graph = build_graph(network, ops=Int8Ops)
    kinds = {one.kind for one in parse_program(serialise(graph)).operators}

    assert FAKE_QUANTISER not in kinds


def test_bf16_is_computed_and_is_no_float32(
    tiny_network, random_weights, images
) -> None:
    device = device_of("bf16")
    expected, got = (
        graph_heads(tiny_network, random_weights, one)(images)[0]
        for one in (replace(device, precision="float32"), device)
    )
    error = np.abs(got - expected).max() / np.abs(expected).max()

    assert 1e-4 < error < 0.2


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_a_graph_that_is_not_optimised_has_float32_alone(weights, precision) -> None:
    device = Device(kind="cpu", model="", threads=1, precision=precision)

    with pytest.raises(UsageError, match=f"^{precision} without graph optimisation$"):
        open_predictor(b"", {}, device=replace(device, optimise=False))
