"""Images that are there under another name than the annotations give them."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from harness.dataset.image_folder import ImageFolder
from harness.errors import DatasetInvalid

NFC, NFD = (unicodedata.normalize(form, "écran.jpg") for form in ("NFC", "NFD"))


def folder_of(path: Path, *names: str) -> ImageFolder:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(b"")
    return ImageFolder(path)


@pytest.mark.parametrize(
    "name", ["1.jpg", "1.jpeg", "1.png", "1.bmp", "1.JPG", "1.PnG"]
)
def test_an_image_is_found_by_any_suffix_that_is_read(
    tmp_path: Path, name: str
) -> None:
    assert folder_of(tmp_path, name).name_of("1") == name


@pytest.mark.parametrize("name", ["1.gif", "1", "._1.jpg", "11.jpg", "1.jpg/2"])
def test_what_is_no_image_of_that_name_is_not_found(tmp_path: Path, name: str) -> None:
    assert folder_of(tmp_path, name).name_of("1") is None


def test_of_several_files_the_published_one_is_the_image(tmp_path: Path) -> None:
    assert folder_of(tmp_path, "1.png", "1.jpg", "1.bmp").name_of("1") == "1.jpg"


def test_several_files_of_one_image_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetInvalid,
        match=r"^2 files of image 1; expected one, got 1.bmp, 1.png; take away those ",
    ):
        folder_of(tmp_path, "1.png", "1.bmp").name_of("1")


@pytest.mark.parametrize(
    ("there", "asked", "told"),
    [
        ("UPPER.jpg", "UPPER.JPG", "UPPER.jpg is there"),
        ("1.png", "1.jpg", "1.png is there"),
        ("sub/b.jpg", r"sub\b.jpg", "sub/b.jpg is there"),
        ("sub/b.png", "sub/b.jpg", "sub/b.png is there"),
        (NFC, "%C3%A9cran.jpg", f"{NFC} is there"),
        (NFD, "%C3%A9cran.jpg", f"{NFC} is there in Unicode's form NFD"),
        (NFD, NFC, "the same name is there in Unicode's form NFD"),
        (NFC, NFD, "the same name is there in Unicode's form NFC"),
        ("2.jpg", "1.jpg", ""),
        ("2.jpg", "no/1.jpg", ""),
        ("2.jpg", "a\0.jpg", ""),
        ("2.jpg", "\ud800/1.jpg", ""),
    ],
)
def test_what_is_there_instead_is_told(
    tmp_path: Path, there: str, asked: str, told: str
) -> None:
    assert folder_of(tmp_path, there).told_absent(asked) == told


def test_without_a_folder_nothing_is_there(tmp_path: Path) -> None:
    folder = ImageFolder(tmp_path / "none")

    assert (folder.name_of("1"), folder.told_absent("1.jpg")) == (None, "")
