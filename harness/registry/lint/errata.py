"""Checks errata and moves against the rows and archives that they name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from harness.errors import ZooDataError
from harness.registry import words
from harness.registry.moves import Move
from harness.registry.sources import MOVES_FILE
from harness.values.rows import (
    DIFFERENCE_METRICS,
    STRUCTURE_METRICS,
    Erratum,
    Row,
    Zoo,
)


def errata_problems(
    zoo: Zoo, moves: Sequence[Move], file_name: str
) -> Iterator[ZooDataError]:
    """Yield errata of unknown rows, and errata of what the document does not print."""
    rows = {row.row_id: row for row in zoo.rows}
    for erratum in zoo.errata:
        place = f"{file_name}: erratum {erratum.erratum_id}"
        for row_id in erratum.rows:
            if row_id not in rows:
                yield ZooDataError(
                    f"{place}: field rows",
                    expected="ids of rows of this zoo",
                    got=row_id,
                )
        named = [rows[row_id] for row_id in erratum.rows if row_id in rows]
        yield from _own_problems(erratum, place)
        yield from _printed_problems(erratum, named, zoo, place)
        if erratum.field == "url":
            yield from _correction_problems(erratum, named, moves, place)


def move_problems(
    zoo: Zoo, moves: Iterable[Move], starts: Collection[str] = ()
) -> Iterator[ZooDataError]:
    """Yield moves of unknown archives, and moves that their erratum does not make.

    Args:
        zoo: the zoo.
        moves: its later addresses.
        starts: names of the weights that its recipes start from.
    """
    errata = {erratum.erratum_id: erratum for erratum in zoo.errata}
    for move in moves:
        place = f"{MOVES_FILE}: move of {move.archive}"
        archive = zoo.archives.get(move.archive)
        if archive is None and move.archive not in starts:
            yield ZooDataError(
                f"{place}: field archive",
                expected="the name of an [[archive]] of this zoo",
                got="no such archive",
            )
        elif archive is not None and move.url == archive.url:
            yield ZooDataError(
                f"{place}: field url",
                expected="another address than the printed one",
                got=move.url,
            )
        if move.erratum is not None:
            erratum = errata.get(move.erratum)
            corrected = erratum.corrected if erratum is not None else "no such erratum"
            if corrected != move.url:
                yield ZooDataError(
                    f"{place}: field url",
                    expected=f"what {move.erratum} corrects to, {corrected}",
                    got=move.url,
                )


def _own_problems(erratum: Erratum, place: str) -> Iterator[ZooDataError]:
    if erratum.printed == erratum.corrected:
        yield ZooDataError(
            f"{place}: field corrected",
            expected=f"another text than the printed {erratum.printed}",
            got=erratum.corrected,
        )
    if not erratum.rows and erratum.field != "spelling":
        yield ZooDataError(
            f"{place}: field rows", expected="at least one row", got="none"
        )
    changes_run = erratum.field == "input_px"  # design 3, Errata
    if erratum.changes_run != changes_run:
        yield ZooDataError(
            f"{place}: field changes_run",
            expected=f"{changes_run} for a correction of {erratum.field}".lower(),
            got=str(erratum.changes_run).lower(),
        )
    if erratum.field == "input_px" and not (
        erratum.corrected.isascii() and erratum.corrected.isdigit()
    ):
        yield ZooDataError(
            f"{place}: field corrected",
            expected="a whole number of pixels",
            got=repr(erratum.corrected),
        )
    if erratum.field == "strategy" and erratum.corrected not in words.STRATEGIES:
        yield ZooDataError(
            f"{place}: field corrected",
            expected=" or ".join(sorted(words.STRATEGIES)),
            got=repr(erratum.corrected),
        )


def _printed_problems(
    erratum: Erratum, rows: Iterable[Row], zoo: Zoo, place: str
) -> Iterator[ZooDataError]:
    for row in rows:
        printed = _printed_by(row, erratum.field, zoo)
        if erratum.printed not in printed:
            texts = " or ".join(printed) or "nothing"
            yield ZooDataError(
                f"{place}: field printed",
                expected=f"what {row.row_id} prints, {texts}",
                got=repr(erratum.printed),
            )


def _printed_by(row: Row, field: str, zoo: Zoo) -> tuple[str, ...]:
    """Return what the document prints of a row in the field that an erratum doubts."""
    if field == "input_px":
        return (str(row.input_px),)
    if field == "url":
        archive = zoo.archives.get(row.archive)
        return () if archive is None else (archive.url,)
    if field == "strategy":
        return tuple(
            text
            for title, text in row.cells.items()
            if words.role_of(title) == "strategy"
        )
    if field in (*STRUCTURE_METRICS, *DIFFERENCE_METRICS):
        printed = zoo.printed(row.row_id, field)
        return () if printed is None else (printed,)
    return tuple(row.cells.values())


def _correction_problems(
    erratum: Erratum, rows: Iterable[Row], moves: Iterable[Move], place: str
) -> Iterator[ZooDataError]:
    made = {(one.archive, one.url, one.erratum) for one in moves}
    for name in dict.fromkeys(row.archive for row in rows):
        if (name, erratum.corrected, erratum.erratum_id) not in made:
            yield ZooDataError(
                f"{place}: field corrected",
                expected=f"a [[move]] of {name} in {MOVES_FILE} that names "
                f"{erratum.erratum_id}",
                got=f"none to {erratum.corrected}",
            )
