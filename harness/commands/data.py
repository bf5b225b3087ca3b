"""``zoo data``: lists, fetches, checks and pins the published datasets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from harness.commands.exits import EXIT_FAILED, EXIT_INCOMPLETE
from harness.commands.options import (
    DEFAULT_CACHE,
    DEFAULT_RECORDS,
    DEFAULT_ZOO,
    AsJson,
    CacheFolder,
    DataRoot,
    MaxImagePixels,
    Mirror,
    Offline,
    ZooName,
)
from harness.commands.printing import err, out, print_json, print_table
from harness.errors import (
    ArchiveUnavailable,
    DatasetInvalid,
    DatasetMissing,
    HarnessError,
    UsageError,
)
from harness.printable import counted, first_few
from harness.registry.location import find_home
from harness.registry.zoo import open_zoo
from harness.values.rows import Zoo

if TYPE_CHECKING:  # what says how numbers are computed is loaded when it is used
    from harness.pipeline.measure.settings import Settings

Dataset = Annotated[str, typer.Argument(metavar="coco|voc|widerface", help="Dataset.")]
Split = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        help="Split to fetch, or all; the one that rows are measured on when not given."
    ),
]


def list_data(data_root: DataRoot = None, as_json: AsJson = False) -> None:
    """List the archives of the published datasets, and which of them are here."""
    from harness.pipeline.data.parts import data_parts, states_of

    parts = data_parts(find_home(), split="all")
    states = states_of(parts, data_root) if data_root else []
    missing = {one.part.name: one.missing for one in states}
    rows: list[dict[str, Any]] = [
        {
            "dataset": part.dataset,
            "part": part.name,
            "split": part.split,
            "holds": part.holds,
            "url": part.url,
            "mirrors": list(part.mirrors),
            "size_bytes": part.size_bytes,
            "digests": list(part.digests),
            "paths": list(part.files),
            "present": missing[part.name] == "" if states else None,
            "missing": missing.get(part.name),
        }
        for part in parts
    ]
    if as_json:
        print_json({"data_root": str(data_root) if data_root else None, "parts": rows})
        return
    print_table(
        ("part", "split", "holds", "archive", "digest", "goes to", "here"),
        [
            (
                f"{part['dataset']} {part['part']}",
                part["split"],
                part["holds"],
                _megabytes(part["size_bytes"]),
                part["digests"][0] if part["digests"] else "not known",
                part["paths"][0],
                {True: "yes", False: f"no: {part['missing']}", None: "no --data-root"}[
                    part["present"]
                ],
            )
            for part in rows
        ],
    )


def fetch_data(
    dataset: Dataset,
    split: Split = None,
    data_root: DataRoot = None,
    cache: CacheFolder = DEFAULT_CACHE,
    mirror: Mirror = None,
    offline: Offline = False,
    keep: Annotated[
        bool, typer.Option(help="Keep the downloaded archives in the cache.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch a published dataset into the data root; parts that are there stay."""
    from harness.pipeline.data import fetch as data_fetch
    from harness.pipeline.data.parts import data_parts
    from harness.pipeline.measure.progress_lines import ProgressLines

    lines = ProgressLines(err.print)
    fetched = data_fetch.fetch_data(
        data_parts(find_home(), dataset, split),
        data_fetch.FetchPlan(
            data_root=_demand_root(data_root, may_be_made=True),
            cache=cache.absolute(),
            mirror=mirror,
            offline=offline,
            keep=keep,
            watcher=data_fetch.DataWatcher(
                fetching=lines.fetching, unpacking=lines.unpacking
            ),
        ),
    )
    if as_json:
        print_json(
            [
                {
                    "part": result.part.name,
                    "was_present": result.was_present,
                    "source": result.source,
                    "refusal": str(result.refusal) if result.refusal else None,
                }
                for result in fetched
            ]
        )
    else:
        for result in fetched:
            told = (
                "was there already" if result.was_present else f"from {result.source}"
            )
            if result.refusal:
                err.print(f"{dataset} {result.part.name}: {result.refusal}")
            else:
                out.print(f"{dataset} {result.part.name}: {told}")
    refusals = [result.refusal for result in fetched if result.refusal]
    if any(not isinstance(refusal, ArchiveUnavailable) for refusal in refusals):
        raise typer.Exit(EXIT_FAILED)
    if refusals:
        raise typer.Exit(EXIT_INCOMPLETE)


def check_data(
    datasets: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(
            metavar="[coco|voc|widerface]...", help="Datasets; all when none is given."
        ),
    ] = None,
    data_root: DataRoot = None,
    zoo: ZooName = DEFAULT_ZOO,
    cache: CacheFolder = DEFAULT_CACHE,
    max_image_pixels: MaxImagePixels = None,
    as_json: AsJson = False,
) -> None:
    """Decode every image of a dataset, and compare it with the published one."""
    from harness.dataset.datasets import DATASETS
    from harness.dataset.image_header import allow_pixels
    from harness.pipeline.data.check import check_dataset
    from harness.pipeline.measure.progress_lines import ProgressLines

    for name in datasets or ():
        _demand_known(name)
    allow_pixels(max_image_pixels)
    opened = open_zoo(zoo)
    settings = _settings(opened, _demand_root(data_root), cache)
    lines = ProgressLines(err.print)
    answers: list[dict[str, Any]] = []
    refusals: list[HarnessError] = []
    for name in datasets or DATASETS:
        try:
            checked = check_dataset(
                name,
                settings,
                rows=opened.rows,
                progress=lines.checking(name),
                noting=err.print,
            )
        except (DatasetMissing, DatasetInvalid) as refusal:
            refusals.append(refusal)
            answers.append({"dataset": name, "refusal": str(refusal), "sound": False})
            continue
        answers.append(
            {
                "dataset": name,
                "refusal": None,
                "sound": checked.is_sound,
                "images": checked.image_count,
                "annotations": checked.annotation_count,
                "fingerprint": checked.fingerprint,
                "faults": list(checked.faults),
                "differences": list(checked.differences),
                "traits": {name: list(one) for name, one in checked.traits.items()},
            }
        )
    if as_json:
        print_json({"zoo": zoo, "datasets": answers})
    else:
        for line in (line for one in answers for line in _check_lines(one)):
            out.print(line)
    is_missing = [isinstance(one, DatasetMissing) for one in refusals]
    if not all(is_missing) or any(
        not one["sound"] and one["refusal"] is None for one in answers
    ):
        raise typer.Exit(EXIT_FAILED)
    if refusals:
        raise typer.Exit(EXIT_INCOMPLETE)


def pin_data(
    dataset: Dataset,
    data_root: DataRoot = None,
    zoo: ZooName = DEFAULT_ZOO,
    cache: CacheFolder = DEFAULT_CACHE,
    as_json: AsJson = False,
) -> None:
    """Record the digests of a dataset's files, so that a changed file is named."""
    from harness.pipeline.data.pin import pin_dataset

    _demand_known(dataset)
    home, opened = find_home(), open_zoo(zoo)
    settings = _settings(opened, _demand_root(data_root), cache)
    path = pin_dataset(dataset, settings, home, rows=opened.rows)
    if as_json:
        print_json({"dataset": dataset, "path": str(path)})
    else:
        out.print(f"{dataset}: pinned in {path}")


def _settings(zoo: Zoo, data_root: Path, cache: Path) -> Settings:
    from harness.pipeline.measure.known_datasets import known_datasets
    from harness.pipeline.measure.settings import Settings

    return Settings(
        cache=cache.absolute(),
        records=DEFAULT_RECORDS,
        data_root=data_root,
        known_datasets=known_datasets(zoo, find_home()),
    )


def _demand_known(dataset: str) -> None:
    from harness.dataset.datasets import DATASETS

    if dataset not in DATASETS:
        raise UsageError(
            "dataset",
            expected=" or ".join(DATASETS),
            got=dataset,
            next_step="give the word of a dataset",
        )


def _demand_root(data_root: Path | None, *, may_be_made: bool = False) -> Path:
    from harness.pipeline.measure.data_root import demand_data_root

    if data_root is None:
        raise UsageError(
            "no data root", next_step="give --data-root DIR or set ZOO_DATA_ROOT"
        )
    return demand_data_root(data_root.absolute(), may_be_made=may_be_made)


def _check_lines(answer: dict[str, Any]) -> list[str]:
    """Return what a check found, a line each, with ten names of each kind."""
    from harness.pipeline.data.check import MEANINGS

    name = answer["dataset"]
    if answer["refusal"] is not None:
        return [f"{name}: {answer['refusal']}"]
    counts = (
        f"{counted(answer['images'], 'image')}, "
        f"{counted(answer['annotations'], 'annotation')}"
    )
    lines = [f"{name}: {counts}, fingerprint {answer['fingerprint']}"]
    lines += [f"{name}: FAULT {one}" for one in answer["faults"]]
    lines += [f"{name}: DIFFERS {one}" for one in answer["differences"]]
    for trait, images in answer["traits"].items():
        words = trait.replace("_", " ")
        why = f" ({MEANINGS[trait]})" if trait in MEANINGS else ""
        lines.append(f"{name}: {words}: {len(images)}: {first_few(images, 10)}{why}")
    lines.append(f"{name}: {'sound' if answer['sound'] else 'not the published set'}")
    return lines


def _megabytes(size_bytes: int | None) -> str:
    return "not known" if size_bytes is None else f"{size_bytes / 1e6:.1f} MB"
