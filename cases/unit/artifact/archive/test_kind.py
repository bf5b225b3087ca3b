from __future__ import annotations

import bz2
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.artifact.archive.entries import is_page, kind_of, named_kind, read_head


def test_a_tar_is_known_by_the_checksum_of_its_first_header(good: bytes):
    assert kind_of(good) == "tar"
    assert kind_of(bytes([good[0] ^ 1]) + good[1:]) is None


def test_a_gzip_stream_counts_as_a_tar_inside(
    good: bytes, gzip_of: Callable[[bytes], bytes]
):
    assert kind_of(gzip_of(good)) == "tar.gz"


def test_a_zip_is_known_also_when_it_is_empty():
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w"):
        pass
    full = io.BytesIO()
    with zipfile.ZipFile(full, "w") as archive:
        archive.writestr("a", b"a")

    assert kind_of(empty.getvalue()) == "zip"
    assert kind_of(full.getvalue()) == "zip"


def test_what_is_not_read_is_known_by_name(good: bytes):
    assert named_kind(bz2.compress(good)) == "bzip2"
    assert named_kind(lzma.compress(good)) == "xz"
    assert named_kind(b"\x28\xb5\x2f\xfd\x00") == "zstd"
    assert named_kind(b"7z\xbc\xaf\x27\x1c\x00") == "7-Zip"
    assert named_kind(good) is None


@pytest.mark.parametrize("head", [b"", b"\x1f", bytes(512), b"<html>" * 100])
def test_other_bytes_are_no_archive(head: bytes):
    assert kind_of(head) is None


@pytest.mark.parametrize(
    "head", [b"<!DOCTYPE html>", b"\xef\xbb\xbf\n <html>", b'{"error": 1}', b"<?xml?>"]
)
def test_a_page_is_known_by_its_first_sign(head: bytes):
    assert is_page(head)


@pytest.mark.parametrize("head", [b"", b"  ", b"conv1_weights", b"\x00<"])
def test_other_bytes_are_no_page(head: bytes):
    assert not is_page(head)


def test_the_head_is_one_header_long(tmp_path: Path):
    (tmp_path / "x").write_bytes(bytes(2000))

    assert read_head(tmp_path / "x") == bytes(512)
