"""COCO scores of the fast engine against pycocotools, and what memory they take.

Times are of the processor, all threads together: a busy machine doubles wall time and
leaves them alone. Checks of the file and the arrays are in the time; reading the file
is in that of pycocotools too. The memory in MB:
``python cases/bench/test_bench_coco.py arrays``, or ``"result file" found.json``.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from harness.evaluate.coco.ap import score
from harness.evaluate.coco.stats import STATS
from harness.formats import coco_results
from harness.values.detections import Detections
from harness.values.truth import CocoTruth

pytestmark = pytest.mark.speed

IMAGES, CLASSES, TRUTHS, FOUND = 5000, 80, 37_648, 448_858
MOST_MB = 400  # above what the detections themselves take


def drawn_truth() -> CocoTruth:
    random = np.random.default_rng(0)
    boxes = drawn_boxes(random, TRUTHS)
    return CocoTruth(
        image_ids=np.arange(1, IMAGES + 1),
        category_ids=np.arange(1, CLASSES + 1),
        box_image_ids=random.integers(1, IMAGES + 1, TRUTHS),
        box_category_ids=random.integers(1, CLASSES + 1, TRUTHS),
        boxes_xywh=boxes,
        areas_px2=boxes[:, 2] * boxes[:, 3],
        is_crowd=random.random(TRUTHS) < 0.01,
    )


def drawn_boxes(random: np.random.Generator, count: int) -> Any:
    corner = random.uniform((0, 0), (500, 400), (count, 2))
    return np.concatenate([corner, random.lognormal(4, 0.8, (count, 2))], 1).round(2)


def drawn_detections(truth: CocoTruth) -> Detections:
    """A third near a truth, the rest anywhere; scores of three digits, so with ties."""
    random = np.random.default_rng(1)
    meant = random.integers(0, TRUTHS, FOUND)
    is_near = random.random(FOUND) < 0.3
    near = truth.boxes_xywh[meant] + random.normal(0, 5, (FOUND, 4))
    xywh = np.where(is_near[:, None], near, drawn_boxes(random, FOUND))
    sides = np.maximum(xywh[:, 2:], 1)
    images = np.where(
        is_near, truth.box_image_ids[meant], random.integers(1, IMAGES + 1, FOUND)
    )
    classes = np.where(
        is_near, truth.box_category_ids[meant] - 1, random.integers(0, CLASSES, FOUND)
    )
    order = np.argsort(images, kind="stable")
    boxes = np.concatenate([xywh[:, :2], xywh[:, :2] + sides - 1], axis=1)
    return Detections(
        evaluated_ids=truth.image_ids,
        image_ids=images[order],
        classes=classes[order].astype(np.int32),
        scores=random.random(FOUND).round(3).astype(np.float32),
        boxes_xyxy=boxes[order].astype(np.float32),
    )


def plain_pycocotools(truth: CocoTruth, path: Path) -> Any:
    columns = (
        truth.box_image_ids,
        truth.box_category_ids,
        truth.boxes_xywh,
        truth.areas_px2,
        truth.is_crowd.astype(int),
    )
    names = ("id", "image_id", "category_id", "bbox", "area", "iscrowd")
    rows = zip(range(1, TRUTHS + 1), *(one.tolist() for one in columns), strict=True)
    with contextlib.redirect_stdout(io.StringIO()):
        wanted = COCO()
        wanted.dataset = {
            "images": [{"id": int(one)} for one in truth.image_ids],
            "categories": [{"id": int(one)} for one in truth.category_ids],
            "annotations": [dict(zip(names, row, strict=True)) for row in rows],
        }
        wanted.createIndex()
        evaluation = COCOeval(wanted, wanted.loadRes(str(path)), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return dict(zip(STATS, (100 * evaluation.stats).tolist(), strict=True))


@pytest.fixture(scope="module")
def truth() -> CocoTruth:
    return drawn_truth()


@pytest.fixture(scope="module")
def found(truth: CocoTruth) -> Detections:
    return drawn_detections(truth)


@pytest.fixture(scope="module")
def path(
    truth: CocoTruth, found: Detections, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Write the result file that `zoo score` reads."""
    path = tmp_path_factory.mktemp("results") / "found.json"
    coco_results.write(coco_results.to_results(found), truth, path)
    return path


@pytest.fixture(scope="module")
def numbers() -> dict[str, Mapping[str, float]]:
    """What each way gave, by its name; pycocotools comes first."""
    return {}


@pytest.mark.benchmark(
    group=f"COCO: {IMAGES} images, {FOUND} detections", timer=time.process_time
)
@pytest.mark.parametrize("way", ["pycocotools", "result file", "arrays"])
def test_score(
    benchmark: Any,
    truth: CocoTruth,
    found: Detections,
    path: Path,
    numbers: dict[str, Mapping[str, float]],
    way: str,
) -> None:
    if way == "arrays":
        call, arguments = score, (found, truth)
    elif way == "result file":
        call, arguments = score_file, (truth, path)
    else:
        call, arguments = plain_pycocotools, (truth, path)

    numbers[way] = benchmark.pedantic(
        call, args=arguments, rounds=1 if way == "pycocotools" else 5
    )

    assert len(numbers[way]) == 12
    assert numbers[way] == numbers.get("pycocotools", numbers[way])  # to the last bit


@pytest.mark.parametrize("way", ["result file", "arrays"])
def test_memory(way: str, path: Path) -> None:
    child = subprocess.run(
        [sys.executable, __file__, way, str(path)],
        check=True,
        capture_output=True,
        text=True,
    )

    assert 10 < float(child.stdout) < MOST_MB


def score_file(truth: CocoTruth, path: Path) -> Mapping[str, float]:
    return score(coco_results.read(path, truth), truth)


def peak_above_idle_mb(way: str, path: Path) -> float:
    """Score in this process; return what that took at most."""
    truth = drawn_truth()
    found = drawn_detections(truth)
    idle_kb = status_kb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # peak starts anew
    if way == "result file":
        score_file(truth, path)
    else:
        score(found, truth)
    return (status_kb("VmHWM") - idle_kb) / 1024


def status_kb(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(one for one in lines if one.startswith(name)).split()[1])


if __name__ == "__main__":
    sys.stdout.write(f"{peak_above_idle_mb(sys.argv[1], Path(sys.argv[-1])):.0f}")
