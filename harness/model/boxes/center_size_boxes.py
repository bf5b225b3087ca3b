"""Decodes a face network's offsets from its prior boxes.

As the published ``box_coder`` does (``decode_center_size``, normalised): in float32, in
its order of operations.  # zoo-spec 1.4
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CENTRE_VARIANCE = np.float32(0.1)  # zoo-spec 1.4
SIZE_VARIANCE = np.float32(0.2)  # zoo-spec 1.4


def decode_center_size(offsets: Floats, priors_xyxy: Floats) -> Floats:
    """Return one box per prior: its centre moved, its sides scaled; nothing clipped.

    Args:
        offsets: ``[N, 4]``: x and y of the centre, width, height.
        priors_xyxy: ``[N, 4]``, shares of the image.

    Returns:
        ``[N, 4]``, xyxy, shares of the image.
    """
    two = np.float32(2)
    sides = priors_xyxy[:, 2:] - priors_xyxy[:, :2]  # [N, 2]
    centres = priors_xyxy[:, :2] + sides / two  # [N, 2]
    moved = CENTRE_VARIANCE * offsets[:, :2] * sides + centres  # [N, 2]
    with np.errstate(over="ignore"):  # an infinite side is Detections.check's to refuse
        scaled = np.exp(SIZE_VARIANCE * offsets[:, 2:]) * sides  # [N, 2]
    return np.concatenate([moved - scaled / two, moved + scaled / two], axis=1)
