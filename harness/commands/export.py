"""``zoo export``: the detections of a record as official result files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from harness.commands.exits import refusing_bad_files
from harness.commands.options import DEFAULT_ZOO, AsJson, Records
from harness.commands.printing import out, print_json
from harness.commands.score_options import ConventionWord, RecordsZoo, record_path
from harness.files.own_folders import RESULT_FILE, writing
from harness.printable import counted


@refusing_bad_files
def export(
    row_id: Annotated[
        str, typer.Argument(metavar="ID", help="Row id, or path of a record.")
    ],
    zoo: RecordsZoo = DEFAULT_ZOO,
    records: Records = None,
    word: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="coco|voc|widerface",
            help="Format; that of the row's dataset when not given.",
        ),
    ] = "",
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            metavar="PATH",
            help="File or folder to make; named for the row when not given.",
        ),
    ] = None,
    erratum: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="ID",
            help="Export the run that follows this erratum; else the one as printed.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option(help="Replace the file or folder that is there.")
    ] = False,
    convention: ConventionWord = "",
    published_format: Annotated[
        bool, typer.Option(help="Round WIDER FACE numbers as the official files do.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a record's detections so that the dataset's official tools read them."""
    from harness.formats.table import FORMATS
    from harness.pipeline.results.export import export as write
    from harness.pipeline.results.scored_run import read_run

    run = read_run(record_path(row_id, zoo, records), erratum=erratum)
    suffix = FORMATS[word or run.dataset].suffix if word in {"", *FORMATS} else ""
    place = output or Path(f"{Path(row_id).stem}{suffix}")
    with writing(place, RESULT_FILE):
        written = write(
            run,
            place,
            word=word,
            force=force,
            convention=convention,
            published_format=published_format,
        )
    if as_json:
        answer = {"output": str(written), "detections": len(run.detections.scores)}
        print_json(answer | {"images": len(run.truth.image_ids)})
    else:
        out.print(
            f"{written}: {counted(len(run.detections.scores), 'detection')} in "
            f"{counted(len(run.truth.image_ids), 'image')}"
        )
