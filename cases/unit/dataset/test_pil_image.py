"""What Pillow makes of each kind of image, and what it refuses."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.dataset.pil_image import read_rgb_with_pil
from harness.errors import DatasetInvalid, DatasetMissing


@pytest.fixture
def drawn() -> np.ndarray:
    ramp = np.arange(48 * 32, dtype=np.uint16).reshape(32, 48) // 6
    return np.stack([ramp, 255 - ramp, ramp // 2], -1).astype(np.uint8)


def test_pixels_come_as_red_green_blue(tmp_path: Path, drawn: np.ndarray) -> None:
    Image.fromarray(drawn).save(tmp_path / "a.png")

    rgb = read_rgb_with_pil(tmp_path / "a.png")

    assert rgb.dtype == np.uint8
    assert (rgb == drawn).all()


def test_grey_becomes_three_equal_channels(tmp_path: Path, drawn: np.ndarray) -> None:
    Image.fromarray(drawn[..., 0]).save(tmp_path / "a.png")

    rgb = read_rgb_with_pil(tmp_path / "a.png")

    assert (rgb == drawn[..., :1]).all()


def test_cmyk_becomes_rgb(tmp_path: Path, drawn: np.ndarray) -> None:
    Image.fromarray(drawn).convert("CMYK").save(tmp_path / "a.jpg", quality=100)

    rgb = read_rgb_with_pil(tmp_path / "a.jpg")

    assert rgb.shape == drawn.shape
    assert np.abs(rgb.astype(int) - drawn).mean() < 3


def test_an_exif_orientation_turns_nothing(tmp_path: Path, drawn: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(drawn).save(tmp_path / "a.jpg", exif=exif, quality=100)

    rgb = read_rgb_with_pil(tmp_path / "a.jpg")

    assert rgb.shape == drawn.shape
    assert np.abs(rgb.astype(int) - drawn).mean() < 3


def test_sixteen_bits_of_grey_are_clipped_and_not_scaled(tmp_path: Path) -> None:
    deep = np.array([[0, 200, 255, 256, 65535]], np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")

    rgb = read_rgb_with_pil(tmp_path / "a.png")

    assert rgb[0, :, 0].tolist() == [0, 200, 255, 255, 255]


def test_a_palette_and_transparency_are_dropped(
    tmp_path: Path, drawn: np.ndarray
) -> None:
    image = Image.fromarray(drawn).quantize(16)
    image.save(tmp_path / "palette.png")
    image.convert("RGBA").save(tmp_path / "clear.png")

    palette = read_rgb_with_pil(tmp_path / "palette.png")
    assert palette.shape == drawn.shape
    assert (read_rgb_with_pil(tmp_path / "clear.png") == palette).all()


@pytest.mark.parametrize("cut", ["end", "half", "zeros"])
def test_a_jpeg_that_was_cut_short_is_named(
    tmp_path: Path, drawn: np.ndarray, cut: str
) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(drawn).save(path, quality=95)
    content = path.read_bytes()
    half = content[: len(content) // 2]
    shorter = {"end": content[:-2], "half": half, "zeros": half + bytes(len(half))}
    path.write_bytes(shorter[cut])

    with pytest.raises(DatasetInvalid, match=r"image .*a\.jpg is cut short"):
        read_rgb_with_pil(path)


@pytest.mark.parametrize("content", [b"", b"not an image"])
def test_what_is_no_image_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)

    with pytest.raises(
        DatasetInvalid,
        match=r"image .*a\.jpg cannot be decoded; expected a JPEG, PNG or BMP with its "
        r"size, got \d+ bytes that start b'.*'; copy or fetch the image again",
    ):
        read_rgb_with_pil(path)


def test_half_a_png_is_named(tmp_path: Path, drawn: np.ndarray) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(drawn).save(path)
    path.write_bytes(path.read_bytes()[:-300])

    with pytest.raises(DatasetInvalid, match=r"a\.png cannot be decoded"):
        read_rgb_with_pil(path)


def test_of_two_headers_in_a_png_neither_is_believed(
    tmp_path: Path, drawn: np.ndarray
) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(drawn).save(path)
    content = path.read_bytes()
    head = content[12:29]
    larger = head[:4] + struct.pack(">2I", 9999, 9999) + head[12:]
    chunk = struct.pack(">I", 13) + larger + struct.pack(">I", zlib.crc32(larger))
    path.write_bytes(content[:33] + chunk + content[33:])

    with pytest.raises(
        DatasetInvalid, match=r"got a second header with \(9999, 9999\), after \(48, 32"
    ):
        read_rgb_with_pil(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetMissing, match=r"image .*gone\.jpg cannot be read"):
        read_rgb_with_pil(tmp_path / "gone.jpg")
