import numpy as np
import pytest

from harness.model.boxes.preprocess import (
    IMAGENET,
    MEAN_RGB,
    NORMALISATIONS,
    STD_RGB,
    UNSCALED,
    normalise,
)
from harness.model.networks.backbones import BACKBONES


def defined(images_rgb, *, is_scale):
    """The published arithmetic, word for word (zoo-spec 1.2)."""
    x = images_rgb.astype(np.float32)
    if is_scale:
        x = x / np.float32(255)
    x -= np.array([0.485, 0.456, 0.406])
    x /= np.array([0.229, 0.224, 0.225])
    return x.transpose(0, 3, 1, 2)


@pytest.mark.parametrize(
    ("normalisation", "is_scale"), [(IMAGENET, True), (UNSCALED, False)]
)
def test_every_byte_in_every_channel_is_the_definition_to_the_last_bit(
    normalisation, is_scale
):
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    images = np.concatenate([ramp, ramp[:, ::-1], ramp[:, :, ::-1]], axis=3)

    found = normalise(images, normalisation)

    assert np.array_equal(found, defined(images, is_scale=is_scale))
    assert found.dtype == np.float32


def test_the_result_is_channels_first_red_first_and_contiguous():
    image = np.zeros((2, 4, 4, 3), dtype=np.uint8)
    image[1, 2, 3] = (255, 0, 255)

    found = normalise(image, IMAGENET)

    assert found.shape == (2, 3, 4, 4)
    assert found.flags.c_contiguous
    assert found[1, :, 2, 3] == pytest.approx(
        [
            (1 - MEAN_RGB[0]) / STD_RGB[0],
            -MEAN_RGB[1] / STD_RGB[1],
            (1 - MEAN_RGB[2]) / STD_RGB[2],
        ]
    )


def test_a_swap_of_red_and_blue_is_seen():
    image = np.zeros((1, 1, 1, 3), dtype=np.uint8)
    image[..., 0] = 200

    assert not np.allclose(
        normalise(image, IMAGENET), normalise(image[..., ::-1], IMAGENET)
    )


def test_the_images_are_left_as_they_were():
    image = np.full((1, 2, 2, 3), 9, dtype=np.uint8)

    normalise(image, IMAGENET)

    assert (image == 9).all()


def test_every_backbone_has_a_normalisation():
    assert set(NORMALISATIONS) == set(BACKBONES)


def test_object365_alone_is_not_scaled():
    unscaled = [one for one, how in NORMALISATIONS.items() if how == UNSCALED]

    assert unscaled == ["resnet50_vd_dcn_obj365"]  # zoo-spec 1.2


def test_the_formula_is_told_as_it_is_computed():
    assert str(IMAGENET) == "(x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]"
    assert str(UNSCALED) == "(x - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]"
