from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.artifact.archive.entry import (
    LONGEST_SHOWN,
    MAX_PARTS,
    naming_damage,
    safe_path,
    shown,
)
from harness.errors import ArchiveUnreadable


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("x/yolo_block.0.0.0.conv.weights", "x/yolo_block.0.0.0.conv.weights"),
        ("./x/conv1_weights", "x/conv1_weights"),
        ("x/", "x"),
        ("./", "."),
        ("x/..y", "x/..y"),
        ("模型/权重", "模型/权重"),
    ],
)
def test_a_name_inside_the_folder_is_its_path(name: str, path: str):
    assert safe_path(name) == PurePosixPath(path)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("/etc/passwd", "an absolute path"),
        ("C:/Windows", "an absolute path"),
        ("c:x", "an absolute path"),
        ("../x", "a path that leads outside"),
        ("x/../../y", "a path that leads outside"),
        ("", "a path that leads outside"),
        ("x\\..\\y", "a backslash or a character that cannot be printed"),
        ("x\n", "a backslash or a character that cannot be printed"),
        ("x\udcff", "a backslash or a character that cannot be printed"),
        ("a" * 256, "a name too long to write"),
        ("权" * 86, "a name too long to write"),
        ("a/" * 600, "a name too long to write"),
    ],
)
def test_any_other_name_is_refused(name: str, what: str):
    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^{what}; expected a relative name inside the archive's folder, "
        r"got ('[^\n]{1,90}'(\.\.\.)?|nothing); do not trust this archive$",
    ):
        safe_path(name)


def test_a_name_is_at_most_so_many_folders_deep():
    deepest = "/".join("a" * MAX_PARTS)

    assert len(safe_path(deepest).parts) == MAX_PARTS
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^a name 17 folders deep; expected a relative name .*; do not trust",
    ):
        safe_path(f"{deepest}/a")


def test_a_name_is_shown_escaped_and_cut():
    assert shown("\x1b[31m") == "'\\x1b[31m'"
    assert shown("a" * LONGEST_SHOWN) == repr("a" * LONGEST_SHOWN)
    assert shown("a" * 10_000) == repr("a" * LONGEST_SHOWN) + "..."


@given(st.text(alphabet="ab./\\:\0C", max_size=12))
def test_no_name_leads_outside(name: str):
    try:
        path = safe_path(name)
    except ArchiveUnreadable:
        return

    assert not path.is_absolute()
    assert (Path("/root") / path).resolve().is_relative_to("/root")


@pytest.mark.parametrize("name", ["a" * 255, "权" * 85, "/".join(["a" * 204] * 5)])
def test_a_name_may_be_as_long_as_every_system_can_write(name: str):
    assert safe_path(name) == PurePosixPath(name)
    with pytest.raises(ArchiveUnreadable, match=r"^a name too long to write; "):
        safe_path(f"{name}a" if "/" not in name else f"{name}/")


@pytest.mark.parametrize(
    "error",
    [
        tarfile.ReadError("a tar"),
        zipfile.BadZipFile("a zip"),
        zlib.error("a stream"),
        EOFError("its end"),
        gzip.BadGzipFile("a checksum"),
        NotImplementedError("a feature"),
        RuntimeError("a password"),
        OverflowError("a size"),
        ValueError("a date"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_library_says_of_damage_is_a_refusal(error: Exception):
    with (
        pytest.raises(
            ArchiveUnreadable,
            match=r"^damaged or cut short; expected a whole archive, got "
            rf"{type(error).__name__} \({error}\); fetch it again$",
        ),
        naming_damage(),
    ):
        raise error


def test_an_error_that_is_no_damage_keeps_its_name():
    with pytest.raises(PermissionError), naming_damage():
        raise PermissionError
