"""Writes a record's detections as official tools read them."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError
from harness.evaluate.voc.ap import classes_left_out, curves
from harness.evaluate.voc.options import PUBLISHED, VocOptions
from harness.files.temporary import folder_in
from harness.formats.convention_file import StatedConvention, write_convention
from harness.formats.table import FORMATS
from harness.pipeline.results.convention import (
    OF_MEASURED_ROWS,
    Asked,
    demand_asked,
)
from harness.pipeline.results.scored_run import ScoredRun
from harness.values.detections import Results
from harness.values.truth import VocTruth


def export(
    run: ScoredRun,
    output: Path,
    *,
    word: str = "",
    force: bool = False,
    convention: str = "",
    published_format: bool = False,
) -> Path:
    """Write stored detections as the official result file (or folder) of a dataset.

    Scoring what is written gives the scores of the record, bit for bit, unless another
    convention or rounding was asked for. A VOC folder says in ``convention.json`` how.

    Args:
        run: what a record was scored from.
        output: the file or folder to make.
        word: of ``FORMATS``; that of the record's dataset when empty.
        force: replace what stands there.
        convention: that a VOC folder says it is to be scored by; the record's when
            empty.
        published_format: round as the official files do, where ours keep more digits.

    Raises:
        UsageError: no such format, one that does not fit the truth or the wishes, or
            something stands at ``output``.
    """
    word = word or run.dataset
    if word not in FORMATS:
        raise UsageError(
            "format",
            expected=" or ".join(FORMATS),
            got=repr(word),
            next_step="give another --format",
        )
    made = FORMATS[word]
    if not isinstance(run.truth, made.truth_kind):
        raise UsageError(
            f"format {word} does not fit detections of {run.dataset}",
            expected=" or ".join(
                name
                for name, one in FORMATS.items()
                if isinstance(run.truth, one.truth_kind)
            )
            or None,
            got=word,
            next_step="leave --format out",
        )
    demand_asked(word, Asked(convention=convention))
    write = made.write
    if published_format:
        if made.write_published is None:
            raise UsageError(
                f"--published-format of {word}",
                expected="none: its files keep every digit",
                next_step="leave --published-format out",
            )
        write = made.write_published
    if output.exists() and not force:
        raise UsageError(
            f"{output} is there already",
            expected="a new name",
            next_step="give another --output, or --force to replace it",
        )
    if output.exists() and output.is_dir() != made.is_folder:
        raise UsageError(
            f"{output} cannot be replaced",
            expected="a folder" if made.is_folder else "a file",
            got="a file" if made.is_folder else "a folder",
            next_step="give another --output",
        )
    stored = run.detections
    results = (
        stored if isinstance(stored, Results) else made.to_results(stored, run.truth)
    )
    if not made.is_folder:
        write(results, run.truth, output)
        return output
    output.parent.mkdir(parents=True, exist_ok=True)
    with folder_in(output.parent, output.name) as beside:
        write(results, run.truth, beside / "new")
        if isinstance(run.truth, VocTruth):
            write_convention(beside / "new", _stated(run, run.truth, convention))
        if output.exists():
            output.rename(beside / "old")
        (beside / "new").rename(output)
    return output


def _stated(run: ScoredRun, truth: VocTruth, asked: str) -> StatedConvention:
    """Return what scores the files as the record was, or as was asked for.

    Files are scored with every class, since one that is not there must not raise the
    mean. Rows are not: classes in which nothing was found are left out.  # zoo-spec 1.6
    """
    used = run.convention
    if asked and asked != used.word:
        return StatedConvention(word=asked)
    options = used.options
    if not isinstance(options, VocOptions):
        used, options = OF_MEASURED_ROWS, PUBLISHED
    if options.classes is not None:
        return StatedConvention(word=used.word, classes=options.classes)
    left_out = classes_left_out(run.detections, truth, options)
    counted = [curve.name for curve in curves(run.detections, truth, options)]
    # Of no class at all the mean is 0, as it is of all.
    classes = tuple(counted) if left_out and counted else None
    return StatedConvention(word=used.word, classes=classes)
