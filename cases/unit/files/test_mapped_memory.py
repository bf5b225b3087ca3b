import ctypes
import mmap

import numpy as np
import pytest

from harness.files.mapped_memory import let_go, let_go_of_map, map_of, return_freed

VALUES = np.arange(100_000, dtype=np.float32)


@pytest.fixture
def path(tmp_path):
    (tmp_path / "values").write_bytes(VALUES.tobytes())
    return tmp_path / "values"


def mapped(path, access):
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=access)


def test_arrays_that_were_let_go_have_the_same_values(path):
    content = memoryview(mapped(path, mmap.ACCESS_READ))
    arrays = [np.frombuffer(content[at:], np.float32)[:500] for at in (0, 400, 40_000)]

    let_go(arrays)

    for one, at in zip(arrays, (0, 100, 10_000), strict=True):
        assert np.array_equal(one, VALUES[at : at + 500])


def test_the_pages_of_each_file_are_let_go_once(path, monkeypatch):
    asked = []
    content = mapped(path, mmap.ACCESS_READ)
    monkeypatch.setattr("harness.files.mapped_memory.let_go_of_map", asked.append)

    let_go([np.frombuffer(content, np.float32), np.frombuffer(content, np.uint8)])
    let_go([np.zeros(3)])

    assert asked == [content]


def test_letting_go_tells_the_system_so():
    class Map:
        def madvise(self, advice):
            self.advice = advice

    one = Map()
    let_go_of_map(one)

    assert one.advice == mmap.MADV_DONTNEED


def test_a_view_of_a_mapped_file_is_known(path):
    content = mapped(path, mmap.ACCESS_READ)

    assert map_of(np.frombuffer(memoryview(content), np.float32)[5:]) is content
    assert map_of(np.frombuffer(content, np.float32)) is content
    assert map_of(np.zeros(3)) is None
    assert map_of(np.frombuffer(b"12345678", np.float32)) is None
    copied = np.frombuffer(memoryview(mapped(path, mmap.ACCESS_COPY)), np.float32)
    copied.flags.writeable = False
    assert map_of(copied) is None


def test_what_was_written_to_memory_alone_is_never_let_go(path):
    array = np.memmap(path, np.float32, mode="c")
    array[:] = 7
    looked_at = array[:10]
    looked_at.flags.writeable = False

    let_go([array, looked_at])

    assert set(array.tolist()) == {7}


def test_a_system_that_cannot_let_go_is_left_alone(path, monkeypatch):
    monkeypatch.delattr(mmap, "MADV_DONTNEED", raising=False)

    let_go_of_map(mapped(path, mmap.ACCESS_READ))


def test_a_library_that_keeps_nothing_is_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())

    return_freed()
