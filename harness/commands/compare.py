"""``zoo compare``: how two sets of detections of the same images differ."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from harness.commands.exits import refusing_bad_files
from harness.commands.options import DEFAULT_ZOO, AsJson, Records
from harness.commands.printing import out, print_json, print_table
from harness.commands.score_options import (
    ArithmeticWord,
    ConventionWord,
    DataRoot,
    RecordsZoo,
    TruthFile,
    Way,
    record_path,
)
from harness.printable import counted

if TYPE_CHECKING:
    from harness.pipeline.results.scored_run import ScoredRun

#: Seed of the resamples; printed, so that anybody can draw the same.
SEED = 0


@refusing_bad_files
def compare(
    first: Annotated[
        str,
        typer.Argument(
            metavar="A", help="Row id, record or result file to compare with."
        ),
    ],
    second: Annotated[
        str,
        typer.Argument(metavar="B", help="Row id, record or result file to compare."),
    ],
    dataset: Annotated[
        str,
        typer.Option(
            metavar="coco|voc|widerface",
            help="What two result files are of; without it, A and B are records.",
        ),
    ] = "",
    data_root: DataRoot = None,
    truth: TruthFile = None,
    zoo: RecordsZoo = DEFAULT_ZOO,
    records: Records = None,
    second_records: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--records-b",
            metavar="DIR",
            help="Folder of records of B, where it is not that of A.",
        ),
    ] = None,
    resamples: Annotated[
        int, typer.Option(help="How many sets of images to draw for the intervals.")
    ] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = SEED,
    by: Annotated[
        Optional[Way],  # noqa: UP045
        typer.Option(help="Compare the AP in these parts too."),
    ] = None,
    convention: ConventionWord = "",
    arithmetic: ArithmeticWord = "",
    as_json: AsJson = False,
) -> None:
    """Tell how two sets of detections of the same images differ, and how surely."""
    from harness.pipeline.results.comparison import compare_runs
    from harness.pipeline.results.convention import (
        Asked,
        convention_of_files,
        demand_asked,
    )
    from harness.pipeline.results.opened_truth import open_truth
    from harness.pipeline.results.score import demand_scorable
    from harness.pipeline.results.scored_run import (
        read_result_file,
        read_run,
        rescored_as,
    )

    runs: list[ScoredRun]
    asked = Asked(convention=convention, arithmetic=arithmetic)
    if dataset:
        demand_scorable(dataset)
        ground_truth = open_truth(dataset, data_root=data_root, file=truth)
        demand_asked(dataset, asked)
        runs = [
            read_result_file(
                dataset,
                path,
                ground_truth,
                convention_of_files(path, ground_truth, asked),
            )
            for path in (Path(first), Path(second))
        ]
    else:
        folders = (records, second_records or records)
        runs = [
            read_run(record_path(one, zoo, folder))
            for one, folder in zip((first, second), folders, strict=True)
        ]
        runs = [rescored_as(one, asked) for one in runs]
    differences = compare_runs(*runs, resamples=resamples, seed=seed)
    if as_json:
        print_json(
            {
                "a": first,
                "b": second,
                "dataset": runs[0].dataset,
                "images": len(runs[0].truth.image_ids),
                "resamples": resamples,
                "seed": seed,
                "convention": runs[0].convention.word or None,
                "differences": [
                    asdict(difference) | {"excludes_zero": difference.excludes_zero}
                    for difference in differences
                ],
            }
        )
        return
    out.print(f"A: {first}\nB: {second}")
    print_table(
        ("part", "name", "A", "B", "B - A", "95 % interval", "excludes zero"),
        [
            (
                difference.part.by,
                difference.part.name,
                f"{difference.first_pct:.2f}",
                f"{difference.second_pct:.2f}",
                f"{difference.difference_pct:+.2f}",
                f"{difference.low_pct:+.2f} to {difference.high_pct:+.2f}",
                "yes" if difference.excludes_zero else "no",
            )
            for difference in differences
            if difference.part.by in {"all", "subset", by}
        ],
    )
    if runs[0].convention.word:
        out.print(str(runs[0].convention))
    out.print(
        f"\n{counted(resamples, 'resample')} of "
        f"{counted(len(runs[0].truth.image_ids), 'image')}, seed {seed}"
    )
