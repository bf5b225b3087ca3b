"""From an archive's folder to its first detection, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.model.layouts.separate_files import write_weights

pytestmark = [
    pytest.mark.speed,
    pytest.mark.skipif(sys.platform != "linux", reason="memory is told by Linux"),
]

CHILD = Path(__file__).with_name("load_child.py")
INPUT_PX = 320


#: Network -> its values, of 4 bytes each.  # zoo-spec 2
ELEMENTS = {
    "mobilenet_v1": 24_609_981,
    "resnet34": 42_343_101,
    "resnet50_vd_dcn": 46_023_086,
    "original": 202_416,
    "lite": 176_226,
    "nas": 60_012,
}


@pytest.mark.parametrize("name", ELEMENTS)
def test_load(
    benchmark: Any,
    tmp_path: Path,
    network_of: Callable[[str], Any],
    drawn_weights: Callable[[Any], Mapping[str, Any]],
    tell: Callable[[str, Mapping[str, Any]], None],
    name: str,
) -> None:
    folder = tmp_path / "archive"
    write_weights(folder, drawn_weights(network_of(name)))
    told = []

    def load() -> None:
        command = [sys.executable, str(CHILD), str(folder), name, str(INPUT_PX)]
        told.append(json.loads(subprocess.check_output(command).splitlines()[-1]))

    benchmark.pedantic(load, rounds=3)

    archive_bytes = sum(one.stat().st_size for one in folder.iterdir())
    middle = {name: float(np.median([one[name] for one in told])) for name in told[0]}
    ratios = {
        "load / start": middle["load_s"] / middle["start_s"],
        "load / start, cpu": middle["load_cpu_s"] / middle["start_cpu_s"],
        "peak / archive": middle["peak_bytes"] / archive_bytes,
    }
    benchmark.extra_info.update(middle, **ratios)
    tell(f"{name}, load to first detection", {**middle, **ratios})
    assert archive_bytes > 4 * ELEMENTS[name]
