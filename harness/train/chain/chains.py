"""Lists the chains by name: their operations, in order, with their parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from numpy.random import RandomState

from harness.model.boxes.preprocess import IMAGENET, UNSCALED, Normalisation
from harness.train.chain.crop import Crop
from harness.train.chain.distort import Distort
from harness.train.chain.expand import Expand
from harness.train.chain.flip import Flip
from harness.train.chain.mixup import Mixup
from harness.train.chain.planes import INTERPOLATIONS
from harness.values.training import MAX_BOXES, Sample

#: One is drawn for every batch.  # zoo-spec 5.1
SIZES_PX = tuple(range(320, 608 + 1, 32))


class Operation(Protocol):
    """Changes a sample by what it draws."""

    def __call__(self, sample: Sample, random: RandomState) -> Sample:
        """Return the changed sample; the one that was given stays as it is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What becomes of an image before a network is trained on it."""

    mixup: Mixup | None
    mixup_epochs: int  # the first ones; later no images are blended
    operations: tuple[Operation, ...]  # after mixup, in this order
    normalisation: Normalisation | None  # None: as faces have it, blue first
    sizes_px: tuple[int, ...] = SIZES_PX
    interpolations: tuple[str, ...] = tuple(INTERPOLATIONS)
    #: Ground truths that the loss is told of; None: of a crowd, all.  # zoo-spec 5.1
    max_boxes: int | None = MAX_BOXES


#: Word of a recipe -> its chain.
CHAINS: Mapping[str, Chain] = {
    "yolov3": Chain(  # zoo-spec 5.1
        mixup=Mixup(),
        mixup_epochs=250,
        operations=(Distort(), Expand(), Crop(), Flip()),
        normalisation=IMAGENET,
    ),
    "yolov3_obj365": Chain(  # zoo-spec 5.4
        mixup=None,
        mixup_epochs=0,
        operations=(Crop(), Flip()),
        normalisation=UNSCALED,
    ),
    # The demo's scenes. Colour tells a drawn class, and a crop of the published kind
    # shows shapes larger than any that is drawn.
    "drawn": Chain(
        mixup=None,
        mixup_epochs=0,
        operations=(Flip(),),
        normalisation=IMAGENET,
        interpolations=("cubic",),  # as they are measured
    ),
    # Without the published augmentations of faces, which are not written yet.
    "faces": Chain(
        mixup=None,
        mixup_epochs=0,
        operations=(),
        normalisation=None,
        max_boxes=None,
    ),
}
