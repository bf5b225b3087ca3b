import numpy as np
import pytest

from harness.train.chain.mixup import Mixup, blend, partner_of
from testing.samples import Told, build_sample, equal_arrays


def blended_slowly(one, other, factor):
    """The definition, pixel by pixel."""
    height = max(one.rgb.shape[0], other.rgb.shape[0])
    width = max(one.rgb.shape[1], other.rgb.shape[1])
    found = np.zeros((height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            for c in range(3):
                grey = 0.0
                for sample, share in ((one, factor), (other, 1 - factor)):
                    if y < sample.rgb.shape[0] and x < sample.rgb.shape[1]:
                        grey += share * float(sample.rgb[y, x, c])
                found[y, x, c] = int(grey)
    return found


@pytest.mark.parametrize("factor", [0.05, 0.31, 0.5, 0.75, 0.999])
def test_pixels_are_blended_as_defined(factor):
    one = build_sample(height_px=5, width_px=9, seed=1)
    other = build_sample(height_px=7, width_px=4, seed=2)

    found = blend(one, other, factor).rgb

    expected = blended_slowly(one, other, factor)
    apart = np.abs(found.astype(int) - expected.astype(int))
    assert apart.max() <= 1  # a sum that is a whole number but for its last float bit
    assert (apart > 0).mean() < 0.02


def test_a_blend_worked_by_hand():
    one = build_sample(height_px=1, width_px=2, boxes=[(0, 0, 1, 0)])
    other = build_sample(height_px=2, width_px=1, boxes=[(0, 0, 0, 1), (0, 1, 0, 1)])
    one.rgb[:] = 100
    other.rgb[:] = 201

    found = blend(one, other, 0.25)

    assert found.rgb[..., 0].tolist() == [[175, 25], [150, 0]]  # 150.75 is cut
    assert found.boxes_xyxy.tolist() == [[0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 1]]
    assert found.classes.tolist() == [0, 0, 1]
    assert found.scores.tolist() == [0.25, 0.75, 0.75]


@pytest.mark.parametrize(("factor", "is_first"), [(1.0, True), (0.0, False)])
def test_all_of_one_is_that_one(factor, is_first):
    one, other = build_sample(seed=1), build_sample(height_px=9, seed=2)

    assert blend(one, other, factor) is (one if is_first else other)


@pytest.mark.parametrize(("drawn", "factor"), [(1.7, 1.0), (-0.2, 0.0), (0.4, 0.4)])
def test_a_factor_is_clipped_to_a_share(drawn, factor):
    assert Mixup().draw_factor(Told(beta=[drawn])) == factor


def test_factors_are_of_the_published_distribution():
    random = np.random.RandomState(3)

    factors = [Mixup().draw_factor(random) for _ in range(4000)]

    assert np.mean(factors) == pytest.approx(0.5, abs=0.02)
    assert np.var(factors) == pytest.approx(1.5 * 1.5 / (3**2 * 4), abs=0.004)


def test_a_partner_is_any_other_image():
    random = np.random.RandomState(0)

    found = {partner_of(2, 4, random) for _ in range(60)}

    assert found == {0, 1, 3}


def test_an_image_that_is_alone_has_no_partner():
    assert partner_of(0, 1, Told()) == 0


def test_the_blended_samples_stay_as_they_are():
    one, other = build_sample(seed=1), build_sample(seed=2)

    blend(one, other, 0.5)

    assert equal_arrays(one, build_sample(seed=1))
    assert equal_arrays(other, build_sample(seed=2))
