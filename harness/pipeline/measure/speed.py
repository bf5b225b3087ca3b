"""A row and a device in, the record of its speed in the device's precision out."""

from __future__ import annotations

from harness.model.detectors.architectures import network_of_row
from harness.model.paddle_run.device import Device
from harness.model.paddle_run.precision_time import time_precision
from harness.values.records import SpeedRecord
from harness.values.rows import Row

MS = 1000


def time_row(row: Row, device: Device) -> SpeedRecord:
    """Return how fast the row's network is at its printed size, beside float32.

    Raises:
        ArchiveUnreadable: no network for the row in this version.
    """
    times = time_precision(
        network_of_row(row), device, height_px=row.input_px, width_px=row.input_px
    )
    return SpeedRecord(
        zoo=row.zoo,
        row_id=row.row_id,
        precision=device.precision,
        instructions=device.instructions,
        device_model=device.model,
        threads=device.threads,
        input_px=row.input_px,
        ms=times.precision_s * MS,
        float32_ms=times.float32_s * MS,
    )
