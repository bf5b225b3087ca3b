import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.boxes.face_voting import vote


def voted(*rows):
    """Vote on rows ``x1 y1 x2 y2 score``; give rows back."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    boxes, scores = vote(table[:, :4], table[:, 4])
    return np.hstack([boxes, scores[:, None]]).tolist()


def test_nothing_found_stays_nothing():
    assert voted() == []


def test_boxes_that_overlap_become_their_weighted_mean_with_the_best_score():
    (face,) = voted((0, 0, 9, 9, 0.25), (4, 0, 13, 9, 0.75))

    assert face == pytest.approx([3, 0, 12, 9, 0.75])


def test_a_box_alone_is_dropped():
    (face,) = voted((0, 0, 9, 9, 0.9), (0, 0, 9, 9, 0.8), (50, 50, 59, 59, 0.95))

    assert face == pytest.approx([0, 0, 9, 9, 0.9])


def test_but_the_last_of_all_is_kept():
    pair = ((0, 0, 9, 9, 0.9), (0, 0, 9, 9, 0.8))

    faces = voted(*pair, (50, 50, 59, 59, 0.5))

    assert [one[4] for one in faces] == [0.9, 0.5]
    assert voted((50, 50, 59, 59, 0.5)) == [[50, 50, 59, 59, 0.5]]


def test_a_look_without_a_face_takes_that_place():
    pair = ((0, 0, 9, 9, 0.9), (0, 0, 9, 9, 0.8))

    faces = voted(*pair, (50, 50, 59, 59, 0.5), (0, 0, 0, 0, 0))

    assert [one[4] for one in faces] == [0.9]


def test_looks_without_a_face_make_none():
    assert voted((0, 0, 0, 0, 0), (0, 0, 0, 0, 0), (64, 0, 64, 0, 0)) == []


def test_an_overlap_of_exactly_three_tenths_is_enough():
    # 10 x 10 each, 60 pixels shared of 140: 0.43; and 46 of 154, short of 0.3
    near, far = (0, 0, 9, 9, 0.9), (0, 4, 9, 13, 0.8)
    assert len(voted(near, far)) == 1
    assert voted(near, far)[0][3] > 9

    # 13 x 1 each, 6 pixels shared of 20
    assert voted((0, 0, 12, 0, 0.9), (7, 0, 19, 0, 0.8))[0] == pytest.approx(
        [7 * 0.8 / 1.7, 0, 12 + 7 * 0.8 / 1.7, 0, 0.9]
    )


def test_of_equal_scores_the_later_box_gathers():
    chain = [(0, 0, 9, 9, 0.5), (5, 0, 14, 9, 0.5), (10, 0, 19, 9, 0.5)]

    # The last gathers the middle one; the first is the last of all.
    faces = voted(*chain)

    assert [one[:4] for one in faces] == [[7.5, 0, 16.5, 9], [0, 0, 9, 9]]


def test_at_most_750_faces_are_kept_and_none_below_a_hundredth():
    many = [
        (20 * k, 0, 20 * k + 9, 9, score)
        for k in range(800)
        for score in (0.5 + k / 10_000, 0.4)
    ]

    faces = voted(*many)

    assert len(faces) == 750
    assert faces[0][4] == pytest.approx(0.5799)
    assert voted((0, 0, 9, 9, 0.009), (0, 0, 9, 9, 0.008)) == []
    assert len(voted((0, 0, 9, 9, 0.01), (0, 0, 9, 9, 0.008))) == 1


def slow_vote(rows):
    """The definition of zoo-spec 1.7, one box at a time."""
    left = sorted(enumerate(rows), key=lambda one: (one[1][4], one[0]), reverse=True)
    left = [row for _, row in left]
    found = []
    while left:
        head = left[0]

        def overlap(row, head=head):
            width = min(head[2], row[2]) - max(head[0], row[0]) + 1
            height = min(head[3], row[3]) - max(head[1], row[1]) + 1
            inter = max(width, 0) * max(height, 0)
            areas = [(b[2] - b[0] + 1) * (b[3] - b[1] + 1) for b in (head, row)]
            return inter / (sum(areas) - inter)

        cluster = [row for row in left if row is head or overlap(row) >= 0.3]
        left = [row for row in left if row is not head and overlap(row) < 0.3]
        if len(cluster) == 1 and left:
            continue
        total = sum(row[4] for row in cluster)
        if total > 0:
            mean = [sum(row[k] * row[4] for row in cluster) / total for k in range(4)]
            found.append([*mean, max(row[4] for row in cluster)])
    return [row for row in found[:750] if row[4] >= 0.01]


@given(st.integers(0, 100_000))
def test_voting_is_its_definition_box_by_box(seed):
    random = np.random.default_rng(seed)
    near = random.integers(0, 40, (int(random.integers(1, 25)), 2))
    boxes = np.hstack([near, near + random.integers(0, 25, near.shape)])
    scores = random.integers(0, 6, len(boxes)) / 5  # with ties and zeros
    rows = np.hstack([boxes, scores[:, None]]).tolist()

    expected = slow_vote(rows)
    assert len(voted(*rows)) == len(expected)
    for got, wanted in zip(voted(*rows), expected, strict=True):
        assert got == pytest.approx(wanted)
