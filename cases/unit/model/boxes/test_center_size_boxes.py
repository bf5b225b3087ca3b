import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.boxes import center_size_boxes
from harness.model.boxes.center_size_boxes import decode_center_size

CASES = ("no_offset", "offsets_of_a_trained_network", "wild_offsets")
#: Of the largest coordinate: the old operator's exp may round its last place otherwise.
AGREES = 1e-6


def difference(golden, case, change=lambda offsets: offsets):
    """Largest difference to the old operator, as a share of its largest value."""
    priors = golden[f"coder_{case}.priors"]
    expected = golden[f"coder_{case}.boxes"]
    found = [
        decode_center_size(change(one), priors)
        for one in golden[f"coder_{case}.offsets"]
    ]
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("case", CASES)
def test_the_old_operators_boxes(faces_postprocess, case):
    assert difference(faces_postprocess, case) < AGREES


TRAPS = {
    "sizes before centres": lambda offsets: offsets[:, [2, 3, 0, 1]],
    "y before x": lambda offsets: offsets[:, [1, 0, 3, 2]],
}


@pytest.mark.parametrize("trap", TRAPS)
def test_offsets_in_another_order_are_told_apart(faces_postprocess, trap):
    case = "offsets_of_a_trained_network"

    assert difference(faces_postprocess, case, TRAPS[trap]) > 1e-2


@pytest.mark.parametrize("name", ["CENTRE_VARIANCE", "SIZE_VARIANCE"])
def test_another_variance_is_told_apart(monkeypatch, faces_postprocess, name):
    monkeypatch.setattr(center_size_boxes, name, np.float32(0.15))

    assert difference(faces_postprocess, "offsets_of_a_trained_network") > 1e-2


def test_a_case_worked_by_hand():
    priors = np.float32([[0.2, 0.4, 0.6, 0.6]])  # 0.4 by 0.2 around (0.4, 0.5)
    offsets = np.float32([[5, -5, 5 * np.log(2), 0]])  # half a side each; twice as wide

    found = decode_center_size(offsets, priors)

    assert found == pytest.approx(np.float32([[0.2, 0.3, 1.0, 0.5]]), abs=1e-6)


@given(seed=st.integers(0, 2**32 - 1))
def test_without_offsets_a_box_is_its_prior(seed):
    rng = np.random.default_rng(seed)
    near = rng.uniform(-0.5, 1, (9, 2))
    priors = np.float32(np.hstack([near, near + rng.uniform(0.01, 1, (9, 2))]))

    found = decode_center_size(np.zeros((9, 4), np.float32), priors)

    assert np.allclose(found, priors, atol=1e-6)


def test_a_hopeless_side_is_infinite_and_no_warning():
    found = decode_center_size(
        np.float32([[0, 0, 1e6, 0]]), np.float32([[0, 0, 0.1, 0.1]])
    )

    assert found[0, 2] == np.inf
