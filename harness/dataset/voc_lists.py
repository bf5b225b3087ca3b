"""The text files of a VOCdevkit in: which images a split has, and which classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import DatasetInvalid, DatasetMissing, located

#: Class c is the c-th.  # zoo-spec 1.6
CLASS_NAMES = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)

#: A devkit of other classes has this file: upstream's ``use_default_label: false``.
LABEL_LIST = "label_list.txt"


def read_class_names(devkit: Path) -> tuple[str, ...]:
    """Return the class list of a devkit: its own when it has one, else VOC's 20.

    Raises:
        DatasetInvalid: the list is empty, names a class twice, or a name could not be
            part of a file's.
    """
    path = devkit / LABEL_LIST
    return read_names(path) if path.is_file() else CLASS_NAMES


def read_names(path: Path) -> tuple[str, ...]:
    """Return the names that a text file lists, one a line; blank lines are none.

    Raises:
        DatasetMissing: no such file.
        DatasetInvalid: not UTF-8, no name at all, one that is listed twice, or one that
            could not be part of a file's name.
    """
    with located(path):
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            raise DatasetMissing("list cannot be read", got=error) from error
        except UnicodeDecodeError as error:
            raise DatasetInvalid("not UTF-8 text", got=error) from error
        return _checked_names(text.splitlines())


def _checked_names(lines: Sequence[str]) -> tuple[str, ...]:
    names: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        name = line.strip()
        if not name:
            continue
        with located(f"line {number}"):
            if len(name.split()) > 1 or {"/", "\\", "\0"} & set(name) or name[0] == ".":
                raise DatasetInvalid("name", expected="one plain name", got=repr(name))
            if name in names:
                raise DatasetInvalid(
                    f"{name} is listed twice", got=f"also in line {names[name]}"
                )
        names[name] = number
    if not names:
        raise DatasetInvalid("list", expected="at least one name", got="none")
    return tuple(names)
