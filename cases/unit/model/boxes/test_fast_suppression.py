"""Fast suppression against the slow one: the same bits, whatever is suppressed."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.boxes import multiclass_nms as fast
from harness.model.boxes.multiclass_nms import (
    BLAZEFACE_RULE,
    YOLOV3_RULE,
    multiclass_nms,
)
from testing.candidates import trained_candidates, untrained_candidates
from testing.slow_detections import slow_multiclass_nms

#: What no network should give, among coordinates that make overlaps at a threshold.
ODD = np.float32([np.nan, np.inf, -np.inf, 3e38, -3e38, -0.0, 1e-42])


def assert_same_bits(boxes_xyxy, scores, rule=YOLOV3_RULE):
    found = multiclass_nms(boxes_xyxy, scores, rule)
    with np.errstate(all="ignore"):
        slow = slow_multiclass_nms(boxes_xyxy, scores, rule)

    for name in ("classes", "scores", "boxes_xyxy"):
        ours, theirs = getattr(found, name), getattr(slow, name)
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        assert ours.tobytes() == theirs.tobytes(), name


def drawn(seed, *, count, num_classes, odd):
    """Crowded boxes and scores with many ties; some of what no network should give."""
    rng = np.random.default_rng(seed)
    step = rng.choice([1.0, 0.5, 1 / 3])  # whole pixels, halves, and what is rounded
    near = rng.integers(0, 30, (count, 2)) * step
    boxes = np.concatenate([near, near + rng.integers(-3, 20, (count, 2)) * step], 1)
    scores = rng.choice([0.0, 0.01, 0.02, 0.25, 0.5, 0.9], (count, num_classes))
    untied = rng.random((count, num_classes)) < 0.3
    scores[untied] = rng.random(untied.sum())
    boxes, scores = boxes.astype(np.float32), scores.astype(np.float32)
    if odd:
        is_odd = rng.random(boxes.shape) < 0.05
        boxes[is_odd] = rng.choice(ODD, is_odd.sum())
        scores[rng.random(scores.shape) < 0.05] = np.nan
        scores[rng.random(scores.shape) < 0.02] = np.inf
    return boxes, scores


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 120),
    num_classes=st.integers(1, 9),
    odd=st.booleans(),
    overlaps=st.sampled_from([1, 4, 50, fast.OVERLAPS]),
    nms_top_k=st.sampled_from([1, 3, 20, 1000]),
    keep_top_k=st.sampled_from([1, 5, 30, 100, 750]),
    inclusive=st.booleans(),
    background_label=st.integers(-1, 2),
)
@settings(deadline=None, max_examples=150)
def test_the_same_bits_wherever_a_block_ends(
    seed,
    count,
    num_classes,
    odd,
    overlaps,
    nms_top_k,
    keep_top_k,
    inclusive,
    background_label,
):
    boxes_xyxy, scores = drawn(seed, count=count, num_classes=num_classes, odd=odd)
    rule = replace(
        YOLOV3_RULE,
        nms_top_k=nms_top_k,
        keep_top_k=keep_top_k,
        inclusive=inclusive,
        background_label=background_label,
    )

    with mock.patch.object(fast, "OVERLAPS", overlaps):
        assert_same_bits(boxes_xyxy, scores, rule)


@pytest.mark.parametrize("count", [0, 1, 30, 350, 1800])
def test_the_same_bits_for_a_trained_networks_candidates(count):
    candidates = trained_candidates(count)

    assert_same_bits(candidates.boxes_xyxy, candidates.scores)


def test_the_same_bits_where_every_class_is_above_the_threshold():
    candidates = untrained_candidates(1200)  # more of each class than are looked at

    assert_same_bits(candidates.boxes_xyxy, candidates.scores)


@pytest.mark.parametrize("tied", [False, True])
def test_the_same_bits_where_all_boxes_are_one(tied):
    """Fewer are kept than may be: every candidate that may be looked at is."""
    scores = untrained_candidates(1100).scores[:, :12]
    if tied:
        scores = np.full_like(scores, 0.25)
    boxes_xyxy = np.tile(np.float32([0, 0, 639, 479]), (len(scores), 1))

    assert_same_bits(boxes_xyxy, scores)


@pytest.mark.parametrize("count", [749, 750, 751, 5200])
def test_the_same_bits_for_faces_at_the_limits(count):
    rng = np.random.default_rng(count)
    near = rng.uniform(0, 1, (count, 2))
    boxes = np.concatenate([near, near + rng.uniform(0, 0.01, (count, 2))], axis=1)
    scores = rng.uniform(0, 1, (count, 2))

    assert_same_bits(
        boxes.astype(np.float32), scores.astype(np.float32), BLAZEFACE_RULE
    )


def test_scores_by_class_first_give_the_same():
    candidates = trained_candidates(60)
    by_class = np.asfortranarray(candidates.scores)

    assert_same_bits(candidates.boxes_xyxy, by_class)
