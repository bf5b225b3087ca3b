from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evaluate.voc.matching import rank_descending

SCORES = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 5e-324, -5e-324, np.inf, -np.inf]),
    st.floats(allow_nan=False),
    st.floats(0, 1),
)


def test_the_highest_comes_first_and_equal_ones_as_they_come() -> None:
    scores = np.array([0.5, -2, 0.75, 0.5, 0.0, -0.0, 0.5], np.float32)

    assert rank_descending(scores).tolist() == [2, 0, 3, 6, 4, 5, 1]


@pytest.mark.parametrize("real", [np.float32, np.float64])
@given(values=st.lists(SCORES, max_size=40))
def test_it_is_numpy_s_stable_order(real: Any, values: list[float]) -> None:
    with np.errstate(over="ignore"):
        scores = np.array(values, np.float64).astype(real)

    expected = np.argsort(-scores, kind="stable")

    assert rank_descending(scores).tolist() == expected.tolist()


def test_no_scores_have_no_order() -> None:
    assert len(rank_descending(np.zeros(0, np.float32))) == 0
