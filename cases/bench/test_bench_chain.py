"""From image files to batches: the chain alone, and by processes beside the trainer.

Images are 640 x 480, as most of COCO are, with seven boxes. Told are images for each
second of a core (aim: 30 and more) and, as ratios of one run, what a second worker
adds (aim: 1.8) and how much of the chain's own speed a trainer gets that does nothing
itself (aim: 0.9). Where other work shares the cores, walls say little: the second ratio
is told by core time too, where what a worker adds is handing over alone.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from harness.dataset.drawn.drawing import background
from harness.train.chain.batches import BatchSource, make_batch
from harness.train.chain.chains import CHAINS
from harness.train.chain.loader import loaded_batches
from harness.values.training import TrainingImage

pytestmark = pytest.mark.speed

Tell = Callable[[str, Mapping[str, Any]], None]

IMAGES, BOXES, BATCH = 32, 7, 8  # COCO has 7.3 boxes an image
WIDTH_PX, HEIGHT_PX = 640, 480
#: Steps that are timed, after those in which workers start and fill their lines.
STEPS, FIRST_STEPS = 16, 6


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingImage, ...]:
    """JPEGs of some 130 kB, as photographs of that size have."""
    folder = tmp_path_factory.mktemp("photographs")
    return tuple(_write(folder, index) for index in range(IMAGES))


def _write(folder: Path, index: int) -> TrainingImage:
    random = np.random.RandomState(index)
    path = folder / f"{index}.jpg"
    drawn = background(random, HEIGHT_PX, WIDTH_PX).astype(np.uint8)
    assert cv2.imwrite(str(path), drawn, [cv2.IMWRITE_JPEG_QUALITY, 90])
    near = random.uniform(0, (WIDTH_PX - 130, HEIGHT_PX - 130), (BOXES, 2))
    far = near + random.uniform(10, 120, (BOXES, 2))
    return TrainingImage(
        path=path,
        boxes_xyxy=np.concatenate([near, far], axis=1).astype(np.float32),
        classes=random.randint(0, 80, BOXES).astype(np.int32),
    )


def _source(images: tuple[TrainingImage, ...], name: str, size_px: int) -> BatchSource:
    chain = replace(CHAINS[name], sizes_px=(size_px,))
    return BatchSource(images=images, chain=chain, batch=BATCH, seed=0)


@pytest.mark.parametrize("size_px", [320, 608])
@pytest.mark.parametrize("name", CHAINS)
def test_chain_alone(
    benchmark: Any,
    tell: Tell,
    images: tuple[TrainingImage, ...],
    name: str,
    size_px: int,
) -> None:
    source = _source(images, name, size_px)
    steps = iter(range(10_000))
    core_s: list[float] = []

    def make() -> int:
        start_s = time.process_time()
        batch = make_batch(source, *source.position_of(next(steps)))
        core_s.append(time.process_time() - start_s)
        return len(batch.images)

    count = benchmark.pedantic(make, rounds=STEPS, warmup_rounds=2)

    figures = {
        "images a second of a core": count * len(core_s) / sum(core_s),
        "images a second": count / benchmark.stats.stats.mean,
    }
    benchmark.extra_info.update(figures)
    tell(f"chain {name} at {size_px}", figures)
    assert count == BATCH


def _seconds(source: BatchSource, workers: int) -> tuple[float, float, float]:
    """Return wall, core time of the workers, and core time here, for ``STEPS`` steps.

    What a run of ``FIRST_STEPS`` takes is taken off: workers start in it.
    """
    runs = []
    for count in (FIRST_STEPS, FIRST_STEPS + STEPS):
        start = time.perf_counter(), _children_s(), time.process_time()
        for batch in loaded_batches(source, 0, count, workers=workers):
            assert len(batch.images) == BATCH  # a trainer that does nothing else
        end = time.perf_counter(), _children_s(), time.process_time()
        runs.append(np.subtract(end, start))
    wall_s, workers_s, here_s = (runs[1] - runs[0]).tolist()
    return wall_s, workers_s, here_s


def _children_s() -> float:
    """Return the core time of all processes that this one started and that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two workers need two cores")
@pytest.mark.parametrize("size_px", [320, 608])
def test_workers(
    benchmark: Any, tell: Tell, images: tuple[TrainingImage, ...], size_px: int
) -> None:
    source = _source(images, "yolov3", size_px)
    told: list[list[tuple[float, float, float]]] = []

    def measure() -> None:
        told.append([_seconds(source, workers) for workers in (0, 1, 2)])

    benchmark.pedantic(measure, rounds=2)

    alone, one, two = np.mean(told, axis=0)  # wall, core time of workers, and here
    figures = {
        "two workers / one": one[0] / two[0],
        "one worker / the chain alone": alone[0] / one[0],
        "the same, by core time": alone[2] / one[1],
        "core time of the trainer's end": one[2] / alone[2],
        "two workers, images a second": STEPS * BATCH / two[0],
    }
    benchmark.extra_info.update(figures)
    tell(f"chain yolov3 at {size_px}, by workers", figures)
    assert len(told) == 2
