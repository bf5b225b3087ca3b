"""A training set of six small pictures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.train.chain.batches import BatchSource
from harness.train.chain.chains import CHAINS
from harness.values.training import TrainingImage
from testing.samples import write_images


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingImage, ...]:
    return write_images(tmp_path_factory.mktemp("images"), 6)


@pytest.fixture
def source(images: tuple[TrainingImage, ...]) -> BatchSource:
    """Two batches of two images each an epoch, with the whole chain, at small sizes."""
    chain = replace(CHAINS["yolov3"], sizes_px=(32, 64))
    return BatchSource(images=images[:5], chain=chain, batch=2, seed=7)
