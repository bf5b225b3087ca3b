"""From image files to batches: the chain alone, and by processes beside the trainer.

Told are images for each second of a core (aim: 30 and more) and, as ratios of one run,
what a second worker adds (aim: 1.8) and how much of the chain's own speed a trainer
gets that does nothing itself (aim: 0.9).

No workers, one and two take turns in short rounds, and the median of the rounds'
ratios is told: what else the machine does comes and goes. Where other work holds the
cores all the time, walls say nothing, since a second worker has no core to itself: the
ratios are told by core time too, which is what they would be on cores that are free.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from harness.train.chain.batches import BatchSource, make_batch
from harness.train.chain.chains import CHAINS
from harness.train.chain.loader import loaded_batches
from harness.values.training import Batch, TrainingImage

pytestmark = pytest.mark.speed

Tell = Callable[[str, Mapping[str, Any]], None]

BATCH = 8
STEPS = 16

#: Of taking turns: rounds, batches of one that are timed, and those before them, which
#: may have been ready.
ROUNDS, ROUND_BATCHES, FIRST_BATCHES = 7, 8, 4


def _source(images: tuple[TrainingImage, ...], name: str, size_px: int) -> BatchSource:
    chain = replace(CHAINS[name], sizes_px=(size_px,))
    return BatchSource(images=images, chain=chain, batch=BATCH, seed=0)


@pytest.mark.parametrize("size_px", [320, 608])
@pytest.mark.parametrize("name", CHAINS)
def test_chain_alone(
    benchmark: Any,
    tell: Tell,
    photographs: tuple[TrainingImage, ...],
    name: str,
    size_px: int,
) -> None:
    source = _source(photographs, name, size_px)
    steps = iter(range(10_000))
    core_s: list[float] = []

    def make() -> int:
        start_s = time.process_time()
        batch = make_batch(source, *source.position_of(next(steps)))
        core_s.append(time.process_time() - start_s)
        return len(batch.images)

    count = benchmark.pedantic(make, rounds=STEPS, warmup_rounds=2)

    figures = {
        "images a second of a core": count * len(core_s) / sum(core_s),
        "images a second": count / benchmark.stats.stats.mean,
    }
    benchmark.extra_info.update(figures)
    tell(f"chain {name} at {size_px}", figures)
    assert count == BATCH


class _Line:
    """Batches by some workers, taken in rounds."""

    def __init__(self, batches: Generator[Batch]) -> None:
        self._batches = batches
        before = _children()
        self.take(6)  # the workers start
        self.workers = _children() - before
        self.walls_s: list[float] = []
        self.workers_s = 0.0  # core time, of all rounds
        self.here_s = 0.0

    def take(self, count: int) -> None:
        """Do what a trainer does that does nothing else."""
        for _ in range(count):
            assert len(next(self._batches).images) == BATCH

    def round(self) -> None:
        """Take a round, and note its times."""
        self.take(FIRST_BATCHES)
        start = time.perf_counter(), _core_s(self.workers), time.process_time()
        self.take(ROUND_BATCHES)
        self.walls_s.append(time.perf_counter() - start[0])
        self.workers_s += _core_s(self.workers) - start[1]
        self.here_s += time.process_time() - start[2]

    @property
    def wall_s(self) -> float:
        """Of a round: the median."""
        return median(self.walls_s)

    def times_as_fast(self, other: _Line) -> float:
        """Return how much faster it is: the median over the rounds."""
        rounds = zip(other.walls_s, self.walls_s, strict=True)
        return median(theirs_s / ours_s for theirs_s, ours_s in rounds)


def _children() -> set[int]:
    return {one.pid for one in multiprocessing.active_children() if one.pid}


def _core_s(pids: Collection[int]) -> float:
    """Return the core time of processes so far; 0 where the system does not say."""
    ticks = 0
    for pid in pids:
        path = Path(f"/proc/{pid}/stat")
        if path.exists():
            fields = path.read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # proc(5): utime, stime
    return ticks / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two workers need two cores")
@pytest.mark.parametrize("size_px", [320, 608])
def test_workers(
    benchmark: Any, tell: Tell, photographs: tuple[TrainingImage, ...], size_px: int
) -> None:
    source = _source(photographs, "yolov3", size_px)
    with ExitStack() as held:
        alone, one, two = (
            _Line(held.enter_context(closing(batches)))
            for batches in (
                loaded_batches(source, 0, 10_000, workers=workers)
                for workers in (0, 1, 2)
            )
        )

        def take_turns() -> None:
            for line in (alone, one, two):
                line.round()

        benchmark.pedantic(take_turns, rounds=ROUNDS)

    images = BATCH * ROUND_BATCHES
    figures = {
        "two workers / one": two.times_as_fast(one),
        "one worker / the chain alone": one.times_as_fast(alone),
        "one worker, images a second": images / one.wall_s,
        "two workers, images a second": images / two.wall_s,
        "core time of the trainer's end": one.here_s / alone.here_s,
    }
    if one.workers_s and two.workers_s:
        figures["two workers / one, by core time"] = 2 * one.workers_s / two.workers_s
        figures["one / alone, by core time"] = alone.here_s / one.workers_s
    benchmark.extra_info.update(figures)
    tell(f"chain yolov3 at {size_px}, by workers", figures)
    assert (len(one.workers), len(two.workers)) == (1, 2)
