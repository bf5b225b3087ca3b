"""What a backbone is: a network function from an image to three feature maps."""

from __future__ import annotations

from typing import Protocol, TypeVar

from harness.model.networks.ops import Ops

T = TypeVar("T")


class Backbone(Protocol):
    """Called with the operations, the image and a channel multiplier."""

    def __call__(self, ops: Ops[T], image: T, *, width: float) -> tuple[T, T, T]:
        """Return C3, C4, C5: strides 8, 16 and 32."""
        ...
