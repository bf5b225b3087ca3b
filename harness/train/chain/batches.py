"""Makes the batch of one step of a run, whatever was made before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.errors import UsageError
from harness.train.chain.chains import Chain
from harness.train.chain.padded_truth import PaddedTruth, pad_truth
from harness.train.chain.planes import normalised_planes, resize
from harness.train.chain.samples import make_sample
from harness.train.chain.streams import batch_stream, order_stream
from harness.values.training import Batch, TrainingImage


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSource:
    """All that a run's batches depend on.

    Raises:
        UsageError: there are fewer images than a batch holds.
    """

    images: tuple[TrainingImage, ...]
    chain: Chain
    batch: int  # images of each
    seed: int

    def __post_init__(self) -> None:
        if not 1 <= self.batch <= len(self.images):
            raise UsageError(
                "batch",
                expected=f"1 to {len(self.images)}, the images of the training set",
                got=self.batch,
                next_step="take a smaller batch, or more images",
            )

    @property
    def batches_per_epoch(self) -> int:
        """How many whole batches the images make; the rest of an epoch is dropped."""
        return len(self.images) // self.batch

    def position_of(self, step: int) -> tuple[int, int]:
        """Return the epoch of a step and the place of its batch in it, from 0."""
        return divmod(step, self.batches_per_epoch)


def make_batch(source: BatchSource, epoch: int, place: int) -> Batch:
    """Make a batch: its images are drawn anew, at one size, by one interpolation.

    Args:
        source: of the run.
        epoch: counted from 0.
        place: of the batch in the epoch, from 0.

    Raises:
        DatasetMissing: an image file is not there any more.
        DatasetInvalid: it cannot be decoded.
    """
    order = order_stream(source.seed, epoch).permutation(len(source.images))
    indices = order[place * source.batch : (place + 1) * source.batch]
    size_px, interpolation = draw_resizing(source.chain, source.seed, epoch, place)
    images = np.empty((source.batch, 3, size_px, size_px), dtype=np.float32)
    truths = []
    with one_opencv_thread():
        for row, index in enumerate(indices.tolist()):
            sample = make_sample(
                source.images,
                index,
                chain=source.chain,
                seed=source.seed,
                epoch=epoch,
            )
            square = resize(sample.rgb, size_px, interpolation)
            images[row] = normalised_planes(square, source.chain.normalisation)
            truths.append(pad_truth(sample, source.chain.max_boxes))
    return _with_truths(images, truths)


def _with_truths(images: NDArray[np.float32], truths: Sequence[PaddedTruth]) -> Batch:
    """Join images and truths; lists are padded to the longest."""
    shape = len(truths), max(len(one.classes) for one in truths)
    boxes = np.zeros((*shape, 4), dtype=np.float32)
    classes = np.zeros(shape, dtype=np.int32)
    scores = np.zeros(shape, dtype=np.float32)
    for row, truth in enumerate(truths):
        own = slice(len(truth.classes))
        boxes[row, own], classes[row, own] = truth.boxes_cxcywh, truth.classes
        scores[row, own] = truth.scores
    return Batch(images=images, boxes_cxcywh=boxes, classes=classes, scores=scores)


def draw_resizing(chain: Chain, seed: int, epoch: int, place: int) -> tuple[int, str]:
    """Return the side in pixels and the interpolation of a batch."""
    random = batch_stream(seed, epoch, place)
    size_px = chain.sizes_px[int(random.randint(len(chain.sizes_px)))]
    return size_px, chain.interpolations[int(random.randint(len(chain.interpolations)))]


@contextmanager
def one_opencv_thread() -> Iterator[None]:
    """Let OpenCV compute on one thread: workers share the cores, and bits stay equal.

    How OpenCV cuts an image up for its threads must not reach the pixels.
    """
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
