"""Our NMS against a plain loop of the same definition, on crowded candidates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.model.boxes.multiclass_nms import YOLOV3_RULE, multiclass_nms

pytestmark = pytest.mark.speed

BOXES, CLASSES = 600, 80


@pytest.fixture(scope="module")
def candidates() -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    near = random.uniform(0, 500, (BOXES, 2))
    boxes = np.concatenate([near, near + random.uniform(5, 120, (BOXES, 2))], axis=1)
    scores = random.uniform(0, 1, (BOXES, CLASSES)) ** 12  # few above the threshold
    return boxes.astype(np.float32), scores.astype(np.float32)


@pytest.mark.parametrize("way", ["numpy", "loop"])
def test_nms(benchmark: Any, candidates: tuple[Any, Any], way: str) -> None:
    benchmark.group = f"{BOXES} candidates, {CLASSES} classes"
    suppress = multiclass_nms if way == "numpy" else loop

    found = benchmark.pedantic(suppress, args=candidates, rounds=3, warmup_rounds=1)

    kept = len(found.scores) if way == "numpy" else len(found)
    assert kept == YOLOV3_RULE.keep_top_k


def loop(boxes: Any, scores: Any) -> list[tuple[float, int]]:
    found = []
    for kind in range(scores.shape[1]):
        order = sorted(
            (n for n in range(len(boxes)) if scores[n, kind] > 0.01),
            key=lambda n: -scores[n, kind],
        )
        kept: list[int] = []
        for n in order:
            if all(overlap(boxes[n], boxes[k]) <= 0.45 for k in kept):
                kept.append(n)
        found += [(float(scores[n, kind]), kind) for n in kept]
    return sorted(found, reverse=True)[: YOLOV3_RULE.keep_top_k]


def overlap(first: Any, second: Any) -> float:
    wide = min(first[2], second[2]) - max(first[0], second[0]) + 1
    high = min(first[3], second[3]) - max(first[1], second[1]) + 1
    if wide < 1 or high < 1:
        return 0.0
    areas = [(b[2] - b[0] + 1) * (b[3] - b[1] + 1) for b in (first, second)]
    return float(wide * high / (sum(areas) - wide * high))
