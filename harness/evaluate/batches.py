"""Image entries in, batches of resized pixels out, read one batch ahead.

An image is read and decoded once and resized once per distinct input size, however
many detectors look at it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.dataset.image import ImageEntry, read_rgb
from harness.dataset.resize import resize_cubic

BATCH_SIZE = 8  # zoo-spec 1.2; the last batch may be short


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The pixels of up to ``BATCH_SIZE`` images, once per input size."""

    images_rgb: Mapping[int, NDArray[np.uint8]]  # input_px -> [B, S, S, 3], read-only
    sizes_hw: NDArray[np.int32]  # [B, 2] original height and width, as annotated


class Reading(Protocol):
    """A step that needs a batch."""

    @property
    def entries(self) -> Sequence[ImageEntry]:
        """The images to read."""
        ...

    @property
    def sizes_px(self) -> Collection[int]:
        """The distinct input sizes to resize them to."""
        ...


Step = TypeVar("Step", bound=Reading)


def load_batch(entries: Sequence[ImageEntry], sizes_px: Collection[int]) -> Batch:
    """Read the images and resize them to every size.

    Raises:
        DatasetMissing: an image file is gone.
        DatasetInvalid: an image cannot be decoded.
    """
    squares: dict[int, list[NDArray[np.uint8]]] = {size_px: [] for size_px in sizes_px}
    for entry in entries:
        rgb = read_rgb(entry.path)  # [H, W, 3]
        for size_px, resized in squares.items():
            resized.append(resize_cubic(rgb, size_px))
    images_rgb = {size_px: np.stack(resized) for size_px, resized in squares.items()}
    for pixels in images_rgb.values():
        pixels.flags.writeable = False  # several detectors look at them
    return Batch(
        images_rgb=images_rgb,
        sizes_hw=np.array(
            [(entry.height_px, entry.width_px) for entry in entries], dtype=np.int32
        ),
    )


def read_ahead(
    steps: Iterable[Step],
) -> Generator[tuple[Step, Future[Batch]], None, None]:
    """Load the batches of steps in order, the next one while the caller works.

    Args:
        steps: what is read; asked for one step ahead.

    Yields:
        Each step with the future of its batch, which raises what reading it raised.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as reader:
        coming: deque[tuple[Step, Future[Batch]]] = deque()
        for step in steps:
            future = reader.submit(load_batch, step.entries, step.sizes_px)
            coming.append((step, future))
            if len(coming) > 1:
                yield coming.popleft()
        yield from coming
