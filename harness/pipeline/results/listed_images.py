"""Reads a list of images, and takes the truth of these alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.errors import DetectionsInvalid, UsageError, located, refusing_unreadable
from harness.values.truth import FaceTruth, Truth

#: Endings of a listed name that are none of the image's: of it and of its result file.
SUFFIXES = (".txt", ".jpg", ".jpeg", ".png", ".bmp")

_FORM = "write one name a line, as 0--Parade/0_Parade_marchingband_1_849"


def truth_of_listed(path: Path, truth: Truth) -> FaceTruth:
    """Return the truth of the images that a file lists, one name a line.

    Args:
        path: a text file; suffixes, ``./`` and backslashes are as good.
        truth: of WIDER FACE.

    Raises:
        UsageError: the truth is of another dataset.
        DetectionsInvalid: the file cannot be read, lists nothing, or an image that the
            truth does not.
    """
    if not isinstance(truth, FaceTruth):
        raise UsageError(
            "--images",
            expected="none: it is a choice of widerface",
            next_step="score against the annotations of those images alone",
        )
    with located(path):
        with refusing_unreadable(DetectionsInvalid, _FORM):
            content = path.read_bytes()
        try:
            lines = content.decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise DetectionsInvalid(
                "not UTF-8 text", got=error, next_step="write it again as UTF-8"
            ) from error
        ids = dict(
            zip(truth.image_names.tolist(), truth.image_ids.tolist(), strict=True)
        )
        listed = []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            name = _image_name(line)
            if name not in ids:
                raise DetectionsInvalid(
                    f"line {number}",
                    expected=f"one of the {len(ids)} images of the truth",
                    got=repr(name[:80]),
                    next_step=_FORM,
                )
            listed.append(ids[name])
        if not listed:
            raise DetectionsInvalid("no image is listed", next_step=_FORM)
    return truth.subset(np.array(listed))


def _image_name(line: str) -> str:
    name = line.strip().replace("\\", "/").removeprefix("./")
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name
