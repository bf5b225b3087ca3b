"""Decodes a BlazeFace's outputs into the faces of one image at one scale.

Resizing and merging several scales is ``face_finding``'s.  # zoo-spec 1.4
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.model.boxes.center_size_boxes import decode_center_size
from harness.model.boxes.multiclass_nms import BLAZEFACE_RULE, multiclass_nms
from harness.model.boxes.prior_boxes import prior_boxes
from harness.model.networks.blazeface import NUM_CLASSES
from harness.values.detections import ImageDetections

Floats = NDArray[np.float32]

FACE = 1  # the class; 0 is the background, which is never detected  # zoo-spec 1.4
MEAN_BGR = (104.0, 117.0, 123.0)  # zoo-spec 1.7
DIVISOR = 127.502231  # zoo-spec 1.7


def normalise_faces(images_rgb: NDArray[np.uint8] | Floats) -> Floats:
    """Turn to blue first, subtract the mean, divide; channels first.

    Args:
        images_rgb: ``[B, H, W, 3]``, red first.

    Returns:
        ``[B, 3, H, W]`` float32, contiguous, blue first.
    """
    bgr: NDArray[Any] = images_rgb[..., ::-1].transpose(0, 3, 1, 2)
    planes = np.ascontiguousarray(bgr, dtype=np.float32)
    planes -= np.asarray(MEAN_BGR, dtype=np.float32)[:, None, None]
    planes /= np.float32(DIVISOR)
    return planes  # [B, 3, H, W]


def faces_of_image(
    outputs: Sequence[Floats], *, height_px: int, width_px: int
) -> ImageDetections:
    """Return the faces of an image, in its pixels.

    Args:
        outputs: boxes ``[4 * K, H, W]`` and classes ``[2 * K, H, W]`` of each level.
        height_px: of the image that the network looked at.
        width_px: likewise.
    """
    boxes_xyxy, scores = decode_face_heads(
        outputs, height_px=height_px, width_px=width_px
    )
    faces = multiclass_nms(boxes_xyxy, scores, BLAZEFACE_RULE)
    sides_px = np.asarray([width_px, height_px] * 2, dtype=np.float32)  # [4]
    return ImageDetections(
        classes=faces.classes,
        scores=faces.scores,
        boxes_xyxy=faces.boxes_xyxy * sides_px,
    )


def decode_face_heads(
    outputs: Sequence[Floats], *, height_px: int, width_px: int
) -> tuple[Floats, Floats]:
    """Return the box of every prior and its scores.

    Args:
        outputs: as of :func:`faces_of_image`.
        height_px: of the image that the network looked at.
        width_px: likewise.

    Returns:
        Boxes ``[N, 4]`` (xyxy, shares of the image) and scores ``[N, 2]``.
    """
    boxes, classes = outputs[0::2], outputs[1::2]
    priors_xyxy = prior_boxes(
        [(level.shape[1], level.shape[2]) for level in boxes],
        height_px=height_px,
        width_px=width_px,
    )  # [N, 4]
    offsets = np.concatenate([_per_prior(one, 4) for one in boxes])  # [N, 4]
    logits = np.concatenate([_per_prior(one, NUM_CLASSES) for one in classes])  # [N, 2]
    return decode_center_size(offsets, priors_xyxy), _softmax(logits)


def _per_prior(output: Floats, values: int) -> Floats:
    """Return a row per prior, by row, column, prior: ``[H * W * K, values]``."""
    return output.transpose(1, 2, 0).reshape(-1, values)


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))  # [N, C]
    shares: Floats = raised / raised.sum(axis=1, keepdims=True)
    return shares
