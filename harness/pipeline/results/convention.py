"""Decides how result files, or the detections of a record, are scored.

The decision is taken here alone. In order: the convention asked for; the row's own,
where its claims judge; the one stated beside the files; the usual one for files.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import RecordInvalid, UsageError
from harness.evaluate.metrics import METRICS
from harness.evaluate.voc.options import PUBLISHED, VOC_CONVENTIONS, VocOptions
from harness.evaluate.widerface.ap import ARITHMETICS, WiderOptions, is_whole
from harness.formats.convention_file import CONVENTION_FILE, read_convention
from harness.values.truth import FaceTruth, Truth, VocTruth

LOGGER = logging.getLogger(__name__)

#: By which files of others are scored: boxes of ``comp4`` files count from 1.
OF_FILES = "devkit"
#: By which the zoo's rows were measured.  # zoo-spec 1.6
OF_ROWS = "paddledetection"

#: Keys of a record's protocol.
CONVENTION, CLASSES, ARITHMETIC = "voc_convention", "voc_classes", "arithmetic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The words of the command line; empty where nothing was asked."""

    convention: str = ""
    classes: tuple[str, ...] = ()
    arithmetic: str = ""

    def words(self) -> Mapping[str, str]:
        """Return what was asked by the words of ``Metric.choices``."""
        return {
            "convention": self.convention,
            "classes": ", ".join(self.classes),
            "arithmetic": self.arithmetic,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """How detections are scored, and why so."""

    word: str = ""  # of VOC_CONVENTIONS or ARITHMETICS; empty: the dataset has one way
    because: str = ""  # "asked for"
    options: VocOptions | WiderOptions | None = None  # None: as the rows are
    protocol: Mapping[str, str] = field(default_factory=dict)  # for the record

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Return the classes that the mean is of; None: of all."""
        return self.options.classes if isinstance(self.options, VocOptions) else None

    def __str__(self) -> str:
        """Tell it in one line."""
        if isinstance(self.options, WiderOptions):
            return f"arithmetic: {self.word} ({self.because})"
        told = f"convention: {self.word} ({self.because})"
        if self.classes is not None:
            told += f"; mean of {', '.join(self.classes)} alone"
        return told


#: Of datasets that are scored in one way.
ONE_WAY = Convention()
#: Of rows that were measured here, where files are scored by several conventions.
OF_MEASURED_ROWS = Convention(word=OF_ROWS, because="the row's own", options=PUBLISHED)


def demand_asked(dataset: str, asked: Asked) -> None:
    """Refuse what the dataset has no choice of.

    Raises:
        UsageError: a word that does not fit the dataset, or is none at all.
    """
    for choice, word in asked.words().items():
        if not word:
            continue
        option = f"--{choice}"
        owners = [name for name, one in METRICS.items() if choice in one.choices]
        if dataset not in owners:
            raise UsageError(
                f"{option} of {dataset}",
                expected=f"none: it is a choice of {' or '.join(owners)}",
                got=repr(word),
                next_step=f"leave {option} out",
            )
        known = METRICS[dataset].choices[choice]
        if known and word not in known:
            raise UsageError(
                option,
                expected=" or ".join(known),
                got=repr(word),
                next_step="give one of these words",
            )


def convention_of_files(
    folder: Path, truth: Truth, asked: Asked, *, is_judged: bool = False
) -> Convention:
    """Return how result files are scored.

    Args:
        folder: of the files; its ``convention.json`` is read.
        truth: what they are scored against.
        asked: what fits its dataset (``demand_asked``).
        is_judged: a row's claims are what the score is held to.

    Raises:
        UsageError: a class that was asked for is none of the truth's.
        DetectionsInvalid: ``convention.json`` is malformed, or names what is not there.
    """
    if isinstance(truth, FaceTruth):
        used = _arithmetic_of(truth, asked.arithmetic)
    elif isinstance(truth, VocTruth):
        used = _voc_convention_of(folder, truth, asked, is_judged=is_judged)
    else:
        return ONE_WAY
    LOGGER.info("%s", used)
    return used


def _voc_convention_of(
    folder: Path, truth: VocTruth, asked: Asked, *, is_judged: bool
) -> Convention:
    stated = read_convention(folder)
    if stated is not None:
        _demand_word(stated.word, folder)
    if asked.convention:
        word, because = asked.convention, "asked for"
    elif is_judged:
        word, because = OF_ROWS, "the row's own"
    elif stated is not None:
        word, because = stated.word, f"as {CONVENTION_FILE} says"
    else:
        word = OF_FILES
        because = f"of files made elsewhere; --convention {OF_ROWS} for the zoo's own"
    classes = asked.classes or None
    if classes is None and stated is not None and stated.word == word:
        classes = stated.classes
    if classes is not None:
        _demand_classes(classes, truth)
    return voc_convention(word, because, classes)


def voc_convention(
    word: str, because: str, classes: tuple[str, ...] | None = None
) -> Convention:
    """Return a convention of result files by its word."""
    protocol = {CONVENTION: word}
    if classes is not None:
        protocol[CLASSES] = json.dumps(classes, ensure_ascii=False)
    return Convention(
        word=word,
        because=because,
        options=replace(VOC_CONVENTIONS[word], classes=classes),
        protocol=protocol,
    )


def arithmetic_convention(word: str, because: str) -> Convention:
    """Return a way to compare boxes of faces by its word."""
    return Convention(
        word=word,
        because=because,
        options=WiderOptions(arithmetic=ARITHMETICS[word]),
        protocol={ARITHMETIC: word},
    )


def convention_of_record(dataset: str, protocol: Mapping[str, str]) -> Convention:
    """Return how a record was scored; a row that was measured, as rows are.

    Args:
        dataset: that the record is of.
        protocol: that is in it.

    Raises:
        RecordInvalid: the protocol names no convention that there is.
    """
    because = "as the record says"
    try:
        if CONVENTION in protocol:
            classes = json.loads(protocol.get(CLASSES, "null"))
            return voc_convention(
                protocol[CONVENTION],
                because,
                None if classes is None else tuple(classes),
            )
        if ARITHMETIC in protocol:
            return arithmetic_convention(protocol[ARITHMETIC], because)
    except (KeyError, ValueError, TypeError) as error:
        raise RecordInvalid(
            "protocol, convention",
            expected=" or ".join((*VOC_CONVENTIONS, *ARITHMETICS)),
            got=dict(protocol),
            next_step="score the files again",
        ) from error
    metric = METRICS.get(dataset)
    has_choice = metric is not None and "convention" in metric.choices
    return OF_MEASURED_ROWS if has_choice else ONE_WAY


def _arithmetic_of(truth: FaceTruth, asked: str) -> Convention:
    if not asked:
        word = "int32" if is_whole(truth) else "real"
        return Convention(
            word=word,
            because="the official tool's; --arithmetic real for that of Python ports"
            if word == "int32"
            else "the official tool's: faces are not of whole pixels",
            options=WiderOptions(),
        )
    return arithmetic_convention(asked, "asked for")


def _demand_word(word: str, folder: Path) -> None:
    if word not in VOC_CONVENTIONS:
        raise UsageError(
            f"convention in {folder / CONVENTION_FILE}",
            expected=" or ".join(VOC_CONVENTIONS),
            got=repr(word),
            next_step="mend the file, or remove it and give --convention",
        )


def _demand_classes(classes: tuple[str, ...], truth: VocTruth) -> None:
    names: list[str] = truth.class_names.tolist()
    unknown = [one for one in classes if one not in names]
    if unknown:
        raise UsageError(
            "classes to score",
            expected=f"some of {', '.join(names)}",
            got=", ".join(unknown),
            next_step="name classes of the truth, commas between",
        )
