import importlib.metadata
import struct
import subprocess
import sys
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from harness.dataset import image
from harness.dataset.image import opencv_name, read_rgb
from harness.errors import DatasetInvalid, DatasetMissing, UsageError


def install(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str]) -> None:
    def version(name: str) -> str:
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)


def test_channels_come_as_red_green_blue(tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    cv2.imwrite(str(path), np.full((2, 3, 3), (10, 20, 250), np.uint8))  # BGR

    rgb = read_rgb(path)

    assert rgb.shape == (2, 3, 3)
    assert rgb.dtype == np.uint8
    assert (rgb == (250, 20, 10)).all()


def test_rows_are_height_and_columns_are_width(tmp_path: Path) -> None:
    drawn = np.zeros((4, 7, 3), np.uint8)
    drawn[3, 0] = 255
    cv2.imwrite(str(tmp_path / "a.bmp"), drawn)

    rgb = read_rgb(tmp_path / "a.bmp")

    assert rgb.shape == (4, 7, 3)
    assert rgb[3, 0].tolist() == [255, 255, 255]
    assert int(rgb.sum()) == 3 * 255


def test_a_grey_image_becomes_three_equal_channels(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((2, 2), 77, np.uint8))

    rgb = read_rgb(tmp_path / "grey.png")

    assert rgb.shape == (2, 2, 3)
    assert (rgb == 77).all()


def test_transparency_is_dropped(tmp_path: Path) -> None:
    drawn = np.full((2, 2, 4), (1, 2, 3, 0), np.uint8)
    cv2.imwrite(str(tmp_path / "clear.png"), drawn)

    assert (read_rgb(tmp_path / "clear.png") == (3, 2, 1)).all()


def test_the_exif_orientation_turns_the_image(tmp_path: Path) -> None:
    drawn = np.zeros((16, 32, 3), np.uint8)
    drawn[:, 24:] = 255  # right quarter is white
    encoded = cv2.imencode(".jpg", drawn)[1].tobytes()
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)  # orientation 6: turn clockwise
    exif = b"Exif\0\0" + b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    marker = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    (tmp_path / "turned.jpg").write_bytes(encoded[:2] + marker + encoded[2:])

    rgb = read_rgb(tmp_path / "turned.jpg")

    assert rgb.shape == (32, 16, 3)
    assert rgb[28:].min() > 200  # now the bottom quarter is
    assert rgb[:20].max() < 50


def test_what_has_a_header_and_no_pixels_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1][:33])

    with pytest.raises(
        DatasetInvalid,
        match=r"broken\.png cannot be decoded; expected an image that OpenCV reads, "
        r"got 33 bytes that are none; copy or fetch the image again",
    ):
        read_rgb(path)


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n"])
def test_an_undecodable_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(content)

    with pytest.raises(
        DatasetInvalid,
        match=rf"image .*broken\.png cannot be decoded; expected a JPEG, PNG or BMP "
        rf"with its size, got {len(content)} bytes that start b'.*'; copy or fetch",
    ):
        read_rgb(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetMissing, match=r"image .*gone\.png cannot be read"):
        read_rgb(tmp_path / "gone.png")


@pytest.mark.parametrize("name", ["a\0.png", "\ud800.png"])
def test_a_name_that_no_file_can_have_is_a_missing_file(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(DatasetMissing, match=r"cannot be read; got "):
        read_rgb(tmp_path / name)


def test_the_decoder_is_one_headless_distribution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, {"opencv-python-headless": "4.11.0.86"})

    assert opencv_name() == "opencv-python-headless 4.11.0.86"


def test_this_environment_has_such_a_decoder() -> None:
    assert opencv_name().startswith("opencv-python-headless ")


def test_no_decoder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, {})

    with pytest.raises(
        UsageError,
        match=r"exactly one distribution of it, headless, got none; "
        r"run: python -m pip install 'zoo-harness\[cpu\]'",
    ):
        opencv_name()


def test_two_decoders_are_refused_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(
        monkeypatch,
        {"opencv-python": "4.6.0.66", "opencv-python-headless": "4.11.0.86"},
    )

    with pytest.raises(
        UsageError,
        match=r"got opencv-python 4\.6\.0\.66, opencv-python-headless 4\.11\.0\.86; "
        r"run: python -m pip uninstall -y opencv-python opencv-python-headless && "
        r"python -m pip install opencv-python-headless==4\.11\.0\.86",
    ):
        opencv_name()


@pytest.mark.parametrize("name", ["opencv-python", "opencv-contrib-python"])
def test_a_decoder_with_a_display_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    install(monkeypatch, {name: "4.11.0.86"})

    with pytest.raises(UsageError, match=rf"got {name} 4\.11\.0\.86; .* -y {name} &&"):
        opencv_name()


def test_the_advised_version_is_the_pinned_one() -> None:
    project = Path(__file__).parents[3] / "pyproject.toml"
    extras = tomllib.loads(project.read_text())["project"]["optional-dependencies"]

    assert image.PINNED in extras["cpu"]
    assert image.PINNED in extras["gpu"]


def test_opening_a_dataset_does_not_load_the_decoder() -> None:
    code = (
        "import sys, harness.dataset.coco, harness.dataset.resize, "
        "harness.dataset.published; sys.exit('cv2' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("cut", ["end", "half", "zeros"])
def test_a_jpeg_that_was_cut_short_is_named_and_never_filled_with_grey(
    tmp_path: Path, cut: str
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    content = cv2.imencode(".jpg", noise)[1].tobytes()
    half = content[: len(content) // 2]
    shorter = {"end": content[:-2], "half": half, "zeros": half + bytes(len(half))}
    path = tmp_path / "cut.jpg"
    path.write_bytes(shorter[cut])

    with pytest.raises(
        DatasetInvalid,
        match=rf"image .*cut\.jpg is cut short; expected a JPEG with its end mark, got "
        rf"{len(shorter[cut])} bytes without it; copy or fetch the image again",
    ):
        read_rgb(path)


def test_what_follows_a_jpeg_does_not_matter(tmp_path: Path) -> None:
    drawn = np.full((16, 16, 3), 90, np.uint8)
    content = cv2.imencode(".jpg", drawn)[1].tobytes()
    (tmp_path / "a.jpg").write_bytes(content + b"\0 trailing bytes")

    assert (read_rgb(tmp_path / "a.jpg") == 90).all()


def test_sixteen_bits_become_the_upper_eight(tmp_path: Path) -> None:
    deep = np.array([[0, 255, 256, 65535]], np.uint16)
    cv2.imwrite(str(tmp_path / "grey.png"), deep)
    cv2.imwrite(str(tmp_path / "colour.png"), np.stack([deep] * 3, -1))

    for name in ("grey.png", "colour.png"):
        assert read_rgb(tmp_path / name)[0, :, 1].tolist() == [0, 0, 1, 255]


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    drawn = np.full((16, 16, 3), (200, 40, 90), np.uint8)
    Image.fromarray(drawn).convert("CMYK").save(tmp_path / "a.jpg", quality=100)

    rgb = read_rgb(tmp_path / "a.jpg")

    assert rgb.shape == (16, 16, 3)
    assert np.abs(rgb.astype(int) - drawn).max() < 4
