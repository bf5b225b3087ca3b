import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.layouts.separate_files import (
    SEPARATE_FILES,
    open_folder,
    write_weights,
)


def value(*shape):
    return np.ones(shape, np.float32)


@pytest.fixture
def folder(tmp_path):
    write_weights(tmp_path, {"conv1_weights": value(2, 3, 1, 1), "bias": value(4)})
    return tmp_path


def test_a_file_is_the_variable_it_is_named_for(folder):
    source = open_folder(folder)

    assert source.names() == ("bias", "conv1_weights")
    assert source.shape("conv1_weights") == (2, 3, 1, 1)
    assert source.read("bias").tolist() == [1, 1, 1, 1]
    assert source.ignored_files == ()
    assert source.program is None


def test_a_shape_without_a_file_lists_what_is_there(folder):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^conv2_weights: no such file; expected one file per variable, "
        r"got bias, conv1_weights$",
    ):
        open_folder(folder).shape("conv2_weights")


def test_a_shape_in_an_empty_folder(tmp_path):
    with pytest.raises(ArchiveUnreadable, match=r"w: no such file; .* got nothing$"):
        open_folder(tmp_path).shape("w")


def test_a_folder_of_records_is_recognised(folder):
    assert SEPARATE_FILES.recognise(folder)


def test_records_of_any_name_are_recognised(tmp_path):
    write_weights(tmp_path, {"blaze_0_weights": value(2), "blaze_0_scale": value(2)})

    assert SEPARATE_FILES.recognise(tmp_path)


def test_a_damaged_file_of_a_telling_name_is_recognised(tmp_path):
    (tmp_path / "conv1_weights").write_bytes(b"")

    assert SEPARATE_FILES.recognise(tmp_path)


@pytest.mark.parametrize("content", [b"", b"text", bytes(15)])
def test_other_files_are_not(tmp_path, content):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(content)

    assert not SEPARATE_FILES.recognise(tmp_path)


def test_one_record_is_not(tmp_path):
    write_weights(tmp_path, {"parameters": value(2)})

    assert not SEPARATE_FILES.recognise(tmp_path)
