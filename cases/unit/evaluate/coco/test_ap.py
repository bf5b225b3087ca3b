"""The engine people wait for: by hand, a slow oracle, plain pycocotools, invariants."""

import contextlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from harness.errors import DatasetInvalid, DetectionsInvalid
from harness.evaluate.coco.ap import score
from harness.evaluate.coco.stats import SIZES_PX2, STATS
from harness.formats.coco_results import to_results
from harness.values.detections import Detections
from harness.values.truth import CocoTruth

CATEGORY_IDS = (3, 17, 90)


@dataclass(frozen=True)
class Box:
    image_id: int
    klass: int
    xywh: tuple[float, float, float, float]
    score: float = 1.0
    is_crowd: bool = False
    area_px2: float | None = None  # the box's own when left out


def truth_of(boxes: Sequence[Box], image_ids: Sequence[int] = (1, 2, 3)) -> CocoTruth:
    return CocoTruth(
        image_ids=np.array(image_ids, np.int64),
        category_ids=np.array(CATEGORY_IDS, np.int64),
        box_image_ids=np.array([box.image_id for box in boxes], np.int64),
        box_category_ids=np.array([CATEGORY_IDS[box.klass] for box in boxes], np.int64),
        boxes_xywh=np.array([box.xywh for box in boxes], np.float64).reshape(-1, 4),
        areas_px2=np.array(
            [
                box.xywh[2] * box.xywh[3] if box.area_px2 is None else box.area_px2
                for box in boxes
            ],
            np.float64,
        ),
        is_crowd=np.array([box.is_crowd for box in boxes], np.bool_),
    )


def found_of(boxes: Sequence[Box], image_ids: Sequence[int] = (1, 2, 3)) -> Detections:
    """Detections whose inclusive sides are the boxes' width and height."""
    xywh = np.array([box.xywh for box in boxes], np.float64).reshape(-1, 4)
    far = xywh[:, :2] + xywh[:, 2:] - 1
    return Detections(
        evaluated_ids=np.array(image_ids, np.int64),
        image_ids=np.array([box.image_id for box in boxes], np.int64),
        classes=np.array([box.klass for box in boxes], np.int32),
        scores=np.array([box.score for box in boxes], np.float32),
        boxes_xyxy=np.concatenate([xywh[:, :2], far], axis=1).astype(np.float32),
    )


# --- by hand ----------------------------------------------------------------------


def test_one_truth_met_exactly_scores_100() -> None:
    box = Box(1, 1, (10, 20, 40, 50))

    found = score(found_of([box]), truth_of([box]))

    counted = [key for key, stat in STATS.items() if stat.size in {"all", "medium"}]
    assert found == pytest.approx(dict.fromkeys(counted, 100))
    assert list(found) == counted
    assert counted[0] == "box_ap"


def test_the_far_edge_counts() -> None:
    # x 0..9 is ten pixels wide. Without the +1 the overlap is 81/100: 7 of 10
    # thresholds from 0.50 to 0.95.
    detections = replace(
        found_of([Box(1, 0, (0, 0, 10, 10))]),
        boxes_xyxy=np.array([[0, 0, 9, 9]], np.float32),
    )

    found = score(detections, truth_of([Box(1, 0, (0, 0, 10, 10))]))

    assert found["box_ap"] == pytest.approx(100)


def test_sides_are_worked_out_in_double_precision() -> None:
    # 1 + 2**-24 has no single precision: there the width would be 1 (to even) or more
    # than it, the overlap with the truth 1 or less, and not this one.
    near, far = np.float32(0.25), np.float32(0.25 + 2**-24)
    width = float(far) - float(near) + 1
    detections = replace(
        found_of([Box(1, 0, (0, 0, 1, 1))]),
        boxes_xyxy=np.array([[near, 0, far, 0]], np.float32),
    )
    truth = truth_of([Box(1, 0, (0.25, 0, 2 * width, 1))])  # overlap 1/2, exactly

    assert width > 1
    assert score(detections, truth)["box_ap50"] == pytest.approx(100)


def test_an_overlap_of_four_fifths_passes_seven_thresholds_of_ten() -> None:
    truth = truth_of([Box(1, 0, (0, 0, 10, 10))])

    found = score(found_of([Box(1, 0, (0, 0, 10, 8.1))]), truth)

    assert found["box_ap"] == pytest.approx(70)
    assert (found["box_ap50"], found["box_ap75"]) == pytest.approx((100, 100))


def test_a_better_scored_false_positive_halves_the_precision() -> None:
    truth = truth_of([Box(1, 0, (0, 0, 10, 10))])
    right = Box(1, 0, (0, 0, 10, 10), score=0.5)
    wrong = Box(1, 0, (100, 100, 10, 10), score=0.9)

    assert score(found_of([right, wrong]), truth)["box_ap"] == pytest.approx(50)


def test_half_the_truths_found_fill_51_of_101_recall_points() -> None:
    boxes = [Box(1, 0, (0, 0, 10, 10)), Box(2, 0, (0, 0, 10, 10))]

    found = score(found_of(boxes[:1]), truth_of(boxes))

    assert found["box_ap"] == pytest.approx(100 * 51 / 101)


def test_classes_count_alike_however_many_truths_they_have() -> None:
    boxes = [Box(1, 0, (20 * k, 0, 10, 10)) for k in range(5)]
    boxes.append(Box(2, 2, (0, 0, 10, 10)))

    found = score(found_of(boxes[:5]), truth_of(boxes))

    assert found["box_ap"] == pytest.approx(50)  # classes 0 and 2; class 1 is empty


def test_class_numbers_follow_the_ascending_category_ids() -> None:
    truth = truth_of([Box(1, 2, (0, 0, 10, 10))])

    assert truth.box_category_ids.tolist() == [90]
    assert score(found_of([Box(1, 2, (0, 0, 10, 10))]), truth)["box_ap"] > 99
    assert score(found_of([Box(1, 1, (0, 0, 10, 10))]), truth)["box_ap"] == 0


def test_a_detection_inside_a_crowd_is_neither_right_nor_wrong() -> None:
    crowd = Box(1, 0, (100, 100, 50, 50), is_crowd=True)
    single = Box(1, 0, (0, 0, 10, 10), score=0.4)
    inside = Box(1, 0, (110, 110, 9, 9), score=0.9)

    found = score(found_of([single, inside]), truth_of([single, crowd]))

    assert found["box_ap"] == pytest.approx(100)


def test_the_annotated_area_sets_the_size_class() -> None:
    truth = truth_of([Box(1, 0, (0, 0, 200, 200), area_px2=100)])

    found = score(found_of([Box(1, 0, (0, 0, 200, 200))]), truth)

    assert {key for key in found if key.endswith(("small", "medium", "large"))} == {
        "box_ap_small",
        "box_ar_small",
    }


def test_no_detections_score_0_where_there_is_truth() -> None:
    truth = truth_of([Box(1, 0, (0, 0, 10, 10)), Box(1, 0, (0, 0, 99, 99))])

    found = score(found_of([]), truth)

    assert found == dict.fromkeys([one for one in STATS if "medium" not in one], 0.0)


def test_the_hundred_best_detections_of_an_image_and_class_count() -> None:
    right = Box(1, 0, (0, 0, 10, 10), score=0.1)
    wrong = [Box(1, 0, (500, 500, 9, 9), score=0.9)] * 100

    assert score(found_of([*wrong, right]), truth_of([right]))["box_ap"] == 0
    assert score(found_of([*wrong[1:], right]), truth_of([right]))["box_ap"] > 0


def test_recall_counts_the_best_detections_of_each_image() -> None:
    near, far = Box(1, 0, (0, 0, 10, 10)), Box(1, 0, (50, 0, 10, 10))
    wrong = [Box(1, 0, (500, 500, 9, 9), score=0.9)] * 9

    found = score(
        found_of([*wrong, replace(near, score=0.5), replace(far, score=0.4)]),
        truth_of([near, far]),
    )

    assert (found["box_ar1"], found["box_ar10"]) == pytest.approx((0, 50))
    assert found["box_ar100"] == pytest.approx(100)


# --- what is refused --------------------------------------------------------------


def test_truth_without_a_box_is_not_scored() -> None:
    with pytest.raises(
        DatasetInvalid,
        match="no truth to score against; expected a box that is not a crowd, "
        "got 0 boxes in 3 images",
    ):
        score(found_of([Box(1, 0, (0, 0, 10, 10))]), truth_of([]))


def test_truth_of_crowds_alone_is_not_scored() -> None:
    crowd = Box(1, 0, (0, 0, 10, 10), is_crowd=True)

    with pytest.raises(DatasetInvalid, match=r"no truth .* got 1 boxes in 3 images"):
        score(found_of([]), truth_of([crowd]))


def test_a_class_without_a_category_is_refused() -> None:
    box = Box(1, 3, (0, 0, 10, 10))

    with pytest.raises(DetectionsInvalid, match="classes; expected 0 to 2, got 3"):
        score(found_of([box]), truth_of([Box(1, 0, (0, 0, 10, 10))]))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    box = Box(1, 0, (0, 0, 10, 10))
    scores = replace(found_of([box]), scores=np.array([value], np.float32))
    edges = replace(found_of([box]), boxes_xyxy=np.full((1, 4), value, np.float32))

    for detections, name in ((scores, "scores"), (edges, "boxes_xyxy")):
        with pytest.raises(
            DetectionsInvalid, match=f"{name}, .* expected finite numbers"
        ):
            score(detections, truth_of([box]))


@pytest.mark.parametrize("name", ["scores", "boxes"])
def test_results_that_are_not_finite_are_refused(name: str) -> None:
    results = to_results(found_of([Box(1, 0, (0, 0, 10, 10))]))
    bad = replace(results, **{name: results.arrays()[name] * np.nan})

    with pytest.raises(
        DetectionsInvalid, match=f"{name}, detection 0 of image 1; expected finite"
    ):
        score(bad, truth_of([Box(1, 0, (0, 0, 10, 10))]))


def test_detections_and_their_results_score_alike() -> None:
    boxes = [Box(1, 0, (0, 0, 10, 10)), Box(2, 1, (3, 3, 40, 40), score=0.5)]
    found = found_of([*boxes, Box(2, 1, (3, 3, 40, 30))])

    assert score(found, truth_of(boxes)) == score(to_results(found), truth_of(boxes))


def test_a_detection_of_an_unlisted_image_is_refused() -> None:
    box = Box(9, 0, (0, 0, 10, 10))

    with pytest.raises(
        DetectionsInvalid, match="detections of image 9, which was not evaluated"
    ):
        score(found_of([box]), truth_of([Box(1, 0, (0, 0, 10, 10))]))


@pytest.mark.parametrize(
    ("evaluated", "got"),
    [
        ((1, 2), "1 too few, 0 unknown"),
        ((1, 2, 3, 4), "0 too few, 1 unknown"),
        ((1, 2, 9), "1 too few, 1 unknown"),
    ],
)
def test_the_evaluated_images_are_those_of_the_truth(
    evaluated: Sequence[int], got: str
) -> None:
    box = Box(1, 0, (0, 0, 10, 10))

    with pytest.raises(
        DetectionsInvalid,
        match=f"evaluated images; expected the 3 of the truth, got {got}; score ",
    ):
        score(found_of([box], evaluated), truth_of([box]))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("box_image_ids", [8], "truth, box_image_ids; expected one of the 3 listed"),
        ("box_category_ids", [4], "truth, box_category_ids; expected one of the 3"),
        ("boxes_xywh", [[0, 0, np.nan, 1]], "truth, boxes_xywh and areas_px2; expect"),
        ("areas_px2", [np.inf], "truth, boxes_xywh and areas_px2; expected finite"),
        ("image_ids", [1, 2, 3, 3], "truth, image_ids; expected each image once"),
        ("category_ids", [3, 90, 17], "truth, category_ids; expected ascending, each"),
        ("category_ids", [3, 3, 17], "truth, category_ids; expected ascending, each"),
    ],
)
def test_malformed_truth_is_refused(name: str, value: Any, message: str) -> None:
    box = Box(1, 0, (0, 0, 10, 10))
    truth = truth_of([box])
    bad = replace(truth, **{name: np.array(value, truth.arrays()[name].dtype)})

    with pytest.raises(DatasetInvalid, match=message):
        score(found_of([box]), bad)


# --- the engine is kept apart ------------------------------------------------------


def test_nothing_is_printed_and_nothing_given_is_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    boxes = [Box(2, 0, (0, 0, 10, 10)), Box(1, 1, (5, 5, 50, 50))]
    detections, truth = found_of(boxes), truth_of(boxes)
    for array in (*detections.arrays().values(), *truth.arrays().values()):
        array.flags.writeable = False
    before = detections.sha256(), truth.sha256()

    first, second = score(detections, truth), score(detections, truth)

    assert first == second
    assert (detections.sha256(), truth.sha256()) == before
    assert capsys.readouterr() == ("", "")


# --- random problems ----------------------------------------------------------------

SIDES = st.sampled_from([4, 8, 10, 16, 20, 32, 33, 64, 95, 96, 97, 130])
boxes_on_a_grid = st.builds(
    Box,
    image_id=st.integers(1, 3),
    klass=st.integers(0, 2),
    xywh=st.tuples(
        st.integers(0, 6).map(lambda k: 5 * k),
        st.integers(0, 6).map(lambda k: 5 * k),
        SIDES,
        SIDES,
    ),
    score=st.integers(1, 16).map(lambda k: k / 16),
)
truths = st.lists(
    st.builds(
        replace,
        boxes_on_a_grid,
        is_crowd=st.sampled_from([False, False, False, True]),
        area_px2=st.sampled_from([None, None, 0.0, 1023.5, 1024.0, 9216.0, 9217.0]),
    ),
    max_size=8,
)
some_truths = truths.filter(lambda boxes: any(not box.is_crowd for box in boxes))
founds = st.lists(boxes_on_a_grid, max_size=12)
few = settings(max_examples=40, deadline=None)


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[Box], list[Box]]:
    """Truths, and detections of which many are a truth, moved a little."""
    wanted = draw(some_truths)
    near = [
        replace(
            draw(st.sampled_from(wanted)),
            score=draw(st.integers(1, 16)) / 16,
            is_crowd=False,
        )
        for _ in range(draw(st.integers(0, 6)))
    ]
    moved = [
        replace(box, xywh=(box.xywh[0] + draw(st.integers(0, 3)), *box.xywh[1:]))
        for box in near
    ]
    return wanted, draw(founds) + moved


# --- a slow oracle ------------------------------------------------------------------


def overlap(found: Box, wanted: Box) -> float:
    sides = [
        min(found.xywh[a] + found.xywh[a + 2], wanted.xywh[a] + wanted.xywh[a + 2])
        - max(found.xywh[a], wanted.xywh[a])
        for a in (0, 1)
    ]
    if min(sides) <= 0:
        return 0.0
    own, other = (box.xywh[2] * box.xywh[3] for box in (found, wanted))
    common = sides[0] * sides[1]
    return common / (own if wanted.is_crowd else own + other - common)


def fates(
    found: list[Box],
    wanted: list[Box],
    threshold: float,
    low: float,
    high: float,
    most: int = 100,
) -> list[tuple[float, bool]]:
    """Score and rightness of the detections of one image and class that count."""

    def is_ignored(box: Box) -> bool:
        area = box.xywh[2] * box.xywh[3] if box.area_px2 is None else box.area_px2
        return box.is_crowd or not low <= area <= high

    taken: set[int] = set()
    counted = []
    for box in sorted(found, key=lambda one: -one.score)[:most]:
        best: dict[bool, tuple[float, int]] = {}  # is ignored -> overlap, place
        for place, other in enumerate(wanted):
            value, ignored = overlap(box, other), is_ignored(other)
            is_free = place not in taken or other.is_crowd
            if is_free and value >= threshold:
                best[ignored] = max(best.get(ignored, (0.0, -1)), (value, place))
        if False in best:
            taken.add(best[False][1])
            counted.append((box.score, True))
        elif True in best:
            taken.add(best[True][1])
        elif low <= box.xywh[2] * box.xywh[3] <= high:
            counted.append((box.score, False))
    return counted


def oracle_pct(
    found: list[Box],
    wanted: list[Box],
    thresholds: Sequence[float],
    range_px2: tuple[float, float] = (0, 1e10),
    recall_of: int | None = None,  # detections an image; None for the precision
) -> float | None:
    values = []
    for klass in range(len(CATEGORY_IDS)):
        real = [
            box
            for box in wanted
            if box.klass == klass
            and not box.is_crowd
            and range_px2[0]
            <= (box.xywh[2] * box.xywh[3] if box.area_px2 is None else box.area_px2)
            <= range_px2[1]
        ]
        if not real:
            continue
        for threshold in thresholds:
            ranked: list[tuple[float, bool]] = []
            for image_id in (1, 2, 3):
                here = [
                    [b for b in boxes if (b.image_id, b.klass) == (image_id, klass)]
                    for boxes in (found, wanted)
                ]
                ranked += fates(
                    here[0], here[1], threshold, *range_px2, recall_of or 100
                )
            ranked.sort(key=lambda one: -one[0])  # stable: ties by image
            curve = []
            for count in range(1, len(ranked) + 1):
                right = sum(is_right for _, is_right in ranked[:count])
                curve.append((right / len(real), right / count))
            if recall_of is not None:
                values.append(curve[-1][0] if curve else 0.0)
                continue
            for recall in np.linspace(0, 1, 101):
                reached = [p for r, p in curve if r >= recall]
                values.append(max(reached, default=0.0))
    return 100 * sum(values) / len(values) if values else None


@few
@given(problem=problems())
def test_a_slow_oracle_agrees(problem: tuple[list[Box], list[Box]]) -> None:
    wanted, found = problem
    every = [float(one) for one in np.linspace(0.5, 0.95, 10)]

    scores = score(found_of(found), truth_of(wanted))

    oracle = {
        "box_ap": oracle_pct(found, wanted, every),
        "box_ap50": oracle_pct(found, wanted, every[:1]),
        "box_ap75": oracle_pct(found, wanted, every[5:6]),
        "box_ar1": oracle_pct(found, wanted, every, recall_of=1),
        "box_ar10": oracle_pct(found, wanted, every, recall_of=10),
        "box_ar100": oracle_pct(found, wanted, every, recall_of=100),
    }
    for size in ("small", "medium", "large"):
        range_px2 = SIZES_PX2[size]
        oracle |= {
            f"box_ap_{size}": oracle_pct(found, wanted, every, range_px2),
            f"box_ar_{size}": oracle_pct(found, wanted, every, range_px2, 100),
        }
    assert dict(scores) == pytest.approx(
        {key: value for key, value in oracle.items() if value is not None}, abs=1e-9
    )


# --- parity with plain pycocotools ---------------------------------------------------


def plain_pycocotools(
    folder: Path, detections: Detections, truth: CocoTruth
) -> Mapping[str, float]:
    """The scores by way of two JSON files, as the published evaluation got them."""
    document = {
        "images": [{"id": int(one)} for one in truth.image_ids],
        "categories": [{"id": int(one)} for one in truth.category_ids],
        "annotations": [
            {
                "id": 1 + k,
                "image_id": int(truth.box_image_ids[k]),
                "category_id": int(truth.box_category_ids[k]),
                "bbox": [float(one) for one in truth.boxes_xywh[k]],
                "area": float(truth.areas_px2[k]),
                "iscrowd": int(truth.is_crowd[k]),
            }
            for k in range(len(truth.areas_px2))
        ],
    }
    results = []
    for k in range(len(detections.scores)):
        x1, y1, x2, y2 = detections.boxes_xyxy[k].tolist()
        results.append(
            {
                "image_id": int(detections.image_ids[k]),
                "category_id": int(truth.category_ids[detections.classes[k]]),
                "bbox": [x1, y1, x2 - x1 + 1, y2 - y1 + 1],
                "score": detections.scores[k].tolist(),
            }
        )
    (folder / "truth.json").write_text(json.dumps(document))
    (folder / "results.json").write_text(json.dumps(results))
    with contextlib.redirect_stdout(io.StringIO()):
        expected = COCO(str(folder / "truth.json"))
        evaluation = COCOeval(
            expected, expected.loadRes(str(folder / "results.json")), "bbox"
        )
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {
        key: 100 * float(value)
        for key, value in zip(STATS, evaluation.stats, strict=True)
        if value >= 0
    }


@pytest.mark.parametrize("seed", range(6))
def test_the_numbers_are_those_of_plain_pycocotools_to_the_last_bit(
    tmp_path: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    image_ids = rng.permutation(np.arange(100, 112))
    wanted = [
        Box(
            int(rng.choice(image_ids)),
            int(rng.integers(3)),
            tuple(rng.uniform(1, 160, 4).round(2)),
            is_crowd=bool(rng.random() < 0.1),
            area_px2=float(rng.uniform(10, 20_000)),
        )
        for _ in range(80)
    ]
    found = [
        Box(
            box.image_id,
            box.klass,
            tuple(np.array(box.xywh) + rng.normal(0, 6, 4)),
            score=float(rng.random().__round__(2)),  # with ties
        )
        for box in wanted
        for _ in range(3)
    ]
    detections = found_of(found, image_ids.tolist())
    truth = truth_of(wanted, image_ids.tolist())

    scores = score(detections, truth)

    assert scores == plain_pycocotools(tmp_path, detections, truth)
    assert 5 < scores["box_ap"] < 95


# --- invariants -----------------------------------------------------------------------


def with_distinct_scores(found: list[Box]) -> list[Box]:
    return [replace(box, score=(k + 1) / 64) for k, box in enumerate(found)]


@few
@given(problem=problems(), data=st.data())
def test_the_order_of_detections_without_ties_does_not_matter(
    problem: tuple[list[Box], list[Box]], data: st.DataObject
) -> None:
    wanted, found = problem
    found = with_distinct_scores(found)
    shuffled = data.draw(st.permutations(found))

    assert score(found_of(found), truth_of(wanted)) == score(
        found_of(shuffled), truth_of(wanted)
    )


@few
@given(problem=problems(), exponent=st.integers(-10, 10))
def test_scaling_every_score_changes_nothing(
    problem: tuple[list[Box], list[Box]], exponent: int
) -> None:
    wanted, found = problem
    scaled = [replace(box, score=box.score * 2.0**exponent) for box in found]

    assert score(found_of(found), truth_of(wanted)) == score(
        found_of(scaled), truth_of(wanted)
    )


@few
@given(problem=problems(), value=st.integers(1, 16), klass=st.integers(0, 2))
def test_a_false_positive_never_raises_a_score(
    problem: tuple[list[Box], list[Box]], value: int, klass: int
) -> None:
    wanted, found = problem
    wrong = Box(2, klass, (900, 900, 20, 20), score=value / 16)

    before = score(found_of(found), truth_of(wanted))
    after = score(found_of([*found, wrong]), truth_of(wanted))

    assert before.keys() == after.keys()
    assert all(after[key] <= before[key] for key in before)


@few
@given(problem=problems(), klass=st.integers(0, 2))
def test_a_false_positive_below_all_others_changes_nothing(
    problem: tuple[list[Box], list[Box]], klass: int
) -> None:
    wanted, found = problem
    wrong = Box(2, klass, (900, 900, 20, 20), score=1 / 64)

    assert score(found_of([*found, wrong]), truth_of(wanted)) == score(
        found_of(found), truth_of(wanted)
    )


@few
@given(wanted=some_truths)
def test_the_truth_itself_scores_100(wanted: list[Box]) -> None:
    wanted = [replace(box, area_px2=None) for box in wanted]
    found = [box for box in wanted if not box.is_crowd]

    scores = score(found_of(found), truth_of(wanted))

    unlimited = [pct for key, pct in scores.items() if key != "box_ar1"]
    assert unlimited == pytest.approx([100] * len(unlimited))


@few
@given(problem=problems())
def test_every_score_is_a_percentage_and_has_truth_behind_it(
    problem: tuple[list[Box], list[Box]],
) -> None:
    wanted, found = problem

    scores = score(found_of(found), truth_of(wanted))

    assert all(0 <= value <= 100 for value in scores.values())
    assert scores.keys() == score(found_of([]), truth_of(wanted)).keys()
