"""WIDER FACE at its real size: scoring against plain loops, and reading the files.

3226 images, 39,700 faces, 1.5 million predictions, three subsets, 1000 thresholds. The
loop is the same definition image by image, as the ports of the official tool have it:
numpy for the overlaps of an image and for a threshold, nothing across them. It takes a
minute or two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.evaluate.widerface.ap import Arithmetic, WiderOptions, score, subsets
from harness.formats.wider_text import read, write
from harness.values.detections import Results
from harness.values.truth import FaceTruth

pytestmark = pytest.mark.speed

IMAGES, FACES, FOUND = 3226, 39_700, 1_500_000
REAL = WiderOptions(arithmetic=Arithmetic.REAL)


@pytest.fixture(scope="module")
def truth() -> FaceTruth:
    random = np.random.default_rng(0)
    crowds = random.pareto(1.2, IMAGES) + 0.1
    extra = random.choice(IMAGES, FACES - IMAGES, p=crowds / crowds.sum())
    sides = np.exp(random.normal(3.2, 0.9, FACES)).clip(3, 400)
    near = random.uniform(0, (1000, 700), (FACES, 2))
    return FaceTruth(
        image_ids=np.arange(IMAGES),
        image_names=np.array([f"{n // 53}--Event/{n}" for n in range(IMAGES)]),
        box_image_ids=np.sort(np.concatenate([np.arange(IMAGES), extra])),
        boxes_xywh=np.round(np.column_stack([near, sides, 1.2 * sides])),
        is_easy=sides > 60,
        is_medium=sides > 30,
        is_hard=sides > 10,
    )


@pytest.fixture(scope="module")
def results(truth: FaceTruth) -> Results:
    """Two in five near a face of their image, the others anywhere."""
    random = np.random.default_rng(1)
    image_ids = np.sort(random.integers(0, IMAGES, FOUND))
    counts = np.bincount(truth.box_image_ids, minlength=IMAGES)
    first = np.cumsum(counts) - counts
    faces = first[image_ids] + (random.random(FOUND) * counts[image_ids]).astype(int)
    boxes = truth.boxes_xywh[faces]
    boxes += random.normal(0, 0.15, (FOUND, 4)) * boxes[:, [2, 2, 2, 3]]
    is_near = random.random(FOUND) < 0.4
    sides = np.exp(random.normal(3.2, 0.9, FOUND)).clip(3, 400)
    anywhere = random.uniform(0, (1000, 700), (FOUND, 2))
    boxes[~is_near] = np.column_stack([anywhere, sides, 1.2 * sides])[~is_near]
    boxes[:, 2:] = np.abs(boxes[:, 2:])
    scores = np.where(is_near, random.beta(2, 2, FOUND), random.beta(1, 8, FOUND))
    return Results(
        evaluated_ids=truth.image_ids,
        image_ids=image_ids,
        classes=np.zeros(FOUND, np.int32),
        scores=np.round(scores, 3),
        boxes=np.round(boxes, 1),
    )


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, results: Results, truth: FaceTruth
) -> Path:
    path = tmp_path_factory.mktemp("found")
    write(results, truth, path)
    return path


@pytest.mark.parametrize("way", ["numpy", "loop"])
def test_scoring(benchmark: Any, results: Results, truth: FaceTruth, way: str) -> None:
    benchmark.group = f"WIDER FACE, {FOUND} predictions, three subsets"
    ways = {
        "numpy": lambda: score(results, truth, REAL),
        "loop": lambda: loop(results, truth),
    }

    found = benchmark.pedantic(ways[way], rounds=3 if way == "numpy" else 1)

    assert found == pytest.approx(dict(score(results, truth, REAL)))


def test_reading_and_scoring(
    benchmark: Any, folder: Path, results: Results, truth: FaceTruth
) -> None:
    benchmark.group = f"WIDER FACE, {FOUND} predictions, three subsets"

    found = benchmark.pedantic(
        lambda: score(read(folder, truth), truth), rounds=3, warmup_rounds=1
    )

    assert found == score(results, truth)


def loop(results: Results, truth: FaceTruth) -> dict[str, float]:
    """The definition, image by image."""
    scores = results.scores - results.scores.min()
    scores = scores / scores.max()
    found_ends = np.searchsorted(results.image_ids, truth.image_ids, side="right")
    face_ends = np.searchsorted(truth.box_image_ids, truth.image_ids, side="right")
    found_of = np.split(np.arange(FOUND), found_ends[:-1])
    faces_of = np.split(np.arange(FACES), face_ends[:-1])
    aps = {}
    for name, member in subsets(truth).items():
        totals = np.zeros((1000, 2))
        for rows, faces in zip(found_of, faces_of, strict=True):
            order = rows[np.argsort(-scores[rows], kind="stable")]
            totals += one_image(
                results.boxes[order],
                scores[order],
                truth.boxes_xywh[faces],
                member[faces],
            )
        aps[name] = area(totals, int(member.sum()))
    return aps


def one_image(boxes: Any, scores: Any, faces: Any, member: Any) -> Any:
    counts, states = np.ones(len(boxes)), np.zeros(len(faces))
    recalled = np.zeros(len(boxes))
    faces_far, boxes_far = faces[:, :2] + faces[:, 2:], boxes[:, :2] + boxes[:, 2:]
    near = np.maximum(faces[:, :2], boxes[:, None, :2])
    far = np.minimum(faces_far, boxes_far[:, None])
    sides = far - near + 1  # [N, M, 2]
    inter = np.where((sides > 0).all(axis=2), sides.prod(axis=2), 0)
    areas = (faces_far - faces[:, :2] + 1).prod(axis=1)
    areas = areas + (boxes_far - boxes[:, :2] + 1).prod(axis=1)[:, None]
    overlaps = inter / (areas - inter)
    bests = overlaps.argmax(axis=1)
    for n, best in enumerate(bests):
        if overlaps[n, best] >= 0.5:
            if member[best]:
                states[best] = 1
            else:
                counts[n] = 0
        recalled[n] = states.sum()
    table = np.zeros((1000, 2))
    for t in range(1000):
        reached = np.flatnonzero(scores >= 1 - (t + 1) / 1000)
        if len(reached):
            table[t] = counts[: reached[-1] + 1].sum(), recalled[reached[-1]]
    return table


def area(totals: Any, faces: int) -> float:
    kept, hits = totals[totals[:, 0] > 0].T
    steps = np.diff(np.concatenate([[0], hits / faces]))
    return float(100 * (steps * np.maximum.accumulate((hits / kept)[::-1])[::-1]).sum())
