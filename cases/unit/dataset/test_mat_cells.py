from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from harness.dataset import mat_cells, mat_service
from harness.dataset.mat_cells import mat_reader, read_variables
from harness.errors import DatasetInvalid

CRASHING = """
import os

def service():
    return lambda question: os.abort()
"""


@pytest.fixture(scope="module")
def reader():
    with mat_reader() as child:
        yield child


def cells_of(values):
    cells = np.empty((len(values), 1), np.object_)
    for place, one in enumerate(values):
        cells[place, 0] = one
    return cells


def test_cells_text_and_numbers_come_back(tmp_path, reader):
    numbers = np.arange(8.0).reshape(2, 4)
    lists = cells_of([cells_of(["one", "two"]), np.zeros((0, 0))])
    savemat(tmp_path / "a.mat", {"lists": lists, "numbers": cells_of([numbers])})

    found = read_variables(tmp_path / "a.mat", ["lists", "numbers"], reader)

    assert found["lists"].shape == (2, 1)
    inner, empty = found["lists"].ravel()
    assert [one.item() for one in inner.ravel()] == ["one", "two"]
    assert empty.size == 0
    assert np.array_equal(found["numbers"][0, 0], numbers)


@pytest.mark.parametrize(
    "content", [b"", b"MATLAB 5.0" * 20, b"\x89HDF\r\n\x1a\n" * 20]
)
def test_what_is_no_such_file_is_refused(tmp_path, reader, content):
    (tmp_path / "a.mat").write_bytes(content)

    with pytest.raises(
        DatasetInvalid,
        match=r"^not a MATLAB file that can be read; expected version 5 to 7, got .+; "
        r"fetch the official eval_tools again$",
    ):
        read_variables(tmp_path / "a.mat", ["lists"], reader)


@pytest.mark.parametrize("value", [1 + 2j, {"field": 1.0}, np.array(["ab", "cd"])])
def test_an_array_of_another_kind_is_refused_and_named(tmp_path, reader, value):
    savemat(tmp_path / "a.mat", {"one": value})

    with pytest.raises(DatasetInvalid, match=r"got an array of \S+"):
        read_variables(tmp_path / "a.mat", ["one"], reader)


def test_a_missing_variable_is_named(tmp_path, reader):
    savemat(tmp_path / "a.mat", {"other": 1})

    with pytest.raises(DatasetInvalid, match=r"^variable lists is missing; fetch"):
        read_variables(tmp_path / "a.mat", ["lists"], reader)


def test_a_file_has_a_largest_size(tmp_path, reader, monkeypatch):
    savemat(tmp_path / "a.mat", {"one": 1.0})
    size_bytes = (tmp_path / "a.mat").stat().st_size
    monkeypatch.setattr(mat_cells, "MOST_BYTES", size_bytes)
    read_variables(tmp_path / "a.mat", ["one"], reader)
    monkeypatch.setattr(mat_cells, "MOST_BYTES", size_bytes - 1)

    with pytest.raises(
        DatasetInvalid, match=r"^size of the file; expected at most \d+"
    ):
        read_variables(tmp_path / "a.mat", ["one"], reader)


def test_a_file_that_crashes_its_reader_is_refused_and_named(tmp_path, monkeypatch):
    (tmp_path / "crashing_service.py").write_text(CRASHING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(mat_cells, "SERVICE", "crashing_service:service")
    (tmp_path / "a.mat").write_bytes(b"x")

    with (
        mat_reader() as child,
        pytest.raises(
            DatasetInvalid, match=r"got it crashed what read it \(SIGABRT\);"
        ),
    ):
        read_variables(tmp_path / "a.mat", ["one"], child)


def test_cells_are_counted_and_so_is_how_deep_they_lie(monkeypatch):
    deep = np.zeros((0, 0))
    for _ in range(mat_service.MOST_DEPTH):
        deep = cells_of([deep])
    assert mat_service.told_cell(deep, [10])
    with pytest.raises(ValueError, match=r"^more than \d+ cells, or 4 in each other$"):
        mat_service.told_cell(cells_of([deep]), [10])
    assert mat_service.told_cell(cells_of(["a", "b"]), [3])
    with pytest.raises(ValueError, match=r"^more than"):
        mat_service.told_cell(cells_of(["a", "b"]), [2])


@pytest.mark.parametrize(
    "told",
    [
        [[2], ["a"]],
        [[-1], []],
        [[1], "|O", b"12345678"],
        [[2], "<f8", b"12345678"],
        [["1"], []],
        [[1]],
        7,
    ],
)
def test_what_a_reader_may_not_tell_is_refused(told, tmp_path):
    import msgspec

    class Fake:
        def ask(self, *_parts, **_kind):
            return msgspec.msgpack.encode(mat_service.Told({"one": told}))

    (tmp_path / "a.mat").write_bytes(b"x")
    with pytest.raises(DatasetInvalid, match=r"^not a MATLAB file that can be read"):
        read_variables(Path(tmp_path / "a.mat"), ["one"], Fake())
