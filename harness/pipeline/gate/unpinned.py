"""A row and what is known of its dataset in; what nothing pins, out.

What is pinned nowhere is believed as the record states it.
"""

from __future__ import annotations

from harness.pipeline.gate.finding import Finding, Rule, refused
from harness.values.datasets import KnownDataset
from harness.values.rows import Row, Zoo


def unpinned(zoo: Zoo, row: Row, known: KnownDataset | None) -> tuple[str, ...]:
    """Return a sentence for each thing of a measured row that nothing pins."""
    known = known or KnownDataset()
    pins = {
        "archive not pinned": zoo.archives[row.archive].sha256,
        f"fingerprint of {row.dataset} not pinned": known.fingerprint,
        f"truth of {row.dataset} not pinned": known.truth_sha256,
    }
    return tuple(told for told, pin in pins.items() if pin is None)


def require_pinned(row: Row, told: str) -> Finding:
    """Return the finding that something unpinned is where pins are asked for."""
    return refused(
        Rule.PINNED,
        row.row_id,
        told,
        expected="a pin, for --require-pinned",
        got="none",
        next_step="`zoo fetch --pin` pins archives, `zoo data pin` a dataset",
    )
