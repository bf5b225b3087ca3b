"""Promotes measured records to accepted ones, each with the reason why.

::

    <into>/<row id>.json         the record, byte for byte as it was measured
    <into>/accepted.toml         row, reason, who, the digest, what was left out
    <into>/detections, <into>/truth    where small enough to be committed
"""

from __future__ import annotations

import datetime as dt
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import RecordInvalid, UsageError, located
from harness.files.atomic import write_bytes
from harness.files.record_files import read_record, write_record
from harness.pipeline.gate.accepted_list import (
    AcceptedEntry,
    file_sha256,
    read_accepted,
    write_accepted,
)
from harness.pipeline.gate.recheck import recheck_record
from harness.pipeline.gate.rescore import SAME_SCORE_PCT
from harness.values.datasets import KnownDataset
from harness.values.records import PASSING, Measurement, Record, Verdict
from harness.values.rows import Row, Zoo
from harness.values.runtimes import PADDLE

LOGGER = logging.getLogger(__name__)

#: Verdicts of an honest measurement of the claim itself.
ACCEPTABLE = (PASSING - {Verdict.NOT_JUDGED}) | {Verdict.LOWER, Verdict.HIGHER}

#: Larger arrays are not committed: a repository keeps every version for ever.
COMMITTED_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One record that was promoted."""

    row_id: str
    path: Path
    sha256: str  # of the record's canonical JSON
    left_out: tuple[str, ...]  # files too large to commit, relative to the folder


def accept(
    zoo: Zoo,
    row_ids: Sequence[str],
    *,
    records: Path,
    repeat_records: Path,
    into: Path,
    reason: str,
    by: str,
    today: dt.date,
    known_datasets: Mapping[str, KnownDataset] | None = None,
) -> tuple[Accepted, ...]:
    """Promote the records of those rows; nothing is written unless all may be.

    Args:
        zoo: the edition.
        row_ids: the rows to accept.
        records: the folder they were measured into.
        repeat_records: the folder of a second measurement, computed and not replayed.
        into: the folder of accepted records.
        reason: why these numbers are accepted; kept beside them.
        by: who accepts them; kept beside them, and nowhere else.
        today: the day to judge by.
        known_datasets: dataset -> what is known of the published one.

    Raises:
        UsageError: no row, an unknown row, no reason, nobody, or a repeat that is none.
        RecordInvalid: a record that may not be accepted: missing, AP 0, part of the
            data, no measurement of the claim, refused by the gate's recomputation, or
            with a value that the repeat does not give.
    """
    why, who = " ".join(reason.split()), " ".join(by.split())
    rows = _rows_of(zoo, row_ids)
    if not why:
        raise UsageError(
            "--reason",
            expected="why the numbers are accepted",
            got="nothing",
            next_step="give --reason TEXT",
        )
    if not who:
        raise UsageError(
            "--by",
            expected="who accepts the numbers",
            got="nothing",
            next_step="give --by NAME",
        )
    if records.resolve() == repeat_records.resolve():
        raise UsageError(
            "the repeat is the same folder as the records",
            expected="the records of a second run",
            got=records,
            next_step="measure again with --fresh --records OTHER",
        )
    checked: list[Record] = []
    for row in rows:
        with located(row.row_id):
            record = _read(records, row)
            _check_worth(row, record)
            refusals = recheck_record(
                zoo, row, record, records, known_datasets or {}, today=today
            )
            refusal = next(iter(refusals), None)
            if refusal is not None:
                raise RecordInvalid(f"{refusal.rule}: {refusal.message}")
            _check_repeat(record, _read(repeat_records, row))
            checked.append(record)
    return _write(checked, records, into, reason=why, by=who)


def _rows_of(zoo: Zoo, row_ids: Sequence[str]) -> list[Row]:
    known = {row.row_id: row for row in zoo.rows}
    unknown = [row_id for row_id in row_ids if row_id not in known]
    if unknown or not row_ids:
        raise UsageError(
            "rows to accept",
            expected=f"ids of {zoo.name}",
            got=", ".join(unknown) or "none",
            next_step="`zoo list` names them",
        )
    return [known[row_id] for row_id in dict.fromkeys(row_ids)]


def _read(folder: Path, row: Row) -> Record:
    path = folder / f"{row.row_id}.json"
    if not path.is_file():
        raise RecordInvalid(
            "no record", expected=path, next_step="measure the row into that folder"
        )
    return read_record(path)


def _check_worth(row: Row, record: Record) -> None:
    """Refuse a record that is no measurement of the row's claim."""
    if record.zoo != row.zoo:
        raise RecordInvalid("a record of another zoo", expected=row.zoo, got=record.zoo)
    if record.dataset is not None and record.dataset.limit is not None:
        raise RecordInvalid(
            "measured on part of the data",
            expected="all images",
            got=f"the first {record.dataset.limit}",
            next_step="measure without --limit",
        )
    if record.verdict not in ACCEPTABLE:
        raise RecordInvalid(
            "no measurement of the claim",
            expected=" | ".join(sorted(ACCEPTABLE)),
            got=record.verdict,
            next_step=record.reason or None,
        )
    for measurement in record.measurements:
        for judgement in measurement.judgements:
            if not judgement.measured_pct > 0:
                raise RecordInvalid(
                    f"{judgement.metric} at {measurement.input_px} px",
                    expected="above 0",
                    got=judgement.measured_pct,
                    next_step="a network that finds nothing is a fault, not a result",
                )


def _check_repeat(record: Record, repeat: Record) -> None:
    """Refuse a value that a second measurement does not give."""
    by, again_by = (_runtime_of(one) for one in (record, repeat))
    if by != again_by:
        raise RecordInvalid(
            "the repeat was computed by another runtime",
            expected=by,
            got=again_by,
            next_step="repeat with the --runtime of the record",
        )
    repeated = {run.erratum: run for run in repeat.measurements}
    for first in record.measurements:
        second = repeated.get(first.erratum)
        if second is None:
            raise RecordInvalid(
                f"the run at {first.input_px} px was not repeated",
                next_step="measure the row again with --fresh --records OTHER",
            )
        if second.replayed:
            raise RecordInvalid(
                f"the repeat at {first.input_px} px was replayed from the store",
                expected="detections computed again",
                next_step="measure the row again with --fresh --records OTHER",
            )
        _check_same(first, second)


def _runtime_of(record: Record) -> str:
    """Return the framework that computed a record, without its version."""
    used = record.environment
    return (used.runtime if used else "").partition(" ")[0] or PADDLE


def _check_same(first: Measurement, second: Measurement) -> None:
    if first.detections_sha256 == second.detections_sha256:
        return
    for judgement in first.judgements:
        got = second.scores_pct.get(judgement.metric)
        if got is None or not math.isclose(
            got, judgement.measured_pct, rel_tol=0, abs_tol=SAME_SCORE_PCT
        ):
            raise RecordInvalid(
                f"the repeat gives another {judgement.metric} at {first.input_px} px",
                expected=judgement.measured_pct,
                got=got,
                next_step="find what varies between two runs before accepting either",
            )


def _write(
    checked: Sequence[Record], records: Path, into: Path, *, reason: str, by: str
) -> tuple[Accepted, ...]:
    entries = read_accepted(into)
    accepted = []
    for record in checked:
        left_out = []
        for name in _arrays_of(record):
            content = (records / name).read_bytes()
            if len(content) > COMMITTED_BYTES:
                left_out.append(name)
            else:
                write_bytes(into / name, content)
        promoted = Accepted(
            row_id=record.row_id,
            path=write_record(into, record),
            sha256=file_sha256(record),
            left_out=tuple(left_out),
        )
        accepted.append(promoted)
        LOGGER.info("%s: accepted; %s left out", record.row_id, left_out or "nothing")
        entries[record.row_id] = AcceptedEntry(
            row_id=record.row_id,
            reason=reason,
            by=by,
            sha256=promoted.sha256,
            left_out=promoted.left_out,
        )
    write_accepted(into, entries.values())
    return tuple(accepted)


def _arrays_of(record: Record) -> list[str]:
    """Return the files of detections and ground truth of a record, each once."""
    assert record.dataset is not None  # recheck_record refuses numbers of no dataset
    names = [one.detections_file for one in record.measurements]
    return list(dict.fromkeys([record.dataset.truth_file, *names]))
