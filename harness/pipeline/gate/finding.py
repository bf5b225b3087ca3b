"""Names what the gate asks of records, and what it finds against them."""

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
    MADE = "made"  # on a day and by a version and commit that can be
    ENVIRONMENT = "environment"  # on a machine that it names
    PRECISION = "precision"  # in float32, as what was published
    PROTOCOL = "protocol"  # by the row's protocol
    STORE_KEY = "store_key"  # whose key follows from archive, dataset and environment
    TIMES = "times"  # in a time that can be
    RUNS = "runs"  # at the printed size and at every erratum's
    DATASET = "dataset"  # of a dataset that is the published one, or says it is not
    TRUTH = "truth"  # against the truth the record names
    AGREE = "agree"  # and that the other records of the dataset or archive name
    DETECTIONS = "detections"  # from the detections the record names
    SCORE = "score"  # its numbers follow from both
    ENGINE = "engine"  # and are the same bits by every engine of the metric
    JUDGEMENT = "judgement"  # its judgements follow from the numbers
    VERDICT = "verdict"  # its verdict follows from the judgements
    REASON = "reason"  # and its reason from both
    ACCEPTED = "accepted"  # it is the one that was accepted, where that is written down
    PINNED = "pinned"  # archive, dataset and truth are pinned, if that is asked for
    DEVICE = "device"  # computed on the device that is asked for
    AGE = "age"  # not longer ago than is asked for
    SAMPLE = "sample"  # and the network finds the same on images that are drawn now
    STRUCTURE = "structure"  # its figures are those that its network gives
    NO_RECORD = "no_record"  # every row has a record
    FAILED = "failed"  # whose verdict does not fail
    INCOMPLETE = "incomplete"  # and is that of a measurement
    BASELINE_RECORD = "baseline_record"  # the baseline can be read, and is of this zoo
    VANISHED = "vanished"  # every row of the baseline is still here
    WORSE = "worse"  # with no worse a verdict
    DROPPED = "dropped"  # and no lower a number
    WAIVER_FAR = "waiver_far"  # no waiver runs longer than a year
    WAIVER_EXPIRED = "waiver_expired"  # none has run out
    WAIVER_UNUSED = "waiver_unused"  # and none excuses nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that keeps the gate shut."""

    rule: Rule
    row_id: str
    message: str  # where, what, expected, got, next step
    fails: bool = True  # False: only something is missing
    verdict: str | None = None  # what a waiver of the row must say to excuse it


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing about a row that keeps nothing shut, and that a reader should know."""

    row_id: str
    message: str


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
