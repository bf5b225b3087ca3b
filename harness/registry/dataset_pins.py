"""Reads and writes the pinned digests of a published dataset's files.

::

    # coco: first 16 digits of the SHA-256 of each file; written by `zoo data pin`
    fingerprint <64 digits>
    truth <64 digits>
    <16 digits> 000000000139.jpg
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ZooDataError, located
from harness.files.atomic import write_text
from harness.registry.location import DATASET_PINS

#: Below ``expected``: one file for each dataset, ``coco.txt``.
PINS_FOLDER = DATASET_PINS.name

#: Of 64 digits: enough to name the file that differs. The fingerprint is of all bytes.
KEPT_DIGITS = 16

_LINE = re.compile(rf"([0-9a-f]{{{KEPT_DIGITS}}}) (\S.*)")
_FINGERPRINT = re.compile(r"fingerprint ([0-9a-f]{64})")
_TRUTH = re.compile(r"truth ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPins:
    """What the files of a published dataset are."""

    fingerprint: str  # SHA-256 in lower-case hexadecimal
    files: Mapping[str, str]  # by name: the first KEPT_DIGITS of its SHA-256
    #: Digest of what is scored against; None in a file that is older than the line.
    truth_sha256: str | None = None


def read_pins(path: Path) -> DatasetPins | None:
    """Return what was pinned, or None where nothing was.

    Raises:
        ZooDataError: the file cannot be read, or is malformed; the line is named.
    """
    if not path.is_file():
        return None
    fingerprint, truth_sha256, files = None, None, {}
    with located(path.name):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ZooDataError(
                "pins cannot be read", expected="text in UTF-8", got=error
            ) from error
        for number, line in enumerate(lines, start=1):
            if line.startswith("#"):
                continue
            if (whole := _FINGERPRINT.fullmatch(line)) and fingerprint is None:
                fingerprint = whole[1]
            elif (truth := _TRUTH.fullmatch(line)) and truth_sha256 is None:
                truth_sha256 = truth[1]
            elif (one := _LINE.fullmatch(line)) and one[2] not in files:
                files[one[2]] = one[1]
            else:
                raise ZooDataError(
                    f"line {number}",
                    expected="one fingerprint, one truth, then "
                    f"{KEPT_DIGITS} digits and a name",
                    got=repr(line),
                )
        if fingerprint is None:
            raise ZooDataError("a fingerprint", expected="one", got="none")
    return DatasetPins(fingerprint=fingerprint, files=files, truth_sha256=truth_sha256)


def write_pins(path: Path, dataset: str, pins: DatasetPins) -> None:
    """Write what was pinned, sorted by name, whole or not at all."""
    title = f"# {dataset}: first {KEPT_DIGITS} digits of the SHA-256 of each file"
    lines = [
        f"{title}; written by `zoo data pin`",
        f"fingerprint {pins.fingerprint}",
        *([f"truth {pins.truth_sha256}"] if pins.truth_sha256 else []),
        *(f"{digits} {name}" for name, digits in sorted(pins.files.items())),
    ]
    write_text(path, "\n".join(lines) + "\n")
