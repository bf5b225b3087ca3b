from pathlib import Path

import numpy as np
import pytest

from harness.dataset.coco import open_coco
from harness.dataset.coco_scenes import write_coco_scenes
from harness.pipeline.measure import measure_rows
from harness.pipeline.opened_row import open_row
from harness.pipeline.scored_network import score_network
from harness.pipeline.settings import Settings
from harness.registry.zoo import open_zoo

ROW = "yolov3-mobilenet_v1-coco-baseline-160"


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    write_coco_scenes(tmp_path / "scenes", seed=5, count=12)
    home = request.config.rootpath
    return Settings(
        cache=tmp_path / "cache",
        records=tmp_path / "records",
        data_root=tmp_path / "scenes",
        mirror=str(open_zoo("demo", home=home).root / "archives"),
    )


def test_a_network_in_memory_scores_as_its_archive_does(
    request: pytest.FixtureRequest, settings: Settings
) -> None:
    zoo = open_zoo("demo", home=request.config.rootpath)
    row = zoo.row(ROW)
    opened = open_row(zoo, row, settings).opened
    assert settings.data_root is not None
    scores = score_network(
        opened.network,
        opened.weights,
        open_coco(settings.data_root),
        input_px=row.input_px,
    )

    (record,) = measure_rows(zoo, [row], settings)
    assert dict(scores) == dict(record.measurements[0].scores_pct)
    assert scores["box_ap"] > 0


def test_a_network_that_finds_nothing_scores_nothing(
    request: pytest.FixtureRequest, settings: Settings
) -> None:
    zoo = open_zoo("demo", home=request.config.rootpath)
    opened = open_row(zoo, zoo.row(ROW), settings).opened
    assert settings.data_root is not None
    silent = {
        name: np.full_like(one, -50.0) if name.endswith("conv.bias") else one
        for name, one in opened.weights.items()
    }
    scores = score_network(
        opened.network, silent, open_coco(settings.data_root), input_px=160
    )

    assert scores["box_ap"] == 0
