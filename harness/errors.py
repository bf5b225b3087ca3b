"""Defines every refusal of the harness, and how a message names its place.

::

    HarnessError
    |-- UsageError           the question itself cannot be asked: exit 2, pytest exit 4
    |-- ZooDataError         a row, claim, erratum or tolerance is malformed
    |-- ArchiveUnavailable   no source serves the archive          -> unavailable
    |-- WrongArchive         bytes differ from the pinned digest   -> wrong_archive
    |-- ArchiveUnreadable    right bytes, but not a model we read  -> unreadable
    |-- DatasetMissing       the dataset is not under the root     -> no_dataset
    |-- DatasetInvalid       the dataset is there and malformed    -> errored
    |-- WrongDataset         sound, and of other classes           -> wrong_dataset
    |-- DeviceMissing        the asked-for device does not compute -> no_device
    |-- DetectionsInvalid    detections no metric may score        -> errored
    |-- LimitReached         a limit that the user may raise     -> errored
    |-- RecordInvalid        a stored record is malformed or was altered
    `-- TrainingFailed       a training or compression run went wrong
        `-- LossNotFinite    a loss of a step is no number

A message has five parts: where, what, expected, got, next step (design 5).
*Where* is added from outside, by nesting :func:`located`. Any part may hold text of
others, a server's or a file's. In the message each is printable and cut
(``printable.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from harness.printable import LONGEST_PART_CHARS, printable

#: How an empty value is spelled, by itself and as Python shows it.
EMPTY = ("", "''", '""')


class HarnessError(Exception):
    """A refusal with its five parts.

    Args:
        what: what is wrong, in a few words.
        expected: what would have been right.
        got: what was found instead.
        next_step: what the reader can do about it.
    """

    #: The verdict a row gets when this stops its measurement (``records.Verdict``).
    verdict: ClassVar[str] = "errored"

    def __init__(
        self,
        what: str,
        *,
        expected: object = None,
        got: object = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(what)
        self.where: tuple[str, ...] = ()
        self.what = what
        self.expected = expected
        self.got = got
        self.next_step = next_step

    def __str__(self) -> str:
        text = ": ".join(map(_part, (*self.where, self.what)))
        if self.expected is not None:
            text += f"; expected {_value(self.expected)}"
        if self.got is not None:
            joint = ", got" if self.expected is not None else "; got"
            text += f"{joint} {_value(self.got)}"
        if self.next_step is not None:
            text += f"; {_part(self.next_step)}"
        return text


def _part(part: object) -> str:
    return printable(part, longest_chars=LONGEST_PART_CHARS)


def _value(value: object) -> str:
    """Return somebody's value as a part; an empty one is called ``nothing``."""
    return "nothing" if str(value) in EMPTY else _part(value)


class UsageError(HarnessError):
    """The question itself cannot be asked."""


class ZooDataError(HarnessError):
    """A row, claim, erratum, tolerance or waiver is malformed."""


class ArchiveUnavailable(HarnessError):
    """No source serves the archive."""

    verdict = "unavailable"


class WrongArchive(HarnessError):
    """The bytes are not those of the pinned digest."""

    verdict = "wrong_archive"


class ArchiveUnreadable(HarnessError):
    """The bytes are right (or unpinned), but they are not a model we can read."""

    verdict = "unreadable"


class DatasetMissing(HarnessError):
    """The dataset is not under the data root."""

    verdict = "no_dataset"


class DatasetInvalid(HarnessError):
    """The dataset is there, and malformed."""


class WrongDataset(HarnessError):
    """The dataset is sound, and of other classes than the row's network tells."""

    verdict = "wrong_dataset"


class DeviceMissing(HarnessError):
    """The device that was asked for does not compute."""

    verdict = "no_device"


class DetectionsInvalid(HarnessError):
    """Detections that no metric may score: NaN, unknown images or classes."""


class LimitReached(HarnessError):
    """A computation took more memory or time than it may, or was ended from outside."""


class RecordInvalid(HarnessError):
    """A stored record is malformed, or does not say what its detections say."""


class TrainingFailed(HarnessError):
    """A training or compression run produced something other than it promised."""


class LossNotFinite(TrainingFailed):
    """A loss of a step is infinite or no number."""


@contextmanager
def located(where: object) -> Iterator[None]:
    """Prefix any :class:`HarnessError` from inside with ``where``; nests.

    ``with located("demo.toml"): with located("row 3"):`` gives a message that
    starts ``demo.toml: row 3: ...``.
    """
    try:
        yield
    except HarnessError as error:
        error.where = (str(where), *error.where)
        raise


@contextmanager
def refusing_unreadable(kind: type[HarnessError], next_step: str) -> Iterator[None]:
    """Raise ``kind`` where a file or folder cannot be read.

    So is one whose name no system takes: too long, or with a NUL in it.
    """
    try:
        yield
    except OSError as error:
        got = error.strerror or error
        raise kind("cannot be read", got=got, next_step=next_step) from error
    except ValueError as error:
        if "null" not in str(error):
            raise
        raise kind("cannot be read", got=error, next_step=next_step) from error
