from fractions import Fraction

import pytest

from harness.model.networks.backbones import BACKBONES
from harness.model.networks.shapes import Feature, ShapeOps


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_gives_three_features_at_strides_8_16_and_32(name):
    features = BACKBONES[name](ShapeOps(), Feature(3, Fraction(1)), width=1.0)

    assert [1 / one.scale for one in features] == [8, 16, 32]


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_narrows_with_its_width(name):
    full = BACKBONES[name](ShapeOps(), Feature(3, Fraction(1)), width=1.0)
    half = BACKBONES[name](ShapeOps(), Feature(3, Fraction(1)), width=0.5)

    assert [one.channels for one in half] == [one.channels // 2 for one in full]
