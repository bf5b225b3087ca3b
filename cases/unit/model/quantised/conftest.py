"""Quantised archives of the old runtime, and what it computed with them."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.model.detectors.blazeface import open_blazeface
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.detectors.yolov3 import open_yolov3
from harness.model.fluid.lod_tensor import read_tensor
from harness.model.fluid.program_desc import write_program
from harness.model.layouts.separate_files import write_weights
from harness.model.quantised.quantisation import FROZEN

QUANT = Path(__file__).parents[3] / "oracle" / "quant"
SUFFIX = ".tar.gz"


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


NAMES = sorted(one.name.removesuffix(SUFFIX) for one in QUANT.glob(f"*{SUFFIX}"))


@pytest.fixture(scope="session")
def old_quantised(tmp_path_factory):
    """Give an archive by its name."""
    cache = tmp_path_factory.mktemp("quant")

    @functools.cache
    def unpacked(name):
        folder = unpack(QUANT / f"{name}{SUFFIX}", cache)
        return OldQuantised(name=name, folder=find_checkpoint_folder(folder, name))

    return unpacked


@pytest.fixture(scope="session")
def opened_quantised(old_quantised):
    """Give an archive, opened, by its name."""
    return functools.cache(lambda name: old_quantised(name).open())


@pytest.fixture(scope="session")
def first_archive(old_quantised):
    """Give the first archive of a model and kind."""

    def found(model, kind):
        for name in NAMES:
            one = old_quantised(name)
            if (one.model, one.kind) == (model, kind):
                return one
        raise AssertionError(f"no archive {model} {kind}")

    return found


@pytest.fixture
def spoilt(first_archive, opened_quantised, tmp_path):
    """Give an archive in a folder that a test may change, in separate files.

    Integers come with their program, float weights without.
    """

    def copied(model, kind):
        one = first_archive(model, kind)
        opened = opened_quantised(one.name)
        folder = tmp_path / one.name
        folder.mkdir()
        write_weights(folder, opened.weights)
        if opened.quantisation.kind == FROZEN:
            (folder / "__model__").write_bytes(write_program(opened.program.desc))
        else:
            write_weights(
                folder,
                {
                    f"{conv.activation}.scale": np.float32([conv.activation_scale])
                    for conv in opened.quantisation.convs
                },
            )
        return one, folder

    return copied


@pytest.fixture(scope="session")
def change():
    """Change one array of a folder of separate files."""

    def changed(folder, name, how):
        write_weights(folder, {name: how(np.array(read_tensor(folder / name)))})

    return changed
