"""Reads the lists of a VOCdevkit: the images of a split, and the classes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from harness.dataset.foreign_file import text_of
from harness.dataset.image_folder import SUFFIXES
from harness.errors import DatasetInvalid, DatasetMissing, located

LOGGER = logging.getLogger(__name__)

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


def find_label_list(devkit: Path) -> Path | None:
    """Return the class list of a devkit; None where the classes are VOC's 20.

    PaddleDetection has it beside ``VOCdevkit``, we in it.

    Raises:
        DatasetInvalid: there are two, and they differ.
    """
    places = (devkit / LABEL_LIST, devkit.parent / LABEL_LIST)
    lists = [one for one in places if one.is_file()]
    if len(lists) > 1 and lists[0].read_bytes() != lists[1].read_bytes():
        raise DatasetInvalid(
            "two class lists that differ",
            expected=f"one {LABEL_LIST}",
            got=" and ".join(str(one) for one in lists),
            next_step="take away the one that is not meant",
        )
    return lists[0] if lists else None


def read_class_names(devkit: Path) -> tuple[str, ...]:
    """Return the class list of a devkit: its own when it has one, else VOC's 20.

    Raises:
        DatasetInvalid: the list is empty, names a class twice, or a name could not be
            part of a file's; or there are two lists.
    """
    path = find_label_list(devkit)
    LOGGER.info("classes of %s: %s", devkit, path or f"VOC's {len(CLASS_NAMES)}")
    return CLASS_NAMES if path is None else read_names(path)


def read_names(path: Path) -> tuple[str, ...]:
    """Return the names that a text file lists, one a line; blank lines are none.

    Raises:
        DatasetMissing: no such file.
        DatasetInvalid: not UTF-8, no name at all, one that is listed twice, or one that
            could not be part of a file's name.
    """
    with located(path):
        return _checked_names(_lines_of(path))


def read_image_names(path: Path, folder: str) -> tuple[str, ...]:
    """Return the images that the list of a split names, without suffix.

    A line is a name, with or without the suffix of an image, or what PaddleDetection
    writes: the paths of an image and of its annotations.

    Args:
        path: the list.
        folder: whose list it is: ``"VOC2007"``.

    Raises:
        DatasetMissing: no such file.
        DatasetInvalid: as :func:`read_names`, or a path leads elsewhere.
    """
    with located(path):
        lines = _lines_of(path)
        names = []
        for number, line in enumerate(lines, start=1):
            with located(f"line {number}"):
                names.append(_image_name(line.strip(), folder))
        return _checked_names(names)


def _lines_of(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetMissing("list cannot be read", got=error) from error
    return text_of(content, "a list of names").splitlines()


def _image_name(line: str, folder: str) -> str:
    words = line.split()
    image = PurePosixPath(words[0].replace("\\", "/")) if words else PurePosixPath()
    if len(words) == 2 and words[1].endswith(".xml"):
        annotation = PurePosixPath(words[1].replace("\\", "/"))
        expected = ((folder, "JPEGImages"), (folder, "Annotations"), image.stem)
        got = (image.parts[-3:-1], annotation.parts[-3:-1], annotation.stem)
        if got != expected:
            raise DatasetInvalid(
                "an image and its annotations",
                expected=f"{folder}/JPEGImages/NAME.jpg {folder}/Annotations/NAME.xml",
                got=repr(line),
                next_step="list the images of this folder alone",
            )
        return image.stem
    is_plain = len(words) == 1 and len(image.parts) == 1
    return image.stem if is_plain and image.suffix.lower() in SUFFIXES else line


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
