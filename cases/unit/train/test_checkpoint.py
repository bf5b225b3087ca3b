import numpy as np
import pytest

from harness.errors import TrainingFailed
from harness.train.checkpoint import Checkpoint, read_checkpoint, write_checkpoint

CHECKPOINT = Checkpoint(
    step=7,
    weights={
        "yolo_block.0.tip.conv.weights": np.float32([[1, 2]]),
        "b": np.float32([]),
    },
    optimiser={"b_moment1_0": np.float32([3])},
)


@pytest.fixture
def path(tmp_path):
    write_checkpoint(tmp_path / "run.npz", CHECKPOINT)
    return tmp_path / "run.npz"


def test_what_was_written_is_read_back(path):
    found = read_checkpoint(path)

    assert found.step == 7
    for mine, theirs in (
        (found.weights, CHECKPOINT.weights),
        (found.optimiser, CHECKPOINT.optimiser),
    ):
        assert mine.keys() == theirs.keys()
        assert all(np.array_equal(mine[name], theirs[name]) for name in mine)


def test_no_file_is_no_checkpoint(tmp_path):
    assert read_checkpoint(tmp_path / "run.npz") is None


def test_a_newer_checkpoint_replaces_the_last(path):
    write_checkpoint(path, Checkpoint(step=8, weights={}, optimiser={}))

    assert read_checkpoint(path).step == 8
    assert [one.name for one in path.parent.iterdir()] == ["run.npz"]


def test_a_checkpoint_that_cannot_be_written_leaves_the_last(path, monkeypatch):
    def fill_the_disk(file, **arrays):
        file.write(b"PK")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fill_the_disk)

    with pytest.raises(OSError, match="disk full"):
        write_checkpoint(path, Checkpoint(step=8, weights={}, optimiser={}))
    assert read_checkpoint(path).step == 7
    assert [one.name for one in path.parent.iterdir()] == ["run.npz"]


def npy(path):
    with path.open("wb") as file:
        np.save(file, np.float32([1]))


def without_step(path):
    with path.open("wb") as file:
        np.savez(file, **{"w/b": np.float32([1])})


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"hello"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-40]),
    "cut in front": lambda path: path.write_bytes(path.read_bytes()[60:]),
    "a single array": npy,
    "no step": without_step,
    "flipped bits": lambda path: path.write_bytes(
        path.read_bytes().replace(np.float32([1, 2]).tobytes(), bytes(8))
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_checkpoint_is_refused_by_name(path, kind):
    DAMAGE[kind](path)

    with pytest.raises(
        TrainingFailed,
        match=r"run.npz: not a checkpoint; got .+; "
        "delete the file to start this stage anew$",
    ):
        read_checkpoint(path)
