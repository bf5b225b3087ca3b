"""Decoding of what may be a candidate against decoding of all cells: the same bits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.boxes.yolo_box import (
    CONFIDENCE_THRESHOLD,
    HOPELESS,
    decode_heads,
)
from testing.candidates import trained_heads
from testing.slow_detections import slow_decode_heads


def assert_same_bits(heads, *, height_px=333, width_px=517):
    found = decode_heads(heads, height_px=height_px, width_px=width_px)
    with np.errstate(all="ignore"):
        slow = slow_decode_heads(heads, height_px=height_px, width_px=width_px)

    for ours, theirs in zip(found, slow, strict=True):
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        assert ours.tobytes() == theirs.tobytes()
    return len(found[0])


@given(
    seed=st.integers(0, 2**32 - 1),
    grid=st.integers(1, 6),
    num_classes=st.integers(1, 9),
    spread=st.sampled_from([0.5, 2.0, 6.0, 60.0]),
    odd=st.sampled_from([0.0, 0.02]),
)
@settings(deadline=None)
def test_the_same_bits_whatever_the_heads_say(seed, grid, num_classes, spread, odd):
    rng = np.random.default_rng(seed)
    heads = [
        (rng.standard_normal((3 * (5 + num_classes), n, n)) * spread).astype(np.float32)
        for n in (grid, 2 * grid, 4 * grid)
    ]
    for head in heads:
        is_odd = rng.random(head.shape) < odd
        head[is_odd] = rng.choice(np.float32([np.nan, np.inf, -np.inf]), is_odd.sum())

    assert_same_bits(heads)


def test_the_same_cells_are_candidates_at_every_float_near_the_threshold():
    around = np.float32(np.linspace(-4.61, -4.58, 3 * 160 * 160))
    head = np.zeros((3, 6, 160, 160), np.float32)
    head[:, 4] = around.reshape(3, 160, 160)
    empty = [np.full((18, n, n), -50, np.float32) for n in (1, 2)]

    count = assert_same_bits([*empty, head.reshape(18, 160, 160)])

    assert 0 < count < around.size


def test_what_is_sifted_out_is_well_below_the_threshold():
    with np.errstate(over="ignore"):
        sigmoid = 1 / (1 + np.exp(-np.float64(HOPELESS)))

    assert sigmoid < 0.99996 * CONFIDENCE_THRESHOLD  # rounding moves it by 1e-7


@pytest.mark.parametrize("count", [0, 350])
def test_the_same_bits_for_a_trained_networks_heads(count):
    assert assert_same_bits(trained_heads(count, input_px=608)) == count
