"""Refuses what a record says of its day, code, machine and times that cannot be true.

Neither the archive nor the machine is here, so none of this can be measured again. It
is held to the row, to the pins and to the words that a measurement writes. The key of
the store is computed again: it is a digest of most of these facts.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping

from harness.dataset.datasets import DATASETS
from harness.errors import HarnessError
from harness.evaluate.metrics import every_metric
from harness.model.detectors.architectures import demand_row, protocol_of_row
from harness.model.machine.precisions import FLOAT32
from harness.model.paddle_run.distribution import PADDLE_DISTRIBUTIONS
from harness.model.quantised.quantisation import KINDS, is_quantised
from harness.model.torch_run.runtime import ARITHMETIC, DISTRIBUTIONS, LIBRARIES
from harness.pipeline.gate.finding import Finding, Rule, finding_of, refused
from harness.pipeline.measure.environment import WITH_CHANGES
from harness.pipeline.measure.run_keys import store_key
from harness.values.records import (
    OTHER_RUNTIME,
    UNKNOWN_COMMIT,
    Environment,
    Measurement,
    Record,
)
from harness.values.rows import Row
from harness.values.runtimes import NO_PADDLE

#: Form of a version, as ``importlib.metadata`` and Python tell theirs.
_VERSION = r"\d+(\.\w+)*([-+.]\w*)*"
_COMMIT = re.compile(rf"[0-9a-f]{{40}}({WITH_CHANGES})?|{UNKNOWN_COMMIT}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

#: Distributions that a decoder's name can start with; OpenCV's is another word.
_DECODERS: Mapping[str, str] = {
    "opencv": r"opencv-python-headless",
    "pillow": r"pillow",
}


def recheck_making(row: Row, record: Record, today: dt.date) -> Iterator[Finding]:
    """Yield what a record says of its making that cannot be true.

    Args:
        row: the row that the record is of.
        record: what was measured, or could not be.
        today: the day to judge by.
    """
    yield from _check_made(row, record, today)
    if not record.measurements:
        return
    yield from _check_environment(row, record)
    yield from _check_protocol(row, record)
    for one in record.measurements:
        yield from _check_store_key(row, record, one)
        yield from _check_times(row, one)


def _check_made(row: Row, record: Record, today: dt.date) -> Iterator[Finding]:
    made = record.made
    if made is None:
        yield refused(Rule.MADE, row.row_id, "made on no day, by no code", got="null")
        return
    day = day_of(made.date)
    # A machine whose clock is set to its own zone may be a day ahead.
    if day is None or day > today + dt.timedelta(days=1):
        yield refused(
            Rule.MADE,
            row.row_id,
            "the day it was made on",
            expected=f"a date such as {today}, not after it",
            got=repr(made.date),
        )
    for field, form in (("harness", re.compile(_VERSION)), ("commit", _COMMIT)):
        got = getattr(made, field)
        if not form.fullmatch(got):
            yield refused(
                Rule.MADE,
                row.row_id,
                f"{field} that made it",
                expected=_EXPECTED[field],
                got=repr(got),
            )


_EXPECTED = {
    "harness": "a version such as 1.2.3",
    "commit": f"40 hexadecimal digits, the same and '{WITH_CHANGES.strip()}', or "
    f"{UNKNOWN_COMMIT}",
}


def day_of(text: str) -> dt.date | None:
    """Return the day of ``2020-01-31``, or None for a text in any other form."""
    try:
        return dt.date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _check_environment(row: Row, record: Record) -> Iterator[Finding]:
    """Refuse words about the machine that no measurement writes."""
    used = record.environment
    if used is None:
        yield refused(
            Rule.ENVIRONMENT, row.row_id, "numbers of no environment", got="null"
        )
        return
    if used.precision != FLOAT32:
        yield refused(
            Rule.PRECISION,
            row.row_id,
            "precision",
            expected=FLOAT32,
            got=used.precision,
            next_step="measure the row without --precision",
        )
    engines = [_engine_form(one.engine_name()) for one in every_metric(row.dataset)]
    decoder = _DECODERS[DATASETS[row.dataset].decoder]
    forms = {
        "harness": _VERSION if record.made is None else re.escape(record.made.harness),
        "python": _VERSION,
        "numpy": _VERSION,
        **_runtime_forms(used),
        "decoder": rf"{decoder} {_VERSION}",
        "metric_engine": "|".join(engines),
        "device": "cpu|gpu",
        "graph_optimiser": "on|off",
    }
    for field, form in forms.items():
        got = getattr(used, field)
        if not re.fullmatch(form, got):
            yield refused(
                Rule.ENVIRONMENT,
                row.row_id,
                f"{field} of the environment",
                expected=form.replace(_VERSION, "<version>").replace("\\", ""),
                got=repr(got),
            )
    if used.threads < 1:
        yield refused(
            Rule.ENVIRONMENT,
            row.row_id,
            "threads of the environment",
            expected="1 or more",
            got=used.threads,
        )


def _runtime_forms(used: Environment) -> dict[str, str]:
    """Return what the words about one runtime look like, and none about another."""
    if not used.runtime:
        paddle = rf"({'|'.join(PADDLE_DISTRIBUTIONS)}) {_VERSION}"
        return {"paddle": paddle} | dict.fromkeys(OTHER_RUNTIME, "")
    return {
        "paddle": NO_PADDLE,
        "runtime": ", ".join(f"{name} {_VERSION}" for name in DISTRIBUTIONS),
        "libraries": LIBRARIES,
        "arithmetic": re.escape(ARITHMETIC),
    }


def _engine_form(name: str) -> str:
    """Return a pattern of an engine's name; our own engine's is fixed."""
    package, _, version = name.rpartition(" ")
    return name if "/" in version else rf"{package} {_VERSION}"


def _check_protocol(row: Row, record: Record) -> Iterator[Finding]:
    """Refuse another protocol than the row's; an archive may add its quantisation."""
    try:
        demand_row(row)
    except HarnessError as error:
        yield finding_of(Rule.PROTOCOL, row.row_id, error)
        return
    expected = dict(protocol_of_row(row))
    got = dict(record.protocol)
    if is_quantised(row.strategy) and got.get("quantisation") in _QUANTISATIONS:
        del got["quantisation"]
    for name in sorted({*expected, *got}):
        if got.get(name) != expected.get(name):
            yield refused(
                Rule.PROTOCOL,
                row.row_id,
                f"{name} of the protocol",
                expected=expected.get(name, "no such value"),
                got=got.get(name, "none"),
            )


_QUANTISATIONS = frozenset(f"8 bits: {told}" for told in KINDS.values())


def _check_store_key(
    row: Row, record: Record, measurement: Measurement
) -> Iterator[Finding]:
    """Refuse a key that does not follow from the archive, dataset and machine."""
    if record.archive is None or record.dataset is None or record.environment is None:
        return  # refused above
    try:
        key = store_key(
            row,
            input_px=measurement.input_px,
            archive_sha256=record.archive.sha256,
            dataset_fingerprint=record.dataset.fingerprint,
            environment=record.environment,
        )
    except KeyError:  # a network that this version does not have: refused above
        return
    if measurement.store_key != key.digest():
        yield refused(
            Rule.STORE_KEY,
            row.row_id,
            f"store_key at {measurement.input_px} px does not follow from archive, "
            "dataset and environment",
            expected=key.digest(),
            got=measurement.store_key,
        )


def _check_times(row: Row, measurement: Measurement) -> Iterator[Finding]:
    for field in ("detect_wall_s", "detect_cpu_s", "score_wall_s"):
        got = getattr(measurement, field)
        if got < 0:
            yield refused(
                Rule.TIMES,
                row.row_id,
                f"{field} at {measurement.input_px} px",
                expected="0 or more",
                got=got,
            )
    # Detections come from a network, which takes time, or from the store.
    took = measurement.detect_wall_s > 0 or measurement.detect_cpu_s > 0
    if measurement.replayed == took and measurement.detection_count > 0:
        yield refused(
            Rule.TIMES,
            row.row_id,
            f"replayed at {measurement.input_px} px",
            expected="false with the time that detecting took, or true with none",
            got=f"{str(measurement.replayed).lower()} and "
            f"{measurement.detect_wall_s} s",
        )
