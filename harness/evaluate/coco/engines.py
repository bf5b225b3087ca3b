"""Runs a COCO engine on a checked problem; the engines by name.

pycocotools is the judge: its numbers are the definition. The fast engine gives the same
bits (cases/unit/evaluate/test_coco_parity.py), so people wait for that one.
"""

from __future__ import annotations

import contextlib
import gc
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pycocotools.coco
import pycocotools.cocoeval
import ultrafast_pycocotools

from harness.evaluate.coco.engine_names import (
    DEFAULT_ENGINE,
    FAST,
    JUDGE,
    chosen_engine,
)
from harness.evaluate.coco.problem import CocoProblem, coco_problem
from harness.evaluate.coco.stats import (
    IOU_THRESHOLDS,
    MOST_FOUND,
    RECALL_POINTS,
    STATS,
    Evaluated,
    mean_of,
)
from harness.values.detections import Detections, Results
from harness.values.truth import CocoTruth


def run_pycocotools(problem: CocoProblem) -> Evaluated:
    """Run the judge on a copy: it changes its input."""
    results = [
        {"image_id": image_id, "category_id": category_id, "bbox": box, "score": score}
        for image_id, category_id, box, score in zip(
            problem.images.tolist(),
            problem.classes.tolist(),
            problem.boxes_xywh.tolist(),
            problem.scores.tolist(),
            strict=True,
        )
    ]
    truth = pycocotools.coco.COCO()
    truth.dataset = _truth_document(problem)
    with contextlib.redirect_stdout(io.StringIO()):  # it reports progress by print
        truth.createIndex()
        return _evaluate(
            pycocotools.cocoeval.COCOeval(truth, truth.loadRes(results), "bbox")
        )


def run_ultrafast(problem: CocoProblem) -> Evaluated:
    """Run the fast engine on one array of all detections.

    They go in class by class, which saves it a sixth of its time. The order within an
    image and class, which settles ties, stays.
    """
    kinds = problem.classes.astype(np.min_scalar_type(problem.class_count))
    order = np.argsort(kinds, kind="stable")  # of bytes: a radix sort
    rows = np.empty((len(order), 7))  # image, x, y, w, h, score, class
    rows[:, 0] = problem.images[order]
    rows[:, 1:5] = problem.boxes_xywh[order]
    rows[:, 5] = problem.scores[order]
    rows[:, 6] = kinds[order]
    with _collector_paused(), contextlib.redirect_stdout(io.StringIO()):
        truth = ultrafast_pycocotools.COCO(_truth_document(problem))
        return _evaluate(
            ultrafast_pycocotools.COCOeval(truth, truth.loadRes(rows), "bbox")
        )


#: Of ``ENGINE_NAMES``; the judge first.
ENGINES: Mapping[str, Callable[[CocoProblem], Evaluated]] = {
    JUDGE: run_pycocotools,
    FAST: run_ultrafast,
}


def evaluate(
    detections: Detections | Results, truth: CocoTruth, *, engine: str = DEFAULT_ENGINE
) -> Evaluated:
    """Run an engine on detections; no detections at all score 0.

    Args:
        detections: of exactly the images of ``truth``.
        truth: the ground truth.
        engine: of ``ENGINES``.

    Raises:
        DetectionsInvalid: as for ``coco_problem``.
        DatasetInvalid: as for ``coco_problem``.
        UsageError: there is no such engine.
    """
    run = ENGINES[chosen_engine(engine)]
    problem = coco_problem(detections, truth)
    return run(problem) if len(problem.images) else _nothing_found(problem)


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Look for no garbage among many new dictionaries: a twentieth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _truth_document(problem: CocoProblem) -> dict[str, Any]:
    """Return the truth as the engines' kind of document, all its values copied."""
    return {
        "images": [{"id": one} for one in range(1, problem.image_count + 1)],
        "categories": [{"id": one} for one in range(1, problem.class_count + 1)],
        "annotations": [
            {
                "id": number,
                "image_id": image_id,
                "category_id": category_id,
                "bbox": box,
                "area": area,
                "iscrowd": is_crowd,
            }
            for number, image_id, category_id, box, area, is_crowd in zip(
                # From 1: to pycocotools a match with annotation 0 is no match.
                range(1, len(problem.true_images) + 1),
                problem.true_images.tolist(),
                problem.true_classes.tolist(),
                problem.true_boxes_xywh.tolist(),
                problem.true_areas_px2.tolist(),
                problem.true_crowds.astype(np.int64).tolist(),
                strict=True,
            )
        ],
    }


def _nothing_found(problem: CocoProblem) -> Evaluated:
    """Return 0 where there is truth.

    pycocotools raises IndexError; upstream wrote 0.0.  # zoo-spec 1.5
    """
    worth = np.where(problem.count_truth() > 0, 0.0, -1.0)  # [K, A]
    recall = np.tile(
        worth[..., np.newaxis], (len(IOU_THRESHOLDS), 1, 1, len(MOST_FOUND))
    )
    precision = np.repeat(recall[:, np.newaxis], len(RECALL_POINTS), axis=1)
    stats = [mean_of(one, precision, recall) for one in STATS.values()]
    return Evaluated(stats=np.array(stats), precision=precision, recall=recall)


def _evaluate(evaluation: Any) -> Evaluated:
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return Evaluated(
        stats=evaluation.stats,
        precision=evaluation.eval["precision"],
        recall=evaluation.eval["recall"],
    )
