"""``zoo accept``: records become the accepted ones, if a repeat agrees."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Optional

import typer

from harness.commands.options import (
    DEFAULT_CACHE,
    DEFAULT_RECORDS,
    DEFAULT_ZOO,
    AsJson,
    CacheFolder,
    CocoEngine,
    DataRoot,
    Mirror,
    Offline,
    Records,
    Runtime,
    ZooName,
    asks_debug,
    option_of,
)
from harness.commands.printing import err, out, print_json
from harness.files.temporary import temporary_folder
from harness.registry.location import accepted_records, find_home
from harness.registry.zoo import open_zoo
from harness.values.options import GPU
from harness.values.runtimes import chosen_runtime


def accept(
    context: typer.Context,
    row_ids: Annotated[
        list[str], typer.Argument(metavar="ID...", help="Rows whose records to accept.")
    ],
    reason: Annotated[
        str, typer.Option(help="Why they are right; kept beside the records.")
    ],
    by: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Who accepts them; the user.name of git when not given."),
    ] = None,
    zoo: ZooName = DEFAULT_ZOO,
    records: Records = None,
    repeat: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            metavar="DIR",
            help="Records of a second run; the rows are measured again when not given.",
        ),
    ] = None,
    data_root: DataRoot = None,
    cache: CacheFolder = DEFAULT_CACHE,
    mirror: Mirror = None,
    offline: Offline = False,
    gpu: Annotated[bool, option_of(GPU, help_text="Repeat on the GPU.")] = False,
    runtime: Runtime = None,
    coco_engine: CocoEngine = None,
    as_json: AsJson = False,
) -> None:
    """Promote records to the accepted ones, if a repeat gives the same numbers."""
    from harness.evaluate.coco.engine_names import chosen_engine
    from harness.pipeline.gate.accept import accept as promote
    from harness.pipeline.gate.records_folder import folder_of_zoo
    from harness.pipeline.gate.repeated_rows import repeat_rows
    from harness.pipeline.measure.git import user_name
    from harness.pipeline.measure.known_datasets import known_datasets
    from harness.pipeline.measure.progress_lines import ProgressLines
    from harness.pipeline.measure.settings import Settings

    opened, home = open_zoo(zoo), find_home()
    facts, engine = known_datasets(opened, home), chosen_engine(coco_engine)
    with temporary_folder("repeat") as folder:
        repeated = repeat or folder
        if repeat is None:
            lines = ProgressLines(err.print)
            settings = Settings(
                cache=cache.absolute(),
                records=repeated / opened.name,
                data_root=data_root,
                mirror=mirror,
                offline=offline,
                gpu=gpu,
                runtime=chosen_runtime(runtime),
                debug=asks_debug(context),
                coco_engine=engine,
                known_datasets=facts,
            )
            repeat_rows(
                opened,
                row_ids,
                settings,
                watcher=lines.watcher(),
                drawing=lines.drawing,
            )
        accepted = promote(
            opened,
            row_ids,
            records=folder_of_zoo(records or DEFAULT_RECORDS, opened.name),
            repeat_records=folder_of_zoo(repeated, opened.name),
            into=accepted_records(home, opened.name),
            reason=reason,
            by=by or user_name(home),
            today=dt.datetime.now(tz=dt.UTC).date(),
            known_datasets=facts,
        )
    if as_json:
        print_json([{"row": one.row_id, "path": str(one.path)} for one in accepted])
    else:
        for one in accepted:
            out.print(f"{one.row_id}: {one.path}")
