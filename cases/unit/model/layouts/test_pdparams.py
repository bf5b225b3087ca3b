import pickle

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.layouts.pdparams import PDPARAMS
from harness.model.layouts.weights import read_weights


def write(path, values):
    path.write_bytes(pickle.dumps(values, protocol=2))


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "final.pdparams", {"w": np.float32([1, 2])})
    return tmp_path


def test_the_arrays_of_both_files_are_found(folder):
    write(folder / "final.pdopt", {"w_velocity_0": np.float32([0, 0])})
    (folder / "final.pdmodel").write_bytes(b"")

    source = PDPARAMS.open(folder, ())

    assert source.names() == ("w", "w_velocity_0")
    assert source.read("w").tolist() == [1, 2]
    assert source.ignored_files == ("final.pdmodel",)


def test_what_the_optimizer_kept_is_ignored_and_listed(layout_copy, open_layout):
    folder = layout_copy("pdparams")
    write(
        folder / "model_final.pdopt",
        {
            "conv1_weights_velocity_0": np.zeros(3, np.float32),
            "@LR_DECAY_COUNTER@": np.int64([7]),
        },
    )

    assert open_layout(folder).ignored_files == (
        "@LR_DECAY_COUNTER@",
        "conv1_weights_velocity_0",
        "model_final.pdmodel",
    )


def test_an_array_in_both_files_is_refused(folder):
    write(folder / "final.pdopt", {"w": np.float32([3, 4])})

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^w is there twice; expected each variable once, "
        r"got final.pdparams: w and final.pdopt: w$",
    ):
        PDPARAMS.open(folder, ())


def test_two_files_of_parameters_are_refused(folder):
    write(folder / "best.pdparams", {})

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^2 files .pdparams; expected one, got best.pdparams, final.pdparams$",
    ):
        PDPARAMS.open(folder, ())


def test_a_damaged_pickle_is_named(folder):
    path = folder / "final.pdparams"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(
        ArchiveUnreadable, match=r"^final.pdparams: byte \d+: the pickle is damaged or"
    ):
        PDPARAMS.open(folder, ())


def test_a_number_that_is_not_finite_names_file_and_variable(
    layout_copy, layout_shapes
):
    folder = layout_copy("pdparams")
    values = {
        name: np.zeros(one.shape, np.float32)
        for name, one in layout_shapes.variables.items()
    }
    values["conv1_weights"][0, 1, 2, 0] = np.inf
    write(folder / "model_final.pdparams", values)

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^model_final.pdparams: conv1_weights: element \(0, 1, 2, 0\); "
        r"expected a finite number, got inf$",
    ):
        read_weights(PDPARAMS.open(folder, ()), layout_shapes)


def test_only_a_file_of_that_name_is_recognised(folder, tmp_path_factory):
    assert PDPARAMS.recognise(folder)
    assert not PDPARAMS.recognise(tmp_path_factory.mktemp("empty"))


def noted(values, names):
    """What ``paddle.save`` of Paddle 2.6 pickles: names of tensors beside arrays."""
    return {**values, "StructuredToParameterName@@": names}


def test_weights_saved_again_by_paddle_2_keep_their_keys(layout_copy, layout_shapes):
    """A tensor that was made for saving is called ``generated_tensor_0``."""
    folder = layout_copy("pdparams")
    names = tuple(layout_shapes.variables)
    values = {
        name: np.ones(one.shape, np.float32)
        for name, one in layout_shapes.variables.items()
    }
    values["conv1_weights_velocity_0"] = np.float32([0])
    tensors = {name: f"generated_tensor_{k}" for k, name in enumerate(values)}
    write(folder / "model_final.pdparams", noted(values, tensors))

    source = PDPARAMS.open(folder, names)

    assert set(read_weights(source, layout_shapes)) == set(names)
    assert "conv1_weights_velocity_0" in source.names()


@pytest.mark.parametrize(
    ("key", "tensor", "found"),
    [
        ("w", "w", "w"),
        ("w", "linear_0.w_0", "w"),  # the network knows the key alone
        ("backbone.w", "w", "w"),  # the network knows the tensor's name
        ("backbone.w", "linear_0.w_0", "linear_0.w_0"),  # it knows neither
        ("w", "b", "b"),  # it knows both
    ],
)
def test_the_network_decides_where_an_array_has_two_names(folder, key, tensor, found):
    values = noted({key: np.float32([1])}, {key: tensor})
    write(folder / "final.pdparams", values)

    assert PDPARAMS.open(folder, ("w", "b")).names() == (found,)


def test_a_file_of_pytorch_is_named(folder):
    (folder / "final.pdparams").write_bytes(b"PK\x03\x04 and so on")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^final.pdparams: not a pickle; expected a pickle of arrays, as Paddle "
        r"saves it, got a zip, as torch.save writes it; give the weights as Paddle "
        r"saved them: those of PyTorch must be converted first$",
    ):
        PDPARAMS.open(folder, ())


def test_weights_in_a_dictionary_of_the_dictionary_are_named(folder):
    write(folder / "final.pdparams", {"model": {"w": np.float32([1])}})

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^final.pdparams: model: a dictionary in the dictionary; expected the "
        r"arrays themselves, by name, got a dictionary of 1; save it again: "
        r"paddle.save\(state\['model'\], ...\)$",
    ):
        PDPARAMS.open(folder, ())


@pytest.mark.parametrize("module", [b"builtins", b"__builtin__"])
def test_tensors_in_a_dictionary_of_the_dictionary_are_named(folder, module):
    """What Paddle 2.x writes of them: a call of ``tuple`` for each."""
    content = b"\x80\x02}U\x05model}U\x01wc" + module + b"\ntuple\n."
    (folder / "final.pdparams").write_bytes(content)

    with pytest.raises(
        ArchiveUnreadable,
        match=r"byte \d+: tensors in a dictionary in the dictionary; expected the "
        r"arrays themselves, by name; save the inner one again: "
        r"paddle.save\(state\['model'\], ...\)$",
    ):
        PDPARAMS.open(folder, ())
