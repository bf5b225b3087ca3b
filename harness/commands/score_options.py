"""Options that ``zoo score``, ``zoo export`` and ``zoo compare`` share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

from harness.commands.options import DEFAULT_RECORDS, option_of
from harness.registry.zoo import open_zoo
from harness.values.options import DATA_ROOT, ZOO

DataRoot = Annotated[
    Optional[Path],  # noqa: UP045
    option_of(DATA_ROOT, help_text="Folder of datasets; only annotations are read."),
]
TruthFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--truth", metavar="FILE", help="COCO annotations; then no data root is needed."
    ),
]
RecordsZoo = Annotated[
    str,
    option_of(
        ZOO, help_text="Name or folder of a zoo; `scored` is what `zoo score` recorded."
    ),
]
ConventionWord = Annotated[
    str,
    typer.Option(
        metavar="devkit|paddledetection",
        help="Convention of VOC files: the devkit's, or that of the zoo's rows.",
    ),
]
ArithmeticWord = Annotated[
    str,
    typer.Option(
        metavar="int32|real",
        help="Arithmetic of WIDER FACE boxes: MATLAB's integers, or Python's doubles.",
    ),
]
ClassNames = Annotated[
    str,
    typer.Option(
        metavar="NAME,NAME", help="Take the VOC mean over these classes alone."
    ),
]


class Way(StrEnum):
    """Parts that an AP is told by."""

    CLASS = "class"
    SIZE = "size"
    SUBSET = "subset"


def record_path(name: str, zoo: str, records: Path | None) -> Path:
    """Return the path of a record that is named by its path or by a row's id."""
    if name.endswith(".json"):
        return Path(name)
    folder = zoo if zoo == "scored" else open_zoo(zoo).name
    return (records or DEFAULT_RECORDS) / folder / f"{name}.json"
