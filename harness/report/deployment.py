"""Writes the section "What a deployment would get": other precisions than float32."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.report.cells import signed
from harness.report.inert import inert, inert_code
from harness.report.markdown import render_table
from harness.report.notes import inert_line
from harness.report.summary import NO_NUMBER
from harness.report.words import Words
from harness.values.records import Measurement, Record, SpeedRecord, Verdict
from harness.values.rows import Row, Zoo

#: Between the numbers of a row that has several.
BETWEEN = " / "


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionRecords:
    """What was measured in one precision."""

    precision: str  # "bf16" | "int8"
    records: Mapping[str, Record]
    speeds: Mapping[str, SpeedRecord] = field(default_factory=dict)


def deployment(
    zoo: Zoo,
    records: Mapping[str, Record],
    measured: Sequence[PrecisionRecords],
    words: Words,
) -> Iterator[str]:
    """Yield the section; nothing if no row was measured in another precision.

    Args:
        zoo: the edition.
        records: those in float32, by row id, for comparison.
        measured: the records of each other precision.
        words: of the page.
    """
    lines = [
        _line(zoo, row, records.get(row.row_id), precision, record)
        for row in zoo.rows
        for precision in measured
        if (record := precision.records.get(row.row_id)) is not None
        and record.verdict is Verdict.NOT_JUDGED
    ]
    others = [
        "- "
        + words.note.format(
            row=inert_code(f"{row.row_id} {precision.precision}"),
            verdict=words.verdicts[record.verdict],
            text=inert_line(record.reason),
        )
        for row in zoo.rows
        for precision in measured
        if (record := precision.records.get(row.row_id)) is not None
        # no_device: the precision does not suit the row, or the processor
        and record.verdict not in (Verdict.NOT_JUDGED, Verdict.NO_DEVICE)
    ]
    if not lines and not others:
        return
    yield f"## {words.deployment.heading}"
    yield words.deployment.how_to_read
    if lines:
        align = ["left", "left", *["right"] * 6, "left"]
        yield render_table(words.deployment.columns, lines, align)
    if others:
        yield "\n".join(others)


def _line(
    zoo: Zoo,
    row: Row,
    beside: Record | None,
    precision: PrecisionRecords,
    record: Record,
) -> list[str]:
    """Return the cells of a row: its numbers, those of float32, and the speed."""
    metrics = [claim.metric for claim in zoo.ap_claims(row.row_id)]
    got = _scores(record, metrics)
    float32 = [None] * len(got) if beside is None else _scores(beside, metrics)
    if beside is not None and not _same_data(record, beside):
        float32 = [None] * len(got)
    differences = [
        None if mine is None or theirs is None else mine - theirs
        for mine, theirs in zip(got, float32, strict=True)
    ]
    speed = precision.speeds.get(row.row_id)
    return [
        f"`{inert_code(row.row_id)}`",
        precision.precision,
        BETWEEN.join(_number(value) for value in got),
        BETWEEN.join(_number(value) for value in float32),
        BETWEEN.join(
            NO_NUMBER if value is None else signed(value) for value in differences
        ),
        *_speed_cells(speed),
    ]


def _scores(record: Record, metrics: Sequence[str]) -> list[float | None]:
    printed = _as_printed(record)
    scores = {} if printed is None else printed.scores_pct
    return [scores.get(one) for one in metrics]


def _as_printed(record: Record) -> Measurement | None:
    return next((one for one in record.measurements if one.erratum is None), None)


def _same_data(record: Record, beside: Record) -> bool:
    """Return whether two records may be compared: of one archive and one dataset."""
    mine, theirs = (
        (
            one.archive and one.archive.sha256,
            one.dataset and (one.dataset.fingerprint, one.dataset.limit),
        )
        for one in (record, beside)
    )
    return mine == theirs


def _speed_cells(speed: SpeedRecord | None) -> list[str]:
    if speed is None:
        return [NO_NUMBER] * 4
    return [
        f"{speed.ms:.2f}",
        f"{speed.float32_ms:.2f}",
        f"{speed.float32_ms / speed.ms:.2f}",
        inert(
            f"{speed.device_model} ({speed.threads}; {', '.join(speed.instructions)})"
        ),
    ]


def _number(value: float | None) -> str:
    return NO_NUMBER if value is None else f"{value:.2f}"
