"""Detections, as flat arrays that any metric can score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import DetectionsInvalid
from harness.values.array_digest import digest_arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDetections:
    """The detections of one image, in the detector's output order."""

    classes: NDArray[np.int32]  # [N] contiguous class ids, 0-based
    scores: NDArray[np.float32]  # [N]
    boxes_xyxy: NDArray[np.float32]  # [N, 4] original pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """The detections of one run over a set of images.

    ``evaluated_ids`` lists every image that was evaluated, also those without a
    detection. So a set of detections knows which images it covers.
    """

    evaluated_ids: NDArray[np.int64]  # [I]
    image_ids: NDArray[np.int64]  # [N]
    classes: NDArray[np.int32]  # [N]
    scores: NDArray[np.float32]  # [N]
    boxes_xyxy: NDArray[np.float32]  # [N, 4]

    def sha256(self) -> str:
        """Return a digest of the values: same detections, same digest, any file."""
        return digest_arrays("detections/1", self.arrays())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, in declaration order."""
        return {
            "evaluated_ids": self.evaluated_ids,
            "image_ids": self.image_ids,
            "classes": self.classes,
            "scores": self.scores,
            "boxes_xyxy": self.boxes_xyxy,
        }

    def check(self) -> None:
        """Refuse detections that no metric may score.

        Raises:
            DetectionsInvalid: lengths differ, a score or coordinate is not finite, a
                class is negative, an image id was not evaluated or is listed twice.
        """
        _check_ids(self.evaluated_ids, self.image_ids, self.classes)
        _check_rows(
            self.image_ids, {"scores": self.scores, "boxes_xyxy": self.boxes_xyxy}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Detections as the official result file of a dataset states them.

    COCO: ``xywh``; VOC: ``xyxy`` whose first pixel is 1; WIDER FACE: ``xywh`` rounded
    to a tenth, scores to a thousandth. Every metric scores these, of any detector.
    ``harness.formats`` converts them to and from files and :class:`Detections`.
    """

    evaluated_ids: NDArray[np.int64]  # [I]
    image_ids: NDArray[np.int64]  # [N] in the order of the file
    classes: NDArray[np.int32]  # [N] contiguous class ids, 0-based
    scores: NDArray[np.float64]  # [N]
    boxes: NDArray[np.float64]  # [N, 4] in the file's own convention

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, in declaration order."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def sha256(self) -> str:
        """Return a digest of the values: same results, same digest, any file."""
        return digest_arrays("results/1", self.arrays())

    def check(self) -> None:
        """Refuse results that no metric may score.

        Raises:
            DetectionsInvalid: as for :meth:`Detections.check`.
        """
        _check_ids(self.evaluated_ids, self.image_ids, self.classes)
        _check_rows(self.image_ids, {"scores": self.scores, "boxes": self.boxes})


def join_images(
    image_ids: Sequence[int], detections: Sequence[ImageDetections]
) -> Detections:
    """Join the detections of several images into one flat set, order kept.

    Args:
        image_ids: one id per image.
        detections: of each image, in the same order.
    """
    counts = [len(one.scores) for one in detections]
    ids = np.asarray(image_ids, dtype=np.int64)
    return Detections(
        evaluated_ids=ids,
        image_ids=np.repeat(ids, counts),
        classes=np.concatenate(
            [np.zeros(0, np.int32), *(one.classes for one in detections)]
        ).astype(np.int32),
        scores=np.concatenate(
            [np.zeros(0, np.float32), *(one.scores for one in detections)]
        ).astype(np.float32),
        boxes_xyxy=np.concatenate(
            [np.zeros((0, 4), np.float32), *(one.boxes_xyxy for one in detections)]
        ).astype(np.float32),
    )


def split_images(detections: Detections) -> list[ImageDetections]:
    """Return the detections of each evaluated image, order kept."""
    return [
        ImageDetections(
            classes=detections.classes[of_image],
            scores=detections.scores[of_image],
            boxes_xyxy=detections.boxes_xyxy[of_image],
        )
        for image_id in detections.evaluated_ids
        for of_image in [detections.image_ids == image_id]  # [N]
    ]


def join_detections(parts: Sequence[Detections]) -> Detections:
    """Join result sets of disjoint images, order kept."""
    if not parts:
        return join_images([], [])
    return Detections(
        **{
            name: np.concatenate([part.arrays()[name] for part in parts])
            for name in parts[0].arrays()
        }
    )


def _check_ids(
    evaluated_ids: NDArray[np.int64],
    image_ids: NDArray[np.int64],
    classes: NDArray[np.int32],
) -> None:
    _demand_length("classes", classes, len(image_ids))
    if len(classes) and int(classes.min()) < 0:
        raise DetectionsInvalid("classes", expected="0 or more", got=int(classes.min()))
    if len(np.unique(evaluated_ids)) != len(evaluated_ids):
        raise DetectionsInvalid("evaluated_ids lists an image twice")
    unknown = np.setdiff1d(image_ids, evaluated_ids)
    if len(unknown):
        raise DetectionsInvalid(
            f"detections of image {unknown[0]}, which was not evaluated"
        )


def _check_rows(image_ids: NDArray[np.int64], rows: Mapping[str, NDArray[Any]]) -> None:
    count = len(image_ids)
    for name, array in rows.items():
        _demand_length(name, array, count)
        flat = array.reshape(count, array.size // max(count, 1))  # count may be 0
        bad = np.flatnonzero(~np.isfinite(flat).all(axis=1))
        if len(bad):
            raise DetectionsInvalid(
                f"{name}, detection {bad[0]} of image {image_ids[bad[0]]}",
                expected="finite numbers",
                got=flat[bad[0]].tolist(),
            )


def _demand_length(name: str, array: NDArray[Any], count: int) -> None:
    if len(array) != count:
        raise DetectionsInvalid(
            f"{name} has another length than image_ids", expected=count, got=len(array)
        )
