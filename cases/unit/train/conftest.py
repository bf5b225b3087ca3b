"""A recipe that trains in a second."""

import pytest

from harness.train.recipe import Recipe


@pytest.fixture
def recipe() -> Recipe:
    """Six steps of two small images on a network of width 1/8."""
    return Recipe(
        architecture="yolov3",
        backbone="mobilenet_v1",
        num_classes=5,
        width=1 / 8,
        pruning="none",
        steps=6,
        batch=2,
        sizes_px=(64,),
        peak_rate=1e-3,
        warmup_steps=2,
        bn_momentum=0.9,
        clip_norm=10.0,
        seed=11,
    )
