import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest

from harness.errors import DatasetInvalid, TrainingFailed
from harness.train.chain import loader
from harness.train.chain.batches import make_batch
from harness.train.chain.loader import loaded_batches
from testing.samples import equal_arrays

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_batches_come_in_order_with_the_same_bits_for_any_workers(source, workers):
    first, last = 1, 8  # from the middle of an epoch over several

    found = list(loaded_batches(source, first, last, workers=workers))

    assert len(found) == last - first
    for step, batch in enumerate(found, first):
        assert equal_arrays(batch, make_batch(source, *source.position_of(step)))


def test_a_run_that_goes_on_sees_the_batches_of_one_that_never_stopped(source):
    whole = list(loaded_batches(source, 0, 5, workers=0))

    for first in range(5):
        rest = list(loaded_batches(source, first, 5, workers=0))
        assert len(rest) == 5 - first
        assert all(map(equal_arrays, rest, whole[first:]))


@pytest.mark.parametrize("workers", [0, 1])
def test_no_steps_left_gives_no_batches(source, workers):
    assert list(loaded_batches(source, 6, 6, workers=workers)) == []


@pytest.mark.parametrize("workers", [0, 1])
def test_an_image_that_cannot_be_decoded_is_named(source, workers, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    images = tuple(replace(one, path=bad) for one in source.images)

    with pytest.raises(DatasetInvalid, match=r"image .*bad\.png cannot be decoded"):
        next(loaded_batches(replace(source, images=images), 0, 9, workers=workers))


def test_a_worker_that_dies_is_told_with_what_to_do(source):
    batches = loaded_batches(source, 3, 2000, workers=1)
    next(batches)
    for worker in multiprocessing.active_children():
        os.kill(worker.pid, signal.SIGKILL)

    with pytest.raises(
        TrainingFailed,
        match=r"a process that makes batches died before the batch of step \d+; "
        r"expected 1 workers that live as long as the run, got .*; start again",
    ):
        list(batches)


def test_a_batch_that_finds_no_room_is_told_with_what_to_do(
    source, tmp_path, monkeypatch
):
    monkeypatch.setattr(loader, "_SOURCES", [source])

    with pytest.raises(
        TrainingFailed,
        match=r"a batch cannot be written to .*gone; expected room for \d+ bytes and "
        "the batches beside it, got No such file or directory; set TMPDIR",
    ):
        loader._make(0, 0, tmp_path / "gone")


def test_a_trainer_that_stops_early_leaves_nothing_running(
    source, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    batches = loaded_batches(source, 0, 1000, workers=2)
    next(batches)

    batches.close()

    assert multiprocessing.active_children() == []
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, multiprocessing, sys
from pathlib import Path
sys.path.insert(0, {cases!r})
from testing.samples import write_images
from harness.train.chain.batches import BatchSource
from harness.train.chain.chains import CHAINS
from harness.train.chain.loader import loaded_batches

if __name__ == "__main__":
    images = write_images(Path({folder!r}), 4)
    source = BatchSource(images=images, chain=CHAINS["yolov3"], batch=2, seed=0)
    batches = loaded_batches(source, 0, 1000, workers=1)
    next(batches)
    pids = " ".join(str(one.pid) for one in multiprocessing.active_children())
    Path({folder!r}, "pids").write_text(pids)
    os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a signal")
def test_a_trainer_that_is_killed_leaves_no_worker_behind(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(KILLED.format(cases=str(ROOT / "cases"), folder=str(tmp_path)))
    subprocess.run(
        [sys.executable, str(script)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,  # a pipe would be waited for, if a worker lived on
        stderr=subprocess.DEVNULL,
        check=False,
    )

    pids = [int(one) for one in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 1
    deadline = time.monotonic() + 60
    while is_running(pids[0]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pids[0])


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Where nobody waits for an orphan it stays as a zombie, which runs no more.
    state = Path(f"/proc/{pid}/stat")
    return not (
        state.is_file() and state.read_text().rpartition(")")[2].split()[0] == "Z"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for the mask")
def test_ctrl_c_waits_while_a_worker_is_started_which_never_sees_it(
    source, monkeypatch
):
    """A process that is not yet far would end with a traceback of its own."""
    start, acted, seen = SpawnProcess.start, [], []

    def start_and_interrupt(process):
        start(process)
        os.kill(os.getpid(), signal.SIGINT)
        status = Path(f"/proc/{process.pid}/status").read_text()
        blocked = int(status.partition("SigBlk:")[2].split()[0], 16)
        seen.append((bool(blocked >> signal.SIGINT - 1 & 1), list(acted)))

    monkeypatch.setattr(SpawnProcess, "start", start_and_interrupt)
    before = signal.signal(signal.SIGINT, lambda number, _: acted.append(number))
    try:
        batches = loaded_batches(source, 0, 1000, workers=1)
        next(batches)
        batches.close()
    finally:
        signal.signal(signal.SIGINT, before)

    assert seen == [(True, [])]
    assert acted == [signal.SIGINT]


def test_a_second_ctrl_c_while_workers_end_leaves_no_batch_behind(
    source, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    shutdown = loader.ProcessPoolExecutor.shutdown

    def interrupted(pool, **words):
        shutdown(pool, **words)
        raise KeyboardInterrupt

    monkeypatch.setattr(loader.ProcessPoolExecutor, "shutdown", interrupted)
    batches = loaded_batches(source, 0, 1000, workers=1)
    next(batches)
    with pytest.raises(KeyboardInterrupt):
        batches.close()

    assert list(tmp_path.iterdir()) == []
