"""The YOLOv3 head over C3, C4 and C5, and its three raw outputs (zoo-spec 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from harness.model.networks.ops import BatchNormNames, Ops

T = TypeVar("T")

ANCHORS_PX = (
    (10, 13),
    (16, 30),
    (33, 23),
    (30, 61),
    (62, 45),
    (59, 119),
    (116, 90),
    (156, 198),
    (373, 326),
)  # zoo-spec 1.3
ANCHOR_MASKS = ((6, 7, 8), (3, 4, 5), (0, 1, 2))  # per level: strides 32, 16, 8
STRIDES_PX = (32, 16, 8)

#: Convolutions of a block in order: place in the stem name, kernel, times c.
BLOCK_CONVS = (
    ("0.0", 1, 1),
    ("0.1", 3, 2),
    ("1.0", 1, 1),
    ("1.1", 3, 2),
    ("2", 1, 1),  # the route: feeds tip and the transition
    ("tip", 3, 2),
)
BLOCK_WIDTHS = (512, 256, 128)  # c of block 0, 1, 2
TRANSITION_WIDTHS = (256, 128)


def block_convs() -> tuple[str, ...]:
    """Return the 18 convolutions that pruning names, in its order (zoo-spec 4.2)."""
    return tuple(
        f"yolo_block.{block}.{place}"
        for block in range(len(BLOCK_WIDTHS))
        for place, _, _ in BLOCK_CONVS
    )


def full_channels(width: float) -> dict[str, int]:
    """Return the output channels of each of the 18 convolutions, unpruned."""
    return {
        f"yolo_block.{block}.{place}": int(c * times * width)
        for block, c in enumerate(BLOCK_WIDTHS)
        for place, _, times in BLOCK_CONVS
    }


def yolov3_head(
    ops: Ops[T],
    features: tuple[T, T, T],
    *,
    num_classes: int,
    width: float,
    channels: Mapping[str, int],
) -> tuple[T, T, T]:
    """Return the raw outputs at strides 32, 16 and 8: ``[B, 3 * (5 + C), H, W]``.

    Args:
        ops: what runs the network.
        features: C3, C4, C5.
        num_classes: ``C``.
        width: channel multiplier of the transitions.
        channels: output channels of each of the 18 convolutions (pruned or not).
    """
    c3, c4, c5 = features
    outputs = []
    x = c5
    for block, backbone in enumerate((c4, c3, None)):
        stem = f"yolo_block.{block}"
        route = x
        for place, kernel, _ in BLOCK_CONVS:
            x = route if place == "tip" else x
            name = f"{stem}.{place}"
            x = _conv_bn_leaky(ops, x, name, out=channels[name], kernel=kernel)
            route = x if place == "2" else route
        outputs.append(
            ops.conv(
                x,
                f"yolo_output.{block}.conv.weights",
                out=len(ANCHOR_MASKS[block]) * (5 + num_classes),
                kernel=1,
                bias=f"yolo_output.{block}.conv.bias",
            )
        )
        if backbone is not None:
            out = int(TRANSITION_WIDTHS[block] * width)
            up = _conv_bn_leaky(
                ops, route, f"yolo_transition.{block}", out=out, kernel=1
            )
            x = ops.concat(ops.upsample(up), backbone)  # the route comes first
    first, second, third = outputs
    return first, second, third


def _conv_bn_leaky(ops: Ops[T], x: T, stem: str, *, out: int, kernel: int) -> T:
    x = ops.conv(x, f"{stem}.conv.weights", out=out, kernel=kernel)
    x = ops.batch_norm(
        x,
        BatchNormNames(
            scale=f"{stem}.bn.scale",
            offset=f"{stem}.bn.offset",
            mean=f"{stem}.bn.mean",
            variance=f"{stem}.bn.var",
        ),
    )
    return ops.leaky_relu(x)
