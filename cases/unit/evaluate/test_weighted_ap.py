from dataclasses import replace

import numpy as np
import pytest

from harness.evaluate.weighted_ap import RankedMatches

#: One class. Right, wrong, right; of images 0, 1, 2; three objects, one never found.
HAND = RankedMatches(
    curves_a_pool=1,
    pool_images=np.array([0, 1, 2]),
    pool_starts=np.array([0]),
    event_curves=np.array([0, 0]),
    event_images=np.array([0, 2]),
    event_pool_ends=np.array([1, 3]),
    event_is_true=np.array([True, True]),
    event_counts=np.array([0, 0]),
    positive_pools=np.array([0, 0, 0]),
    positive_images=np.array([0, 2, 2]),
    recall_points=None,
)


def ap(matches: RankedMatches, *weights: int) -> float:
    return float(matches.ap(np.array(weights))[0, 0])


def test_the_area_by_hand() -> None:
    assert ap(HAND, 1, 1, 1) == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)


def test_the_mean_at_recall_points_by_hand() -> None:
    points = replace(HAND, recall_points=np.linspace(0, 1, 11))

    assert ap(points, 1, 1, 1) == pytest.approx((4 * 1 + 3 * 2 / 3) / 11)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((2, 1, 1), 2 / 4 * 1 + 1 / 4 * 3 / 4),
        ((1, 2, 1), 1 / 3 * 1 + 1 / 3 * 2 / 4),
        ((1, 0, 1), 2 / 3),
        ((0, 1, 1), 1 / 2 * 1 / 2),
        ((1, 1, 0), 1.0),
    ],
)
def test_an_image_counts_as_often_as_its_weight(
    weights: tuple[int, ...], expected: float
) -> None:
    assert ap(HAND, *weights) == pytest.approx(expected)


def test_a_better_precision_later_holds_before_it() -> None:
    late = replace(
        HAND, event_images=np.array([1, 2]), event_pool_ends=np.array([2, 3])
    )

    assert ap(late, 1, 1, 1) == pytest.approx(2 / 3 * 2 / 3)


def test_without_an_object_there_is_no_ap() -> None:
    assert np.isnan(ap(HAND, 0, 3, 0))


def test_a_curve_may_count_a_detection_that_its_pool_has_not_and_the_reverse() -> None:
    two = replace(
        HAND,
        curves_a_pool=2,
        event_curves=np.array([0, 0, 1, 1]),
        event_images=np.array([0, 2, 0, 1]),
        event_pool_ends=np.array([1, 3, 1, 2]),
        event_is_true=np.array([True, True, True, False]),
        event_counts=np.array([0, 1, 0, -1]),
    )
    aps = two.ap(np.array([1, 1, 1]))[0]

    assert aps.tolist() == pytest.approx([1 / 3 * 1 + 1 / 3 * 2 / 4, 1 / 3])


def test_nothing_that_matches_scores_0() -> None:
    empty = np.zeros(0, np.int64)
    none = replace(
        HAND,
        event_curves=empty,
        event_images=empty,
        event_pool_ends=empty,
        event_is_true=empty.astype(bool),
        event_counts=empty,
    )

    assert ap(none, 1, 1, 1) == 0
