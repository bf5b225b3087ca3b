"""Digests of files, written once and read to name differences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.registry.dataset_pins import DatasetPins, read_pins, write_pins

PINS = DatasetPins(
    fingerprint="f" * 64,
    files={"b/2.jpg": "0" * 16, "a name.json": "0123456789abcdef"},
    truth_sha256="e" * 64,
)
TEXT = f"""\
# coco: first 16 digits of the SHA-256 of each file; written by `zoo data pin`
fingerprint {"f" * 64}
truth {"e" * 64}
0123456789abcdef a name.json
{"0" * 16} b/2.jpg
"""


def test_pins_come_back_as_they_were(tmp_path: Path) -> None:
    write_pins(tmp_path / "datasets" / "coco.txt", "coco", PINS)

    assert (tmp_path / "datasets" / "coco.txt").read_text() == TEXT
    assert read_pins(tmp_path / "datasets" / "coco.txt") == PINS


def test_nothing_is_pinned_without_the_file(tmp_path: Path) -> None:
    assert read_pins(tmp_path / "coco.txt") is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            TEXT + "0123 short\n",
            "line 6; expected one fingerprint, one truth, then 16",
        ),
        (TEXT + TEXT, "line 7; expected one fingerprint"),
        (TEXT.replace("0" * 16, "G" * 16), "line 5; expected"),
        (TEXT + f"{'1' * 16} b/2.jpg\n", "line 6; expected"),
        ("# nothing\n", "a fingerprint; expected one, got none"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, wrong: str, message: str) -> None:
    path = tmp_path / "coco.txt"
    path.write_text(wrong)

    with pytest.raises(ZooDataError, match=rf"coco\.txt: {message}"):
        read_pins(path)


def test_pins_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "coco.txt"
    path.write_bytes(b"fingerprint \xff\n")

    with pytest.raises(
        ZooDataError,
        match=r"coco\.txt: pins cannot be read; expected text in UTF-8, got 'utf-8' ",
    ):
        read_pins(path)


def test_pins_without_a_truth_are_read_as_older_ones(tmp_path: Path) -> None:
    path = tmp_path / "coco.txt"
    path.write_text(TEXT.replace(f"truth {'e' * 64}\n", ""))

    assert read_pins(path) == replace(PINS, truth_sha256=None)
