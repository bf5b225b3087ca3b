"""Makes the sample of one image in one epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.dataset.image import read_rgb
from harness.train.chain.chains import Chain
from harness.train.chain.mixup import blend, partner_of
from harness.train.chain.streams import sample_stream
from harness.values.training import Sample, TrainingImage


def make_sample(
    images: Sequence[TrainingImage], index: int, *, chain: Chain, seed: int, epoch: int
) -> Sample:
    """Decode an image, blend another into it, and run the operations of a chain.

    The sample depends on the arguments alone.

    Args:
        images: the whole training set.
        index: place of the image in it.
        chain: of ``CHAINS``, or one like them.
        seed: of the run.
        epoch: counted from 0.

    Raises:
        DatasetMissing: an image file is not there any more.
        DatasetInvalid: it cannot be decoded.
    """
    random = sample_stream(seed, epoch, index)
    sample = read_sample(images[index])
    if chain.mixup is not None and epoch < chain.mixup_epochs:
        factor = chain.mixup.draw_factor(random)
        partner = partner_of(index, len(images), random)
        if partner != index:
            sample = blend(sample, read_sample(images[partner]), factor)
    for operation in chain.operations:
        sample = operation(sample, random)
    return sample


def read_sample(image: TrainingImage) -> Sample:
    """Decode an image; each of its objects has score 1.

    Raises:
        DatasetMissing: there is no such file.
        DatasetInvalid: it cannot be decoded.
    """
    return Sample(
        rgb=read_rgb(image.path),
        boxes_xyxy=image.boxes_xyxy,
        classes=image.classes,
        scores=np.ones(len(image.classes), dtype=np.float32),
    )
