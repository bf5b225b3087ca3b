"""The forms of the functions that a network, its heads and its detections are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.values.detections import ImageDetections

#: Operations and an image tensor of theirs, to the network's outputs, in its order.
NetworkFunction = Callable[[Any, Any], tuple[Any, ...]]

#: [B, 3, H, W] float32 to the network's outputs, float32, in its order.
HeadsFunction = Callable[[NDArray[np.float32]], Sequence[NDArray[np.float32]]]

#: Normalised images [B, 3, H, W] and heights and widths [B, 2] to the detections of
#: each image, in the pixels of those sizes.
FindFunction = Callable[[NDArray[np.float32], NDArray[np.int32]], list[ImageDetections]]
