"""Demands that detections are of exactly the images that a truth lists."""

from __future__ import annotations

import numpy as np

from harness.errors import DetectionsInvalid
from harness.values.detections import Detections, Results
from harness.values.truth import Truth


def demand_same_images(detections: Detections | Results, truth: Truth) -> None:
    """Refuse detections of more or fewer images than the truth has.

    Raises:
        DetectionsInvalid: an image of the truth was not evaluated, or one that was is
            unknown to it; both are counted.
    """
    unseen = np.setdiff1d(truth.image_ids, detections.evaluated_ids)
    unknown = np.setdiff1d(detections.evaluated_ids, truth.image_ids)
    if len(unseen) or len(unknown):
        raise DetectionsInvalid(
            "evaluated images",
            expected=f"the {len(truth.image_ids)} of the truth",
            got=f"{len(unseen)} too few, {len(unknown)} unknown",
            next_step="score against the truth of the evaluated images alone",
        )
