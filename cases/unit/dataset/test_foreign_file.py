"""Files of another kind under the name of annotations."""

from __future__ import annotations

import gzip

import pytest

from harness.dataset.coco_annotations import parse_annotations
from harness.dataset.foreign_file import foreign_kind, text_of
from harness.errors import DatasetInvalid


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04...", "got a zip; unpack it, and put what it holds in its place"),
        (gzip.compress(b"{}", mtime=0), "got a file packed by gzip; unpack it"),
        (b"7z\xbc\xaf\x27\x1c", "got a file packed by 7-Zip; unpack it"),
        (b"Rar!\x1a\x07", "got a file packed by RAR; unpack it"),
        (b"\xef\xbb\xbf \n<!DOCTYPE HTML>", "got an HTML page; fetch it again: a page"),
        (b"<html lang=en>", "got an HTML page; fetch it again"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "got a pointer .*git lfs pull",
        ),
        (b"", "got an empty file; write or copy it again: its content was lost"),
        (bytes(4096), "got an empty file"),
    ],
)
def test_a_file_of_another_kind_says_what_it_is_and_what_to_do(
    content: bytes, told: str
) -> None:
    with pytest.raises(
        DatasetInvalid,
        match=rf"^another kind of file; expected a COCO annotation file, {told}",
    ):
        parse_annotations(content)


@pytest.mark.parametrize("content", [b"a\n", b" \n", b"{}", b"<annotation/>", b"\0a"])
def test_text_is_of_no_other_kind(content: bytes) -> None:
    assert foreign_kind(content) is None


def test_the_mark_that_editors_put_in_front_is_none_of_the_text() -> None:
    assert text_of(b"\xef\xbb\xbfa\n", "a list") == "a\n"


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ("a".encode("utf-16"), "text in UTF-16"),
        ("类别".encode("gbk"), "'utf-8' codec can't decode"),
    ],
)
def test_another_encoding_says_to_save_it_again(content: bytes, got: str) -> None:
    with pytest.raises(
        DatasetInvalid,
        match=rf"^not UTF-8 text; got {got}.*; save it again in the encoding UTF-8$",
    ):
        text_of(content, "a list")
