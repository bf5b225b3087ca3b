"""Knows which parts of a run are stored, and keeps the one under way."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.evaluate.batches import BATCH_SIZE
from harness.evaluate.store import PART_IMAGES, StoredParts
from harness.values.detections import ImageDetections, join_images, split_images

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A part under way: its first images, in whole batches, in order.

    One value that is replaced at once: a signal comes between any two statements, and
    must not part detections from faults.
    """

    part: int
    images: tuple[ImageDetections, ...] = ()
    faults: Mapping[int, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class RunParts:
    """The parts of one run while it is under way."""

    stored: StoredParts
    missing: frozenset[int]
    _kept: dict[int, Begun]  # of missing parts, what the store holds
    _begun: Begun | None = None

    def wants(self, start: int) -> bool:
        """Whether the batch that starts at an image is still to be computed."""
        part, before = divmod(start, PART_IMAGES)
        return part in self.missing and before >= self._kept_images(part)

    @property
    def kept_images(self) -> int:
        """How many images the store holds."""
        to_come = (
            len(self.stored.part_image_ids(part)) - self._kept_images(part)
            for part in self.missing
        )
        return len(self.stored.image_ids) - sum(to_come)

    def add(
        self, part: int, images: Sequence[ImageDetections], faults: Mapping[int, str]
    ) -> None:
        """Add the detections of the next batch of a part."""
        begun = self._begun
        if begun is None or begun.part != part:
            begun = self._kept.get(part, Begun(part=part))
        self._begun = Begun(
            part=part,
            images=(*begun.images, *images),
            faults={**begun.faults, **faults},
        )

    def end_part(self) -> None:
        """Store the part whose last batch was added."""
        begun = self._begun
        assert begun is not None
        detections = join_images(self.stored.part_image_ids(begun.part), begun.images)
        self.stored.write_part(begun.part, detections, begun.faults)
        self.missing -= {begun.part}
        LOGGER.debug("part %d of %s: stored", begun.part, self.stored.folder)

    def keep_begun(self) -> None:
        """Store the detections of the part under way; the next run goes on there."""
        begun = self._begun
        if begun is None or begun.part not in self.missing:
            return
        image_ids = self.stored.part_image_ids(begun.part)
        if len(begun.images) == len(image_ids):  # stopped just before it was stored
            self.end_part()
            return
        detections = join_images(image_ids[: len(begun.images)], begun.images)
        self.stored.write_begun(begun.part, detections, begun.faults)
        LOGGER.info(
            "part %d of %s: the first %d images are kept",
            begun.part,
            self.stored.folder,
            len(begun.images),
        )
        self._kept[begun.part] = begun

    def _kept_images(self, part: int) -> int:
        return len(self._kept[part].images) if part in self._kept else 0


def open_parts(stored: StoredParts) -> RunParts:
    """Return the parts of a run; every stored one is read and checked."""
    missing = frozenset(stored.missing_parts())
    kept = {}
    for part in missing:
        read = stored.read_begun(part)
        if read is None:
            continue
        detections, faults = read
        count = len(detections.evaluated_ids)
        is_short = count < len(stored.part_image_ids(part))
        if is_short and count % BATCH_SIZE == 0:
            images = tuple(split_images(detections))
            kept[part] = Begun(part=part, images=images, faults=faults)
    return RunParts(stored=stored, missing=missing, _kept=kept)
