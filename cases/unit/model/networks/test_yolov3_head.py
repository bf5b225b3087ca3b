from fractions import Fraction

import pytest

from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import Feature, ShapeOps
from harness.model.networks.yolov3_head import (
    ANCHOR_MASKS,
    ANCHORS_PX,
    STRIDES_PX,
    block_convs,
    full_channels,
    yolov3_head,
)

FEATURES = (
    Feature(256, Fraction(1, 8)),
    Feature(512, Fraction(1, 16)),
    Feature(1024, Fraction(1, 32)),
)


def pruned(pruning):
    ops = ShapeOps()
    yolov3_head(
        ops, FEATURES, num_classes=80, width=1.0, channels=pruned_channels(pruning)
    )
    return ops.variables


def test_each_level_looks_with_three_anchors_the_coarsest_with_the_largest():
    assert sorted(place for mask in ANCHOR_MASKS for place in mask) == list(range(9))
    assert [ANCHORS_PX[mask[-1]] for mask in ANCHOR_MASKS] == [
        (373, 326),
        (59, 119),
        (33, 23),
    ]
    assert STRIDES_PX == (32, 16, 8)


def test_pruning_names_18_convolutions():
    assert len(block_convs()) == 18
    assert block_convs()[:7] == (
        "yolo_block.0.0.0",
        "yolo_block.0.0.1",
        "yolo_block.0.1.0",
        "yolo_block.0.1.1",
        "yolo_block.0.2",
        "yolo_block.0.tip",
        "yolo_block.1.0.0",
    )
    assert tuple(full_channels(1.0)) == block_convs()


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("yolo_block.0.0.0.conv.weights", (512, 1024, 1, 1)),
        ("yolo_block.1.0.0.conv.weights", (256, 768, 1, 1)),  # 256 route + 512 C4
        ("yolo_block.2.0.0.conv.weights", (128, 384, 1, 1)),  # 128 route + 256 C3
        ("yolo_block.0.tip.conv.weights", (1024, 512, 3, 3)),
        ("yolo_block.0.2.bn.var", (512,)),
        ("yolo_output.0.conv.weights", (255, 1024, 1, 1)),
        ("yolo_output.2.conv.bias", (255,)),
        ("yolo_transition.0.conv.weights", (256, 512, 1, 1)),
        ("yolo_transition.1.conv.weights", (128, 256, 1, 1)),
    ],
)  # zoo-spec 2.4
def test_the_unpruned_head_has_the_published_shapes(name, shape):
    assert pruned("none")[name].shape == shape


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("yolo_block.1.0.0.conv.weights", (77, 768, 1, 1)),  # keeps its full input
        ("yolo_block.1.0.1.conv.weights", (154, 77, 3, 3)),
        ("yolo_block.1.tip.conv.weights", (154, 77, 3, 3)),
        ("yolo_block.2.1.1.bn.scale", (51,)),
        ("yolo_output.1.conv.weights", (255, 154, 1, 1)),
        ("yolo_transition.1.conv.weights", (128, 77, 1, 1)),  # keeps its output
    ],
)  # zoo-spec 4.2
def test_the_pruned_head_has_the_published_shapes(name, shape):
    assert pruned("prune_r578")[name].shape == shape


def test_an_output_has_a_bias_and_nothing_else():
    variables = pruned("none")

    assert [name for name in variables if name.startswith("yolo_output.0")] == [
        "yolo_output.0.conv.weights",
        "yolo_output.0.conv.bias",
    ]


class Trace:
    """Writes down what is joined with what."""

    def conv(self, x, weights, **_):
        return f"{weights.removesuffix('.conv.weights')}({x})"

    def batch_norm(self, x, _):
        return x

    def leaky_relu(self, x):
        return x

    def upsample(self, x):
        return f"up({x})"

    def concat(self, first, second):
        self.joined = (*getattr(self, "joined", ()), (first, second))
        return "joined"


def test_the_route_comes_before_the_backbone():
    ops = Trace()

    yolov3_head(
        ops,
        ("c3", "c4", "c5"),
        num_classes=80,
        width=1.0,
        channels=pruned_channels("none"),
    )

    (first, c4), (second, c3) = ops.joined
    assert (c4, c3) == ("c4", "c3")
    assert first.startswith("up(yolo_transition.0(yolo_block.0.2(")
    assert second.startswith("up(yolo_transition.1(yolo_block.1.2(")
