from __future__ import annotations

import logging
from pathlib import Path

import pytest

from harness.dataset.voc_lists import CLASS_NAMES, read_class_names, read_names
from harness.errors import DatasetInvalid, DatasetMissing


def test_the_default_classes_are_voc_s_twenty_in_alphabetical_order() -> None:
    assert len(CLASS_NAMES) == 20
    assert list(CLASS_NAMES) == sorted(CLASS_NAMES)


def test_a_devkit_without_a_label_list_has_the_default_classes(tmp_path: Path) -> None:
    assert read_class_names(tmp_path) == CLASS_NAMES


def test_a_devkit_s_label_list_takes_the_place_of_the_default(tmp_path: Path) -> None:
    (tmp_path / "label_list.txt").write_text("disc\nring\n")

    assert read_class_names(tmp_path) == ("disc", "ring")


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfa\r\n\r\n b \r\n", b"a\nb"])
def test_line_ends_blanks_and_a_mark_are_no_names(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "test.txt"
    path.write_bytes(content)

    assert read_names(path) == ("a", "b")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\nb\n\na\n", "line 4: a is listed twice; got also in line 1"),
        (b"a -1\n", "line 1: name; expected one plain name, got 'a -1'"),
        (b"../a\n", r"line 1: name; expected one plain name, got '\.\./a'"),
        (b"a\\b\n", "line 1: name; expected one plain name"),
        (b"..\n", r"line 1: name; expected one plain name, got '\.\.'"),
        (b" \n\n", r"test\.txt: list; expected at least one name, got none"),
        (
            b"\xb0\xa1\n",
            r"test\.txt: not UTF-8 text; got 'utf-8' codec .*; save it again",
        ),
        (
            b"\xff\xfea\0",
            r"test\.txt: not UTF-8 text; got text in UTF-16; save it again",
        ),
        (
            b"",
            r"test\.txt: another kind of file; expected a list of names, got an empty",
        ),
    ],
)
def test_a_malformed_list_says_which_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "test.txt"
    path.write_bytes(content)

    with pytest.raises(DatasetInvalid, match=message):
        read_names(path)


def test_a_list_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DatasetMissing, match=r"test\.txt: list cannot be read; got "):
        read_names(tmp_path / "test.txt")


def test_where_the_classes_are_from_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="harness.dataset"):
        read_class_names(tmp_path)
        (tmp_path / "label_list.txt").write_text("disc\n")
        read_class_names(tmp_path)

    assert caplog.messages == [
        f"classes of {tmp_path}: VOC's 20",
        f"classes of {tmp_path}: {tmp_path / 'label_list.txt'}",
    ]
