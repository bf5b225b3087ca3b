from dataclasses import replace

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.fluid.lod_tensor import write_tensor
from harness.model.layouts.separate_files import open_folder, write_weights
from harness.model.layouts.weights import BOOKKEEPING, read_weights
from harness.model.networks.shapes import NetworkShapes, Variable

SHAPES = {"conv1_weights": (2, 3, 1, 1), "conv1_bn_scale": (2,), "bias": (4,)}
NETWORK = NetworkShapes(
    variables={
        name: Variable(name=name, shape=shape, is_trained=True)
        for name, shape in SHAPES.items()
    },
    multiply_adds_per_px=0,
)


@pytest.fixture
def folder(tmp_path):
    write_weights(
        tmp_path,
        {name: np.full(shape, 0.5, np.float32) for name, shape in SHAPES.items()},
    )
    return tmp_path


def test_every_variable_gets_the_value_of_its_file(folder):
    write_tensor(folder / "bias", np.float32([1, 2, 3, 4]))

    weights = read_weights(open_folder(folder), NETWORK)

    assert set(weights) == set(SHAPES)
    assert weights["bias"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "name",
    [
        "conv1_weights_velocity_0",
        "learning_rate",
        "learning_rate_0",
        "learning_rate_warmup",
        "@LR_DECAY_COUNTER@",
        "teacher_conv1_weights",
        "blaze_0_conv1_weights_momentum_0",
        "conv1_weights_mean_square_0",
        "conv1_weights_mean_grad_0",
        "reduce_sum_2.tmp_0",
    ],
)
def test_bookkeeping_is_no_variable(folder, name):
    write_tensor(folder / name, np.zeros(1, np.int64))

    assert set(read_weights(open_folder(folder), NETWORK)) == set(SHAPES)
    assert BOOKKEEPING.fullmatch(name)


def test_missing_variables_are_named_with_the_files_nobody_asked_for(folder):
    (folder / "conv1_bn_scale").rename(folder / "conv1_bn_gamma")
    (folder / "bias").unlink()
    write_tensor(folder / "learning_rate", np.zeros(1, np.float32))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^2 of 3 variables have no file; expected conv1_bn_scale, bias, "
        r"got files of no variable: conv1_bn_gamma$",
    ):
        read_weights(open_folder(folder), NETWORK)


def test_missing_variables_in_a_folder_without_strangers(folder):
    (folder / "bias").unlink()

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^1 of 3 variables have no file; expected bias, got none$",
    ):
        read_weights(open_folder(folder), NETWORK)


def test_a_long_list_of_missing_variables_is_counted(tmp_path):
    many = {
        f"v{place}": Variable(name=f"v{place}", shape=(1,), is_trained=True)
        for place in range(8)
    }

    with pytest.raises(
        ArchiveUnreadable,
        match="8 of 8 variables have no file; expected v0, v1, v2, v3, v4 and 3 more",
    ):
        read_weights(open_folder(tmp_path), replace(NETWORK, variables=many))


def test_all_variables_of_another_shape_are_named(folder):
    write_tensor(folder / "bias", np.zeros(5, np.float32))
    write_tensor(folder / "conv1_weights", np.zeros((3, 2, 1, 1), np.float32))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^2 variables have another shape; got "
        r"conv1_weights \(2, 3, 1, 1\) is \(3, 2, 1, 1\), bias \(4,\) is \(5,\)$",
    ):
        read_weights(open_folder(folder), NETWORK)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_named(folder, wrong):
    value = np.zeros((2, 3, 1, 1), np.float32)
    value[1, 2] = wrong
    write_tensor(folder / "conv1_weights", value)

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^conv1_weights: element \(1, 2, 0, 0\); "
        rf"expected a finite number, got {wrong}$",
    ):
        read_weights(open_folder(folder), NETWORK)


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int8])
def test_another_type_is_refused(folder, dtype):
    write_tensor(folder / "bias", np.zeros(4, dtype))

    with pytest.raises(
        ArchiveUnreadable,
        match=f"^bias: type; expected float32, got {np.dtype(dtype)}$",
    ):
        read_weights(open_folder(folder), NETWORK)


def test_a_damaged_file_is_named(folder):
    content = (folder / "bias").read_bytes()
    (folder / "bias").write_bytes(content[:-3])

    with pytest.raises(ArchiveUnreadable, match=r"^bias: byte 24: data of shape"):
        read_weights(open_folder(folder), NETWORK)


def test_a_folder_in_place_of_a_file_is_a_missing_file(folder):
    (folder / "bias").unlink()
    (folder / "bias").mkdir()

    with pytest.raises(ArchiveUnreadable, match="1 of 3 variables have no file"):
        read_weights(open_folder(folder), NETWORK)
