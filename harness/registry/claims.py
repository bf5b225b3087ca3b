"""Reads and writes the CSV of published numbers."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path

from harness.errors import ZooDataError, located
from harness.registry.problems import noting
from harness.values.rows import DIFFERENCE_METRICS, STRUCTURE_METRICS, Claim

HEADER = ("row", "metric", "printed")

#: A printed difference. One without a sign is read too, and refused by `zoo check`.
_DIFFERENCE = re.compile(r"[+-]?\d+(\.\d+)?%?")


def parse_claims(text: str, problems: list[ZooDataError]) -> tuple[Claim, ...]:
    """Return the claims of a CSV text in file order, and note what is wrong.

    Lines that start with ``#`` are comments. A claim is kept as printed. An AP is a
    decimal from 0 to 100, in percent. A figure is a decimal above 0. A difference may
    have a sign, and a percent sign.
    """
    claims: list[Claim] = []
    seen: dict[tuple[str, str], int] = {}
    header_read = False
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        with noting(problems), located(f"line {number}"):
            cells = tuple(next(csv.reader([line])))
            if not header_read:
                header_read = True
                _check_header(cells)
                continue
            claim = _parse_claim(cells)
            key = (claim.row_id, claim.metric)
            if key in seen:
                raise ZooDataError(
                    f"field metric of row {claim.row_id}",
                    expected="each metric of a row once",
                    got=f"{claim.metric} again, first on line {seen[key]}",
                )
            seen[key] = number
            claims.append(claim)
    return tuple(claims)


def read_claims(path: Path, problems: list[ZooDataError]) -> tuple[Claim, ...]:
    """Return the claims of a CSV file; a file that is missing is a problem."""
    with noting(problems), located(path.name):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            missing = isinstance(error, FileNotFoundError)
            raise ZooDataError(
                "claims are not readable",
                expected=f"a CSV in UTF-8 with the header {','.join(HEADER)}",
                got="no such file" if missing else str(error),
            ) from error
        of_file: list[ZooDataError] = []
        claims = parse_claims(text, of_file)
        for problem in of_file:
            problem.where = (path.name, *problem.where)
        problems += of_file
        return claims
    return ()


def claims_text(
    claims: Iterable[Claim],
    *,
    what: str,
    source: str,
    version: str,
    date: dt.date | None,
) -> str:
    """Return the CSV of the claims, below comments that say where they come from."""
    out = io.StringIO(newline="")
    head = {
        "what": what,
        "source": source,
        "version": version,
        "date": "" if date is None else date.isoformat(),
    }
    out.writelines(f"# {key}: {value}\n" for key, value in head.items() if value)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows((one.row_id, one.metric, one.printed) for one in claims)
    return out.getvalue()


def _check_header(cells: tuple[str, ...]) -> None:
    if cells != HEADER:
        raise ZooDataError("header", expected=",".join(HEADER), got=",".join(cells))


def _parse_claim(cells: tuple[str, ...]) -> Claim:
    if len(cells) != len(HEADER):
        raise ZooDataError(
            "cells of the line", expected=",".join(HEADER), got=",".join(cells)
        )
    row_id, metric, printed = cells
    if not is_printable(metric, printed):
        raise ZooDataError(
            f"field printed of row {row_id}",
            expected=expected_of(metric),
            got=repr(printed),
        )
    return Claim(row_id=row_id, metric=metric, printed=printed)


def is_printable(metric: str, printed: str) -> bool:
    """Return whether ``printed`` is a number that a document can print of a metric."""
    if metric in DIFFERENCE_METRICS:
        return _DIFFERENCE.fullmatch(printed) is not None
    try:
        value = Decimal(printed)
    except InvalidOperation:
        return False
    if metric in STRUCTURE_METRICS:
        return value.is_finite() and value > 0
    return value.is_finite() and 0 <= value <= 100


def expected_of(metric: str) -> str:
    """Return in words which numbers a document can print of a metric."""
    if metric in DIFFERENCE_METRICS:
        return "a difference, such as +0.7 or -16.06%"
    if metric in STRUCTURE_METRICS:
        return "a decimal above 0"
    return "a decimal from 0 to 100"
