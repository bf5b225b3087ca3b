"""Reads the rows that an inference program of the old runtime gives as detections.

Its network, boxes and NMS are its own; the normalisation is ours.  # zoo-spec 3.3
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable
from harness.model.layouts.contract import listed
from harness.model.networks.functions import FindFunction
from harness.model.program.opened_program import ProgramFunction
from harness.values.detections import ImageDetections

Floats = NDArray[np.float32]

#: Of a row: class, score, corners.  # zoo-spec 1.3
ROW_VALUES = 6


def boxes_in_pixels(run: ProgramFunction) -> FindFunction:
    """Return the function that runs a program whose boxes are in original pixels."""

    def find(images: Floats, sizes_hw: NDArray[np.int32]) -> list[ImageDetections]:
        rows, places = run(images, sizes_hw)
        return split_rows(rows, places, len(images))

    return find


def boxes_in_shares(run: ProgramFunction) -> FindFunction:
    """Return the function that runs a program whose boxes are shares of the image.

    That is so of faces.  # zoo-spec 1.4
    """

    def find(images: Floats, sizes_hw: NDArray[np.int32]) -> list[ImageDetections]:
        rows, places = run(images, sizes_hw)
        sides_px = np.tile(sizes_hw[:, ::-1], 2).astype(np.float32)  # [B, 4]
        return [
            replace(one, boxes_xyxy=one.boxes_xyxy * sides)
            for one, sides in zip(
                split_rows(rows, places, len(images)), sides_px, strict=True
            )
        ]

    return find


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
            classes=table[:, 0].astype(np.int32),
            scores=np.ascontiguousarray(table[:, 1]),
            boxes_xyxy=np.ascontiguousarray(table[:, 2:]),
        )
        for table in np.split(rows, list(places[1:-1]))
    ]
