"""A record made from stored detections against one that is measured anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.pipeline.measure.embedded import serving, with_scenes
from harness.pipeline.measure.measure import measure_rows
from harness.pipeline.measure.settings import Settings
from harness.registry.zoo import open_zoo

pytestmark = pytest.mark.speed


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    place = tmp_path_factory.mktemp("zoo")
    return with_scenes(
        open_zoo("demo"),
        Settings(
            cache=place / "cache", records=place / "records", data_root=None, limit=64
        ),
        ["coco"],
    )


@pytest.mark.parametrize("way", ["replayed", "fresh"])
def test_measure(benchmark: Any, settings: Settings, way: str) -> None:
    zoo = open_zoo("demo")
    benchmark.group = "4 demo rows on 64 scenes"

    with serving(zoo, replace(settings, fresh=way == "fresh")) as served:
        records = benchmark.pedantic(
            measure_rows, args=(zoo, zoo.rows, served), rounds=3, warmup_rounds=1
        )

    assert {one.replayed for record in records for one in record.measurements} == {
        way == "replayed"
    }
    assert Path(served.cache).is_dir()
