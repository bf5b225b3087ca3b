"""Recognises the layout of an archive's folder, and opens it.

An archive may keep its model in a folder below, beside other files. Two rules choose
where it offers more than one network:

- ``float/`` and ``int/`` side by side are exports of one network: ``float/`` is opened.
  The integer one exists to be small; upstream measured the other.  # zoo-spec 3.6
- A pickle of weights beside an inference program: the pickle is read, because every
  step of our own network is tested.

What is not chosen is listed as ignored. Several folders with a model each are refused,
such as snapshots of a training: nothing says which of them was published.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import ArchiveUnreadable
from harness.model.layouts import LAYOUTS
from harness.model.layouts.contract import WeightSource, files_in, listed
from harness.printable import printable

LOGGER = logging.getLogger(__name__)

FLOAT, INTEGER = "float", "int"
#: Of the refusal of a folder in no layout.
NEXT_STEP = "pack the folder that save_persistables, save_inference_model or save wrote"


def open_folder(folder: Path, names: Sequence[str]) -> tuple[str, WeightSource]:
    """Return the key of ``LAYOUTS`` and the arrays of a folder.

    Args:
        folder: where the archive's files are.
        names: the network's variables, for a layout that stores none.

    Raises:
        ArchiveUnreadable: no layout, several folders have one, or the files are
            damaged.
    """
    chosen = _chosen_folder(folder)
    word = recognise_layout(chosen)
    source = LAYOUTS[word].open(chosen, names)
    ignored = () if chosen == folder else _files_outside(chosen, folder)
    below = chosen.relative_to(folder).as_posix()
    LOGGER.info("layout %s in folder %s", word, printable(below))
    return word, replace(source, ignored_files=(*source.ignored_files, *ignored))


def recognise_layout(folder: Path) -> str:
    """Return the key of ``LAYOUTS`` that a folder has.

    Raises:
        ArchiveUnreadable: none of them.
    """
    layouts = _layouts_of(folder)
    if not layouts:
        raise ArchiveUnreadable(
            "no layout that we know",
            expected=" | ".join(LAYOUTS),
            got=listed([one.name for one in files_in(folder)]),
            next_step=NEXT_STEP,
        )
    return "pdparams" if "pdparams" in layouts else layouts[0]


def _layouts_of(folder: Path) -> list[str]:
    return [word for word, one in LAYOUTS.items() if one.recognise(folder)]


def _chosen_folder(folder: Path) -> Path:
    """Return the folder of the model: this one, or the only one below that has one."""
    if _is_of_exports(folder):
        return folder / FLOAT
    if _layouts_of(folder):
        return folder
    models = [one for one in sorted(folder.rglob("*")) if _is_candidate(one, folder)]
    below = [
        one
        for one in models
        if one.name != INTEGER or one.with_name(FLOAT) not in models
    ]
    if len(below) > 1:
        raise ArchiveUnreadable(
            f"{len(below)} folders hold a model",
            expected="one",
            got=listed([one.relative_to(folder).as_posix() for one in below]),
            next_step="pack the archive again with the one that was published",
        )
    return below[0] if below else folder


def _is_of_exports(folder: Path) -> bool:
    return (folder / FLOAT).is_dir() and (folder / INTEGER).is_dir()


def _is_candidate(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    is_hidden = any(one.startswith(".") or one == "__MACOSX" for one in parts)
    return not is_hidden and path.is_dir() and bool(_layouts_of(path))


def _files_outside(chosen: Path, folder: Path) -> tuple[str, ...]:
    """Return the paths of the files of a folder that are not in the chosen one."""
    return tuple(
        sorted(
            path.as_posix()
            for file in folder.rglob("*")
            if file.is_file() and chosen not in file.parents
            for path in [file.relative_to(folder)]
            if not any(part.startswith(".") for part in path.parts)
        )
    )
