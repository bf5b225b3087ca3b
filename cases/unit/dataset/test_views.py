import importlib.metadata

import numpy as np
import pytest

from harness.dataset.views import DECODERS, AsItIs, Square, decoder_name


def test_a_square_is_stretched_to_its_side():
    rgb = np.zeros((30, 50, 3), np.uint8)

    assert Square(input_px=16).look(rgb).shape == (16, 16, 3)
    assert Square(input_px=16).join([rgb, rgb]).shape == (2, 30, 50, 3)


def test_images_of_their_own_size_are_not_stacked():
    images = [np.zeros((30, 50, 3), np.uint8), np.zeros((3, 5, 3), np.uint8)]

    assert AsItIs().join([AsItIs().look(one) for one in images]) == tuple(images)


def test_equal_views_are_made_once():
    assert len({Square(input_px=16), Square(input_px=16), Square(input_px=8)}) == 2
    assert AsItIs() == AsItIs()


@pytest.mark.parametrize("view", [Square(input_px=8), AsItIs()])
def test_every_view_is_decoded_by_something_that_has_a_name(view):
    assert view.decoder in DECODERS
    assert decoder_name(view.decoder)[-1].isdigit()


def test_pillow_is_named_with_its_version():
    assert decoder_name("pillow") == f"pillow {importlib.metadata.version('pillow')}"
