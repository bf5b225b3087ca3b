"""Names the detections of a run by everything that sets them."""

from __future__ import annotations

from harness.evaluate.store import StoreKey
from harness.model.detectors.architectures import protocol_of_row
from harness.values.records import Environment
from harness.values.rows import Row

#: Below the cache: the store of detections.
STORE = "detections-1"


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
        runtime=environment.runtime,
        libraries=environment.libraries,
        arithmetic=environment.arithmetic,
    )
