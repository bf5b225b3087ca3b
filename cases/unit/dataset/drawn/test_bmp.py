import struct

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.dataset.drawn.bmp import HEADER_BYTES, bmp_bytes
from harness.dataset.image import read_rgb


@given(
    width=st.integers(1, 9), height=st.integers(1, 9), seed=st.integers(0, 2**32 - 1)
)
@settings(deadline=None)
def test_opencv_reads_the_pixels_back(width, height, seed):
    rgb = np.random.default_rng(seed).integers(
        0, 256, (height, width, 3), dtype=np.uint8
    )

    content = np.frombuffer(bmp_bytes(rgb), dtype=np.uint8)

    assert np.array_equal(cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1], rgb)


def test_the_dataset_reads_the_pixels_back(tmp_path):
    rgb = np.zeros((2, 3, 3), dtype=np.uint8)
    rgb[0, 1] = (255, 128, 1)
    (tmp_path / "a.bmp").write_bytes(bmp_bytes(rgb))

    assert np.array_equal(read_rgb(tmp_path / "a.bmp"), rgb)


@pytest.mark.parametrize(("width", "row_bytes"), [(1, 4), (4, 12), (5, 16)])
def test_the_file_says_its_size_and_rows_are_padded_to_four_bytes(width, row_bytes):
    content = bmp_bytes(np.zeros((3, width, 3), dtype=np.uint8))

    assert len(content) == HEADER_BYTES + 3 * row_bytes
    assert content[:2] == b"BM"
    assert struct.unpack_from("<I", content, 2) == (len(content),)


def test_rows_are_stored_bottom_up_and_blue_first():
    rgb = np.array([[[1, 2, 3]], [[4, 5, 6]]], dtype=np.uint8)

    assert bmp_bytes(rgb)[HEADER_BYTES:] == bytes([6, 5, 4, 0, 3, 2, 1, 0])
