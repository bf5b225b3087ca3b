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


@pytest.fixture(scope="module")
def big_archive(
    tmp_path_factory: pytest.TempPathFactory,
    network_of: Callable[[str], Any],
    drawn_weights: Callable[[Any], Mapping[str, Any]],
) -> Path:
    """The zoo's largest network: 46 million values, one file per variable."""
    folder = tmp_path_factory.mktemp("big")
    write_weights(folder, drawn_weights(network_of("resnet50_vd_dcn")))
    return folder


def test_load(
    benchmark: Any, big_archive: Path, tell: Callable[[str, Mapping[str, Any]], None]
) -> None:
    told = []

    def load() -> None:
        command = [sys.executable, str(CHILD), str(big_archive), str(INPUT_PX)]
        told.append(json.loads(subprocess.check_output(command).splitlines()[-1]))

    benchmark.pedantic(load, rounds=3)

    archive_bytes = sum(one.stat().st_size for one in big_archive.iterdir())
    middle = {name: float(np.median([one[name] for one in told])) for name in told[0]}
    ratios = {
        "load / start": middle["load_s"] / middle["start_s"],
        "load / start, cpu": middle["load_cpu_s"] / middle["start_cpu_s"],
        "peak / archive": middle["peak_bytes"] / archive_bytes,
    }
    benchmark.extra_info.update(middle, **ratios)
    tell("resnet50_vd_dcn, load to first detection", {**middle, **ratios})
    assert archive_bytes > 184_000_000
