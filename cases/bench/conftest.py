"""The demo's pruned archive, opened once: what the benchmarks run on."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.model.detector import OpenedArchive, open_archive

CHECKOUT = Path(__file__).parents[2]
NAME = "demo_yolov3_mobilenet_v1_prune578"
TAR = f"cases/rows/demo/archives/PaddleSlim/prune/{NAME}.tar"


@pytest.fixture(scope="session")
def archive_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("cache")
    return find_checkpoint_folder(unpack(CHECKOUT / TAR, cache), NAME)


@pytest.fixture(scope="session")
def opened(archive_folder: Path) -> OpenedArchive:
    return open_archive(
        archive_folder,
        architecture="yolov3",
        backbone="mobilenet_v1",
        strategy="prune_r578",
        num_classes=5,
        width=0.125,
    )
