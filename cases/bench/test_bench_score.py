"""`zoo score` of a COCO result list against scoring alone. The other formats' reading
is measured beside their metrics.

5000 images, 80 classes, 450,000 detections, a file of 60 MB. Compare within the group:
`score` scores arrays in memory, `read` reads the file and scores, `record` is all that
the command does once it has the truth: it also writes the record and the detections.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.evaluate.metrics import METRICS
from harness.formats import coco_results
from harness.pipeline.results.score import score_file
from harness.values.detections import Results
from harness.values.truth import CocoTruth

pytestmark = pytest.mark.speed

IMAGES, CLASSES, OBJECTS, FOUND = 5000, 80, 37_000, 450_000


@pytest.fixture(scope="module")
def truth() -> CocoTruth:
    random = np.random.default_rng(0)
    boxes = np.hstack(
        [
            random.uniform(0, 500, (OBJECTS, 2)),
            np.exp(random.uniform(2, 6, (OBJECTS, 2))),
        ]
    )
    return CocoTruth(
        image_ids=np.arange(IMAGES) * 100,
        category_ids=np.arange(CLASSES) + 1,
        box_image_ids=random.integers(0, IMAGES, OBJECTS) * 100,
        box_category_ids=random.integers(1, CLASSES + 1, OBJECTS),
        boxes_xywh=boxes,
        areas_px2=boxes[:, 2] * boxes[:, 3],
        is_crowd=random.random(OBJECTS) < 0.01,
    )


@pytest.fixture(scope="module")
def found(truth: CocoTruth) -> Results:
    """Half near an object, half anywhere; numbers as float32 gives them."""
    random = np.random.default_rng(1)
    source = random.integers(0, OBJECTS, FOUND)
    boxes = truth.boxes_xywh[source] * random.normal(1, 0.1, (FOUND, 4))
    images = np.where(
        random.random(FOUND) < 0.5,
        truth.box_image_ids[source],
        random.integers(0, IMAGES, FOUND) * 100,
    )
    return Results(
        evaluated_ids=truth.image_ids,
        image_ids=np.sort(images),
        classes=(truth.box_category_ids[source] - 1).astype(np.int32),
        scores=random.random(FOUND).astype(np.float32).astype(np.float64),
        boxes=np.abs(boxes).astype(np.float32).astype(np.float64),
    )


@pytest.mark.parametrize("way", ["score", "read", "record"])
def test_score(
    benchmark: Any, truth: CocoTruth, found: Results, way: str, tmp_path: Path
) -> None:
    benchmark.group = f"COCO result list, {FOUND} detections"
    path = tmp_path / "found.json"
    coco_results.write(found, truth, path)
    metric = METRICS["coco"]

    def score() -> Any:
        return metric.score(found, truth)

    def read() -> Any:
        return metric.score(coco_results.read(path, truth), truth)

    fresh = count()  # a folder that has the detections already is not written again

    def record() -> Any:
        made = score_file("coco", path, truth, records=tmp_path / f"{next(fresh)}")
        return made.record.measurements[0].scores_pct

    ways = {"score": score, "read": read, "record": record}
    scores = benchmark.pedantic(ways[way], rounds=3, warmup_rounds=1)

    assert dict(scores) == dict(metric.score(found, truth))
