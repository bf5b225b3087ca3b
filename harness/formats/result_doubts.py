"""Names what is likely wrong with results; mends nothing.

The score stays that of the file; a sentence stands beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.formats.coco_readings import coco_reading_doubts
from harness.values.detections import Results
from harness.values.truth import CocoTruth, Truth


def result_doubts(results: Results, truth: Truth) -> tuple[str, ...]:
    """Return a sentence for each thing that is likely wrong, none where all seems well.

    Args:
        results: as read, of images and classes of the truth.
        truth: what they are scored against.
    """
    if not len(results.scores):
        doubt = (
            "no detection at all, so the score is 0; if the detector did find "
            "something, the file was written too early or for other images"
        )
        return (doubt,)
    doubts = _repeat_doubts(results)
    if isinstance(truth, CocoTruth):
        doubts += coco_reading_doubts(results, truth)
    return doubts


def _repeat_doubts(results: Results) -> tuple[str, ...]:
    """Tell of detections that stand there twice: each further one counts as wrong."""
    is_repeat = _repeats(results)
    count = int(is_repeat.sum())
    if not count:
        return ()
    images = len(np.unique(results.image_ids[is_repeat]))
    doubt = (
        f"{count} of {len(is_repeat)} detections repeat an earlier one, image, class, "
        f"score and box alike, in {images} image{'s' if images > 1 else ''}; each "
        "counts as wrong; where several machines detected one image, keep its "
        "detections once and score again"
    )
    return (doubt,)


def _repeats(results: Results) -> NDArray[np.bool_]:
    """Return which detections are those of an earlier line to the last bit; ``[N]``."""
    columns = (
        results.image_ids,
        results.classes.astype(np.int64),
        (results.scores + 0.0).view(np.int64),
        *(np.array(results.boxes.T, order="C") + 0.0).view(np.int64),
    )  # 7 of [N]; + 0.0 makes -0.0 equal to 0
    # One number a line, alike for like lines, so that a million are told apart in a
    # fraction of a second; only lines that share theirs are compared whole.
    sums = np.zeros(len(results.scores), np.int64)
    for place, column in enumerate(columns):
        sums += column * (2 * 10**9 * place + 11)  # wraps around
    is_repeat = np.zeros(len(sums), np.bool_)
    ascending = np.sort(sums)
    twice = ascending[1:][ascending[1:] == ascending[:-1]]
    if not len(twice):
        return is_repeat
    shared = np.flatnonzero(np.isin(sums, twice))
    lines = np.column_stack([column[shared] for column in columns])
    _, first = np.unique(lines, axis=0, return_index=True)
    is_repeat[shared] = True
    is_repeat[shared[first]] = False
    return is_repeat
