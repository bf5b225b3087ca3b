"""An archive, networks of full width and images: what the benchmarks run on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.detectors.yolov3 import open_yolov3
from harness.model.networks.blazeface import EDITIONS, BlazeFace
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.values.training import TrainingImage
from testing.photographs import write_photographs

CHECKOUT = Path(__file__).parents[2]
NAME = "demo_yolov3_mobilenet_v1_prune578"
TOLD = pytest.StashKey[list[str]]()
TAR = f"cases/rows/demo/archives/PaddleSlim/prune/{NAME}.tar"


@pytest.fixture(scope="session")
def archive_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("cache")
    return find_checkpoint_folder(unpack(CHECKOUT / TAR, cache), NAME)


@pytest.fixture(scope="session")
def opened(archive_folder: Path) -> OpenedArchive:
    return open_yolov3(
        archive_folder,
        backbone="mobilenet_v1",
        strategy="prune_r578",
        num_classes=5,
        width=0.125,
    )


def _network_of(name: str) -> Any:
    if name in EDITIONS:
        return BlazeFace(edition=name)
    channels = pruned_channels("none", 1)
    return YoloV3(backbone=name, num_classes=80, width=1, head_channels=channels)


def _drawn_weights(network: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    weights = {}
    for name, variable in network_shapes(network).variables.items():
        shape = variable.shape
        if len(shape) == 4:
            # half of what keeps the size: sums of branches would grow without end
            value = rng.standard_normal(shape) * np.sqrt(1 / np.prod(shape[1:]))
        elif name.endswith(("bias", "offset", "b_0")):
            value = rng.uniform(-0.1, 0.1, shape)
        else:
            value = rng.uniform(0.8, 1.2, shape)
        if name.startswith("yolo_output") and len(shape) == 1:
            value.reshape(3, -1)[:, 4] -= 9  # no objects: NMS is not what is measured
        weights[name] = value.astype(np.float32)
    return weights


@pytest.fixture(scope="session")
def network_of() -> Callable[[str], Any]:
    """Give a backbone's or an edition's network, unpruned, of full width."""
    return _network_of


@pytest.fixture(scope="session")
def drawn_weights() -> Callable[[Any], Mapping[str, Any]]:
    """Draw a finite value for every variable of a network."""
    return _drawn_weights


@pytest.fixture(scope="session")
def photographs(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[TrainingImage, ...]:
    """Give 32 images to train on, such as COCO's."""
    return write_photographs(tmp_path_factory.mktemp("photographs"), 32)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Take figures by name; all of them are printed as one table at the end."""
    lines = request.config.stash[TOLD]

    def note(what: str, figures: Mapping[str, float]) -> None:
        lines.extend(f"{what:45} {one:32} {n:.6g}" for one, n in figures.items())

    return note


def pytest_configure(config: pytest.Config) -> None:
    """Begin the table."""
    config.stash[TOLD] = []


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table."""
    for line in config.stash[TOLD]:
        terminalreporter.write_line(line)
