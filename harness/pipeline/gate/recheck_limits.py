"""Detections in; what the last step of the row's network never gives, out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.model.detectors.architectures import protocol_of_row
from harness.pipeline.gate.finding import Finding, Rule, refused
from harness.values.detections import Detections
from harness.values.records import Measurement
from harness.values.rows import Row


def recheck_limits(
    row: Row, measurement: Measurement, found: Detections
) -> Iterator[Finding]:
    """Yield detections that are more, or of other scores, than the protocol keeps."""
    protocol = protocol_of_row(row)
    most_kept = int(protocol["keep_top_k"])
    lowest = np.float32(protocol["score_threshold"])
    counts = np.unique(found.image_ids, return_counts=True)[1]
    most = int(counts.max(initial=0))
    if most > most_kept:
        yield _beyond(row, measurement, "detections of an image", most_kept, most)
    is_kept = (found.scores >= lowest) & (found.scores <= 1)  # NaN is neither
    if not is_kept.all():
        bad = float(found.scores[~is_kept][0])
        expected = f"{protocol['score_threshold']} to 1"
        yield _beyond(row, measurement, "a score", expected, bad)


def _beyond(
    row: Row, measurement: Measurement, what: str, expected: object, got: object
) -> Finding:
    return refused(
        Rule.DETECTIONS,
        row.row_id,
        f"{what} at {measurement.input_px} px is beyond what the protocol keeps",
        expected=expected,
        got=got,
    )
