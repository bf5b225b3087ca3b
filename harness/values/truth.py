"""Ground truth, as flat arrays that any metric can score against."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.values.array_digest import digest_arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoTruth:
    """The ground truth of a COCO-format set.

    Row order is the annotation file's; ids are the file's own.
    """

    image_ids: NDArray[np.int64]  # [I] every image, also those without annotation
    category_ids: NDArray[np.int64]  # [C] ascending; class c is category_ids[c]
    box_image_ids: NDArray[np.int64]  # [M]
    box_category_ids: NDArray[np.int64]  # [M]
    boxes_xywh: NDArray[np.float64]  # [M, 4] as in the file
    areas_px2: NDArray[np.float64]  # [M] as in the file (masks, not boxes)
    is_crowd: NDArray[np.bool_]  # [M]

    @property
    def annotation_count(self) -> int:
        """Return how many annotations the published count has: crowds too."""
        return len(self.box_image_ids)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, in declaration order."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def sha256(self) -> str:
        """Return a digest of the values: same truth, same digest, any file."""
        return digest_arrays("coco-truth/1", self.arrays())

    def subset(self, image_ids: NDArray[np.int64]) -> CocoTruth:
        """Return the truth of those images alone, order kept."""
        images = np.isin(self.image_ids, image_ids)
        boxes = np.isin(self.box_image_ids, image_ids)
        return CocoTruth(
            image_ids=self.image_ids[images],
            category_ids=self.category_ids,
            box_image_ids=self.box_image_ids[boxes],
            box_category_ids=self.box_category_ids[boxes],
            boxes_xywh=self.boxes_xywh[boxes],
            areas_px2=self.areas_px2[boxes],
            is_crowd=self.is_crowd[boxes],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VocTruth:
    """The ground truth of a Pascal-VOC-format set, as its XML files state it.

    Image ids are places in the split's list. Objects are kept as the files state them,
    also beyond the edge of an image: a metric decides what counts.
    """

    image_ids: NDArray[np.int64]  # [I] every image that counts as evaluated
    image_names: NDArray[np.str_]  # [I] the stems of the split's list: "000001"
    sizes_wh: NDArray[np.int64]  # [I, 2] as the XML states them
    class_names: NDArray[np.str_]  # [C] class c is class_names[c]
    box_image_ids: NDArray[np.int64]  # [M]
    box_classes: NDArray[np.int32]  # [M]
    boxes_xyxy: NDArray[np.float64]  # [M, 4] as in the file: the first pixel is 1
    is_difficult: NDArray[np.bool_]  # [M]

    @property
    def annotation_count(self) -> int:
        """Return how many objects the published count has: no difficult ones."""
        return int((~self.is_difficult).sum())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, in declaration order."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def sha256(self) -> str:
        """Return a digest of the values: same truth, same digest, any file."""
        return digest_arrays("voc-truth/1", self.arrays())


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceTruth:
    """The ground truth of a WIDER-FACE-format set, as its official ``.mat`` files do.

    Image ids are places in the order of the ``.mat`` files.
    """

    image_ids: NDArray[np.int64]  # [I]
    image_names: NDArray[np.str_]  # [I] "0--Parade/0_Parade_marchingband_1_849"
    box_image_ids: NDArray[np.int64]  # [M]
    boxes_xywh: NDArray[np.float64]  # [M, 4] as in the file
    is_easy: NDArray[np.bool_]  # [M] counted by that subset; else a face to be ignored
    is_medium: NDArray[np.bool_]  # [M]
    is_hard: NDArray[np.bool_]  # [M]

    @property
    def annotation_count(self) -> int:
        """Return how many faces the published count has: ignored ones too."""
        return len(self.box_image_ids)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, in declaration order."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def sha256(self) -> str:
        """Return a digest of the values: same truth, same digest, any file."""
        return digest_arrays("face-truth/1", self.arrays())

    def subset(self, image_ids: NDArray[np.int64]) -> FaceTruth:
        """Return the truth of those images alone, order and ids kept."""
        images = np.isin(self.image_ids, image_ids)
        boxes = np.isin(self.box_image_ids, image_ids)
        return FaceTruth(
            image_ids=self.image_ids[images],
            image_names=self.image_names[images],
            box_image_ids=self.box_image_ids[boxes],
            boxes_xywh=self.boxes_xywh[boxes],
            is_easy=self.is_easy[boxes],
            is_medium=self.is_medium[boxes],
            is_hard=self.is_hard[boxes],
        )


Truth: TypeAlias = CocoTruth | VocTruth | FaceTruth
