"""``zoo plan``: what a run will read, download and take, before it starts."""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from harness.commands.options import (
    DEFAULT_CACHE,
    DEFAULT_RECORDS,
    DEFAULT_ZOO,
    AsJson,
    CacheFolder,
    DataRoot,
    Runtime,
    ZooName,
    option_of,
)
from harness.commands.printing import err, out, print_json, print_table
from harness.errors import UsageError
from harness.registry.location import find_home
from harness.registry.zoo import open_zoo
from harness.values.options import FRESH, GPU, LIMIT
from harness.values.runtimes import chosen_runtime


def plan(
    marks: Annotated[
        str,
        typer.Option(
            "-m",
            metavar="EXPRESSION",
            help="Rows by markers, as in pytest: 'coco and not prune'.",
        ),
    ] = "",
    keyword: Annotated[
        str, typer.Option("-k", metavar="WORD", help="Rows by a part of their ids.")
    ] = "",
    zoo: ZooName = DEFAULT_ZOO,
    data_root: DataRoot = None,
    cache: CacheFolder = DEFAULT_CACHE,
    limit: Annotated[
        Optional[int],  # noqa: UP045
        option_of(LIMIT, help_text="Plan for the first N images alone.", minimum=1),
    ] = None,
    fresh: Annotated[
        bool, option_of(FRESH, help_text="Count stored detections as work too.")
    ] = False,
    gpu: Annotated[bool, option_of(GPU, help_text="Time passes on the GPU.")] = False,
    runtime: Runtime = None,
    calibrate: Annotated[
        bool, typer.Option(help="Time a pass of each network on this machine.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Tell what measuring rows will download, read and compute, and for how long."""
    from harness.model.runtimes.runtimes import open_device
    from harness.pipeline.measure.embedded import with_scenes
    from harness.pipeline.measure.known_datasets import known_datasets
    from harness.pipeline.measure.progress_lines import ProgressLines
    from harness.pipeline.measure.settings import Settings
    from harness.pipeline.plan.calibration import Calibration
    from harness.pipeline.plan.plan import plan_rows
    from harness.pipeline.plan.selected_rows import select_rows

    opened = open_zoo(zoo)
    rows = select_rows(opened, markers=marks, keyword=keyword)
    if not rows:
        raise UsageError(
            f"no row of {opened.name} is selected",
            got=" ".join(filter(None, (f"-m {marks!r}" if marks else "", keyword))),
            next_step="`zoo list` shows the rows",
        )
    settings = Settings(
        cache=cache.absolute(),
        records=DEFAULT_RECORDS,
        data_root=data_root,
        gpu=gpu,
        runtime=chosen_runtime(runtime),
        limit=limit,
        fresh=fresh,
        known_datasets=known_datasets(opened, find_home()),
    )
    settings = with_scenes(
        opened,
        settings,
        {row.dataset for row in rows},
        drawing=ProgressLines(err.print).drawing,
    )
    calibration = None
    if calibrate:
        calibration = Calibration(device=open_device(settings.runtime, gpu=gpu))
    planned = plan_rows(opened, rows, settings, calibration)
    answer: dict[str, Any] = {
        "zoo": opened.name,
        "rows": list(planned.rows),
        "not_built": dict(planned.not_built),
        "archives": [
            {"archive": one.name, "cached": one.is_cached, "size_bytes": one.size_bytes}
            for one in planned.archives
        ],
        "download_bytes": planned.download_bytes,
        "datasets": [
            {
                "dataset": one.name,
                "present": one.is_there,
                "images": one.image_count,
                "image_bytes": one.image_bytes,
            }
            for one in planned.datasets
        ],
        "passes": [
            {
                "rows": list(planned_pass.row_ids),
                "archive": planned_pass.archive,
                "input_px": planned_pass.input_px,
                "images": planned_pass.image_count,
                "stored": planned_pass.stored_count,
                "forward_s": planned_pass.forward_s,
            }
            for planned_pass in planned.passes
        ],
        "forward_passes": planned.forward_passes,
        "reading_s": dict(planned.reading_s),
        "minutes": planned.minutes,
    }
    if as_json:
        print_json(answer)
        return
    _print(answer)


def _print(answer: dict[str, Any]) -> None:
    to_fetch = [one for one in answer["archives"] if not one["cached"]]
    unknown = sum(one["size_bytes"] is None for one in to_fetch)
    out.print(f"rows: {len(answer['rows'])} of {answer['zoo']} can be measured")
    reasons: dict[str, list[str]] = {}
    for row_id, why in answer["not_built"].items():
        reasons.setdefault(why, []).append(row_id)
    for why, row_ids in reasons.items():
        out.print(f"{why}: {' '.join(row_ids)}")
    out.print(
        f"archives: {len(answer['archives'])}, {len(to_fetch)} to download, "
        f"{answer['download_bytes'] / 1e9:.2f} GB"
        f"{f' and {unknown} of a size that is not known' if unknown else ''}"
    )
    for dataset in answer["datasets"]:
        size = dataset["image_bytes"]
        where = "here" if dataset["present"] else "NOT HERE: zoo data fetch"
        read = "" if size is None else f", {size / 1e9:.2f} GB"
        images = _or_unknown(dataset["images"])
        out.print(f"dataset: {dataset['dataset']}: {images} images{read} ({where})")
    print_table(
        ("archive", "input px", "rows", "images", "stored", "ms per image"),
        [
            (
                planned_pass["archive"],
                str(planned_pass["input_px"]),
                str(len(planned_pass["rows"])),
                _or_unknown(planned_pass["images"]),
                str(planned_pass["stored"]),
                _or_unknown(planned_pass["forward_s"], 1000),
            )
            for planned_pass in answer["passes"]
        ],
    )
    for name, seconds in answer["reading_s"].items():
        out.print(f"decode and resize on {name}: {seconds * 1000:.1f} ms per image")
    out.print(f"forward passes: {_or_unknown(answer['forward_passes'])}")
    out.print(f"minutes on this machine: {_or_unknown(answer['minutes'], 1)}")


def _or_unknown(number: float | None, factor: int | None = None) -> str:
    if number is None:
        return "not known"
    return f"{number}" if factor is None else f"{number * factor:.1f}"
