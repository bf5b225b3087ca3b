"""A row in, the runs that it takes and the key of each in the store out."""

from __future__ import annotations

from harness.evaluate.store import StoreKey
from harness.model.detectors.architectures import protocol_of_row
from harness.values.records import Environment
from harness.values.rows import Row, Zoo

#: Below the cache: the store of detections.
STORE = "detections-1"


def run_sizes(zoo: Zoo, row: Row) -> tuple[tuple[int, str | None], ...]:
    """Return the input sizes of a row's runs: as printed, then by each erratum."""
    corrected = [
        (int(one.corrected), one.erratum_id)
        for one in zoo.errata_of(row.row_id)
        if one.changes_run and one.field == "input_px"
    ]
    return ((row.input_px, None), *corrected)


def store_key(
    row: Row,
    *,
    input_px: int,
    archive_sha256: str,
    dataset_fingerprint: str,
    environment: Environment,
) -> StoreKey:
    """Return everything that sets the detections of a run."""
    return StoreKey(
        archive_sha256=archive_sha256,
        dataset_fingerprint=dataset_fingerprint,
        protocol=protocol_of_row(row),
        input_px=input_px,
        paddle=environment.paddle,
        device_model=f"{environment.device} {environment.device_model}",
        precision=environment.precision,
        graph_optimiser=environment.graph_optimiser,
        decoder=environment.decoder,
    )
