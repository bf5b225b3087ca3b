from fractions import Fraction

import pytest

from harness.model.networks.blazeface_blocks import (
    DoubleBlock,
    LiteBlock,
    NumberedLayers,
    SingleBlock,
)
from harness.model.networks.shapes import Feature, ShapeOps

IMAGE = Feature(8, Fraction(1))


def run(block, *, width=1.0, numbers_depthwise=False):
    """Return what the block gives, the variables it made, and the layers."""
    layers = NumberedLayers(
        ShapeOps(), width=width, numbers_depthwise=numbers_depthwise
    )
    return block.run(layers, IMAGE), list(layers.ops.variables), layers


def weights_of(variables):
    return [name for name in variables if name.endswith("_weights")]


@pytest.mark.parametrize(
    ("block", "weights"),
    [
        (SingleBlock("x", 8, 8), ["x1_dw", "x1_sep"]),
        (SingleBlock("x", 8, 16, 2), ["x1_dw", "x1_sep", "shortcutx"]),
        (DoubleBlock("x", 8, 8, middle=4), ["x1_dw", "x1_sep", "x2_dw", "x2_sep"]),
        (
            DoubleBlock("x", 8, 16, 2, middle=4),
            ["x1_dw", "x1_sep", "x2_dw", "x2_sep", "shortcutx"],
        ),
        (LiteBlock("x", 8, 8), ["x_dw", "x_sep"]),
        (LiteBlock("x", 8, 16), ["x_dw", "x_sep", "shortcutx"]),
        (LiteBlock("x", 8, 16, 2), ["x_dw", "x_sep", "shortcutx"]),
    ],
)
def test_a_block_makes_its_layers_in_the_published_order(block, weights):
    out, variables, _ = run(block)

    assert weights_of(variables) == [f"{name}_weights" for name in weights]
    assert out == Feature(block.out, Fraction(1, block.stride))


def test_each_normalisation_takes_the_next_number():
    _, variables, _ = run(SingleBlock("x", 8, 16, 2))

    assert variables[variables.index("shortcutx_weights") + 1] == "batch_norm_2.w_0"


@pytest.mark.parametrize(("numbers_depthwise", "number"), [(True, 3), (False, 2)])
def test_an_output_is_numbered_after_the_convolutions_that_count(
    numbers_depthwise, number
):
    out, _, layers = run(LiteBlock("x", 8, 16, 2), numbers_depthwise=numbers_depthwise)
    layers.output(out, 4)

    assert list(layers.ops.variables)[-2:] == [
        f"conv2d_{number}.w_0",
        f"conv2d_{number}.b_0",
    ]


def test_a_narrow_block_keeps_the_shortcut_that_the_whole_one_has():
    narrow = Feature(3, Fraction(1))
    layers = NumberedLayers(ShapeOps(), width=1 / 8, numbers_depthwise=True)

    LiteBlock("x", 24, 28).run(layers, narrow)  # both are 3 channels at this width

    assert "shortcutx_weights" in layers.ops.variables


class NotedOps(ShapeOps):
    """Shapes, and the operations in the order in which they are called."""

    def __init__(self):
        super().__init__()
        self.noted = []

    def conv(self, x, weights, *, out, kernel, stride=1, depthwise=False, bias=None):
        kind = "depthwise" if depthwise else "conv"
        self.noted.append(f"{kind} {kernel}x{kernel}/{stride} to {out}")
        kept = {"stride": stride, "depthwise": depthwise, "bias": bias}
        return super().conv(x, weights, out=out, kernel=kernel, **kept)

    def relu(self, x):
        self.noted.append("relu")
        return super().relu(x)

    def add(self, first, second):
        self.noted.append("add")
        return super().add(first, second)

    def max_pool(self, x, *, kernel, stride, ceil_mode=False):
        rounded = "up" if ceil_mode else "down"
        self.noted.append(f"pool {kernel}x{kernel}/{stride}, rounded {rounded}")
        return super().max_pool(x, kernel=kernel, stride=stride, ceil_mode=ceil_mode)


SHORTCUT = ["pool 2x2/2, rounded up", "conv 1x1/1 to 16", "relu"]


@pytest.mark.parametrize(
    ("block", "operations"),
    [
        (
            SingleBlock("x", 8, 16, 2),
            ["depthwise 5x5/2 to 8", "relu", "conv 1x1/1 to 16", *SHORTCUT],
        ),
        (
            DoubleBlock("x", 8, 16, 2, middle=4),
            [
                *("depthwise 5x5/2 to 8", "relu", "conv 1x1/1 to 4", "relu"),
                *("conv 5x5/1 to 4", "relu", "conv 1x1/1 to 16", "relu", *SHORTCUT),
            ],
        ),
        (
            LiteBlock("x", 8, 16, 2),
            ["depthwise 3x3/2 to 8", "relu", "conv 1x1/1 to 16", "relu", *SHORTCUT],
        ),
        (
            LiteBlock("x", 8, 16),
            [
                *("depthwise 3x3/1 to 8", "relu", "conv 1x1/1 to 16", "relu"),
                *SHORTCUT[1:],
            ],
        ),
    ],
)
def test_a_block_is_made_of_the_published_operations(block, operations):
    ops = NotedOps()

    block.run(NumberedLayers(ops, width=1.0, numbers_depthwise=False), IMAGE)

    assert ops.noted == [*operations, "add", "relu"]  # zoo-spec 2.5
