"""Refuses a program that computes something else than our network with its values.

Equal names and shapes do not say strides, activations or pools. So every operation that
changes what an archive finds is noted on both sides, with what it is set to. Sums and
joins are left out: programs have more of them, for biases and boxes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from harness.errors import ArchiveUnreadable
from harness.model.fluid.program_desc import Operator
from harness.model.layouts.contract import listed
from harness.model.networks.functions import NetworkFunction
from harness.model.networks.ops import BN_EPSILON, LEAKY_SLOPE, BatchNormNames
from harness.model.networks.shapes import Feature, ShapeOps
from harness.model.program.traced_program import (
    CONVOLUTIONS,
    INT8_SUFFIX,
    trace_convs,
)

NEEDS_PADDLE = "this archive needs Paddle: drop --runtime torch"


def demand_operations(operators: Sequence[Operator], network: NetworkFunction) -> None:
    """Refuse a program whose operations are not those of a network.

    Args:
        operators: of the program, in its order.
        network: that shall run with its values.

    Raises:
        ArchiveUnreadable: one is missing, or more, or set to something else; it is
            named.
    """
    ops = _NotingOps()
    network(ops, Feature(3, Fraction(1)))
    wanted, got = Counter(ops.notes), Counter(_program_notes(operators))
    if wanted != got:
        raise ArchiveUnreadable(
            "this archive is a program that computes something else than our network",
            expected=listed(sorted((wanted - got).elements())),
            got=listed(sorted((got - wanted).elements())),
            next_step=NEEDS_PADDLE,
        )


@dataclass(slots=True)
class _NotingOps(ShapeOps):
    """Runs a network on shapes, and notes what it does as a program would."""

    notes: list[str] = field(default_factory=list)

    def conv(
        self,
        x: Feature,
        weights: str,
        *,
        out: int,
        kernel: int,
        stride: int = 1,
        depthwise: bool = False,
        bias: str | None = None,
    ) -> Feature:
        groups = out if depthwise else 1
        self.notes.append(_conv(weights, stride, (kernel - 1) // 2, groups))
        return ShapeOps.conv(
            self,
            x,
            weights,
            out=out,
            kernel=kernel,
            stride=stride,
            depthwise=depthwise,
            bias=bias,
        )

    def batch_norm(self, x: Feature, names: BatchNormNames) -> Feature:
        self.notes.append(_batch_norm(names.scale, BN_EPSILON))
        return ShapeOps.batch_norm(self, x, names)

    def relu(self, x: Feature) -> Feature:
        self.notes.append("relu")
        return x

    def leaky_relu(self, x: Feature) -> Feature:
        self.notes.append(_leaky_relu(LEAKY_SLOPE))
        return x

    def upsample(self, x: Feature) -> Feature:
        self.notes.append(_upsample("nearest", 2.0))
        return ShapeOps.upsample(self, x)

    def max_pool(
        self, x: Feature, *, kernel: int, stride: int, ceil_mode: bool = False
    ) -> Feature:
        padding = (kernel - 1) // 2
        self.notes.append(_pool("max", kernel, stride, padding, is_ceiled=ceil_mode))
        return ShapeOps.max_pool(
            self, x, kernel=kernel, stride=stride, ceil_mode=ceil_mode
        )

    def avg_pool(self, x: Feature) -> Feature:
        self.notes.append(_pool("avg", 2, 2, 0, is_ceiled=True))
        return ShapeOps.avg_pool(self, x)

    def deform_conv(
        self, x: Feature, steering: Feature, weights: str, *, out: int, stride: int = 1
    ) -> Feature:
        self.notes.append(f"deformable {_conv(weights, stride, 1, 1)}")
        return ShapeOps.deform_conv(self, x, steering, weights, out=out, stride=stride)


def _program_notes(operators: Sequence[Operator]) -> list[str]:
    plain = [one for one in operators if one.kind in CONVOLUTIONS]
    notes = [
        _set_conv(traced.weights.removesuffix(INT8_SUFFIX), one)
        for traced, one in zip(trace_convs(operators), plain, strict=True)
    ]
    notes += [NOTES[one.kind](one) for one in operators if one.kind in NOTES]
    return notes


def _conv(weights: str, stride: object, padding: object, groups: object) -> str:
    return f"convolution by {weights}, stride {stride}, padding {padding}, in {groups}"


def _batch_norm(scale: str, epsilon: object) -> str:
    return f"batch norm by {scale}, epsilon {_float32(epsilon)}"


def _leaky_relu(slope: object) -> str:
    return f"leaky relu of slope {_float32(slope)}"


def _upsample(method: object, factor: object) -> str:
    return f"{method} upsampling by {factor}"


def _pool(
    kind: object, kernel: object, stride: object, padding: object, *, is_ceiled: object
) -> str:
    ceiled = ", ceiled" if is_ceiled else ""
    return f"{kind} pool of {kernel}, stride {stride}, padding {padding}{ceiled}"


def _float32(value: object) -> str:
    return str(np.float32(value)) if isinstance(value, float) else str(value)


def _side(operator: Operator, name: str) -> object:
    """Return the one number of an attribute that is the same on both axes."""
    values = operator.attributes.get(name)
    if isinstance(values, tuple) and len(set(values)) == 1:
        return values[0]
    return values


def _set_conv(weights: str, operator: Operator) -> str:
    dilation = _side(operator, "dilations")
    dilated = "" if dilation in (1, None) else f", dilated by {dilation}"
    groups = operator.attributes.get("groups")
    sides = (_side(operator, "strides"), _side(operator, "paddings"))
    return _conv(weights, *sides, groups) + dilated


def _set_pool(operator: Operator) -> str:
    attributes = operator.attributes
    is_whole = attributes.get("global_pooling") or attributes.get("adaptive")
    counts_padding = (
        attributes.get("pooling_type") == "avg" and attributes.get("exclusive") is False
    )
    told = _pool(
        attributes.get("pooling_type"),
        _side(operator, "ksize"),
        _side(operator, "strides"),
        _side(operator, "paddings"),
        is_ceiled=attributes.get("ceil_mode"),
    )
    return told + " of all" * bool(is_whole) + " with its padding" * counts_padding


def _set_batch_norm(operator: Operator) -> str:
    (scale,) = operator.inputs["Scale"]
    return _batch_norm(scale, operator.attributes.get("epsilon"))


def _set_deformable(operator: Operator) -> str:
    (weights,) = operator.inputs["Filter"]
    return f"deformable {_set_conv(weights, operator)}"


#: Operator -> what it does.
NOTES: Mapping[str, Callable[[Operator], str]] = {
    "batch_norm": _set_batch_norm,
    "relu": lambda _: "relu",
    "leaky_relu": lambda one: _leaky_relu(one.attributes.get("alpha")),
    "nearest_interp": lambda one: _upsample(
        one.attributes.get("interp_method"), one.attributes.get("scale")
    ),
    "pool2d": _set_pool,
    "deformable_conv": _set_deformable,
}
