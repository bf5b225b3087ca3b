"""Finds the result file of each image in a folder of WIDER FACE results."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from harness.errors import DetectionsInvalid, located, refusing_unreadable
from harness.printable import first_few
from harness.values.truth import FaceTruth

#: How many missing files a message names; the rest are counted.
NAMED_FILES = 3


def files_of_images(
    folder: Path, truth: FaceTruth, passed_over: Collection[str]
) -> Sequence[str]:
    """Return the file of every image below the folder, in the truth's order.

    Args:
        folder: holds a folder per event.
        truth: lists the images.
        passed_over: names of further images, whose files may be there.

    Raises:
        DetectionsInvalid: no such folder, or it cannot be read; a file of an image or
            event that is not listed; an image without a file; a link that leads back.
    """
    given = "give the folder that holds a folder per event"
    with refusing_unreadable(DetectionsInvalid, given):
        if not folder.is_dir():
            raise DetectionsInvalid(
                "no such folder",
                got="a file" if folder.is_file() else None,
                next_step=given,
            )
        with_file = set(_text_files(folder, "", os.path.realpath(folder)))
    names: list[str] = truth.image_names.tolist()
    unknown = sorted(with_file.difference(names, passed_over))
    if unknown:
        event = unknown[0].rpartition("/")[0]
        with located(f"{unknown[0]}.txt"):
            if event not in {name.rpartition("/")[0] for name in names}:
                raise DetectionsInvalid(
                    "no such event",
                    expected="a folder per event",
                    got=repr(event) if event else "a file beside them",
                    next_step="give the folder that holds the events, and them alone",
                )
            raise DetectionsInvalid(
                f"no such image in the event {event}",
                next_step="remove it, or score against the truth that lists it",
            )
    missing = [name for name in names if name not in with_file]
    if missing:
        named = first_few([f"{name}.txt" for name in missing], NAMED_FILES)
        raise DetectionsInvalid(
            f"{len(missing)} of {len(names)} images have no file",
            got=f"no {named}",
            next_step="an image without a detection has a file with the count 0; "
            "to score a part of the images, list them: --images FILE",
        )
    return [f"{name}.txt" for name in names]


def _text_files(folder: Path, prefix: str, *above: str) -> Iterator[str]:
    """Yield the text files at any depth, without their suffix.

    Args:
        folder: where to look.
        prefix: of the names.
        above: the real paths of this folder and of those that it is in.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):  # what macOS and others leave
                continue
            if _is_folder(entry):
                inside = os.path.realpath(entry.path)
                if inside in above:
                    raise DetectionsInvalid(
                        f"{prefix}{entry.name} is a link to a folder that it is in",
                        next_step="remove the link",
                    )
                yield from _text_files(
                    folder / entry.name, f"{prefix}{entry.name}/", inside, *above
                )
            elif entry.name.endswith(".txt"):
                yield prefix + entry.name.removesuffix(".txt")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself; reading it tells
        return False
