"""Rounds activations by an operator that Paddle turns into real int8.

oneDNN's passes take the scale from that operator, then remove it. The weights stay
float here; the passes round them, each channel by its largest. Clip, scale and round
would imitate int8 bit by bit, but tell the passes no scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.model.paddle_run.tensors import TensorOps

Tensor = Any  # Paddle has no stubs

FAKE_QUANTISER = "fake_quantize_dequantize_moving_average_abs_max"


class Int8Ops(TensorOps):
    """The operations in Paddle's static mode.

    Args:
        state: variable name to parameter.
    """

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__(state)
        self._rounded: dict[str, Tensor] = {}  # by the variable that is rounded
        self.scales: dict[str, NDArray[np.float32]] = {}  # variable -> its value, [1]

    def fake_quantise(self, x: Tensor, *, scale: float) -> Tensor:
        """Round to 8 bits; the same variable is rounded once.

        Args:
            x: what a convolution is about to read.
            scale: the largest value that 8 bits hold; larger ones are clipped to it.
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
                type=FAKE_QUANTISER,
                inputs={"X": [x], "InScale": [held]},
                outputs={"Out": [rounded], "OutScale": [held]},
                attrs={"bit_length": 8, "is_test": True, "round_type": 0},
            )
            self._rounded[x.name] = rounded
            self.scales[name] = np.asarray([scale], dtype=np.float32)
        return self._rounded[x.name]
