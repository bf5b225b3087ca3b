"""How detections of two runtimes are compared."""

import pytest


def _unmatched_rows(found, expected, *, score, box_px):
    """Return the rows of each side that the other does not have."""
    left = [tuple(one) for one in found.tolist()]
    missing = []
    for row in expected.tolist():
        near = [
            one
            for one in left
            if one[0] == row[0]
            and abs(one[1] - row[1]) <= score
            and max(abs(a - b) for a, b in zip(one[2:], row[2:], strict=True)) <= box_px
        ]
        if near:
            left.remove(near[0])
        else:
            missing.append(tuple(row))
    return left, missing


@pytest.fixture(scope="session")
def unmatched_rows():
    """Compare ``[K, 6]`` rows of detections, in any order.

    Scores of the goldens come as near to each other as 5e-6, and another processor may
    rank two such rows the other way round.
    """
    return _unmatched_rows
