"""Finds faces in images of any size, by one look or by several (zoo-spec 1.7)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.model.boxes.face_boxes import FACE, faces_of_image, normalise_faces
from harness.model.boxes.face_looks import FaceLook, looks_of
from harness.model.boxes.face_scales import base_scale, resize_lanczos
from harness.model.boxes.face_voting import vote
from harness.model.networks.functions import FindFunction, HeadsFunction
from harness.values.detections import ImageDetections

Floats = NDArray[np.float64]

#: Images [B, H, W, 3] of one size to the faces of each, in the pixels of that size.
Look = Callable[[NDArray[np.uint8]], Sequence[ImageDetections]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceDetector:
    """Finds faces in images."""

    find: FindFunction  # by our own network, or by an archive's program
    input_px: int  # as the row prints it: the size of training, not of the look
    scales: str  # key of FACE_SCALES

    def detect(
        self,
        images_rgb: Iterable[NDArray[np.uint8]],
        sizes_hw: NDArray[np.int32],  # noqa: ARG002
    ) -> list[ImageDetections]:
        """Return the faces of each image, best first, in its pixels, not clipped.

        Each image is looked at by itself.  # zoo-spec 1.7

        Args:
            images_rgb: B of ``[H, W, 3]``, red first, at any H and W.
            sizes_hw: ``[B, 2]``; not needed, the images have their own.

        Raises:
            ArchiveUnreadable: what a program gives are no detections.
        """
        return [FACE_SCALES[self.scales](self.look, rgb) for rgb in images_rgb]

    def look(self, images_rgb: NDArray[np.uint8]) -> list[ImageDetections]:
        """Return the faces of images of one size, in the pixels of that size.

        Args:
            images_rgb: ``[B, H, W, 3]``, red first, at any H and W.
        """
        batch, height_px, width_px, _ = images_rgb.shape
        sizes_hw = np.asarray([[height_px, width_px]] * batch, dtype=np.int32)
        return self.find(normalise_faces(images_rgb), sizes_hw)

    def cpu_clock_s(self) -> float:
        """Return the processor seconds that this process has used so far."""
        return time.process_time()


def faces_of_heads(heads: HeadsFunction) -> FindFunction:
    """Return the function that decodes a BlazeFace's heads and suppresses overlaps."""

    def find(
        images: NDArray[np.float32], sizes_hw: NDArray[np.int32]
    ) -> list[ImageDetections]:
        outputs = heads(images)
        return [
            faces_of_image(
                [one[place] for one in outputs],
                height_px=int(height_px),
                width_px=int(width_px),
            )
            for place, (height_px, width_px) in enumerate(sizes_hw)
        ]

    return find


def look_once(look: Look, rgb: NDArray[np.uint8]) -> ImageDetections:
    """Return the faces of one image at its base scale, in its own pixels.

    Args:
        look: finds the faces of images of one size.
        rgb: ``[H, W, 3]``, red first.
    """
    scale = base_scale(*rgb.shape[:2])
    (faces,) = look(resize_lanczos(rgb, scale)[None])
    return replace(faces, boxes_xyxy=faces.boxes_xyxy / np.float32(scale))


def look_many(look: Look, rgb: NDArray[np.uint8]) -> ImageDetections:
    """Return the faces of one image that several looks agree on, in its own pixels.

    The published numbers of WIDER FACE were measured so.  # zoo-spec 1.7

    Args:
        look: finds the faces of images of one size.
        rgb: ``[H, W, 3]``, red first.
    """
    height_px, width_px = rgb.shape[:2]
    taken = [_take(look, rgb, chosen) for chosen in looks_of(height_px, width_px)]
    boxes_xyxy, scores = vote(
        np.concatenate([boxes for boxes, _ in taken]),
        np.concatenate([values for _, values in taken]),
    )
    return ImageDetections(
        classes=np.full(len(scores), FACE, dtype=np.int32),
        scores=scores.astype(np.float32),
        boxes_xyxy=boxes_xyxy.astype(np.float32),
    )


def _take(
    look: Look, rgb: NDArray[np.uint8], chosen: FaceLook
) -> tuple[Floats, Floats]:
    """Look once, and return the boxes that count and their scores."""
    shown = rgb[:, ::-1] if chosen.is_mirrored else rgb
    (faces,) = look(resize_lanczos(shown, chosen.scale)[None])
    boxes = faces.boxes_xyxy.astype(np.float64) / chosen.scale  # [N, 4]
    scores = faces.scores.astype(np.float64)
    if not len(scores):  # the published tool wrote a row of zeros, and voted with it
        boxes, scores = np.zeros((1, 4)), np.zeros(1)
    if chosen.is_mirrored:
        boxes[:, [0, 2]] = rgb.shape[1] - boxes[:, [2, 0]]
    counts = chosen.keep.of(boxes)
    return boxes[counts], scores[counts]


#: What a row says of its scales -> how an image is looked at.
FACE_SCALES: Mapping[str, Callable[[Look, NDArray[np.uint8]], ImageDetections]] = {
    "single": look_once,
    "multi": look_many,
}
