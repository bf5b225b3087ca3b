from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.boxes.multiclass_nms import (
    BLAZEFACE_RULE,
    YOLOV3_RULE,
    multiclass_nms,
)
from harness.model.boxes.yolo_box import decode_heads

NMS_CASES = (
    "degenerate_boxes",
    "middle_picture_empty",
    "more_candidates_than_looked_at",
    "more_survivors_than_kept",
    "none_above_threshold",
    "overlap_at_threshold",
    "score_at_threshold",
    "suppressed_box_suppresses_nothing",
    "ties",
    "touching_boxes",
)
FACE_CASES = (
    "background_and_face_both_high",
    "background_only",
    "degenerate_boxes",
    "more_survivors_than_kept",
    "overlap_at_threshold",
    "score_at_threshold",
    "ties",
    "touching_boxes",
)
WHOLE_CASES = ("first_picture_without_detections", "more_survivors_than_kept")


def rows(found):
    """``[K, 6]``: class, score, x1, y1, x2, y2, as the operator returns them."""
    return np.column_stack([found.classes, found.scores, found.boxes_xyxy])


def split(golden, case):
    return np.split(
        golden[f"{case}.detections"], np.cumsum(golden[f"{case}.lengths"])[:-1]
    )


def test_every_case_of_the_golden_is_looked_at(postprocess_golden):
    cases = {name.partition(".")[0] for name in postprocess_golden if "nms_" in name}

    assert cases == {f"nms_{case}" for case in NMS_CASES}


@pytest.mark.parametrize("case", NMS_CASES)
def test_the_old_operators_rows_to_the_last_bit(postprocess_golden, case):
    boxes = postprocess_golden[f"nms_{case}.boxes"]  # [B, N, 4]
    scores = postprocess_golden[f"nms_{case}.scores"]  # [B, C, N]

    found = [
        rows(multiclass_nms(boxes[place], scores[place].T))
        for place in range(len(boxes))
    ]

    expected = split(postprocess_golden, f"nms_{case}")
    for one, golden in zip(found, expected, strict=True):
        assert np.array_equal(one, golden)


def find_faces(golden, case, rule=BLAZEFACE_RULE):
    """Rows of every picture of a case."""
    boxes = golden[f"nms_{case}.boxes"]  # [B, N, 4]
    scores = golden[f"nms_{case}.scores"]  # [B, 2, N]
    return [
        rows(multiclass_nms(boxes[place], scores[place].T, rule))
        for place in range(len(boxes))
    ]


def test_every_face_case_of_the_golden_is_looked_at(faces_postprocess):
    cases = {name.partition(".")[0] for name in faces_postprocess if "nms_" in name}

    assert cases == {f"nms_{case}" for case in FACE_CASES}


@pytest.mark.parametrize("case", FACE_CASES)
def test_the_old_operators_faces_to_the_last_bit(faces_postprocess, case):
    found = find_faces(faces_postprocess, case)

    expected = split(faces_postprocess, f"nms_{case}")
    for one, golden in zip(found, expected, strict=True):
        assert np.array_equal(one, golden)


@pytest.mark.parametrize(
    ("case", "wrong"),
    [
        ("background_and_face_both_high", {"background_label": -1}),
        ("background_only", {"background_label": -1}),
        ("background_and_face_both_high", {"background_label": 1}),
        ("touching_boxes", {"inclusive": True}),
        ("overlap_at_threshold", {"nms_threshold": 0.45}),
        ("more_survivors_than_kept", {"keep_top_k": 100}),
    ],
)
def test_another_rule_gives_other_faces(faces_postprocess, case, wrong):
    found = find_faces(faces_postprocess, case, replace(BLAZEFACE_RULE, **wrong))

    (expected,) = split(faces_postprocess, f"nms_{case}")
    assert not np.array_equal(found[0], expected)


def test_the_5001st_face_is_not_looked_at():
    boxes = np.tile(np.float32([0, 0, 0.1, 0.1]), (5001, 1))
    boxes[4999:] += np.float32([[0.2], [0.4]])  # apart from the heap, and the worst
    scores = np.zeros((5001, 2), np.float32)
    scores[:, 1] = np.linspace(0.9, 0.1, 5001)

    found = multiclass_nms(boxes, scores, BLAZEFACE_RULE)

    assert found.boxes_xyxy[:, 0].tolist() == np.float32([0, 0.2]).tolist()


def test_the_background_is_never_detected():
    boxes = np.float32([[0, 0, 0.2, 0.2], [0.5, 0.5, 0.9, 0.9]])
    scores = np.float32([[0.9, 0.1], [0.3, 0.7]])

    found = multiclass_nms(boxes, scores, BLAZEFACE_RULE)

    assert found.classes.tolist() == [1, 1]
    assert found.scores.tolist() == np.float32([0.7, 0.1]).tolist()


@pytest.mark.parametrize("case", WHOLE_CASES)
def test_heads_become_the_old_operators_rows(postprocess_golden, case):
    golden = postprocess_golden
    for place, expected in enumerate(split(golden, f"whole_{case}")):
        height_px, width_px = golden[f"whole_{case}.im_size"][place].tolist()
        boxes_xyxy, scores = decode_heads(
            [golden[f"whole_{case}.head_{level}"][place] for level in range(3)],
            height_px=height_px,
            width_px=width_px,
        )

        found = rows(multiclass_nms(boxes_xyxy, scores))

        assert found.shape == expected.shape
        assert np.array_equal(found[:, 0], expected[:, 0])
        assert np.allclose(found[:, 1], expected[:, 1], rtol=0, atol=1e-6)
        assert np.allclose(found[:, 2:], expected[:, 2:], rtol=0, atol=1e-3)


def slow_nms(boxes, scores, rule):
    """The definition of zoo-spec 1.3, one pair at a time."""
    one = np.float32(1 if rule.inclusive else 0)

    def area(box):
        if box[2] < box[0] or box[3] < box[1]:
            return np.float32(0)
        return (box[2] - box[0] + one) * (box[3] - box[1] + one)

    def overlap(a, b):
        if b[0] > a[2] or b[2] < a[0] or b[1] > a[3] or b[3] < a[1]:
            return np.float32(0)
        width = min(a[2], b[2]) - max(a[0], b[0]) + one
        height = min(a[3], b[3]) - max(a[1], b[1]) + one
        union = area(a) + area(b) - width * height
        with np.errstate(divide="ignore", invalid="ignore"):
            return width * height / union  # 0 / 0 is no overlap "at most" anything

    survivors = []
    for kind in range(scores.shape[1]):
        if kind == rule.background_label:
            continue
        candidates = [
            n for n in range(len(boxes)) if scores[n, kind] > np.float32(0.01)
        ]
        candidates.sort(key=lambda n, kind=kind: -scores[n, kind])  # sort is stable
        kept = []
        for n in candidates[: rule.nms_top_k]:
            if all(
                overlap(boxes[other], boxes[n]) <= np.float32(rule.nms_threshold)
                for other in kept
            ):
                kept.append(n)
        survivors += [(kind, scores[n, kind], n) for n in kept]
    if len(survivors) > rule.keep_top_k:
        survivors.sort(key=lambda one: -one[1])
        survivors = survivors[: rule.keep_top_k]
        survivors.sort(key=lambda one: one[0])
    return [(kind, float(score), *boxes[n].tolist()) for kind, score, n in survivors]


@st.composite
def candidates(draw, *, low=-4):
    """Whole-number boxes, crowded; few distinct scores, so many ties."""
    count = draw(st.integers(0, 25))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    near = rng.integers(0, 30, (count, 2))
    boxes = np.concatenate([near, near + rng.integers(low, 20, (count, 2))], axis=1)
    scores = rng.choice([0.0, 0.01, 0.2, 0.25, 0.5, 0.9], (count, 3))
    return boxes.astype(np.float32), scores.astype(np.float32)


@given(
    given_=candidates(),
    nms_top_k=st.integers(1, 12),
    keep_top_k=st.integers(1, 12),
    inclusive=st.booleans(),
    background_label=st.integers(-1, 2),
)
@settings(deadline=None)
def test_the_definition_one_pair_at_a_time_gives_the_same(
    given_, nms_top_k, keep_top_k, inclusive, background_label
):
    rule = replace(
        YOLOV3_RULE,
        nms_top_k=nms_top_k,
        keep_top_k=keep_top_k,
        inclusive=inclusive,
        background_label=background_label,
    )

    found = multiclass_nms(*given_, rule)

    slow = np.float32(slow_nms(*given_, rule)).reshape(-1, 6)
    assert np.array_equal(rows(found).astype(np.float32), slow)


@given(given_=candidates(), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_the_order_of_candidates_without_ties_does_not_matter(given_, seed):
    boxes, scores = given_
    rng = np.random.default_rng(seed)
    distinct = rng.permutation(scores.size).reshape(scores.shape) / (scores.size + 1)
    order = rng.permutation(len(boxes))

    found = multiclass_nms(boxes, distinct.astype(np.float32))
    shuffled = multiclass_nms(boxes[order], distinct[order].astype(np.float32))

    assert np.array_equal(rows(found), rows(shuffled))


@given(given_=candidates(low=0))
@settings(deadline=None)
def test_what_is_kept_is_kept_again(given_):
    found = multiclass_nms(*given_)
    scores = np.zeros((len(found.scores), 3), dtype=np.float32)
    scores[np.arange(len(found.scores)), found.classes] = found.scores

    again = multiclass_nms(found.boxes_xyxy, scores)

    assert np.array_equal(rows(again), rows(found))


@given(given_=candidates())
@settings(deadline=None)
def test_classes_rise_and_scores_fall_within_a_class(given_):
    found = multiclass_nms(*given_)

    steps = np.diff(found.classes)
    assert (steps >= 0).all()
    assert (np.diff(found.scores)[steps == 0] <= 0).all()
    assert (found.scores > np.float32(0.01)).all()


def test_a_case_worked_by_hand():
    boxes = np.float32(
        [
            [0, 0, 9, 9],  # 10 x 10 with inclusive pixels
            [0, 0, 9, 4],  # half of it: overlap 0.5 > 0.45, dropped
            [5, 0, 14, 9],  # 50 of 150 shared: 0.333, kept
            [0, 0, 9, 9],  # the first again, in another class
        ]
    )
    scores = np.float32([[0.9, 0], [0.8, 0], [0.7, 0], [0, 0.3]])

    found = multiclass_nms(boxes, scores)

    assert found.classes.tolist() == [0, 0, 1]
    assert found.scores.tolist() == np.float32([0.9, 0.7, 0.3]).tolist()
    assert found.boxes_xyxy.tolist() == boxes[[0, 2, 3]].tolist()


def test_a_score_at_the_threshold_is_not_detected():
    """The published operator compares strictly."""
    threshold = np.float32(0.01)
    boxes = np.float32([[0, 0, 9, 9], [50, 50, 59, 59]])
    scores = np.stack([threshold, np.nextafter(threshold, np.float32(1))])[:, None]

    assert multiclass_nms(boxes, scores).boxes_xyxy.tolist() == [[50, 50, 59, 59]]


def test_an_overlap_at_the_threshold_is_kept():
    """29 pixels, 11 apart, share 18 of 40; 10 apart, 19 of 39."""
    boxes = np.float32([[0, 0, 28, 0], [11, 0, 39, 0], [10, 5, 38, 5], [0, 5, 28, 5]])
    scores = np.float32([[0.9], [0.8], [0.7], [0.6]])

    kept = multiclass_nms(boxes, scores).boxes_xyxy

    assert np.float32(18) / np.float32(40) == np.float32(YOLOV3_RULE.nms_threshold)
    assert kept.tolist() == boxes[:3].tolist()


def test_among_equal_scores_the_first_100_in_class_order_are_kept():
    boxes = np.float32([[20 * n, 0, 20 * n + 5, 5] for n in range(60)])
    scores = np.full((60, 2), 0.5, dtype=np.float32)

    found = multiclass_nms(boxes, scores)

    assert np.bincount(found.classes).tolist() == [60, 40]


def test_a_better_score_of_a_later_class_survives_the_cut():
    boxes = np.float32([[20 * n, 0, 20 * n + 5, 5] for n in range(120)])
    scores = np.full((120, 2), 0.02, dtype=np.float32)
    scores[:, 1] = 0
    scores[7, 1] = 0.9

    found = multiclass_nms(boxes, scores)

    assert len(found.scores) == 100
    assert found.classes.tolist() == [0] * 99 + [1]
    assert found.scores[-1] == np.float32(0.9)


def test_no_candidate_gives_empty_arrays():
    found = multiclass_nms(np.zeros((0, 4), np.float32), np.zeros((0, 3), np.float32))

    assert found.classes.shape == found.scores.shape == (0,)
    assert found.boxes_xyxy.shape == (0, 4)
    assert found.classes.dtype == np.int32
