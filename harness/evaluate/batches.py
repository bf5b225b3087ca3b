"""Loads batches of images ahead of the detectors, as many as there are readers.

However many detectors take an image, it is decoded once, and prepared once for each
distinct view.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.dataset.image import ImageEntry, Pixels
from harness.dataset.views import DECODERS, View
from harness.errors import DatasetInvalid, DatasetMissing

BATCH_SIZE = 8  # zoo-spec 1.2; the last batch may be short

#: So many fed a GPU that did 414 images of 608 px a second, and eight were no faster
#: (measured on 16 cores): decoding and resizing let go of the interpreter.
MOST_READERS = 4
CORES_OF_READER = 4  # the others compute, or finish what was computed


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one view shows of a batch: the images that could be read, in order."""

    image_ids: tuple[int, ...]  # of the R images that could be read
    images_rgb: Any  # [R, S, S, 3] of a Square; else R arrays [H, W, 3]; read-only
    sizes_hw: NDArray[np.int32]  # [R, 2] original height and width, as annotated
    faults: Mapping[int, str]  # image id -> why it could not be read


Batch = Mapping[View, Seen]  # of up to ``BATCH_SIZE`` images


class Reading(Protocol):
    """A step that needs a batch."""

    @property
    def entries(self) -> Sequence[ImageEntry]:
        """The images to read."""
        ...

    @property
    def views(self) -> Collection[View]:
        """The distinct views to make of them."""
        ...


Step = TypeVar("Step", bound=Reading)


def count_readers(cores: int) -> int:
    """Return how many batches to read at once on so many cores: from 1 to 4."""
    return min(max(cores // CORES_OF_READER, 1), MOST_READERS)


def load_batch(entries: Sequence[ImageEntry], views: Collection[View]) -> Batch:
    """Read the images and make every view of them.

    An image that is gone or cannot be decoded stops nobody: it is told as a fault.
    """
    decoders = {view.decoder for view in views}
    read = {name: [_read(entry, name) for entry in entries] for name in decoders}
    return {view: _see(view, entries, read[view.decoder]) for view in views}


def _read(entry: ImageEntry, decoder: str) -> Pixels | str:
    """Return the pixels, or why there are none."""
    try:
        return DECODERS[decoder](entry.path)
    except (DatasetMissing, DatasetInvalid) as error:
        return str(error)


def _see(
    view: View, entries: Sequence[ImageEntry], read: Sequence[Pixels | str]
) -> Seen:
    pairs = list(zip(entries, read, strict=True))
    shown = [(entry, rgb) for entry, rgb in pairs if not isinstance(rgb, str)]
    sizes_hw = [(entry.height_px, entry.width_px) for entry, _ in shown]
    return Seen(
        image_ids=tuple(entry.image_id for entry, _ in shown),
        images_rgb=view.join([view.look(rgb) for _, rgb in shown]) if shown else (),
        sizes_hw=np.array(sizes_hw, dtype=np.int32).reshape(-1, 2),
        faults={entry.image_id: rgb for entry, rgb in pairs if isinstance(rgb, str)},
    )


def read_ahead(
    steps: Iterable[Step], *, readers: int = 1
) -> Generator[tuple[Step, Future[Batch]], None, None]:
    """Load the batches of steps in order, the next ones while the caller works.

    Args:
        steps: what is read; asked for so many steps ahead as there are readers.
        readers: batches that are read at once, and the most that wait.

    Yields:
        Each step with the future of its batch.
    """
    with ThreadPoolExecutor(readers, thread_name_prefix="read-ahead") as pool:
        coming: deque[tuple[Step, Future[Batch]]] = deque()
        for step in steps:
            future = pool.submit(load_batch, step.entries, step.views)
            coming.append((step, future))
            if len(coming) > readers:
                yield coming.popleft()
        yield from coming
