from __future__ import annotations

import pytest

from harness.model.paddle_run.device import Device
from harness.model.paddle_run.precision_time import PrecisionTimes
from harness.pipeline.measure import measure as measure_module
from harness.registry.zoo import open_zoo

ROW = open_zoo("demo").rows[0]


def test_the_speed_at_the_printed_size_is_recorded_in_milliseconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes_px = []

    def time_precision(row, device, *, height_px, width_px):  # type: ignore[no-untyped-def]
        sizes_px.append((height_px, width_px))
        return PrecisionTimes(float32_s=0.25, precision_s=0.125)

    monkeypatch.setattr(measure_module, "time_precision", time_precision)
    device = Device(
        kind="cpu",
        model="a processor",
        threads=2,
        precision="int8",
        instructions=("avx512_vnni",),
    )
    record = measure_module.time_row(ROW, device)

    assert sizes_px == [(ROW.input_px, ROW.input_px)]
    assert (record.ms, record.float32_ms) == (125.0, 250.0)
    assert (record.zoo, record.row_id) == ("demo", ROW.row_id)
    assert (record.precision, record.instructions) == ("int8", ("avx512_vnni",))
    assert (record.device_model, record.threads) == ("a processor", 2)
