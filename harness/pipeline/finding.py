"""A refusal met by the gate in, one named finding out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.errors import HarnessError, RecordInvalid


class Rule(StrEnum):
    """What the gate asks of records; each is the name of a finding."""

    RECORD = "record"  # the file is a record of this format
    ZOO = "zoo"  # of this zoo
    ROW = "row"  # of a row it has
    ARCHIVE = "archive"  # measured on the row's archive, as pinned
    PRECISION = "precision"  # in float32, as what was published
    RUNS = "runs"  # at the printed size and at every erratum's
    DATASET = "dataset"  # of a dataset that is the published one, or says it is not
    TRUTH = "truth"  # against the truth the record names
    DETECTIONS = "detections"  # from the detections the record names
    SCORE = "score"  # its numbers follow from both
    ENGINE = "engine"  # and are the same bits by every engine of the metric
    JUDGEMENT = "judgement"  # its judgements follow from the numbers
    VERDICT = "verdict"  # its verdict follows from the judgements
    STRUCTURE = "structure"  # its figures are those that its network gives
    NO_RECORD = "no_record"  # every row has a record
    FAILED = "failed"  # whose verdict does not fail
    INCOMPLETE = "incomplete"  # and is that of a measurement
    BASELINE_RECORD = "baseline_record"  # the baseline can be read
    VANISHED = "vanished"  # every row of the baseline is still here
    WORSE = "worse"  # with no worse a verdict
    DROPPED = "dropped"  # and no lower a number
    WAIVER_EXPIRED = "waiver_expired"  # no waiver has run out
    WAIVER_UNUSED = "waiver_unused"  # and none excuses nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that keeps the gate shut."""

    rule: Rule
    row_id: str
    message: str  # where, what, expected, got, next step
    fails: bool = True  # False: only something is missing
    verdict: str | None = None  # what a waiver of the row must say to excuse it


def finding_of(
    rule: Rule,
    row_id: str,
    error: HarnessError,
    *,
    fails: bool = True,
    verdict: str | None = None,
) -> Finding:
    """Return the finding that an error amounts to; its message names the row."""
    text = str(error)
    return Finding(
        rule=rule,
        row_id=row_id,
        message=text if row_id in text else f"{row_id}: {text}",
        fails=fails,
        verdict=verdict,
    )


def refused(
    rule: Rule,
    row_id: str,
    what: str,
    *,
    expected: object = None,
    got: object = None,
    next_step: str = "measure the row again",
) -> Finding:
    """Return the finding that a record of the row is refused."""
    error = RecordInvalid(what, expected=expected, got=got, next_step=next_step)
    return finding_of(rule, row_id, error)
