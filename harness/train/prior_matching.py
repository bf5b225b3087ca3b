"""Matches the ground truth faces of an image to priors, as the published training did.

# zoo-spec 5.5
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

OVERLAP_THRESHOLD = 0.35  # zoo-spec 5.5
VARIANCES = (0.1, 0.1, 0.2, 0.2)  # zoo-spec 1.4
NO_FACE = -1


def match_priors(priors_xyxy: Floats, faces_xyxy: Floats) -> NDArray[np.int64]:
    """Return the face that each prior answers for, or ``NO_FACE``.

    First every face gets the prior that overlaps it most; the pair with the largest
    overlap of all goes first. Then every other prior gets the face that it overlaps
    most, if that overlap is at least ``OVERLAP_THRESHOLD``.

    Args:
        priors_xyxy: ``[P, 4]``.
        faces_xyxy: ``[M, 4]``.

    Returns:
        ``[P]``, places in ``faces_xyxy``.
    """
    matched = np.full(len(priors_xyxy), NO_FACE, dtype=np.int64)
    if not len(faces_xyxy):
        return matched
    overlaps = _overlaps(priors_xyxy, faces_xyxy)  # [P, M]
    left = overlaps.copy()
    for _ in range(len(faces_xyxy)):
        prior, face = np.unravel_index(int(left.argmax()), left.shape)
        if left[prior, face] <= 0:
            break  # the faces that are left touch no prior
        matched[prior] = face
        left[prior], left[:, face] = -1, -1
    best = overlaps.argmax(axis=1)  # [P]
    good = overlaps.max(axis=1) >= OVERLAP_THRESHOLD
    return np.where((matched == NO_FACE) & good, best, matched)


def encode_faces(priors_xyxy: Floats, faces_xyxy: Floats) -> Floats:
    """Return the offsets from each prior to its face, as the network tells them.

    The inverse of decoding.  # zoo-spec 1.4

    Args:
        priors_xyxy: ``[N, 4]``.
        faces_xyxy: ``[N, 4]``, one for each.
    """
    prior_sides = priors_xyxy[:, 2:] - priors_xyxy[:, :2]
    face_sides = faces_xyxy[:, 2:] - faces_xyxy[:, :2]
    apart = (faces_xyxy[:, :2] + faces_xyxy[:, 2:]) / 2 - (
        priors_xyxy[:, :2] + priors_xyxy[:, 2:]
    ) / 2
    offsets = np.concatenate(
        [apart / prior_sides, np.log(face_sides / prior_sides)], axis=1
    )  # [N, 4]
    encoded: Floats = (offsets / np.asarray(VARIANCES)).astype(np.float32)
    return encoded


def hardest(
    losses: Floats, is_candidate: NDArray[np.bool_], count: int
) -> NDArray[np.bool_]:
    """Return which candidates have the largest losses, at most ``count`` of them.

    Args:
        losses: ``[P]``.
        is_candidate: ``[P]``.
        count: how many to take.
    """
    order = np.argsort(-np.where(is_candidate, losses, -np.inf), kind="stable")
    chosen = np.zeros(len(losses), dtype=np.bool_)
    chosen[order[:count]] = True
    return chosen & is_candidate


def _overlaps(priors_xyxy: Floats, faces_xyxy: Floats) -> Floats:
    near = np.maximum(priors_xyxy[:, None, :2], faces_xyxy[None, :, :2])  # [P, M, 2]
    far = np.minimum(priors_xyxy[:, None, 2:], faces_xyxy[None, :, 2:])
    inter = np.maximum(far - near, 0).prod(axis=2)  # [P, M]
    areas = [
        (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        for boxes in (priors_xyxy, faces_xyxy)
    ]
    union = areas[0][:, None] + areas[1][None] - inter
    shares: Floats = (inter / union).astype(np.float32)
    return shares
