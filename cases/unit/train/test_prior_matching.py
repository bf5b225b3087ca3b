import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.boxes.center_size_boxes import decode_center_size
from harness.train.prior_matching import (
    NO_FACE,
    encode_faces,
    hardest,
    match_priors,
)

PRIORS = np.float32(
    [[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1], [0.1, 0.1, 0.5, 0.5]]
)


def test_without_faces_no_prior_answers():
    assert match_priors(PRIORS, np.zeros((0, 4), np.float32)).tolist() == [NO_FACE] * 4


def test_the_best_prior_and_every_good_one_answer():
    matched = match_priors(PRIORS, np.float32([[0, 0, 0.5, 0.5]]))

    assert matched.tolist() == [0, NO_FACE, NO_FACE, 0]  # 0.64 of overlap is enough


def test_a_small_face_has_its_best_prior_all_the_same():
    matched = match_priors(PRIORS, np.float32([[0.6, 0.6, 0.62, 0.62]]))
    assert matched.tolist() == [NO_FACE] * 4  # it touches none

    matched = match_priors(PRIORS, np.float32([[0.6, 0.1, 0.62, 0.12]]))
    assert matched.tolist() == [NO_FACE, 0, NO_FACE, NO_FACE]


def test_the_largest_overlap_of_all_pairs_is_taken_first():
    faces = np.float32([[0, 0, 0.5, 0.45], [0, 0, 0.5, 0.5]])

    matched = match_priors(PRIORS, faces)

    # Prior 0 is the best of both: the better fitting face has it.
    assert matched[0] == 1
    assert matched[3] == 0


def slow_match(priors, faces):
    def overlap(a, b):
        width = min(a[2], b[2]) - max(a[0], b[0])
        height = min(a[3], b[3]) - max(a[1], b[1])
        inter = max(width, 0) * max(height, 0)
        areas = [(one[2] - one[0]) * (one[3] - one[1]) for one in (a, b)]
        return inter / (sum(areas) - inter)

    table = [[overlap(prior, face) for face in faces] for prior in priors]
    matched = [NO_FACE] * len(priors)
    taken = set()
    for _ in faces:
        pairs = [
            (table[p][f], -p, -f)
            for p in range(len(priors))
            for f in range(len(faces))
            if matched[p] == NO_FACE and f not in taken and table[p][f] > 0
        ]
        if not pairs:
            break
        _, p, f = max(pairs)
        matched[-p] = -f
        taken.add(-f)
    for p, row in enumerate(table):
        if matched[p] == NO_FACE and max(row) >= 0.35:
            matched[p] = row.index(max(row))
    return matched


@given(st.integers(0, 10_000))
def test_matching_is_its_definition_pair_by_pair(seed):
    random = np.random.default_rng(seed)

    def boxes(count):
        near = random.uniform(0, 0.7, (count, 2))
        return np.hstack([near, near + random.uniform(0.05, 0.3, (count, 2))])

    priors, faces = boxes(12), boxes(int(random.integers(1, 5)))

    assert match_priors(priors, faces).tolist() == slow_match(
        priors.tolist(), faces.tolist()
    )


def test_what_is_encoded_is_decoded_to_the_face():
    faces = np.float32([[0.1, 0, 0.4, 0.6], [0.55, 0.1, 0.9, 0.3]] * 2)

    decoded = decode_center_size(encode_faces(PRIORS, faces), PRIORS)

    assert decoded == pytest.approx(faces, abs=1e-6)


def test_the_most_wrong_candidates_are_taken():
    losses = np.float32([5, 1, 9, 3])
    candidates = np.array([True, True, False, True])

    assert hardest(losses, candidates, 2).tolist() == [True, False, False, True]
    assert hardest(losses, candidates, 0).tolist() == [False] * 4
    assert hardest(losses, candidates, 9).tolist() == candidates.tolist()
