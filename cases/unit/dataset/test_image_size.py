from pathlib import Path

import pytest
from PIL import Image

from harness.dataset.image_header import read_size_wh
from harness.errors import DatasetInvalid, DatasetMissing


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp"])
def test_the_size_is_width_by_height(tmp_path: Path, suffix: str) -> None:
    Image.new("RGB", (7, 5)).save(tmp_path / f"a.{suffix}")

    assert read_size_wh(tmp_path / f"a.{suffix}") == (7, 5)


def test_only_the_header_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.effect_noise((200, 100), 50).save(path)
    path.write_bytes(path.read_bytes()[:900])

    assert read_size_wh(path) == (200, 100)


def test_an_orientation_turns_nothing(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (7, 5)).save(tmp_path / "a.jpg", exif=exif)

    assert read_size_wh(tmp_path / "a.jpg") == (7, 5)


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DatasetMissing, match=r"image .*a\.jpg is not there"):
        read_size_wh(tmp_path / "a.jpg")


def test_a_header_that_claims_too_much_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("L", (1, 1)).save(path)
    content = bytearray(path.read_bytes())
    content[16:24] = (200_000).to_bytes(4, "big") * 2  # IHDR; 40 gigapixels
    path.write_bytes(content)

    with pytest.raises(DatasetInvalid, match=r"too many pixels; .* 200000 x 200000"):
        read_size_wh(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"no image at all"])
def test_what_is_no_image_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)

    with pytest.raises(
        DatasetInvalid,
        match=r"image .*a\.jpg cannot be decoded; expected a JPEG, PNG or BMP with its "
        rf"size, got {len(content)} bytes that start b'.*'; copy or fetch the image",
    ):
        read_size_wh(tmp_path / "a.jpg")
