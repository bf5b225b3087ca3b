"""Holds what a record says of its archive to the row's archive and its pins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from harness.artifact.sources import published_path
from harness.model.layouts import LAYOUTS
from harness.model.networks.pruned_channels import pruning_of
from harness.pipeline.gate.finding import Finding, Rule, refused
from harness.pipeline.measure.opened_row import doubted_strategies
from harness.values.records import Record, Verdict
from harness.values.rows import Row, Zoo

_SHA256 = re.compile(r"[0-9a-f]{64}")
#: A mirror that keeps no published path is told as this alone.
_ALSO: Mapping[str, tuple[str, ...]] = {"source": ("mirror",)}


def recheck_archive(zoo: Zoo, row: Row, record: Record) -> Iterator[Finding]:
    """Yield everything that a record says of its archive and that is not the row's."""
    used, archive = record.archive, zoo.archives[row.archive]
    if used is None:
        if record.measurements:
            yield refused(Rule.ARCHIVE, row.row_id, "numbers of no archive", got="null")
        return
    if used.name != row.archive:
        yield refused(
            Rule.ARCHIVE, row.row_id, "archive", expected=row.archive, got=used.name
        )
        return
    if record.verdict is Verdict.WRONG_ARCHIVE:
        return
    addresses = (archive.url, *archive.moves)
    strategies = (row.shaped_by, *doubted_strategies(zoo, row))
    told: tuple[tuple[str, object, tuple[object, ...]], ...] = (
        ("sha256", used.sha256, (archive.sha256,)),
        ("size_bytes", used.size_bytes, (archive.size_bytes,)),
        (
            "source",
            used.source,
            (*addresses, *(f"mirror:{published_path(one)}" for one in addresses)),
        ),
        ("layout", used.layout, tuple(LAYOUTS)),
        (
            "shape_plan",
            used.shape_plan,
            tuple(dict.fromkeys(map(pruning_of, strategies))),
        ),
    )
    for field, got, known in told:
        if known != (None,) and got not in (*known, *_ALSO.get(field, ())):
            yield refused(
                Rule.ARCHIVE,
                row.row_id,
                f"{field} of archive {used.name}",
                expected=" or ".join(map(str, known)),
                got=got,
            )
    if not _SHA256.fullmatch(used.sha256) or used.size_bytes < 1:
        yield refused(
            Rule.ARCHIVE,
            row.row_id,
            f"archive {used.name}",
            expected="64 hexadecimal digits and 1 byte or more",
            got=f"{used.sha256!r} and {used.size_bytes} bytes",
        )
