"""Names what is likely wrong with result files; changes no number."""

from __future__ import annotations

from pathlib import Path

from harness.formats.result_doubts import result_doubts
from harness.formats.voc_comp4 import silent_classes
from harness.pipeline.results.convention import Convention
from harness.values.detections import Results
from harness.values.truth import Truth, VocTruth


def file_doubts(
    path: Path, results: Results, truth: Truth, convention: Convention
) -> tuple[str, ...]:
    """Return a sentence for each thing that is likely wrong; the number stays as it is.

    Args:
        path: the file or folder.
        results: what was read from it.
        truth: what it is scored against.
        convention: how it is scored.
    """
    doubts = result_doubts(results, truth)
    if isinstance(truth, VocTruth):
        doubts += _silence_doubts(path, results, truth, convention)
    return doubts


def _silence_doubts(
    folder: Path, results: Results, truth: VocTruth, convention: Convention
) -> tuple[str, ...]:
    """Name the classes without detections in the files: the mean counts them as 0."""
    wanted = set(truth.class_names[truth.box_classes[~truth.is_difficult]].tolist())
    if convention.classes is not None:
        wanted &= set(convention.classes)
    absent, empty = (
        [name for name in names if name in wanted]
        for names in silent_classes(folder, results, truth)
    )
    if not absent and not empty:
        return ()
    told = [f"no file of {', '.join(absent)}"] if absent else []
    told += [f"no line in the file of {', '.join(empty)}"] if empty else []
    doubt = (
        f"{' and '.join(told)}: {len(absent) + len(empty)} of {len(wanted)} classes "
        "count 0 in the mean; --classes NAME,NAME scores some classes on purpose"
    )
    return (doubt,)
