"""The old runtime's archive and goldens, and a tiny random network."""

import functools
import json
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.model.detectors.archive_heads import open_heads
from harness.model.detectors.blazeface import open_blazeface
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.detectors.yolov3 import open_yolov3
from harness.model.networks.functions import HeadsFunction
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import NetworkShapes, network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.model.paddle_run.device import Device, open_device

MADE = Path(__file__).parents[2] / "oracle" / "made"
QUANT = MADE.parent / "quant"
TINY = "tiny_yolov3_mobilenet_v1_prune578"
#: Channel multipliers of the committed BlazeFace archives, by edition.
FACE_WIDTHS = {"original": 1 / 4, "lite": 1 / 4, "nas": 1.0}


@pytest.fixture(scope="session")
def tiny_golden() -> dict[str, np.ndarray]:
    """What the old runtime made of drawn scenes with the tiny archive."""
    with np.load(MADE / "tiny_golden.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def postprocess_golden() -> dict[str, np.ndarray]:
    """What the old operators made of awkward inputs; keys ``<case>.<name>``."""
    with np.load(MADE / "postprocess.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    """The tiny archive of the old runtime, unpacked as a downloaded one is."""
    folder = unpack(MADE / f"{TINY}.tar.gz", tmp_path_factory.mktemp("cache"))
    return find_checkpoint_folder(folder, TINY)


@pytest.fixture(scope="session")
def tiny_opened(tiny_folder) -> OpenedArchive:
    """The tiny archive of the old runtime, opened."""
    return open_yolov3(
        tiny_folder,
        backbone="mobilenet_v1",
        strategy="prune_r578",
        num_classes=5,
        width=1 / 8,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OldNetwork:
    """An archive of the old runtime, and what the old runtime computed with it."""

    backbone: str
    strategy: str
    folder: Path
    golden: dict[str, np.ndarray]

    def open(self, folder: Path | None = None, **kind) -> OpenedArchive:
        """Open the archive, or a spoilt copy of it."""
        asked = {
            "backbone": self.backbone,
            "strategy": self.strategy,
            "num_classes": 5,
            "width": 1 / 32,
            **kind,
        }
        return open_yolov3(folder or self.folder, **asked)


def _old_network(cache, archive, golden, backbone, strategy):
    folder = find_checkpoint_folder(unpack(MADE / f"{archive}.tar.gz", cache), archive)
    with np.load(MADE / golden) as arrays:
        return OldNetwork(
            backbone=backbone, strategy=strategy, folder=folder, golden=dict(arrays)
        )


@pytest.fixture(scope="session")
def old_r34(tmp_path_factory) -> OldNetwork:
    """YOLOv3-ResNet34 of width 1/32 with 5 classes."""
    return _old_network(
        tmp_path_factory.mktemp("r34"),
        "tiny_yolov3_r34",
        "tiny_r34.npz",
        "resnet34",
        "baseline",
    )


@pytest.fixture(scope="session")
def old_r50(tmp_path_factory) -> OldNetwork:
    """YOLOv3-ResNet50-vd-dcn of width 1/32 with 5 classes and r578 shapes."""
    return _old_network(
        tmp_path_factory.mktemp("r50"),
        "tiny_yolov3_r50vd_dcn_prune578",
        "tiny_r50vd_dcn.npz",
        "resnet50_vd_dcn",
        "prune_r578",
    )


@pytest.fixture(scope="session")
def old_obj365(tmp_path_factory) -> OldNetwork:
    """The object365 one of width 1/32 with 5 classes."""
    return _old_network(
        tmp_path_factory.mktemp("obj365"),
        "tiny_yolov3_r50vd_dcn_obj365",
        "tiny_r50vd_dcn_obj365.npz",
        "resnet50_vd_dcn_obj365",
        "baseline",
    )


@pytest.fixture(scope="session")
def faces_golden() -> dict[str, np.ndarray]:
    """What the old runtime made of drawn scenes with the BlazeFace archives."""
    with np.load(MADE / "faces_golden.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def faces_postprocess() -> dict[str, np.ndarray]:
    """What the old operators of BlazeFace made of awkward inputs."""
    with np.load(MADE / "faces_postprocess.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def face_folders(tmp_path_factory) -> dict[str, Path]:
    """The BlazeFace archives of the old runtime, unpacked, by edition."""
    cache = tmp_path_factory.mktemp("faces")
    return {
        edition: find_checkpoint_folder(
            unpack(MADE / f"tiny_blazeface_{edition}.tar.gz", cache),
            f"tiny_blazeface_{edition}",
        )
        for edition in FACE_WIDTHS
    }


@pytest.fixture(scope="session")
def opened_faces(face_folders) -> dict[str, OpenedArchive]:
    """The BlazeFace archives of the old runtime, opened, by edition."""
    return {
        edition: open_blazeface(folder, edition=edition, width=FACE_WIDTHS[edition])
        for edition, folder in face_folders.items()
    }


@pytest.fixture(scope="session")
def layout_golden() -> dict[str, np.ndarray]:
    """What the old runtime made of drawn scenes with the network of the layouts."""
    with np.load(MADE / "layout_golden.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def layout_folder(tmp_path_factory) -> Callable[[str], Path]:
    """Give the folder of ``layout_<name>.tar.gz``, unpacked as a downloaded one is."""
    cache = tmp_path_factory.mktemp("layouts")

    def folder_of(name: str) -> Path:
        folder = unpack(MADE / f"layout_{name}.tar.gz", cache)
        return find_checkpoint_folder(folder, f"layout_{name}")

    return folder_of


@pytest.fixture
def layout_copy(layout_folder, tmp_path) -> Callable[[str], Path]:
    """Give a copy of such a folder that a test may spoil."""

    def copy_of(name: str) -> Path:
        return shutil.copytree(layout_folder(name), tmp_path / "any name at all")

    return copy_of


@pytest.fixture(scope="session")
def open_layout() -> Callable[..., OpenedArchive]:
    """Open a folder as the network of the layouts."""

    def open_it(folder: Path, **kind: Any) -> OpenedArchive:
        asked: dict[str, Any] = {
            "backbone": "mobilenet_v1",
            "strategy": "prune_r578",
            "num_classes": 3,
            "width": 1 / 16,
            **kind,
        }
        return open_yolov3(folder, **asked)

    return open_it


@pytest.fixture(scope="session")
def layout_shapes() -> NetworkShapes:
    """The variables of the network of the layouts."""
    return network_shapes(
        YoloV3(
            backbone="mobilenet_v1",
            num_classes=3,
            width=1 / 16,
            head_channels=pruned_channels("prune_r578", 1 / 16),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OldQuantised:
    """An archive of the old runtime, unpacked."""

    name: str  # <model>_<kind>_<layout>
    folder: Path

    @property
    def model(self) -> str:
        return self.name.partition("_")[0]

    @property
    def kind(self) -> str:
        """What the old runtime calls it: aware, aware_all, frozen, frozen_all, post."""
        return self.name.partition("_")[2].rpartition("_")[0]

    @property
    def strategy(self) -> str:
        return "quant_post" if self.kind == "post" else "quant_aware"

    def open(self, folder=None, **asked) -> OpenedArchive:
        """Open the archive, or a spoilt copy of it."""
        if self.model == "blazeface":
            kind = {"edition": "nas", "strategy": self.strategy, **asked}
            return open_blazeface(folder or self.folder, **kind)
        kind = {
            "backbone": "mobilenet_v1",
            "strategy": self.strategy,
            "num_classes": 5,
            "width": 1 / 8,
            **asked,
        }
        return open_yolov3(folder or self.folder, **kind)

    def golden(self) -> "Golden":
        """What the old runtime computed, with a program of the same arithmetic."""
        with np.load(QUANT / f"{self.model}_{self.kind}.npz") as arrays:
            found = dict(arrays)
        text = (QUANT / f"{self.model}_{self.kind}.json").read_text(encoding="utf-8")
        return Golden(arrays=found, convolutions=json.loads(text)["convolutions"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """Arrays of the old runtime, and its convolutions."""

    arrays: dict[str, np.ndarray]
    convolutions: list[dict]


@pytest.fixture(scope="session")
def old_quantised(tmp_path_factory):
    """Give an archive by its name."""
    cache = tmp_path_factory.mktemp("quant")

    @functools.cache
    def unpacked(name):
        folder = unpack(QUANT / f"{name}.tar.gz", cache)
        return OldQuantised(name=name, folder=find_checkpoint_folder(folder, name))

    return unpacked


@pytest.fixture(scope="session")
def opened_quantised(old_quantised):
    """Give an archive, opened, by its name."""
    return functools.cache(lambda name: old_quantised(name).open())


@pytest.fixture(scope="session")
def cpu() -> Device:
    """The CPU, opened."""
    return open_device(gpu=False)


@pytest.fixture(scope="session")
def built_heads(cpu) -> Callable[..., HeadsFunction]:
    """Give the heads of an archive as a graph: built once, and without a warning.

    To build one takes a second, to run it a few milliseconds.
    """

    @functools.cache
    def built(name: str, is_optimised: bool) -> HeadsFunction:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return open_heads(archives[name], replace(cpu, optimise=is_optimised))

    archives: dict[str, Any] = {}

    def heads_of(name: str, opened: Any, *, optimise: bool = True) -> HeadsFunction:
        archives.setdefault(name, opened)
        return built(name, optimise)

    return heads_of


@pytest.fixture(scope="session")
def tiny_network() -> YoloV3:
    """An unpruned network of width 1/8 with 5 classes."""
    return YoloV3(
        backbone="mobilenet_v1",
        num_classes=5,
        width=1 / 8,
        head_channels=pruned_channels("none", 1 / 8),
    )


@pytest.fixture(scope="session")
def random_weights(tiny_network) -> dict[str, np.ndarray]:
    """A finite value, far from neutral, for every variable of ``tiny_network``."""
    rng = np.random.default_rng(7)
    weights = {}
    for name, variable in network_shapes(tiny_network).variables.items():
        shape = variable.shape
        if len(shape) == 4:
            value = rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
        elif name.endswith(("scale", "variance", "var")):
            value = rng.uniform(0.8, 1.2, shape)
        else:
            value = rng.normal(0, 0.1, shape)
        weights[name] = value.astype(np.float32)
    return weights
