"""Checks that the records of a zoo agree on each archive and dataset.

An edition has one archive and one dataset of a name. Where no pin gives its digest,
all records must still name the same one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.pipeline.gate.finding import Finding, Rule, refused
from harness.values.records import PASSING, Record, Verdict

#: Verdicts of a measurement of the whole published dataset.
ON_PUBLISHED = PASSING | {Verdict.LOWER, Verdict.HIGHER}


def check_agreement(records: Mapping[str, Record]) -> Iterator[Finding]:
    """Yield every record that does not agree with the first of its archive or dataset.

    Args:
        records: by row id; one of a part of the data, or of another dataset than the
            published, says so in its verdict and is passed over.
    """
    first: dict[str, tuple[str, str]] = {}
    for row_id, record in sorted(records.items()):
        if record.verdict not in ON_PUBLISHED:
            continue
        for what, got in _named(record):
            other, expected = first.setdefault(what, (row_id, got))
            if got != expected:
                yield refused(
                    Rule.AGREE,
                    row_id,
                    f"{what} is another than that of {other}",
                    expected=expected,
                    got=got,
                    next_step="measure both rows on the same files",
                )


def _named(record: Record) -> Iterator[tuple[str, str]]:
    archive, dataset = record.archive, record.dataset
    if archive is not None:
        yield f"sha256 of archive {archive.name}", archive.sha256
    if dataset is not None:
        yield f"fingerprint of {dataset.name}", dataset.fingerprint
        yield f"truth_sha256 of {dataset.name}", dataset.truth_sha256
