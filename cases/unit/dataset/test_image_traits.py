"""What is told of an image file, for both ways of reading it."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from harness.dataset.image import Pixels, read_rgb
from harness.dataset.image_traits import LOSSES, TRAITS, ImageTraits, inspect_image
from harness.dataset.pil_image import read_rgb_with_pil

WAYS = [read_rgb, read_rgb_with_pil]
DRAWN = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)

Decode = Callable[[Path], Pixels]


def inspect(path: Path, decode: Decode = read_rgb, **size: int) -> ImageTraits:
    given = {"width_px": 64, "height_px": 48, **size}
    return inspect_image(path, decode, witness=read_rgb, **given)


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def jpeg_bytes(**options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(DRAWN).save(out, "JPEG", quality=95, **options)
    return out.getvalue()


@pytest.mark.parametrize("decode", WAYS)
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.bmp"])
def test_a_plain_image_has_nothing_unusual(
    tmp_path: Path, decode: Decode, name: str
) -> None:
    path = saved(tmp_path / name, Image.fromarray(DRAWN))

    assert inspect(path, decode) == ImageTraits(fault=None, traits=frozenset())


@pytest.mark.parametrize("decode", WAYS)
def test_cmyk_and_grey_are_told_and_sound(tmp_path: Path, decode: Decode) -> None:
    image = Image.fromarray(DRAWN)
    cmyk = inspect(saved(tmp_path / "cmyk.jpg", image.convert("CMYK")), decode)
    grey = inspect(saved(tmp_path / "grey.jpg", image.convert("L")), decode)

    assert cmyk == ImageTraits(fault=None, traits=frozenset({"cmyk"}))
    assert grey == ImageTraits(fault=None, traits=frozenset({"grey"}))


@pytest.mark.parametrize("decode", WAYS)
def test_sixteen_bits_are_told_of_grey_and_of_colour(
    tmp_path: Path, decode: Decode
) -> None:
    deep = DRAWN.astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / "grey.png"), deep[..., 0])
    cv2.imwrite(str(tmp_path / "colour.png"), deep)

    assert inspect(tmp_path / "grey.png", decode).traits == {"grey", "sixteen_bit"}
    assert inspect(tmp_path / "colour.png", decode).traits == {"sixteen_bit"}


def test_a_turned_image_has_another_size_where_the_decoder_turns_it(
    tmp_path: Path,
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / "a.jpg", Image.fromarray(DRAWN), exif=exif)

    assert inspect(path, read_rgb).traits == {"turned", "other_size"}
    assert inspect(path, read_rgb_with_pil).traits == {"turned"}
    assert inspect(path, read_rgb, width_px=48, height_px=64).traits == {"turned"}


@pytest.mark.parametrize("decode", WAYS)
def test_a_size_that_disagrees_with_the_annotations_is_told(
    tmp_path: Path, decode: Decode
) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(DRAWN))

    assert inspect(path, decode, width_px=65).traits == {"other_size"}


@pytest.mark.parametrize("decode", WAYS)
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (jpeg_bytes()[:-2], "is cut short"),
        (jpeg_bytes()[:900], "is cut short"),
        (b"not an image", "cannot be decoded"),
        (b"", "cannot be decoded"),
    ],
)
def test_an_image_that_is_not_whole_is_a_fault(
    tmp_path: Path, decode: Decode, content: bytes, why: str
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)

    fault = inspect(path, decode).fault

    assert fault is not None
    assert fault.startswith(f"image {path} {why}")


@pytest.mark.parametrize("decode", WAYS)
def test_a_missing_image_is_a_fault(tmp_path: Path, decode: Decode) -> None:
    found = inspect(tmp_path / "gone.jpg", decode)

    assert found.fault is not None
    assert "cannot be read" in found.fault


@pytest.mark.parametrize("decode", WAYS)
def test_pixels_that_the_decoder_made_up_are_a_fault(
    tmp_path: Path, decode: Decode
) -> None:
    content = jpeg_bytes()
    path = tmp_path / "a.jpg"
    path.write_bytes(content[: len(content) // 2] + b"\xff\xd9")  # ends, too early

    fault = inspect(path, decode).fault

    assert fault is not None
    assert "is damaged; got Corrupt JPEG data: premature end of data segment" in fault


@pytest.mark.parametrize("decode", WAYS)
def test_a_complaint_without_loss_is_told_and_sound(
    tmp_path: Path, decode: Decode
) -> None:
    path = tmp_path / "a.jpg"
    before, mark, after = jpeg_bytes(restart_marker_blocks=2).partition(b"\xff\xd0")
    path.write_bytes(before + bytes(9) + mark + after)  # bytes too many before a mark

    assert inspect(path, decode) == ImageTraits(
        fault=None, traits=frozenset({"warned"})
    )


def test_standard_error_is_given_back(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def noisy(path: Path) -> Pixels:
        os.write(2, b"libpng warning: swallowed\n")
        return read_rgb(path)

    path = saved(tmp_path / "a.png", Image.fromarray(DRAWN))
    found = inspect_image(path, noisy, witness=noisy, width_px=64, height_px=48)
    sys.stderr.write("after\n")

    assert found.traits == {"warned"}
    assert capfd.readouterr().err == "after\n"


def test_every_trait_is_a_word_and_every_loss_is_compared_in_lower_case() -> None:
    assert len(set(TRAITS)) == len(TRAITS)
    assert [one.lower() for one in LOSSES] == list(LOSSES)


def test_a_damaged_exif_hides_no_trait_and_warns_nobody(tmp_path: Path) -> None:
    cut = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01"  # an entry of 12 bytes has 2
    path = saved(tmp_path / "a.jpg", Image.fromarray(DRAWN).convert("L"), exif=cut)

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = inspect(path)

    assert "grey" in found.traits
    assert warned == []
