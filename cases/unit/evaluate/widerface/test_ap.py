"""Four kinds: by hand, a slow oracle, parity with arithmetic by ranks, invariants."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import DatasetInvalid, DetectionsInvalid
from harness.evaluate.metrics import METRICS
from harness.evaluate.widerface.ap import (
    Arithmetic,
    WiderOptions,
    curves,
    engine_name,
    score,
    subsets,
    threshold_ranks,
)
from harness.values.detections import Detections, Results
from harness.values.truth import FaceTruth

REAL = WiderOptions(arithmetic=Arithmetic.REAL)
WHOLE = WiderOptions(arithmetic=Arithmetic.WHOLE_PIXELS)

Xywh = tuple[float, float, float, float]
FACE: Xywh = (10, 20, 40, 50)
FAR: Xywh = (500, 500, 40, 50)


@dataclass(frozen=True)
class Face:
    image_id: int
    xywh: Xywh
    member: str = "emh"  # the subsets that count it


@dataclass(frozen=True)
class Found:
    image_id: int
    xywh: Xywh
    score: float = 1.0


def truth_of(faces: Sequence[Face], image_ids: Sequence[int] = (0, 1, 2)) -> FaceTruth:
    return FaceTruth(
        image_ids=np.array(image_ids, np.int64),
        image_names=np.array([f"0--E/{one}" for one in image_ids], np.str_),
        box_image_ids=np.array([face.image_id for face in faces], np.int64),
        boxes_xywh=np.array([face.xywh for face in faces], np.float64).reshape(-1, 4),
        is_easy=np.array(["e" in face.member for face in faces], np.bool_),
        is_medium=np.array(["m" in face.member for face in faces], np.bool_),
        is_hard=np.array(["h" in face.member for face in faces], np.bool_),
    )


def results_of(found: Sequence[Found], image_ids: Sequence[int] = (0, 1, 2)) -> Results:
    return Results(
        evaluated_ids=np.array(image_ids, np.int64),
        image_ids=np.array([one.image_id for one in found], np.int64),
        classes=np.zeros(len(found), np.int32),
        scores=np.array([one.score for one in found], np.float64),
        boxes=np.array([one.xywh for one in found], np.float64).reshape(-1, 4),
    )


# --- by hand ----------------------------------------------------------------------


def test_one_face_met_exactly_scores_100_in_every_subset() -> None:
    found = score(results_of([Found(0, FACE)]), truth_of([Face(0, FACE)]))

    assert found == {"easy": 100.0, "medium": 100.0, "hard": 100.0}
    assert list(found) == ["easy", "medium", "hard"]


def test_no_detection_at_all_scores_0() -> None:
    found = score(results_of([]), truth_of([Face(0, FACE)]))

    assert found == {"easy": 0.0, "medium": 0.0, "hard": 0.0}


def test_a_better_scored_wrong_detection_halves_the_precision() -> None:
    found = results_of([Found(0, FACE, 0.5), Found(0, FAR, 0.9)])

    assert score(found, truth_of([Face(0, FACE)]))["hard"] == pytest.approx(50)


def test_a_worse_scored_wrong_detection_costs_nothing() -> None:
    found = results_of([Found(0, FACE, 0.9), Found(0, FAR, 0.5)])

    assert score(found, truth_of([Face(0, FACE)]))["hard"] == pytest.approx(100)


def test_a_face_that_is_not_found_is_lost_recall() -> None:
    truth = truth_of([Face(0, FACE), Face(1, FACE), Face(2, FACE), Face(2, FAR)])

    found = score(results_of([Found(0, FACE)]), truth)

    assert found["hard"] == pytest.approx(25)


def test_an_ignored_face_makes_its_detection_neither_right_nor_wrong() -> None:
    truth = truth_of([Face(0, FACE), Face(0, FAR, "h")])
    found = results_of([Found(0, FAR, 0.9), Found(0, FACE, 0.5)])

    assert score(found, truth) == {"easy": 100.0, "medium": 100.0, "hard": 100.0}


def test_a_second_detection_of_a_face_is_wrong() -> None:
    truth = truth_of([Face(0, FACE), Face(1, FACE)])
    found = results_of([Found(0, FACE, 0.9), Found(0, FACE, 0.8), Found(1, FACE, 0.5)])

    # recall 1/2 at precision 1, then 2/2 at precision 2/3
    assert score(found, truth)["easy"] == pytest.approx(100 * (1 / 2 + 1 / 2 * 2 / 3))


def test_precision_is_the_best_at_that_recall_or_a_higher_one() -> None:
    truth = truth_of([Face(0, FACE), Face(1, FACE), Face(2, FACE)])
    found = results_of(
        [
            Found(0, FACE, 0.9),  # 1/1
            Found(0, FAR, 0.8),
            Found(1, FACE, 0.7),  # 2/3: lifted to the 3/4 that follows
            Found(2, FACE, 0.6),  # 3/4
        ]
    )

    assert score(found, truth)["easy"] == pytest.approx(100 / 3 * (1 + 3 / 4 + 3 / 4))


def test_an_image_whose_faces_are_all_ignored_still_has_wrong_detections() -> None:
    truth = truth_of([Face(0, FACE), Face(1, FACE, "h")])
    found = results_of([Found(1, FAR, 0.9), Found(0, FACE, 0.5)])

    assert score(found, truth)["easy"] == pytest.approx(50)


def test_detections_in_an_image_without_any_face_are_passed_over() -> None:
    found = results_of([Found(2, FAR, 0.9), Found(0, FACE, 0.5)])

    assert score(found, truth_of([Face(0, FACE)]))["easy"] == pytest.approx(100)


def test_sides_count_the_far_edge_once_more() -> None:
    # Corners 0 and 9 make ten pixels: (10 * 5) / (10 * 10) is 0.5, which is enough.
    truth = truth_of([Face(0, (0, 0, 9, 9))])

    for options in (REAL, WHOLE):
        enough = score(results_of([Found(0, (0, 0, 4, 9))]), truth, options)
        less = score(results_of([Found(0, (0, 0, 3.4, 9))]), truth, options)
        assert (enough["easy"], less["easy"]) == (100, 0)


def test_whole_pixels_round_corners_and_areas_as_matlab_does() -> None:
    # In real numbers 4.6 * 10 / 100 is too little. Rounded, the intersection is
    # 5 * 10 (corner 3.6 becomes 4) and the union 100 + 46 - 50 = 96.
    truth = truth_of([Face(0, (0, 0, 9, 9))])
    found = results_of([Found(0, (0, 0, 3.6, 9))])

    assert score(found, truth, REAL)["easy"] == 0
    assert score(found, truth, WHOLE)["easy"] == 100


def test_whole_pixels_take_the_first_face_that_is_hit_not_the_nearest() -> None:
    first, second = (0, 0, 99, 99), (20, 0, 99, 99)
    truth = truth_of([Face(0, first, "h"), Face(0, second, "emh")])
    found = results_of([Found(0, second)])

    assert score(found, truth, REAL)["easy"] == 100
    assert score(found, truth, WHOLE)["easy"] == 0


def test_the_official_arithmetic_follows_the_class_of_the_faces() -> None:
    found = results_of([Found(0, (0, 0, 3.6, 9))])
    whole = truth_of([Face(0, (0, 0, 9, 9)), Face(1, FACE)])
    broken = truth_of([Face(0, (0, 0, 9, 9)), Face(1, (10.5, 20, 40, 50))])

    assert score(found, whole) == score(found, whole, WHOLE)
    assert score(found, broken) == score(found, broken, REAL)
    assert score(found, whole) != score(found, whole, REAL)


def test_a_detection_that_rounds_to_less_than_its_intersection_is_a_hit() -> None:
    # Corners 0.5 and 0.1 (a negative side) become 1 and 0; a side of 0.6 has area 0.36,
    # which rounds the union to 0. MATLAB's integer division gives its largest number.
    truth = truth_of([Face(0, (1, 1, 0, 0))])
    found = results_of([Found(0, (0.6, 0.6, -0.1, -0.1))])

    assert score(found, truth, WHOLE)["easy"] == 100


def test_a_face_with_a_negative_side_is_never_hit() -> None:
    odd: Xywh = (100, 100, -2, 30)
    found = results_of([Found(0, odd), Found(0, FACE)])

    assert score(found, truth_of([Face(0, odd), Face(0, FACE)]))["easy"] <= 50


def test_equal_scores_are_all_taken_as_the_highest() -> None:
    truth = truth_of([Face(0, FACE), Face(1, FACE)])
    found = results_of([Found(0, FACE, 0.3), Found(1, FACE, 0.3)])

    assert score(found, truth)["hard"] == pytest.approx(100)


def test_scores_closer_than_a_threshold_are_told_apart_by_none() -> None:
    truth = truth_of([Face(0, FACE)])
    found = results_of(
        [Found(0, FAR, 0.9001), Found(0, FACE, 0.9), Found(0, FAR, 0), Found(1, FAR, 1)]
    )

    # 0.9 and 0.9001 reach the same threshold, so both count at once: 1 of 2.
    assert score(found, truth)["easy"] == pytest.approx(50)


def test_a_subset_without_a_face_has_no_score() -> None:
    found = score(results_of([Found(0, FACE)]), truth_of([Face(0, FACE, "h")]))

    assert found == {"hard": 100.0}


def test_our_detections_are_rounded_as_the_text_files_state_them() -> None:
    detections = Detections(
        evaluated_ids=np.arange(3),
        image_ids=np.array([0]),
        classes=np.ones(1, np.int32),
        scores=np.ones(1, np.float32),
        boxes_xyxy=np.array([[0, 0, 3.96, 9]], np.float32),  # w 4.96: 5.0 as text
    )
    truth = truth_of([Face(0, (0, 0, 11, 10))])  # 12 x 11; 6 x 11 is half of it

    assert score(detections, truth, REAL)["easy"] == 100


def test_curves_hold_a_point_for_every_threshold_that_counts() -> None:
    truth = truth_of([Face(0, FACE), Face(1, FACE, "h")])
    found = results_of([Found(0, FACE, 1.0), Found(0, FAR, 0.5), Found(1, FACE, 0.0)])

    easy, medium, hard = curves(found, truth)

    assert [one.name for one in (easy, medium, hard)] == ["easy", "medium", "hard"]
    assert (hard.size, hard.iou, len(hard.recall)) == ("all", 0.5, 1000)
    assert (hard.recall[0], hard.recall[-1]) == (0.5, 1.0)
    assert (hard.precision[0], hard.precision[-1]) == (1.0, 2 / 3)
    assert easy.precision[-1] == 0.5  # the ignored face's detection is not there
    assert hard.ap_pct == score(found, truth)["hard"]


def test_a_curve_starts_where_something_counts() -> None:
    truth = truth_of([Face(0, FACE), Face(0, FAR, "h")])
    found = results_of([Found(0, FAR, 1.0), Found(0, FACE, 0.0)])

    easy, _, hard = curves(found, truth)

    assert (len(easy.recall), len(hard.recall)) == (1, 1000)


def test_the_metric_is_found_by_the_word_of_its_rows() -> None:
    metric = METRICS["widerface"]
    found = results_of([Found(0, FACE)])

    assert metric.score(found, truth_of([Face(0, FACE)]))["easy"] == 100
    assert metric.engine_name() == engine_name()
    assert engine_name() == "harness widerface/1"


# --- a slow oracle ----------------------------------------------------------------


def plain_ap(
    found: Results, truth: FaceTruth, member: np.ndarray, whole: bool
) -> float:
    """The definition as plain loops: per image, per detection, per threshold."""
    low, high = min(found.scores), max(found.scores)
    kept, hits = [0] * 1000, [0] * 1000
    for image_id in truth.image_ids:
        rows = [n for n, one in enumerate(found.image_ids) if one == image_id]
        faces = [m for m, one in enumerate(truth.box_image_ids) if one == image_id]
        if not rows or not faces:
            continue
        rows.sort(key=lambda n: -found.scores[n])
        states = dict.fromkeys(faces, 0)
        scores = [
            1.0 if low == high else float((found.scores[n] - low) / (high - low))
            for n in rows
        ]
        counts, recalled = [], []
        for n in rows:
            overlaps = [
                plain_overlap(truth.boxes_xywh[m], found.boxes[n], whole) for m in faces
            ]
            best = max(range(len(faces)), key=lambda k: (overlaps[k], -k))
            counts.append(1)
            if overlaps[best] >= 0.5:
                if not member[faces[best]]:
                    counts[-1] = 0
                else:
                    states[faces[best]] = 1
            recalled.append(sum(states.values()))
        for t in range(1, 1001):
            reached = [k for k, one in enumerate(scores) if one >= 1 - t / 1000]
            if reached:
                kept[t - 1] += sum(counts[: reached[-1] + 1])
                hits[t - 1] += recalled[reached[-1]]
    points = [
        (hit / member.sum(), hit / all_)
        for hit, all_ in zip(hits, kept, strict=True)
        if all_
    ]
    area, before = 0.0, 0.0
    for k, (recall, _) in enumerate(points):
        if recall > before:
            area += (recall - before) * max(p for _, p in points[k:])
        before = recall
    return 100 * area


def matlab_round(value: float) -> float:
    return float(int(abs(value) + 0.5)) * (1 if value >= 0 else -1)


def plain_overlap(face: np.ndarray, one: np.ndarray, whole: bool) -> float:
    fx1, fy1, fx2, fy2 = face[0], face[1], face[0] + face[2], face[1] + face[3]
    x1, y1, x2, y2 = one[0], one[1], one[0] + one[2], one[1] + one[3]
    total = (fx2 - fx1 + 1) * (fy2 - fy1 + 1) + (x2 - x1 + 1) * (y2 - y1 + 1)
    if whole:
        x1, y1, x2, y2, total = map(matlab_round, (x1, y1, x2, y2, total))
    wide = min(fx2, x2) - max(fx1, x1) + 1
    high = min(fy2, y2) - max(fy1, y1) + 1
    if wide <= 0 or high <= 0:
        return 0.0
    overlap = wide * high / (total - wide * high)
    return matlab_round(overlap) if whole else float(overlap)


@st.composite
def sets(draw: st.DrawFn, *, whole: bool = True) -> tuple[Results, FaceTruth]:
    """A few crowded images: overlapping faces, detections near them, equal scores."""
    image = st.integers(0, 2)
    side = st.integers(3, 12)
    corner = st.integers(0, 12)
    shift = 0.0 if whole else 0.25
    faces = draw(
        st.lists(
            st.tuples(image, corner, corner, side, side, st.integers(0, 7)),
            min_size=1,
            max_size=7,
        )
    )
    tenth = st.integers(-15, 15).map(lambda n: n / 10)
    thousandth = st.sampled_from([0.0, 0.001, 0.25, 0.5, 0.501, 0.75, 0.999, 1.0])
    near = draw(
        st.lists(
            st.tuples(st.sampled_from(faces), tenth, tenth, tenth, tenth, thousandth),
            max_size=12,
        )
    )
    truth = truth_of(
        [
            Face(
                k,
                (x + shift, y, w, h),
                "".join(c for b, c in enumerate("emh") if bits & 1 << b),
            )
            for k, x, y, w, h, bits in faces
        ]
        + [Face(0, (0, 0, 9, 9))]  # every subset has a face
    )
    found = [
        Found(
            k,
            (
                round(x + a, 1),
                round(y + b, 1),
                round(max(w + c, 0), 1),
                round(max(h + d, 0), 1),
            ),
            value,
        )
        for (k, x, y, w, h, _), a, b, c, d, value in near
    ]
    return results_of([*found, Found(0, (0, 0, 9, 8), 0.5)]), truth


@pytest.mark.parametrize("options", [REAL, WHOLE])
@settings(max_examples=40)
@given(data=st.data())
def test_scores_are_those_of_plain_loops(
    options: WiderOptions, data: st.DataObject
) -> None:
    found, truth = data.draw(sets())

    expected = {
        name: plain_ap(found, truth, member, options is WHOLE)
        for name, member in subsets(truth).items()
    }

    assert score(found, truth, options) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=20)
@given(drawn=sets(whole=False))
def test_broken_faces_are_scored_in_real_numbers(
    drawn: tuple[Results, FaceTruth],
) -> None:
    found, truth = drawn

    assert (
        score(found, truth)["easy"]
        == pytest.approx(plain_ap(found, truth, truth.is_easy, False), abs=1e-9)
        or (truth.boxes_xywh == np.round(truth.boxes_xywh)).all()
    )


@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=30),
    count=st.integers(1, 1000),
)
def test_ranks_are_the_first_threshold_that_is_reached(
    scores: list[float], count: int
) -> None:
    values = np.array([*scores, 0.0, 1.0])
    ranks = threshold_ranks(values, count)
    thresholds = 1 - np.arange(1, count + 1) / count

    expected = [int(np.flatnonzero(one >= thresholds)[0]) for one in values]
    assert ranks.tolist() == expected


def test_every_threshold_itself_is_reached() -> None:
    thresholds = 1 - np.arange(1, 1001) / 1000
    below = np.nextafter(thresholds[:-1], 0)

    assert threshold_ranks(np.append(thresholds, 1.0), 1000)[:-1].tolist() == list(
        range(1000)
    )
    assert threshold_ranks(np.append(below, [0.0, 1.0]), 1000)[:-2].tolist() == list(
        range(1, 1000)
    )


# --- invariants -------------------------------------------------------------------


@settings(max_examples=30)
@given(drawn=sets(), data=st.data())
def test_the_order_of_lines_changes_nothing(
    drawn: tuple[Results, FaceTruth], data: st.DataObject
) -> None:
    found, truth = drawn
    order = np.array(data.draw(st.permutations(range(len(found.scores)))), np.int64)
    shuffled = replace(
        found,
        image_ids=found.image_ids[order],
        scores=found.scores[order],
        boxes=found.boxes[order],
    )

    for options in (REAL, WHOLE):
        assert score(shuffled, truth, options) == score(found, truth, options)


@settings(max_examples=30)
@given(
    drawn=sets(),
    stretch=st.sampled_from([0.25, 2.0, 8.0]),
    shift=st.sampled_from([0.0, 0.5, -4.0]),
)
def test_stretched_and_shifted_scores_change_nothing(
    drawn: tuple[Results, FaceTruth], stretch: float, shift: float
) -> None:
    found, truth = drawn
    eighths = replace(found, scores=np.round(found.scores * 8) / 8)  # exact in floats
    other = replace(eighths, scores=eighths.scores * stretch + shift)

    assert score(other, truth) == score(eighths, truth)


@settings(max_examples=30)
@given(drawn=sets())
def test_images_are_named_by_any_numbers_in_any_order(
    drawn: tuple[Results, FaceTruth],
) -> None:
    found, truth = drawn
    names = np.array([70, 5, 900], np.int64)
    other = replace(
        truth, image_ids=names[::-1].copy(), box_image_ids=names[truth.box_image_ids]
    )
    renamed = replace(found, evaluated_ids=names, image_ids=names[found.image_ids])

    assert score(renamed, other) == score(found, truth)


@settings(max_examples=30)
@given(drawn=sets())
def test_an_image_without_faces_changes_nothing(
    drawn: tuple[Results, FaceTruth],
) -> None:
    found, truth = drawn
    more = replace(
        truth,
        image_ids=np.arange(4),
        image_names=np.append(truth.image_names, "0--E/3"),
    )
    found_more = replace(
        found,
        evaluated_ids=np.arange(4),
        image_ids=np.append(found.image_ids, 3),
        classes=np.append(found.classes, np.int32(0)),
        scores=np.append(found.scores, found.scores[0]),
        boxes=np.concatenate([found.boxes, [[0, 0, 9, 9]]]),
    )

    assert score(found_more, more) == score(found, truth)


@settings(max_examples=30)
@given(drawn=sets())
def test_a_subset_s_score_does_not_depend_on_the_other_subsets(
    drawn: tuple[Results, FaceTruth],
) -> None:
    found, truth = drawn
    alone = replace(truth, is_medium=truth.is_easy, is_hard=truth.is_easy)

    assert set(score(found, alone).values()) == {score(found, truth)["easy"]}


@settings(max_examples=30)
@given(drawn=sets(), far_px=st.sampled_from([0, 2**19, 2**30]))
def test_far_away_pixels_are_scored_alike(
    drawn: tuple[Results, FaceTruth], far_px: int
) -> None:
    found, truth = drawn
    halves = replace(found, boxes=np.round(found.boxes * 2) / 2)  # exact in floats
    move = np.array([far_px, far_px, 0, 0])
    moved = replace(halves, boxes=halves.boxes + move)
    there = replace(truth, boxes_xywh=truth.boxes_xywh + move)

    for options in (REAL, WHOLE):
        assert score(moved, there, options) == score(halves, truth, options)


# --- what is refused --------------------------------------------------------------


def test_truth_without_a_face_of_any_subset_is_not_scored() -> None:
    with pytest.raises(
        DatasetInvalid,
        match="no truth to score against; expected a face in one of the subsets, "
        "got 1 faces in 3 images",
    ):
        score(results_of([]), truth_of([Face(0, FACE, "")]))


def test_faces_of_an_unlisted_image_are_refused() -> None:
    with pytest.raises(
        DatasetInvalid,
        match="truth, box_image_ids; expected one of the 3 listed, got 9",
    ):
        score(results_of([]), truth_of([Face(9, FACE)]))


def test_faces_that_are_not_finite_are_refused() -> None:
    with pytest.raises(
        DatasetInvalid, match="truth, boxes_xywh; expected finite numbers"
    ):
        score(results_of([]), truth_of([Face(0, (0, 0, np.inf, 1))]))


def test_detections_that_are_not_finite_are_refused() -> None:
    with pytest.raises(DetectionsInvalid, match=r"scores, .* expected finite numbers"):
        score(results_of([Found(0, FACE, np.nan)]), truth_of([Face(0, FACE)]))


def test_the_evaluated_images_are_those_of_the_truth() -> None:
    with pytest.raises(
        DetectionsInvalid,
        match="evaluated images; expected the 3 of the truth, "
        "got 1 too few, 1 unknown; score ",
    ):
        score(results_of([], (0, 1, 7)), truth_of([Face(0, FACE)]))
