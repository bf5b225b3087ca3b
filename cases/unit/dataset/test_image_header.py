"""What a header says is known before a decoder sees the file."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.dataset.image import Pixels, read_rgb
from harness.dataset.image_header import (
    FORMATS,
    MAX_IMAGE_PIXELS,
    MAX_SEGMENTS,
    VARIABLE,
    ImageHeader,
    max_image_pixels,
    parse_header,
    read_size_wh,
)
from harness.dataset.image_traits import inspect_image
from harness.dataset.pil_image import read_rgb_with_pil
from harness.errors import DatasetInvalid, UsageError

READERS = {
    "opencv": "from harness.dataset.image import read_rgb as read; import cv2",
    "pillow": "from harness.dataset.pil_image import read_rgb_with_pil as read; "
    "import PIL.PngImagePlugin",
}
WAYS = [read_rgb, read_rgb_with_pil, read_size_wh]
#: Starts Ghostscript in Pillow, which then runs what follows.
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"


def encoded(name: str, width_px: int, height_px: int, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width_px, height_px)).save(out, name, **options)
    return out.getvalue()


def png_of_zeros(width_px: int, height_px: int) -> bytes:
    """A grey image of that size, in a thousandth of its bytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + crc

    packer = zlib.compressobj(9)
    row = bytes(1 + width_px)
    data = b"".join(packer.compress(row) for _ in range(height_px)) + packer.flush()
    head = struct.pack(">2I5B", width_px, height_px, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", head), chunk(b"IDAT", data), chunk(b"IEND", b"")]
    )


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=20, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300))
def test_format_and_size_are_those_that_pillow_finds(
    name: str, width_px: int, height_px: int
) -> None:
    assert parse_header(encoded(name, width_px, height_px)) == ImageHeader(
        format=name, width_px=width_px, height_px=height_px
    )


def test_every_kind_of_jpeg_has_its_size() -> None:
    for options in ({"progressive": True}, {"exif": b"Exif\0\0" + b"\xff" * 900}):
        header = parse_header(encoded("JPEG", 31, 17, **options))
        assert (header and (header.width_px, header.height_px)) == (31, 17)
    plain = encoded("JPEG", 31, 17)
    # Between two segments, where libjpeg passes over it.
    filled = plain[:20] + b"garbage\xff\xff" + plain[20:]

    assert parse_header(filled) == parse_header(plain)
    assert cv2.imdecode(np.frombuffer(filled, np.uint8), 1).shape == (17, 31, 3)


@pytest.mark.parametrize("mark", [b"\xff\xd0", b"\xff", b"\xff\x01"])
def test_a_mark_without_content_hides_no_size(mark: bytes) -> None:
    plain = encoded("JPEG", 31, 17)
    frame = plain.index(b"\xff\xc0")

    assert parse_header(plain[:frame] + mark + plain[frame:]) == parse_header(plain)


def test_a_bitmap_may_lie_upside_down_or_have_short_sides() -> None:
    content = bytearray(encoded("BMP", 31, 17))
    content[22:26] = struct.pack("<i", -17)
    old = b"BM" + bytes(12) + struct.pack("<I2H", 12, 31, 17)

    for one in (bytes(content), old):
        assert parse_header(one) == ImageHeader(format="BMP", width_px=31, height_px=17)


def test_a_jpeg_says_its_size_within_so_many_segments() -> None:
    plain, segment = encoded("JPEG", 31, 17), b"\xff\xfe\x00\x02"

    before = plain[2:].index(b"\xff\xc0") and 4  # JFIF, two tables, and the frame
    assert parse_header(plain[:2] + segment * (MAX_SEGMENTS - before) + plain[2:])
    assert not parse_header(plain[:2] + segment * MAX_SEGMENTS + plain[2:])


@pytest.mark.parametrize("name", FORMATS)
def test_a_header_cut_anywhere_is_none(name: str) -> None:
    whole = encoded(name, 31, 17)
    needed = next(n for n in range(len(whole)) if parse_header(whole[:n]))

    assert all(parse_header(whole[:n]) is None for n in range(needed))


@given(st.sampled_from([b"", b"\xff\xd8\xff", b"BM"]), st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_have_a_header_or_none(start: bytes, rest: bytes) -> None:
    header = parse_header(start + rest)

    assert header is None or min(header.width_px, header.height_px) >= 1


@pytest.mark.parametrize("read", WAYS)
@pytest.mark.parametrize("content", [EPS, encoded("GIF", 9, 9), encoded("TIFF", 9, 9)])
def test_other_formats_are_refused_before_a_decoder_sees_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    read: Callable[[Path], object],
    content: bytes,
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    monkeypatch.setattr(Image, "open", None)
    monkeypatch.setattr(cv2, "imdecode", None)

    with pytest.raises(
        DatasetInvalid,
        match=rf"image .*a\.jpg cannot be decoded; expected a JPEG, PNG or BMP with "
        rf"its size, got {len(content)} bytes that start b'.*'; copy or fetch the ",
    ):
        read(path)


def test_no_traits_are_looked_for_in_other_formats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jpg").write_bytes(EPS)
    plain, tried = Image.open, []

    def open_noted(*args: object, formats: object = None) -> Image.Image:
        tried.append(formats)
        return plain(*args, formats=formats)

    monkeypatch.setattr(Image, "open", open_noted)
    found = inspect_image(
        tmp_path / "a.jpg", read_rgb, witness=read_rgb, width_px=9, height_px=9
    )

    assert "cannot be decoded" in (found.fault or "")
    assert tried == [FORMATS]


@pytest.mark.parametrize("read", WAYS)
def test_the_limit_of_pixels_is_the_same_for_every_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], object]
) -> None:
    (tmp_path / "a.png").write_bytes(encoded("PNG", 20, 10))

    monkeypatch.setenv(VARIABLE, "200")
    read(tmp_path / "a.png")
    monkeypatch.setenv(VARIABLE, "199")
    with pytest.raises(
        DatasetInvalid,
        match=r"image .*a\.png has too many pixels; expected at most 199, got 20 x 10; "
        r"if that is meant, give --max-image-pixels N or set ZOO_MAX_IMAGE_PIXELS",
    ):
        read(tmp_path / "a.png")


def test_pillow_has_no_other_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(encoded("PNG", 20, 10))
    for theirs in (150, 50):  # it warns of more, and refuses more than twice as many
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", theirs)

        assert read_rgb_with_pil(tmp_path / "a.png").shape == (10, 20, 3)


def test_the_limit_has_a_default_and_must_be_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for said in ("", "1", "250000000"):
        monkeypatch.setenv(VARIABLE, said)
        assert max_image_pixels() == int(said or MAX_IMAGE_PIXELS)
    for said in ("0", "-1", "1e8", "many", "\u0663", "9" * 16):
        monkeypatch.setenv(VARIABLE, said)
        with pytest.raises(
            UsageError, match="ZOO_MAX_IMAGE_PIXELS; expected a number of pixels, 1 or"
        ):
            max_image_pixels()


@pytest.mark.parametrize("reader", READERS)
def test_a_small_file_of_many_pixels_takes_no_memory(
    tmp_path: Path, open_in_a_child: Callable[..., Any], reader: str
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_of_zeros(20_000, 5_001))

    found = open_in_a_child(path, "read(path)", before=READERS[reader])

    assert "has too many pixels; expected at most 100000000" in found.told
    assert found.took_bytes < 16 << 20


@pytest.mark.parametrize("read", [read_rgb, read_rgb_with_pil])
def test_a_file_larger_than_any_image_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], Pixels]
) -> None:
    monkeypatch.setenv(VARIABLE, "1000")
    small = encoded("BMP", 10, 10)
    (tmp_path / "a.bmp").write_bytes(small + bytes(8000 - len(small)))
    assert read(tmp_path / "a.bmp").shape == (10, 10, 3)

    (tmp_path / "a.bmp").write_bytes(small + bytes(8001 - len(small)))
    with pytest.raises(
        DatasetInvalid,
        match=r"a\.bmp is not read; expected a regular file of at most 8000 bytes, got "
        r"8001 bytes; copy or fetch the image again, or give --max-image-pixels N",
    ):
        read(tmp_path / "a.bmp")


def test_a_pipe_is_not_waited_for(
    tmp_path: Path, open_in_a_child: Callable[..., Any]
) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    lines = (
        "assert not digest_files({}, {'a': path}).files['a']\n"
        "found = inspect_image(path, read, witness=read, width_px=1, height_px=1)\n"
        "assert 'is not read' in found.fault\n"
        "read(path)"
    )
    more = (
        "\nfrom harness.dataset.image_traits import inspect_image"
        "\nfrom harness.dataset.fingerprint import digest_files"
    )

    for before in READERS.values():
        found = open_in_a_child(tmp_path / "a.jpg", lines, before=before + more)

        assert "is not read; expected a regular file of at most" in found.told
        assert "got something else; copy or fetch the image again" in found.told
