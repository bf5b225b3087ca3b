"""One detector over a dataset, and the outcome of its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.dataset.views import View
from harness.evaluate.store import StoreKey
from harness.values.detections import Detections, ImageDetections


class Detector(Protocol):
    """What ``harness.model`` makes of a verified folder."""

    @property
    def input_px(self) -> int:
        """The input size that its row prints; of a square view, the side S."""
        ...

    def detect(
        self, images_rgb: Any, sizes_hw: NDArray[np.int32]
    ) -> list[ImageDetections]:
        """Return what is in each image, in original pixels.

        Args:
            images_rgb: ``[B, S, S, 3]``, or B arrays ``[H, W, 3]``, as the run's view.
            sizes_hw: ``[B, 2]``, original height and width.
        """
        ...

    def cpu_clock_s(self) -> float:
        """Return the processor seconds used so far by the process that computes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorRun:
    """One detector over the dataset, and the key that its detections are stored by."""

    key: StoreKey
    view: View  # what the detector looks at
    open_detector: Callable[[], Detector]  # not called when all is in the store


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """A run that came to its end."""

    detections: Detections  # of every image, in the order given
    computed_images: int  # the others came from the store
    wall_s: float  # inside the detector, for the computed images alone
    cpu_s: float  # of the process that computed, in that time
    #: Image id -> why it could not be read; such an image has no detections.
    faults: Mapping[int, str] = field(default_factory=dict)

    @property
    def replayed(self) -> bool:
        """Whether all detections came from the store: nothing was measured."""
        return self.computed_images == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A run that was stopped by an error; the parts before it stay in the store."""

    error: Exception


Outcome = Detected | Failed
