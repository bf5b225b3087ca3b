"""Makes the batches of a run ahead of the trainer, in processes beside it.

The pool is Python's own ``ProcessPoolExecutor``: it keeps the order, hands on what a
worker raises, and notices one that dies. Paddle's loader forks, which copies the
threads of a runtime that is already computing.

A batch is handed over as a file, and only its path through the pool's pipe: a worker
killed halfway through a long message would leave the trainer waiting for the rest.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import numpy as np

from harness.errors import TrainingFailed
from harness.process.stop_signal import held_back
from harness.train.chain.batches import BatchSource, make_batch
from harness.values.training import Batch

LOGGER = logging.getLogger(__name__)

#: Batches that wait beside those being made. A batch of 8 at 608 has 35 MB.
WAITING = 1

_SOURCES: list[BatchSource] = []  # of a worker: images are sent once, not with each job


def loaded_batches(
    source: BatchSource, first: int, last: int, *, workers: int
) -> Generator[Batch]:
    """Yield the batches of steps ``first`` to ``last - 1``, in order.

    They are the same to the bit for any number of workers and any first step.

    Args:
        source: of the run.
        first: step from which the run goes on, counted from 0 over all epochs.
        last: step before which it ends.
        workers: processes; with 0 the batches are made in this one, when asked for.

    Raises:
        DatasetMissing: an image file is not there any more.
        DatasetInvalid: it cannot be decoded.
        TrainingFailed: a worker died.
    """
    LOGGER.info("batches of steps %d to %d: %d workers", first, last - 1, workers)
    if workers < 1:
        for step in range(first, last):
            yield make_batch(source, *source.position_of(step))
        return
    yield from _by_workers(source, first, last, workers)


def _by_workers(
    source: BatchSource, first: int, last: int, workers: int
) -> Generator[Batch]:
    folder = Path(tempfile.mkdtemp(prefix="zoo-batches-"))
    pool = ProcessPoolExecutor(
        max_workers=workers,
        mp_context=multiprocessing.get_context("spawn"),  # no copy of any thread
        initializer=_start_worker,
        initargs=(source, folder),
    )
    pending: deque[Future[Path]] = deque()
    step = first
    try:
        for next_step in range(first, last):
            with _unsignalled():  # a worker is started when there is a job for it
                job = pool.submit(_make, *source.position_of(next_step), folder)
            pending.append(job)
            if len(pending) > workers + WAITING:
                yield _take(pending.popleft().result())
                step += 1
        while pending:
            yield _take(pending.popleft().result())
            step += 1
    except BrokenProcessPool as error:
        raise TrainingFailed(
            f"a process that makes batches died before the batch of step {step}",
            expected=f"{workers} workers that live as long as the run",
            got=str(error),
            next_step="start again: the run goes on at its last checkpoint; if memory "
            "was short, give a smaller --batch",
        ) from error
    finally:
        try:
            pool.shutdown(cancel_futures=True)  # waits for what is being made
        finally:  # a second Ctrl-C does not
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _unsignalled() -> Iterator[None]:
    """Let Ctrl-C wait until the block ends; processes started in it never see it.

    Until a new one has its own way with the signal, it would end with a traceback.
    """
    with held_back():  # the mask is this thread's: another may take the signal
        if not hasattr(signal, "pthread_sigmask"):  # Windows
            yield
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(source: BatchSource, folder: Path) -> None:
    """Keep the source; leave Ctrl-C to the trainer, and end when it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _SOURCES[:] = [source]
    trainer = multiprocessing.parent_process()
    assert trainer is not None

    def wait() -> None:
        trainer.join()  # a trainer that is killed leaves no worker and no file behind
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=wait, name="trainer-watch", daemon=True).start()


def _make(epoch: int, place: int, folder: Path) -> Path:
    batch = make_batch(_SOURCES[0], epoch, place)
    path = folder / f"{epoch}-{place}"
    try:
        with path.open("wb") as file:
            for field in fields(Batch):
                np.save(file, getattr(batch, field.name))
    except OSError as error:
        raise TrainingFailed(
            f"a batch cannot be written to {folder}",
            expected=f"room for {batch.images.nbytes} bytes and the batches beside it",
            got=error.strerror or error,
            next_step="set TMPDIR to a folder with room, and start again",
        ) from error
    return path


def _take(path: Path) -> Batch:
    with path.open("rb") as file:
        batch = Batch(**{field.name: np.load(file) for field in fields(Batch)})
    path.unlink()
    return batch
