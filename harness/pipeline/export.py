"""A record in, its detections out in the format that official tools read."""

from __future__ import annotations

from pathlib import Path

from harness.detections import Results
from harness.errors import UsageError
from harness.formats.table import FORMATS
from harness.pipeline.stored_run import StoredRun
from harness.temporary import folder_in


def export(
    run: StoredRun, output: Path, *, word: str = "", force: bool = False
) -> Path:
    """Write stored detections as the official result file (or folder) of a dataset.

    Scoring what is written gives the scores of the record, bit for bit.

    Args:
        run: what a record was scored from.
        output: the file or folder to make.
        word: of ``FORMATS``; that of the record's dataset when empty.
        force: replace what stands there.

    Raises:
        UsageError: no such format, one that does not fit the truth, or something
            stands at ``output``.
    """
    word = word or run.dataset
    if word not in FORMATS:
        raise UsageError("format", expected=" or ".join(FORMATS), got=repr(word))
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
        )
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
    found = run.found
    results = found if isinstance(found, Results) else made.to_results(found, run.truth)
    if not made.is_folder:
        made.write(results, run.truth, output)
        return output
    output.parent.mkdir(parents=True, exist_ok=True)
    with folder_in(output.parent, output.name) as beside:
        made.write(results, run.truth, beside / "new")
        if output.exists():
            output.rename(beside / "old")
        (beside / "new").rename(output)
    return output
