"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from harness.dataset.image_header import OPTION, VARIABLE

ZooName = Annotated[str, typer.Option("--zoo", help="Name or folder of a zoo.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
Records = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads Optional on every Python it supports
    typer.Option(
        envvar="ZOO_RECORDS", help="Folder of records; holds one folder per zoo."
    ),
]
CacheFolder = Annotated[
    Path,
    typer.Option("--zoo-cache", envvar="ZOO_CACHE", help="Archives and detections."),
]
Mirror = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(envvar="ZOO_MIRROR", help="Asked for archives first: URL or folder."),
]
Offline = Annotated[
    bool, typer.Option(envvar="ZOO_OFFLINE", help="Ask no host for archives.")
]
CocoEngine = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--coco-engine",
        metavar="NAME",
        help="What scores COCO: pycocotools, the judge, or ultrafast-pycocotools.",
    ),
]
DataRoot = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(envvar="ZOO_DATA_ROOT", help="Where the datasets are."),
]
MaxImagePixels = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(OPTION, metavar="N", help=f"Of an image that is read ({VARIABLE})."),
]
DEFAULT_ZOO = "january-2020"
DEFAULT_CACHE = Path(".zoo", "cache")
DEFAULT_RECORDS = Path(".zoo", "records")
