"""Quantised archives of the old runtime, to be spoilt."""

from pathlib import Path

import numpy as np
import pytest

from harness.model.fluid.lod_tensor import read_tensor
from harness.model.fluid.program_desc import write_program
from harness.model.layouts.separate_files import write_weights
from harness.model.quantised.quantisation import FROZEN

QUANT = Path(__file__).parents[3] / "oracle" / "quant"
SUFFIX = ".tar.gz"
NAMES = sorted(one.name.removesuffix(SUFFIX) for one in QUANT.glob(f"*{SUFFIX}"))


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
