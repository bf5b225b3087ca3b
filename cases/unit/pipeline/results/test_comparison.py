from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.errors import HarnessError, UsageError
from harness.evaluate.metrics import METRICS
from harness.evaluate.weighted_ap import Part, Weighted
from harness.pipeline.results.comparison import compare_runs
from harness.pipeline.results.scored_run import ScoredRun, read_run

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"


@pytest.fixture
def run(green: Any) -> ScoredRun:
    return read_run(green.path / f"{PLAIN}.json")


def test_differences_are_those_of_the_scores(run: ScoredRun, moved: Any) -> None:
    worse = replace(run, detections=moved(6.0))
    found = compare_runs(run, worse, resamples=30, seed=0)
    one, other = (METRICS["coco"].score(r.detections, r.truth) for r in (run, worse))
    all_sizes = {d.part.name: d for d in found if d.part.by == "all"}

    assert set(all_sizes) == {"box_ap", "box_ap50", "box_ap75"}
    for name, made in all_sizes.items():
        assert made.difference_pct == pytest.approx(other[name] - one[name], abs=1e-9)
    assert {d.part.by for d in found} == {"all", "size", "class"}


def test_other_truth_is_refused(run: ScoredRun) -> None:
    less = replace(run, name="other", truth=run.truth.subset(np.array([1, 2])))  # type: ignore[union-attr]

    with pytest.raises(
        UsageError,
        match=f"{PLAIN} and other were scored against different truth; expected the "
        "same images and objects, got 3 images, 4 objects and 2 images, 4 objects; "
        "measure both on the same dataset",
    ):
        compare_runs(run, less, resamples=1, seed=0)


def test_other_datasets_are_refused(run: ScoredRun) -> None:
    with pytest.raises(UsageError, match="datasets; expected coco, got voc"):
        compare_runs(run, replace(run, dataset="voc"), resamples=1, seed=0)
    kitti = replace(run, dataset="kitti")
    with pytest.raises(
        UsageError, match=r"dataset to compare on; expected coco or .*, got 'kitti'"
    ):
        compare_runs(kitti, kitti, resamples=1, seed=0)


def test_matches_that_do_not_give_the_metric_are_refused(
    run: ScoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Weighted(
        image_ids=np.array([1, 2, 3]),
        parts=(Part(by="class", name="4"), Part(by="all", name="box_ap")),
        score=lambda weights: np.array([1.0, 2.0]),
    )
    metric = replace(METRICS["coco"], weighted=lambda *_: wrong)
    monkeypatch.setitem(METRICS, "coco", metric)  # type: ignore[misc]

    with pytest.raises(
        HarnessError,
        match=f"box_ap of {PLAIN} from its matches is not the metric's; expected .*"
        "got 2.0; report it",
    ):
        compare_runs(run, run, resamples=1, seed=0)
