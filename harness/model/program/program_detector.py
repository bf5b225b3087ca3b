"""Detectors whose network, boxes and NMS are an inference program of the old runtime.

Only the normalisation is ours.  # zoo-spec 3.3
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable
from harness.model.boxes.face_boxes import normalise_faces
from harness.model.boxes.face_finding import FACE_SCALES
from harness.model.boxes.preprocess import NORMALISATIONS, normalise
from harness.model.layouts.contract import listed
from harness.model.program.opened_program import ProgramFunction
from harness.values.detections import ImageDetections

Floats = NDArray[np.float32]

#: Of a row: class, score, corners.  # zoo-spec 1.3
ROW_VALUES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramDetector:
    """Finds objects in images that were resized to one size."""

    run: ProgramFunction
    backbone: str  # key of NORMALISATIONS
    input_px: int

    def detect(
        self, images_rgb: NDArray[np.uint8], sizes_hw: NDArray[np.int32]
    ) -> list[ImageDetections]:
        """Return the detections of each image, in its original pixels.

        Args:
            images_rgb: ``[B, S, S, 3]``, resized, red first.
            sizes_hw: ``[B, 2]``, original height and width.

        Raises:
            ArchiveUnreadable: what the program gives are no detections.
        """
        images = normalise(images_rgb, NORMALISATIONS[self.backbone])
        rows, places = self.run(images, sizes_hw)
        return split_rows(rows, places, len(images_rgb))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFaceDetector:
    """Finds faces in images."""

    run: ProgramFunction
    input_px: int  # as the row prints it: the size of training, not of the look
    scales: str  # key of FACE_SCALES

    def detect(
        self,
        images_rgb: Iterable[NDArray[np.uint8]],
        sizes_hw: NDArray[np.int32],  # noqa: ARG002
    ) -> list[ImageDetections]:
        """Return the faces of each image, best first, in its pixels, not clipped.

        Args:
            images_rgb: B of ``[H, W, 3]``, red first, at any H and W.
            sizes_hw: ``[B, 2]``; not needed, the images have their own.

        Raises:
            ArchiveUnreadable: what the program gives are no detections.
        """
        return [FACE_SCALES[self.scales](self.look, rgb) for rgb in images_rgb]

    def look(self, images_rgb: NDArray[np.uint8]) -> list[ImageDetections]:
        """Return the faces of images of one size, in the pixels of that size.

        The program gives shares of the image.  # zoo-spec 1.4, 1.7

        Args:
            images_rgb: ``[B, H, W, 3]``, red first, at any H and W.

        Raises:
            ArchiveUnreadable: what the program gives are no detections.
        """
        batch, height_px, width_px, _ = images_rgb.shape
        sizes_hw = np.asarray([[height_px, width_px]] * batch, dtype=np.int32)
        rows, places = self.run(normalise_faces(images_rgb), sizes_hw)
        sides_px = np.asarray([width_px, height_px] * 2, dtype=np.float32)  # [4]
        return [
            replace(one, boxes_xyxy=one.boxes_xyxy * sides_px)
            for one in split_rows(rows, places, batch)
        ]


def split_rows(
    rows: Floats, places: Sequence[int], batch: int
) -> list[ImageDetections]:
    """Return the detections of each image.

    A batch without any detection comes as no row, or as one value of -1 whatever the
    number of images; which one depends on the runtime.  # zoo-spec 1.3

    Args:
        rows: ``[K, 6]``: class, score, corners, those of an image together.
        places: where the rows of an image begin and end, ``batch + 1`` of them.
        batch: the number of images.

    Raises:
        ArchiveUnreadable: another form.
    """
    if rows.size <= 1:
        rows, places = np.zeros((0, ROW_VALUES), np.float32), [0] * (batch + 1)
    if rows.ndim != 2 or rows.shape[1] != ROW_VALUES:
        raise ArchiveUnreadable(
            "output of the program", expected="[K, 6] detections", got=rows.shape
        )
    if (
        len(places) != batch + 1
        or sorted(places) != list(places)
        or (places[0], places[-1]) != (0, len(rows))
    ):
        raise ArchiveUnreadable(
            "lengths of the program's output",
            expected=f"those of {batch} images with {len(rows)} rows",
            got=listed([str(one) for one in places]),
        )
    return [
        ImageDetections(
            classes=one[:, 0].astype(np.int32),
            scores=np.ascontiguousarray(one[:, 1]),
            boxes_xyxy=np.ascontiguousarray(one[:, 2:]),
        )
        for one in np.split(rows, list(places[1:-1]))
    ]
