"""What a network is to those who run it, and what a running one is to those who ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Operations and an image tensor of theirs, to the network's outputs, in its order.
NetworkFunction = Callable[[Any, Any], tuple[Any, ...]]

#: [B, 3, H, W] float32 to the network's outputs, float32, in its order.
HeadsFunction = Callable[[NDArray[np.float32]], Sequence[NDArray[np.float32]]]
