"""A training of a tiny YOLOv3 by the real chain, step and loop, to be killed.

``python -m testing.tiny_training FOLDER IMAGES WORKERS MOMENT`` trains on the pictures
of a folder, and stands still at a moment to be killed there; see ``toy_training``.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.train.chain.batches import BatchSource
from harness.train.chain.chains import CHAINS
from harness.train.chain.loader import loaded_batches
from harness.train.initial import initial_weights
from harness.train.loop import Run, train
from harness.train.saved_state import Subject
from harness.train.step import Objective, Step, StepDone, TrainingState
from harness.values.schedules import Schedule
from harness.values.training import Batch, TrainingImage
from testing.samples import write_images
from testing.toy_training import StandsStill, count_changes

STEPS, EVERY, IMAGES, BATCH, CLASSES = 6, 2, 5, 2, 5
WIDTH = 1 / 16
NETWORK = YoloV3(
    backbone="mobilenet_v1",
    num_classes=CLASSES,
    width=WIDTH,
    head_channels=pruned_channels("none", WIDTH),
)
SHAPES = network_shapes(NETWORK)
SUBJECT = Subject(
    recipe_sha256="cd" * 32,
    shapes={name: one.shape for name, one in SHAPES.variables.items()},
)
SEED = 3


def start() -> TrainingState:
    """The state before the first step."""
    weights = initial_weights(SHAPES, num_classes=CLASSES, seed=SEED)
    return TrainingState(weights=weights, velocities={})


def open_step(state: TrainingState) -> Step:
    """A step of the tiny network."""
    return Step(NETWORK, state, Objective(num_classes=CLASSES, label_smooth=True))


def tiny_run(images: tuple[TrainingImage, ...], *, workers: int = 0) -> Run:
    """The training; nothing is evaluated."""
    chain = replace(CHAINS["yolov3"], sizes_px=(64,))
    source = BatchSource(images=images, chain=chain, batch=BATCH, seed=SEED)
    return Run(
        subject=SUBJECT,
        schedule=Schedule(
            steps=STEPS,
            batch=BATCH,
            base_rate=1e-3,
            warmup_steps=2,
            milestones=(4,),
            save_every_steps=EVERY,
        ),
        seed=SEED,
        batches_per_epoch=source.batches_per_epoch,
        batches=partial(loaded_batches, source, workers=workers),
        start=start,
        open_step=open_step,
    )


def watched_run(run: Run, moment: Callable[[str], None]) -> Run:
    """The training; each step is told before it is done."""

    class Told:
        def __init__(self, state: TrainingState) -> None:
            self._step = open_step(state)
            self.state = self._step.state

        def run(self, batch: Batch, rate: float) -> StepDone:
            moment("step")
            return self._step.run(batch, rate)

    return replace(run, open_step=Told)


def main(folder: Path, images: Path, workers: int, moment: int) -> None:
    """Train, and stand still at a moment."""
    stands_still = StandsStill(moment)
    run = tiny_run(write_images(images, IMAGES), workers=workers)
    count_changes(stands_still)
    train(watched_run(run, stands_still), folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
