"""Four kinds: by hand, a slow oracle of every option, the textbook, invariants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import DatasetInvalid, DetectionsInvalid
from harness.evaluate.metrics import METRICS
from harness.evaluate.voc.ap import curves, engine_name, score
from harness.evaluate.voc.options import PUBLISHED, VocOptions
from harness.formats.voc_comp4 import to_results
from harness.values.detections import Detections, Results
from harness.values.truth import VocTruth

CLASSES = ("cat", "dog", "horse")
IDS = (4, 9, 2)  # not ascending: places and ids differ

Corners = tuple[float, float, float, float]
Object = tuple[int, int, Corners, bool]  # image id, class, box, is difficult
Finding = tuple[int, int, Corners, float]  # image id, class, box, score

BOX: Corners = (11, 11, 20, 20)  # ten by ten, counted inclusively


def truth_of(objects: Sequence[Object], size: tuple[int, int] = (100, 80)) -> VocTruth:
    return VocTruth(
        image_ids=np.array(IDS, np.int64),
        image_names=np.array([f"{one:06d}" for one in IDS]),
        sizes_wh=np.tile(np.array(size, np.int64), (len(IDS), 1)),
        class_names=np.array(CLASSES),
        box_image_ids=np.array([one[0] for one in objects], np.int64),
        box_classes=np.array([one[1] for one in objects], np.int32),
        boxes_xyxy=np.array([one[2] for one in objects], np.float64).reshape(-1, 4),
        is_difficult=np.array([one[3] for one in objects], np.bool_),
    )


def found_of(findings: Sequence[Finding]) -> Detections:
    return Detections(
        evaluated_ids=np.array(IDS, np.int64),
        image_ids=np.array([one[0] for one in findings], np.int64),
        classes=np.array([one[1] for one in findings], np.int32),
        scores=np.array([one[3] for one in findings], np.float32),
        boxes_xyxy=np.array([one[2] for one in findings], np.float32).reshape(-1, 4),
    )


def ap_of(
    findings: Sequence[Finding], objects: Sequence[Object], **options: Any
) -> float:
    scores = score(found_of(findings), truth_of(objects), VocOptions(**options))
    return scores["box_ap"]


# --- by hand -----------------------------------------------------------------------


def test_one_object_met_exactly_scores_100() -> None:
    found = score(found_of([(4, 1, BOX, 0.3)]), truth_of([(4, 1, BOX, False)]))

    assert found == {"box_ap": pytest.approx(100), "box_ap_area": pytest.approx(100)}
    assert next(iter(found)) == "box_ap"


def test_half_of_the_objects_is_6_of_11_points_and_half_of_the_area() -> None:
    objects = [(4, 0, BOX, False), (9, 0, BOX, False)]

    found = score(found_of([(4, 0, BOX, 0.3)]), truth_of(objects))

    assert found["box_ap"] == pytest.approx(600 / 11)
    assert found["box_ap_area"] == pytest.approx(50)


def test_seven_detections_of_five_objects_by_hand() -> None:
    # Right, wrong, right, wrong, wrong, right, wrong; precision 1, 2/3 and 1/2 at the
    # recalls 1/5, 2/5, 3/5: points 0 to .2, then .3 and .4, then .5 and .6.
    objects = [(4, 0, (20 * k + 1, 1, 20 * k + 10, 10), False) for k in range(5)]
    right = iter(objects)
    findings = [
        (4, 0, next(right)[2] if is_right else (1, 50, 9, 60), 0.9 - 0.1 * k)
        for k, is_right in enumerate([1, 0, 1, 0, 0, 1, 0])
    ]

    found = score(found_of(findings), truth_of(objects))

    assert found["box_ap"] == pytest.approx(100 * (3 + 2 * 2 / 3 + 2 / 2) / 11)
    assert found["box_ap_area"] == pytest.approx(100 * (1 + 2 / 3 + 1 / 2) / 5)


def test_an_overlap_of_just_a_half_is_none() -> None:
    half = (11, 11, 20, 15)  # 50 of 100 pixels
    objects = [(4, 0, BOX, False)]

    assert ap_of([(4, 0, half, 0.5)], objects) == 0
    assert ap_of([(4, 0, half, 0.5)], objects, must_exceed=False) == pytest.approx(100)
    assert ap_of([(4, 0, (11, 11, 20, 15.01), 0.5)], objects) == pytest.approx(100)


def test_the_far_edge_counts() -> None:
    # 5 of 9 rows with it; 4 of 8, which is not more than a half, without.
    findings = [(4, 0, (11, 11, 19, 15), 0.5)]
    objects = [(4, 0, (11, 11, 19, 19), False)]

    assert ap_of(findings, objects) == pytest.approx(100)
    assert ap_of(findings, objects, inclusive_px=False) == 0


def test_another_threshold_is_another_answer() -> None:
    findings = [(4, 0, (11, 11, 20, 17), 0.5)]  # 7 of 10 rows
    objects = [(4, 0, BOX, False)]

    assert ap_of(findings, objects, iou_threshold=0.69) == pytest.approx(100)
    assert ap_of(findings, objects, iou_threshold=0.71) == 0


def test_an_object_is_found_once() -> None:
    objects = [(4, 0, BOX, False), (9, 0, BOX, False)]
    findings = [(4, 0, BOX, 0.9), (4, 0, BOX, 0.8), (9, 0, BOX, 0.7)]

    assert ap_of(findings, objects) == pytest.approx(100 * (6 + 5 * 2 / 3) / 11)


def test_a_detection_whose_best_object_is_taken_takes_no_other() -> None:
    near = (11, 11, 20, 22)  # also more than a half, and less than the first
    objects = [(4, 0, BOX, False), (4, 0, near, False)]

    found = ap_of([(4, 0, BOX, 0.9), (4, 0, BOX, 0.8)], objects)

    assert found == pytest.approx(600 / 11)


def test_the_first_of_two_objects_that_overlap_alike_is_met() -> None:
    objects = [(4, 0, BOX, True), (4, 0, BOX, False)]

    # Met is the difficult one, so that the detection does not count.
    assert ap_of([(4, 0, BOX, 0.9)], objects) == 0
    assert ap_of([(4, 0, BOX, 0.9)], objects[::-1]) == pytest.approx(100)


def test_a_difficult_object_need_not_be_found_and_may_be() -> None:
    objects = [(4, 0, BOX, False), (9, 0, BOX, True)]
    right, ignored = (4, 0, BOX, 0.5), (9, 0, BOX, 0.9)

    assert ap_of([right], objects) == pytest.approx(100)
    assert ap_of([right, ignored, ignored], objects) == pytest.approx(100)
    assert ap_of([right], objects, ignore_difficult=False) == pytest.approx(600 / 11)


def test_an_object_of_another_class_or_image_is_not_met() -> None:
    objects = [(4, 0, BOX, False), (9, 1, BOX, False)]

    assert ap_of([(4, 1, BOX, 0.9), (9, 0, BOX, 0.9)], objects) == 0


def test_truth_is_cut_to_one_pixel_before_the_far_edge() -> None:
    # An object of the last two columns keeps one: half of it is cut away.
    edge = (99, 11, 100, 20)
    objects = [(4, 0, edge, False)]

    assert ap_of([(4, 0, edge, 0.9)], objects) == 0
    assert ap_of([(4, 0, edge, 0.9)], objects, clip_truth=False) == pytest.approx(100)


def test_truth_is_cut_at_0_and_not_at_1() -> None:
    objects = [(4, 0, (-50, -50, 9, 9), False)]

    assert ap_of([(4, 0, (0, 0, 9, 9), 0.9)], objects, iou_threshold=0.99) == (
        pytest.approx(100)
    )


def test_predictions_are_not_shifted_to_the_truth_s_first_pixel() -> None:
    # Ours count from 0. As published, 81 of 119 pixels; shifted, all of them.
    findings = [(4, 0, (10, 10, 19, 19), 0.9)]
    objects = [(4, 0, BOX, False)]

    assert ap_of(findings, objects, iou_threshold=0.68) == pytest.approx(100)
    assert ap_of(findings, objects, iou_threshold=0.69) == 0
    assert ap_of(
        findings, objects, iou_threshold=0.99, prediction_origin=1
    ) == pytest.approx(100)


def test_objects_beyond_the_fiftieth_of_an_image_are_lost() -> None:
    objects = [(4, 0, BOX, False)] * 50 + [(4, 1, BOX, False)]
    findings = [(4, 1, BOX, 0.9)]

    assert ap_of(findings, objects) == 0
    assert ap_of(findings, objects, max_truth_boxes=51) == pytest.approx(100)
    assert ap_of(findings, objects, max_truth_boxes=None) == pytest.approx(100)


def test_objects_from_an_all_zero_box_on_are_lost() -> None:
    # Cut to the image, this one is all zero, as padding is.
    zero = (4, 0, (-9, -9, 0, 0), False)
    objects = [zero, (4, 1, BOX, False), (9, 1, BOX, False)]

    found = ap_of([(4, 1, BOX, 0.9), (9, 1, BOX, 0.8)], objects)

    assert found == pytest.approx(100 * 11 / 2 / 11)  # wrong, right, of one object
    assert ap_of(
        [(4, 1, BOX, 0.9), (9, 1, BOX, 0.8)], objects, max_truth_boxes=None
    ) == pytest.approx(100)


def test_a_class_without_predictions_is_left_out_or_counts_as_0() -> None:
    objects = [(4, 0, BOX, False), (4, 1, BOX, False)]
    findings = [(4, 0, BOX, 0.9)]

    assert ap_of(findings, objects) == pytest.approx(100)
    assert ap_of(
        findings, objects, classes_without_predictions="zero"
    ) == pytest.approx(50)


def test_ignored_predictions_are_no_predictions() -> None:
    objects = [(4, 0, BOX, False), (4, 1, BOX, True), (9, 1, BOX, False)]

    assert ap_of([(4, 0, BOX, 0.9), (4, 1, BOX, 0.9)], objects) == pytest.approx(100)


def test_a_class_without_truth_counts_for_nothing() -> None:
    objects = [(4, 0, BOX, False)]

    assert ap_of([(4, 0, BOX, 0.5), (4, 2, BOX, 0.9)], objects) == pytest.approx(100)


def test_what_is_found_in_an_image_without_objects_does_not_count() -> None:
    objects = [(4, 0, BOX, False)]
    findings = [(9, 0, BOX, 0.9), (4, 0, BOX, 0.5)]

    assert ap_of(findings, objects) == pytest.approx(100)
    assert ap_of(findings, objects, images_without_objects="counted") == pytest.approx(
        50
    )


def test_an_image_of_difficult_objects_alone_is_not_without_objects() -> None:
    objects = [(4, 0, BOX, False), (9, 1, BOX, True)]
    findings = [(9, 0, BOX, 0.9), (4, 0, BOX, 0.5)]

    assert ap_of(findings, objects) == pytest.approx(50)


def test_the_best_score_takes_an_object_or_the_first_that_is_given() -> None:
    close = (11, 11, 20, 19)
    objects = [(4, 0, BOX, False), (9, 0, BOX, False)]
    findings = [(4, 0, close, 0.2), (4, 0, BOX, 0.9), (9, 0, BOX, 0.5)]

    # By score: right, right, wrong. As given: wrong, right, right.
    assert ap_of(findings, objects) == pytest.approx(100)
    assert ap_of(findings, objects, matching_order="given") == pytest.approx(200 / 3)


def test_equal_scores_are_ranked_as_they_are_given() -> None:
    objects = [(4, 0, BOX, False)]
    right, wrong = (4, 0, BOX, 0.5), (4, 0, (1, 1, 5, 5), 0.5)

    assert ap_of([right, wrong], objects) == pytest.approx(100)
    assert ap_of([wrong, right], objects) == pytest.approx(50)


def test_boxes_that_only_touch_or_have_no_inside_overlap_nothing() -> None:
    objects = [(4, 0, (11, 11, 11, 20), False), (9, 0, (30, 11, 20, 20), False)]
    same = [(4, 0, (11, 11, 11, 20), 0.9), (9, 0, (30, 11, 20, 20), 0.9)]

    assert ap_of(same, objects) == 0


def test_sides_beyond_any_float_meet_nothing() -> None:
    truth = truth_of([(4, 0, BOX, False)])
    huge = to_results(found_of([(4, 0, BOX, 0.9)]), truth)
    huge.boxes[0] = [-1e300, -1e300, 1e300, 1e300]

    assert score(huge, truth)["box_ap"] == 0


def test_no_detections_score_0() -> None:
    objects = [(4, 0, BOX, False)]

    assert ap_of([], objects) == 0
    assert ap_of([], objects, classes_without_predictions="zero") == 0
    assert ap_of([], objects, interpolation="area") == 0


def test_the_interpolation_is_that_of_box_ap_alone() -> None:
    objects = [(4, 0, BOX, False), (9, 0, BOX, False)]
    found, truth = found_of([(4, 0, BOX, 0.3)]), truth_of(objects)

    scores = score(found, truth, VocOptions(interpolation="area"))

    assert scores == {"box_ap": pytest.approx(50), "box_ap_area": pytest.approx(50)}


# --- curves ------------------------------------------------------------------------


def test_a_curve_has_a_point_for_each_detection_that_counts() -> None:
    objects = [(4, 1, BOX, False), (9, 1, BOX, False), (2, 1, BOX, True)]
    findings = [(4, 1, BOX, 0.9), (4, 1, BOX, 0.8), (9, 1, BOX, 0.7), (2, 1, BOX, 0.6)]

    (curve,) = curves(found_of(findings), truth_of(objects))

    assert (curve.name, curve.size, curve.iou) == ("dog", "all", 0.5)
    assert curve.recall.tolist() == [0.5, 0.5, 1]
    assert curve.precision.tolist() == [1, 1 / 2, 2 / 3]
    assert curve.ap_pct == pytest.approx(100 * (6 + 5 * 2 / 3) / 11)


def test_a_class_that_counts_as_0_has_an_empty_curve() -> None:
    options = VocOptions(classes_without_predictions="zero")

    (curve,) = curves(found_of([]), truth_of([(4, 1, BOX, False)]), options)

    assert (curve.ap_pct, len(curve.recall), len(curve.precision)) == (0, 0, 0)
    assert curves(found_of([]), truth_of([(4, 1, BOX, False)])) == ()


# --- a slow oracle -----------------------------------------------------------------


Ranked = list[tuple[float, int, bool]]  # minus the score, place, is right


def oracle(
    findings: Sequence[Finding], objects: Sequence[Object], options: VocOptions
) -> tuple[float, float]:
    """Return the 11-point and the area mAP, straight from the definition.

    Scores and coordinates must be exact in single precision.
    """
    kept = kept_objects(objects, options)
    aps = []
    for kind in range(len(CLASSES)):
        ranked: Ranked = []
        count = 0
        for image, here in kept.items():
            mine = [one for one in here if one[1] == kind]
            ignored = [options.ignore_difficult and one[3] for one in mine]
            count += len(mine) - sum(ignored)
            numbered = [
                (place, one)
                for place, one in enumerate(findings)
                if one[0] == image and one[1] == kind
            ]
            if options.matching_order == "score":
                numbered.sort(key=lambda pair: -pair[1][3])
            ranked += matched(numbered, [one[2] for one in mine], ignored, options)
        if options.classes is not None and CLASSES[kind] not in options.classes:
            continue
        if count and (ranked or options.classes_without_predictions == "zero"):
            aps.append(aps_of(ranked, count, options))
    if not aps:
        return 0.0, 0.0
    eleven, area = (100 * sum(column) / len(aps) for column in zip(*aps, strict=True))
    return eleven, area


def kept_objects(
    objects: Sequence[Object], options: VocOptions
) -> dict[int, list[Object]]:
    """Return the objects of each image that counts: cut, truncated, stripped."""
    kept: dict[int, list[Object]] = {}
    for image, kind, (x1, y1, x2, y2), difficult in objects:
        box = (x1, y1, x2, y2)
        if options.clip_truth:
            box = (max(x1, 0), max(y1, 0), min(x2, 99), min(y2, 79))
        kept.setdefault(image, []).append((image, kind, box, difficult))
    if options.images_without_objects == "counted":
        kept |= {image: [] for image in IDS if image not in kept}
    if options.max_truth_boxes is None:
        return kept
    for image, here in kept.items():
        kept[image] = []
        for one in here[: options.max_truth_boxes]:
            if one[2] == (0, 0, 0, 0):
                break
            kept[image].append(one)
    return kept


def matched(
    numbered: Sequence[tuple[int, Finding]],
    boxes: Sequence[Corners],
    ignored: Sequence[bool],
    options: VocOptions,
) -> Ranked:
    """Return the detections of one image and class that count, and which are right."""
    taken: set[int] = set()
    ranked = []
    for place, (_, _, box, value) in numbered:
        shifted = [edge + options.prediction_origin for edge in box]
        best, which = 0.0, -1
        for k, other in enumerate(boxes):
            overlap = overlap_of(shifted, other, options)
            if overlap > best:
                best, which = overlap, k
        if best < options.iou_threshold or (
            options.must_exceed and best == options.iou_threshold
        ):
            ranked.append((-value, place, False))
        elif not ignored[which]:
            ranked.append((-value, place, which not in taken))
            taken.add(which)
    return ranked


def aps_of(ranked: Ranked, count: int, options: VocOptions) -> tuple[float, float]:
    """Return the 11-point and the area AP of one class, by their definitions."""
    points = []
    hits = 0
    for rank, (_, _, is_right) in enumerate(sorted(ranked), start=1):
        hits += is_right
        points.append((hits / count, hits / rank))
    steps = [j / 10 for j in range(11)]
    if options.recall_points == "float_steps":
        steps = np.arange(0, 1.1, 0.1).tolist()
    eleven = sum(
        max([precision for recall, precision in points if recall >= step] or [0])
        for step in steps
    )
    area, before = 0.0, 0.0
    for recall, _ in points:
        if recall > before:
            best = max(precision for other, precision in points if other >= recall)
            area += (recall - before) * best
            before = recall
    return eleven / 11, area


def overlap_of(
    first: Sequence[float], second: Sequence[float], options: VocOptions
) -> float:
    far = options.inclusive_px
    reach = far and options.touching_overlap
    if first[0] >= second[2] + reach or first[2] + reach <= second[0]:
        return 0.0
    if first[1] >= second[3] + reach or first[3] + reach <= second[1]:
        return 0.0
    sizes = [(b[2] - b[0] + far, b[3] - b[1] + far) for b in (first, second)]
    if min(*sizes[0], *sizes[1]) <= 0:
        return 0.0
    wide = min(first[2], second[2]) - max(first[0], second[0]) + far
    high = min(first[3], second[3]) - max(first[1], second[1]) + far
    union = sizes[0][0] * sizes[0][1] + sizes[1][0] * sizes[1][1] - wide * high
    return wide * high / union


# Few places and few scores: ties, duplicates, overlaps of just a half, boxes beyond the
# image, of one pixel, of none, inside out, and all zero.
EDGES = st.sampled_from([-6, 0, 0, 1, 4, 5, 9, 10, 60, 98, 99, 120])
BOXES = st.one_of(
    st.tuples(*[EDGES] * 4),
    st.sampled_from([BOX, (11, 11, 20, 15), (10, 10, 19, 19), (0, 0, 0, 0)]),
    st.tuples(*[st.integers(0, 6)] * 2, *[st.integers(4, 14)] * 2),
)
OBJECTS = st.lists(
    st.tuples(st.sampled_from(IDS), st.integers(0, 2), BOXES, st.booleans()),
    max_size=14,
)
FINDINGS = st.lists(
    st.tuples(
        st.sampled_from(IDS),
        st.integers(0, 2),
        BOXES,
        st.sampled_from([0.125, 0.25, 0.5, 0.75]),
    ),
    max_size=20,
)
OPTIONS = st.builds(
    VocOptions,
    interpolation=st.sampled_from(["11point", "area"]),
    recall_points=st.sampled_from(["tenths", "float_steps"]),
    iou_threshold=st.sampled_from([0.25, 0.5, 0.75, 1]),
    must_exceed=st.booleans(),
    inclusive_px=st.booleans(),
    touching_overlap=st.booleans(),
    ignore_difficult=st.booleans(),
    clip_truth=st.booleans(),
    prediction_origin=st.sampled_from([0, 1]),
    max_truth_boxes=st.sampled_from([None, 1, 3, 50]),
    matching_order=st.sampled_from(["score", "given"]),
    classes_without_predictions=st.sampled_from(["skipped", "zero"]),
    classes=st.sampled_from([None, ("horse",), ("horse", "cat")]),
    images_without_objects=st.sampled_from(["skipped", "counted"]),
)
#: An object that always counts, so that there is something to score against.
SURE: Object = (2, 2, (40, 40, 60, 60), False)


@settings(max_examples=150)
@given(findings=FINDINGS, objects=OBJECTS, options=OPTIONS, is_ours=st.booleans())
def test_every_option_agrees_with_the_oracle(
    findings: list[Finding], objects: list[Object], options: VocOptions, is_ours: bool
) -> None:
    objects = [SURE, *objects]
    truth = truth_of(objects)
    found: Detections | Results = found_of(findings)
    if not is_ours:
        found = to_results(found_of(findings), truth)

    scores = score(found, truth, options)

    eleven, area = oracle(findings, objects, options)
    first = eleven if options.interpolation == "11point" else area
    assert scores["box_ap"] == pytest.approx(first, abs=1e-9)
    assert scores["box_ap_area"] == pytest.approx(area, abs=1e-9)


def test_the_oracle_s_sets_are_hard_enough() -> None:
    random = np.random.default_rng(0)
    boxes = [BOX, (11, 11, 20, 15), (11, 11, 20, 14), (12, 11, 20, 20), (60, 1, 70, 9)]
    answers = set()
    for _ in range(200):
        objects = [
            (IDS[random.integers(3)], random.integers(3), boxes[random.integers(5)], k)
            for k in random.random(6) < 0.3
        ]
        findings = [
            (IDS[random.integers(3)], random.integers(3), boxes[random.integers(5)], k)
            for k in random.integers(1, 4, 12) / 4
        ]
        eleven, _ = oracle(findings, [SURE, *objects], PUBLISHED)
        answers.add(round(eleven, 6))
        assert ap_of(findings, [SURE, *objects]) == pytest.approx(eleven, abs=1e-9)

    assert len(answers) > 50


# --- the textbook ------------------------------------------------------------------


@given(hits=st.lists(st.booleans(), min_size=1, max_size=60), more=st.integers(0, 25))
def test_ap_is_the_textbook_s_eleven_point_mean(hits: list[bool], more: int) -> None:
    # Everingham et al. 2010, eq. 1 and 2.
    count = sum(hits) + more
    places = [(20 * (k % 4) + 1, 20 * (k // 4) + 1) for k in range(max(count, 1))]
    objects = [(4, 0, (x, y, x + 9, y + 9), False) for x, y in places]
    spots = iter(objects)
    findings = [
        (4, 0, next(spots)[2] if hit else (90, 1, 95, 5), 1 - k / 64)
        for k, hit in enumerate(hits)
    ]
    cumulative = np.cumsum(hits)
    recall = cumulative / len(objects)
    precision = cumulative / np.arange(1, len(hits) + 1)
    expected = np.mean(
        [max(precision[recall >= j / 10], default=0.0) for j in range(11)]
    )

    found = ap_of(findings, objects, clip_truth=False, max_truth_boxes=None)

    assert found == pytest.approx(100 * expected, abs=1e-9)


@pytest.mark.parametrize("count", range(1, 60))
def test_a_recall_of_just_a_tenth_reaches_its_point(count: int) -> None:
    # In floats, 0.1 * 3 is beyond 3 / 10.
    objects = [
        (
            4,
            0,
            (20 * (k % 8) + 1, 20 * (k // 8) + 1, 20 * (k % 8) + 9, 20 * (k // 8) + 9),
        )
        for k in range(count)
    ]
    for hits in range(1, count + 1):
        if (hits * 10) % count:
            continue
        found = ap_of(
            [(*one, 0.5) for one in objects[:hits]],
            [(*one, False) for one in objects],
            clip_truth=False,
            max_truth_boxes=None,
        )

        assert found == pytest.approx(100 * (1 + hits * 10 // count) / 11)


# --- invariants --------------------------------------------------------------------


@given(findings=FINDINGS, objects=OBJECTS)
def test_scores_are_percent(findings: list[Finding], objects: list[Object]) -> None:
    scores = score(found_of(findings), truth_of([SURE, *objects]))

    assert all(0 <= one <= 100 + 1e-9 for one in scores.values())


@given(
    findings=FINDINGS,
    objects=OBJECTS,
    options=OPTIONS,
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_images_in_a_file_does_not_matter_without_ties(
    findings: list[Finding], objects: list[Object], options: VocOptions, order: Any
) -> None:
    distinct = [(*one[:3], 1 - k / 64) for k, one in enumerate(findings)]
    shuffled = order.sample(distinct, len(distinct))
    options = replace(options, matching_order="score")

    assert score(found_of(shuffled), truth_of([SURE, *objects]), options) == score(
        found_of(distinct), truth_of([SURE, *objects]), options
    )


@given(findings=FINDINGS, objects=OBJECTS, options=OPTIONS)
def test_only_the_order_of_scores_matters(
    findings: list[Finding], objects: list[Object], options: VocOptions
) -> None:
    found, truth = found_of(findings), truth_of([SURE, *objects])

    assert score(replace(found, scores=found.scores**3 - 7), truth, options) == score(
        found, truth, options
    )


@given(findings=FINDINGS, objects=OBJECTS, options=OPTIONS)
def test_a_detector_s_descending_output_is_matched_alike_in_both_orders(
    findings: list[Finding], objects: list[Object], options: VocOptions
) -> None:
    findings = sorted(findings, key=lambda one: -one[3])
    given_, ranked = (
        score(
            found_of(findings),
            truth_of([SURE, *objects]),
            replace(options, matching_order=order),
        )
        for order in ("given", "score")
    )

    assert given_ == ranked


@given(findings=FINDINGS, objects=OBJECTS, options=OPTIONS)
def test_the_map_is_the_mean_of_the_curves(
    findings: list[Finding], objects: list[Object], options: VocOptions
) -> None:
    found, truth = found_of(findings), truth_of([SURE, *objects])
    drawn = curves(found, truth, options)

    mean = sum(one.ap_pct for one in drawn) / max(len(drawn), 1)
    assert score(found, truth, options)["box_ap"] == pytest.approx(mean)
    for curve in drawn:
        assert (np.diff(curve.recall) >= 0).all()
        assert len(curve.recall) == len(curve.precision)
        assert math.isclose(curve.iou, options.iou_threshold)


@given(findings=FINDINGS, objects=OBJECTS)
def test_arguments_stay_as_they_are(
    findings: list[Finding], objects: list[Object]
) -> None:
    found, truth = found_of(findings), truth_of([SURE, *objects])
    results = to_results(found, truth)
    before = found.sha256(), results.sha256(), truth.sha256()
    score(found, truth, VocOptions(prediction_origin=1))
    score(results, truth)

    assert (found.sha256(), results.sha256(), truth.sha256()) == before


# --- what is refused ---------------------------------------------------------------


def test_detections_of_other_images_are_refused() -> None:
    truth = truth_of([SURE])
    found = replace(found_of([]), evaluated_ids=np.array([4, 9, 7], np.int64))

    with pytest.raises(
        DetectionsInvalid,
        match="evaluated images; expected the 3 of the truth, got 1 too few, "
        "1 unknown; score against the truth of the evaluated images alone",
    ):
        score(found, truth)


@pytest.mark.parametrize("kind", [3, 200])
def test_an_unknown_class_is_refused(kind: int) -> None:
    with pytest.raises(
        DetectionsInvalid, match=f"classes; expected 0 to 2, got {kind}"
    ):
        score(found_of([(4, kind, BOX, 0.5)]), truth_of([SURE]))


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(DetectionsInvalid, match="scores, detection 0 of image 4"):
        score(found_of([(4, 0, BOX, math.nan)]), truth_of([SURE]))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            (7, 0, BOX, False),
            "truth, box_image_ids; expected one of the 3 listed, got 7",
        ),
        ((4, 3, BOX, False), "truth, box_classes; expected 0 to 2, got 3"),
        ((4, -1, BOX, False), "truth, box_classes; expected 0 to 2, got -1"),
        ((4, 0, (1, 1, math.inf, 9), False), "truth, boxes_xyxy; expected finite numb"),
    ],
)
def test_malformed_truth_is_refused(broken: Object, message: str) -> None:
    with pytest.raises(DatasetInvalid, match=message):
        score(found_of([]), truth_of([SURE, broken]))


@pytest.mark.parametrize("objects", [[], [(4, 0, BOX, True)]])
def test_truth_with_nothing_to_find_is_refused(objects: list[Object]) -> None:
    with pytest.raises(
        DatasetInvalid,
        match="no truth to score against; expected an object that counts, got "
        f"{len(objects)} objects in 3 images",
    ):
        score(found_of([]), truth_of(objects))


# --- the table ---------------------------------------------------------------------


def test_rows_find_the_metric_by_their_word() -> None:
    metric = METRICS["voc"]

    assert metric.truth_kind is VocTruth
    assert metric.engine_name() == engine_name() == "harness voc/1"
    assert next(iter(metric.score(found_of([]), truth_of([SURE])))) == "box_ap"
