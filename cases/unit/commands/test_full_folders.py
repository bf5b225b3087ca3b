"""Commands whose cache, records folder or output takes no file: one line, exit 2."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.pipeline.pages import document

Zoo = Callable[..., Any]  # conftest's fixture


@pytest.mark.parametrize(
    "words",
    [
        ("fetch", "--zoo", "demo"),
        ("data", "fetch", "coco", "--offline", "--data-root", "data"),
        ("accept", "yolov3-mobilenet_v1-coco-baseline-160", "--zoo", "demo"),
    ],
    ids=lambda words: words[0],
)
def test_a_file_in_the_place_of_the_cache_is_one_line(
    home: Path, tmp_path: Path, zoo: Zoo, words: tuple[str, ...]
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"in the place of the cache")
    reason = ("--reason", "r") if words[0] == "accept" else ()
    said = zoo(*words, *reason, "--zoo-cache", file)

    assert said.code == 2
    (line,) = said.err.splitlines()
    assert line.startswith(f"zoo: {file}")
    assert line.endswith("or choose another --zoo-cache (ZOO_CACHE)")
    assert file.read_bytes() == b"in the place of the cache"


def test_a_disk_that_is_full_is_one_line_wherever_a_command_writes(
    home: Path, tmp_path: Path, zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(document, "write_text", full)
    said = zoo("report", "--zoo", "demo", "--output", tmp_path / "pages")

    assert said.code == 2
    (line,) = said.err.splitlines()
    assert line.startswith(f"zoo: {tmp_path / 'pages'}")
    assert line.endswith(
        "cannot be written or read; expected a place with room in it, open to this "
        "user, got No space left on device; free some space or choose another place"
    )
