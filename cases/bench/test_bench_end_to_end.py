"""From JPEG files to stored boxes, against the forwards or the reading alone.

Heads are those of a trained network: what the network here gives, of drawn weights, is
thrown away.
"""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.dataset.image import ImageEntry, read_rgb
from harness.dataset.resize import resize_cubic
from harness.dataset.views import Square
from harness.evaluate.batches import BATCH_SIZE, count_readers
from harness.evaluate.detect import detect
from harness.evaluate.detector_run import Detected, DetectorRun
from harness.evaluate.store import DetectionStore, StoreKey
from harness.model.boxes.object_finding import ObjectDetector, objects_of_heads
from harness.model.boxes.preprocess import IMAGENET, normalise
from harness.model.detectors.archive_heads import open_heads
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.networks.functions import HeadsFunction
from harness.model.paddle_run.device import open_device
from testing.candidates import trained_heads
from testing.photographs import HEIGHT_PX, WIDTH_PX

pytestmark = pytest.mark.speed

CANDIDATES = 350
CORES = os.cpu_count() or 1


@pytest.mark.parametrize("input_px", [320, 608])
def test_detecting_against_reading_alone(
    photographs: Sequence[Any],
    tmp_path: Path,
    tell: Callable[..., None],
    input_px: int,
) -> None:
    images = entries(photographs, 128)

    def read(image: ImageEntry) -> None:
        normalise(resize_cubic(read_rgb(image.path), input_px)[None], IMAGENET)

    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(read, images[:8]))
        started_s = time.perf_counter()
        list(pool.map(read, images))
        reading_s = time.perf_counter() - started_s
    wall_s = detecting_s(images, recorded(input_px), input_px, tmp_path)

    rates = {"reading alone": len(images) / reading_s, "all": len(images) / wall_s}
    title = f"images/s at {input_px} px, no forward"
    tell(title, {**rates, "share": reading_s / wall_s})


@pytest.mark.parametrize("input_px", [320, 608])
def test_detecting_against_forwards_alone(
    photographs: Sequence[Any],
    network_of: Callable[[str], Any],
    drawn_weights: Callable[[Any], Any],
    tmp_path: Path,
    tell: Callable[..., None],
    input_px: int,
) -> None:
    images = entries(photographs, 32)
    network = network_of("mobilenet_v1")
    opened = OpenedArchive(
        network=network,
        weights=drawn_weights(network),
        layout="pdparams",
        ignored_files=(),
    )
    forward, heads = open_heads(opened, open_device(gpu=False)), recorded(input_px)
    batch = np.zeros((BATCH_SIZE, 3, input_px, input_px), np.float32)
    forward(batch)

    def both(x: Any) -> Any:
        forward(x)
        return heads(x)

    started_s = time.perf_counter()
    for _ in range(0, len(images), BATCH_SIZE):
        forward(batch)
    forwards_s = time.perf_counter() - started_s
    wall_s = detecting_s(images, both, input_px, tmp_path)

    title = f"MobileNetV1 at {input_px} px, {len(images)} images"
    told = {"forwards s": forwards_s, "all s": wall_s}
    tell(title, {**told, "share": forwards_s / wall_s})


def test_memory_grows_little_with_images(
    photographs: Sequence[Any], tmp_path: Path, tell: Callable[..., None]
) -> None:
    peaks = []
    for count in (500, 2000):
        images = entries(photographs, count)
        tracemalloc.start()
        detecting_s(images, recorded(64), 64, tmp_path / str(count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    growth = (peaks[1] - peaks[0]) / 1500 / 1024
    tell("peak memory from 500 to 2000 images", {"KiB an image": growth})


def entries(photographs: Sequence[Any], count: int) -> tuple[ImageEntry, ...]:
    """Images of a dataset, the photographs again and again."""
    return tuple(
        ImageEntry(
            image_id=number,
            path=photographs[number % len(photographs)].path,
            width_px=WIDTH_PX,
            height_px=HEIGHT_PX,
        )
        for number in range(count)
    )


def recorded(input_px: int) -> HeadsFunction:
    """Heads of as many images as are asked for, each with some candidates."""
    candidates = min(CANDIDATES, input_px)
    each = [
        trained_heads(candidates, input_px=input_px, seed=seed)
        for seed in range(BATCH_SIZE)
    ]
    levels = [np.stack(level) for level in zip(*each, strict=True)]
    return lambda x: [level[: len(x)] for level in levels]


def detecting_s(
    images: Sequence[ImageEntry], heads: HeadsFunction, input_px: int, folder: Path
) -> float:
    """Seconds from files to stored boxes."""
    detector = ObjectDetector(
        find=objects_of_heads(heads), backbone="mobilenet_v1", input_px=input_px
    )
    key = StoreKey(
        archive_sha256="a" * 64,
        dataset_fingerprint="d" * 64,
        protocol={},
        input_px=input_px,
        paddle="",
        device_model="",
        precision="float32",
        graph_optimiser="on",
        decoder="",
    )
    run = DetectorRun(
        key=key, view=Square(input_px=input_px), open_detector=lambda: detector
    )
    started_s = time.perf_counter()
    (outcome,) = detect(
        images, [run], DetectionStore(folder), readers=count_readers(CORES)
    )
    wall_s = time.perf_counter() - started_s
    assert isinstance(outcome, Detected)
    assert outcome.computed_images == len(images)
    return wall_s
