"""Every metric that can be weighted, walked: hand-worked and random problems."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from harness.errors import DatasetInvalid, DetectionsInvalid, UsageError
from harness.evaluate.bootstrap import (
    MOST_RESAMPLES,
    Difference,
    differences,
)
from harness.evaluate.metrics import METRICS
from harness.evaluate.weighted_ap import Part, Weighted
from harness.values.detections import Results
from harness.values.truth import CocoTruth, FaceTruth, Truth, VocTruth

SEEDS = range(40)
Problem = tuple[Results, Truth]


def boxes_of(rng: np.random.Generator, count: int) -> Any:
    return np.hstack([rng.integers(1, 60, (count, 2)), rng.integers(1, 90, (count, 2))])


def coco_truth(rng: np.random.Generator, images: int, count: int) -> CocoTruth:
    boxes = boxes_of(rng, count).astype(float)
    return CocoTruth(
        image_ids=rng.permutation(images) * 10,
        category_ids=np.array([3, 8, 9]),
        box_image_ids=rng.integers(0, images, count) * 10,
        box_category_ids=rng.choice([3, 8, 9], count),
        boxes_xywh=boxes,
        areas_px2=boxes[:, 2] * boxes[:, 3] * rng.choice([0.8, 1], count),
        is_crowd=rng.random(count) < 0.15,
    )


def voc_truth(rng: np.random.Generator, images: int, count: int) -> VocTruth:
    boxes = boxes_of(rng, count).astype(float)
    boxes[:, 2:] += boxes[:, :2]
    return VocTruth(
        image_ids=np.arange(images) * 10,
        image_names=np.array([f"{one:06d}" for one in range(images)]),
        sizes_wh=np.full((images, 2), 300),
        class_names=np.array(["cat", "cow", "dog"]),
        box_image_ids=rng.integers(0, images, count) * 10,
        box_classes=rng.integers(0, 3, count).astype(np.int32),
        boxes_xyxy=boxes,
        is_difficult=rng.random(count) < 0.2,
    )


def face_truth(rng: np.random.Generator, images: int, count: int) -> FaceTruth:
    ease = rng.random(count)
    return FaceTruth(
        image_ids=np.arange(images) * 10,
        image_names=np.array([f"0--Parade/{one}" for one in range(images)]),
        box_image_ids=np.sort(rng.integers(0, images, count)) * 10,
        boxes_xywh=boxes_of(rng, count).astype(float),
        is_easy=ease < 0.4,
        is_medium=ease < 0.6,
        is_hard=ease < 0.9,
    )


TRUTHS: dict[str, Callable[..., Truth]] = {
    "coco": coco_truth,
    "voc": voc_truth,
    "widerface": face_truth,
}


def problem(dataset: str, seed: int, *, ties: bool) -> Problem:
    """Detections near the truth, some of other classes and images."""
    rng = np.random.default_rng(seed)
    truth = TRUTHS[dataset](rng, int(rng.integers(2, 8)), int(rng.integers(4, 40)))
    count = int(rng.integers(0, 120))
    source = rng.integers(0, len(truth.box_image_ids), count)
    boxes = truth.arrays()["boxes_xyxy" if dataset == "voc" else "boxes_xywh"][source]
    boxes = boxes + rng.integers(-4, 5, (count, 4)) * (rng.random((count, 1)) < 0.7)
    if dataset == "voc":
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2])
        classes = truth.arrays()["box_classes"][source]
    else:
        boxes[:, 2:] = np.maximum(boxes[:, 2:], 0)
        classes = np.zeros(count, np.int32)
    if dataset == "coco":
        classes = np.searchsorted([3, 8, 9], truth.arrays()["box_category_ids"][source])
    scores = rng.choice(np.linspace(0, 1, 20), count) if ties else rng.random(count)
    return (
        Results(
            evaluated_ids=truth.image_ids,
            image_ids=np.where(
                rng.random(count) < 0.8,
                truth.box_image_ids[source],
                rng.choice(truth.image_ids, count),
            ),
            classes=classes.astype(np.int32),
            scores=scores,
            boxes=boxes,
        ),
        truth,
    )


def drawn(found: Results, truth: Truth, weights: dict[int, int]) -> Problem:
    """The same set with each image there as often as that, under ids of their own.

    A copy's id comes right after its original's, which the weights promise.
    """
    copies = [
        (image_id, image_id + copy)
        for image_id in truth.image_ids.tolist()
        for copy in range(weights[image_id])
    ]
    parts: list[Problem] = []
    for old, new in copies:
        boxes, rows = truth.box_image_ids == old, found.image_ids == old
        values = {}
        for name, array in truth.arrays().items():
            if len(array) == len(boxes) and name.startswith(("box", "area", "is_")):
                values[name] = array[boxes]
        values["box_image_ids"] = np.full(boxes.sum(), new)
        parts.append(
            (
                replace(
                    found,
                    image_ids=np.full(rows.sum(), new),
                    classes=found.classes[rows],
                    scores=found.scores[rows],
                    boxes=found.boxes[rows],
                ),
                replace(truth, **values),
            )
        )
    ids = np.array([new for _, new in copies])
    names = {one.name for one in fields(truth)}
    whole = {
        name: np.concatenate([one.arrays()[name] for _, one in parts])
        for name in names
        if name.startswith(("box", "area", "is_"))
    }
    if "image_names" in names:
        whole["image_names"] = np.array([f"0--Parade/{one}" for one in ids])
    if "sizes_wh" in names:
        whole["sizes_wh"] = np.full((len(ids), 2), 300)
    return (
        Results(
            evaluated_ids=ids,
            **{
                name: np.concatenate([one.arrays()[name] for one, _ in parts])
                for name in ("image_ids", "classes", "scores", "boxes")
            },
        ),
        replace(truth, image_ids=ids, **whole),
    )


def named(weighted: Weighted, weights: Any) -> dict[str, float]:
    pairs = zip(weighted.parts, weighted.score(np.asarray(weights)), strict=True)
    return {
        f"box_ap_{part.name}" if part.by == "size" else part.name: float(value)
        for part, value in pairs
        if part.by != "class"
    }


def metric(dataset: str, found: Results, truth: Truth) -> dict[str, float]:
    scores = METRICS[dataset].score(found, truth)
    return {name: value for name, value in scores.items() if "box_ar" not in name}


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("dataset", METRICS)
def test_with_every_weight_1_the_scores_are_the_metric_s(
    dataset: str, ties: bool
) -> None:
    for seed in SEEDS:
        found, truth = problem(dataset, seed, ties=ties)
        weighted = METRICS[dataset].weighted(found, truth)
        got = named(weighted, np.ones(len(truth.image_ids), np.int64))
        expected = metric(dataset, found, truth)

        there = {name: value for name, value in got.items() if not np.isnan(value)}
        assert there == pytest.approx(expected, abs=1e-9), seed


@pytest.mark.parametrize("dataset", METRICS)
def test_a_weight_is_the_image_that_often_under_new_ids(dataset: str) -> None:
    compared = 0
    for seed in SEEDS:
        found, truth = problem(dataset, seed, ties=False)
        rng = np.random.default_rng(seed)
        weighted = METRICS[dataset].weighted(found, truth)
        weights = rng.integers(0, 4, len(truth.image_ids))
        if not weights.any():
            continue
        often = dict(zip(weighted.image_ids.tolist(), weights.tolist(), strict=True))
        try:
            expected = metric(dataset, *drawn(found, truth, often))
        except DatasetInvalid:
            continue  # nothing to find is left
        got = named(weighted, weights)

        there = {name: value for name, value in got.items() if not np.isnan(value)}
        assert there == pytest.approx(expected, abs=1e-9), seed
        compared += 1

    assert compared > len(SEEDS) / 2


@pytest.mark.parametrize("dataset", METRICS)
def test_what_is_not_drawn_does_not_count(dataset: str) -> None:
    found, truth = problem(dataset, 3, ties=True)
    weighted = METRICS[dataset].weighted(found, truth)
    scores = weighted.score(np.zeros(len(truth.image_ids), np.int64))

    assert np.isnan(scores[[one.by != "all" for one in weighted.parts]]).all()


@pytest.mark.parametrize("dataset", METRICS)
def test_a_set_compared_with_itself_does_not_differ(dataset: str) -> None:
    found, truth = problem(dataset, 5, ties=False)
    one = METRICS[dataset].weighted(found, truth)
    made = differences(one, one, resamples=20, rng=np.random.default_rng(0))

    assert made
    assert {(d.difference_pct, d.low_pct, d.high_pct) for d in made} == {(0, 0, 0)}
    assert not any(d.excludes_zero for d in made)


@pytest.mark.parametrize("dataset", METRICS)
def test_the_same_seed_gives_the_same_intervals(dataset: str) -> None:
    found, truth = problem(dataset, 7, ties=False)
    worse = replace(found, scores=found.scores[::-1].copy())
    pair = (
        METRICS[dataset].weighted(found, truth),
        METRICS[dataset].weighted(worse, truth),
    )
    again = [
        differences(*pair, resamples=20, rng=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    ]

    assert again[0] == again[1] != again[2]


def linear(values: list[float], images: tuple[int, ...] = (1, 2, 3, 4)) -> Weighted:
    """A metric that is the weighted mean of a number for each image."""
    return Weighted(
        image_ids=np.array(images),
        parts=(Part(by="all", name="mean"), Part(by="class", name="nothing")),
        score=lambda weights: np.array(
            [np.dot(weights, values) / weights.sum(), np.nan]
        ),
    )


def test_95_of_100_resamples_lie_within_the_interval() -> None:
    values, count = [3.0, 14, 15, 92], 2000
    (one,) = differences(
        linear([0, 0, 0, 0]),
        linear(values),
        resamples=count,
        rng=np.random.default_rng(7),
    )
    drawn = np.random.default_rng(7)
    means = np.array(
        [np.mean(np.take(values, drawn.integers(0, 4, 4))) for _ in range(count)]
    )
    below, above = (means < one.low_pct).mean(), (means > one.high_pct).mean()

    assert means.min() < one.low_pct < one.high_pct < means.max()
    # Each end cuts off a fortieth; many resamples are alike, so a step may stay.
    assert below <= 0.025 <= (means <= one.low_pct).mean()
    assert above <= 0.025 <= (means >= one.high_pct).mean()


def test_the_difference_is_paired() -> None:
    hard = linear([10, 90, 20, 80])
    (one,) = differences(
        hard,
        linear([11, 91, 21, 81]),
        resamples=200,
        rng=np.random.default_rng(0),
    )

    assert one.difference_pct == 1
    assert (one.low_pct, one.high_pct) == (pytest.approx(1), pytest.approx(1))
    assert one.excludes_zero
    assert one.used == 200


def test_an_interval_covers_what_images_can_do() -> None:
    (one,) = differences(
        linear([0, 0, 0, 0]),
        linear([-4, 4, -4, 6]),
        resamples=2000,
        rng=np.random.default_rng(0),
    )

    assert one.difference_pct == 0.5
    assert -4 <= one.low_pct < 0 < one.high_pct <= 6
    assert not one.excludes_zero


def test_a_lower_second_excludes_zero_too() -> None:
    lower = Difference(
        part=Part(by="all", name="x"),
        first_pct=3,
        second_pct=1,
        difference_pct=-2,
        low_pct=-3,
        high_pct=-1,
        used=9,
    )

    assert lower.excludes_zero


@pytest.mark.parametrize("resamples", [0, -3, MOST_RESAMPLES + 1, 10**15])
def test_no_resamples_and_too_many_are_refused(resamples: int) -> None:
    one = linear([1, 2, 3, 4])

    with pytest.raises(
        UsageError, match=f"resamples; expected 1 or more, .*, got {resamples}; give"
    ):
        differences(one, one, resamples=resamples, rng=np.random.default_rng(0))


def test_other_images_are_refused() -> None:
    with pytest.raises(
        DetectionsInvalid, match=r"cannot be compared; expected the same images"
    ):
        differences(
            linear([1, 2, 3, 4]),
            linear([1, 2, 3, 4], images=(1, 2, 3, 5)),
            resamples=1,
            rng=np.random.default_rng(0),
        )


def test_the_most_resamples_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.evaluate.bootstrap.MOST_RESAMPLES", 5)
    one = linear([1, 2, 3, 4])
    for resamples in (1, 5):
        (made,) = differences(
            one, one, resamples=resamples, rng=np.random.default_rng(0)
        )

        assert made.used == resamples


def test_draws_with_nothing_to_find_are_left_out() -> None:
    """The last image alone has objects: some draws are without it."""
    first = Weighted(
        image_ids=np.arange(3),
        parts=(Part(by="class", name="rare"),),
        score=lambda weights: np.array([5.0 if weights[2] else np.nan]),
    )
    second = replace(
        first, score=lambda weights: np.array([7.0 if weights[2] else np.nan])
    )
    (made,) = differences(first, second, resamples=60, rng=np.random.default_rng(0))
    rng = np.random.default_rng(0)
    with_it = sum(2 in rng.integers(0, 3, 3) for _ in range(60))

    assert 0 < made.used == with_it < 60
    assert (made.difference_pct, made.low_pct, made.high_pct) == (2, 2, 2)


def test_the_interval_leaves_a_fortieth_out_at_each_end() -> None:
    values = np.arange(200.0)
    (made,) = differences(
        linear([0] * 200, tuple(range(200))),
        linear(values.tolist(), tuple(range(200))),
        resamples=2000,
        rng=np.random.default_rng(3),
    )
    rng = np.random.default_rng(3)
    means = np.sort([values[rng.integers(0, 200, 200)].mean() for _ in range(2000)])

    assert means[49] <= made.low_pct <= means[50]
    assert means[1949] <= made.high_pct <= means[1950]
