"""The VOC metric against a plain loop of it, and with its result files against alone.

4952 images, 500,000 detections, 20 classes. Compare within a group: `numpy` and `loop`
score the same detections; `read` also reads them from a folder of comp4 files, as other
tools write them (six decimals) or as we do (all digits).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.evaluate.voc.ap import score
from harness.formats.voc_comp4 import read, to_results, write
from harness.values.detections import Detections
from harness.values.truth import VocTruth

pytestmark = pytest.mark.speed

IMAGES, OBJECTS, FOUND, CLASSES = 4952, 14_976, 500_000, 20


@pytest.fixture(scope="module")
def truth() -> VocTruth:
    random = np.random.default_rng(0)
    near = random.uniform(1, 300, (OBJECTS, 2))
    sides = random.uniform(30, 190, (OBJECTS, 2))
    return VocTruth(
        image_ids=np.arange(IMAGES),
        image_names=np.array([f"{k:06d}" for k in range(IMAGES)]),
        sizes_wh=np.full((IMAGES, 2), 500),
        class_names=np.array([f"class{k}" for k in range(CLASSES)]),
        box_image_ids=np.sort(random.integers(0, IMAGES, OBJECTS)),
        box_classes=random.integers(0, CLASSES, OBJECTS, dtype=np.int32),
        boxes_xyxy=np.round(np.concatenate([near, near + sides], axis=1)),
        is_difficult=random.random(OBJECTS) < 0.2,
    )


@pytest.fixture(scope="module")
def found(truth: VocTruth) -> Detections:
    """A fifth of them near an object, in the order of a detector's output."""
    random = np.random.default_rng(1)
    images = random.integers(0, IMAGES, FOUND)
    classes = random.integers(0, CLASSES, FOUND)
    near = random.uniform(0, 300, (FOUND, 2))
    boxes = np.concatenate([near, near + random.uniform(20, 190, (FOUND, 2))], axis=1)
    close = random.integers(0, OBJECTS, FOUND // 5)
    images[: len(close)] = truth.box_image_ids[close]
    classes[: len(close)] = truth.box_classes[close]
    boxes[: len(close)] = truth.boxes_xyxy[close] + random.normal(0, 3, (len(close), 4))
    scores = random.random(FOUND)
    order = np.lexsort((-scores, classes, images))
    return Detections(
        evaluated_ids=truth.image_ids,
        image_ids=images[order],
        classes=classes[order].astype(np.int32),
        scores=scores[order].astype(np.float32),
        boxes_xyxy=boxes[order].astype(np.float32),
    )


@pytest.mark.parametrize("way", ["numpy", "loop"])
def test_voc(benchmark: Any, truth: VocTruth, found: Detections, way: str) -> None:
    benchmark.group = f"VOC, {IMAGES} images, {FOUND} detections"
    measure = score if way == "numpy" else loop

    scores = benchmark.pedantic(measure, (found, truth), rounds=3, warmup_rounds=1)

    assert scores["box_ap"] == pytest.approx(score(found, truth)["box_ap"])


@pytest.fixture(scope="module", params=["six_decimals", "all_digits"])
def folder(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    truth: VocTruth,
    found: Detections,
) -> Path:
    results = to_results(found, truth)
    path = tmp_path_factory.mktemp(request.param, numbered=False)
    if request.param == "all_digits":
        write(results, truth, path)
        return path
    names = truth.image_names[results.image_ids]
    for number, name in enumerate(truth.class_names):
        mine = results.classes == number
        rows = zip(
            names[mine],
            results.scores[mine].tolist(),
            results.boxes[mine].tolist(),
            strict=True,
        )
        lines = [
            f"{one} {value:f} {' '.join(f'{edge:f}' for edge in box)}\n"
            for one, value, box in rows
        ]
        (path / f"comp4_det_test_{name}.txt").write_text("".join(lines))
    return path


@pytest.mark.parametrize("way", ["alone", "read"])
def test_voc_files(benchmark: Any, truth: VocTruth, folder: Path, way: str) -> None:
    benchmark.group = f"VOC files, {folder.name}: scoring alone, and reading them too"
    results = read(folder, truth)

    def score_alone() -> Any:
        return score(results, truth)

    def read_and_score() -> Any:
        return score(read(folder, truth), truth)

    scores = benchmark.pedantic(
        score_alone if way == "alone" else read_and_score, rounds=3, warmup_rounds=1
    )

    assert scores["box_ap"] > 0


def loop(found: Detections, truth: VocTruth) -> dict[str, float]:
    """Score as the definition reads: image by image, detection by detection."""
    objects: Any = defaultdict(list)
    counts = [0] * CLASSES
    for image, kind, box, is_difficult in zip(
        truth.box_image_ids.tolist(),
        truth.box_classes.tolist(),
        truth.boxes_xyxy.tolist(),
        truth.is_difficult.tolist(),
        strict=True,
    ):
        width, height = truth.sizes_wh[image].tolist()
        near = [max(edge, 0) for edge in box[:2]]
        far = [min(box[2], width - 1), min(box[3], height - 1)]
        objects[image, kind].append((*near, *far, is_difficult))
        counts[kind] += not is_difficult
    has_objects = set(truth.box_image_ids.tolist())
    taken = set()
    ranked: list[list[tuple[float, bool]]] = [[] for _ in range(CLASSES)]
    for image, kind, value, box in zip(
        found.image_ids.tolist(),
        found.classes.tolist(),
        found.scores.tolist(),
        found.boxes_xyxy.tolist(),
        strict=True,
    ):
        if image not in has_objects:
            continue
        best, which = 0.0, -1
        mine = objects.get((image, kind), ())
        for k, other in enumerate(mine):
            overlap = overlap_of(box, other)
            if overlap > best:
                best, which = overlap, k
        if best <= 0.5:
            ranked[kind].append((value, False))
        elif not mine[which][4]:
            ranked[kind].append((value, (image, kind, which) not in taken))
            taken.add((image, kind, which))
    aps = [
        eleven_points(rows, count)
        for rows, count in zip(ranked, counts, strict=True)
        if rows and count
    ]
    return {"box_ap": 100 * sum(aps) / len(aps)}


def overlap_of(first: Sequence[float], second: Sequence[float]) -> float:
    if first[0] >= second[2] or first[2] <= second[0]:
        return 0.0
    if first[1] >= second[3] or first[3] <= second[1]:
        return 0.0
    wide = min(first[2], second[2]) - max(first[0], second[0]) + 1
    high = min(first[3], second[3]) - max(first[1], second[1]) + 1
    areas = [(b[2] - b[0] + 1) * (b[3] - b[1] + 1) for b in (first, second)]
    return wide * high / (sum(areas) - wide * high)


def eleven_points(rows: list[tuple[float, bool]], count: int) -> float:
    best = [0.0] * 11
    hits = 0
    for rank, (_, is_right) in enumerate(
        sorted(rows, key=lambda row: -row[0]), start=1
    ):
        hits += is_right
        for j in range(11):
            if hits / count >= j / 10:
                best[j] = max(best[j], hits / rank)
    return sum(best) / 11
