"""The folder of a float archive in, the word of its layout and its arrays out.

Two rules choose where an archive offers more than one network:

- ``float/`` and ``int/`` side by side are exports of one network: ``float/`` is opened.
  The integer one exists to be small; upstream measured the other.  # zoo-spec 3.6
- A pickle of weights beside an inference program: the pickle is read. Our own network
  is the one whose every step is tested.

What is not chosen is listed as ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import ArchiveUnreadable
from harness.model.layouts import LAYOUTS
from harness.model.layouts.contract import WeightSource, files_in, listed

FLOAT, INTEGER = "float", "int"


def open_folder(folder: Path, names: Sequence[str]) -> tuple[str, WeightSource]:
    """Return the key of ``LAYOUTS`` and the arrays of a folder.

    Args:
        folder: where the archive's files are.
        names: the network's variables, for a layout that stores none.

    Raises:
        ArchiveUnreadable: no layout, or the files are damaged.
    """
    chosen, ignored = _chosen_folder(folder)
    word = recognise_layout(chosen)
    source = LAYOUTS[word].open(chosen, names)
    return word, replace(source, ignored_files=(*source.ignored_files, *ignored))


def recognise_layout(folder: Path) -> str:
    """Return the key of ``LAYOUTS`` that a folder has.

    Raises:
        ArchiveUnreadable: none of them.
    """
    found = [word for word, one in LAYOUTS.items() if one.recognise(folder)]
    if not found:
        raise ArchiveUnreadable(
            "no layout that we know",
            expected=" | ".join(LAYOUTS),
            got=listed([one.name for one in files_in(folder)]),
        )
    return "pdparams" if "pdparams" in found else found[0]


def _chosen_folder(folder: Path) -> tuple[Path, tuple[str, ...]]:
    chosen = folder / FLOAT
    if not (chosen.is_dir() and (folder / INTEGER).is_dir()):
        return folder, ()
    ignored = sorted(
        one.relative_to(folder).as_posix()
        for one in folder.rglob("*")
        if one.is_file() and chosen not in one.parents
    )
    return chosen, tuple(ignored)
