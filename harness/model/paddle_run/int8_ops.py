"""A network in, its operations in a program whose rounding Paddle makes real int8, out.

The rounding is one operator, from which oneDNN's passes take the scale and which they
then remove; weights stay float and are rounded by them, each channel by its largest.
Rounding as clip, scale and round, which imitates int8 bit by bit, tells them nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.model.paddle_run.tensors import TensorOps

Tensor = Any  # Paddle has no stubs

ROUND = "fake_quantize_dequantize_moving_average_abs_max"

#: The output convolutions of YOLOv3 stay float.  # zoo-spec 4.5
FLOAT_CONVS = "yolo_output"


class Int8Ops(TensorOps):
    """The operations in Paddle's static mode.

    Args:
        state: variable name to parameter.
        every_scale: round what every convolution reads by this scale, but what the
            output convolutions of YOLOv3 read; None: only where the network asks.
    """

    def __init__(
        self, state: Mapping[str, Tensor], *, every_scale: float | None = None
    ) -> None:
        super().__init__(state)
        self._every_scale = every_scale
        self._rounded: dict[str, Tensor] = {}  # by the variable that is rounded
        self.scales: dict[str, NDArray[np.float32]] = {}  # variable -> its value, [1]

    def conv(self, x: Tensor, weights: str, **kind: Any) -> Tensor:
        """Round, if every convolution's input is rounded, and convolve."""
        if self._every_scale is not None and not weights.startswith(FLOAT_CONVS):
            x = self.fake_quantise(x, scale=self._every_scale)
        return super().conv(x, weights, **kind)

    def fake_quantise(self, x: Tensor, *, scale: float) -> Tensor:
        """Round to 8 bits; the same variable is rounded once.

        Args:
            x: what a convolution is about to read.
            scale: the largest value that is told apart from larger ones.
        """
        if x.name not in self._rounded:
            block, name = x.block, f"{x.name}.scale"
            held = block.create_var(
                name=name, shape=[1], dtype="float32", persistable=True
            )
            rounded = block.create_var(
                name=f"{x.name}.rounded", shape=x.shape, dtype="float32"
            )
            block.append_op(
                type=ROUND,
                inputs={"X": [x], "InScale": [held]},
                outputs={"Out": [rounded], "OutScale": [held]},
                attrs={"bit_length": 8, "is_test": True, "round_type": 0},
            )
            self._rounded[x.name] = rounded
            self.scales[name] = np.asarray([scale], dtype=np.float32)
        return self._rounded[x.name]
