"""Writes face truth as the official WIDER FACE files; drawn sets need them.

The same truth gives the same bytes everywhere, in any year.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.dataset.widerface_mat import FACES, SUBSETS
from harness.errors import DatasetInvalid
from harness.files.atomic import write_bytes, write_text
from harness.values.truth import FaceTruth

LIST = "wider_face_val_bbx_gt.txt"

#: What the official files say of a face besides its box; 0 is the unremarkable value.
LABELS = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")

#: The text that a MATLAB 5 file starts with; scipy's holds the platform and the hour.
HEADER = b"MATLAB 5.0 MAT-file".ljust(116)

Cells = NDArray[np.object_]


def write_ground_truth(folder: Path, truth: FaceTruth) -> tuple[Path, ...]:
    """Write the four ``.mat`` files and the list ``wider_face_val_bbx_gt.txt``.

    Boxes are int32, as the official ones are, when all of them are whole numbers, else
    double. Every label is 0.

    Args:
        folder: made when missing.
        truth: image ids are places; the images of an event follow each other.

    Returns:
        The paths, the list last.

    Raises:
        DatasetInvalid: the truth cannot be stated in these files.
    """
    events = _events(truth)
    order = np.argsort(truth.box_image_ids, kind="stable")  # [M]
    counts = np.bincount(truth.box_image_ids, minlength=len(truth.image_ids))
    ends = np.cumsum(counts)
    slices = [order[end - count : end] for count, end in zip(counts, ends, strict=True)]
    is_whole = bool((truth.boxes_xywh == np.round(truth.boxes_xywh)).all())
    boxes = truth.boxes_xywh.astype(np.int32 if is_whole else np.float64)
    label = [np.zeros((count, 1), np.uint8) for count in counts]
    common = {
        "event_list": _cells(list(events)),
        "file_list": _by_event(
            events, [str(name).partition("/")[2] for name in truth.image_names]
        ),
        "face_bbx_list": _by_event(events, [boxes[rows] for rows in slices]),
        **{f"{name}_label_list": _by_event(events, label) for name in LABELS},
    }
    paths = [folder / FACES]
    write_bytes(paths[0], _mat_bytes(common))
    for field, file in SUBSETS.items():
        member = truth.arrays()[field]
        numbers = [
            (np.flatnonzero(member[rows]) + 1.0).reshape(-1, 1) for rows in slices
        ]
        paths.append(folder / file)
        write_bytes(
            paths[-1], _mat_bytes({**common, "gt_list": _by_event(events, numbers)})
        )
    paths.append(folder / LIST)
    write_text(
        paths[-1],
        face_list_text(truth.image_names.tolist(), [boxes[rows] for rows in slices]),
    )
    return tuple(paths)


def _events(truth: FaceTruth) -> dict[str, slice]:
    """Return where the images of each event are, in order."""
    if truth.image_ids.tolist() != list(range(len(truth.image_ids))):
        raise DatasetInvalid("truth, image_ids", expected="places: 0, 1, 2, ...")
    events: dict[str, slice] = {}
    before = None
    for place, name in enumerate(truth.image_names.tolist()):
        event, slash, image = name.partition("/")
        if not (event and slash and image):
            raise DatasetInvalid("truth, image_names", expected="event/image", got=name)
        if event in events and event != before:
            raise DatasetInvalid(f"images of event {event} do not follow each other")
        start = events[event].start if event in events else place
        events[event], before = slice(start, place + 1), event
    return events


def _cells(values: list[Any]) -> Cells:
    cells = np.empty((len(values), 1), np.object_)
    for place, value in enumerate(values):
        cells[place, 0] = value
    return cells


def _by_event(events: dict[str, slice], per_image: list[Any]) -> Cells:
    return _cells([_cells(per_image[images]) for images in events.values()])


def _mat_bytes(variables: dict[str, Cells]) -> bytes:
    from scipy.io import savemat  # noqa: PLC0415 - quick start

    file = io.BytesIO()
    # Not compressed: one zlib writes other bytes than another.
    savemat(file, dict(sorted(variables.items())), do_compression=False)
    return HEADER + file.getvalue()[len(HEADER) :]


def face_list_text(names: Sequence[str], boxes: Sequence[NDArray[Any]]) -> str:
    """Return the text of a list.

    Args:
        names: ``event/image`` of each image.
        boxes: ``[M, 4]`` of each, x y w h.
    """
    labels = " 0" * len(LABELS)
    lines = []
    for name, of_image in zip(names, boxes, strict=True):
        lines += [f"{name}.jpg", str(len(of_image))]
        lines += [" ".join(map(str, box)) + labels for box in of_image.tolist()] or [
            "0 0 0 0" + labels
        ]
    return "".join(f"{line}\n" for line in lines)
