"""Detections made anywhere: scored, exported, compared."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from harness.commands.asked_row import asked_row
from harness.commands.bad_files import refusing_bad_files
from harness.commands.exits import EXIT_FAILED
from harness.commands.options import (
    DEFAULT_RECORDS,
    DEFAULT_ZOO,
    AsJson,
    CocoEngine,
    Records,
    ZooName,
)
from harness.commands.printing import out, print_json, print_table
from harness.errors import UsageError
from harness.registry.location import find_home
from harness.registry.zoo import open_zoo

if TYPE_CHECKING:
    from harness.pipeline.score import Claimed
    from harness.pipeline.stored_run import StoredRun

#: Seed of the resamples; printed, so that anybody can draw the same.
SEED = 0

DataRoot = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(envvar="ZOO_DATA_ROOT", help="Datasets; only annotations are read."),
]
TruthFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--truth", help="A COCO annotation file instead of a data root."),
]


class Way(StrEnum):
    """How an AP is told in parts."""

    CLASS = "class"
    SIZE = "size"
    SUBSET = "subset"


@refusing_bad_files
def score(
    dataset: Annotated[str, typer.Argument(help="coco, voc or widerface.")],
    results: Annotated[
        Path, typer.Argument(help="RESULTS.json, or the folder of result files.")
    ],
    data_root: DataRoot = None,
    truth: TruthFile = None,
    row: Annotated[
        str, typer.Option(metavar="ID", help="Judge by the claims of this row.")
    ] = "",
    zoo: ZooName = DEFAULT_ZOO,
    name: Annotated[
        str, typer.Option(help="Of the record; the file's stem when not given.")
    ] = "",
    records: Records = None,
    by: Annotated[
        Optional[Way],  # noqa: UP045
        typer.Option(help="Tell the AP in these parts too."),
    ] = None,
    curves: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Write precision over recall, as JSON."),
    ] = None,
    coco_engine: CocoEngine = None,
    as_json: AsJson = False,
) -> None:
    """Score detections made by any tool, from the dataset's official result files."""
    from harness.evaluate.breakdown import BREAKDOWNS
    from harness.evaluate.coco_engine_names import chosen_engine
    from harness.pipeline.curves_file import write_curves
    from harness.pipeline.opened_truth import open_truth
    from harness.pipeline.score import SCORED, demand_scorable, score_file
    from harness.records import PASSING

    demand_scorable(dataset)
    ways = BREAKDOWNS[dataset].ways
    if by is not None and by not in ways:
        raise UsageError(f"--by of {dataset}", expected=" or ".join(ways), got=by)
    if row and name:
        raise UsageError("--name and --row", expected="one of them")
    claimed = _claimed(zoo, row) if row else None
    said = open_truth(dataset, data_root=data_root, file=truth)
    scored = score_file(
        dataset,
        results,
        said,
        records=(records or DEFAULT_RECORDS)
        / (claimed.zoo.name if claimed else SCORED),
        name=name,
        claimed=claimed,
        coco_engine=chosen_engine(coco_engine),
    )
    parts = ways[by](scored.results, said) if by is not None else {}
    if curves is not None:
        write_curves(curves, BREAKDOWNS[dataset].curves(scored.results, said))
    record = scored.record
    (measured,) = record.measurements
    if as_json:
        told = {
            "record": str(scored.path),
            "name": record.row_id,
            "zoo": record.zoo,
            "verdict": record.verdict,
            "reason": record.reason,
            "scores_pct": dict(measured.scores_pct),
            "judgements": [asdict(one) for one in measured.judgements],
        }
        print_json(told | ({f"by_{by}": dict(parts)} if by is not None else {}))
    else:
        judged = {one.metric: one for one in measured.judgements}
        print_table(
            ("name", "metric", "measured", "printed", "tolerance", "verdict"),
            [
                (
                    record.row_id,
                    metric,
                    f"{value:.2f}",
                    judged[metric].printed if metric in judged else "–",
                    judged[metric].tolerance_pct if metric in judged else "–",
                    judged[metric].verdict if metric in judged else "not_judged",
                )
                for metric, value in measured.scores_pct.items()
            ],
        )
        if by is not None:
            out.print()
            print_table((by, "AP"), [(one, f"{ap:.2f}") for one, ap in parts.items()])
        out.print(f"\n{record.verdict}: {record.reason}".rstrip(": "))
        out.print(f"record: {scored.path}")
    if record.verdict not in PASSING:
        raise typer.Exit(EXIT_FAILED)


@refusing_bad_files
def export(
    row_id: Annotated[str, typer.Argument(metavar="ID", help="Of a record.")],
    zoo: ZooName = DEFAULT_ZOO,
    records: Records = None,
    word: Annotated[
        str, typer.Option("--format", help="coco, voc or widerface; the row's own.")
    ] = "",
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="File or folder to make; named for the row if not given."),
    ] = None,
    erratum: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="ID", help="The run that follows it; else as printed."),
    ] = None,
    force: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a record's detections so that the dataset's official tools read them."""
    from harness.formats.table import FORMATS
    from harness.pipeline.export import export as write
    from harness.pipeline.stored_run import read_run

    run = read_run(_record_path(row_id, zoo, records), erratum=erratum)
    suffix = FORMATS[word or run.dataset].suffix if word in {"", *FORMATS} else ""
    made = write(
        run, output or Path(f"{Path(row_id).stem}{suffix}"), word=word, force=force
    )
    if as_json:
        told = {"output": str(made), "detections": len(run.found.scores)}
        print_json(told | {"images": len(run.truth.image_ids)})
    else:
        out.print(
            f"{made}: {len(run.found.scores)} detections in "
            f"{len(run.truth.image_ids)} images"
        )


@refusing_bad_files
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="What to compare with.")],
    second: Annotated[
        str, typer.Argument(metavar="B", help="Row id, record or result file.")
    ],
    dataset: Annotated[
        str, typer.Option(help="Of two result files; else A and B are records.")
    ] = "",
    data_root: DataRoot = None,
    truth: TruthFile = None,
    zoo: ZooName = DEFAULT_ZOO,
    records: Records = None,
    second_records: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--records-b", help="Of B, where it is not that of A."),
    ] = None,
    resamples: Annotated[int, typer.Option(help="Sets of images to draw.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = SEED,
    by: Annotated[
        Optional[Way],  # noqa: UP045
        typer.Option(help="Show these parts too."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell how two sets of detections of the same images differ, and how surely."""
    from harness.pipeline.comparison import compare_runs
    from harness.pipeline.opened_truth import open_truth
    from harness.pipeline.score import demand_scorable
    from harness.pipeline.stored_run import read_result_file, read_run

    runs: list[StoredRun]
    if dataset:
        demand_scorable(dataset)
        said = open_truth(dataset, data_root=data_root, file=truth)
        runs = [read_result_file(dataset, Path(one), said) for one in (first, second)]
    else:
        folders = (records, second_records or records)
        runs = [
            read_run(_record_path(one, zoo, folder))
            for one, folder in zip((first, second), folders, strict=True)
        ]
    found = compare_runs(*runs, resamples=resamples, seed=seed)
    if as_json:
        print_json(
            {
                "a": first,
                "b": second,
                "dataset": runs[0].dataset,
                "images": len(runs[0].truth.image_ids),
                "resamples": resamples,
                "seed": seed,
                "differences": [
                    asdict(one) | {"excludes_zero": one.excludes_zero} for one in found
                ],
            }
        )
        return
    out.print(f"A: {first}\nB: {second}")
    print_table(
        ("part", "name", "A", "B", "B - A", "95 % interval", "excludes zero"),
        [
            (
                one.part.by,
                one.part.name,
                f"{one.first_pct:.2f}",
                f"{one.second_pct:.2f}",
                f"{one.difference_pct:+.2f}",
                f"{one.low_pct:+.2f} to {one.high_pct:+.2f}",
                "yes" if one.excludes_zero else "no",
            )
            for one in found
            if one.part.by in {"all", "subset", by}
        ],
    )
    out.print(
        f"\n{resamples} resamples of {len(runs[0].truth.image_ids)} images, seed {seed}"
    )


def _record_path(name: str, zoo: str, records: Path | None) -> Path:
    """Return where the record is: the path that was given, or that of a row's id."""
    if name.endswith(".json"):
        return Path(name)
    folder = zoo if zoo == "scored" else open_zoo(zoo).name
    return (records or DEFAULT_RECORDS) / folder / f"{name}.json"


def _claimed(zoo: str, row_id: str) -> Claimed:
    from harness.pipeline.known_datasets import known_datasets
    from harness.pipeline.score import Claimed
    from harness.registry.datasets import KnownDataset

    found = open_zoo(zoo)
    row = asked_row(found, row_id)
    known = known_datasets(found, find_home()).get(row.dataset, KnownDataset())
    return Claimed(zoo=found, row=row, known=known)
