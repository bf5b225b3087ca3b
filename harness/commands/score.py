"""``zoo score``: the AP of result files that any tool wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from harness.commands.asked_row import asked_row
from harness.commands.exits import EXIT_FAILED, refusing_bad_files
from harness.commands.options import (
    DEFAULT_RECORDS,
    DEFAULT_ZOO,
    AsJson,
    CocoEngine,
    Records,
    ZooName,
)
from harness.commands.printing import out, print_json, print_table
from harness.commands.score_options import (
    ArithmeticWord,
    ClassNames,
    ConventionWord,
    DataRoot,
    TruthFile,
    Way,
)
from harness.errors import UsageError
from harness.files.own_folders import CURVES_FILE, writing
from harness.registry.location import find_home
from harness.registry.zoo import open_zoo

if TYPE_CHECKING:
    from harness.pipeline.results.convention import Convention
    from harness.pipeline.results.score import Claimed, Scored


@refusing_bad_files
def score(
    dataset: Annotated[
        str, typer.Argument(metavar="coco|voc|widerface", help="Dataset of the images.")
    ],
    results: Annotated[
        Path,
        typer.Argument(help="The JSON file (COCO), or the folder of result files."),
    ],
    data_root: DataRoot = None,
    truth: TruthFile = None,
    row: Annotated[
        str, typer.Option(metavar="ID", help="Judge the AP by the claims of this row.")
    ] = "",
    zoo: ZooName = DEFAULT_ZOO,
    name: Annotated[
        str,
        typer.Option(
            help="Name of the record; the stem of the result file when not given."
        ),
    ] = "",
    records: Records = None,
    by: Annotated[
        Optional[Way],  # noqa: UP045
        typer.Option(help="Tell the AP by these parts too."),
    ] = None,
    curves: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            metavar="FILE", help="Write the precision-recall curves, as JSON."
        ),
    ] = None,
    coco_engine: CocoEngine = None,
    convention: ConventionWord = "",
    classes: ClassNames = "",
    arithmetic: ArithmeticWord = "",
    images: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            metavar="FILE",
            help="Score only the WIDER FACE images that this file lists, one a line.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score detections made by any tool, from the dataset's official result files."""
    from harness.evaluate.coco.engine_names import chosen_engine
    from harness.evaluate.metrics import METRICS, metric_of
    from harness.pipeline.results.convention import (
        Asked,
        convention_of_files,
        demand_asked,
    )
    from harness.pipeline.results.curves_file import write_curves
    from harness.pipeline.results.opened_truth import (
        class_names_beside,
        open_truth,
        truth_of_listed,
    )
    from harness.pipeline.results.score import SCORED, demand_scorable, score_file
    from harness.values.records import PASSING

    demand_scorable(dataset)
    asked = Asked(convention=convention, classes=_names(classes), arithmetic=arithmetic)
    demand_asked(dataset, asked)
    _demand_fitting(METRICS[dataset].ways, by, dataset)
    _demand_either("--name", name, "--row", row)
    _demand_either("--classes", classes, "--row", row)
    claimed = _claimed(zoo, row) if row else None
    ground_truth = open_truth(dataset, data_root=data_root, file=truth)
    passed_over: list[str] = []
    if images is not None:
        whole, ground_truth = ground_truth, truth_of_listed(images, ground_truth)
        passed_over = whole.arrays()["image_names"].tolist()
    used = convention_of_files(
        results, ground_truth, asked, is_judged=claimed is not None
    )
    scored = score_file(
        dataset,
        results,
        ground_truth,
        records=(records or DEFAULT_RECORDS)
        / (claimed.zoo.name if claimed else SCORED),
        name=name,
        claimed=claimed,
        coco_engine=chosen_engine(coco_engine),
        convention=used,
        passed_over=passed_over,
    )
    metric = metric_of(dataset, options=used.options)
    parts = metric.ways[by](scored.results, ground_truth) if by is not None else {}
    if by is Way.CLASS:
        names = class_names_beside(dataset, data_root=data_root, file=truth)
        parts = {names.get(one, one): ap_pct for one, ap_pct in parts.items()}
    if curves is not None:
        with writing(curves, CURVES_FILE):
            write_curves(curves, metric.curves(scored.results, ground_truth))
    if as_json:
        answer = _as_data(scored, used)
        print_json(answer | ({f"by_{by}": dict(parts)} if by is not None else {}))
    else:
        _print_scored(scored, used, by, parts)
    if scored.record.verdict not in PASSING:
        raise typer.Exit(EXIT_FAILED)


def _demand_fitting(ways: Iterable[str], by: Way | None, dataset: str) -> None:
    if by is not None and by not in ways:
        raise UsageError(
            f"--by of {dataset}",
            expected=" or ".join(ways),
            got=by,
            next_step="give one of these words",
        )


def _demand_either(one: str, value: str, other: str, other_value: str) -> None:
    if value and other_value:
        raise UsageError(
            f"{one} and {other}",
            expected="one of them",
            got="both",
            next_step="leave one of them out",
        )


def _names(text: str) -> tuple[str, ...]:
    """Return the names of a list with commas between, each once."""
    return tuple(dict.fromkeys(one.strip() for one in text.split(",") if one.strip()))


def _as_data(scored: Scored, used: Convention) -> dict[str, object]:
    record = scored.record
    (measured,) = record.measurements
    return {
        "record": str(scored.path),
        "name": record.row_id,
        "zoo": record.zoo,
        "verdict": record.verdict,
        "reason": record.reason,
        "scores_pct": dict(measured.scores_pct),
        "judgements": [asdict(one) for one in measured.judgements],
        "convention": used.word or None,
        "convention_from": used.because or None,
        "classes": None if used.classes is None else list(used.classes),
        "notes": list(scored.doubts),
    }


def _print_scored(
    scored: Scored, used: Convention, by: Way | None, parts: Mapping[str, float]
) -> None:
    record = scored.record
    (measured,) = record.measurements
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
    if used.word:
        out.print(str(used))
    for doubt in scored.doubts:
        out.print(f"note: {doubt}")
    if by is not None:
        out.print()
        print_table((by, "AP"), [(one, f"{ap:.2f}") for one, ap in parts.items()])
    out.print(f"\n{record.verdict}: {record.reason}".rstrip(": "))
    out.print(f"record: {scored.path}")


def _claimed(zoo: str, row_id: str) -> Claimed:
    from harness.pipeline.measure.known_datasets import known_datasets
    from harness.pipeline.results.score import Claimed
    from harness.values.datasets import KnownDataset

    opened = open_zoo(zoo)
    row = asked_row(opened, row_id)
    known = known_datasets(opened, find_home()).get(row.dataset, KnownDataset())
    return Claimed(zoo=opened, row=row, known=known)
