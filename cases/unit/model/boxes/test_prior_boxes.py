import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.boxes.prior_boxes import BLAZEFACE_LEVELS, PriorLevel, prior_boxes

CASES = ("appendix", "fine_level", "one_cell", "tall")
MAPS_HW = [(13, 19), (7, 10)]  # of an image 145 x 97


def priors_of_case(golden, case):
    height_px, width_px = golden[f"prior_{case}.image_hw"].tolist()
    map_hw = tuple(golden[f"prior_{case}.map_hw"].tolist())
    return prior_boxes(
        [map_hw],
        height_px=height_px,
        width_px=width_px,
        levels=[BLAZEFACE_LEVELS[int(golden[f"prior_{case}.level"])]],
    )


def test_every_case_of_the_golden_is_looked_at(faces_postprocess):
    cases = {name.partition(".")[0] for name in faces_postprocess if "prior" in name}

    assert {f"prior_{case}" for case in CASES} <= cases
    assert len([one for one in cases if one.startswith("prior_")]) == len(CASES)


@pytest.mark.parametrize("case", CASES)
def test_the_old_operators_priors_to_the_last_bit(faces_postprocess, case):
    found = priors_of_case(faces_postprocess, case)

    assert np.array_equal(found, faces_postprocess[f"prior_{case}.priors"])


def test_the_published_example():
    found = prior_boxes(MAPS_HW, height_px=97, width_px=145)

    first_of_16 = 13 * 19 * 2
    assert found[first_of_16 + 1] == pytest.approx(
        [-0.110345, -0.164948, 0.220690, 0.329897], abs=1e-6
    )  # side 48 in cell (0, 0)  # zoo-spec Appendix A


def test_priors_go_by_level_then_row_then_column_then_side():
    found = prior_boxes(MAPS_HW, height_px=97, width_px=145)
    fine = found[: 13 * 19 * 2].reshape(13, 19, 2, 4)

    sides_px = (fine[..., 2] - fine[..., 0]) * 145
    centres_px = (fine[..., :2] + fine[..., 2:]) / 2 * [145, 97]
    assert np.allclose(sides_px, [16, 24], atol=1e-3)
    assert centres_px[3, 5] == pytest.approx(np.float32([[44, 28], [44, 28]]), abs=1e-3)
    assert len(found) == 13 * 19 * 2 + 7 * 10 * 6


WRONG_ORDERS = {
    "columns before rows": lambda grid: grid.swapaxes(0, 1),
    "sides before cells": lambda grid: np.moveaxis(grid, 2, 0),
    "sides the other way round": lambda grid: grid[:, :, ::-1],
}


@pytest.mark.parametrize("wrong", WRONG_ORDERS)
def test_another_order_is_told_apart(faces_postprocess, wrong):
    grid = priors_of_case(faces_postprocess, "appendix").reshape(7, 10, 6, 4)

    found = WRONG_ORDERS[wrong](grid).reshape(-1, 4)

    assert not np.allclose(found, faces_postprocess["prior_appendix.priors"], atol=1e-2)


@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    height_px=st.integers(1, 2000),
    width_px=st.integers(1, 2000),
)
def test_a_turned_image_has_turned_priors(rows, columns, height_px, width_px):
    level = [PriorLevel(step_px=16, sides_px=(32, 48))]

    upright = prior_boxes(
        [(rows, columns)], height_px=height_px, width_px=width_px, levels=level
    ).reshape(rows, columns, 2, 4)
    turned = prior_boxes(
        [(columns, rows)], height_px=width_px, width_px=height_px, levels=level
    ).reshape(columns, rows, 2, 4)

    assert np.array_equal(upright.swapaxes(0, 1)[..., [1, 0, 3, 2]], turned)
