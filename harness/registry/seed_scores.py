"""Reads what rows scored after trainings of our own, one line for each seed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from harness.errors import ZooDataError, located
from harness.printable import counted, printable
from harness.registry.problems import noting
from harness.values.rows import METRICS_OF_DATASET, Row, SeedScore

HEADER = ("row", "metric", "seed", "measured_pct")
#: More are no seed that a recipe or an option could have.
MOST_SEED_DIGITS = 18
#: Two seeds say nothing of how far a third may lie.
FEWEST_SEEDS = 3


def read_seed_scores(path: Path, problems: list[ZooDataError]) -> tuple[SeedScore, ...]:
    """Return the scores of a CSV file in its order; a file that is missing has none.

    Args:
        path: of the file.
        problems: gets what is malformed.
    """
    scores: list[SeedScore] = []
    with noting(problems), located(path.name):
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise ZooDataError(
                "scores of trainings are not readable",
                expected=f"a CSV in UTF-8 with the header {','.join(HEADER)}",
                got=str(error),
                next_step="write it as expected/README.md shows, or delete it",
            ) from error
        _check_header(text)
        for number, line in _lines(text)[1:]:
            with noting(problems), located(path.name), located(f"line {number}"):
                scores.append(_parse_score(next(csv.reader([line]))))
    return tuple(scores)


def join_seed_scores(
    rows: Sequence[Row],
    scores: Sequence[SeedScore],
    file_name: str,
    problems: list[ZooDataError],
) -> tuple[SeedScore, ...]:
    """Return the scores that belong to rows, and note those that do not.

    A row that has any has three seeds or more, and of each every metric of its dataset.

    Args:
        rows: of the zoo.
        scores: in the order of the file.
        file_name: for messages.
        problems: gets what does not join.
    """
    metrics_of = {row.row_id: METRICS_OF_DATASET[row.dataset] for row in rows}
    belonging: dict[tuple[str, str, int], SeedScore] = {}
    for score in scores:
        with noting(problems), located(file_name), located(f"row {score.row_id}"):
            if score.row_id not in metrics_of:
                raise ZooDataError(
                    "field row",
                    expected="the id of a row of this zoo",
                    got="no such row",
                    next_step="correct the id, or remove the line",
                )
            if score.metric not in metrics_of[score.row_id]:
                raise ZooDataError(
                    "field metric",
                    expected=" or ".join(metrics_of[score.row_id]),
                    got=score.metric,
                    next_step="name a metric of the row's dataset",
                )
            if (score.row_id, score.metric, score.seed) in belonging:
                raise ZooDataError(
                    f"field seed of {score.metric}",
                    expected="each seed once",
                    got=f"{score.seed} again",
                    next_step="remove one of the lines",
                )
            belonging[score.row_id, score.metric, score.seed] = score
    for row_id, metrics in metrics_of.items():
        for problem in _count_problems(row_id, metrics, belonging):
            problem.where = (file_name, f"row {row_id}")
            problems.append(problem)
    return tuple(belonging.values())


def _count_problems(
    row_id: str, metrics: Sequence[str], keys: Iterable[tuple[str, str, int]]
) -> Iterator[ZooDataError]:
    """Yield why the seeds of a row are no measure of their spread."""
    of_row = [(metric, seed) for one, metric, seed in keys if one == row_id]
    if not of_row:
        return
    seeds = sorted({seed for _, seed in of_row})
    if len(seeds) < FEWEST_SEEDS:
        yield ZooDataError(
            "field seed",
            expected=f"{FEWEST_SEEDS} seeds or more of a row",
            got=str(len(seeds)),
            next_step="train it by more seeds, or remove its lines",
        )
    missing = [
        f"{metric} of seed {seed}"
        for seed in seeds
        for metric in metrics
        if not Counter(of_row)[metric, seed]
    ]
    if missing:
        yield ZooDataError(
            "field metric",
            expected=f"every metric of {counted(len(seeds), 'seed')}",
            got=f"no {missing[0]}",
            next_step="add the line, or remove those of the seed",
        )


def _lines(text: str) -> list[tuple[int, str]]:
    """Return the lines that are no comment, each with its number."""
    return [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]


def _check_header(text: str) -> None:
    lines = _lines(text)
    header = tuple(next(csv.reader([lines[0][1]]))) if lines else ()
    if header != HEADER:
        raise ZooDataError(
            "header",
            expected=",".join(HEADER),
            got=",".join(header),
            next_step="begin with that line",
        )


def _parse_score(cells: Sequence[str]) -> SeedScore:
    if len(cells) != len(HEADER):
        raise ZooDataError(
            "cells of the line",
            expected=",".join(HEADER),
            got=",".join(cells),
            next_step="write one cell for each",
        )
    row_id, metric, seed, measured = cells
    if not (seed.isascii() and seed.isdigit() and len(seed) <= MOST_SEED_DIGITS):
        raise ZooDataError(
            "field seed",
            expected="a whole number from 0",
            got=printable(repr(seed)),
            next_step="write the seed of the training",
        )
    try:
        measured_pct = Decimal(measured)
    except InvalidOperation:
        measured_pct = Decimal("NaN")
    if not (measured_pct.is_finite() and 0 <= measured_pct <= 100):
        raise ZooDataError(
            "field measured_pct",
            expected="a decimal from 0 to 100",
            got=printable(repr(measured)),
            next_step="write the AP in percent, as the record has it",
        )
    return SeedScore(
        row_id=row_id, metric=metric, seed=int(seed), measured_pct=measured_pct
    )
